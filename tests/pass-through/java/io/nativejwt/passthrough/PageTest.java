// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Cluster;
import io.nativejwt.harness.NativejwtCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Sample;
import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * docs/pass-through.md shows what was run, and {@code nativejwt check-config} knows the difference.
 */
@ExtendWith(PassThroughSite.Shared.class)
final class PageTest {
    private static final Pattern TEST = Pattern.compile("`([A-Za-z]+Test)\\.([A-Za-z0-9]+)`");

    private final PassThroughSite site;

    PageTest(PassThroughSite site) {
        this.site = site;
    }

    @Test
    void pageShowsTheSamplesThatWereRun() throws IOException {
        for (String name :
                List.of(
                        "config.properties.sample",
                        "iceberg.properties",
                        "postgresql.properties")) {
            assertThat(page())
                    .contains(String.join("\n", new Sample("pass-through", name).lines()));
        }
    }

    @Test
    void pageNamesTestsThatExist() throws Exception {
        List<String> named = new ArrayList<>();
        Matcher matcher = TEST.matcher(page());
        while (matcher.find()) {
            Class<?> type = Class.forName("io.nativejwt.passthrough." + matcher.group(1));
            Method method = type.getDeclaredMethod(matcher.group(2));
            assertThat(method.isAnnotationPresent(Test.class)).isTrue();
            named.add(method.getName());
        }
        assertThat(named).hasSizeGreaterThan(10);
    }

    @Test
    void checkConfigFindsNothingOfThisInTheSetUpOfThePage() {
        assertThat(warnings(site.careful()))
                .doesNotContain(
                        "session", "refresh", "connection-", "internal-communication", "catalog");
    }

    @Test
    void checkConfigWarnsOfEachDangerousLine() {
        assertThat(warnings(site.careless()).lines())
                .anyMatch(
                        line ->
                                line.contains("cached.properties")
                                        && line.contains("session-timeout"))
                .anyMatch(
                        line ->
                                line.contains("refreshed.properties")
                                        && line.contains("token-refresh-enabled"))
                .anyMatch(
                        line ->
                                line.contains("crm_shared.properties")
                                        && line.contains("connection-user"))
                .anyMatch(
                        line ->
                                line.contains("crm_shared.properties")
                                        && line.contains("connection-password"))
                .anyMatch(line -> line.contains("internal-communication.https.required"))
                .noneMatch(line -> line.contains("lake.properties"));
    }

    private static String warnings(Cluster cluster) {
        Path configuration = cluster.coordinator().folder().resolve("etc/config.properties");
        Processes.Result result = NativejwtCommand.checkConfig(configuration);
        assertThat(result.exitCode()).as("%s%s", result.output(), result.error()).isZero();
        // What the parts of the tests alone lack.
        return (result.output() + result.error())
                .lines()
                .filter(line -> !line.contains("without encryption"))
                .reduce("", (all, line) -> all + line + "\n");
    }

    private static String page() throws IOException {
        return Files.readString(Workspace.source("docs/pass-through.md"));
    }
}

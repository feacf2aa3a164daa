// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** docs/storage-as-the-user.md shows what was run. */
final class PageTest {
    private static final Pattern TEST = Pattern.compile("`([A-Za-z]+Test)\\.([A-Za-z0-9]+)`");

    @Test
    void pageShowsTheSamplesThatWereRun() throws IOException {
        for (String name :
                List.of(
                        "config.properties.sample",
                        "iceberg.properties",
                        "storage-roles.json",
                        "mapping.properties",
                        "s3-mapping.json",
                        "read-object.sh")) {
            String sample = Files.readString(Workspace.source("etc/storage").resolve(name));
            assertThat(page()).contains(sample.strip());
        }
    }

    @Test
    void pageNamesTestsThatExist() throws Exception {
        List<String> named = new ArrayList<>();
        Matcher matcher = TEST.matcher(page());
        while (matcher.find()) {
            Class<?> type = Class.forName("io.nativejwt.storage." + matcher.group(1));
            Method method =
                    Stream.of(type.getDeclaredMethods())
                            .filter(candidate -> candidate.getName().equals(matcher.group(2)))
                            .findFirst()
                            .orElseThrow(() -> new AssertionError(matcher.group()));
            assertThat(
                            method.isAnnotationPresent(Test.class)
                                    || method.isAnnotationPresent(ParameterizedTest.class))
                    .as(matcher.group())
                    .isTrue();
            named.add(method.getName());
        }
        assertThat(named).hasSizeGreaterThan(10);
    }

    private static String page() throws IOException {
        return Files.readString(Workspace.source("docs/storage-as-the-user.md"));
    }
}

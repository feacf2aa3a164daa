// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;

import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Prometheus;
import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files of etc/observability by themselves; no coordinator is started. */
final class ObservabilityFilesTest {
    private static final Path TESTS = Workspace.source("tests/coordinator/observability");
    private static final Path PAGE = Workspace.source("docs/observability.md");
    private static final Pattern ALERT = Pattern.compile("(?m)^ *- alert: (\\S+)$");
    private static final Pattern METRIC = Pattern.compile("(?m)^\\| `(nativejwt_[a-z_]+)`");

    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** Grafana's width. */
    private static final int COLUMNS = 24;

    private static final Set<String> PANEL_TYPES = Set.of("row", "stat", "timeseries");

    @TempDir Path folder;

    private static String read(Path file) throws IOException {
        return Files.readString(file);
    }

    private static String sample(String name) throws IOException {
        return read(SampleConfiguration.FOLDER.resolve(name));
    }

    private static void assertPasses(Path folder, List<String> arguments) {
        Processes.Result result = Prometheus.promtool(folder, arguments);
        assertThat(result.exitCode()).as(result.output() + result.error()).isZero();
        assertThat(result.output()).contains("SUCCESS");
    }

    @Test
    void promtoolAcceptsTheConfiguration() {
        // Without the files that it names, which an operator makes.
        assertPasses(
                SampleConfiguration.FOLDER,
                List.of("check", "config", "--syntax-only", "prometheus.yml"));
    }

    @Test
    void promtoolAcceptsTheRules() {
        List<String> arguments = new ArrayList<>(List.of("check", "rules"));
        arguments.addAll(SampleConfiguration.RULE_FILES);
        assertPasses(SampleConfiguration.FOLDER, arguments);
    }

    @Test
    void rulesFireAsTheirTestsSay() {
        assertPasses(TESTS, List.of("test", "rules", "rules-test.yml"));
    }

    @Test
    void everyAlertHasATestAndAParagraph() throws IOException {
        List<String> alerts =
                ALERT.matcher(sample("alert-rules.yml"))
                        .results()
                        .map(match -> match.group(1))
                        .toList();
        assertThat(alerts).hasSizeGreaterThan(10).doesNotHaveDuplicates();
        String tests = read(TESTS.resolve("rules-test.yml"));
        for (String alert : alerts) {
            assertThat(tests)
                    .containsPattern("alertname: " + alert + "\\n +exp_alerts:\\n")
                    .containsPattern("\\{eval_time: \\w+, alertname: " + alert + "\\}");
            assertThat(read(PAGE)).contains("\n### " + alert + "\n");
            assertThat(sample("alert-rules.yml"))
                    .contains("docs/observability.md#" + alert.toLowerCase(Locale.ROOT) + ".");
        }
    }

    @Test
    void dashboardShowsEveryMetric() throws IOException {
        Set<String> shown = new TreeSet<>();
        Dashboard.read()
                .panels()
                .forEach(panel -> panel.queries().forEach(query -> shown.add(query.expression())));
        String expressions = String.join("\n", shown);
        Stream<String> metrics =
                METRIC.matcher(read(Workspace.source("docs/metrics.md")))
                        .results()
                        .map(match -> match.group(1));
        assertThat(metrics.toList())
                .hasSizeGreaterThan(25)
                .allSatisfy(
                        metric ->
                                assertThat(expressions).containsPattern(metric + "(_bucket)?\\{"));
    }

    /**
     * A rule file with each expression, so that promtool reads them; Grafana's variables are words.
     */
    @Test
    void promtoolReadsEveryExpressionOfTheDashboard() throws IOException {
        StringBuilder rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
        int number = 0;
        for (Dashboard.Panel panel : Dashboard.read().panels()) {
            for (Dashboard.Query query : panel.queries()) {
                rules.append(
                        "      - record: dashboard:%d\n        expr: >-\n          %s\n"
                                .formatted(number++, query.with("j", "i", "5m")));
            }
        }
        assertThat(number).isGreaterThan(30);
        Files.writeString(folder.resolve("rules.yml"), rules);
        assertPasses(folder, List.of("check", "rules", "rules.yml"));
    }

    @Test
    void panelsHaveADescriptionAUnitAndThePrometheusThatTheReaderChooses() throws IOException {
        Dashboard dashboard = Dashboard.read();
        JsonNode source = dashboard.json().at("/templating/list/0");
        assertThat(source.path("type").asText()).isEqualTo("datasource");
        assertThat(source.path("query").asText()).isEqualTo("prometheus");
        String chosen = "${" + source.path("name").asText() + "}";
        for (JsonNode variable : dashboard.json().at("/templating/list")) {
            if (variable.path("type").asText().equals("query")) {
                assertThat(variable.at("/datasource/uid").asText()).isEqualTo(chosen);
                assertThat(variable.at("/query/query").asText()).startsWith("label_values(");
            }
        }
        for (Dashboard.Panel panel : dashboard.panels()) {
            JsonNode json = panel.json();
            assertThat(panel.title()).as(json.toString()).isNotBlank();
            assertThat(json.path("type").asText()).as(panel.toString()).isIn(PANEL_TYPES);
            if (panel.isRow()) {
                continue;
            }
            assertThat(json.path("description").asText()).as(panel.toString()).endsWith(".");
            assertThat(json.at("/fieldConfig/defaults/unit").asText())
                    .as(panel.toString())
                    .isNotBlank();
            assertThat(json.at("/datasource/uid").asText()).isEqualTo(chosen);
            assertThat(panel.queries()).as(panel.toString()).isNotEmpty();
            Set<String> references = new HashSet<>();
            for (JsonNode target : json.path("targets")) {
                assertThat(target.at("/datasource/uid").asText()).isEqualTo(chosen);
                assertThat(references.add(target.path("refId").asText())).isTrue();
                assertThat(target.path("legendFormat").asText()).isNotBlank();
                assertThat(target.path("expr").asText())
                        .contains("job=~\"$job\", instance=~\"$instance\"");
            }
        }
    }

    @Test
    void renewedTokenTakesThePlaceOfThePreviousOneAndAFailureLeavesIt() throws IOException {
        Path command = Files.createDirectory(folder.resolve("bin")).resolve("nativejwt");
        Files.writeString(
                command, "#!/bin/sh\n[ \"$*\" = 'token --profile prometheus' ] && echo next\n");
        assertThat(command.toFile().setExecutable(true)).isTrue();
        Path file = folder.resolve("token");
        Files.writeString(file, "previous");
        assertThat(renew(file)).isZero();
        assertThat(file).hasContent("next");
        assertThat(Files.getPosixFilePermissions(file))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        Files.writeString(command, "#!/bin/sh\nexit 1\n");
        assertThat(renew(file)).isNotZero();
        assertThat(file).hasContent("next");
    }

    private int renew(Path file) {
        String script = SampleConfiguration.FOLDER.resolve("renew-token.sh").toString();
        ProcessBuilder builder = new ProcessBuilder(script, file.toString());
        String path = folder.resolve("bin") + File.pathSeparator + System.getenv("PATH");
        builder.environment().put("PATH", path);
        return Processes.run(LIMIT, builder, "").exitCode();
    }

    @Test
    void panelsHaveIdsAndPlacesOfTheirOwn() {
        Set<Integer> ids = new HashSet<>();
        Set<String> cells = new HashSet<>();
        for (Dashboard.Panel panel : Dashboard.read().panels()) {
            assertThat(ids.add(panel.json().path("id").asInt())).as(panel.toString()).isTrue();
            int x = panel.at("x");
            int y = panel.at("y");
            assertThat(x).isNotNegative();
            assertThat(y).isNotNegative();
            assertThat(panel.at("w")).isPositive();
            assertThat(panel.at("h")).isPositive();
            assertThat(x + panel.at("w")).as(panel.toString()).isLessThanOrEqualTo(COLUMNS);
            for (int column = x; column < x + panel.at("w"); column++) {
                for (int line = y; line < y + panel.at("h"); line++) {
                    assertThat(cells.add(column + "," + line)).as(panel.toString()).isTrue();
                }
            }
        }
    }
}

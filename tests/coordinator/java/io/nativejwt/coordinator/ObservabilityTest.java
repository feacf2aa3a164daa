// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Prometheus;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.InstalledPlugin;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One real Prometheus with the samples of etc/observability scrapes a real coordinator of each
 * version under each integration. Two of them get into trouble and two do not, so each alert has to
 * fire and to be quiet at the same time. What a coordinator cannot be brought to do (a thread that
 * died, MBeans that are not exported) is in rules-test.yml alone.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ObservabilityTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** Minutes of the samples become seconds, and a day three of the ranges. */
    private static final Map<String, String> DURATIONS =
            Map.ofEntries(
                    Map.entry("scrape_interval: 15s", "scrape_interval: 3s"),
                    Map.entry("evaluation_interval: 15s", "evaluation_interval: 3s"),
                    Map.entry(" interval: 1m", " interval: 3s"),
                    Map.entry("[5m]", "[30s]"),
                    Map.entry("[10m]", "[30s]"),
                    Map.entry("offset 10m", "offset 30s"),
                    Map.entry("[1d]", "[90s]"),
                    Map.entry("/ 144", "/ 3"),
                    Map.entry("[1h]", "[30s]"),
                    Map.entry("for: 1m", "for: 6s"),
                    Map.entry("for: 2m", "for: 6s"),
                    Map.entry("for: 5m", "for: 6s"),
                    Map.entry("> 2700", "> 15"),
                    Map.entry("< 14400", "< 150"));

    /** Keys that are fetched every two seconds always have more than 150 s left. */
    private static final Map<String, String> LIMITS =
            Map.of("jwks.refresh-interval", "2s", "jwks.max-stale", "3m");

    private static final String RATE_INTERVAL = "30s";
    private static final String SERVER_JOB = "trino-server-launcher";
    private static final String PLUGIN_JOB = "trino-plugin";

    /** One coordinator is in both jobs. */
    private static final int SCRAPED = Site.values().length + 1;

    /** Its library panics on demand. The other coordinators have the release's. */
    private static final Site WITH_DEFECT = Site.PLUGIN_476;

    private static final Set<Site> IN_TROUBLE = Set.of(WITH_DEFECT, Site.SERVER_483);
    private static final Site STOPPED = Site.PLUGIN_483;

    private static final Pattern SAMPLE = Pattern.compile("([a-z_]+)(?:\\{(.*)\\})? \\S+");
    private static final Pattern LABEL = Pattern.compile("([a-z]+)=\"([^\"]*)\"");

    private static final Map<Site, ObservedSite> SITES = new EnumMap<>(Site.class);
    private static SteadyLoad load;
    private static Prometheus prometheus;

    @BeforeAll
    static void start() throws Exception {
        Path folder = Workspace.freshFolder("test/observability");
        KeyPair keys = Keys.rsa();
        Path panicking =
                InstalledPlugin.folderWith(
                                folder.resolve("panicking"),
                                Path.of("build/test/provoke-panic", InstalledPlugin.LIBRARY))
                        .toAbsolutePath();
        Map<Site, CompletableFuture<ObservedSite>> starts = new EnumMap<>(Site.class);
        for (Site site : Site.values()) {
            Path home = Files.createDirectories(folder.resolve(site.name()));
            Path plugin = site == WITH_DEFECT ? panicking : null;
            starts.put(
                    site,
                    CompletableFuture.supplyAsync(
                            () -> new ObservedSite(site, home, keys, LIMITS, plugin)));
        }
        starts.forEach((site, start) -> SITES.put(site, PARTS.add(start.join())));
        // Each coordinator in one job, and one of the server launcher in both: they must agree.
        Path configuration =
                SampleConfiguration.write(
                        folder,
                        SITES.get(Site.SERVER_483).token("prometheus"),
                        SITES.values().stream()
                                .map(site -> site.coordinator().tls().certificatePem())
                                .toList(),
                        List.of(instance(Site.SERVER_476), instance(Site.SERVER_483)),
                        List.of(
                                instance(Site.PLUGIN_476),
                                instance(Site.PLUGIN_483),
                                instance(Site.SERVER_476)),
                        DURATIONS);
        prometheus = PARTS.add(Prometheus.start(folder, configuration));
        load = PARTS.add(new SteadyLoad(SITES));
    }

    private static String instance(Site site) {
        return SITES.get(site).instance();
    }

    @Test
    @Order(1)
    void bothJobsGiveTheSeriesThatTheServerLauncherServes() {
        for (ObservedSite site : SITES.values()) {
            site.map("(.+)");
            for (int i = 0; i < 3; i++) {
                assertThat(site.request(site.tokenForOthers())).isEqualTo(401);
            }
        }
        // Each has a series more after the first change.
        Poll.until(
                "the changed files",
                LIMIT,
                () -> prometheus.query("nativejwt_reload_timestamp_seconds").size() == SCRAPED);
        for (Site site : List.of(Site.SERVER_476, Site.SERVER_483)) {
            assertSeries(SERVER_JOB, site, site);
        }
        assertSeries(PLUGIN_JOB, Site.SERVER_476, Site.SERVER_476);
        assertSeries(PLUGIN_JOB, Site.PLUGIN_476, Site.SERVER_476);
        assertSeries(PLUGIN_JOB, Site.PLUGIN_483, Site.SERVER_483);
        assertThat(prometheus.query("{__name__=~\"JMX_.+\"}")).isEmpty();
        for (String expression :
                List.of(
                        "nativejwt_rejections_total{reason=\"WRONG_AUDIENCE\"} == 3",
                        "nativejwt_reloads_total{file=\"user_mapping\",result=\"in_use\"} == 1",
                        "nativejwt_keys{issuer=\"default\"} == 1",
                        "nativejwt_mapping_rule_hits_total{issuer=\"default\",rule=\"1\"} > 0",
                        "nativejwt_verification_seconds_bucket{le=\"+Inf\"}"
                                + " == ignoring (le) nativejwt_verification_seconds_count")) {
            Poll.until(expression, LIMIT, () -> prometheus.query(expression).size() == SCRAPED);
        }
    }

    /** What Prometheus has of one coordinator is what another one serves. */
    private static void assertSeries(String job, Site site, Site serving) {
        ObservedSite server = SITES.get(serving);
        String selector =
                "{__name__=~\"nativejwt_.+\", job=\"%s\", instance=\"%s\"}"
                        .formatted(job, instance(site));
        SortedSet<String> served =
                server.openMetrics(server.token("prometheus"))
                        .lines()
                        .filter(line -> !line.startsWith("#"))
                        .map(ObservabilityTest::seriesOf)
                        // Trino 476 gives the plugin no way to hand over credentials.
                        .filter(
                                series ->
                                        SITES.get(site).hasStorage()
                                                || !series.contains("nativejwt_storage_"))
                        .collect(Collectors.toCollection(() -> new TreeSet<String>()));
        assertThat(served).hasSizeGreaterThan(100);
        assertThat(
                        prometheus.query(selector).stream()
                                .map(series -> without(series.labels(), "job", "instance"))
                                .map(Object::toString)
                                .collect(Collectors.toCollection(() -> new TreeSet<String>())))
                .as("%s by the job %s", site, job)
                .isEqualTo(served);
    }

    private static String seriesOf(String line) {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as(line).isTrue();
        Map<String, String> labels = new TreeMap<>();
        labels.put("__name__", sample.group(1));
        Matcher label = LABEL.matcher(sample.group(2) == null ? "" : sample.group(2));
        while (label.find()) {
            labels.put(label.group(1), label.group(2));
        }
        return labels.toString();
    }

    private static Map<String, String> without(Map<String, String> labels, String... names) {
        Map<String, String> others = new TreeMap<>(labels);
        List.of(names).forEach(others::remove);
        return others;
    }

    /** The sample of access rules names the user prometheus. */
    @Test
    @Order(1)
    void onlyTheUserOfTheAccessRulesReadsMetrics() {
        for (Site name : Site.values()) {
            ObservedSite site = SITES.get(name);
            List<String> paths =
                    name.isServer()
                            ? List.of("/metrics", "/v1/native-jwt/metrics")
                            : List.of("/metrics");
            for (String path : paths) {
                assertThat(site.statusOf(path, site.token("prometheus"))).isEqualTo(200);
                assertThat(site.statusOf(path, site.token("alice"))).isEqualTo(403);
                assertThat(site.statusOf(path, site.expiredToken())).isEqualTo(401);
            }
        }
    }

    /** The trap of docs/observability.md. */
    @Test
    @Order(1)
    void managementUserOpensMetricsToEverybodyWhoReachesThePortWithoutTls() {
        Coordinator open = SITES.get(ObservedSite.WITH_MANAGEMENT_USER).coordinator();
        HttpRequest.Builder request = HttpRequest.newBuilder(open.httpUri().resolve("/metrics"));
        HttpResponse<String> answer = Clients.send(open, request);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("JMX_io_nativejwt_NAME_Requests_ATTRIBUTE_Accepted");
    }

    @Test
    @Order(2)
    void everyExpressionOfTheDashboardGivesAnAnswerForEachCoordinator() {
        for (ObservedSite site : SITES.values()) {
            site.map("(.*)");
        }
        for (Dashboard.Panel panel : Dashboard.read().panels()) {
            for (Dashboard.Query query : panel.queries()) {
                for (Map.Entry<Site, ObservedSite> site : SITES.entrySet()) {
                    if (isFor(panel, site.getValue())) {
                        awaitNumber(
                                panel + " of " + site.getKey(),
                                query.with(".*", site.getValue().instance(), RATE_INTERVAL));
                    }
                }
            }
        }
    }

    /** Shadow mode is in ShadowTest. */
    private static boolean isFor(Dashboard.Panel panel, ObservedSite site) {
        return switch (panel.row()) {
            case "Storage credentials" -> site.hasStorage();
            case Dashboard.SHADOW -> false;
            default -> true;
        };
    }

    @Test
    @Order(3)
    void everyRuleIsEvaluated() {
        int recording = 0;
        for (JsonNode group : prometheus.rules()) {
            for (JsonNode rule : group.get("rules")) {
                String name = rule.get("name").asText();
                assertThat(rule.get("health").asText()).as(rule.toString()).isEqualTo("ok");
                if (rule.get("type").asText().equals("recording")) {
                    recording++;
                    for (Site site : Site.values()) {
                        String selector = "{instance=\"%s\"}".formatted(instance(site));
                        awaitNumber(name + " of " + site, name + selector);
                    }
                }
            }
        }
        assertThat(recording).isPositive();
    }

    private static void awaitNumber(String what, String expression) {
        Poll.until(
                what + ": " + expression,
                LIMIT,
                () ->
                        prometheus.query(expression).stream()
                                .anyMatch(series -> !Double.isNaN(series.value())));
    }

    @Test
    @Order(4)
    void noAlertFiresWithoutTrouble() {
        String scrapes = "min(count_over_time(up[10m])) >= 20";
        Poll.until("a minute of scrapes", LIMIT, () -> !prometheus.query(scrapes).isEmpty());
        assertThat(fired()).isEmpty();
    }

    /** Alerts that have fired since the start, each with its coordinator. */
    private static SortedSet<String> fired() {
        return alerts("count_over_time(ALERTS{alertstate=\"firing\"}[1h])");
    }

    private static SortedSet<String> firing() {
        return alerts("ALERTS{alertstate=\"firing\"}");
    }

    private static SortedSet<String> alerts(String expression) {
        return prometheus.query(expression).stream()
                .map(
                        series ->
                                series.label("alertname")
                                        + " "
                                        + SITES.keySet().stream()
                                                .filter(
                                                        site ->
                                                                instance(site)
                                                                        .equals(
                                                                                series.label(
                                                                                        "instance")))
                                                .findFirst()
                                                .orElseThrow())
                .collect(Collectors.toCollection(() -> new TreeSet<String>()));
    }

    private static SortedSet<String> expected() {
        SortedSet<String> expected = new TreeSet<>();
        for (Site site : IN_TROUBLE) {
            for (String alert :
                    List.of(
                            "NativeJwtNothingAccepted",
                            "NativeJwtReasonJumps",
                            "NativeJwtKeysOld",
                            "NativeJwtKeysEndSoon",
                            "NativeJwtFileUnusable")) {
                expected.add(alert + " " + site);
            }
        }
        expected.add("NativeJwtDefects " + WITH_DEFECT);
        expected.add("NativeJwtStorageOutage " + Site.SERVER_483);
        return expected;
    }

    @Test
    @Order(5)
    void eachAlertFiresForTheCoordinatorsInTroubleAlone() {
        for (Site name : IN_TROUBLE) {
            ObservedSite site = SITES.get(name);
            site.stopKeyServer();
            site.breakMapping();
            load.reject(name);
        }
        ObservedSite withoutSts = SITES.get(Site.SERVER_483);
        withoutSts.stopSts();
        // Accepted without credentials.
        assertThat(withoutSts.request(withoutSts.token("carol"))).isEqualTo(200);
        assertThat(SITES.get(WITH_DEFECT).request("provoke-panic")).isEqualTo(401);
        awaitFired(expected());
    }

    private static void awaitFired(Set<String> expected) {
        try {
            Poll.until("all alerts", LIMIT, () -> fired().containsAll(expected));
        } catch (AssertionError e) {
            assertThat(fired()).as(e.getMessage()).isEqualTo(expected);
        }
        assertThat(fired()).isEqualTo(expected);
    }

    @Test
    @Order(6)
    void alertsEndWithTheTrouble() {
        for (Site name : IN_TROUBLE) {
            ObservedSite site = SITES.get(name);
            site.startKeyServer();
            site.map("(.*)");
            load.accept(name);
        }
        ObservedSite withSts = SITES.get(Site.SERVER_483);
        withSts.startSts();
        Poll.until(
                "no alert",
                LIMIT,
                () -> {
                    // The next token that needs credentials finds STS there.
                    withSts.request(withSts.token("dave"));
                    return firing().isEmpty();
                });
        assertThat(fired()).isEqualTo(expected());
    }

    @Test
    @Order(7)
    void coordinatorThatCannotBeScrapedIsReported() {
        load.leave(STOPPED);
        SITES.get(STOPPED).close();
        SortedSet<String> expected = expected();
        expected.add("NativeJwtScrapeFails " + STOPPED);
        awaitFired(expected);
    }
}

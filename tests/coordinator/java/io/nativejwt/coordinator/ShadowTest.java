// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.Prometheus;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Three coordinators of a version have the same keys: one without native-jwt, and one with each
 * integration in shadow mode. No client can tell them apart.
 */
@ParameterizedClass
@ValueSource(strings = {"476", "483"})
final class ShadowTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String JWT = "http-server.authentication.jwt.";
    private static final KeyPair KEYS = Keys.rsa();
    private static final int LOAD = 10_000;
    private static final String QUERIES = "/v1/query?state=QUEUED";

    /** The version on which the keys are a JWK Set. */
    private static final String FETCHES = "483";

    private static JwksEndpoint issuer;
    private static Coordinator builtIn;
    private static Coordinator server;
    private static Coordinator plugin;

    @Parameter String version;

    @BeforeParameterizedClassInvocation
    static void start(String version) throws Exception {
        Path folder = Workspace.freshFolder("test/shadow/" + version);
        Path keyFile = Files.writeString(folder.resolve("key.pem"), Keys.publicPem(KEYS));
        issuer = PARTS.add(JwksEndpoint.serving(List.of(JwksEndpoint.jwk("one", KEYS))));
        boolean isFetched = version.equals(FETCHES);
        Map<String, String> shared = new LinkedHashMap<>();
        shared.put(JWT + "key-file", isFetched ? issuer.url() : keyFile.toString());
        if (isFetched) {
            // Of Trino's HTTP client, which is made once.
            shared.put("jwk.http-client.max-connections-per-server", "3");
        }
        shared.put(JWT + "required-audience", "trino");
        shared.put(JWT + "user-mapping.pattern", "(.*?)(?:@corp[.]example)?");
        shared.put("web-ui.authentication.type", "jwt");
        Map<String, String> ours = new LinkedHashMap<>();
        ours.put(JWT + "shadow", "true");
        ours.put(JWT + "required-scopes", "trino");
        Site ofServer = Site.of("server", version);
        builtIn =
                PARTS.add(
                        Coordinator.in(Files.createDirectories(folder.resolve("built-in")))
                                .at(ofServer)
                                .through(Integration.BUILT_IN)
                                .jwt(shared)
                                .start());
        Map<String, String> both = new LinkedHashMap<>(shared);
        both.putAll(ours);
        server =
                PARTS.add(
                        Coordinator.in(Files.createDirectories(folder.resolve("server")))
                                .at(ofServer)
                                .jwt(both)
                                .logLevel("io.nativejwt", "DEBUG")
                                .start());
        Map<String, String> ofPlugin = new LinkedHashMap<>(both);
        ofPlugin.remove("web-ui.authentication.type");
        Coordinator.Builder builder =
                Coordinator.in(Files.createDirectories(folder.resolve("plugin")))
                        .at(Site.of("plugin", version))
                        .jwt(ofPlugin)
                        .config("http-server.authentication.type", "HEADER,JWT")
                        .config("web-ui.user", "")
                        .config(
                                version.equals("476")
                                        ? "openmetrics.jmx-object-names"
                                        : "metrics.jmx-object-names",
                                "io.nativejwt:*");
        shared.forEach(builder::config);
        plugin = PARTS.add(builder.start());
    }

    /** Requests by name, with the values of their Authorization headers. */
    private static Map<String, List<String>> requests() {
        Map<String, List<String>> requests = new LinkedHashMap<>();
        String good = rs256(token());
        requests.put("accepted", List.of("Bearer " + good));
        requests.put("no scope", List.of("Bearer " + rs256(token().claim("scope", null))));
        requests.put("base64 with padding", List.of("Bearer " + good + "=="));
        requests.put("a space behind", List.of("Bearer " + good + " "));
        requests.put(
                "expired",
                List.of("Bearer " + rs256(token().expiringAt(Instant.now().minusSeconds(600)))));
        requests.put("forged", List.of("Bearer " + token().sign("RS256", Keys.rsa().getPrivate())));
        requests.put("another audience", List.of("Bearer " + rs256(token().claim("aud", "other"))));
        requests.put("HMAC", List.of("Bearer " + token().sign("HS256", Keys.hmac(32))));
        requests.put(
                "unknown algorithm",
                List.of("Bearer " + token().withSignature("XX1", new byte[9])));
        requests.put("garbage", List.of("Bearer garbage"));
        requests.put("encrypted", List.of("Bearer a.b.c.d.e"));
        requests.put("no token", List.of());
        requests.put("empty token", List.of("Bearer "));
        requests.put("another scheme", List.of("Basic YWxpY2U6"));
        requests.put("several headers", List.of("Bearer " + good, "Bearer " + good));
        return requests;
    }

    /** What a client can see of an answer, without times and the addresses of the coordinator. */
    private static String seen(HttpResponse<String> answer) {
        String body = answer.body();
        if (answer.statusCode() == 200) {
            body = "";
        } else if (answer.statusCode() == 500) {
            // A stack trace follows, whose line numbers and frames differ.
            body = body.lines().findFirst().orElse("");
        }
        Map<String, List<String>> headers = new TreeMap<>(answer.headers().map());
        headers.keySet()
                .removeIf(
                        name ->
                                List.of("date", "content-length", "set-cookie", "vary", "server")
                                        .contains(name));
        String text = "%d %s %s".formatted(answer.statusCode(), headers, body);
        return text.replaceAll("localhost:\\d+", "HOST")
                .replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME")
                .replaceAll("\\d+ milliseconds (ago|before)", "N milliseconds $1");
    }

    @Test
    void noClientSeesWhetherThereIsAShadow() {
        requests()
                .forEach(
                        (name, headers) -> {
                            String[] values = headers.toArray(String[]::new);
                            for (String path : List.of(QUERIES, "/ui/api/stats")) {
                                String expected = seen(Clients.get(builtIn, path, values));
                                assertThat(seen(Clients.get(server, path, values)))
                                        .as("%s, %s, server launcher", name, path)
                                        .isEqualTo(expected);
                                assertThat(seen(Clients.get(plugin, path, values)))
                                        .as("%s, %s, plugin", name, path)
                                        .isEqualTo(expected);
                            }
                        });
    }

    @Test
    void identityIsThatOfTheBuiltInAuthenticator() throws SQLException {
        String withoutScope = rs256(token().claim("scope", null));
        for (Coordinator coordinator : List.of(builtIn, server, plugin)) {
            assertThat(Clients.jdbc(coordinator, withoutScope, "SELECT current_user"))
                    .containsExactly("alice");
        }
    }

    @Test
    void everyDifferenceIsExplainedAndCounted() {
        Map<String, Double> before = differences();
        int rounds = 3;
        for (int i = 0; i < rounds; i++) {
            requests()
                    .values()
                    .forEach(
                            headers ->
                                    Clients.get(server, QUERIES, headers.toArray(String[]::new)));
        }
        Map<String, Double> expected = new TreeMap<>(before);
        for (String labels :
                List.of(
                        labels("accepted", "MISSING_SCOPE", "configured"),
                        labels("accepted", "MALFORMED_BASE64", "base64-strict"),
                        labels("failed", "SEVERAL_AUTHORIZATION_HEADERS", "401-headers-jwe"))) {
            expected.merge(labels, (double) rounds, Double::sum);
        }
        Poll.until("the differences to be counted", LIMIT, () -> contains(differences(), expected));
        String report = report();
        assertThat(report)
                .contains("| **unexplained** | **0** |")
                .contains("| `base64-strict` | base64url that is not strict | accepted |")
                .contains("| requests skipped, because too many waited | 0 |");
        assertThat(server.log().stream().filter(line -> line.contains("Unexplained"))).isEmpty();
        assertThat(String.join("\n", server.log()))
                .contains("in shadow mode: Trino's built-in JWT authenticator answers them")
                .contains("Explained difference: built-in accepted, native-jwt MISSING_SCOPE: ")
                .doesNotContain(rs256(token()).substring(0, 24));
        assertThat(Clients.get(server, "/v1/native-jwt/shadow").statusCode()).isEqualTo(401);
    }

    @Test
    void pluginCountsWhatItWouldHaveSaid() {
        String good = "Bearer " + rs256(token());
        String metric = "JMX_io_nativejwt_NAME_Rejections_ATTRIBUTE_MISSING_SCOPE";
        double before = bean(good, metric);
        double judged = bean(good, "JMX_io_nativejwt_NAME_Shadow_ATTRIBUTE_Requests");
        String without = "Bearer " + rs256(token().claim("scope", null));
        assertThat(Clients.get(plugin, QUERIES, without).statusCode()).isEqualTo(200);
        Poll.until("a rejection", LIMIT, () -> bean(good, metric) == before + 1);
        assertThat(bean(good, "JMX_io_nativejwt_NAME_Shadow_ATTRIBUTE_Requests"))
                .isGreaterThan(judged);
        assertThat(bean(good, "JMX_io_nativejwt_NAME_Shadow_ATTRIBUTE_Compared")).isZero();
        assertThat(String.join("\n", plugin.log()))
                .contains("in shadow mode: the next authenticator")
                .doesNotContain("Authentication rejected");
    }

    /** The built-in authenticator learns of a key up to 15 minutes later. */
    @Test
    void newKeyIsExplained() {
        if (!version.equals(FETCHES)) {
            return;
        }
        KeyPair next = Keys.rsa();
        issuer.serve(List.of(JwksEndpoint.jwk("one", KEYS), JwksEndpoint.jwk("two", next)));
        String token = "Bearer " + token().header("kid", "two").sign("RS256", next.getPrivate());
        Poll.until(
                "the new key to be fetched, and the difference to be explained",
                Duration.ofMinutes(1),
                () -> {
                    HttpResponse<String> answer = Clients.get(server, QUERIES, token);
                    assertThat(answer.statusCode()).isEqualTo(401);
                    assertThat(answer.body()).isEqualTo("Unknown signing key ID");
                    return differences().containsKey(labels("rejected", "accepted", "keys-newer"));
                });
        assertThat(sample("nativejwt_shadow_unexplained_total")).isZero();
    }

    /** The report of a mixed load, which the operator reads before the switch. */
    @Test
    void reportOfAMixedLoadHasNoUnexplainedDifference() throws Exception {
        if (!version.equals(FETCHES)) {
            return;
        }
        double before = sample("nativejwt_shadow_requests_total");
        double skippedBefore = sample("nativejwt_shadow_skipped_total");
        List<List<String>> mix = new ArrayList<>(requests().values());
        // Most requests of a coordinator have a good token.
        for (int i = 0; i < 85; i++) {
            mix.add(
                    List.of(
                            "Bearer "
                                    + rs256(
                                            Token.of("user" + i)
                                                    .header("kid", "one")
                                                    .claim("aud", "trino")
                                                    .claim("scope", "trino"))));
        }
        int accepted = ShadowLoad.send(server, mix, LOAD);
        assertThat(accepted).isGreaterThan(LOAD / 2);
        Poll.until(
                "all requests to be judged",
                LIMIT,
                () ->
                        sample("nativejwt_shadow_requests_total")
                                        + sample("nativejwt_shadow_skipped_total")
                                >= before + skippedBefore + LOAD);
        String report = report();
        System.out.println(report);
        Files.writeString(Workspace.freshFolder("shadow-report").resolve("report.md"), report);
        assertThat(sample("nativejwt_shadow_unexplained_total")).isZero();
        assertThat(sample("nativejwt_shadow_skipped_total")).isZero();
        assertThat(report).contains("No difference is unexplained. Read the rows above");
    }

    /** The samples of etc/observability, with both ways to scrape the server launcher. */
    @Test
    void dashboardShowsShadowModeByBothJobs() throws Exception {
        Path folder = Workspace.freshFolder("test/shadow-dashboard/" + version);
        Map<String, String> oftener =
                Map.of(
                        "scrape_interval: 15s", "scrape_interval: 3s",
                        "evaluation_interval: 15s", "evaluation_interval: 3s");
        Path configuration =
                SampleConfiguration.write(
                        folder,
                        rs256(token()),
                        List.of(server.tls().certificatePem(), plugin.tls().certificatePem()),
                        List.of(instance(server)),
                        List.of(instance(server), instance(plugin)),
                        oftener);
        try (Prometheus prometheus = Prometheus.start(folder, configuration)) {
            for (Dashboard.Panel panel : Dashboard.read().panels()) {
                if (panel.row().equals(Dashboard.SHADOW)) {
                    awaitPanel(prometheus, panel);
                }
            }
            Poll.until(
                    "the same differences by both jobs",
                    LIMIT,
                    () -> {
                        List<Map<String, String>> byServer =
                                shadow(prometheus, "trino-server-launcher", server);
                        return byServer.size() > 6
                                && byServer.equals(shadow(prometheus, "trino-plugin", server));
                    });
            assertThat(shadow(prometheus, "trino-plugin", plugin)).hasSizeGreaterThan(4);
        }
    }

    private static void awaitPanel(Prometheus prometheus, Dashboard.Panel panel) {
        for (Dashboard.Query query : panel.queries()) {
            for (String job : List.of("trino-server-launcher", "trino-plugin")) {
                String expression = query.with(job, instance(server), "30s");
                Poll.until(
                        panel + " by " + job,
                        LIMIT,
                        () -> {
                            requests()
                                    .values()
                                    .forEach(
                                            headers ->
                                                    Clients.get(
                                                            server,
                                                            "/v1/query?state=QUEUED",
                                                            headers.toArray(String[]::new)));
                            return prometheus.query(expression).stream()
                                    .anyMatch(series -> !Double.isNaN(series.value()));
                        });
            }
        }
    }

    /** The labels of the series of shadow mode, in an order. */
    private static List<Map<String, String>> shadow(
            Prometheus prometheus, String job, Coordinator coordinator) {
        return prometheus
                .query(
                        "{__name__=~\"nativejwt_shadow_.+\", job=\"%s\", instance=\"%s\"}"
                                .formatted(job, instance(coordinator)))
                .stream()
                .map(
                        series -> {
                            Map<String, String> labels = new TreeMap<>(series.labels());
                            labels.remove("job");
                            return labels;
                        })
                .sorted(Comparator.comparing(Object::toString))
                .toList();
    }

    private static String instance(Coordinator coordinator) {
        return "localhost:" + coordinator.uri().getPort();
    }

    private static boolean contains(Map<String, Double> found, Map<String, Double> expected) {
        return expected.entrySet().stream()
                .allMatch(entry -> found.getOrDefault(entry.getKey(), 0.0) >= entry.getValue());
    }

    private static String labels(String builtIn, String ours, String row) {
        return "{builtin=\"%s\",native=\"%s\",row=\"%s\"}"
                .formatted(builtIn, ours, row.replace('-', '_'));
    }

    private static Map<String, Double> differences() {
        Map<String, Double> differences = new TreeMap<>();
        metrics()
                .lines()
                .filter(line -> line.startsWith("nativejwt_shadow_differences_total{"))
                .forEach(
                        line ->
                                differences.put(
                                        line.substring(line.indexOf('{'), line.indexOf('}') + 1),
                                        Double.parseDouble(line.substring(line.indexOf('}') + 2))));
        return differences;
    }

    private static double sample(String name) {
        Optional<String> value =
                metrics()
                        .lines()
                        .filter(line -> line.startsWith(name + " "))
                        .map(line -> line.substring(name.length() + 1))
                        .findFirst();
        return Double.parseDouble(value.orElseThrow());
    }

    private static String metrics() {
        return get("/v1/native-jwt/metrics");
    }

    private static String report() {
        return get("/v1/native-jwt/shadow");
    }

    private static String get(String path) {
        HttpResponse<String> answer = Clients.get(server, path, "Bearer " + rs256(token()));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return answer.body();
    }

    private static double bean(String authorization, String name) {
        return Clients.get(plugin, "/metrics", authorization)
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("/metrics has no " + name));
    }

    private static Token token() {
        return Token.of("alice@corp.example")
                .header("kid", "one")
                .claim("aud", "trino")
                .claim("scope", "openid trino");
    }

    private static String rs256(Token token) {
        return token.sign("RS256", KEYS.getPrivate());
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.NativejwtCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.crypto.SecretKey;

/**
 * Every reason for a rejection, as each client and the log show it, with both integrations and both
 * versions, compared with a coordinator with Trino's built-in JWT authenticator and the same keys:
 * the sentence is the same unless the row says in what it differs.
 */
@ParameterizedClass
@EnumSource(Site.class)
final class RejectionsOnCoordinatorTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final String LOGOUT = "/v1/native-jwt/backchannel-logout";
    private static final String FORM = "application/x-www-form-urlencoded";

    /** Until a line is in the log, or a request has ended. */
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static final String ISSUER = "https://idp.example.com";
    private static final KeyPair KEYS = Keys.rsa();
    private static final SecretKey SECRET = Keys.hmac(32);

    private static Map<String, String> properties;
    private static Coordinator builtIn;
    private static Coordinator coordinator;
    private static Path socket;
    private static Path revoked;

    @Parameter Site site;

    /**
     * @param token makes the token at the moment of the request
     * @param reason the name in the log
     * @param sentence what the client reads
     * @param isTrinos whether the built-in authenticator's answer is the same sentence but for
     *     times
     */
    private record Row(
            String name,
            Supplier<String> token,
            String reason,
            Pattern sentence,
            boolean isTrinos) {
        @Override
        public String toString() {
            return name;
        }
    }

    @BeforeAll
    static void startBuiltIn() throws IOException {
        Path folder = Workspace.freshFolder("test/rejections");
        Path keyFile = Files.writeString(folder.resolve("key.pem"), Keys.publicPem(KEYS));
        Path rules =
                Files.writeString(
                        folder.resolve("rules.json"),
                        """
                        {"rules": [
                            {"pattern": "(.*)@example\\\\.com", "user": "$1"},
                            {"pattern": "denied", "allow": false},
                            {"pattern": "empty", "user": " "}
                        ]}
                        """);
        properties = new LinkedHashMap<>();
        properties.put("http-server.authentication.jwt.key-file", keyFile.toString());
        properties.put("http-server.authentication.jwt.required-issuer", ISSUER);
        properties.put("http-server.authentication.jwt.required-audience", "trino");
        properties.put("http-server.authentication.jwt.user-mapping.file", rules.toString());
        builtIn =
                PARTS.add(
                        Coordinator.in(Files.createDirectories(folder.resolve("built-in")))
                                .through(Integration.BUILT_IN)
                                .jwt(properties)
                                .start());
    }

    @BeforeParameterizedClassInvocation
    static void start(Site site) {
        Path folder = Workspace.freshFolder("test/rejections/" + site);
        Map<String, String> all = new LinkedHashMap<>(properties);
        socket = folder.resolve("socket");
        all.put("http-server.authentication.jwt.control-socket", socket.toString());
        revoked = folder.resolve("revoked");
        all.put("http-server.authentication.jwt.revocation-file", revoked.toString());
        createRevocationFile();
        if (site.isServer()) {
            all.put("http-server.authentication.jwt.backchannel-logout.client-id", "trino-web");
            all.put(
                    "http-server.authentication.jwt.backchannel-logout.file",
                    folder.resolve("logouts").toString());
            all.put("web-ui.token-copy.issuer", ISSUER + "/realms/corp");
            all.put("web-ui.token-copy.client-id", "trino-\"page\"<x>");
            all.put("web-ui.token-copy.scope", "openid trino");
            all.put("web-ui.token-copy.token-endpoint-origin", "https://tokens.example.com:8443/");
            // Whoever comes is viewer there, and the page does without the web UI.
            all.put("web-ui.authentication.type", "fixed");
            all.put("web-ui.user", "viewer");
        }
        Coordinator.Builder builder = Coordinator.in(folder).at(site).jwt(all);
        if (!site.isServer()) {
            // The server launcher adds it by itself.
            String property =
                    site.version().equals("476")
                            ? "openmetrics.jmx-object-names"
                            : "metrics.jmx-object-names";
            builder.config(property, "io.nativejwt:*");
        }
        coordinator = PARTS.add(builder.start());
    }

    private static void createRevocationFile() {
        try {
            Files.createFile(revoked);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<Row> rows() {
        List<Row> rows = new ArrayList<>();
        rows.add(
                row(
                        "expired",
                        () -> rs256(token().expiringAt(Instant.now().minusSeconds(60))),
                        "TOKEN_EXPIRED",
                        "JWT expired \\d+ milliseconds ago at \\S+Z\\. Current time: \\S+Z\\."
                                + " Allowed clock skew: 0 milliseconds\\."));
        rows.add(
                row(
                        "not yet valid",
                        () ->
                                rs256(
                                        token().claim(
                                                        "nbf",
                                                        Instant.now()
                                                                .plusSeconds(60)
                                                                .getEpochSecond())),
                        "TOKEN_NOT_YET_VALID",
                        "JWT early by \\d+ milliseconds before .*"));
        rows.add(
                row(
                        "another audience",
                        () -> rs256(token().claim("aud", "other")),
                        "WRONG_AUDIENCE",
                        "Invalid Audience: \\[other\\]\\. Allowed audiences: trino"));
        rows.add(
                row(
                        "other audiences",
                        () -> rs256(token().claim("aud", List.of("a", "b"))),
                        "WRONG_AUDIENCE",
                        "Invalid Audience: \\[a, b\\]\\. Allowed audiences: trino"));
        rows.add(
                row(
                        "no audience",
                        () -> rs256(token().claim("aud", null)),
                        "MISSING_AUDIENCE",
                        "Expected aud claim to be: trino, but was not present in the JWT"
                                + " claims\\."));
        rows.add(
                row(
                        "another issuer",
                        () -> rs256(token().claim("iss", "https://evil.example.com")),
                        "WRONG_ISSUER",
                        "Expected iss claim to be: https://idp\\.example\\.com, but was:"
                                + " https://evil\\.example\\.com\\."));
        rows.add(
                row(
                        "no issuer",
                        () -> rs256(token().claim("iss", null)),
                        "MISSING_ISSUER",
                        "Missing 'iss' claim\\. Expected value: https://idp\\.example\\.com"));
        rows.add(
                row(
                        "no principal",
                        () -> rs256(token().claim("sub", null)),
                        "MISSING_PRINCIPAL",
                        "Invalid credentials"));
        rows.add(
                row(
                        "forged",
                        () -> token().sign("RS256", Keys.rsa().getPrivate()),
                        "SIGNATURE_MISMATCH",
                        "JWT signature does not match locally computed signature\\. JWT validity"
                                + " cannot be asserted and should not be trusted\\."));
        rows.add(
                row(
                        "HMAC with the public key",
                        () -> token().sign("HS256", SECRET),
                        "NO_HMAC_KEY",
                        "JWT is signed with HS256, but no HMAC key is configured"));
        rows.add(
                row(
                        "unknown algorithm",
                        () -> token().withSignature("XX999", new byte[64]),
                        "UNSUPPORTED_ALGORITHM",
                        "Unsupported signature algorithm 'XX999'"));
        rows.add(
                row(
                        "garbage",
                        () -> "garbage",
                        "MALFORMED_TOKEN",
                        "Invalid compact JWT string: .*"));
        rows.add(
                row(
                        "mapping does not match",
                        () -> rs256(token().claim("sub", "alice@example.org")),
                        "NO_MAPPING_MATCHES",
                        "No user mapping patterns match the principal"));
        rows.add(
                row(
                        "mapping denies",
                        () -> rs256(token().claim("sub", "denied")),
                        "PRINCIPAL_NOT_ALLOWED",
                        "Principal is not allowed"));
        rows.add(
                row(
                        "mapping gives nothing",
                        () -> rs256(token().claim("sub", "empty")),
                        "MAPPED_USER_EMPTY",
                        "Principal matched, but mapped user is empty"));
        // The built-in one goes on with advice for Java developers, and for crit shows the whole
        // header.
        rows.add(
                unisTrinos(
                        "unsecured",
                        () -> token().withSignature("none", new byte[0]),
                        "UNSECURED_TOKEN",
                        "Unsecured JWSs .* are disallowed .*"));
        rows.add(
                unisTrinos(
                        "unknown crit",
                        () -> rs256(token().header("crit", List.of("exotic")).header("exotic", 1)),
                        "CRITICAL_HEADER",
                        "Protected Header 'crit' .* unsupported header name.*"));
        // jjwt names the Java class of the value; ours says what it is.
        rows.add(
                unisTrinos(
                        "subject is a number",
                        () -> rs256(token().claim("sub", 7)),
                        "INVALID_CLAIM",
                        "Invalid claims: 'sub' must be a string, but is a number"));
        // The built-in authenticator answers 500 with a stack trace.
        rows.add(unisTrinos("JWE", () -> jwe(), "ENCRYPTED_TOKEN", ".*"));
        return rows.stream();
    }

    private static Row row(String name, Supplier<String> token, String reason, String sentence) {
        return new Row(name, token, reason, Pattern.compile(sentence), true);
    }

    private static Row unisTrinos(
            String name, Supplier<String> token, String reason, String sentence) {
        return new Row(name, token, reason, Pattern.compile(sentence), false);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void clientReadsWhy(Row row) {
        HttpResponse<String> response = Clients.http(coordinator, "Bearer " + row.token().get());
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
        assertThat(response.body()).matches(row.sentence());

        assertThatThrownBy(() -> Clients.jdbc(coordinator, row.token().get(), "SELECT 1"))
                .isInstanceOf(SQLException.class)
                .message()
                .matches("Authentication failed: " + row.sentence().pattern());

        // The command line reads the same body; a JVM for each row and place would take minutes.
        if (site == Site.PLUGIN_476 || row.name().equals("expired")) {
            Processes.Result cli = Clients.cli(coordinator, "alice", row.token().get(), "SELECT 1");
            assertThat(cli.exitCode()).isNotZero();
            assertThat(cli.error())
                    .containsPattern("Authentication failed: " + row.sentence().pattern());
        }
    }

    /**
     * RFC 6750: a client is told that it needs another token, and nothing of the one it sent. The
     * SPI of the plugin has no challenge.
     */
    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void challengeSaysThatTheTokenIsInvalid(Row row) {
        String description = row.reason().toLowerCase(Locale.ROOT).replace('_', ' ');
        HttpResponse<String> response = Clients.http(coordinator, "Bearer " + row.token().get());
        assertThat(response.headers().allValues("WWW-Authenticate"))
                .isEqualTo(
                        site.isServer()
                                ? List.of(
                                        challengeOfTrino()
                                                + ", error=\"invalid_token\", error_description=\"%s\""
                                                        .formatted(description))
                                : List.of());
    }

    private static String challengeOfTrino() {
        String challenge =
                Clients.http(builtIn).headers().firstValue("WWW-Authenticate").orElseThrow();
        assertThat(challenge).isEqualTo("Bearer realm=\"Trino\", token_type=\"JWT\"");
        return challenge;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void sentenceIsTrinos(Row row) {
        String token = row.token().get();
        HttpResponse<String> ours = Clients.http(coordinator, "Bearer " + token);
        HttpResponse<String> theirs = Clients.http(builtIn, "Bearer " + token);
        if (row.isTrinos()) {
            assertThat(theirs.statusCode()).isEqualTo(401);
            assertThat(withoutTimes(ours.body())).isEqualTo(withoutTimes(theirs.body()));
        } else {
            // A difference that went away is not listed any longer.
            assertThat(ours.statusCode() + ours.body())
                    .isNotEqualTo(theirs.statusCode() + theirs.body());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void logNamesTheReason(Row row) {
        Clients.http(coordinator, "Bearer " + row.token().get());
        awaitLog("Authentication rejected: " + row.reason() + ": ");
    }

    private static void awaitLog(String line) {
        Poll.until(
                "a line in the log: " + line,
                LIMIT,
                () -> coordinator.log().stream().anyMatch(logged -> logged.contains(line)));
    }

    @Test
    void goodTokensLogIn() throws SQLException {
        assertThat(Clients.jdbc(coordinator, rs256(token()), "SELECT current_user"))
                .containsExactly("alice");
        assertThat(
                        Clients.jdbc(
                                coordinator,
                                rs256(token().claim("exp", null)),
                                "SELECT current_user"))
                .containsExactly("alice");
        assertThat(
                        Clients.jdbc(
                                coordinator,
                                rs256(token().header("kid", "whatever")),
                                "SELECT current_user"))
                .containsExactly("alice");
        assertThat(
                        Clients.jdbc(
                                coordinator,
                                rs256(token().claim("aud", List.of("other", "trino"))),
                                "SELECT current_user"))
                .containsExactly("alice");
        Processes.Result cli =
                Clients.cli(coordinator, "alice", rs256(token()), "SELECT current_user");
        assertThat(cli.output()).as(cli.error()).isEqualTo("alice\n");
    }

    @Test
    void coordinatorIsTheOneMeant() throws SQLException {
        assertThat(
                        Clients.jdbc(
                                coordinator,
                                rs256(token()),
                                "SELECT node_version FROM system.runtime.nodes"))
                .containsExactly(site.version());
    }

    @Test
    void requestsWithoutATokenAreUnauthorized() {
        assertUnauthorized(Clients.http(coordinator));
        for (String authorization :
                List.of(
                        "Bearer",
                        "Bearer ",
                        "Basic YWxpY2U6c2VjcmV0",
                        "Negotiate abc",
                        "bearer\t")) {
            assertUnauthorized(Clients.http(coordinator, authorization));
        }
    }

    private void assertUnauthorized(HttpResponse<String> response) {
        assertThat(response.headers().allValues("WWW-Authenticate"))
                .isEqualTo(site.isServer() ? List.of(challengeOfTrino()) : List.of());
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.body()).isEqualTo("Unauthorized");
    }

    @Test
    void schemeIsReadInAnyCase() {
        String token = rs256(token());
        for (String scheme : List.of("Bearer", "bearer", "BEARER")) {
            assertThat(Clients.http(coordinator, scheme + " " + token).statusCode()).isEqualTo(200);
        }
    }

    /** The built-in authenticator answers 500, and its body shows both. */
    @Test
    void twoAuthorizationHeadersAreRejectedAndNotShown() {
        String token = rs256(token());
        HttpResponse<String> response =
                Clients.http(coordinator, "Bearer " + token, "Bearer " + token);
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.body())
                .isEqualTo(
                        "Multiple Authorization headers detected, where only a single Authorization"
                                + " header is supported");
        HttpResponse<String> theirs = Clients.http(builtIn, "Bearer " + token, "Bearer " + token);
        assertThat(theirs.statusCode()).isEqualTo(500);
    }

    @Test
    void logHoldsNoToken() {
        String good = rs256(token());
        String bad = token().sign("RS256", Keys.rsa().getPrivate());
        Clients.http(coordinator, "Bearer " + good);
        Clients.http(coordinator, "Bearer " + bad);
        Clients.http(coordinator, "Bearer " + good, "Bearer " + bad);
        String log = String.join("\n", coordinator.log());
        for (String token : List.of(good, bad)) {
            for (String part : token.split("\\.")) {
                // A prefix finds what was cut as well.
                assertThat(log).doesNotContain(part.substring(0, Math.min(part.length(), 24)));
            }
        }
    }

    @Test
    void issuerEndsASessionByALogoutToken() {
        if (!site.isServer()) {
            assertThat(logout(coordinator.uri(), "").statusCode()).isEqualTo(404);
            return;
        }
        String ended = rs256(token().claim("sid", "one"));
        String other = rs256(token().claim("sid", "two"));
        String logoutToken = rs256(logoutToken().claim("sid", "one"));
        assertThat(status(ended)).isEqualTo(200);
        assertThat(status(logoutToken)).isEqualTo(401);

        HttpResponse<String> done = logout(coordinator.uri(), "logout_token=" + logoutToken);
        assertThat(done.statusCode()).as(done.body()).isEqualTo(200);
        assertThat(done.body()).isEmpty();
        assertThat(done.headers().allValues("Cache-Control")).containsExactly("no-store");
        assertThat(status(ended)).isEqualTo(401);
        assertThat(status(other)).isEqualTo(200);
        assertThat(status(logoutToken)).isEqualTo(401);
        awaitLog("Back-channel logout carried out");
        assertInvalid(logout(coordinator.uri(), "logout_token=" + logoutToken));
    }

    @Test
    void requestsWithoutALogoutTokenOfTheIssuerLogNobodyOut() {
        if (!site.isServer()) {
            return;
        }
        String user = rs256(token().claim("sid", "three"));
        String forged = logoutToken().claim("sid", "three").sign("RS256", Keys.rsa().getPrivate());
        String good = "logout_token=" + rs256(logoutToken().claim("sid", "three"));
        assertInvalid(logout(coordinator.uri(), ""));
        assertInvalid(logout(coordinator.uri(), good + "&" + good));
        assertInvalid(logout(coordinator.uri(), good + "&fill=" + "x".repeat(64 * 1024)));
        HttpResponse<String> unencrypted = logout(coordinator.httpUri(), good);
        assertInvalid(unencrypted);
        assertThat(unencrypted.body()).contains("HTTPS");
        HttpRequest.Builder text =
                HttpRequest.newBuilder(coordinator.uri().resolve(LOGOUT))
                        .header("Content-Type", "text/plain")
                        .POST(HttpRequest.BodyPublishers.ofString(good));
        assertThat(Clients.send(coordinator, text).statusCode()).isEqualTo(415);
        assertThat(Clients.get(coordinator, LOGOUT).statusCode()).isEqualTo(405);
        assertInvalid(logout(coordinator.uri(), "logout_token=" + forged));
        assertInvalid(logout(coordinator.uri(), "logout_token=" + user));
        assertThat(status(user)).isEqualTo(200);
        awaitLog("Back-channel logout failed: INVALID: ");
    }

    @Test
    void slowClientsHoldFewThreads() throws IOException {
        if (!site.isServer()) {
            return;
        }
        // Jetty waits for the first byte of the form without a thread.
        String beginning =
                "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: 9\r\n\r\nl"
                        .formatted(LOGOUT, FORM);
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 16; i++) {
                Socket socket =
                        coordinator
                                .tls()
                                .clientContext()
                                .getSocketFactory()
                                .createSocket("localhost", coordinator.uri().getPort());
                slow.add(socket);
                socket.getOutputStream().write(beginning.getBytes(UTF_8));
            }
            Poll.until(
                    "no place for another request",
                    LIMIT,
                    () -> logout(coordinator.uri(), "").statusCode() == 429);
            assertThat(logout(coordinator.uri(), "").headers().firstValue("Retry-After"))
                    .contains("1");
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        Poll.until(
                "the end of the slow requests",
                LIMIT,
                () -> logout(coordinator.uri(), "").statusCode() == 400);
    }

    private static void assertInvalid(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.headers().allValues("Cache-Control")).containsExactly("no-store");
        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(response.body())
                .contains("\"error\":\"invalid_request\"", "\"error_description\":\"");
    }

    @Test
    void pageThatSignsPeopleInItselfIsTheSameForAll() {
        if (!site.isServer()) {
            return;
        }
        String origins = " https://idp.example.com https://tokens.example.com:8443";
        TokenPage.assertAssets(coordinator, origins);
        HttpResponse<String> page = TokenPage.get(coordinator, TokenPage.PATH);
        assertThat(page.statusCode()).isEqualTo(200);
        TokenPage.assertSafe(page, origins);
        assertThat(page.body())
                .contains(
                        " data-source=\"issuer\"",
                        " data-issuer=\"https://idp.example.com/realms/corp\"",
                        " data-client-id=\"trino-&quot;page&quot;&lt;x>\"",
                        " data-scope=\"openid trino\"",
                        " data-origins=\"https://idp.example.com"
                                + " https://tokens.example.com:8443\"");
        HttpResponse<String> slash = TokenPage.get(coordinator, TokenPage.PATH + "/");
        assertThat(slash.statusCode()).isEqualTo(308);
        assertThat(slash.headers().firstValue("Location"))
                .hasValue(coordinator.uri() + TokenPage.PATH);
        for (String path : List.of(TokenPage.PATH, TokenPage.ME)) {
            HttpResponse<String> overHttp = TokenPage.get(coordinator, coordinator.httpUri(), path);
            assertThat(overHttp.statusCode()).isEqualTo(403);
            assertThat(overHttp.body()).contains("HTTPS only", "process-forwarded");
            TokenPage.assertSafe(overHttp, origins);
        }
    }

    @Test
    void pageSaysWhoTheTokenIs() {
        if (!site.isServer()) {
            return;
        }
        String token = rs256(token());
        HttpResponse<String> accepted =
                TokenPage.get(coordinator, TokenPage.ME, "Authorization", "Bearer " + token);
        assertThat(accepted.statusCode()).isEqualTo(200);
        assertThat(accepted.body())
                .contains("\"accepted\":true", "\"user\":\"alice\"", "\"groups\":[]")
                .containsPattern("\"expiresAt\":\\d{10}[,}]")
                .doesNotContain(token);
        String forever = rs256(token().claim("exp", null));
        assertThat(
                        TokenPage.get(
                                        coordinator,
                                        TokenPage.ME,
                                        "Authorization",
                                        "Bearer " + forever)
                                .body())
                .contains("\"accepted\":true")
                .doesNotContain("expiresAt");
        assertThat(TokenPage.get(coordinator, TokenPage.ME).body())
                .contains("\"accepted\":false", "\"reason\":\"NO_BEARER_TOKEN\"");
        assertThat(
                        TokenPage.get(
                                        coordinator,
                                        TokenPage.ME,
                                        "Authorization",
                                        "Bearer " + token,
                                        "Sec-Fetch-Site",
                                        "cross-site")
                                .statusCode())
                .isEqualTo(403);
        TokenPage.assertIsInNoFile(coordinator, token);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void pageSaysWhyNot(Row row) {
        if (!site.isServer()) {
            return;
        }
        String token = row.token().get();
        HttpResponse<String> answer =
                TokenPage.get(coordinator, TokenPage.ME, "Authorization", "Bearer " + token);
        assertThat(answer.statusCode()).isEqualTo(200);
        TokenPage.assertSafe(answer, " https://idp.example.com https://tokens.example.com:8443");
        assertThat(answer.body())
                .contains("\"accepted\":false", "\"reason\":\"" + row.reason() + "\"");
        Matcher message = Pattern.compile("\"message\":\"(.*)\"").matcher(answer.body());
        assertThat(message.find()).isTrue();
        assertThat(message.group(1).replace("\\\"", "\"")).matches(row.sentence());
    }

    private static HttpResponse<String> logout(URI server, String form) {
        return Clients.send(
                coordinator,
                HttpRequest.newBuilder(server.resolve(LOGOUT))
                        .header("Content-Type", FORM)
                        .POST(HttpRequest.BodyPublishers.ofString(form)));
    }

    private static int status(String token) {
        return Clients.http(coordinator, "Bearer " + token).statusCode();
    }

    private static Token logoutToken() {
        return token().claim("aud", "trino-web")
                .claim("jti", UUID.randomUUID().toString())
                .claim(
                        "events",
                        Map.of("http://schemas.openid.net/event/backchannel-logout", Map.of()));
    }

    @Test
    void rejectionsAreCountedByReasonInTheMetricsOfTheCoordinator() {
        String good = "Bearer " + rs256(token());
        double before = metric(good, "JMX_io_nativejwt_NAME_Rejections_ATTRIBUTE_TOKEN_EXPIRED");
        String expired = rs256(token().expiringAt(Instant.now().minusSeconds(60)));
        for (int i = 0; i < 3; i++) {
            assertThat(Clients.get(coordinator, "/v1/query", "Bearer " + expired).statusCode())
                    .isEqualTo(401);
        }
        // The beans read the counters once a second.
        Poll.until(
                "three more expired tokens",
                LIMIT,
                () ->
                        metric(good, "JMX_io_nativejwt_NAME_Rejections_ATTRIBUTE_TOKEN_EXPIRED")
                                == before + 3);
        assertThat(metric(good, "JMX_io_nativejwt_NAME_default_TYPE_Issuer_ATTRIBUTE_Keys"))
                .isEqualTo(1);
        assertThat(metric(good, "JMX_io_nativejwt_NAME_Rejections_ATTRIBUTE_STORAGE_DENIED"))
                .isZero();
    }

    /** The value of a line of the coordinator's own metrics. */
    private static double metric(String authorization, String name) {
        HttpResponse<String> answer = Clients.get(coordinator, "/metrics", authorization);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return answer.body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("/metrics has no " + name));
    }

    @Test
    void serverLauncherServesOpenMetricsToWhoeverMayReadTheMetricsOfTheCoordinator() {
        String path = "/v1/native-jwt/metrics";
        String good = "Bearer " + rs256(token());
        HttpResponse<String> answer = Clients.get(coordinator, path, good);
        if (!site.isServer()) {
            assertThat(answer.statusCode()).isEqualTo(404);
            return;
        }
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type").orElse(""))
                .startsWith("application/openmetrics-text");
        assertThat(answer.body())
                .contains("# TYPE nativejwt_rejections counter\n")
                .contains("nativejwt_rejections_total{reason=\"TOKEN_EXPIRED\"} ")
                .contains("nativejwt_issuer_requests_total{issuer=\"default\",outcome=\"cached\"} ")
                .contains("nativejwt_verification_seconds_bucket{le=\"0.0001\"} ")
                .endsWith("# EOF\n");
        assertThat(Clients.get(coordinator, path).statusCode()).isEqualTo(401);
    }

    /** From the line in the log to the token's bearer: the three ways to the same rejection. */
    @Test
    void lineInTheLogLeadsToTheTokenThatAUserHas() {
        String kid = "k-" + UUID.randomUUID();
        String token = rs256(token().header("kid", kid).expiringAt(Instant.now().minusSeconds(60)));
        Pattern line =
                Pattern.compile(
                        "Authentication rejected: TOKEN_EXPIRED: .* \\[number=403"
                                + " issuer=\"https://idp\\.example\\.com\" kid=\"%s\""
                                        .formatted(kid)
                                + " algorithm=\"RS256\" trace=([0-9a-f]{16})( swallowed=\\d+)?]");
        // A reason has a line a second at most, so this token may have to come again.
        Poll.until(
                "the line of the token",
                LIMIT,
                () -> {
                    Clients.http(coordinator, "Bearer " + token);
                    return traceIn(line).isPresent();
                });
        String trace = traceIn(line).orElseThrow();
        Processes.Result why = NativejwtCommand.why(socket, token);
        assertThat(why.exitCode()).as(why.error()).isEqualTo(1);
        assertThat(why.output())
                .startsWith("before: rejected ")
                .contains(": TOKEN_EXPIRED\nnow: rejected in the step 'claims': JWT expired")
                .endsWith("\ntrace ID: " + trace + "\n");
        assertThat(NativejwtCommand.ctl(socket, "rejections").output())
                .contains("\"trace\":\"" + trace + "\"")
                .doesNotContain("alice");
        if (site.version().equals("476")) {
            // Trino 483 has no JMX over HTTP.
            HttpResponse<String> bean =
                    Clients.get(
                            coordinator,
                            "/v1/jmx/mbean/io.nativejwt:name=RecentRejections/Text",
                            "Bearer " + rs256(token()));
            assertThat(bean.body()).contains(trace).doesNotContain("alice");
        }
        assertThat(NativejwtCommand.why(socket, rs256(token())).output())
                .contains("\naccepted: Trino user alice\n");
    }

    /** So that a script can wait until a change counts. */
    @Test
    void whatIsInForceIsWhatTheCommandSaysOfTheFiles() {
        String file = site.isServer() ? "config.properties" : "native-jwt.properties";
        Processes.Result checked =
                NativejwtCommand.checkConfig(
                        coordinator.folder().resolve("etc").resolve(file), "--json");
        Pattern configuration =
                Pattern.compile("\"in_force\":\\{\"configuration\":\"([0-9a-f]{12})\"");
        Matcher fromFile = configuration.matcher(checked.output());
        Matcher running = configuration.matcher(NativejwtCommand.ctl(socket, "status").output());
        assertThat(fromFile.find()).as(checked.output() + checked.error()).isTrue();
        assertThat(running.find()).isTrue();
        assertThat(running.group(1)).isEqualTo(fromFile.group(1));
        assertThat(coordinator.log())
                .anyMatch(line -> line.contains("In force: configuration " + running.group(1)));
    }

    private static Optional<String> traceIn(Pattern line) {
        return coordinator.log().stream()
                .map(line::matcher)
                .filter(Matcher::find)
                .map(found -> found.group(1))
                .findFirst();
    }

    @Test
    void tokenIsRevokedByItsTraceIdAndTheMetricsSayWhatIsInForce() {
        String token = rs256(token().claim("jti", UUID.randomUUID().toString()));
        assertThat(Clients.http(coordinator, "Bearer " + token).statusCode()).isEqualTo(200);
        String why = NativejwtCommand.why(socket, token).output();
        String trace = why.substring(why.indexOf("trace ID: ") + 10).strip();
        Processes.Result revocation = NativejwtCommand.ctl(socket, "revoke", trace);
        assertThat(revocation.exitCode()).as(revocation.error()).isZero();
        assertThat(Clients.http(coordinator, "Bearer " + token).body())
                .contains("The token was revoked");
        assertThat(revoked).content().endsWith(" # trace " + trace + "\n");
        Matcher status =
                Pattern.compile("\"revocations\":\"([0-9a-f]{12})\"")
                        .matcher(NativejwtCommand.ctl(socket, "status").output());
        assertThat(status.find()).isTrue();
        double inForce = Long.parseLong(status.group(1), 16);
        String good = "Bearer " + rs256(token());
        Poll.until(
                "the fingerprint in the metrics",
                LIMIT,
                () ->
                        metric(good, "JMX_io_nativejwt_NAME_InForce_ATTRIBUTE_Revocations")
                                == inForce);
    }

    private static Token token() {
        return Token.of("alice@example.com").claim("iss", ISSUER).claim("aud", "trino");
    }

    private static String rs256(Token token) {
        return token.sign("RS256", KEYS.getPrivate());
    }

    /** The form is enough: no code gets as far as decrypting it. */
    private static String jwe() {
        String header =
                Token.encode(
                        Token.json(Map.of("alg", "RSA-OAEP-256", "enc", "A256GCM"))
                                .getBytes(UTF_8));
        byte[] bytes = new byte[256];
        return String.join(
                ".",
                header,
                Token.encode(bytes),
                Token.encode(new byte[12]),
                Token.encode(bytes),
                Token.encode(new byte[16]));
    }

    private static String withoutTimes(String sentence) {
        return sentence.replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME")
                .replaceAll("\\d+ milliseconds (ago|before)", "N milliseconds $1");
    }
}

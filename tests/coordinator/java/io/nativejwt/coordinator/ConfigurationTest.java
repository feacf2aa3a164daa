// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.util.Map.entry;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.Processes;
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
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * A configuration as one may find it: ours before OAUTH2 in the list, an identity provider that is
 * down when the coordinator starts, an address with a password, values from the environment, a
 * former name, a user mapping, properties of Trino's HTTP client.
 */
@ParameterizedClass
@EnumSource(Site.class)
final class ConfigurationTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final KeyPair KEYS = Keys.rsa();
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String DELEGATED = "DELEGATED-JWT";

    /** In the address of the keys: as it is written, and behind a reference. */
    private static final String SECRET = "s3cret";

    /**
     * Guests may not come in. Another rule takes the place of {@code %s} while the coordinator
     * runs.
     */
    private static final String CLAIM_RULES =
            """
            {
              "rules": [
                %s
                {"conditions": [{"not": {"claim": "guest", "present": true}}], "allow": true}
              ],
              "otherwise": {"allow": false, "message": "No guests here"}
            }
            """;

    private static JwksEndpoint endpoint;
    private static Path claimRules;

    private static Coordinator coordinator;
    private static Path revoked;

    @Parameter Site site;

    @BeforeParameterizedClassInvocation
    static void start(Site site) throws Exception {
        Path folder = Workspace.freshFolder("test/configuration/" + site);
        endpoint = PARTS.add(JwksEndpoint.absent());
        revoked = Files.writeString(folder.resolve("revoked"), "# nobody yet\n");
        // OAUTH2 answers 500 when its own keys cannot be fetched.
        JwksEndpoint keysOfOAuth2 =
                PARTS.add(JwksEndpoint.serving(List.of(JwksEndpoint.jwk("other", Keys.rsa()))));
        String dead = "http://127.0.0.1:1/";
        claimRules =
                Files.writeString(folder.resolve("claim-rules.json"), CLAIM_RULES.formatted(""));
        Map<String, String> jwt =
                Map.ofEntries(
                        entry(JWT + "claim-rules.file", claimRules.toString()),
                        entry(
                                JWT + "key-file",
                                "http://svc:" + SECRET + "@${ENV:NATIVEJWT_TEST_KEYS}"),
                        entry(JWT + "user-mapping.pattern", "(.*?)(?:@corp[.]example)?"),
                        entry(JWT + "clock-skew", "${ENV:NATIVEJWT_TEST_SKEW}"),
                        entry(JWT + "allowed-algorithms", "RS256,RS512"),
                        entry("http.authentication.jwt.required-audience", "trino"),
                        entry(JWT + "required-scopes", "trino"),
                        entry(JWT + "required-claims./org/tenant", "ours,partner"),
                        entry(JWT + "revocation-file", revoked.toString()),
                        entry("jwk.http-client.max-connections-per-server", "3"),
                        entry("jwk.http-client.log.enabled", "false"));
        Coordinator.Builder builder = Coordinator.in(folder);
        if (site.isServer()) {
            builder.config("web-ui.token-copy.enabled", "true");
        }
        if (site == Site.SERVER_483) {
            // Without the same type for clients.
            builder.config("web-ui.authentication.type", DELEGATED);
        }
        coordinator =
                PARTS.add(
                        builder.at(site)
                                .environment(
                                        "NATIVEJWT_TEST_KEYS",
                                        endpoint.url().replace("http://", "") + "?token=" + SECRET)
                                .environment("NATIVEJWT_TEST_SKEW", "1m")
                                .environment("NATIVEJWT_TEST_TYPE", type(site))
                                .jwt(jwt)
                                .withSessionSpy()
                                .config(
                                        "http-server.authentication.type",
                                        "${ENV:NATIVEJWT_TEST_TYPE},OAUTH2")
                                .config("http-server.authentication.oauth2.issuer", dead)
                                .config("http-server.authentication.oauth2.auth-url", dead)
                                .config("http-server.authentication.oauth2.token-url", dead)
                                .config(
                                        "http-server.authentication.oauth2.jwks-url",
                                        keysOfOAuth2.url())
                                .config("http-server.authentication.oauth2.oidc.discovery", "false")
                                .config("http-server.authentication.oauth2.client-id", "trino")
                                .config("http-server.authentication.oauth2.client-secret", "secret")
                                .start());
        assertThat(Clients.http(coordinator, "Bearer " + token("early")).body())
                .contains("signing keys", "fetched");
        endpoint.serve(List.of(JwksEndpoint.jwk("one", KEYS)));
        Poll.until(
                "the keys to be fetched",
                Duration.ofMinutes(1),
                () -> Clients.http(coordinator, "Bearer " + token("alice")).statusCode() == 200);
    }

    /** The other version has this type elsewhere: {@link SessionIdentityTest}. */
    private static String type(Site site) {
        return site == Site.SERVER_476 ? DELEGATED : site.type();
    }

    @Test
    void delegatedTypeKeepsTheCredentialForTheToken() {
        HttpResponse<String> answer =
                Clients.post(
                        coordinator,
                        "SELECT 1",
                        List.of(
                                "Authorization",
                                "Bearer " + token("alice"),
                                "X-Trino-Extra-Credential",
                                "token=x"));
        assertThat(answer.statusCode()).isEqualTo(type(site).equals(DELEGATED) ? 401 : 200);
    }

    @Test
    void clientsLogIn() throws SQLException {
        assertThat(
                        Clients.jdbc(
                                coordinator,
                                token("alice"),
                                "SELECT current_user, node_version FROM system.runtime.nodes"))
                .containsExactly("alice " + site.version());
        Processes.Result cli =
                Clients.cli(coordinator, "alice", token("alice"), "SELECT current_user");
        assertThat(cli.output()).as(cli.error()).isEqualTo("alice\n");
    }

    /** Trino's own HTTP client would fetch once more, with another user agent. */
    @Test
    void keysAreFetchedOnceAndByTheLibraryAlone() {
        assertThat(endpoint.userAgents()).singleElement().asString().startsWith("nativejwt/");
    }

    @Test
    void credentialsOfTheKeysAddressAreNowhereToBeSeen() {
        List<String> log = coordinator.log();
        assertThat(log).noneMatch(line -> line.contains(SECRET));
        assertThat(log)
                .filteredOn(line -> line.endsWith("The keys come from " + endpoint.url()))
                .singleElement()
                .asString()
                .contains("INFO");
        if (site.isServer()) {
            assertThat(log)
                    .filteredOn(line -> line.contains("native-jwt.key-file"))
                    .singleElement()
                    .asString()
                    .contains("[REDACTED]");
        }
        String systemProperties =
                Processes.runOrFail(
                                Duration.ofMinutes(1),
                                List.of(
                                        Workspace.jdkTool("jcmd"),
                                        Long.toString(coordinator.jvm().pid()),
                                        "VM.system_properties"))
                        .output();
        assertThat(systemProperties).contains("java.version").doesNotContain(SECRET);
    }

    /** Before 480 a plugin hands over one text, which is both. */
    @Test
    void eventsTellThePrincipalOfTheTokenBesideItsUser() throws Exception {
        String mark = "mark_" + Long.toHexString(System.nanoTime());
        String principal = "alice@corp.example";
        assertThat(Clients.jdbc(coordinator, token(principal), "SELECT current_user AS " + mark))
                .containsExactly("alice");
        Path events = coordinator.folder().resolve("events.json");
        Poll.until(
                "the events of a query's begin and end",
                Duration.ofSeconds(30),
                () -> eventsOf(mark, events).size() == 2);
        String shown = site == Site.PLUGIN_476 ? "alice" : principal;
        assertThat(eventsOf(mark, events))
                .allSatisfy(
                        event ->
                                assertThat(event)
                                        .contains("\"user\":\"alice\"")
                                        .contains("\"principal\":\"%s\"".formatted(shown)));
    }

    /** Those that are written to their end. */
    private static List<String> eventsOf(String mark, Path events) {
        try {
            String written = Files.exists(events) ? Files.readString(events) : "";
            return written.substring(0, written.lastIndexOf('\n') + 1)
                    .lines()
                    .filter(line -> line.contains(mark))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The plugin cannot, so that its coordinators have a user of their own there. */
    @Test
    void webUiTakesBearerTokensWithTheServerLauncher() {
        if (!site.isServer()) {
            assertThat(Clients.get(coordinator, "/ui/api/stats").statusCode()).isEqualTo(200);
            return;
        }
        assertThat(
                        Clients.get(coordinator, "/ui/api/stats", "Bearer " + token("alice"))
                                .statusCode())
                .isEqualTo(200);
        assertThat(Clients.get(coordinator, "/ui/", "Bearer " + token("alice")).statusCode())
                .isEqualTo(200);
        HttpResponse<String> rejected =
                Clients.get(coordinator, "/ui/api/stats", "Bearer " + forged("alice"));
        assertThat(rejected.statusCode()).isEqualTo(401);
        assertThat(Clients.get(coordinator, "/ui/api/stats").statusCode()).isNotEqualTo(200);
    }

    /** As a proxy in front of the web UI sends it. */
    @Test
    void pageShowsTheTokenThatOpensTheWebUi() {
        if (!site.isServer()) {
            return;
        }
        String token = token("alice");
        String[] headers = TokenPage.with(TokenPage.BY_SCRIPT, "Authorization", "Bearer " + token);
        assertThat(TokenPage.get(coordinator, TokenPage.PATH, headers).body())
                .contains("data-source=\"web-ui\"")
                .doesNotContain(token);
        HttpResponse<String> answer = TokenPage.get(coordinator, TokenPage.ME, headers);
        TokenPage.assertSafe(answer, "");
        assertThat(answer.body()).contains("\"user\":\"alice\"", "\"token\":\"" + token + "\"");
        for (String path : List.of(TokenPage.PATH, TokenPage.ME)) {
            assertThat(TokenPage.get(coordinator, path, TokenPage.BY_SCRIPT).statusCode())
                    .isEqualTo(401);
            assertThat(
                            TokenPage.get(
                                            coordinator,
                                            path,
                                            TokenPage.with(
                                                    TokenPage.BY_SCRIPT,
                                                    "Authorization",
                                                    "Bearer " + forged("alice")))
                                    .statusCode())
                    .isEqualTo(401);
        }
        TokenPage.assertIsInNoFile(coordinator, token);
    }

    @Test
    void ownPropertiesAndFormerNamesCount() {
        String withoutAudience =
                Token.of("alice").header("kid", "one").sign("RS256", KEYS.getPrivate());
        assertThat(Clients.http(coordinator, "Bearer " + withoutAudience).body())
                .contains("Expected aud claim to be: trino");
        String otherAlgorithm =
                Token.of("alice").header("kid", "one").sign("RS384", KEYS.getPrivate());
        assertThat(Clients.http(coordinator, "Bearer " + otherAlgorithm).statusCode())
                .isEqualTo(401);
        String justExpired =
                base("alice")
                        .expiringAt(java.time.Instant.now().minusSeconds(20))
                        .sign("RS256", KEYS.getPrivate());
        HttpResponse<String> answer = Clients.http(coordinator, "Bearer " + justExpired);
        if (type(site).equals(DELEGATED)) {
            assertThat(answer.body()).contains("connectors that get it allow no clock skew");
        } else {
            assertThat(answer.statusCode()).isEqualTo(200);
        }
    }

    @Test
    void scopesAndClaimsAreRequired() {
        String withoutScope =
                base("alice").claim("scope", "openid").sign("RS256", KEYS.getPrivate());
        assertThat(Clients.http(coordinator, "Bearer " + withoutScope).body())
                .contains("The token lacks the scope 'trino'");
        String otherTenant =
                base("alice")
                        .claim("org", Map.of("tenant", "theirs"))
                        .sign("RS256", KEYS.getPrivate());
        assertThat(Clients.http(coordinator, "Bearer " + otherTenant).body())
                .contains(
                        "The claim '/org/tenant' is 'theirs', which is not a value that is"
                                + " required");
    }

    /** The tokens are cached, and are no longer accepted within 5 seconds. */
    @Test
    void revokedUserIsShutOutWhileTheCoordinatorRuns() throws IOException {
        String mallory = "Bearer " + token("mallory");
        assertThat(Clients.http(coordinator, mallory).statusCode()).isEqualTo(200);
        Path next = Files.writeString(revoked.resolveSibling("revoked.new"), "sub=mallory\n");
        Files.move(next, revoked, ATOMIC_MOVE);
        Duration waited =
                Poll.until(
                        "the entry to count",
                        Duration.ofSeconds(30),
                        () -> Clients.http(coordinator, mallory).statusCode() == 401);
        assertThat(waited).isLessThan(Duration.ofSeconds(6));
        assertThat(Clients.http(coordinator, mallory).body()).contains("The token was revoked");
        assertThat(Clients.http(coordinator, "Bearer " + token("alice")).statusCode())
                .isEqualTo(200);
        Poll.until(
                "the log to name the number of entries",
                Duration.ofSeconds(10),
                () ->
                        coordinator.log().stream()
                                .anyMatch(line -> line.contains("1 entry is in force")));
    }

    @Test
    void claimRulesRejectAndReload() throws IOException {
        String guest = base("alice").claim("guest", true).sign("RS256", KEYS.getPrivate());
        HttpResponse<String> rejected = Clients.http(coordinator, "Bearer " + guest);
        assertThat(rejected.statusCode()).isEqualTo(401);
        assertThat(rejected.body()).contains("No guests here");
        String gone = "Bearer " + token("gone");
        assertThat(Clients.http(coordinator, gone).statusCode()).isEqualTo(200);
        String rule =
                """
                {"conditions": [{"claim": "sub", "equals": "gone"}], "allow": false, "message": "You left"},
                """;
        Files.writeString(claimRules, CLAIM_RULES.formatted(rule));
        Poll.until(
                "the new rule to be in use",
                Duration.ofSeconds(10),
                () -> Clients.http(coordinator, gone).body().contains("You left"));
        Poll.until(
                "the change in the log",
                Duration.ofSeconds(10),
                () ->
                        coordinator.log().stream()
                                .anyMatch(
                                        line ->
                                                line.contains("The file of claim rules")
                                                        && line.contains(
                                                                "has changed and is in use")));
        Files.writeString(claimRules, CLAIM_RULES.formatted("{},"));
        Poll.until(
                "the broken rule to be reported",
                Duration.ofSeconds(10),
                () ->
                        coordinator.log().stream()
                                .anyMatch(line -> line.contains("line 3: rule 1 has no allow")));
        assertThat(Clients.http(coordinator, gone).body()).contains("You left");
    }

    @Test
    void propertiesOfTrinosClientWithoutEffectAreLogged() {
        for (String name : List.of("max-connections-per-server", "log.enabled")) {
            assertThat(coordinator.log())
                    .filteredOn(line -> line.contains("jwk.http-client." + name + " has no effect"))
                    .singleElement()
                    .asString()
                    .contains("WARN");
        }
    }

    @Test
    void everyAuthenticatorOfTheListChallenges() {
        List<String> challenges = Clients.http(coordinator).headers().allValues("WWW-Authenticate");
        assertThat(challenges).hasSize(site.isServer() ? 2 : 1);
        assertThat(challenges.getLast())
                .startsWith("Bearer x_redirect_server=\"https://")
                .contains("x_token_server=\"https://");
        List<String> ofARejection =
                Clients.http(coordinator, "Bearer opaque").headers().allValues("WWW-Authenticate");
        assertThat(ofARejection.getLast()).startsWith("Bearer x_redirect_server=");
        if (site.isServer()) {
            String ours = "Bearer realm=\"Trino\", token_type=\"JWT\"";
            assertThat(challenges.getFirst()).isEqualTo(ours);
            assertThat(ofARejection.getFirst())
                    .isEqualTo(
                            ours
                                    + ", error=\"invalid_token\","
                                    + " error_description=\"malformed token\"");
        }
    }

    /** The driver finds its way among the challenges, and then waits for a browser. */
    @Test
    void driverReadsTheChallengeThatIsForIt() {
        Properties external = new Properties();
        external.setProperty("user", "alice");
        external.setProperty("externalAuthentication", "true");
        external.setProperty("externalAuthenticationTimeout", "1s");
        external.setProperty("externalAuthenticationRedirectHandlers", "PRINT");
        PrintStream console = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, UTF_8));
        try {
            assertThatThrownBy(() -> Clients.query(coordinator, external, "SELECT 1"))
                    .isInstanceOf(SQLException.class)
                    .hasMessage("Authentication failed: Unauthorized");
        } finally {
            System.setOut(console);
        }
        assertThat(printed.toString(UTF_8))
                .contains("Please go to")
                .contains(coordinator.uri() + "/oauth2/token/initiate/");
    }

    private static Token base(String user) {
        return Token.of(user)
                .header("kid", "one")
                .claim("aud", "trino")
                .claim("scope", "openid trino")
                .claim("org", Map.of("tenant", "ours"));
    }

    private static String token(String user) {
        return base(user).sign("RS256", KEYS.getPrivate());
    }

    private static String forged(String user) {
        return base(user).sign("RS256", Keys.rsa().getPrivate());
    }
}

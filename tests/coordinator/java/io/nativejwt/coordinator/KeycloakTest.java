// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A day in the life of two realms of a real Keycloak, each an issuer of its own: absent at first,
 * then there, logging a user out, rotating, forgetting a key, gone, and back. One Keycloak and one
 * coordinator live through it, so the tests run in this order.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class KeycloakTest {
    private static final String LAKE = "lake";
    private static final String PARTNER = "partner";
    private static final String PREFIX = "http-server.authentication.jwt.";
    private static final String CLIENT = "trino-cli";
    private static final String LOGOUT = "/v1/native-jwt/backchannel-logout";
    private static final String WHO = "SELECT current_user";
    private static final Duration REFRESH_INTERVAL = Duration.ofSeconds(10);

    /** The longest pause between two attempts while no keys are there. */
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);

    /** The same while the keys of before are in use. */
    private static final Duration LONGEST_RETRY_WITH_KEYS = Duration.ofSeconds(60);

    /** What a busy machine may add: a login by JDBC, a fetch, a line in the log. */
    private static final Duration SLACK = Duration.ofSeconds(20);

    private static Keycloak keycloak;
    private static Coordinator coordinator;
    private static String aliceBefore;
    private static String aliceAfter;
    private static String partnersBob;

    /** Tokens of sessions that have ended. */
    private static final List<String> loggedOut = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        Path folder = Workspace.freshFolder("test/keycloak");
        keycloak =
                Keycloak.prepare(
                        Files.createDirectories(folder.resolve("keycloak")), LAKE, PARTNER);
        Path rules =
                Files.writeString(
                        folder.resolve("partner.json"),
                        """
                        {"rules": [{"pattern": "(.+)", "user": "partner-$1"}]}
                        """);

        // Discovery for the one, and all that the built-in authenticator needs for the other.
        Path lake =
                issuer(
                        folder,
                        LAKE,
                        Map.of(
                                "key-file",
                                "oidc:" + keycloak.issuer(LAKE),
                                "required-audience",
                                "account"));
        Path partner =
                issuer(
                        folder,
                        PARTNER,
                        Map.of(
                                "key-file",
                                keycloak.certificates(PARTNER),
                                "required-issuer",
                                keycloak.issuer(PARTNER),
                                "user-mapping.file",
                                rules.toString()));
        coordinator =
                Coordinator.in(folder)
                        .through(Integration.SERVER)
                        .jwt(
                                Map.of(
                                        PREFIX + "config-files",
                                        lake + "," + partner,
                                        PREFIX + "backchannel-logout.client-id",
                                        CLIENT,
                                        PREFIX + "backchannel-logout.file",
                                        folder.resolve("logouts").toString()))
                        .start();
        keycloak.trust(coordinator.tls().certificatePem());
    }

    private static Path issuer(Path folder, String realm, Map<String, String> properties)
            throws Exception {
        Map<String, String> all = new LinkedHashMap<>(properties);
        all.put("principal-field", "preferred_username");
        all.put("jwks.refresh-interval", REFRESH_INTERVAL.toSeconds() + "s");
        // Two seconds are enough for users, but not for a Keycloak on a busy machine.
        all.put("jwks.unknown-kid-wait", "10s");
        all.put("jwks.cache-file", folder.resolve(realm + ".jwks").toString());
        return Files.write(
                folder.resolve(realm + ".properties"),
                all.entrySet().stream()
                        .map(entry -> PREFIX + entry.getKey() + "=" + entry.getValue())
                        .toList());
    }

    @AfterAll
    static void stop() {
        if (coordinator != null) {
            coordinator.close();
        }
        if (keycloak != null) {
            keycloak.close();
        }
    }

    @Test
    @Order(1)
    void coordinatorStartsWithoutKeycloakAndSaysWhyTokensAreRejected() {
        String token =
                Token.of("alice")
                        .claim("iss", keycloak.issuer(LAKE))
                        .sign("RS256", Keys.rsa().getPrivate());
        assertThatThrownBy(() -> Clients.jdbc(coordinator, token, WHO))
                .hasMessageContaining(
                        "Authentication failed: The signing keys could not be fetched");
        awaitLog("WARN", keycloak.issuer(LAKE), "tokens are rejected until it succeeds");
        awaitLog("WARN", keycloak.issuer(PARTNER), "tokens are rejected until it succeeds");
        awaitLog("WARN", keycloak.issuer(PARTNER), "without encryption");
    }

    @Test
    @Order(2)
    void usersGetInSoonAfterKeycloakCameUp() {
        keycloak.start();
        aliceBefore = keycloak.userToken(LAKE, "alice");
        Duration waited =
                untilAccepted("Keycloak's keys", aliceBefore, "alice", LONGEST_RETRY.plus(SLACK));
        print("start of Keycloak to first login", waited);
        awaitLog("INFO", keycloak.issuer(LAKE), "works again");
        // The other realm's keys have pauses of their own between attempts.
        partnersBob = keycloak.userToken(PARTNER, "bob");
        untilAccepted("the partner's keys", partnersBob, "partner-bob", LONGEST_RETRY.plus(SLACK));
    }

    @Test
    @Order(3)
    void peopleAndProgramsOfBothRealmsLogIn() throws SQLException {
        assertUser("alice", aliceBefore);
        assertUser("bob", keycloak.userToken(LAKE, "bob"));
        assertUser("service-account-etl", keycloak.serviceToken(LAKE));
        assertUser("partner-bob", partnersBob);
        assertUser("partner-service-account-etl", keycloak.serviceToken(PARTNER));
    }

    @Test
    @Order(4)
    void tokenOfAnotherRealmIsRejected() {
        assertThatThrownBy(() -> Clients.jdbc(coordinator, keycloak.foreignToken(), WHO))
                .hasMessageContaining("Authentication failed: ")
                .hasMessageContaining("/realms/master");
        awaitLog("UNKNOWN_ISSUER");
    }

    /** Keycloak sends the logout token to a server of the test, which then hands it on. */
    @Test
    @Order(5)
    void logoutTokenEndsTheUsersSessionAndLogsNobodyIn() throws Exception {
        keycloak.logOut(LAKE, "bob");
        String bob = keycloak.userToken(LAKE, "bob");
        assertUser("bob", bob);
        String form = logoutOfBob();
        String logoutToken = form.substring(form.indexOf('=') + 1);
        assertUser("bob", bob);
        assertThatThrownBy(() -> Clients.jdbc(coordinator, logoutToken, WHO))
                .hasMessageStartingWith("Authentication failed: ");

        HttpResponse<String> done = postLogout(form);
        assertThat(done.statusCode()).as(done.body()).isEqualTo(200);
        assertThat(done.body()).isEmpty();
        assertThat(accepted(bob, "bob")).isFalse();
        assertUser("alice", aliceBefore);
        assertUser("partner-bob", partnersBob);
        assertThat(postLogout(form).statusCode()).as("a second time").isEqualTo(400);
        assertThat(String.join("\n", coordinator.log()))
                .doesNotContain(logoutToken.substring(0, logoutToken.indexOf('.')));
        loggedOut.add(bob);
    }

    @Test
    @Order(6)
    void tokenIsRejectedSoonAfterKeycloakLoggedItsUserOut() throws SQLException {
        keycloak.sendLogoutTokens(LAKE, CLIENT, coordinator.uri().resolve(LOGOUT));
        String bob = keycloak.userToken(LAKE, "bob");
        assertUser("bob", bob);
        keycloak.logOut(LAKE, "bob");
        Duration waited = Poll.until("the end of the session", SLACK, () -> !accepted(bob, "bob"));
        print("logout in Keycloak to last request", waited);
        awaitLog("INFO", "Back-channel logout carried out");
        assertUser("alice", aliceBefore);
        assertUser("bob", keycloak.userToken(LAKE, "bob"));
        loggedOut.add(bob);
    }

    private static String logoutOfBob() throws Exception {
        BlockingQueue<String> forms = new LinkedBlockingQueue<>();
        HttpServer receiver =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext(
                "/",
                exchange -> {
                    forms.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
        receiver.start();
        try {
            URI url = URI.create("http://127.0.0.1:" + receiver.getAddress().getPort() + "/");
            keycloak.sendLogoutTokens(LAKE, CLIENT, url);
            keycloak.logOut(LAKE, "bob");
            String form = forms.poll(SLACK.toSeconds(), TimeUnit.SECONDS);
            assertThat(form).startsWith("logout_token=");
            return form;
        } finally {
            receiver.stop(0);
        }
    }

    private static HttpResponse<String> postLogout(String form) {
        return Clients.send(
                coordinator,
                HttpRequest.newBuilder(coordinator.uri().resolve(LOGOUT))
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(form)));
    }

    @Test
    @Order(7)
    void firstTokenOfANewKeyIsAccepted() throws SQLException {
        keycloak.rotate(LAKE);
        long rotated = System.nanoTime();
        aliceAfter = keycloak.userToken(LAKE, "alice");
        assertThat(Keycloak.kid(aliceAfter)).isNotEqualTo(Keycloak.kid(aliceBefore));
        // Not a second attempt: the first login already waits for the new key.
        assertUser("alice", aliceAfter);
        Duration taken = Duration.ofNanos(System.nanoTime() - rotated);
        print("rotation to first login", taken);
        assertThat(taken).isLessThan(SLACK);
        assertUser("alice", aliceBefore);
        awaitLog(
                "INFO", keycloak.issuer(LAKE), "changed: added '" + Keycloak.kid(aliceAfter) + "'");
    }

    @Test
    @Order(8)
    void tokensOfARemovedKeyEndWithTheNextRefresh() throws SQLException {
        keycloak.removeKey(LAKE, Keycloak.kid(aliceBefore));
        Duration waited =
                Poll.until(
                        "the removed key's end",
                        REFRESH_INTERVAL.plus(SLACK),
                        () -> !accepted(aliceBefore, "alice"));
        print("removed key to last login", waited);
        assertThatThrownBy(() -> Clients.jdbc(coordinator, aliceBefore, WHO))
                .hasMessageContaining("Authentication failed: Unknown signing key ID");
        assertUser("alice", aliceAfter);
        awaitLog(
                "INFO",
                keycloak.issuer(LAKE),
                "changed: removed '" + Keycloak.kid(aliceBefore) + "'");
    }

    @Test
    @Order(9)
    void usersKeepWorkingWhileKeycloakIsStopped() throws SQLException {
        keycloak.stop();
        assertUser("alice", aliceAfter);
        assertUser("partner-bob", partnersBob);
    }

    @Test
    @Order(10)
    void usersKeepWorkingWhenTheCoordinatorStartsWhileKeycloakIsStopped() throws SQLException {
        coordinator = coordinator.restart();
        assertUser("alice", aliceAfter);
        assertUser("partner-bob", partnersBob);
        assertThatThrownBy(() -> Clients.jdbc(coordinator, aliceBefore, WHO))
                .hasMessageContaining("Unknown signing key ID");
        for (String token : loggedOut) {
            assertThat(accepted(token, "bob")).isFalse();
        }
        awaitLog("INFO", "from the cache file", keycloak.issuer(LAKE));
        awaitLog("WARN", keycloak.issuer(LAKE), "stay in use until");
    }

    @Test
    @Order(11)
    void comingBackIsLogged() throws SQLException {
        keycloak.start();
        assertUser("alice", keycloak.userToken(LAKE, "alice"));
        Poll.until(
                "a refresh",
                LONGEST_RETRY_WITH_KEYS.plus(SLACK),
                () -> logHolds("INFO", keycloak.issuer(LAKE), "works again"));
    }

    private static void assertUser(String user, String token) throws SQLException {
        assertThat(Clients.jdbc(coordinator, token, WHO)).containsExactly(user);
    }

    private static Duration untilAccepted(String what, String token, String user, Duration limit) {
        return Poll.until(what, limit, () -> accepted(token, user));
    }

    private static boolean accepted(String token, String user) {
        try {
            return Clients.jdbc(coordinator, token, WHO).equals(List.of(user));
        } catch (SQLException e) {
            assertThat(e.getMessage()).startsWith("Authentication failed: ");
            return false;
        }
    }

    /** Events reach the log within a second. */
    private static void awaitLog(String... parts) {
        Poll.until("a line with " + List.of(parts), SLACK, () -> logHolds(parts));
    }

    private static boolean logHolds(String... parts) {
        return coordinator.log().stream()
                .anyMatch(line -> List.of(parts).stream().allMatch(line::contains));
    }

    private static void print(String what, Duration duration) {
        System.out.printf(Locale.ROOT, "%s: ours %.1f s%n", what, duration.toMillis() / 1e3);
    }
}

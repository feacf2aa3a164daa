// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * What a session gets of the token beyond its user: groups, and the token itself for connectors. A
 * plugin of the harness looks at the session from inside the coordinator.
 */
@ParameterizedClass
@EnumSource(
        value = Site.class,
        names = {"PLUGIN_483", "SERVER_476", "SERVER_483"})
final class SessionIdentityTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final KeyPair KEYS = Keys.ec("secp256r1");
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String GROUPS = "SELECT array_join(array_sort(current_groups()), ' ')";
    private static final String TOKEN = "SELECT extra_credential('token')";
    private static final String NODES = "SELECT count(*) FROM system.runtime.nodes";

    /** Only the group and carol may read the nodes; alice and bob may take each other's place. */
    private static final String RULES =
            """
            {
              "tables": [
                {"catalog": "spy", "privileges": ["SELECT"]},
                {"catalog": "system", "table": "(?!nodes$).*", "privileges": ["SELECT"]},
                {
                  "catalog": "system",
                  "schema": "runtime",
                  "table": "nodes",
                  "group": "analysts",
                  "privileges": ["SELECT"]
                },
                {"user": "carol", "privileges": ["SELECT", "GRANT_SELECT"]}
              ],
              "impersonation": [
                {"original_user": "alice", "new_user": "bob|svc-etl"},
                {"original_user": "bob", "new_user": "alice"}
              ]
            }
            """;

    /** Decide about tokens of services only. */
    private static final String CLAIM_RULES =
            """
            {
              "rules": [
                {
                  "conditions": [{"claim": "service", "equals": "old"}],
                  "allow": false,
                  "message": "This service is retired"
                },
                {
                  "conditions": [{"claim": "service", "present": true}],
                  "allow": true,
                  "user": {"claim": "service", "pattern": "app-(.+)", "user": "service_$1"},
                  "groups": {"claim": "rights", "pattern": "trino:(.+)", "group": "$1"}
                }
              ],
              "otherwise": {"allow": true}
            }
            """;

    /** Extra credentials as clients may write them, all meant for the name {@code token}. */
    private static final List<String> FORGERIES =
            List.of("token=x", " token = x", "TOKEN=x", "a=b,token=x");

    private static Path folder;
    private static Coordinator coordinator;

    @Parameter private Site site;

    @BeforeParameterizedClassInvocation
    static void start(Site site) throws Exception {
        folder = Workspace.freshFolder("test/session-identity/" + site);
        Path rules = Files.writeString(folder.resolve("rules.json"), RULES);
        Path accessControl =
                Files.writeString(
                        folder.resolve("access-control.properties"),
                        "access-control.name=file\nsecurity.config-file=" + rules);
        Coordinator.Builder builder = Coordinator.in(folder).at(site);
        Map<String, String> jwt = new HashMap<>();
        jwt.put(
                JWT + "key-file",
                Files.writeString(folder.resolve("key.pem"), Keys.publicPem(KEYS)).toString());
        jwt.put(JWT + "groups-field", "/https:~1~1corp~1groups");
        jwt.put(JWT + "groups-delimiter", "comma");
        Path claimRules = Files.writeString(folder.resolve("claim-rules.json"), CLAIM_RULES);
        jwt.put(JWT + "claim-rules.file", claimRules.toString());
        jwt.put(JWT + "pass-through.minimum-lifetime", "2m");
        if (site == Site.SERVER_483) {
            jwt.put("http-server.authentication.type", "delegated-jwt");
        } else {
            jwt.put(JWT + "pass-through.credential-name", "token");
        }
        builder.jwt(jwt);
        if (!site.isServer()) {
            // One more of ours, for other tokens, which passes nothing through.
            builder.authenticator(
                    "second",
                    Map.of(
                            JWT + "key-file",
                            jwt.get(JWT + "key-file"),
                            JWT + "required-audience",
                            "second"));
        }
        coordinator =
                PARTS.add(
                        builder.config("access-control.config-files", accessControl.toString())
                                .config("protocol.v1.alternate-header-name", "Presto")
                                .withSessionSpy()
                                .logLevel("io.trino", "DEBUG")
                                .logLevel("io.airlift", "DEBUG")
                                .logLevel("io.nativejwt", "DEBUG")
                                .start());
    }

    @Test
    void groupsOfTheTokenAreTheUsers() throws SQLException {
        assertThat(as("alice", List.of("etl", "analysts"), GROUPS)).containsExactly("analysts etl");
        assertThat(as("alice", "etl,data people", GROUPS)).containsExactly("data people etl");
        assertThat(as("alice", "etl analysts", "SELECT cardinality(current_groups())"))
                .containsExactly("1");
        assertThat(as("alice", null, GROUPS)).containsExactly("");
    }

    @Test
    void claimRuleSetsUserAndGroups() throws SQLException {
        Token service =
                Token.of("alice")
                        .claim("service", "app-etl")
                        .claim("https://corp/groups", "staff")
                        .claim("rights", List.of("trino:analysts", "other:x", "trino:batch"));
        String token = service.sign("ES256", KEYS.getPrivate());
        assertThat(Clients.jdbc(coordinator, token, "SELECT current_user"))
                .containsExactly("service_etl");
        assertThat(Clients.jdbc(coordinator, token, GROUPS)).containsExactly("analysts batch");
        assertThat(Clients.jdbc(coordinator, token, NODES)).containsExactly("1");
    }

    @Test
    void claimRuleRejectsWithItsMessage() {
        String token = Token.of("alice").claim("service", "old").sign("ES256", KEYS.getPrivate());
        assertThatThrownBy(() -> Clients.jdbc(coordinator, token, "SELECT 1"))
                .hasMessageContaining("This service is retired");
        String withoutPrefix =
                Token.of("alice").claim("service", "etl").sign("ES256", KEYS.getPrivate());
        assertThatThrownBy(() -> Clients.jdbc(coordinator, withoutPrefix, "SELECT 1"))
                .hasMessageContaining("which the pattern of the rule does not match");
    }

    @Test
    void claimWithoutGroupsIsRejected() {
        assertThatThrownBy(() -> as("alice", 7, GROUPS))
                .hasMessageContaining("must be a string or an array, but is a number");
    }

    @Test
    void accessControlSeesThem() throws SQLException {
        assertThat(as("alice", "analysts", NODES)).containsExactly("1");
        assertThatThrownBy(() -> as("alice", "etl", NODES)).hasMessageContaining("Access Denied");
        assertThatThrownBy(() -> as("alice", null, NODES)).hasMessageContaining("Access Denied");
    }

    @Test
    void sessionOfAnotherUserHasNone() throws SQLException {
        assertThat(asUser("bob", "SELECT current_user")).containsExactly("bob");
        assertThat(asUser("bob", GROUPS)).containsExactly("");
        assertThatThrownBy(() -> asUser("bob", NODES)).hasMessageContaining("Access Denied");
        assertThat(asUser("alice", GROUPS)).as("one's own name").containsExactly("analysts");
    }

    /** With the alternate header, which the coordinator takes in place of its own. */
    @Test
    void sessionOfAnotherUserByAnotherHeaderHasNone() {
        assertThat(queryAs("X-Presto-User", " alice ")).contains("analysts");
        for (String header : List.of("X-Trino-User", "X-Presto-User", "x-presto-user")) {
            assertThat(queryAs(header, "bob")).contains("bob").doesNotContain("analysts");
        }
        assertThat(queryAs("X-Trino-Original-User", "bob")).doesNotContain("analysts");
    }

    @Test
    void connectorsGetTheTokenOfTheCaller() throws SQLException {
        for (String user : List.of("alice", "bob")) {
            String token = token(user, null);
            assertThat(Clients.jdbc(coordinator, token, TOKEN)).containsExactly(token);
        }
        String token = token("alice", null);
        assertThat(
                        Clients.statement(
                                coordinator, TOKEN, Map.of("Authorization", "bearer  " + token)))
                .isEqualTo("\"%s\"".formatted(token));
    }

    @Test
    void clientThatSetsTheCredentialItselfIsRejected() throws SQLException {
        for (String header : List.of("X-Trino-Extra-Credential", "X-Presto-Extra-Credential")) {
            for (String forgery : FORGERIES) {
                HttpResponse<String> answer = withCredential(header, forgery);
                assertThat(answer.statusCode()).as(header + ": " + forgery).isEqualTo(401);
                assertThat(answer.body())
                        .contains("extra credential that is reserved for the token");
            }
            assertThat(withCredential(header, "a=b", "token=x").statusCode())
                    .as("a second line")
                    .isEqualTo(401);
            assertThat(withCredential(header, "tokens=x").statusCode()).isEqualTo(200);
        }
        // Whatever a coordinator makes of such bytes, it does not take them for the name.
        assertThat(
                        Clients.statement(
                                coordinator,
                                "SELECT coalesce(extra_credential('token'), 'none')",
                                Map.of(
                                        "Authorization",
                                        "Bearer " + token("alice", null),
                                        "X-Trino-Extra-Credential",
                                        "\u00b7token=x")))
                .startsWith("\"eyJ");
        assertThatThrownBy(() -> withExtraCredentials("token:x"))
                .hasMessageContaining("extra credential that is reserved for the token");
        assertThat(withExtraCredentials("other:x"))
                .as("other credentials are the client's own")
                .hasSize(1)
                .first()
                .asString()
                .startsWith("eyJ");
    }

    /** What one authenticator of the list rejects, the next one must not accept. */
    @Test
    void credentialIsKeptForTheTokenInEveryAuthenticatorOfOurs() {
        String token = Token.of("svc-etl").claim("aud", "second").sign("ES256", KEYS.getPrivate());
        List<String> headers = List.of("Authorization", "Bearer " + token);
        assertThat(Clients.post(coordinator, "SELECT 1", headers).statusCode())
                .as("only the second one of the plugin takes users with a hyphen")
                .isEqualTo(site.isServer() ? 401 : 200);
        List<String> forged =
                Stream.concat(
                                headers.stream(),
                                Stream.of("X-Presto-Extra-Credential", "a=b, Token=forged"))
                        .toList();
        assertThat(Clients.post(coordinator, "SELECT 1", forged).statusCode()).isEqualTo(401);
    }

    @Test
    void sessionOfAnotherUserDoesNotGetTheToken() throws SQLException {
        assertThat(asUser("alice", TOKEN).getFirst()).startsWith("eyJ");
        assertThat(asUser("bob", TOKEN)).containsExactly("null");
        String sql = "SELECT coalesce(extra_credential('token'), 'none')";
        for (String header :
                List.of(
                        "X-Trino-User",
                        "X-Presto-User",
                        "x-presto-user",
                        "X-Trino-Original-User")) {
            assertThat(queryAs(header, "bob", sql)).as(header).isEqualTo("\"none\"");
            assertThat(queryAs(header, " alice ", sql)).as(header).startsWith("\"eyJ");
        }
    }

    /** Functions in a view see the session of the caller, whichever user the view runs as. */
    @Test
    void functionsInAViewSeeTheCaller() throws SQLException {
        for (String owner : List.of("carol", "alice", "invoker")) {
            assertThat(as("alice", "analysts", "SELECT * FROM spy.views.session_of_" + owner))
                    .hasSize(1)
                    .first()
                    .asString()
                    .startsWith("alice analysts eyJ");
        }
    }

    /** Tables are read as the owner of the view: without the groups of a token, also his own. */
    @Test
    void viewReadsTablesAsItsOwnerWithoutTheGroupsOfTheToken() throws SQLException {
        String nodes = "SELECT * FROM spy.views.nodes_of_";
        assertThat(as("alice", "analysts", nodes + "invoker")).containsExactly("active");
        assertThatThrownBy(() -> as("alice", null, nodes + "invoker"))
                .hasMessageContaining("Access Denied");
        assertThat(as("alice", null, nodes + "carol")).containsExactly("active");
        assertThatThrownBy(() -> as("alice", "analysts", nodes + "alice"))
                .hasMessageContaining("Access Denied");
    }

    /** As on a coordinator that has never heard of it. */
    @Test
    void pageForTokensThatIsNotConfiguredDoesNotExist() {
        for (String path : List.of("", "/me", "/page.js", "/page.css", "/other")) {
            assertThat(
                            Clients.get(
                                            coordinator,
                                            TokenPage.PATH + path,
                                            "Bearer " + token("alice", null))
                                    .statusCode())
                    .as(path)
                    .isEqualTo(404);
        }
    }

    @Test
    void tokenThatExpiresTooSoonIsRejected() throws SQLException {
        Instant now = Instant.now();
        assertThatThrownBy(() -> Clients.jdbc(coordinator, token(now.plusSeconds(60)), "SELECT 1"))
                .hasMessageContaining("The token expires in ")
                .hasMessageContaining("must be valid for 120000:");
        assertThat(Clients.jdbc(coordinator, token(now.plusSeconds(600)), "SELECT 1"))
                .containsExactly("1");
    }

    @Test
    void userWhomACatalogCouldTakeForAnotherIsRejected() {
        assertThatThrownBy(() -> as("svc-etl", null, "SELECT 1"))
                .hasMessageContaining("The user 'svc-etl' contains a hyphen");
        assertThatThrownBy(() -> asUser("svc-etl", "SELECT 1"))
                .hasMessageContaining("The session's user contains a hyphen");
    }

    /** Each place is shown to hold the query, so that it would hold the token as well. */
    @Test
    void tokenIsNowhereToBeSeen() throws Exception {
        String mark = "mark_" + Long.toHexString(System.nanoTime());
        String token =
                Token.of("alice")
                        .claim("jti", mark)
                        .claim("https://corp/groups", "analysts")
                        .sign("ES256", KEYS.getPrivate());
        String sql = "SELECT length(extra_credential('token')) AS " + mark;
        assertThat(Clients.jdbc(coordinator, token, sql))
                .containsExactly(Integer.toString(token.length()));
        Map<String, String> places = new LinkedHashMap<>();
        places.put("system tables", systemTables(token));
        places.put("/v1/query", body("/v1/query", token));
        places.put("/v1/query/ID", body("/v1/query/" + queryId(mark, token), token));
        places.put("/ui/api/query", body("/ui/api/query", token));
        places.put("/ui/api/query/ID", body("/ui/api/query/" + queryId(mark, token), token));
        Path events = folder.resolve("events.json");
        Poll.until(
                "the events of a query's begin and end",
                Duration.ofSeconds(30),
                () -> read(events).lines().filter(line -> line.contains(mark)).count() >= 2);
        places.put("events", Files.readString(events));
        places.put("the coordinator's log", String.join("\n", coordinator.log()));
        places.forEach(
                (place, text) -> {
                    assertThat(text.contains(mark)).as(place + " holds the query").isTrue();
                    assertHoldsNothingOf(token, place, text);
                });
        int files = 0;
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                assertHoldsNothingOf(token, file.toString(), read(file));
                files++;
            }
        }
        assertThat(files).isGreaterThan(5);
    }

    /** Of no part of it, each of which is a secret's half or tells of a person. */
    private static void assertHoldsNothingOf(String token, String place, String text) {
        String[] parts = token.split("\\.");
        assertThat(text.contains(parts[1])).as("payload in " + place).isFalse();
        assertThat(text.contains(parts[2])).as("signature in " + place).isFalse();
    }

    /** Every row of every table of the catalog {@code system}. */
    private static String systemTables(String token) throws SQLException {
        StringBuilder text = new StringBuilder();
        for (String table :
                Clients.jdbc(
                        coordinator,
                        token,
                        "SELECT table_schema || '.' || table_name FROM"
                                + " system.information_schema.tables WHERE table_schema NOT IN"
                                + " ('information_schema', 'jdbc')")) {
            Clients.jdbc(coordinator, token, "SELECT * FROM system." + table)
                    .forEach(row -> text.append(row).append('\n'));
        }
        return text.toString();
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file, ISO_8859_1) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String queryId(String mark, String token) throws SQLException {
        return Clients.jdbc(
                        coordinator,
                        token,
                        "SELECT query_id FROM system.runtime.queries"
                                + " WHERE strpos(query, 'mark_' || '%s') > 0"
                                        .formatted(mark.replace("mark_", "")))
                .getFirst();
    }

    private static String body(String path, String token) {
        HttpResponse<String> answer = Clients.get(coordinator, path, "Bearer " + token);
        assertThat(answer.statusCode()).as(path).isEqualTo(200);
        return answer.body();
    }

    private static HttpResponse<String> withCredential(String header, String... lines) {
        return Clients.post(
                coordinator,
                "SELECT 1",
                Stream.concat(
                                Stream.of("Authorization", "Bearer " + token("alice", null)),
                                Stream.of(lines).flatMap(line -> Stream.of(header, line)))
                        .toList());
    }

    private static List<String> withExtraCredentials(String credentials) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("accessToken", token("alice", null));
        properties.setProperty("extraCredentials", credentials);
        return Clients.query(coordinator, properties, TOKEN);
    }

    private static List<String> as(String user, Object groups, String sql) throws SQLException {
        return Clients.jdbc(coordinator, token(user, groups), sql);
    }

    private static List<String> asUser(String sessionUser, String sql) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("accessToken", token("alice", "analysts"));
        properties.setProperty("user", sessionUser);
        return Clients.query(coordinator, properties, sql);
    }

    /** The user and the groups of a session that a header asks for. */
    private static String queryAs(String header, String user) {
        return queryAs(
                header, user, "SELECT current_user || ' ' || array_join(current_groups(), ' ')");
    }

    private static String queryAs(String header, String user, String sql) {
        return Clients.statement(
                coordinator,
                sql,
                Map.of("Authorization", "Bearer " + token("alice", "analysts"), header, user));
    }

    private static String token(String user, Object groups) {
        return Token.of(user).claim("https://corp/groups", groups).sign("ES256", KEYS.getPrivate());
    }

    private static String token(Instant expiresAt) {
        return Token.of("alice").expiringAt(expiresAt).sign("ES256", KEYS.getPrivate());
    }
}

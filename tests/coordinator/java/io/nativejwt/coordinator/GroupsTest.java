package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** The groups of the token, where the coordinator takes them, and what access control sees. */
@ParameterizedClass
@EnumSource(
        value = Site.class,
        names = {"PLUGIN_483", "SERVER_476", "SERVER_483"})
final class GroupsTest {
    private static final KeyPair KEYS = Keys.ec("secp256r1");
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String GROUPS = "SELECT array_join(array_sort(current_groups()), ' ')";
    private static final String NODES = "SELECT count(*) FROM system.runtime.nodes";

    /** Only the group may read the nodes; alice and bob may take each other's place. */
    private static final String RULES =
            """
            {
              "tables": [
                {
                  "catalog": "system",
                  "schema": "runtime",
                  "table": "nodes",
                  "group": "analysts",
                  "privileges": ["SELECT"]
                }
              ],
              "impersonation": [
                {"original_user": "alice", "new_user": "bob"},
                {"original_user": "bob", "new_user": "alice"}
              ]
            }
            """;

    private static Coordinator coordinator;

    @Parameter private Site site;

    @BeforeParameterizedClassInvocation
    static void start(Site site) throws Exception {
        Path folder = Workspace.freshFolder("test/groups/" + site);
        Path rules = Files.writeString(folder.resolve("rules.json"), RULES);
        Path accessControl =
                Files.writeString(
                        folder.resolve("access-control.properties"),
                        "access-control.name=file\nsecurity.config-file=" + rules);
        coordinator =
                Coordinator.in(folder)
                        .at(site)
                        .jwt(
                                Map.of(
                                        JWT + "key-file",
                                        Files.writeString(
                                                        folder.resolve("key.pem"),
                                                        Keys.publicPem(KEYS))
                                                .toString(),
                                        JWT + "groups-field",
                                        "/https:~1~1corp~1groups"))
                        .config("access-control.config-files", accessControl.toString())
                        .config("protocol.v1.alternate-header-name", "Presto")
                        .start();
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        if (coordinator != null) {
            coordinator.close();
            coordinator = null;
        }
    }

    @Test
    void groupsOfTheTokenAreTheUsers() throws SQLException {
        assertThat(as("alice", List.of("etl", "analysts"), GROUPS)).containsExactly("analysts etl");
        assertThat(as("alice", "etl analysts", GROUPS)).containsExactly("analysts etl");
        assertThat(as("alice", "etl, data people", GROUPS)).containsExactly("data people etl");
        assertThat(as("alice", null, GROUPS)).containsExactly("");
    }

    @Test
    void claimThatIsNoGroupsIsRefused() {
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
    void sessionOfSomebodyElseHasNone() throws SQLException {
        assertThat(asUser("bob", "SELECT current_user")).containsExactly("bob");
        assertThat(asUser("bob", GROUPS)).containsExactly("");
        assertThatThrownBy(() -> asUser("bob", NODES)).hasMessageContaining("Access Denied");
        assertThat(asUser("alice", GROUPS)).as("one's own name").containsExactly("analysts");
    }

    /** With the alternate header, which the coordinator takes in place of its own. */
    @Test
    void sessionOfSomebodyElseByAnotherHeaderHasNone() {
        assertThat(queryAs("X-Presto-User", " alice ")).contains("analysts");
        for (String header : List.of("X-Trino-User", "X-Presto-User", "x-presto-user")) {
            assertThat(queryAs(header, "bob")).contains("bob").doesNotContain("analysts");
        }
        assertThat(queryAs("X-Trino-Original-User", "bob")).doesNotContain("analysts");
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
        return Clients.statement(
                coordinator,
                "SELECT current_user || ' ' || array_join(current_groups(), ' ')",
                Map.of("Authorization", "Bearer " + token("alice", "analysts"), header, user));
    }

    private static String token(String user, Object groups) {
        return Token.of(user).claim("https://corp/groups", groups).sign("ES256", KEYS.getPrivate());
    }
}

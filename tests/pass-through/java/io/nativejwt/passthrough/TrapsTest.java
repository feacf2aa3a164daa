// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static io.nativejwt.passthrough.PassThroughSite.FORBIDDEN;
import static io.nativejwt.passthrough.PassThroughSite.PUBLIC;
import static io.nativejwt.passthrough.PassThroughSite.SECRET;
import static io.nativejwt.passthrough.PassThroughSite.SECRET_ROW;
import static io.nativejwt.passthrough.PassThroughSite.WITHOUT_TOKEN;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * The traps of the Iceberg connector: each dangerous setting is shown to be dangerous, and the one
 * of docs/pass-through.md to be safe. The catalog {@code cached} keeps sessions as the connector
 * does by default, {@code refreshed} refreshes tokens too, {@code lake} has the lines of the page.
 */
@ExtendWith(PassThroughSite.Shared.class)
final class TrapsTest {
    /** Of a token of 15 seconds, with what a busy machine adds. */
    private static final Duration END_OF_TOKEN = Duration.ofMinutes(1);

    private final PassThroughSite site;

    TrapsTest(PassThroughSite site) {
        this.site = site;
    }

    @BeforeEach
    void bothClustersRun() {
        site.careless();
    }

    /** Trap 1. */
    @Test
    void cachedSessionServesAUserWithoutToken() throws SQLException {
        Login alice = site.careless().login(site.token("alice")).from("trap-1");
        Login bobAsAlice = site.careless().login(site.token("bob")).as("alice").from("trap-1");

        assertThat(alice.run(SECRET.formatted("cached"))).containsExactly(SECRET_ROW);
        assertThat(bobAsAlice.run(SECRET.formatted("cached")))
                .as("with alice's token")
                .containsExactly(SECRET_ROW);

        assertThat(alice.run(SECRET.formatted("lake"))).containsExactly(SECRET_ROW);
        assertThat(bobAsAlice.failure(SECRET.formatted("lake"))).contains(WITHOUT_TOKEN);
    }

    /** Trap 2. */
    @Test
    void cachedSessionServesAUserWhoseNameCollides() throws SQLException {
        Login loader = site.careless().login(site.token("svc-etl")).from("cli");
        Login collides = site.careless().login(site.token("svc")).from("etl-cli");

        assertThat(collides.from("own").failure(SECRET.formatted("cached"))).contains(FORBIDDEN);
        assertThat(loader.run(SECRET.formatted("cached"))).containsExactly(SECRET_ROW);
        assertThat(collides.run(SECRET.formatted("cached")))
                .as("with svc-etl's token")
                .containsExactly(SECRET_ROW);

        assertThat(loader.run(SECRET.formatted("lake"))).containsExactly(SECRET_ROW);
        assertThat(collides.failure(SECRET.formatted("lake"))).contains(FORBIDDEN);
    }

    /** Trap 2: prevented, unless it is allowed. */
    @Test
    void userWithAHyphenIsRejected() {
        assertThat(site.careful().login(site.token("svc-etl")).failure("SELECT 1"))
                .startsWith("Authentication failed: The user 'svc-etl' contains a hyphen");
        assertThat(site.careful().login(site.token("svc")).as("svc-etl").failure("SELECT 1"))
                .startsWith("Authentication failed: The session's user contains a hyphen");
    }

    /** Trap 3. */
    @Test
    void cachedSessionKeepsADeadTokenAndIgnoresAFreshOne() throws SQLException {
        String query = SECRET.formatted("cached");
        site.careless().login(site.tokenOfSeconds("alice")).from("trap-3").run(query);
        Login fresh = site.careless().login(site.token("alice")).from("trap-3");
        Poll.until("the end of the cached token", END_OF_TOKEN, () -> fails(fresh, query));

        Login freshest = site.careless().login(site.token("alice")).from("trap-3");
        assertThat(freshest.failure(query)).contains("Not authorized");
        assertThat(freshest.from("elsewhere").run(query)).containsExactly(SECRET_ROW);

        assertThat(freshest.run(SECRET.formatted("lake"))).containsExactly(SECRET_ROW);
    }

    /** Trap 3: with the lines of the page the next statement has the next token. */
    @Test
    void sessionThatIsNotCachedTakesAFreshToken() throws SQLException {
        String query = SECRET.formatted("lake");
        String brief = site.tokenOfSeconds("alice");
        site.carelessLake().catalog().forget();
        site.careless().login(brief).from("trap-3").run(query);
        String fresh = site.token("alice");
        site.carelessLake().catalog().forget();
        site.careless().login(fresh).from("trap-3").run(query);
        assertThat(site.carelessLake().catalog().bearers()).containsOnly(fresh);
    }

    /**
     * Trap 5. When it refreshes depends on Trino's own token, which lives for 20 seconds here; the
     * caller's is good for an hour.
     */
    @Test
    void refreshPostsTheCallersTokenAndPutsAnotherInItsPlace() throws SQLException {
        String token = site.token("alice");
        Login alice = site.careless().login(token);
        Poll.until(
                "the token at the token endpoint",
                END_OF_TOKEN,
                () -> {
                    succeeds(
                            alice.from("trap-5-" + System.nanoTime()),
                            SECRET.formatted("refreshed"));
                    return site.refreshedLake()
                            .tokenEndpoint()
                            .sent()
                            .contains("subject_token=" + token);
                });
        site.refreshedLake().catalog().forget();
        alice.from("trap-5").run(SECRET.formatted("refreshed"));
        assertThat(site.refreshedLake().catalog().bearers())
                .as("what the catalog gets for a good token")
                .isNotEmpty()
                .doesNotContain(token);

        // By now Trino's own token is as dead, and refresh is off.
        site.carelessLake().catalog().forget();
        alice.from("trap-5").run(SECRET.formatted("lake"));
        assertThat(site.carelessLake().catalog().bearers()).isNotEmpty().containsOnly(token);
        assertThat(site.carelessLake().tokenEndpoint().sent())
                .contains("client_credentials")
                .doesNotContain(token);
    }

    /** Trap 6. */
    @Test
    void statementThatOutlivesItsTokenFailsAtTheEnd() throws SQLException {
        Login fresh = site.careless().login(site.token("alice"));
        // Twenty-five pages of a second each.
        fresh.run(
                """
                CREATE TABLE blackhole.default.slow (id bigint)
                WITH (split_count = 1, pages_per_split = 25, rows_per_page = 1, page_processing_delay = '1s')
                """);
        String copy = "CREATE TABLE lake.sales.public_slow AS SELECT * FROM blackhole.default.slow";
        assertThat(site.careless().login(site.tokenOfSeconds("alice")).failure(copy))
                .contains("Not authorized");
        assertThat(fresh.run("SHOW TABLES FROM lake.sales LIKE 'public_slow'")).isEmpty();
    }

    /** Trap 6: prevented by {@code pass-through.minimum-lifetime}. */
    @Test
    void statementWhoseTokenIsToDieSoonDoesNotBegin() {
        assertThat(site.careful().login(site.tokenOfSeconds("alice")).failure("SELECT 1"))
                .startsWith("Authentication failed: The token expires in ");
    }

    /** Trap 8. */
    @Test
    void viewWithItsOwnersRightsFails() throws SQLException {
        Login alice = site.careful().login(site.token("alice"));
        Login bob = site.careful().login(site.token("bob"));
        alice.run(
                "CREATE VIEW memory.default.by_owner SECURITY DEFINER AS "
                        + SECRET.formatted("lake"));
        alice.run(
                "CREATE VIEW memory.default.by_caller SECURITY INVOKER AS "
                        + SECRET.formatted("lake"));
        List.of(alice, bob)
                .forEach(
                        user ->
                                assertThat(user.failure("SELECT * FROM memory.default.by_owner"))
                                        .contains(WITHOUT_TOKEN));
        assertThat(alice.run("SELECT * FROM memory.default.by_caller")).containsExactly(SECRET_ROW);
        assertThat(bob.failure("SELECT * FROM memory.default.by_caller")).contains(FORBIDDEN);
        assertThat(bob.run(PUBLIC.formatted("lake"))).containsExactly("1");
    }

    private static void succeeds(Login login, String sql) {
        try {
            login.run(sql);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean fails(Login login, String sql) {
        try {
            login.run(sql);
            return false;
        } catch (SQLException e) {
            return true;
        }
    }
}

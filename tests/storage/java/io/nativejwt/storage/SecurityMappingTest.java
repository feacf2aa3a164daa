// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.BOBS;
import static io.nativejwt.storage.StorageSite.FORBIDDEN;
import static io.nativejwt.storage.StorageSite.JWT;
import static io.nativejwt.storage.StorageSite.NO_MAPPING;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Login;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Stopwatch;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Roles by the groups of the token, with Trino's own security mapping and without storage
 * credentials: STS is asked with AssumeRole, by the account of the catalog. Alice and bob are
 * analysts, dave is an outsider; each of the two roles opens one bucket.
 */
@ExtendWith(StorageSite.Shared.class)
final class SecurityMappingTest {
    @RegisterExtension private static final StartedParts PARTS = new StartedParts();

    private static final String SHEET = "SELECT name, amount FROM files.%s.sheet";

    private static Coordinator newest;

    private final StorageSite site;

    SecurityMappingTest(StorageSite site) {
        this.site = site;
    }

    @BeforeAll
    static void start(StorageSite site) throws IOException, SQLException {
        Stopwatch stopwatch = new Stopwatch("Trino 483 with security mapping");
        newest =
                PARTS.add(site.startNewest("mapped", Map.of(JWT + "groups-field", "groups"), true));
        stopwatch.done();
        StorageSite.fillNewest(newest(site, "alice"), "alice", "alice-lake");
        StorageSite.fillNewest(newest(site, "dave"), "dave", "bob-lake");
    }

    private static Login newest(StorageSite site, String user) {
        return new Login(newest, site.token(user));
    }

    /** Trino 476. */
    private Login plain(String user) {
        return new Login(site.plain(), site.token(user));
    }

    @Test
    void groupOfTheTokenChoosesTheRole() throws SQLException {
        for (String analyst : List.of("alice", "bob")) {
            Login login = newest(site, analyst);
            assertThat(login.run(SHEET.formatted("alice"))).containsExactly("alice 1000");
            assertThat(login.failure(SHEET.formatted("dave"))).contains(FORBIDDEN);
        }
        Login dave = newest(site, "dave");
        assertThat(dave.run(SHEET.formatted("dave"))).containsExactly("dave 1000");
        assertThat(dave.failure(SHEET.formatted("alice"))).contains(FORBIDDEN);
        assertThat(dave.failure("INSERT INTO files.alice.sheet VALUES ('dave', 1)"))
                .contains(FORBIDDEN);
    }

    @Test
    void userWithoutAMappingIsRefused() throws SQLException {
        Login carol = newest(site, "carol");
        assertThat(carol.run("SELECT 1")).containsExactly("1");
        assertThat(carol.failure(SHEET.formatted("alice"))).contains(NO_MAPPING);
    }

    /** It has no groups, neither alice's nor those that bob has with a token of his own. */
    @Test
    void sessionInAnothersNameIsRefused() throws SQLException {
        Login asBob = newest(site, "alice").as("bob");
        assertThat(asBob.run("SELECT current_user")).containsExactly("bob");
        assertThat(asBob.failure(SHEET.formatted("alice"))).contains(NO_MAPPING);
        assertThat(asBob.failure(SHEET.formatted("dave"))).contains(NO_MAPPING);
    }

    /**
     * The tasks of 476 get the groups of the original user, and a client that names its user, as
     * Trino's own do, leaves them without any.
     */
    @Test
    void tasksOf476LackTheGroupsSoUsersAreMappedThere() throws SQLException {
        String query = ALICES.formatted("mapped");
        assertThat(plain("alice").as("alice").failure(query)).contains(NO_MAPPING);
        assertThat(plain("alice").run(query)).containsExactly(ALICES_ROW);

        assertThat(plain("alice").as("alice").run(ALICES.formatted("mapped_users")))
                .containsExactly(ALICES_ROW);
        assertThat(plain("dave").as("dave").run(BOBS.formatted("mapped_users")))
                .containsExactly("bob");
        assertThat(plain("dave").failure(ALICES.formatted("mapped_users"))).contains(FORBIDDEN);
        assertThat(plain("carol").failure(ALICES.formatted("mapped_users"))).contains(NO_MAPPING);
    }

    /** STS gives 25 seconds; the statement takes longer, and Trino asks again meanwhile. */
    @Test
    void statementOutlivesTheSessionsOfItsRole() throws SQLException {
        Login alice = plain("alice");
        alice.run(SlowTable.create("blackhole.default.slow_mapped"));
        long start = System.nanoTime();
        alice.run(
                "CREATE TABLE mapped_users.alice.slow_mapped AS"
                        + " SELECT * FROM blackhole.default.slow_mapped");
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isGreaterThan(Seaweed.SHORT_SESSION);
        assertThat(alice.run("SELECT count(*) FROM mapped_users.alice.slow_mapped"))
                .containsExactly(Integer.toString(SlowTable.ROWS));
    }
}

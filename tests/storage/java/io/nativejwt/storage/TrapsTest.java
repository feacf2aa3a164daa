// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.FORBIDDEN;
import static io.nativejwt.storage.StorageSite.UNKNOWN_KEY;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.sql.SQLException;
import java.util.List;

/**
 * The traps of docs/storage-as-the-user.md: each dangerous setting is shown to be dangerous, and
 * the one of the page to be safe.
 */
@ExtendWith(StorageSite.Shared.class)
final class TrapsTest {
    private static final String COUNT = "SELECT count(*) FROM %s.alice.salaries";
    private static final String BOUNDS =
            "SELECT json_format(readable_metrics) FROM %s.alice.\"salaries$files\"";

    private final StorageSite site;

    TrapsTest(StorageSite site) {
        this.site = site;
    }

    /** Trap 1. */
    @Test
    void metadataCacheServesUsersWhomTheStoreRefuses() throws SQLException {
        Login alice = site.login("alice");
        Login bob = site.login("bob");
        Login carol = site.login("carol");

        assertThat(alice.run(ALICES.formatted("cached"))).containsExactly(ALICES_ROW);
        for (Login login : List.of(bob, carol)) {
            assertThat(login.run(COUNT.formatted("cached"))).containsExactly("1");
            assertThat(login.run(BOUNDS.formatted("cached")).getFirst()).contains("1000");
        }
        for (String query : List.of(COUNT, BOUNDS)) {
            assertThat(alice.run(query.formatted("lake"))).hasSize(1);
            assertThat(bob.failure(query.formatted("lake"))).contains(FORBIDDEN);
            assertThat(carol.failure(query.formatted("lake"))).contains(UNKNOWN_KEY);
        }
    }

    /** Trap 1: a coordinator that is also a worker keeps small data files too. */
    @Test
    void metadataCacheOfACoordinatorThatWorksServesRows() throws SQLException {
        String rows = "SELECT min(name) FROM %s.alice.salaries";
        Login alice = new Login(site.brief(), site.token("alice"));
        Login bob = new Login(site.brief(), site.token("bob"));
        assertThat(alice.run(ALICES.formatted("cached"))).containsExactly(ALICES_ROW);
        assertThat(bob.run(rows.formatted("cached"))).containsExactly("alice");
        assertThat(bob.failure(rows.formatted("lake"))).contains(FORBIDDEN);
    }

    /** Trap 2, with Hive: one of its caches knows the files, the other one has their content. */
    @Test
    void cachesOfFilesServeUsersWhomTheStoreRefuses() throws SQLException {
        String query = "SELECT name, amount FROM %s.alice.sheet";
        Login alice = site.login("alice");
        Login bob = site.login("bob");
        Login carol = site.login("carol");

        assertThat(alice.run(query.formatted("files"))).containsExactly(ALICES_ROW);
        assertThat(bob.failure(query.formatted("files"))).contains(FORBIDDEN);
        assertThat(carol.failure(query.formatted("files"))).contains(UNKNOWN_KEY);

        assertThat(alice.run(query.formatted("files_cached"))).containsExactly(ALICES_ROW);
        assertThat(bob.run(query.formatted("files_cached"))).containsExactly(ALICES_ROW);
        assertThat(carol.run(query.formatted("files_cached"))).containsExactly(ALICES_ROW);
    }

    /** Trap 4. */
    @Test
    void viewWithItsOwnersRightsIsReadWithTheCatalogsAccount() throws SQLException {
        Login alice = site.login("alice");
        alice.run(
                "CREATE VIEW memory.default.by_owner SECURITY DEFINER AS "
                        + ALICES.formatted("lake"));
        alice.run(
                "CREATE VIEW memory.default.by_caller SECURITY INVOKER AS "
                        + ALICES.formatted("lake"));
        assertThat(alice.failure("SELECT * FROM memory.default.by_owner")).contains("403");
        assertThat(alice.run("SELECT * FROM memory.default.by_caller")).containsExactly(ALICES_ROW);
        assertThat(site.login("bob").failure("SELECT * FROM memory.default.by_caller"))
                .contains(FORBIDDEN);
    }

    /** Trap 5: the store guards bytes, and the catalog belongs to everybody. */
    @Test
    void userWhomTheStoreRefusesCanDropATable() throws SQLException {
        Login alice = site.login("alice");
        alice.run("CREATE TABLE lake.alice.dropped AS SELECT 1 AS id");
        assertThat(site.login("bob").failure("DROP TABLE lake.alice.dropped")).contains("403");
        assertThat(alice.run("SHOW TABLES FROM lake.alice LIKE 'dropped'")).isEmpty();
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.FORBIDDEN;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.sql.SQLException;
import java.util.List;

/**
 * The same credentials with the other two connectors. Their metastore is a folder of files that is
 * not in S3, and their catalogs' account has no rights.
 */
@ExtendWith(StorageSite.Shared.class)
final class HiveAndDeltaTest {
    private final StorageSite site;

    HiveAndDeltaTest(StorageSite site) {
        this.site = site;
    }

    @Test
    void hiveReadsAndWritesAsTheUser() throws SQLException {
        Login alice = site.login("alice");
        Login bob = site.login("bob");
        alice.run("CREATE SCHEMA files.hive_of_both");
        create(alice, "files.hive_of_both.alices", "external_location", "alice-lake/hive");
        create(bob, "files.hive_of_both.bobs", "external_location", "bob-lake/hive");

        alice.run("INSERT INTO files.hive_of_both.alices VALUES 2, 3");
        bob.run("INSERT INTO files.hive_of_both.bobs VALUES 20");
        assertThat(alice.run("SELECT id FROM files.hive_of_both.alices ORDER BY 1"))
                .containsExactly("1", "2", "3");
        assertThat(bob.run("SELECT id FROM files.hive_of_both.bobs ORDER BY 1"))
                .containsExactly("1", "20");
        bothAreRefused(
                "files.hive_of_both", List.of("SELECT id FROM %s", "INSERT INTO %s VALUES 4"));
        assertThat(
                        bob.failure(
                                "CREATE TABLE files.hive_of_both.stolen"
                                        + " WITH (external_location = 's3://alice-lake/stolen')"
                                        + " AS SELECT 1 AS id"))
                .contains(FORBIDDEN);
        assertThat(alice.run("SELECT id FROM files.hive_of_both.alices ORDER BY 1"))
                .containsExactly("1", "2", "3");
        assertThat(site.store().names("alice-lake/stolen")).isEmpty();
        readsOnTheWorker(alice, "files.hive_of_both.alices");
    }

    @Test
    void deltaReadsAndWritesAsTheUser() throws SQLException {
        Login alice = site.login("alice");
        Login bob = site.login("bob");
        alice.run("CREATE SCHEMA delta.of_both");
        create(alice, "delta.of_both.alices", "location", "alice-lake/delta");
        create(bob, "delta.of_both.bobs", "location", "bob-lake/delta");

        alice.run("INSERT INTO delta.of_both.alices VALUES 2, 3, 4");
        alice.run("UPDATE delta.of_both.alices SET id = 30 WHERE id = 3");
        alice.run("DELETE FROM delta.of_both.alices WHERE id = 4");
        alice.run(
                """
                MERGE INTO delta.of_both.alices t USING (VALUES 2, 5) AS s (id) ON t.id = s.id
                WHEN MATCHED THEN DELETE
                WHEN NOT MATCHED THEN INSERT VALUES (s.id)
                """);
        assertThat(alice.run("SELECT id FROM delta.of_both.alices ORDER BY 1"))
                .containsExactly("1", "5", "30");
        assertThat(bob.run("SELECT id FROM delta.of_both.bobs")).containsExactly("1");
        bothAreRefused(
                "delta.of_both",
                List.of(
                        "SELECT id FROM %s",
                        "SELECT count(*) FROM %s",
                        "INSERT INTO %s VALUES 6",
                        "UPDATE %s SET id = 6",
                        "DELETE FROM %s"));
        assertThat(
                        bob.failure(
                                "CREATE TABLE delta.of_both.stolen"
                                        + " WITH (location = 's3://alice-lake/stolen-delta')"
                                        + " AS SELECT 1 AS id"))
                .contains("403");
        assertThat(alice.run("SELECT id FROM delta.of_both.alices ORDER BY 1"))
                .containsExactly("1", "5", "30");
        assertThat(site.store().names("alice-lake/stolen-delta")).isEmpty();
        readsOnTheWorker(alice, "delta.of_both.alices");
    }

    private static void create(Login login, String table, String location, String where)
            throws SQLException {
        login.run(
                "CREATE TABLE %s WITH (%s = 's3://%s') AS SELECT 1 AS id"
                        .formatted(table, location, where));
    }

    /** After alice has read her table: no cache of the connector serves others. */
    private void bothAreRefused(String schema, List<String> statements) {
        Login alice = site.login("alice");
        Login bob = site.login("bob");
        Login carol = site.login("carol");
        for (String statement : statements) {
            assertThat(bob.failure(statement.formatted(schema + ".alices")))
                    .as(statement)
                    .contains(FORBIDDEN);
            assertThat(alice.failure(statement.formatted(schema + ".bobs")))
                    .as(statement)
                    .contains(FORBIDDEN);
            assertThat(carol.failure(statement.formatted(schema + ".alices")))
                    .as(statement)
                    .contains(FORBIDDEN);
        }
    }

    private static void readsOnTheWorker(Login login, String table) throws SQLException {
        Login seen = login.from("reads-" + table);
        seen.run("SELECT id FROM " + table);
        assertThat(
                        seen.run(
                                "SELECT DISTINCT t.node_id FROM system.runtime.tasks t"
                                        + " JOIN system.runtime.queries q USING (query_id)"
                                        + " WHERE q.source = 'reads-"
                                        + table
                                        + "' AND q.query LIKE 'SELECT id%'"))
                .contains("worker");
    }
}

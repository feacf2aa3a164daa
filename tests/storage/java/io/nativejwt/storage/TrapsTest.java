// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.FORBIDDEN;
import static io.nativejwt.storage.StorageSite.NO_MAPPING;
import static io.nativejwt.storage.StorageSite.UNKNOWN_KEY;

import static org.assertj.core.api.Assertions.assertThat;

import static java.util.stream.Collectors.joining;

import io.nativejwt.harness.Login;
import io.nativejwt.harness.NativejwtCommand;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.nio.file.Path;
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

    /** Trap 3: a session without the three names is the account of the catalog. */
    @Test
    void accountOfTheCatalogReadsForEverybodyWithoutStorageCredentials() throws SQLException {
        Login carol = new Login(site.plain(), site.token("carol"));
        assertThat(carol.run(ALICES.formatted("admin"))).containsExactly(ALICES_ROW);
        assertThat(carol.failure(ALICES.formatted("lake"))).contains(FORBIDDEN);
        assertThat(site.login("carol").failure(ALICES.formatted("admin"))).contains(UNKNOWN_KEY);
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

    /** Trap 5: the same with access control in Trino. */
    @Test
    void accessControlKeepsTheTableOfAnother() throws SQLException {
        Login alice = site.login("alice");
        alice.run("CREATE TABLE lake.alice.kept AS SELECT 1 AS id");
        assertThat(site.login("bob").failure("DROP TABLE guarded.alice.kept"))
                .contains("Access Denied: Cannot drop table");
        assertThat(alice.run("SELECT id FROM guarded.alice.kept")).containsExactly("1");
        alice.run("DROP TABLE guarded.alice.kept");
        assertThat(alice.run("SHOW TABLES FROM lake.alice LIKE 'kept'")).isEmpty();
    }

    /** Trap 6: the metastore deletes files with the account of the catalog. */
    @Test
    void fileMetastoreInS3WorksWithTheCatalogsAccount() throws SQLException {
        String table = "%s.alice.ledger";
        String place = "alice-lake/metastore/alice/ledger";
        Login alice = site.login("alice");
        Login bob = site.login("bob");
        alice.run("CREATE SCHEMA metastore_admin.alice");
        alice.run(
                "CREATE TABLE %s AS SELECT 1 AS id".formatted(table.formatted("metastore_admin")));
        assertThat(bob.failure("SELECT id FROM " + table.formatted("metastore_admin")))
                .contains(FORBIDDEN);
        assertThat(site.store().names(place)).isNotEmpty();

        // An account without rights: nothing is lost, and nobody can use the catalog.
        for (Login login : List.of(alice, bob)) {
            assertThat(login.failure("DROP TABLE " + table.formatted("metastore_nobody")))
                    .contains("403");
        }
        assertThat(site.store().names(place)).isNotEmpty();

        bob.run("DROP TABLE " + table.formatted("metastore_admin"));
        assertThat(site.store().names(place)).isEmpty();
    }

    /** Trap 6: a metastore elsewhere deletes nothing in S3. */
    @Test
    void metastoreElsewhereLeavesTheFilesOfAnother() throws SQLException {
        Login alice = site.login("alice");
        alice.run(
                "CREATE TABLE files.alice.kept WITH (external_location = 's3://alice-lake/kept')"
                        + " AS SELECT 1 AS id");
        List<String> files = site.store().names("alice-lake/kept");
        assertThat(files).isNotEmpty();
        site.login("bob").run("DROP TABLE files.alice.kept");
        assertThat(site.store().names("alice-lake/kept")).isEqualTo(files);
    }

    /** Trap 8: alice and bob have credentials and no mapping, carol has a mapping alone. */
    @Test
    void securityMappingBesideTheExchangeRefusesUsersWithCredentials() throws SQLException {
        Login alice = site.login("alice");
        assertThat(alice.failure(ALICES.formatted("mapped_beside"))).contains(NO_MAPPING);
        assertThat(site.login("carol").failure(ALICES.formatted("mapped_beside")))
                .contains(UNKNOWN_KEY);
        assertThat(alice.run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
    }

    /** What the command says about the catalogs that were run. */
    @Test
    void checkConfigWarnsOfEachTrap() {
        Path configuration = site.cluster().coordinator().folder().resolve("etc/config.properties");
        List<String> lines = NativejwtCommand.checkConfig(configuration).output().lines().toList();
        assertThat(warnings(lines, "cached")).contains("iceberg.metadata-cache.enabled is not");
        assertThat(warnings(lines, "files_cached"))
                .contains("fs.cache.enabled is", "hive.file-status-cache-tables is");
        assertThat(warnings(lines, "admin")).contains("s3.aws-access-key is set");
        assertThat(warnings(lines, "metastore_admin")).contains("hive.metastore is file");
        assertThat(warnings(lines, "mapped_beside")).contains("s3.security-mapping.enabled is");
        // Two that it cannot know better: what an account may do, and that this machine is safe.
        assertThat(warnings(lines, "lake").replaceAll("s3.(aws-access-key|endpoint) is .*", ""))
                .doesNotContain(" is ");

        Path plain = site.plain().folder().resolve("etc/config.properties");
        assertThat(NativejwtCommand.checkConfig(plain).output()).doesNotContain("/etc/catalog/");
    }

    private static String warnings(List<String> lines, String catalog) {
        return lines.stream()
                .filter(line -> line.contains("/etc/catalog/" + catalog + ".properties:"))
                .map(line -> line.replaceFirst("^warning\\[[a-z0-9-]+]: [^ ]+ ", ""))
                .collect(joining("\n"));
    }
}

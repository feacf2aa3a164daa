// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ANALYST;
import static io.nativejwt.storage.StorageSite.REALM;
import static io.nativejwt.storage.StorageSite.STORAGE;
import static io.nativejwt.storage.StorageSite.UNKNOWN_KEY;

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
import java.util.Map;

/**
 * Trino 483 with the plugin and Hive: the role comes from a claim of the token, and the catalog has
 * no account at all.
 */
@ExtendWith(StorageSite.Shared.class)
final class NewestTrinoTest {
    @RegisterExtension private static final StartedParts PARTS = new StartedParts();

    /** How S3's refusal reads on 483. */
    private static final String FORBIDDEN = "Status Code: 403";

    private static final String OWN = "SELECT name, amount FROM files.%s.sheet";

    private static Coordinator coordinator;
    private static StsProxy sts;

    private final StorageSite site;

    NewestTrinoTest(StorageSite site) {
        this.site = site;
    }

    @BeforeAll
    static void start(StorageSite site) throws IOException, SQLException {
        Stopwatch stopwatch = new Stopwatch("Trino 483");
        sts = PARTS.add(new StsProxy(site.store().uri(), true));
        Map<String, String> properties =
                Map.of(
                        STORAGE + "sts-endpoint", sts.uri(),
                        STORAGE + "role-field", "lake_role",
                        STORAGE + "allowed-roles", "arn:aws:iam::111122223333:role/");
        coordinator = PARTS.add(site.startNewest("newest", properties, false));
        stopwatch.done();
        StorageSite.fillNewest(analyst(site, "alice"), "alice", "alice-lake");
        StorageSite.fillNewest(analyst(site, "bob"), "bob", "bob-lake");
    }

    /** Its tokens have the claim. */
    private static Login analyst(StorageSite site, String user) {
        return new Login(coordinator, site.keycloak().userToken(REALM, "analyst-cli", user));
    }

    @Test
    void storeDecidesWhatEachUserReadsAndWrites() throws SQLException {
        Login alice = analyst(site, "alice");
        Login bob = analyst(site, "bob");
        assertThat(alice.run(OWN.formatted("alice"))).containsExactly("alice 1000");
        assertThat(bob.run(OWN.formatted("bob"))).containsExactly("bob 1000");
        assertThat(bob.failure(OWN.formatted("alice"))).contains(FORBIDDEN);
        assertThat(alice.failure("INSERT INTO files.bob.sheet VALUES ('eve', 1)"))
                .contains(FORBIDDEN);
        assertThat(sts.roles()).containsOnly(ANALYST);
    }

    /** Neither without the claim, nor with one that is not in {@code allowed-roles}. */
    @Test
    void tokenWithoutAnAllowedRoleReadsNothing() throws SQLException {
        int before = sts.sessions().size();
        Login carol = new Login(coordinator, site.token("carol"));
        Login withoutTheClaim = new Login(coordinator, site.token("alice"));
        Login withAForeignRole =
                new Login(coordinator, site.keycloak().userToken(REALM, "foreign-cli", "alice"));
        for (Login login : new Login[] {carol, withoutTheClaim, withAForeignRole}) {
            assertThat(login.run("SELECT 1")).containsExactly("1");
            assertThat(login.failure(OWN.formatted("alice"))).contains(UNKNOWN_KEY);
        }
        assertThat(sts.sessions()).hasSize(before);
    }

    @Test
    void sessionInAnothersNameReadsNothing() throws SQLException {
        Login asBob = analyst(site, "alice").as("bob");
        assertThat(asBob.run("SELECT current_user")).containsExactly("bob");
        assertThat(asBob.failure(OWN.formatted("alice"))).contains(UNKNOWN_KEY);
        assertThat(asBob.failure(OWN.formatted("bob"))).contains(UNKNOWN_KEY);
    }
}

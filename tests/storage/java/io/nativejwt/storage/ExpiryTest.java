// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.sql.SQLException;

/** Credentials that end before the statement does: STS gives 25 seconds, an hour was asked for. */
@ExtendWith(StorageSite.Shared.class)
final class ExpiryTest {
    private final StorageSite site;

    ExpiryTest(StorageSite site) {
        this.site = site;
    }

    @Test
    void statementThatOutlivesItsCredentialsFailsAndTheNextOneGetsFreshOnes() throws SQLException {
        Login alice = new Login(site.brief(), site.token("alice"));
        assertThat(alice.run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
        alice.run(SlowTable.create("blackhole.default.slow"));
        assertThat(
                        alice.failure(
                                "CREATE TABLE lake.alice.slow AS SELECT * FROM"
                                        + " blackhole.default.slow"))
                .contains("403");
        assertThat(alice.run("SHOW TABLES FROM lake.alice LIKE 'slow'")).isEmpty();

        assertThat(alice.run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
        assertThat(
                        site.brief().log().stream()
                                .filter(
                                        line ->
                                                line.contains("gives sessions of 2")
                                                        && line.contains("asks for 3600 s")))
                .as("the warning")
                .hasSize(1);
    }
}

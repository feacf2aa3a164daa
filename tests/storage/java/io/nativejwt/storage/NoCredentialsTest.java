// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.BOBS;
import static io.nativejwt.storage.StorageSite.UNKNOWN_KEY;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.sql.SQLException;
import java.util.List;

/**
 * Sessions that get no user's credentials get values that S3 refuses, and never the catalog's own
 * account: the catalog {@code admin} has the keys of an administrator.
 */
@ExtendWith(StorageSite.Shared.class)
final class NoCredentialsTest {
    private final StorageSite site;

    NoCredentialsTest(StorageSite site) {
        this.site = site;
    }

    @Test
    void sessionInAnothersNameReadsNothing() throws SQLException {
        String token = site.token("alice");
        Login asBob = site.cluster().login(token).as("bob");
        assertThat(asBob.run("SELECT current_user")).containsExactly("bob");
        for (String catalog : List.of("lake", "admin")) {
            // Neither what alice may read, nor what bob may.
            assertThat(asBob.failure(ALICES.formatted(catalog))).contains(UNKNOWN_KEY);
            assertThat(asBob.failure(BOBS.formatted(catalog))).contains(UNKNOWN_KEY);
            assertThat(asBob.failure("INSERT INTO %s.bob.notes VALUES 'x'".formatted(catalog)))
                    .contains(UNKNOWN_KEY);
        }
        Login asHerself = site.cluster().login(token).as("alice");
        assertThat(asHerself.run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
    }

    @Test
    void userWithoutARoleReadsNothing() throws SQLException {
        Login carol = site.login("carol");
        assertThat(carol.run("SELECT 1")).containsExactly("1");
        for (String catalog : List.of("lake", "admin")) {
            assertThat(carol.failure(ALICES.formatted(catalog))).contains(UNKNOWN_KEY);
        }
        assertThat(site.sts().requestsFor("carol")).isZero();
    }

    /** The user's credentials come before those of the catalog, which may do more. */
    @Test
    void userGetsNoRightsOfTheCatalogsAccount() {
        assertThat(site.login("bob").failure(ALICES.formatted("admin")))
                .contains(StorageSite.FORBIDDEN);
    }
}

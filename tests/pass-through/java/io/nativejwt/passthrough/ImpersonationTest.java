// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static io.nativejwt.passthrough.PassThroughSite.SECRET;
import static io.nativejwt.passthrough.PassThroughSite.SECRET_ROW;
import static io.nativejwt.passthrough.PassThroughSite.WITHOUT_TOKEN;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.sql.SQLException;
import java.util.List;

/**
 * Trap 9: a user who works in another user's name has no token of that user, and the own one is not
 * handed on.
 */
@ExtendWith(PassThroughSite.Shared.class)
final class ImpersonationTest {
    private static final String CONTRACTS = "SELECT * FROM %s.crm.contracts";

    private final PassThroughSite site;

    ImpersonationTest(PassThroughSite site) {
        this.site = site;
    }

    @Test
    void loginInAnothersNameGoesOnWithoutToken() throws SQLException {
        String token = site.token("alice");
        Login asBob = site.careful().login(token).as("bob");
        assertThat(asBob.run("SELECT current_user")).containsExactly("bob");

        site.lake().catalog().forget();
        site.lake().tokenEndpoint().forget();
        // Alice may read it, bob may not; the catalog is asked as neither.
        assertThat(asBob.failure(SECRET.formatted("lake"))).contains(WITHOUT_TOKEN);
        assertThat(asBob.failure("SHOW TABLES FROM lake.sales")).contains(WITHOUT_TOKEN);
        assertThat(site.lake().catalog().sent()).doesNotContain(token);
        assertThat(site.lake().tokenEndpoint().sent()).doesNotContain(token);
        // Not as Trino's own account either.
        assertThat(site.lake().catalog().bearers()).isEmpty();
    }

    @Test
    void ownTokenCannotBeBroughtAlong() {
        String token = site.token("alice");
        assertThat(
                        site.careful()
                                .login(token)
                                .as("bob")
                                .with("extraCredentials", "token:" + token)
                                .failure(SECRET.formatted("lake")))
                .startsWith("Authentication failed: ");
    }

    /**
     * Iceberg knows other credentials than the token. With one of these a client that works in
     * another's name is for the catalog who that credential says: never the user of that name.
     */
    @Test
    void clientCanBringAnotherCredentialOfItsOwnForIceberg() throws SQLException {
        Login asBob =
                site.careful()
                        .login(site.token("alice"))
                        .as("bob")
                        .with("extraCredentials", "credential:" + Lake.CREDENTIAL);
        assertThat(asBob.run("SHOW TABLES FROM lake.sales")).containsExactly("public_orders");
        assertThat(asBob.failure(SECRET.formatted("lake")))
                .contains("for role 'service-account-trino-service'");
    }

    @Test
    void ownNameIsNotAnothers() throws SQLException {
        Login alice = site.careful().login(site.token("alice")).as("alice");
        assertThat(alice.run(SECRET.formatted("lake"))).containsExactly(SECRET_ROW);
    }

    @Test
    void setSessionAuthorizationGoesOnWithoutToken() throws SQLException {
        Login alice = site.careful().login(site.token("alice"));
        assertThat(
                        alice.runAll(
                                List.of(
                                        SECRET.formatted("lake"),
                                        "SET SESSION AUTHORIZATION bob",
                                        "SELECT current_user")))
                .containsExactly("bob");
        assertThat(
                        alice.failureOfLast(
                                List.of("SET SESSION AUTHORIZATION bob", SECRET.formatted("lake"))))
                .contains(WITHOUT_TOKEN);
    }

    /** Bob reads as alice what bob may not read: so it must not depend on Trino's rules alone. */
    @Test
    void databaseLetsNoUserInWithoutToken() {
        Login bobAsAlice =
                site.careful()
                        .login(site.token("bob"))
                        .as("alice")
                        .with("extraCredentials", "database_user:alice");
        assertThat(bobAsAlice.failure(CONTRACTS.formatted("crm")))
                .contains("no password was provided");
    }

    /** The account of {@code connection-user} takes the place of the missing token. */
    @Test
    void databaseWithASharedAccountLetsThemInWithIt() throws SQLException {
        Login bob = site.careless().login(site.token("bob"));
        assertThat(bob.as("alice").run("SELECT * FROM crm_shared.crm.public_who"))
                .containsExactly(Postgres.SHARED_USER);
        assertThat(bob.as("alice").run(CONTRACTS.formatted("crm_shared")))
                .containsExactly("secret");
    }
}

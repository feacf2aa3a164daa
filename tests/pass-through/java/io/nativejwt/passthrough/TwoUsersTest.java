// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static io.nativejwt.passthrough.PassThroughSite.PUBLIC;
import static io.nativejwt.passthrough.PassThroughSite.SECRET;
import static io.nativejwt.passthrough.PassThroughSite.SECRET_ROW;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Login;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.sql.SQLException;
import java.time.Duration;

/** What pass-through is for: connectors act as the user, and the systems behind decide. */
@ExtendWith(PassThroughSite.Shared.class)
final class TwoUsersTest {
    private final PassThroughSite site;

    TwoUsersTest(PassThroughSite site) {
        this.site = site;
    }

    @Test
    void catalogDecidesWhatEachUserSees() throws SQLException {
        Login alice = site.careful().login(site.token("alice"));
        Login bob = site.careful().login(site.token("bob"));

        assertThat(alice.run("SHOW TABLES FROM lake.sales"))
                .containsExactlyInAnyOrder("public_orders", "salaries");
        assertThat(bob.run("SHOW TABLES FROM lake.sales")).containsExactly("public_orders");

        assertThat(alice.run(PUBLIC.formatted("lake"))).containsExactly("1");
        assertThat(bob.run(PUBLIC.formatted("lake"))).containsExactly("1");

        assertThat(alice.run(SECRET.formatted("lake"))).containsExactly(SECRET_ROW);
        assertThat(bob.failure(SECRET.formatted("lake"))).contains(PassThroughSite.FORBIDDEN);
        assertThat(bob.failure("DROP TABLE lake.sales.public_orders"))
                .contains(PassThroughSite.FORBIDDEN);
    }

    @Test
    void catalogGetsNoTokenButTheCallers() throws SQLException {
        String token = site.token("alice");
        site.careful().login(token).run(SECRET.formatted("lake"));
        site.lake().catalog().forget();
        site.careful().login(token).run(SECRET.formatted("lake"));
        assertThat(site.lake().catalog().bearers()).isNotEmpty().containsOnly(token);
    }

    @Test
    void databaseDecidesWhatEachUserSees() throws SQLException {
        Login alice = inDatabase("alice", site.token("alice"));
        Login bob = inDatabase("bob", site.token("bob"));

        assertThat(alice.run("SELECT * FROM crm.crm.public_who")).containsExactly("alice");
        assertThat(bob.run("SELECT * FROM crm.crm.public_who")).containsExactly("bob");

        assertThat(alice.run("SELECT * FROM crm.crm.contracts")).containsExactly("secret");
        assertThat(bob.run("SELECT * FROM crm.crm.public_contacts")).containsExactly("desk");
        assertThat(bob.failure("SELECT * FROM crm.crm.contracts"))
                .contains("permission denied for table contracts");
    }

    /** Clients name their role; that they have it is proved by the token alone. */
    @Test
    void databaseRejectsTheRoleOfAnotherUser() {
        assertThat(
                        inDatabase("alice", site.token("bob"))
                                .failure("SELECT * FROM crm.crm.contracts"))
                .contains("LDAP authentication failed for user \"alice\"");
        assertThat(
                        site.careful()
                                .login(site.token("alice"))
                                .failure("SELECT * FROM crm.crm.contracts"))
                .contains("authentication failed");
    }

    @Test
    void tokenThatExpiresSoonAndExpiredTokenAreRejectedWithTheReason() {
        String query = PUBLIC.formatted("lake");
        assertThat(site.careful().login(site.tokenOfTwoMinutes("alice")).failure(query))
                .startsWith("Authentication failed: The token expires in 1")
                .contains("must be valid for 300000");
        Login brief = site.careful().login(site.tokenOfSeconds("alice"));
        Poll.until(
                "the end of a token of 15 seconds",
                Duration.ofSeconds(40),
                () -> brief.failure(query).startsWith("Authentication failed: JWT expired"));
        Poll.until(
                "both reasons in the log",
                Duration.ofSeconds(20),
                () ->
                        logged("Authentication rejected: LIFETIME_TOO_SHORT")
                                && logged("Authentication rejected: TOKEN_EXPIRED"));
    }

    private boolean logged(String text) {
        return site.careful().coordinator().log().stream().anyMatch(line -> line.contains(text));
    }

    private Login inDatabase(String role, String token) {
        return site.careful().login(token).with("extraCredentials", "database_user:" + role);
    }
}

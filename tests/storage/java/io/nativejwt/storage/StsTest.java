// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.UNKNOWN_KEY;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Login;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** STS says no, or cannot be reached. */
@ExtendWith(StorageSite.Shared.class)
final class StsTest {
    private static final String UNAVAILABLE =
            "Authentication failed: The credentials for the object store cannot be obtained now";

    /** The longest pause between two questions of an outage, with what a busy machine adds. */
    private static final Duration BACK_LIMIT = Duration.ofSeconds(60);

    private static final Duration LOG_LIMIT = Duration.ofSeconds(20);

    private final StorageSite site;

    StsTest(StorageSite site) {
        this.site = site;
    }

    @AfterEach
    void stsIsBack() {
        site.sts().set(StsProxy.Mode.FORWARD);
    }

    /** Dave's group has a role that trusts another group. */
    @Test
    void tokenThatStsRefusesIsRejectedWithTheCodeAlone() {
        Login dave = site.login("dave");
        long before = site.sts().requestsFor("dave");
        for (int i = 0; i < 5; i++) {
            assertThat(dave.failure("SELECT 1"))
                    .contains(
                            "Authentication failed: The object store does not accept this token:"
                                    + " AccessDenied")
                    .doesNotContain("trust", "partner", "arn:");
        }
        assertThat(site.sts().requestsFor("dave") - before).as("remembered").isEqualTo(1);
        Poll.until(
                "the reason in the log",
                LOG_LIMIT,
                () -> logged(site.cluster().coordinator(), "STORAGE_DENIED") > 0);
    }

    @ParameterizedTest
    @EnumSource(names = "FORWARD", mode = EnumSource.Mode.EXCLUDE)
    void outageKeepsLivingLeasesAndRejectsNewTokens(StsProxy.Mode mode) throws SQLException {
        Login alice = site.login("alice");
        assertThat(alice.run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);

        site.sts().set(mode);
        Login fresh = site.login("alice");
        long start = System.nanoTime();
        assertThat(fresh.failure("SELECT 1")).contains(UNAVAILABLE);
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .as("storage.timeout of 5 s")
                .isLessThan(Duration.ofSeconds(20));
        assertThat(alice.run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);

        site.sts().set(StsProxy.Mode.FORWARD);
        Poll.until("STS to be asked again", BACK_LIMIT, () -> reads(fresh));
        Coordinator coordinator = site.cluster().coordinator();
        Poll.until(
                "the outage and its end in the log",
                LOG_LIMIT,
                () ->
                        logged(coordinator, "STORAGE_UNAVAILABLE") > 0
                                && logged(coordinator, "gives no credentials") > 0
                                && logged(coordinator, "answers again") > 0);
    }

    @Test
    void outageWithholdsCredentialsWhereSoConfigured() throws SQLException {
        Coordinator brief = site.brief();
        site.briefSts().set(StsProxy.Mode.AWAY);
        try {
            Login alice = new Login(brief, site.token("alice"));
            assertThat(alice.run("SELECT 1")).containsExactly("1");
            for (String catalog : List.of("lake", "admin")) {
                assertThat(alice.failure(ALICES.formatted(catalog))).contains(UNKNOWN_KEY);
            }
            site.briefSts().set(StsProxy.Mode.FORWARD);
            Poll.until("STS to be asked again", BACK_LIMIT, () -> reads(alice));
        } finally {
            site.briefSts().set(StsProxy.Mode.FORWARD);
        }
    }

    private static boolean reads(Login login) {
        try {
            return login.run(ALICES.formatted("lake")).equals(List.of(ALICES_ROW));
        } catch (SQLException e) {
            return false;
        }
    }

    private static long logged(Coordinator coordinator, String text) {
        return coordinator.log().stream().filter(line -> line.contains(text)).count();
    }
}

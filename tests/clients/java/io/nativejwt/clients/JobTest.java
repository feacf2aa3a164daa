// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Jobs that log in with client credentials, by {@code nativejwt login} and {@code nativejwt token}.
 */
@ExtendWith(ClientsSite.Shared.class)
final class JobTest {
    private final ClientsSite site;

    JobTest(ClientsSite site) {
        this.site = site;
    }

    @Test
    void programGetsTheTokenFromItsEnvironment() {
        site.logInJob();
        Example example = Example.in("shell");
        Outcome outcome = shell(example, "with-token.sh", "sh", "query.sh", "SELECT 'made it'");
        // The example names a person.
        assertThat(outcome.everything())
                .contains("User " + ClientsSite.JOB + " cannot impersonate user alice");

        Map<String, String> environment = site.environment(ClientsSite.GARBAGE);
        environment.put("TRINO_USER", ClientsSite.JOB);
        outcome =
                ClientsSite.run(
                                example.folder(),
                                environment,
                                List.of(
                                        "sh",
                                        "with-token.sh",
                                        "sh",
                                        "query.sh",
                                        "SELECT current_user"))
                        .assertSucceeded();
        assertThat(outcome.rows()).containsExactly(ClientsSite.JOB);
    }

    @Test
    void batchesOfPythonHaveAFreshTokenEach() {
        site.logInBriefJob();
        Outcome outcome = batches(Example.in("python")).assertSucceeded();
        assertThat(outcome.rows()).containsExactly("13", "12", ClientsSite.BRIEF_JOB);
        assertThat(outcome.everything()).contains("The provider's tokens live for");
    }

    @Test
    void batchesWithOneTokenAreRejectedAfterItsEnd(TestInfo test) {
        site.logInBriefJob();
        Example example =
                Example.in("python")
                        .edit(
                                "batches.py",
                                "JWTAuthentication(fresh_token())",
                                "JWTAuthentication(token)")
                        .edit("batches.py", "for batch in", "token = fresh_token()\nfor batch in");
        Outcome outcome = batches(example).assertFailed();
        assertThat(outcome.rows()).containsExactly("13", "12");
        new Page()
                .sentences(getClass(), test.getTestMethod().orElseThrow().getName())
                .forEach(outcome::assertShows);
    }

    private Outcome batches(Example example) {
        return ClientContract.program(example, PythonTest.python(), "batches.py")
                .run(
                        site.environment(ClientsSite.GARBAGE),
                        "SELECT pause(13)",
                        "SELECT pause(12)",
                        "SELECT current_user");
    }

    @Test
    void tokenIsTheSameUntilItsLastMinuteAndALoginGetsANewOne() {
        site.logInJob();
        Example example = Example.in("shell");
        String first = printed(example);
        assertThat(first.equals(printed(example))).as("the same token").isTrue();
        Outcome outcome = shell(example, "full-life.sh").assertSucceeded();
        String next = outcome.rows().getLast();
        assertThat(next.equals(first)).as("the same token").isFalse();
        assertThat(Duration.between(Instant.now(), ClientsSite.expiry(next)))
                .isGreaterThan(Duration.ofMinutes(59));
    }

    private String printed(Example example) {
        return shell(example, "with-token.sh", "sh", "-c", "printf '%s' \"$TRINO_TOKEN\"")
                .assertSucceeded()
                .rows()
                .getFirst();
    }

    private Outcome shell(Example example, String file, String... arguments) {
        return ClientContract.program(example, "sh", file)
                .run(site.environment(ClientsSite.GARBAGE), arguments);
    }
}

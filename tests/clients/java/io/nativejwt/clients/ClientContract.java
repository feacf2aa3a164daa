// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What holds for every client. The sentences are those of the page, in the row that names the test.
 */
@ExtendWith(ClientsSite.Shared.class)
abstract class ClientContract {
    private static final String WHO = "SELECT current_user AS name";

    /** A name that Trino reserves for what it puts into a session itself. */
    static final String RESERVED = "internal$s3_aws_access_key";

    /** How the example is used: as the page shows it, or with one change. */
    enum Use {
        AS_SHOWN,
        AS_BOB,
        WITHOUT_TRUST,
        WITH_RESERVED_CREDENTIAL
    }

    /** A program that is ready to run, with statements as its arguments. */
    interface Program {
        Outcome run(Map<String, String> environment, String... statements);
    }

    final ClientsSite site;

    ClientContract(ClientsSite site) {
        this.site = site;
    }

    abstract Program program(Use use);

    static Program program(Example example, String... command) {
        return (environment, statements) ->
                ClientsSite.run(
                        example.folder(),
                        environment,
                        Stream.concat(Stream.of(command), Stream.of(statements)).toList());
    }

    final Outcome run(Use use, String token, String... statements) {
        return program(use).run(site.environment(token), statements);
    }

    final List<Page.Sentence> sentences(TestInfo test) {
        return new Page().sentences(getClass(), test.getTestMethod().orElseThrow().getName());
    }

    final void assertShows(Outcome outcome, TestInfo test) {
        // Before what prints the output, and not by AssertJ's own methods for texts, which do.
        assertThat(outcome.everything().contains("eyJhbGciOi")).as("a token is shown").isFalse();
        outcome.assertFailed();
        sentences(test).forEach(outcome::assertShows);
    }

    @Test
    void userIsThatOfTheToken() {
        Outcome outcome = run(Use.AS_SHOWN, site.token(), WHO).assertSucceeded();
        assertThat(outcome.rows()).containsExactly(ClientsSite.USER);
    }

    @Test
    void garbageTokenShowsItsSentence(TestInfo test) {
        assertShows(run(Use.AS_SHOWN, ClientsSite.GARBAGE, WHO), test);
    }

    @Test
    void expiredTokenShowsItsSentence(TestInfo test) {
        assertShows(run(Use.AS_SHOWN, site.expiredToken(), WHO), test);
    }

    @Test
    void nameOfAnotherUserShowsItsSentence(TestInfo test) {
        assertShows(run(Use.AS_BOB, site.token(), WHO), test);
    }

    @Test
    void certificateThatIsNotTrustedShowsItsSentence(TestInfo test) {
        assertShows(run(Use.WITHOUT_TRUST, site.token(), WHO), test);
    }

    @Test
    void reservedCredentialShowsItsSentence(TestInfo test) {
        assertShows(run(Use.WITH_RESERVED_CREDENTIAL, site.token(), WHO), test);
    }

    @Test
    void statementOutlivesItsTokenAndTheNextOneIsRejected(TestInfo test) {
        Program program = program(Use.AS_SHOWN);
        String token = site.briefToken();
        Outcome outcome = program.run(site.environment(token), "SELECT pause(23) AS seconds", WHO);
        assertThat(Instant.now()).isAfter(ClientsSite.expiry(token));
        assertThat(outcome.rows()).containsExactly("23");
        assertShows(outcome, test);
    }
}

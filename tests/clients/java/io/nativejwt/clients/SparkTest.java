// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Spark, which reads from Trino by JDBC, in local mode. */
final class SparkTest extends ClientContract {
    private static final String FILE = "query.py";
    private static final String TRUST =
            "        .option(\"SSLTrustStorePath\", os.environ[\"TRINO_CA\"])\n";
    private static final String SSL = "        .option(\"SSL\", \"true\")\n";

    SparkTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("spark");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.insert(FILE, SSL, option("user", "bob"));
            case WITHOUT_TRUST -> example.without(FILE, TRUST);
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(FILE, SSL, option("extraCredentials", RESERVED + ":forged"));
        }
        return spark(example, FILE);
    }

    private Program spark(Example example, String file) {
        SparkSession session = site.spark();
        return (environment, statements) ->
                session.run(example.file(file), environment, statements);
    }

    private static String option(String name, String value) {
        return "        .option(\"%s\", \"%s\")\n".formatted(name, value);
    }

    @Test
    void sslThatIsNotTrueHidesTheSentence(TestInfo test) {
        Program program = spark(Example.in("spark").without(FILE, SSL), FILE);
        assertShows(program.run(site.environment(site.token()), "SELECT 1 AS one"), test);
    }

    @Test
    void columnWithoutANameShowsItsSentence(TestInfo test) {
        assertShows(run(Use.AS_SHOWN, site.token(), "SELECT 1"), test);
    }

    /** Eight partitions, two at once, each for seven seconds: the last ones begin after the end. */
    @Test
    void partitionThatBeginsAfterTheEndOfTheTokenFails(TestInfo test) {
        Program program = spark(Example.in("spark"), "partitions.py");
        Outcome outcome = program.run(site.environment(site.briefToken()), slowTable(7));
        assertThat(outcome.rows()).containsExactly("8");
        assertShows(outcome, test);
    }

    @Test
    void partitionsThatAllBeginBeforeTheEndOfTheTokenSucceed() {
        Program program = spark(Example.in("spark"), "partitions.py");
        Outcome outcome =
                program.run(site.environment(site.token()), slowTable(1)).assertSucceeded();
        assertThat(outcome.rows()).containsExactly("8", "8");
    }

    /** Eight rows, each of which takes some seconds. */
    private static String slowTable(int seconds) {
        return "(SELECT id, pause(%d) AS paused FROM UNNEST(sequence(1, 8)) AS t(id)) AS slow"
                .formatted(seconds);
    }

    @Test
    void eachBatchWithAFreshTokenSucceeds() {
        site.logInBriefJob();
        Program program = spark(Example.in("spark"), "batches.py");
        Outcome outcome =
                program.run(
                                site.environment(ClientsSite.GARBAGE),
                                "SELECT pause(13) AS seconds",
                                "SELECT pause(12) AS seconds",
                                "SELECT current_user AS name")
                        .assertSucceeded();
        assertThat(outcome.rows()).containsExactly("13", "12", ClientsSite.BRIEF_JOB);
    }

    @Test
    void dataFrameKeepsTheTokenWithWhichItWasMade(TestInfo test) {
        Example example =
                Example.in("spark")
                        .edit(
                                "batches.py",
                                "    for row in batch(query).collect():\n",
                                "    frame = batch(query)\n"
                                        + "    for row in [*frame.collect(), *frame.collect()]:\n");
        site.logInBriefJob();
        Program program = spark(example, "batches.py");
        Outcome outcome =
                program.run(site.environment(ClientsSite.GARBAGE), "SELECT pause(23) AS seconds");
        assertShows(outcome, test);
    }
}

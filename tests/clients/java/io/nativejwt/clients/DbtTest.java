// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

/** dbt with its adapter for Trino: a project with two models, the second after the first. */
final class DbtTest extends ClientContract {
    private static final String FILE = "profiles.yml";
    private static final String TRUST = "      cert: \"{{ env_var('TRINO_CA') }}\"\n";

    DbtTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("dbt");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.insert(FILE, TRUST, "      user: bob\n");
            case WITHOUT_TRUST -> example.without(FILE, TRUST);
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(
                            FILE,
                            TRUST,
                            "      http_headers:\n        X-Trino-Extra-Credential: "
                                    + RESERVED
                                    + "=forged\n");
        }
        return program(example);
    }

    /** The statements are the models; what became of them is read from their tables. */
    private Program program(Example example) {
        String dbt = Workspace.fetchedForTests("client-dbt").resolveSibling("dbt").toString();
        return (environment, statements) -> {
            String models =
                    "{first: \"%s\", second: \"%s\"}"
                            .formatted(
                                    statements[0],
                                    statements.length > 1 ? statements[1] : "SELECT 1 AS one");
            try {
                for (String table : tables()) {
                    site.query("DROP TABLE memory.default." + table);
                }
                Outcome outcome =
                        ClientsSite.run(
                                example.folder(),
                                environment,
                                List.of(dbt, "run", "--profiles-dir", ".", "--vars", models));
                List<String> rows =
                        tables().contains("first")
                                ? site.query("SELECT * FROM memory.default.first")
                                : List.of();
                return new Outcome(outcome.succeeded(), rows, outcome.everything());
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    /** Differs from other clients: dbt renames the new table by a statement more. */
    @Override
    @Test
    void statementOutlivesItsTokenAndTheNextOneIsRejected(TestInfo test) {
        Instant start = Instant.now();
        assertShows(
                run(
                        Use.AS_SHOWN,
                        site.lessBriefToken(),
                        "SELECT pause(43) AS seconds",
                        "SELECT 1 AS one"),
                test);
        try {
            assertThat(
                            site.query(
                                    """
                                    SELECT state FROM system.runtime.queries
                                    WHERE query LIKE '%%pause(43)%%' AND source LIKE 'dbt%%'
                                    AND created >= from_unixtime(%d)
                                    """
                                            .formatted(start.getEpochSecond())))
                    .containsExactly("FINISHED");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void withoutTheFlagAnyCertificateIsAccepted(TestInfo test) {
        Example example =
                Example.in("dbt")
                        .without(FILE, TRUST)
                        .without("dbt_project.yml", "  require_certificate_validation: true\n");
        Outcome outcome =
                program(example)
                        .run(site.environment(site.token()), "SELECT current_user AS name")
                        .assertSucceeded();
        assertThat(outcome.rows()).containsExactly(ClientsSite.USER);
        sentences(test).forEach(outcome::assertShows);
    }

    private List<String> tables() throws SQLException {
        return site.query("SHOW TABLES FROM memory.default");
    }
}

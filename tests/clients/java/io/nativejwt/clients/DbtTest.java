// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import io.nativejwt.harness.Workspace;

import java.sql.SQLException;
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
                    "{first: \"%s AS value\", second: \"%s AS value\"}"
                            .formatted(
                                    statements[0],
                                    statements.length > 1 ? statements[1] : "SELECT 1");
            try {
                for (String table : tables()) {
                    site.run("DROP TABLE memory.default." + table);
                }
                Outcome outcome =
                        ClientsSite.run(
                                example.folder(),
                                environment,
                                List.of(dbt, "run", "--profiles-dir", ".", "--vars", models));
                List<String> rows =
                        tables().contains("first")
                                ? site.run("SELECT value FROM memory.default.first")
                                : List.of();
                return new Outcome(
                        outcome.succeeded(), rows, outcome.everything(), outcome.time());
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    private List<String> tables() throws SQLException {
        return site.run("SHOW TABLES FROM memory.default");
    }
}

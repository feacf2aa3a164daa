// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

import java.util.List;

/** Trino's command line, from a shell. */
final class CliTest extends ClientContract {
    private static final String FILE = "query.sh";

    CliTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("shell");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.edit(FILE, "\"$TRINO_USER\"", "bob");
            case WITHOUT_TRUST -> example.without(FILE, " --truststore-path \"$TRINO_CA\"");
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(
                            FILE,
                            "--user \"$TRINO_USER\"",
                            " --extra-credential '" + RESERVED + "=forged'");
        }
        return program(example);
    }

    private static Program program(Example example) {
        return (environment, statements) -> {
            String all = String.join("; ", statements);
            return ClientsSite.run(example.folder(), environment, List.of("sh", FILE, all));
        };
    }

    @Test
    void userIsTheOperatingSystemsUnlessItIsGiven(TestInfo test) {
        Example example = Example.in("shell").without(FILE, "--user \"$TRINO_USER\" ");
        assertShows(program(example).run(site.environment(site.token()), "SELECT 1"), test);
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Trino's JDBC driver, in a program of its own. */
final class JdbcTest extends ClientContract {
    private static final String FILE = "Query.java";
    private static final String TOKEN =
            "        properties.setProperty(\"accessToken\", System.getenv(\"TRINO_TOKEN\"));\n";
    private static final String TRUST =
            "        properties.setProperty(\"SSLTrustStorePath\", System.getenv(\"TRINO_CA\"));\n";

    JdbcTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("jdbc");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.insert(FILE, TOKEN, property("user", "bob"));
            case WITHOUT_TRUST -> example.without(FILE, TRUST);
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(FILE, TOKEN, property("extraCredentials", RESERVED + ":forged"));
        }
        return program(example);
    }

    private static Program program(Example example) {
        return program(example, Workspace.java(), "-cp", ClientsSite.jdbcDriver(), FILE);
    }

    private static String property(String name, String value) {
        return "        properties.setProperty(\"%s\", \"%s\");\n".formatted(name, value);
    }

    @Test
    void passwordBesideTheTokenShowsItsSentence(TestInfo test) {
        Example example =
                Example.in("jdbc")
                        .insert(FILE, TOKEN, property("user", "alice") + property("password", "x"));
        assertShows(program(example).run(site.environment(site.token()), "SELECT 1"), test);
    }

    @Test
    void trustStoreWithoutTlsShowsItsSentence(TestInfo test) {
        Example example = Example.in("jdbc").without(FILE, property("SSL", "true"));
        assertShows(program(example).run(site.environment(site.token()), "SELECT 1"), test);
    }

    @Test
    void tokenWithoutTlsShowsItsSentence(TestInfo test) {
        Example example =
                Example.in("jdbc").without(FILE, property("SSL", "true")).without(FILE, TRUST);
        assertShows(program(example).run(site.environment(site.token()), "SELECT 1"), test);
    }
}

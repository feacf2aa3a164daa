// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

import java.io.File;
import java.time.Duration;
import java.util.List;

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

    /** Compiled here and now, so that a token does not grow old meanwhile. */
    private static Program program(Example example) {
        Processes.runOrFail(
                Duration.ofMinutes(1),
                List.of(
                        Workspace.jdkTool("javac"),
                        "-d",
                        example.folder().toString(),
                        example.file(FILE).toString()));
        String path = example.folder() + File.pathSeparator + ClientsSite.jdbcDriver();
        return program(example, Workspace.java(), "-cp", path, "Query");
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

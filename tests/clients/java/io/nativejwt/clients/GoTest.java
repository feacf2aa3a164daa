// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Trino's client for Go. */
@Tag("go")
final class GoTest extends ClientContract {
    private static final String FILE = "query/main.go";
    private static final String TRUST = "\t\tSSLCertPath: os.Getenv(\"TRINO_CA\"),\n";
    private static final String SERVER = "url.URL{Scheme: \"https\", ";

    GoTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("go");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.insert(FILE, SERVER, "User: url.User(\"bob\"), ");
            case WITHOUT_TRUST -> example.without(FILE, TRUST);
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(
                            FILE,
                            TRUST,
                            "\t\tExtraCredentials: map[string]string{\""
                                    + RESERVED
                                    + "\": \"forged\"},\n");
        }
        return compiled(example, "query");
    }

    /** Compiled here and now, so that a token does not grow old meanwhile. */
    private Program compiled(Example example, String name) {
        Map<String, String> environment = site.environment(ClientsSite.GARBAGE);
        Path cache = Workspace.fetchedForTests("client-go");
        environment.put("GOMODCACHE", cache.resolve("modules").toString());
        environment.put("GOCACHE", cache.resolve("build").toString());
        environment.put("GOFLAGS", "-mod=readonly");
        environment.put("GOTOOLCHAIN", "local");
        environment.put("GOPROXY", "off");
        ClientsSite.run(
                        example.folder(),
                        environment,
                        List.of("go", "build", "-o", "program", "./" + name))
                .assertSucceeded();
        return program(example, example.file("program").toString());
    }

    @Test
    void plainHttpShowsItsSentence(TestInfo test) {
        Example example =
                Example.in("go")
                        .edit(FILE, "Scheme: \"https\"", "Scheme: \"http\"")
                        .without(FILE, TRUST);
        Map<String, String> environment = site.environment(site.token());
        environment.put("TRINO_PORT", Integer.toString(site.coordinator().httpUri().getPort()));
        assertShows(compiled(example, "query").run(environment, "SELECT 1"), test);
    }

    @Test
    void eachStatementCanHaveATokenOfItsOwn() {
        site.logInBriefJob();
        Outcome outcome =
                compiled(Example.in("go"), "batches")
                        .run(
                                site.environment(ClientsSite.GARBAGE),
                                "SELECT pause(13)",
                                "SELECT pause(12)",
                                "SELECT current_user")
                        .assertSucceeded();
        assertThat(outcome.rows()).containsExactly("13", "12", ClientsSite.BRIEF_JOB);
    }
}

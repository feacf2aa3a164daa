// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Map;

/** Trino's client for Node.js. */
@Tag("node")
final class NodeTest extends ClientContract {
    private static final String FILE = "query.mjs";
    private static final String TRUST = "  ssl: { ca: readFileSync(process.env.TRINO_CA) },\n";
    private static final String USER = "    \"X-Trino-User\": process.env.TRINO_USER,\n";

    NodeTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("node");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.edit(FILE, USER, "    \"X-Trino-User\": \"bob\",\n");
            case WITHOUT_TRUST -> example.without(FILE, TRUST);
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(
                            FILE,
                            TRUST,
                            "  extraCredential: { \"" + RESERVED + "\": \"forged\" },\n");
        }
        return node(example);
    }

    private static Program node(Example example) {
        try {
            Files.createSymbolicLink(
                    example.file("node_modules"), Workspace.fetchedForTests("client-node"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return program(example, "node", FILE);
    }

    @Test
    void userIsTheOperatingSystemsUnlessTheHeaderIsGiven(TestInfo test) {
        Map<String, String> environment = site.environment(site.token());
        environment.put("USER", "root");
        Program program = node(Example.in("node").without(FILE, USER));
        assertShows(program.run(environment, "SELECT 1"), test);
    }
}

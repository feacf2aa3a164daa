// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Tls;
import io.nativejwt.harness.Workspace;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

import java.util.Map;

/** Trino's client for Python. */
final class PythonTest extends ClientContract {
    private static final String FILE = "query.py";
    private static final String TRUST = "    verify=os.environ[\"TRINO_CA\"],\n";

    PythonTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("python");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.insert(FILE, TRUST, "    user=\"bob\",\n");
            case WITHOUT_TRUST -> example.without(FILE, TRUST);
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(
                            FILE,
                            TRUST,
                            "    extra_credential=[(\"" + RESERVED + "\", \"forged\")],\n");
        }
        return program(example, python(), FILE);
    }

    static String python() {
        return Workspace.fetchedForTests("client-python").toString();
    }

    /** The certificates of other servers, as many companies set them for all programs. */
    @Test
    void certificatesOfTheEnvironmentWinOverVerify(TestInfo test) {
        Tls other = Tls.create(Workspace.freshFolder("test/clients/other"));
        for (String name : new String[] {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
            Map<String, String> environment = site.environment(site.token());
            environment.put(name, other.certificatePem().toString());
            assertShows(program(Use.AS_SHOWN).run(environment, "SELECT 1"), test);
        }
    }

    @Test
    void errorIsAnHttpErrorAndNotATrinoAuthError() {
        Example example =
                Example.in("python")
                        .edit(
                                FILE,
                                "    for row in cursor.execute(statement):\n"
                                        + "        print(row[0], flush=True)\n",
                                """
                                    try:
                                        cursor.execute(statement)
                                    except trino.exceptions.TrinoAuthError:
                                        print("TrinoAuthError")
                                    except trino.exceptions.HttpError:
                                        print("HttpError")
                                """
                                        .indent(4));
        Outcome outcome =
                program(example, python(), FILE)
                        .run(site.environment(ClientsSite.GARBAGE), "SELECT 1")
                        .assertSucceeded();
        assertThat(outcome.rows()).containsExactly("HttpError");
    }
}

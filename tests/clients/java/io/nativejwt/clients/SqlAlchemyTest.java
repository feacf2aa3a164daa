// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** SQLAlchemy with Trino's dialect. */
final class SqlAlchemyTest extends ClientContract {
    private static final String FILE = "query_with_sqlalchemy.py";
    private static final String TRUST = "        \"verify\": os.environ[\"TRINO_CA\"],\n";
    private static final String SCHEME = "        \"http_scheme\": \"https\",\n";
    private static final String AUTH =
            "        \"auth\": trino.auth.JWTAuthentication(os.environ[\"TRINO_TOKEN\"]),\n";

    SqlAlchemyTest(ClientsSite site) {
        super(site);
    }

    @Override
    Program program(Use use) {
        Example example = Example.in("python");
        switch (use) {
            case AS_SHOWN -> {}
            case AS_BOB -> example.edit(FILE, "trino://", "trino://bob@");
            case WITHOUT_TRUST -> example.without(FILE, TRUST);
            case WITH_RESERVED_CREDENTIAL ->
                    example.insert(
                            FILE,
                            TRUST,
                            "        \"extra_credential\": [(\""
                                    + RESERVED
                                    + "\", \"forged\")],\n");
        }
        return program(example, PythonTest.python(), FILE);
    }

    private static Example withTokenInUrl() {
        return Example.in("python")
                .without(FILE, AUTH)
                .edit(FILE, "/memory\"", "/memory?access_token={os.environ['TRINO_TOKEN']}\"");
    }

    @Test
    void schemeIsNotTakenFromAUrlWithAToken(TestInfo test) {
        Example example = withTokenInUrl().without(FILE, SCHEME);
        assertShows(
                program(example, PythonTest.python(), FILE)
                        .run(site.environment(site.token()), "SELECT 1"),
                test);
    }

    @Test
    void engineWithATokenInItsUrlPrintsIt() {
        Example example =
                withTokenInUrl()
                        .edit(
                                FILE,
                                "with engine.connect() as connection:\n",
                                "print(engine)\n\nwith engine.connect() as connection:\n");
        String token = site.token();
        Outcome outcome =
                program(example, PythonTest.python(), FILE)
                        .run(site.environment(token), "SELECT 1");
        // Not by AssertJ's own methods for texts, which would print it.
        assertThat(outcome.succeeded()).isTrue();
        assertThat(outcome.everything().contains(token)).as("the token is printed").isTrue();
    }
}

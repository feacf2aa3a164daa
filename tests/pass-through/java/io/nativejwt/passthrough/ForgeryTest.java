// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static io.nativejwt.passthrough.PassThroughSite.SECRET;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Cluster;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Trap 7: what a client sends under the credential's name would replace the token. */
@ExtendWith(PassThroughSite.Shared.class)
final class ForgeryTest {
    private static final String REJECTION = "extra credential";

    private final PassThroughSite site;

    ForgeryTest(PassThroughSite site) {
        this.site = site;
    }

    @Test
    void forgedCredentialByJdbcIsRejected() {
        String alices = site.token("alice");
        Login bob = site.careful().login(site.token("bob"));
        assertThat(
                        bob.with("extraCredentials", "token:" + alices)
                                .failure(SECRET.formatted("lake")))
                .startsWith("Authentication failed: ")
                .contains(REJECTION)
                .doesNotContain(alices);
    }

    @Test
    void everySpellingOfAForgedCredentialIsRejected() throws Exception {
        String alices = site.token("alice");
        List<List<String>> lines = new ArrayList<>();
        for (String name : List.of("X-Trino-Extra-Credential", "x-trino-extra-credential")) {
            lines.add(List.of(name, "token=" + alices));
            lines.add(List.of(name, " token = " + alices));
            lines.add(List.of(name, "Token=" + alices));
            lines.add(List.of(name, "TOKEN=" + alices));
            lines.add(List.of(name, "\ttoken=" + alices));
            lines.add(List.of(name, "a=b,token=" + alices));
            lines.add(List.of(name, "a=b , token=" + alices + ", c=d"));
            lines.add(List.of(name, "a=b", name, "token=" + alices));
        }
        for (List<String> headers : lines) {
            assertThat(rejection(site.careful(), headers))
                    .contains(REJECTION)
                    .doesNotContain(alices);
        }
        // The coordinator of the other cluster takes headers of another name as well.
        for (List<String> headers : lines) {
            List<String> renamed =
                    headers.stream()
                            .map(text -> text.replace("X-Trino", "X-Presto"))
                            .map(text -> text.replace("x-trino", "x-presto"))
                            .toList();
            assertThat(rejection(site.careless(), headers)).contains(REJECTION);
            assertThat(rejection(site.careless(), renamed)).contains(REJECTION);
        }
    }

    @Test
    void anotherCredentialIsTheClientsOwnAffair() throws SQLException {
        assertThat(
                        site.careful()
                                .login(site.token("alice"))
                                .with("extraCredentials", "tokens:x")
                                .run(SECRET.formatted("lake")))
                .containsExactly(PassThroughSite.SECRET_ROW);
    }

    /** What the coordinator answers to a request of bob's with these headers. */
    private String rejection(Cluster cluster, List<String> headers) throws Exception {
        Coordinator coordinator = cluster.coordinator();
        HttpRequest request =
                HttpRequest.newBuilder(coordinator.uri().resolve("/v1/statement"))
                        .header("Authorization", "Bearer " + site.token("bob"))
                        .headers(headers.toArray(String[]::new))
                        .POST(HttpRequest.BodyPublishers.ofString(SECRET.formatted("lake")))
                        .build();
        try (HttpClient client =
                HttpClient.newBuilder().sslContext(coordinator.tls().clientContext()).build()) {
            HttpResponse<String> answer =
                    client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(headers.getFirst()).isEqualTo(401);
            return answer.body();
        } catch (IOException e) {
            throw new AssertionError("no answer to " + headers.getFirst(), e);
        }
    }
}

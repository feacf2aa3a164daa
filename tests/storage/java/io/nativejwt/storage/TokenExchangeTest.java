// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.BOBS;
import static io.nativejwt.storage.StorageSite.FORBIDDEN;
import static io.nativejwt.storage.StorageSite.JWT;
import static io.nativejwt.storage.StorageSite.STORAGE;
import static io.nativejwt.storage.StorageSite.UNKNOWN_KEY;
import static io.nativejwt.storage.StorageSite.VAULT;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Cluster;
import io.nativejwt.harness.Login;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Wiretap;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * STS wants another audience than the coordinator, so that Keycloak exchanges the token first (RFC
 * 8693), and each user has a role of the user's name. The nodes of this cluster speak plain HTTP.
 */
@ExtendWith(StorageSite.Shared.class)
final class TokenExchangeTest {
    @RegisterExtension private static final StartedParts PARTS = new StartedParts();

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String ROLE = "arn:aws:iam::111122223333:role/home-";

    private static Cluster cluster;
    private static StsProxy sts;
    private static Wiretap betweenNodes;

    private final StorageSite site;

    TokenExchangeTest(StorageSite site) {
        this.site = site;
    }

    @BeforeAll
    static void start(StorageSite site) throws IOException {
        Stopwatch stopwatch = new Stopwatch("Cluster without internal HTTPS");
        sts = PARTS.add(new StsProxy(site.store().uri(), true));
        String issuer = site.keycloak().issuer(VAULT);
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(JWT + "key-file", "oidc:" + issuer);
        properties.put(JWT + "required-audience", "trino");
        properties.put(JWT + "principal-field", "preferred_username");
        properties.put(STORAGE + "sts-endpoint", sts.uri());
        properties.put(STORAGE + "role", ROLE + "${USER}");
        properties.put(
                STORAGE + "token-exchange.endpoint", issuer + "/protocol/openid-connect/token");
        properties.put(STORAGE + "token-exchange.client-id", "trino");
        properties.put(STORAGE + "token-exchange.client-secret", "trino-secret-for-tests");
        properties.put(STORAGE + "token-exchange.audience", "storage");
        cluster =
                PARTS.add(
                        site.startWithoutInternalHttps(
                                properties,
                                site.keycloak().userToken(VAULT, "alice"),
                                wiretap -> betweenNodes = PARTS.add(wiretap)));
        stopwatch.done();
    }

    private Login login(String user) {
        return cluster.login(site.keycloak().userToken(VAULT, user));
    }

    @Test
    void tokenIsExchangedForOneOfTheAudienceThatStsDemands() throws SQLException {
        String token = site.keycloak().userToken(VAULT, "alice");
        HttpResponse<String> refused = site.store().assumeRole(token, ROLE + "alice");
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);

        assertThat(cluster.login(token).run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
    }

    @Test
    void userIsAPartOfTheRole() throws SQLException {
        assertThat(login("alice").run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
        assertThat(login("alice").failure(BOBS.formatted("lake"))).contains(FORBIDDEN);
        assertThat(login("bob").run(BOBS.formatted("lake"))).containsExactly("bob");
        assertThat(login("bob").failure(ALICES.formatted("lake"))).contains(FORBIDDEN);
        assertThat(sts.roles()).contains(ROLE + "alice", ROLE + "bob");
        // There is no role of that name.
        assertThat(login("carol").failure("SELECT 1"))
                .contains("The object store does not accept this token");
        assertThat(login("alice").as("bob").failure(BOBS.formatted("lake"))).contains(UNKNOWN_KEY);
    }

    /** Trap 7, and with HTTPS between the nodes it is none. */
    @Test
    void credentialsAreOnTheWireBetweenTheNodesUnlessItIsEncrypted() throws SQLException {
        assertThat(login("alice").run(ALICES.formatted("lake"))).containsExactly(ALICES_ROW);
        StsProxy.Given given = sts.given().getLast();
        Poll.until(
                "the task on the wire",
                LIMIT,
                () -> betweenNodes.sent().contains(given.sessionToken()));
        assertThat(betweenNodes.sent()).contains(given.accessKey(), given.secretKey(), "/v1/task/");

        int before = site.betweenNodes().sent().length();
        site.login("alice").run(ALICES.formatted("lake"));
        String encrypted = site.betweenNodes().sent();
        assertThat(encrypted.length()).as("bytes to the worker").isGreaterThan(before + 1000);
        List<StsProxy.Given> all = site.sts().given();
        assertThat(SecretSearch.of(all).find(encrypted)).isEmpty();
        assertThat(encrypted).doesNotContain(all.getLast().accessKey(), "/v1/task/");
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Login;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where secret keys and session tokens must not be found, with our loggers and Trino's at DEBUG.
 */
@ExtendWith(StorageSite.Shared.class)
final class SecretsStayInsideTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String QUERY =
            "SELECT s.name, count(*) AS counted_orders FROM lake.alice.salaries s"
                    + " CROSS JOIN tpch.tiny.orders GROUP BY 1";

    private final StorageSite site;

    SecretsStayInsideTest(StorageSite site) {
        this.site = site;
    }

    @Test
    void secretsAreInNoLogAndNoTable() throws SQLException {
        String token = site.token("alice");
        Login alice = site.cluster().login(token).from("found-everywhere");
        alice.run(QUERY);
        alice.failure("SELECT * FROM lake.alice.no_such_table");
        alice.failure("SELECT * FROM lake.bob.notes");
        String explained = String.join("\n", alice.run("EXPLAIN ANALYZE VERBOSE " + QUERY));
        String id =
                alice.run(
                                "SELECT query_id FROM system.runtime.queries WHERE source ="
                                        + " 'found-everywhere' AND query LIKE 'SELECT s.name%'")
                        .getFirst();

        Map<String, String> places = new TreeMap<>();
        places.put("EXPLAIN ANALYZE", explained);
        for (String table : List.of("queries", "tasks", "nodes", "transactions")) {
            places.put(
                    table, String.join("\n", alice.run("SELECT * FROM system.runtime." + table)));
        }
        places.put("sessions", String.join("\n", alice.run("SHOW SESSION")));
        for (String path :
                List.of("/v1/query", "/v1/query/" + id, "/ui/api/query", "/ui/api/query/" + id)) {
            HttpResponse<String> answer =
                    Clients.get(site.cluster().coordinator(), path, "Bearer " + token);
            assertThat(answer.statusCode()).as(path).isEqualTo(200);
            assertThat(answer.body()).as(path).contains(id);
            places.put(path, answer.body());
        }
        Poll.until(
                "the event of the query's end",
                LIMIT,
                () ->
                        site.events().events().stream().filter(event -> event.contains(id)).count()
                                >= 2);
        places.put("events", String.join("\n", site.events().events()));
        Poll.until(
                "the requests of the query in http-request.log",
                LIMIT,
                () ->
                        site.logs().values().stream()
                                .anyMatch(text -> text.contains("/v1/task/" + id)));
        places.putAll(site.logs());

        // What is searched is where it would be: each place knows of the query.
        assertThat(places.keySet().toString())
                .contains("coordinator/server.log", "worker/server.log", "http-request.log");
        assertThat(places.get("events")).contains("counted_orders", "found-everywhere");
        for (String node : List.of("coordinator", "worker")) {
            String log = places.get(node + "/server.log");
            assertThat(log.contains("\tDEBUG\t")).as("DEBUG lines of the " + node).isTrue();
            assertThat(log.contains(id)).as("the query in the log of the " + node).isTrue();
        }
        List<StsProxy.Given> given = site.sts().given();
        assertThat(given).isNotEmpty();
        SecretSearch search = SecretSearch.of(given);
        assertThat(search.find("x" + given.getFirst().sessionToken() + "x")).isPresent();
        assertThat(search.find("x" + given.getFirst().secretKey() + "x")).isPresent();
        places.forEach(
                (place, text) -> {
                    assertThat(search.find(text)).as("a secret in " + place).isEmpty();
                    assertThat(text.contains(token)).as("the token in " + place).isFalse();
                });
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import static io.nativejwt.passthrough.PassThroughSite.SECRET;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Cluster;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Login;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Where the token goes inside the cluster, and where it must not be found. */
@ExtendWith(PassThroughSite.Shared.class)
final class TokenStaysInsideTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String QUERY =
            "SELECT s.name, count(*) AS counted_orders FROM lake.sales.salaries s"
                    + " CROSS JOIN tpch.tiny.orders GROUP BY 1";

    private final PassThroughSite site;

    TokenStaysInsideTest(PassThroughSite site) {
        this.site = site;
    }

    /** Trap 10, with the port that docs/pass-through.md closes. */
    @Test
    void tasksCarryTheTokenToWorkersForAllToReadWithoutHttps() throws SQLException {
        String token = site.token("alice");
        Cluster careless = site.careless();
        site.betweenNodes().forget();
        careless.login(token).run("SELECT count(*) FROM tpch.sf1.orders");
        assertThat(
                        site.betweenNodes()
                                .sent()
                                .contains("\"extraCredentials\":{\"token\":\"" + token + "\"}"))
                .isTrue();
    }

    @Test
    void nodesHaveNoPortWithoutHttps() throws SQLException {
        Login alice = site.careful().login(site.token("alice"));
        assertThat(alice.run("SELECT http_uri FROM system.runtime.nodes"))
                .hasSize(2)
                .allMatch(uri -> uri.startsWith("https://"));
        assertThat(alice.run("SELECT count(*) FROM tpch.sf1.orders")).containsExactly("1500000");
        assertThat(
                        alice.run(
                                "SELECT count(DISTINCT node_id) FROM system.runtime.tasks"
                                        + " WHERE state = 'FINISHED'"))
                .as("tasks went to the worker too")
                .containsExactly("2");
        for (Coordinator node : List.of(site.careful().coordinator(), site.careful().worker())) {
            assertThat(node.log()).noneMatch(line -> line.contains("http://0.0.0.0"));
        }
    }

    @Test
    void tokenIsInNoLogNoEventAndNoTable() throws Exception {
        String token = site.token("alice");
        Login alice = site.careful().login(token).from("found-everywhere");
        alice.run(QUERY);
        alice.failure("SELECT * FROM lake.sales.no_such_table");
        String explained = String.join("\n", alice.run("EXPLAIN ANALYZE VERBOSE " + QUERY));
        String id =
                alice.run(
                                "SELECT query_id FROM system.runtime.queries WHERE source ="
                                        + " 'found-everywhere' AND query LIKE 'SELECT s.name%'")
                        .getFirst();

        Map<String, String> places = new TreeMap<>();
        places.put("EXPLAIN ANALYZE", explained);
        places.put("queries", rows(alice, "SELECT * FROM system.runtime.queries"));
        places.put("tasks", rows(alice, "SELECT * FROM system.runtime.tasks"));
        places.put("sessions", rows(alice, "SHOW SESSION"));
        for (String path :
                List.of("/v1/query", "/v1/query/" + id, "/ui/api/query", "/ui/api/query/" + id)) {
            HttpResponse<String> answer =
                    Clients.get(site.careful().coordinator(), path, "Bearer " + token);
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
                () -> files().values().stream().anyMatch(text -> text.contains("/v1/task/" + id)));
        places.putAll(files());

        // What is searched is where it would be: each place knows of the query.
        assertThat(places.keySet().toString())
                .contains("coordinator/server.log", "worker/server.log", "http-request.log");
        assertThat(places.get("events")).contains("counted_orders", "found-everywhere");
        for (String node : List.of("coordinator", "worker")) {
            String log = places.get(node + "/server.log");
            assertThat(log.contains("\tDEBUG\t")).as("DEBUG lines of the " + node).isTrue();
            assertThat(log.contains(id)).as("the query in the log of the " + node).isTrue();
        }
        String[] parts = token.split("\\.");
        places.forEach(
                (place, text) ->
                        assertThat(text.contains(parts[1]) || text.contains(parts[2]))
                                .as("the token in " + place)
                                .isFalse());
    }

    /** The logger of the HTTP client that Iceberg uses; the other cluster has it at DEBUG. */
    @Test
    void logOfTheHttpClientAtDebugHoldsTheToken() throws SQLException {
        String token = site.token("alice");
        site.careless().login(token).run(SECRET.formatted("lake"));
        Poll.until(
                "the token in the log",
                LIMIT,
                () ->
                        site.careless().coordinator().log().stream()
                                .anyMatch(line -> line.contains("Bearer " + token)));
    }

    private static String rows(Login login, String sql) throws SQLException {
        return String.join("\n", login.run(sql));
    }

    /** Every file that the two nodes write. */
    private Map<String, String> files() {
        Path folder = site.careful().coordinator().folder().getParent();
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".log")).toList()) {
                texts.put(
                        folder.relativize(file).toString(),
                        Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return texts;
    }
}

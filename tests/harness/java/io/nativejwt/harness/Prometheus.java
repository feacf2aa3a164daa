// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A real Prometheus on this machine's loopback, which ends with the tests. */
public final class Prometheus implements AutoCloseable {
    /** Members that stand twice, and text behind the end, are errors. */
    public static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final String uri;
    private final Program program;
    private final HttpClient client = HttpClient.newHttpClient();

    private Prometheus(String uri, Program program) {
        this.uri = uri;
        this.program = program;
    }

    /**
     * @param labels with the name as {@code __name__}
     * @param values times in seconds since 1970, with the value; one for an instant
     */
    public record Series(Map<String, String> labels, List<Point> values) {
        public String label(String name) {
            return labels.getOrDefault(name, "");
        }

        public double value() {
            return values.getLast().value();
        }
    }

    public record Point(double time, double value) {}

    /**
     * @param configuration whose rule files are named from its folder
     */
    public static Prometheus start(Path folder, Path configuration) {
        try {
            String address = "127.0.0.1:" + Coordinator.freePorts(1)[0];
            String uri = "http://" + address;
            Program program =
                    Program.start(
                            "Prometheus",
                            folder.resolve("prometheus.log"),
                            Map.of(),
                            List.of(
                                    Workspace.fetchedForTests("prometheus").toString(),
                                    "--config.file=" + configuration,
                                    "--storage.tsdb.path=" + folder.resolve("series"),
                                    "--web.listen-address=" + address),
                            () -> Program.answers(uri + "/-/ready"));
            return new Prometheus(uri, program);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What Prometheus brings for those who write rules. */
    public static Processes.Result promtool(Path folder, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Workspace.fetchedForTests("promtool").toString());
        command.addAll(arguments);
        return Processes.run(LIMIT, new ProcessBuilder(command).directory(folder.toFile()), "");
    }

    /** Each series that the expression gives now. */
    public List<Series> query(String expression) {
        JsonNode data = get("/api/v1/query?query=" + encoded(expression));
        List<Series> all = new ArrayList<>();
        switch (data.get("resultType").asText()) {
            case "vector" ->
                    data.get("result")
                            .forEach(
                                    one ->
                                            all.add(
                                                    new Series(
                                                            labels(one),
                                                            List.of(point(one.get("value"))))));
            case "scalar" -> all.add(new Series(Map.of(), List.of(point(data.get("result")))));
            default -> throw new IllegalStateException("Unexpected answer: " + data);
        }
        return all;
    }

    /** The same for a time with steps. */
    public List<Series> range(String expression, Instant from, Instant to, Duration step) {
        JsonNode data =
                get(
                        "/api/v1/query_range?query=%s&start=%d&end=%d&step=%d"
                                .formatted(
                                        encoded(expression),
                                        from.getEpochSecond(),
                                        to.getEpochSecond(),
                                        step.toSeconds()));
        List<Series> all = new ArrayList<>();
        for (JsonNode one : data.get("result")) {
            List<Point> points = new ArrayList<>();
            one.get("values").forEach(value -> points.add(point(value)));
            all.add(new Series(labels(one), points));
        }
        return all;
    }

    /** The groups of rules, with what they evaluated to. */
    public JsonNode rules() {
        return get("/api/v1/rules").get("groups");
    }

    private static Map<String, String> labels(JsonNode series) {
        Map<String, String> labels = new TreeMap<>();
        series.get("metric")
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        return labels;
    }

    private static Point point(JsonNode pair) {
        String value = pair.get(1).asText();
        return new Point(
                pair.get(0).asDouble(),
                switch (value) {
                    case "+Inf" -> Double.POSITIVE_INFINITY;
                    case "-Inf" -> Double.NEGATIVE_INFINITY;
                    default -> Double.parseDouble(value);
                });
    }

    private static String encoded(String expression) {
        return URLEncoder.encode(expression, UTF_8);
    }

    private JsonNode get(String path) {
        try {
            HttpResponse<String> response =
                    client.send(
                            HttpRequest.newBuilder(URI.create(uri + path)).timeout(LIMIT).build(),
                            HttpResponse.BodyHandlers.ofString());
            JsonNode answer = JSON.readTree(response.body());
            if (response.statusCode() != 200 || !answer.get("status").asText().equals("success")) {
                throw new IllegalArgumentException("Prometheus: " + response.body());
            }
            return answer.get("data");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        program.close();
        client.close();
    }
}

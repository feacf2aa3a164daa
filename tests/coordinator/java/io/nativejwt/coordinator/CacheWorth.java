// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.TrinoDistribution;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;

/**
 * What the cache of accepted tokens is worth to a coordinator for what its clients do: the
 * processor's time of Trino 476 for a statement, for a call about metadata, for a request of the
 * web UI and for the cheapest request, with the cache and without it, in turn.
 */
final class CacheWorth {
    private static final String JWT = "http-server.authentication.jwt.";
    private static final KeyPair KEYS = Keys.rsa();

    /** Odd, so that there is a middle one. */
    private static final int ROUNDS = 7;

    private static final Duration WARM_UP = Duration.ofSeconds(20);
    private static final Duration LOAD = Duration.ofSeconds(6);

    private enum Side {
        CACHED,
        UNCACHED
    }

    /** What a client does, and how often it authenticates for it. */
    private enum Work {
        STATEMENT("a statement: SELECT 1 by JDBC", "POST /v1/statement"),
        METADATA("metadata: getTables by JDBC", "POST /v1/statement"),
        UI("a request of the web UI: /ui/api/stats", "each request"),
        CHEAP("the cheapest request: /v1/query of no query", "each request");

        private final String words;
        private final String authenticated;

        Work(String words, String authenticated) {
            this.words = words;
            this.authenticated = authenticated;
        }
    }

    @FunctionalInterface
    private interface Task {
        void run() throws Exception;
    }

    private final Path folder;
    private final String token =
            Token.of("alice")
                    .claim("aud", "trino")
                    .claim("scope", "openid profile email " + "x".repeat(400))
                    .expiringAt(Instant.now().plus(Duration.ofHours(5)))
                    .sign("RS256", KEYS.getPrivate());
    private final Map<Side, Coordinator> coordinators = new EnumMap<>(Side.class);

    private CacheWorth(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        new CacheWorth(Workspace.freshFolder("bench/cache-worth")).run();
    }

    private void run() throws Exception {
        try {
            for (Side side : Side.values()) {
                coordinators.put(side, start(side));
            }
            for (Work work : Work.values()) {
                measure(work);
            }
        } finally {
            coordinators.values().forEach(Coordinator::close);
        }
    }

    private Coordinator start(Side side) throws IOException {
        Path home = Files.createDirectories(folder.resolve(side.name()));
        String key = Files.writeString(home.resolve("key.pem"), Keys.publicPem(KEYS)).toString();
        Coordinator.Builder builder =
                Coordinator.in(home)
                        .distribution(TrinoDistribution.tarball476())
                        .through(Integration.SERVER)
                        .jwt(Map.of(JWT + "key-file", key, JWT + "required-audience", "trino"))
                        .asInProduction();
        if (side == Side.UNCACHED) {
            builder.config(JWT + "token-cache.max-size", "0B");
        }
        return builder.start();
    }

    private void measure(Work work) throws Exception {
        Map<Side, List<Double>> micros = new EnumMap<>(Side.class);
        for (Side side : Side.values()) {
            micros.put(side, new ArrayList<>());
            cpuMicros(side, work, WARM_UP);
        }
        for (int round = 0; round < ROUNDS; round++) {
            List<Side> order = List.of(Side.values());
            for (Side side : round % 2 == 0 ? order : order.reversed()) {
                micros.get(side).add(cpuMicros(side, work, LOAD));
            }
        }
        double with = median(micros.get(Side.CACHED));
        double without = median(micros.get(Side.UNCACHED));
        System.out.printf(
                Locale.ROOT,
                "%-44s authenticates %-20s %9.0f us with the cache, %9.0f us without, %5.1f %%"
                        + " less; spreads %.0f %% and %.0f %%%n",
                work.words,
                work.authenticated,
                with,
                without,
                100 * (1 - with / without),
                100 * spread(micros.get(Side.CACHED)),
                100 * spread(micros.get(Side.UNCACHED)));
    }

    /** Of the coordinator's processes, for one of what the client does. */
    private double cpuMicros(Side side, Work work, Duration duration) throws Exception {
        Coordinator coordinator = coordinators.get(side);
        return switch (work) {
            case STATEMENT ->
                    byJdbc(
                            coordinator,
                            duration,
                            connection -> Clients.run(connection, "SELECT 1"));
            case METADATA ->
                    byJdbc(
                            coordinator,
                            duration,
                            connection -> {
                                try (ResultSet tables =
                                        connection
                                                .getMetaData()
                                                .getTables("system", "runtime", null, null)) {
                                    while (tables.next()) {
                                        tables.getString("TABLE_NAME");
                                    }
                                }
                            });
            case UI -> byHttp(coordinator, duration, "/ui/api/stats");
            case CHEAP -> byHttp(coordinator, duration, "/v1/query?state=QUEUED");
        };
    }

    @FunctionalInterface
    private interface Jdbc {
        void run(Connection connection) throws SQLException;
    }

    private double byJdbc(Coordinator coordinator, Duration duration, Jdbc jdbc) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("accessToken", token);
        try (Connection connection =
                DriverManager.getConnection(Clients.jdbcUrl(coordinator), properties)) {
            return cpuMicros(coordinator, duration, () -> jdbc.run(connection));
        }
    }

    private double byHttp(Coordinator coordinator, Duration duration, String path)
            throws Exception {
        try (HttpClient client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .sslContext(coordinator.tls().clientContext())
                        .build()) {
            HttpRequest request =
                    HttpRequest.newBuilder(coordinator.uri().resolve(path))
                            .header("Authorization", "Bearer " + token)
                            .build();
            return cpuMicros(
                    coordinator,
                    duration,
                    () -> {
                        int status =
                                client.send(request, HttpResponse.BodyHandlers.discarding())
                                        .statusCode();
                        if (status != 200) {
                            throw new IllegalStateException(path + ": status " + status);
                        }
                    });
        }
    }

    private static double cpuMicros(Coordinator coordinator, Duration duration, Task task)
            throws Exception {
        long end = System.nanoTime() + duration.toNanos();
        Duration before = coordinator.cpuTime();
        int times = 0;
        while (System.nanoTime() < end) {
            task.run();
            times++;
        }
        return coordinator.cpuTime().minus(before).toNanos() / 1e3 / times;
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    /** From the least to the most, as a part of the median. */
    private static double spread(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return (sorted.getLast() - sorted.getFirst()) / median(values);
    }
}

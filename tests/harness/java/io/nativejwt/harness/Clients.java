// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Trino's own clients, as users run them. */
public final class Clients {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private static final Pattern NEXT = Pattern.compile("\"nextUri\":\"([^\"]+)\"");
    private static final Pattern ROW = Pattern.compile("\"data\":\\[\\[([^\\]]*)\\]");

    private Clients() {}

    public static String jdbcUrl(Coordinator coordinator) {
        return "jdbc:trino://localhost:%d?SSL=true&SSLTrustStorePath=%s"
                .formatted(coordinator.uri().getPort(), coordinator.tls().certificatePem());
    }

    /** One string for each row, the columns parted by a space. */
    public static List<String> jdbc(Coordinator coordinator, String token, String sql)
            throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("accessToken", token);
        return query(coordinator, properties, sql);
    }

    public static List<String> jdbcPassword(
            Coordinator coordinator, String user, String password, String sql) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        return query(coordinator, properties, sql);
    }

    public static List<String> query(Coordinator coordinator, Properties properties, String sql)
            throws SQLException {
        try (Connection connection =
                DriverManager.getConnection(jdbcUrl(coordinator), properties)) {
            return run(connection, sql);
        }
    }

    /**
     * One string for each row, the columns parted by a space; none for a statement without rows.
     */
    public static List<String> run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            List<String> rows = new ArrayList<>();
            if (!statement.execute(sql)) {
                return rows;
            }
            ResultSet result = statement.getResultSet();
            while (result.next()) {
                List<String> columns = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    columns.add(result.getString(i));
                }
                rows.add(String.join(" ", columns));
            }
            return rows;
        }
    }

    /**
     * What a request answers that a client of ours would never send, such as one with two
     * Authorization headers.
     */
    public static HttpResponse<String> http(Coordinator coordinator, String... authorizations) {
        return send(
                coordinator,
                HttpRequest.newBuilder(coordinator.uri().resolve("/v1/statement"))
                        .POST(HttpRequest.BodyPublishers.ofString("SELECT 1")),
                authorizations);
    }

    /** The first row of a statement that is sent with these headers, its columns as JSON. */
    public static String statement(
            Coordinator coordinator, String sql, Map<String, String> headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(coordinator.uri().resolve("/v1/statement"))
                        .POST(HttpRequest.BodyPublishers.ofString(sql));
        for (long end = System.nanoTime() + LIMIT.toNanos(); System.nanoTime() < end; ) {
            headers.forEach(request::header);
            String answer = send(coordinator, request).body();
            Matcher row = ROW.matcher(answer);
            if (row.find()) {
                return row.group(1);
            }
            Matcher next = NEXT.matcher(answer);
            if (!next.find()) {
                throw new AssertionError("no row: " + answer);
            }
            request = HttpRequest.newBuilder(URI.create(next.group(1)));
        }
        throw new AssertionError("no row within " + LIMIT);
    }

    /**
     * What a statement with these headers answers.
     *
     * @param headers names and values in turn
     */
    public static HttpResponse<String> post(
            Coordinator coordinator, String sql, List<String> headers) {
        return send(
                coordinator,
                HttpRequest.newBuilder(coordinator.uri().resolve("/v1/statement"))
                        .headers(headers.toArray(String[]::new))
                        .POST(HttpRequest.BodyPublishers.ofString(sql)));
    }

    /** What a browser with a bearer token gets. */
    public static HttpResponse<String> get(
            Coordinator coordinator, String path, String... authorizations) {
        return send(
                coordinator,
                HttpRequest.newBuilder(coordinator.uri().resolve(path)),
                authorizations);
    }

    /** What a request of any kind answers. */
    public static HttpResponse<String> send(
            Coordinator coordinator, HttpRequest.Builder request, String... authorizations) {
        request.timeout(LIMIT);
        for (String authorization : authorizations) {
            request.header("Authorization", authorization);
        }
        try (HttpClient client =
                HttpClient.newBuilder().sslContext(coordinator.tls().clientContext()).build()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /**
     * Without {@code --user} the command line sends the operating system's user, whom the token's
     * user may not impersonate.
     */
    public static Processes.Result cli(
            Coordinator coordinator, String user, String token, String sql) {
        return Processes.run(
                LIMIT,
                List.of(
                        Workspace.java(),
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-jar",
                        Workspace.fetched("trino-cli"),
                        "--server",
                        coordinator.uri().toString(),
                        "--truststore-path",
                        coordinator.tls().certificatePem().toString(),
                        "--user",
                        user,
                        "--access-token",
                        token,
                        "--output-format",
                        "TSV",
                        "--execute",
                        sql));
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Login;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.SharedSite;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What all clients log in to, once for all tests: Keycloak, which issues tokens of an hour and of
 * twenty seconds to alice and to a job, and a coordinator with HTTPS and a catalog in its memory.
 */
final class ClientsSite implements AutoCloseable {
    static final String USER = "alice";
    static final String JOB = "service-account-etl";
    static final String BRIEF_JOB = "service-account-etl-seconds";

    /** Text that is not a JWT. */
    static final String GARBAGE = "garbage";

    private static final String REALM = "lake";
    private static final String JWT = "http-server.authentication.jwt.";
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Pattern EXPIRY = Pattern.compile("\"exp\":(\\d+)");
    private static final Path FOLDER = Workspace.freshFolder("test/clients");

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Keycloak keycloak;
    private final Coordinator coordinator;
    private final Path home;
    private final Path bin;
    private SparkSession spark;
    private String expired;

    private ClientsSite() throws IOException {
        try {
            Stopwatch stopwatch = new Stopwatch("Keycloak");
            keycloak =
                    part(
                            Keycloak.prepare(
                                    Files.createDirectories(FOLDER.resolve("keycloak")),
                                    Workspace.source("tests/clients/realm.json"),
                                    REALM));
            keycloak.start();
            stopwatch.done();
            stopwatch = new Stopwatch("Coordinator");
            Map<String, String> properties = new LinkedHashMap<>();
            properties.put(JWT + "key-file", "oidc:" + keycloak.issuer(REALM));
            properties.put(JWT + "required-audience", "trino");
            properties.put(JWT + "principal-field", "preferred_username");
            coordinator =
                    part(
                            Coordinator.in(Files.createDirectories(FOLDER.resolve("coordinator")))
                                    .at(Site.SERVER_476)
                                    .jwt(properties)
                                    .plugin(Workspace.fetchedForTests("memory-plugin"))
                                    .catalog("memory", Map.of("connector.name", "memory"))
                                    .withSessionSpy()
                                    .start());
            stopwatch.done();
            home = Files.createDirectories(FOLDER.resolve("home"));
            bin = Files.createDirectories(FOLDER.resolve("bin"));
            Files.createSymbolicLink(bin.resolve("nativejwt"), Workspace.command());
            // Published as a program that starts the `java` of the PATH.
            Path trino = Files.copy(Path.of(Workspace.fetched("trino-cli")), bin.resolve("trino"));
            Files.setPosixFilePermissions(trino, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T part(T part) {
        parts.push(part);
        return part;
    }

    Coordinator coordinator() {
        return coordinator;
    }

    String issuer() {
        return keycloak.issuer(REALM);
    }

    /** Beside the clients, as alice: looks at what they left, and cleans up. */
    List<String> query(String sql) throws SQLException {
        return new Login(coordinator, token()).run(sql);
    }

    /** Alice's, good for an hour. */
    String token() {
        return keycloak.userToken(REALM, USER);
    }

    /** Alice's, good for twenty seconds from now on. */
    String briefToken() {
        return keycloak.userToken(REALM, "seconds", USER);
    }

    /** Alice's, good for forty seconds: for a client that is slow to begin. */
    String lessBriefToken() {
        return keycloak.userToken(REALM, "forty-seconds", USER);
    }

    /** The same for all tests, since the first one waits for its end. */
    synchronized String expiredToken() {
        if (expired == null) {
            String token = briefToken();
            Instant end = expiry(token);
            Poll.until("a token to expire", LIMIT, () -> Instant.now().isAfter(end));
            expired = token;
        }
        return expired;
    }

    static Instant expiry(String token) {
        String payload = new String(Base64.getUrlDecoder().decode(token.split("\\.")[1]), UTF_8);
        Matcher expiry = EXPIRY.matcher(payload);
        if (!expiry.find()) {
            throw new IllegalArgumentException("The token has no exp");
        }
        return Instant.ofEpochSecond(Long.parseLong(expiry.group(1)));
    }

    /**
     * The environment of a user. Nothing of that of the tests is in it: proxies and certificates
     * that are set there would be taken for the coordinator too.
     */
    Map<String, String> environment(String token) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put(
                "PATH",
                "%s:%s/bin:%s"
                        .formatted(bin, System.getProperty("java.home"), System.getenv("PATH")));
        environment.put("HOME", home.toString());
        environment.put("LANG", "C.UTF-8");
        environment.put("TRINO_HOST", coordinator.uri().getHost());
        environment.put("TRINO_PORT", Integer.toString(coordinator.uri().getPort()));
        environment.put("TRINO_CA", coordinator.tls().certificatePem().toString());
        environment.put("TRINO_USER", USER);
        environment.put("TRINO_TOKEN", token);
        return environment;
    }

    static String jdbcDriver() {
        return Stream.of(Workspace.fetched("coordinator-tools").split(File.pathSeparator))
                .filter(jar -> jar.contains("trino-jdbc"))
                .findFirst()
                .orElseThrow();
    }

    /** Runs a program as a user does. */
    static Outcome run(Path folder, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return Outcome.of(Processes.run(LIMIT, builder, ""));
    }

    /** The job's login, whose tokens are good for an hour; later logins replace it. */
    void logInJob() {
        logInJob("etl");
    }

    /** The same with tokens that are good for twenty seconds. */
    void logInBriefJob() {
        logInJob("etl-seconds");
    }

    private void logInJob(String client) {
        try {
            Path secret = Files.writeString(home.resolve("secret"), "etl-secret-for-tests");
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
            Example example = Example.in("shell");
            if (!client.equals("etl")) {
                example.edit("login.sh", "--client-id etl ", "--client-id " + client + " ");
            }
            Map<String, String> environment = environment(GARBAGE);
            environment.put("ISSUER", issuer());
            environment.put("SECRET_FILE", secret.toString());
            run(example.folder(), environment, List.of("sh", "login.sh")).assertSucceeded();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Started by the first that wants it. */
    synchronized SparkSession spark() {
        if (spark == null) {
            spark = part(SparkSession.start(FOLDER, environment(token())));
        }
        return spark;
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                System.err.println("A part did not end as it should: " + e);
            }
        }
    }

    /** Gives the one site to every test class that asks for it, and ends it after the last. */
    static final class Shared extends SharedSite<ClientsSite> {
        Shared() {
            super(ClientsSite.class, ClientsSite::new);
        }
    }

    /** Leaves the site up until the process is ended, to try things by hand. */
    public static void main(String[] arguments) throws Exception {
        try (ClientsSite site = new ClientsSite()) {
            site.environment("").forEach((name, value) -> System.out.println(name + "=" + value));
            System.out.println("ISSUER=" + site.issuer());
            Thread.currentThread().join();
        }
    }
}

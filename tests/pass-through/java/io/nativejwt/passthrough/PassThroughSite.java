// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import io.nativejwt.harness.Cluster;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.EventSink;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Login;
import io.nativejwt.harness.Sample;
import io.nativejwt.harness.SharedSite;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.TrinoDistribution;
import io.nativejwt.harness.Wiretap;
import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that pass-through needs, once for all tests: Keycloak, S3, an Iceberg REST catalog and a
 * PostgreSQL that verify tokens themselves, and two clusters before them. {@link #careful} has the
 * configuration of docs/pass-through.md; {@link #careless} does what that page warns of.
 */
final class PassThroughSite implements AutoCloseable {
    static final String REALM = "corp";
    static final String JWT = "http-server.authentication.jwt.";

    /** A table for everybody, and one for alice and svc-etl. */
    static final String PUBLIC = "SELECT * FROM %s.sales.public_orders ORDER BY 1";

    static final String SECRET = "SELECT * FROM %s.sales.salaries";
    static final String SECRET_ROW = "alice 1000";

    /** What Nessie answers a user who may not read. */
    static final String FORBIDDEN = "not allowed";

    /** What Keycloak says to the unsigned token that the connector makes up for who has none. */
    static final String WITHOUT_TOKEN = "Not authorized: invalid_client";

    private static final String SECRET_PROPERTY = "internal-communication.shared-secret";
    // Off: a worker that has joined would be out again for the detector's warm-up of five seconds.
    private static final String FAILURE_DETECTOR = "failure-detector.enabled";
    private static final Path FOLDER = Workspace.freshFolder("test/pass-through");

    private static final Set<String> PLUGINS =
            Set.of(
                    "iceberg",
                    "postgresql",
                    "tpch",
                    "memory",
                    "blackhole",
                    "http-event-listener",
                    // The PostgreSQL connector wants the type of shapes.
                    "geospatial");

    /** Some may take each other's place. */
    private static final String RULES =
            """
            {
              "impersonation": [
                {"original_user": "alice", "new_user": "bob"},
                {"original_user": "bob", "new_user": "alice"},
                {"original_user": "svc", "new_user": "svc-etl"}
              ]
            }
            """;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Keycloak keycloak;
    private final ObjectStore store;
    private final Nessie nessie;
    private final Postgres postgres;
    private final EventSink events;
    private final Path trino;
    private final TrinoDistribution distribution;

    private final Lake lake;
    private final Cluster careful;

    private Lake carelessLake;
    private Lake cachedLake;
    private Lake refreshedLake;
    private Wiretap betweenNodes;
    private Cluster careless;

    private PassThroughSite() throws IOException, SQLException {
        try {
            Stopwatch stopwatch = new Stopwatch("Keycloak, moto, Nessie, PostgreSQL");
            keycloak =
                    part(
                            Keycloak.prepare(
                                    Files.createDirectories(FOLDER.resolve("keycloak")),
                                    Workspace.source("tests/pass-through/realm.json"),
                                    REALM));
            keycloak.start();
            store = part(ObjectStore.start(FOLDER));
            nessie = part(Nessie.start(FOLDER, keycloak.issuer(REALM), store));
            Path tokens =
                    Files.write(
                            FOLDER.resolve("tokens.properties"),
                            List.of(
                                    JWT + "key-file=oidc:" + keycloak.issuer(REALM),
                                    JWT + "principal-field=preferred_username"));
            TokenDirectory directory = part(TokenDirectory.start(tokens, List.of("alice", "bob")));
            postgres = part(Postgres.start(FOLDER, directory));
            events = part(new EventSink());
            stopwatch.done();

            trino = Workspace.unpack(Workspace.fetchedForTests("full-server"), unpacked -> {});
            distribution = TrinoDistribution.tarball(trino, PLUGINS::contains);
            lake = part(new Lake(nessie, keycloak, store));
            stopwatch = new Stopwatch("Careful cluster");
            careful = part(startCareful());
            stopwatch.done();
            fill();
        } catch (IOException | SQLException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T part(T part) {
        parts.push(part);
        return part;
    }

    /** As docs/pass-through.md has it. */
    private Cluster startCareful() throws IOException {
        Path folder = Files.createDirectories(FOLDER.resolve("careful"));
        Map<String, String> config =
                new Sample("pass-through", "config.properties.sample")
                        .at(JWT + "key-file", "oidc:" + keycloak.issuer(REALM))
                        .at(JWT + "required-audience", "account")
                        // The harness writes these three, with what is free here.
                        .without("http-server.https.port")
                        .without("http-server.https.keystore.path")
                        .without("discovery.uri")
                        .properties();
        Coordinator.Builder builder =
                withCatalogs(Coordinator.in(folder.resolve("coordinator")), folder)
                        .internalHttps()
                        .through(Integration.SERVER)
                        .jwt(config)
                        .config("event-listener.config-files", events.listener(folder).toString())
                        .config(FAILURE_DETECTOR, "false");
        Coordinator coordinator = careful(builder).start();
        Coordinator worker =
                careful(
                                withCatalogs(Coordinator.in(folder.resolve("worker")), folder)
                                        .workerOf(coordinator, "worker"))
                        .config(SECRET_PROPERTY, config.get(SECRET_PROPERTY))
                        .start();
        return new Cluster(coordinator, worker).complete(token("alice"));
    }

    private Coordinator.Builder careful(Coordinator.Builder builder) {
        for (String logger :
                List.of("io.trino", "io.airlift", "io.nativejwt", "org.apache.iceberg")) {
            builder.logLevel(logger, "DEBUG");
        }
        return builder.environment("INTERNAL_SECRET", "internal-secret-for-tests")
                .catalog("lake", lake.properties())
                .catalog(
                        "crm",
                        new Sample("pass-through", "postgresql.properties")
                                .at("connection-url", postgres.url())
                                .properties());
    }

    /** What both clusters have. */
    private Coordinator.Builder withCatalogs(Coordinator.Builder builder, Path folder)
            throws IOException {
        Path rules = Files.writeString(folder.resolve("rules.json"), RULES);
        Path accessControl =
                Files.writeString(
                        folder.resolve("access-control.properties"),
                        "access-control.name=file\nsecurity.config-file=" + rules);
        Lake.environment().forEach(builder::environment);
        return builder.distribution(distribution)
                .config("access-control.config-files", accessControl.toString())
                .catalog("tpch", Map.of("connector.name", "tpch", "tpch.splits-per-node", "4"))
                .catalog("memory", Map.of("connector.name", "memory"))
                .catalog("blackhole", Map.of("connector.name", "blackhole"));
    }

    /** With everything that docs/pass-through.md warns of, and without a minimum lifetime. */
    private Cluster startCareless() throws IOException {
        Path folder = Files.createDirectories(FOLDER.resolve("careless"));
        Coordinator coordinator =
                careless(withCatalogs(Coordinator.in(folder.resolve("coordinator")), folder))
                        .through(Integration.SERVER)
                        .jwt(
                                Map.of(
                                        JWT + "key-file",
                                        "oidc:" + keycloak.issuer(REALM),
                                        JWT + "principal-field",
                                        "preferred_username",
                                        JWT + "pass-through.credential-name",
                                        "token",
                                        JWT + "pass-through.allow-user-with-hyphen",
                                        "true"))
                        .config("protocol.v1.alternate-header-name", "Presto")
                        .config(FAILURE_DETECTOR, "false")
                        .start();
        Coordinator.Builder builder =
                careless(withCatalogs(Coordinator.in(folder.resolve("worker")), folder))
                        .workerOf(coordinator, "worker")
                        .config("http-server.https.enabled", "false")
                        .config("http-server.https.port", "")
                        .config("http-server.https.keystore.path", "");
        betweenNodes = part(Wiretap.beforeWorker(builder, false));
        Coordinator worker = builder.start();
        return new Cluster(coordinator, worker).complete(token("alice"));
    }

    private Coordinator.Builder careless(Coordinator.Builder builder) {
        Map<String, String> shared =
                new Sample("pass-through", "postgresql.properties")
                        .at("connection-url", postgres.url())
                        .with("connection-user", Postgres.SHARED_USER)
                        .with("connection-password", Postgres.SHARED_PASSWORD)
                        .properties();
        return builder.catalog("lake", carelessLake.properties())
                .catalog("cached", cachedLake.properties())
                .catalog("refreshed", refreshedLake.properties())
                .catalog("crm_shared", shared)
                .logLevel("org.apache.hc.client5.http.headers", "DEBUG");
    }

    private void fill() throws SQLException {
        Login alice = careful.login(token("alice"));
        alice.run("CREATE SCHEMA lake.sales");
        alice.run("CREATE TABLE lake.sales.public_orders AS SELECT 1 AS id");
        alice.run("CREATE TABLE lake.sales.salaries AS SELECT 'alice' AS name, 1000 AS amount");
    }

    /** The folder of a plugin of Trino's. */
    Path plugin(String name) {
        return trino.resolve("plugin").resolve(name);
    }

    Cluster careful() {
        return careful;
    }

    /** Started by the first who wants it. */
    synchronized Cluster careless() {
        if (careless == null) {
            Stopwatch stopwatch = new Stopwatch("Careless cluster");
            carelessLake = part(new Lake(nessie, keycloak, store));
            cachedLake =
                    part(
                            new Lake(nessie, keycloak, store)
                                    .without("iceberg.rest-catalog.session-timeout"));
            refreshedLake =
                    part(
                            new Lake(nessie, keycloak, store)
                                    .without("iceberg.rest-catalog.oauth2.token-refresh-enabled"));
            try {
                careless = part(startCareless());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            stopwatch.done();
        }
        return careless;
    }

    /** Of the careful cluster. */
    Lake lake() {
        return lake;
    }

    /** Of the careless cluster, but as docs/pass-through.md has it. */
    Lake carelessLake() {
        return carelessLake;
    }

    /** Without {@code session-timeout=0s}. */
    Lake cachedLake() {
        return cachedLake;
    }

    /** Without {@code token-refresh-enabled=false}. */
    Lake refreshedLake() {
        return refreshedLake;
    }

    /** Between the coordinator and the worker of the careless cluster. */
    Wiretap betweenNodes() {
        return betweenNodes;
    }

    EventSink events() {
        return events;
    }

    /** Good for an hour. */
    String token(String user) {
        return keycloak.userToken(REALM, user);
    }

    /** Good for 120 seconds. */
    String tokenOfTwoMinutes(String user) {
        return keycloak.userToken(REALM, "two-minutes", user);
    }

    /** Good for 15 seconds. */
    String tokenOfSeconds(String user) {
        return keycloak.userToken(REALM, "seconds", user);
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
    static final class Shared extends SharedSite<PassThroughSite> {
        Shared() {
            super(PassThroughSite.class, PassThroughSite::new);
        }
    }

    /** Leaves the site up until the process is ended, to try things by hand. */
    public static void main(String[] arguments) throws Exception {
        try (PassThroughSite site = new PassThroughSite()) {
            site.careless();
            System.out.println("careful " + site.careful.coordinator().uri());
            System.out.println("careless " + site.careless.coordinator().uri());
            System.out.println("keycloak " + site.keycloak.issuer(REALM));
            System.out.println("up");
            Thread.currentThread().join();
        }
    }
}

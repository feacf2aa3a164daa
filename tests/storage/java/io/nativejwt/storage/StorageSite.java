// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import io.nativejwt.harness.Cluster;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Login;
import io.nativejwt.harness.PostgresServer;
import io.nativejwt.harness.Sample;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.TrinoDistribution;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that storage credentials need, once for all tests: Keycloak, SeaweedFS as S3 and STS, a
 * PostgreSQL with Iceberg's catalog, a cluster, and {@link #brief a coordinator} whose sessions are
 * short. Alice and bob are analysts, carol has no role, dave one that STS does not give to him.
 */
final class StorageSite implements AutoCloseable {
    static final String REALM = "lake";
    static final String JWT = "http-server.authentication.jwt.";
    static final String STORAGE = JWT + "storage.";

    /** In the catalog that is named, which may be any of {@link #withCatalogs}. */
    static final String ALICES = "SELECT name, amount FROM %s.alice.salaries";

    static final String ALICES_ROW = "alice 1000";
    static final String BOBS = "SELECT name FROM %s.bob.notes";

    /** What S3 says to keys without the permission, and to keys that it does not know. */
    static final String FORBIDDEN = "Status Code: 403";

    static final String UNKNOWN_KEY =
            "The access key ID you provided does not exist in our records";

    private static final String SECRET_PROPERTY = "internal-communication.shared-secret";
    // Off: a worker that has joined would be out again for the detector's warm-up of five seconds.
    private static final String FAILURE_DETECTOR = "failure-detector.enabled";
    private static final Duration JOIN_LIMIT = Duration.ofMinutes(2);
    private static final Path FOLDER = Workspace.freshFolder("test/storage");
    private static final String CATALOG_USER = "iceberg";
    private static final String CATALOG_PASSWORD = "iceberg-password-for-tests";

    private static final Set<String> PLUGINS =
            Set.of("iceberg", "hive", "tpch", "memory", "blackhole");

    /** The connector does not make these two. */
    private static final String ICEBERG_TABLES =
            """
            CREATE ROLE %s LOGIN PASSWORD '%s';
            CREATE TABLE iceberg_tables (
                catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL,
                table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),
                previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),
                PRIMARY KEY (catalog_name, table_namespace, table_name));
            CREATE TABLE iceberg_namespace_properties (
                catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL,
                property_key VARCHAR(255), property_value VARCHAR(1000),
                PRIMARY KEY (catalog_name, namespace, property_key));
            GRANT ALL ON iceberg_tables, iceberg_namespace_properties TO %s;
            """
                    .formatted(CATALOG_USER, CATALOG_PASSWORD, CATALOG_USER);

    private static final String RULES =
            """
            {"impersonation": [{"original_user": "alice", "new_user": "bob"}]}
            """;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Keycloak keycloak;
    private final Seaweed store;
    private final PostgresServer postgres;
    private final TrinoDistribution distribution;
    private final StsProxy sts;
    private final Cluster cluster;

    private StsProxy briefSts;
    private Coordinator brief;

    /** Each node needs a folder of its own. */
    private int caches;

    private StorageSite() throws IOException, SQLException {
        try {
            Stopwatch stopwatch = new Stopwatch("Keycloak, SeaweedFS, PostgreSQL");
            keycloak =
                    part(
                            Keycloak.prepare(
                                    Files.createDirectories(FOLDER.resolve("keycloak")),
                                    Workspace.source("tests/storage/realm.json"),
                                    REALM));
            keycloak.start();
            store =
                    part(
                            Seaweed.start(
                                    FOLDER,
                                    keycloak.issuer(REALM),
                                    keycloak.certificates(REALM),
                                    List.of("alice-lake", "bob-lake")));
            postgres =
                    part(
                            PostgresServer.start(
                                    FOLDER,
                                    List.of("hostssl all all 127.0.0.1/32 scram-sha-256"),
                                    ICEBERG_TABLES));
            sts = part(new StsProxy(store.uri(), true));
            stopwatch.done();

            Path trino = Workspace.unpack(Workspace.fetchedForTests("full-server"), path -> {});
            distribution = TrinoDistribution.tarball(trino, PLUGINS::contains);
            stopwatch = new Stopwatch("Cluster");
            cluster = part(startCluster());
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

    /** What docs/storage-as-the-user.md shows, with the addresses of the parts here. */
    private Map<String, String> config(StsProxy proxy) {
        return new Sample("storage", "config.properties.sample")
                .at(JWT + "key-file", "oidc:" + keycloak.issuer(REALM))
                .at(STORAGE + "sts-endpoint", proxy.uri())
                .at(
                        STORAGE + "role-file",
                        Workspace.source("etc/storage/storage-roles.json").toString())
                // The harness writes these three, with what is free here.
                .without("http-server.https.port")
                .without("http-server.https.keystore.path")
                .without("discovery.uri")
                .properties();
    }

    private Cluster startCluster() throws IOException {
        Path folder = Files.createDirectories(FOLDER.resolve("cluster"));
        Map<String, String> config = config(sts);
        Coordinator coordinator =
                withCatalogs(Coordinator.in(folder.resolve("coordinator")), folder)
                        .internalHttps()
                        .through(Integration.SERVER)
                        .jwt(config)
                        .config(FAILURE_DETECTOR, "false")
                        .config("node-scheduler.include-coordinator", "false")
                        .start();
        Coordinator worker =
                withCatalogs(
                                Coordinator.in(folder.resolve("worker"))
                                        .workerOf(coordinator, "worker"),
                                folder)
                        .config(SECRET_PROPERTY, config.get(SECRET_PROPERTY))
                        .start();
        Cluster started = new Cluster(coordinator, worker);
        Login alice = started.login(token("alice"));
        Poll.until(
                "the worker to join",
                JOIN_LIMIT,
                () -> {
                    try {
                        return alice.run(
                                        "SELECT count(*) FROM system.runtime.nodes"
                                                + " WHERE state = 'active'")
                                .equals(List.of("2"));
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
        return started;
    }

    /**
     * One coordinator alone, whose sessions are short, used as long as they live, and withheld in
     * an outage.
     */
    private Coordinator startBrief() throws IOException {
        Path folder = Files.createDirectories(FOLDER.resolve("brief"));
        return withCatalogs(Coordinator.in(folder.resolve("coordinator")), folder)
                .internalHttps()
                .through(Integration.SERVER)
                .jwt(config(briefSts))
                .config(STORAGE + "minimum-lifetime", "0s")
                .config(STORAGE + "when-unavailable", "withhold")
                .config(STORAGE + "timeout", "2s")
                .start();
    }

    private Coordinator.Builder withCatalogs(Coordinator.Builder builder, Path folder)
            throws IOException {
        Path rules = Files.writeString(folder.resolve("rules.json"), RULES);
        Path accessControl =
                Files.writeString(
                        folder.resolve("access-control.properties"),
                        "access-control.name=file\nsecurity.config-file=" + rules);
        for (String logger : List.of("io.trino", "io.airlift", "io.nativejwt")) {
            builder.logLevel(logger, "DEBUG");
        }
        Map<String, String> environment =
                Map.of(
                        "INTERNAL_SECRET",
                        "internal-secret-for-tests",
                        "CATALOG_USER",
                        CATALOG_USER,
                        "CATALOG_PASSWORD",
                        CATALOG_PASSWORD,
                        "S3_ACCESS_KEY",
                        Seaweed.NOBODY,
                        "S3_SECRET_KEY",
                        Seaweed.NOBODY + Seaweed.SECRET_KEY_SUFFIX);
        environment.forEach(builder::environment);
        Map<String, String> admin = new LinkedHashMap<>(lake().properties());
        admin.put("s3.aws-access-key", Seaweed.ADMIN);
        admin.put("s3.aws-secret-key", Seaweed.ADMIN + Seaweed.SECRET_KEY_SUFFIX);
        Map<String, String> files = new LinkedHashMap<>();
        files.put("connector.name", "hive");
        files.put("hive.metastore", "file");
        files.put("hive.metastore.catalog.dir", "local:///metastore");
        files.put("hive.non-managed-table-writes-enabled", "true");
        files.put("fs.native-local.enabled", "true");
        // One for all nodes. It looks at locations with the catalog's account.
        files.put("local.location", FOLDER.toString());
        admin.forEach(
                (name, value) -> {
                    if (name.startsWith("s3.") || name.startsWith("fs.")) {
                        files.put(name, value);
                    }
                });
        Map<String, String> cachedFiles = new LinkedHashMap<>(files);
        cachedFiles.put("hive.file-status-cache-tables", "*");
        cachedFiles.put("fs.cache.enabled", "true");
        cachedFiles.put("fs.cache.max-sizes", "64MB");
        cachedFiles.put(
                "fs.cache.directories",
                Files.createDirectories(folder.resolve("cache-" + ++caches)).toString());
        return builder.distribution(distribution)
                .config("access-control.config-files", accessControl.toString())
                .catalog("lake", lake().properties())
                .catalog("cached", lake().without("iceberg.metadata-cache.enabled").properties())
                .catalog("admin", admin)
                .catalog("files", files)
                .catalog("files_cached", cachedFiles)
                .catalog("tpch", Map.of("connector.name", "tpch"))
                .catalog("memory", Map.of("connector.name", "memory"))
                .catalog("blackhole", Map.of("connector.name", "blackhole"));
    }

    private Sample lake() {
        return new Sample("storage", "iceberg.properties")
                .at("iceberg.jdbc-catalog.connection-url", postgres.url())
                .at("s3.endpoint", store.uri().toString());
    }

    private void fill() throws SQLException {
        Login alice = cluster.login(token("alice"));
        alice.run("CREATE SCHEMA lake.alice WITH (location = 's3://alice-lake/tables')");
        alice.run("CREATE TABLE lake.alice.salaries AS SELECT 'alice' AS name, 1000 AS amount");
        alice.run("CREATE SCHEMA files.alice");
        alice.run(
                """
                CREATE TABLE files.alice.sheet (name varchar, amount integer)
                WITH (external_location = 's3://alice-lake/sheet', format = 'PARQUET')
                """);
        alice.run("INSERT INTO files.alice.sheet VALUES ('alice', 1000)");
        Login bob = cluster.login(token("bob"));
        bob.run("CREATE SCHEMA lake.bob WITH (location = 's3://bob-lake/tables')");
        bob.run("CREATE TABLE lake.bob.notes AS SELECT 'bob' AS name");
    }

    Cluster cluster() {
        return cluster;
    }

    Login login(String user) {
        return cluster.login(token(user));
    }

    /** Before the cluster's STS. */
    StsProxy sts() {
        return sts;
    }

    /** Started by the first who wants it. */
    synchronized Coordinator brief() {
        if (brief == null) {
            Stopwatch stopwatch = new Stopwatch("Coordinator with short sessions");
            briefSts = part(new StsProxy(store.uri(), false));
            try {
                brief = part(startBrief());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            stopwatch.done();
        }
        return brief;
    }

    StsProxy briefSts() {
        brief();
        return briefSts;
    }

    /** A new token, good for an hour. */
    String token(String user) {
        return keycloak.userToken(REALM, user);
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
    static final class Shared implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == StorageSite.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(ExtensionContext.Namespace.create(StorageSite.class))
                    .getOrComputeIfAbsent(
                            "site",
                            key -> {
                                try {
                                    return new StorageSite();
                                } catch (IOException | SQLException e) {
                                    throw new IllegalStateException(e);
                                }
                            },
                            StorageSite.class);
        }
    }

    /** Leaves the site up until the process is ended, to try things by hand. */
    public static void main(String[] arguments) throws Exception {
        try (StorageSite site = new StorageSite()) {
            System.out.println("cluster " + site.cluster.coordinator().uri());
            System.out.println("brief " + site.brief().uri());
            System.out.println("keycloak " + site.keycloak.issuer(REALM));
            System.out.println("S3 and STS " + site.store.uri());
            System.out.println("up");
            Thread.currentThread().join();
        }
    }
}

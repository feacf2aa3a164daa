// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.nativejwt.harness.Cluster;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.EventSink;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Login;
import io.nativejwt.harness.PostgresServer;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * All that storage credentials need, once for all tests: Keycloak, SeaweedFS as S3 and STS, a
 * PostgreSQL with Iceberg's catalog, a cluster, {@link #brief a coordinator} whose sessions are
 * short, and {@link #plain one} without storage credentials. Alice and bob are analysts, carol has
 * no role, dave one that STS does not give to him.
 */
final class StorageSite implements AutoCloseable {
    static final String REALM = "lake";

    /** The same people; STS takes no token of theirs that is for the coordinator. */
    static final String VAULT = "vault";

    static final String JWT = "http-server.authentication.jwt.";
    static final String STORAGE = JWT + "storage.";
    static final String ANALYST = "arn:aws:iam::111122223333:role/analyst";

    /** In the catalog that is named, which may be any of Iceberg's in {@link #withCatalogs}. */
    static final String ALICES = "SELECT name, amount FROM %s.alice.salaries";

    static final String ALICES_ROW = "alice 1000";
    static final String BOBS = "SELECT name FROM %s.bob.notes";

    /** What S3 says to keys without the permission, and to keys that it does not know. */
    static final String FORBIDDEN = "Status Code: 403";

    static final String UNKNOWN_KEY =
            "The access key ID you provided does not exist in our records";

    /** What Trino says to a user without a security mapping. */
    static final String NO_MAPPING = "Access Denied: No matching S3 security mapping";

    private static final String SECRET_PROPERTY = "internal-communication.shared-secret";
    // Off: a worker that has joined would be out again for the detector's warm-up of five seconds.
    private static final String FAILURE_DETECTOR = "failure-detector.enabled";
    private static final String CATALOG_USER = "iceberg";
    private static final String CATALOG_PASSWORD = "iceberg-password-for-tests";

    private static final Path GROUPS = Workspace.source("etc/storage/s3-mapping.json");

    private static final Set<String> PLUGINS =
            Set.of(
                    "iceberg",
                    "hive",
                    "delta-lake",
                    "tpch",
                    "memory",
                    "blackhole",
                    "http-event-listener");

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

    /** Only the catalog {@code guarded} has owners. */
    static final String RULES =
            """
            {
              "impersonation": [{"original_user": "alice", "new_user": "bob"}],
              "tables": [
                {"catalog": "guarded", "user": "(?!alice).*", "privileges": ["SELECT"]},
                {"privileges": ["SELECT", "INSERT", "UPDATE", "DELETE", "OWNERSHIP", "GRANT_SELECT"]}
              ]
            }
            """;

    /** Who has no group of {@code etc/storage/s3-mapping.json}, but a role of its own. */
    private static final String MAPPING_OF_CAROL =
            """
            {"mappings": [{"user": "carol", "iamRole": "arn:aws:iam::111122223333:role/analysts-files"}]}
            """;

    /** As {@code etc/storage/s3-mapping.json}, but by users. */
    private static final String MAPPING_OF_USERS =
            """
            {"mappings": [{"user": "alice|bob", "iamRole": "arn:aws:iam::111122223333:role/analysts-files"},
              {"user": "dave", "iamRole": "arn:aws:iam::111122223333:role/outsiders-files"}]}
            """;

    private final Path folder;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Keycloak keycloak;
    private final Seaweed store;
    private final PostgresServer postgres;
    private final TrinoDistribution distribution;
    private final StsProxy sts;
    private final EventSink events;

    private Cluster cluster;
    private Wiretap betweenNodes;
    private StsProxy briefSts;
    private Coordinator brief;
    private Coordinator plain;

    /** Each node needs a folder of its own. */
    private int caches;

    /** Everything but Trino. */
    StorageSite(Path folder) throws IOException {
        this.folder = folder;
        try {
            keycloak =
                    part(
                            Keycloak.prepare(
                                    Files.createDirectories(folder.resolve("keycloak")),
                                    Workspace.source("tests/storage/realm.json"),
                                    REALM,
                                    VAULT));
            keycloak.start();
            store =
                    part(
                            Seaweed.start(
                                    folder,
                                    keycloak,
                                    REALM,
                                    VAULT,
                                    List.of("alice-lake", "bob-lake")));
            postgres =
                    part(
                            PostgresServer.start(
                                    folder,
                                    List.of("hostssl all all 127.0.0.1/32 scram-sha-256"),
                                    ICEBERG_TABLES));
            sts = part(new StsProxy(store.uri(), true));
            events = part(new EventSink());
            distribution =
                    TrinoDistribution.tarball(
                            Workspace.unpack(Workspace.fetchedForTests("full-server"), path -> {}),
                            PLUGINS::contains);
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private static StorageSite start() throws IOException, SQLException {
        Stopwatch stopwatch = new Stopwatch("Keycloak, SeaweedFS, PostgreSQL");
        StorageSite site = new StorageSite(Workspace.freshFolder("test/storage"));
        try {
            stopwatch.done();
            stopwatch = new Stopwatch("Cluster");
            site.startCluster();
            stopwatch.done();
            site.fill(site.cluster.coordinator());
            site.fillFiles();
            return site;
        } catch (IOException | SQLException | RuntimeException | Error e) {
            site.close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T part(T part) {
        parts.push(part);
        return part;
    }

    /** What docs/storage-as-the-user.md shows, with the addresses of the parts here. */
    Map<String, String> config(StsProxy proxy) {
        return sample().at(STORAGE + "sts-endpoint", proxy.uri())
                .at(
                        STORAGE + "role-file",
                        Workspace.source("etc/storage/storage-roles.json").toString())
                .properties();
    }

    private Sample sample() {
        return new Sample("storage", "config.properties.sample")
                .at(JWT + "key-file", "oidc:" + keycloak.issuer(REALM))
                // The harness writes these three, with what is free here.
                .without("http-server.https.port")
                .without("http-server.https.keystore.path")
                .without("discovery.uri");
    }

    private void startCluster() throws IOException {
        Path home = Files.createDirectories(folder.resolve("cluster"));
        Map<String, String> config = config(sts);
        Coordinator coordinator =
                part(
                        withCatalogs(Coordinator.in(home.resolve("coordinator")), home)
                                .internalHttps()
                                .through(Integration.SERVER)
                                .jwt(config)
                                .config(
                                        "event-listener.config-files",
                                        events.listener(home).toString())
                                .config(FAILURE_DETECTOR, "false")
                                .config("node-scheduler.include-coordinator", "false")
                                .start());
        Coordinator.Builder builder =
                withCatalogs(
                                Coordinator.in(home.resolve("worker"))
                                        .workerOf(coordinator, "worker"),
                                home)
                        .config(SECRET_PROPERTY, config.get(SECRET_PROPERTY));
        betweenNodes = part(Wiretap.beforeWorker(builder, true));
        Coordinator worker = part(builder.start());
        cluster = new Cluster(coordinator, worker).complete(token("alice"));
    }

    /**
     * A cluster whose nodes speak plain HTTP with each other; whoever asks for it closes it. Its
     * sessions get what {@code properties} say.
     *
     * @param wiretap gets the one between the nodes
     */
    Cluster startWithoutInternalHttps(
            Map<String, String> properties, String token, Consumer<Wiretap> wiretap)
            throws IOException {
        Path home = Files.createDirectories(folder.resolve("plain-http"));
        Coordinator coordinator =
                withCatalogs(Coordinator.in(home.resolve("coordinator")), home)
                        .through(Integration.SERVER)
                        .jwt(properties)
                        .config(FAILURE_DETECTOR, "false")
                        .config("node-scheduler.include-coordinator", "false")
                        .start();
        try {
            Coordinator.Builder builder =
                    withCatalogs(
                                    Coordinator.in(home.resolve("worker"))
                                            .workerOf(coordinator, "worker"),
                                    home)
                            .config("http-server.https.enabled", "false")
                            .config("http-server.https.port", "")
                            .config("http-server.https.keystore.path", "");
            wiretap.accept(Wiretap.beforeWorker(builder, false));
            return new Cluster(coordinator, builder.start()).complete(token);
        } catch (RuntimeException | Error e) {
            coordinator.close();
            throw e;
        }
    }

    /** One coordinator alone with the catalogs of the cluster; the caller configures the rest. */
    Coordinator.Builder alone(String name) throws IOException {
        Path home = Files.createDirectories(folder.resolve(name));
        return withCatalogs(Coordinator.in(home.resolve("coordinator")), home)
                .internalHttps()
                .through(Integration.SERVER);
    }

    private Coordinator.Builder withCatalogs(Coordinator.Builder builder, Path home)
            throws IOException {
        for (String logger : List.of("io.trino", "io.airlift", "io.nativejwt")) {
            builder.logLevel(logger, "DEBUG");
        }
        environment().forEach(builder::environment);
        Map<String, String> admin = asAdministrator(lake("iceberg").properties());
        Path mappingOfCarol =
                Files.writeString(home.resolve("s3-mapping-of-carol.json"), MAPPING_OF_CAROL);
        Path mappingOfUsers =
                Files.writeString(home.resolve("s3-mapping-of-users.json"), MAPPING_OF_USERS);
        Map<String, String> mappingBeside = new LinkedHashMap<>(lake("iceberg").properties());
        mappingBeside.put("s3.security-mapping.enabled", "true");
        mappingBeside.put("s3.security-mapping.config-file", mappingOfCarol.toString());
        Map<String, String> cachedFiles = new LinkedHashMap<>(hive("local:///metastore"));
        cachedFiles.put("hive.file-status-cache-tables", "*");
        cachedFiles.put("fs.cache.enabled", "true");
        cachedFiles.put("fs.cache.max-sizes", "64MB");
        cachedFiles.put(
                "fs.cache.directories",
                Files.createDirectories(home.resolve("cache-" + ++caches)).toString());
        Map<String, String> delta =
                withFiles("delta_lake", "local:///delta", folder, lake("iceberg").properties());
        // A metastore that is in the bucket itself, with the two accounts.
        Map<String, String> metastoreInS3 = hive("s3://alice-lake/metastore");
        return builder.distribution(distribution)
                .config("access-control.config-files", accessControl(home).toString())
                .catalog("lake", lake("iceberg").properties())
                .catalog(
                        "cached",
                        lake("iceberg").without("iceberg.metadata-cache.enabled").properties())
                .catalog("admin", admin)
                .catalog("guarded", lake("iceberg").properties())
                .catalog("mapped", mapped(GROUPS))
                .catalog("mapped_users", mapped(mappingOfUsers))
                .catalog("mapped_beside", mappingBeside)
                .catalog("files", hive("local:///metastore"))
                .catalog("files_cached", cachedFiles)
                .catalog("metastore_admin", asAdministrator(metastoreInS3))
                .catalog("metastore_nobody", metastoreInS3)
                .catalog("delta", delta)
                .catalog("tpch", Map.of("connector.name", "tpch"))
                .catalog("memory", Map.of("connector.name", "memory"))
                .catalog("blackhole", Map.of("connector.name", "blackhole"));
    }

    /** Trino's access control, with {@link #RULES}. */
    static Path accessControl(Path home) throws IOException {
        Path rules = Files.writeString(home.resolve("rules.json"), RULES);
        return Files.writeString(
                home.resolve("access-control.properties"),
                "access-control.name=file\nsecurity.config-file=" + rules);
    }

    /** What the samples take from the environment. */
    static Map<String, String> environment() {
        return Map.of(
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
    }

    private static Map<String, String> asAdministrator(Map<String, String> catalog) {
        Map<String, String> admin = new LinkedHashMap<>(catalog);
        admin.put("s3.aws-access-key", Seaweed.ADMIN);
        admin.put("s3.aws-secret-key", Seaweed.ADMIN + Seaweed.SECRET_KEY_SUFFIX);
        return admin;
    }

    private Sample lake(String name) {
        return new Sample("storage", name + ".properties")
                .at("iceberg.jdbc-catalog.connection-url", postgres.url())
                .at("s3.endpoint", store.uri().toString());
    }

    private Map<String, String> mapped(Path mapping) {
        return lake("mapping")
                .at("s3.sts.endpoint", store.uri().toString())
                .at("s3.security-mapping.config-file", mapping.toString())
                .properties();
    }

    private Map<String, String> hive(String metastore) {
        Map<String, String> hive =
                withFiles("hive", metastore, folder, lake("iceberg").properties());
        // By default nobody may drop a table, whatever S3 says.
        hive.put("hive.security", "allow-all");
        return hive;
    }

    /** A connector with a metastore of files; how it gets at S3 is taken from the sample. */
    private static Map<String, String> withFiles(
            String connector, String metastore, Path local, Map<String, String> sample) {
        Map<String, String> catalog = new LinkedHashMap<>();
        catalog.put("connector.name", connector);
        catalog.put("hive.metastore", "file");
        catalog.put("hive.metastore.catalog.dir", metastore);
        // It would look at locations with the catalog's account, which has no rights.
        catalog.put("hive.metastore.disable-location-checks", "true");
        if (connector.equals("hive")) {
            catalog.put("hive.non-managed-table-writes-enabled", "true");
        }
        catalog.put("fs.native-local.enabled", "true");
        // One for all nodes.
        catalog.put("local.location", local.toString());
        sample.forEach(
                (name, value) -> {
                    if (name.startsWith("s3.") || name.startsWith("fs.")) {
                        catalog.put(name, value);
                    }
                });
        return catalog;
    }

    /**
     * Trino 483 with the plugin and Hive; whoever asks for it closes it. Its catalog {@code files}
     * gets its role from {@link #GROUPS} if {@code isMapped}, else from the session alone, and has
     * no account at all.
     */
    Coordinator startNewest(String name, Map<String, String> properties, boolean isMapped)
            throws IOException {
        Path home = Files.createDirectories(folder.resolve(name));
        Map<String, String> jwt = new LinkedHashMap<>();
        jwt.put(JWT + "key-file", "oidc:" + keycloak.issuer(REALM));
        jwt.put(JWT + "required-audience", "trino");
        jwt.put(JWT + "principal-field", "preferred_username");
        jwt.putAll(properties);
        Map<String, String> files =
                withFiles(
                        "hive",
                        "local:///metastore",
                        home,
                        isMapped ? mapped(GROUPS) : lake("iceberg").properties());
        if (!isMapped) {
            files.remove("s3.aws-access-key");
            files.remove("s3.aws-secret-key");
            files.put("s3.auth-type", "ANONYMOUS");
        }
        // Its name on 483.
        files.put("fs.s3.enabled", files.remove("fs.native-s3.enabled"));
        Coordinator.Builder builder = Coordinator.in(home.resolve("coordinator"));
        environment().forEach(builder::environment);
        return builder.distribution(
                        TrinoDistribution.artifacts483()
                                .with(
                                        "hive",
                                        Workspace.fetched("hive483"),
                                        "io.trino.plugin.hive.HivePlugin"))
                .through(Integration.PLUGIN)
                .jwt(jwt)
                .config("access-control.config-files", accessControl(home).toString())
                .catalog("files", files)
                .start();
    }

    /** A schema and a table of the user's. */
    static void fillNewest(Login login, String user, String bucket) throws SQLException {
        login.run("CREATE SCHEMA files." + user);
        login.run(
                """
                CREATE TABLE files.%s.sheet
                WITH (external_location = 's3://%s/newest-%s', format = 'PARQUET')
                AS SELECT '%s' AS name, 1000 AS amount
                """
                        .formatted(user, bucket, UUID.randomUUID(), user));
    }

    /** A table of alice's and one of bob's, each in its user's bucket. */
    void fill(Coordinator coordinator) throws SQLException {
        Login alice = new Login(coordinator, token("alice"));
        alice.run("CREATE SCHEMA lake.alice WITH (location = 's3://alice-lake/tables')");
        alice.run("CREATE TABLE lake.alice.salaries AS SELECT 'alice' AS name, 1000 AS amount");
        Login bob = new Login(coordinator, token("bob"));
        bob.run("CREATE SCHEMA lake.bob WITH (location = 's3://bob-lake/tables')");
        bob.run("CREATE TABLE lake.bob.notes AS SELECT 'bob' AS name");
    }

    private void fillFiles() throws SQLException {
        Login alice = login("alice");
        alice.run("CREATE SCHEMA files.alice");
        alice.run(
                """
                CREATE TABLE files.alice.sheet
                WITH (external_location = 's3://alice-lake/sheet', format = 'PARQUET')
                AS SELECT 'alice' AS name, 1000 AS amount
                """);
    }

    Cluster cluster() {
        return cluster;
    }

    /** What the cluster's coordinator sends to its worker passes it. */
    Wiretap betweenNodes() {
        return betweenNodes;
    }

    Login login(String user) {
        return cluster.login(token(user));
    }

    /** Every log that the nodes of the cluster write, by its path. */
    Map<String, String> logs() {
        Path home = cluster.coordinator().folder().getParent();
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".log")).toList()) {
                texts.put(home.relativize(file).toString(), Files.readString(file, ISO_8859_1));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return texts;
    }

    /** Before the cluster's STS. */
    StsProxy sts() {
        return sts;
    }

    Keycloak keycloak() {
        return keycloak;
    }

    Seaweed store() {
        return store;
    }

    /**
     * One coordinator alone, whose sessions are short, used as long as they live, and withheld in
     * an outage. Started by the first who wants it.
     */
    synchronized Coordinator brief() {
        if (brief == null) {
            Stopwatch stopwatch = new Stopwatch("Coordinator with short sessions");
            briefSts = part(new StsProxy(store.uri(), false));
            try {
                brief =
                        part(
                                alone("brief")
                                        .jwt(config(briefSts))
                                        .config(STORAGE + "minimum-lifetime", "0s")
                                        .config(STORAGE + "when-unavailable", "withhold")
                                        .config(STORAGE + "timeout", "2s")
                                        .start());
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

    /** One coordinator alone, with groups but without storage credentials. */
    synchronized Coordinator plain() {
        if (plain == null) {
            Stopwatch stopwatch = new Stopwatch("Coordinator without storage credentials");
            try {
                Map<String, String> config =
                        sample().without(STORAGE + "sts-endpoint")
                                .without(STORAGE + "role-file")
                                .properties();
                plain = part(alone("plain").jwt(config).start());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            stopwatch.done();
        }
        return plain;
    }

    /** What the cluster's coordinator tells of queries. */
    EventSink events() {
        return events;
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
    static final class Shared extends SharedSite<StorageSite> {
        Shared() {
            super(StorageSite.class, StorageSite::start);
        }
    }

    /** Leaves the site up until the process is ended, to try things by hand. */
    public static void main(String[] arguments) throws Exception {
        try (StorageSite site = start()) {
            System.out.println("cluster " + site.cluster.coordinator().uri());
            System.out.println("brief " + site.brief().uri());
            System.out.println("plain " + site.plain().uri());
            System.out.println("keycloak " + site.keycloak.issuer(REALM));
            System.out.println("S3 and STS " + site.store.uri());
            System.out.println("up");
            Thread.currentThread().join();
        }
    }
}

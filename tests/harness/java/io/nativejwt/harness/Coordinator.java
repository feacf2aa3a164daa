// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A real Trino coordinator with the release's files, in a folder and with ports of its own; or a
 * worker of one.
 */
public final class Coordinator implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(5);
    private static final String STARTED = "======== SERVER STARTED ========";

    private final Path folder;
    private final List<String> command;
    private final Tls tls;
    private final int httpsPort;
    private final Internal internal;
    private final Process process;
    private final Thread shutdownHook;

    /** What the nodes of a cluster share. */
    private record Internal(boolean https, String discoveryUri, String sharedSecret) {}

    private Coordinator(
            Path folder, List<String> command, Tls tls, int httpsPort, Internal internal)
            throws IOException {
        this.folder = folder;
        this.command = command;
        this.tls = tls;
        this.httpsPort = httpsPort;
        this.internal = internal;
        process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(logFile().toFile())
                        .start();
        shutdownHook = new Thread(() -> Processes.stop(process));
        Runtime.getRuntime().addShutdownHook(shutdownHook);
    }

    public static Builder in(Path folder) {
        return new Builder(folder);
    }

    public URI uri() {
        return URI.create("https://localhost:" + httpsPort);
    }

    /** Its port without TLS, which authenticates no client. */
    public URI httpUri() {
        if (internal.https()) {
            throw new IllegalStateException("There is no port without TLS");
        }
        return URI.create(internal.discoveryUri());
    }

    public Tls tls() {
        return tls;
    }

    public Path folder() {
        return folder;
    }

    public Path logFile() {
        return folder.resolve("server.log");
    }

    public List<String> log() {
        try {
            if (!Files.exists(logFile())) {
                return List.of();
            }
            // Newer versions colour their log.
            return Files.readString(logFile()).replaceAll("\u001B\\[[0-9;]*m", "").lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The launcher may have started it as a child. */
    public ProcessHandle jvm() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .filter(handle -> handle.info().command().orElse("").endsWith("/java"))
                .findFirst()
                .orElseThrow();
    }

    public Duration cpuTime() {
        return jvm().info().totalCpuDuration().orElseThrow();
    }

    public void awaitExit() throws InterruptedException {
        process.waitFor();
    }

    /** With the same files and ports; the log begins anew, the former one is kept beside it. */
    public Coordinator restart() {
        close();
        try {
            Files.move(
                    logFile(),
                    folder.resolve("server.before.log"),
                    StandardCopyOption.REPLACE_EXISTING);
            Coordinator again = new Coordinator(folder, command, tls, httpsPort, internal);
            again.awaitStart(waited -> {});
            return again;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitStart(Consumer<Duration> progress) {
        long start = System.nanoTime();
        try {
            while (true) {
                Duration waited = Duration.ofNanos(System.nanoTime() - start);
                List<String> lines = log();
                if (lines.stream().anyMatch(line -> line.endsWith(STARTED))) {
                    return;
                }
                if (!isAlive()) {
                    throw new CoordinatorStartException(
                            "the coordinator stopped while starting", log());
                }
                if (waited.compareTo(START_LIMIT) > 0) {
                    throw new CoordinatorStartException(
                            "the coordinator did not start within " + START_LIMIT, lines);
                }
                progress.accept(waited);
                Poll.pause(Duration.ofMillis(100));
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    @Override
    public void close() {
        Processes.stop(process);
        Runtime.getRuntime().removeShutdownHook(shutdownHook);
    }

    /** What an operator writes into etc/. */
    public static final class Builder {
        private final Path folder;
        private final Map<String, String> config = new LinkedHashMap<>();
        private final Map<String, Map<String, String>> authenticators = new LinkedHashMap<>();
        private final List<String> configLines = new ArrayList<>();
        private final List<String> jvmOptions = new ArrayList<>();
        private final List<String> environment = new ArrayList<>();
        private final Map<String, Map<String, String>> catalogs = new LinkedHashMap<>();
        private String nodeId = "coordinator";
        private Internal internal;
        private boolean internalHttps;
        private boolean worker;
        private final Map<String, String> logLevels =
                new LinkedHashMap<>(Map.of("io.trino", "INFO", "io.nativejwt", "INFO"));
        private boolean sessionSpy;
        private final List<Path> plugins = new ArrayList<>();
        private Path nativeJwt = Workspace.pluginFolder();
        private List<String> jvmDefaults =
                List.of("-Xmx1G", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
        private TrinoDistribution distribution = TrinoDistribution.tarball476();
        private Integration integration = Integration.PLUGIN;
        private Consumer<Duration> progress = waited -> {};

        private Builder(Path folder) {
            this.folder = folder;
        }

        public Builder distribution(TrinoDistribution value) {
            distribution = value;
            return this;
        }

        public Builder at(Site site) {
            distribution = site.distribution();
            return through(site.integration());
        }

        public Builder through(Integration value) {
            integration = value;
            return this;
        }

        /**
         * The properties of one authenticator: in a file of their own for the plugin, else in
         * etc/config.properties.
         */
        public Builder jwt(Map<String, String> properties) {
            if (integration == Integration.PLUGIN) {
                return authenticator("native-jwt", properties);
            }
            config("http-server.authentication.type", integration.type());
            config.putAll(properties);
            return this;
        }

        public Builder config(String name, String value) {
            config.put(name, value);
            return this;
        }

        /** Appends a line to etc/config.properties, unchanged. */
        public Builder configLine(String line) {
            configLines.add(line);
            return this;
        }

        /** A file in etc/catalog. */
        public Builder catalog(String name, Map<String, String> properties) {
            catalogs.put(name, properties);
            return this;
        }

        /** There is no port without TLS, and the nodes use only HTTPS among themselves. */
        public Builder internalHttps() {
            internalHttps = true;
            return this;
        }

        /** A worker of this coordinator: it authenticates no client, so it needs no integration. */
        public Builder workerOf(Coordinator coordinator, String id) {
            internal = coordinator.internal;
            internalHttps = internal.https();
            worker = true;
            nodeId = id;
            return through(Integration.BUILT_IN);
        }

        public Builder environment(String name, String value) {
            environment.add(name + "=" + value);
            return this;
        }

        public Builder jvmOption(String option) {
            jvmOptions.add(option);
            return this;
        }

        /**
         * Adds a property file with {@code header-authenticator.name=native-jwt}. Several of them
         * are asked in the order of the calls.
         */
        public Builder authenticator(String name, Map<String, String> properties) {
            authenticators.put(name, properties);
            return this;
        }

        public Builder logLevel(String logger, String level) {
            logLevels.put(logger, level);
            return this;
        }

        /** Optimised code rather than a fast start. */
        public Builder asInProduction() {
            jvmDefaults = List.of("-Xmx2G", "-XX:+UseG1GC");
            return this;
        }

        /**
         * With the functions {@code extra_credential} and {@code pause}, the catalog {@code spy}
         * and events.json.
         */
        public Builder withSessionSpy() {
            sessionSpy = true;
            return this;
        }

        /** A plugin beside those of the distribution. */
        public Builder plugin(Path plugin) {
            plugins.add(plugin);
            return this;
        }

        /** In the place of the release's plugin. */
        public Builder nativeJwtPlugin(Path value) {
            nativeJwt = value;
            return this;
        }

        public Builder progress(Consumer<Duration> listener) {
            progress = listener;
            return this;
        }

        public Coordinator start() {
            try {
                Path etc = Files.createDirectories(folder.resolve("etc"));
                Tls tls = Tls.create(folder);
                int[] ports = freePorts(2);
                Path installed = Files.createDirectories(folder.resolve("plugin"));
                distribution.linkPlugins(installed);
                if (integration == Integration.PLUGIN) {
                    Files.createSymbolicLink(installed.resolve("native-jwt"), nativeJwt);
                }
                for (Path plugin : plugins) {
                    Files.createSymbolicLink(installed.resolve(plugin.getFileName()), plugin);
                }
                if (sessionSpy) {
                    installSessionSpy(etc, installed);
                }
                writeEtc(etc, tls, ports[0], ports[1], installed);
                Coordinator coordinator =
                        new Coordinator(folder, command(etc), tls, ports[1], internal);
                coordinator.awaitStart(progress);
                return coordinator;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void installSessionSpy(Path etc, Path plugins) throws IOException {
            Path plugin = Files.createDirectories(plugins.resolve("session-spy"));
            for (Path jar : Workspace.sessionSpy()) {
                Files.createSymbolicLink(plugin.resolve(jar.getFileName()), jar);
            }
            write(
                    Files.createDirectories(etc.resolve("catalog")).resolve("spy.properties"),
                    Map.of("connector.name", "session_spy"));
            Path listener = etc.resolve("event-listener.properties");
            write(
                    listener,
                    Map.of(
                            "event-listener.name",
                            "session_spy",
                            "session-spy.file",
                            folder.resolve("events.json").toString()));
            config("event-listener.config-files", listener.toString());
        }

        private List<String> command(Path etc) {
            List<String> command = new ArrayList<>(List.of("env"));
            command.addAll(environment);
            command.addAll(distribution.command(folder, etc, integration));
            return command;
        }

        private void writeEtc(Path etc, Tls tls, int httpPort, int httpsPort, Path plugins)
                throws IOException {
            List<String> files = new ArrayList<>();
            for (Map.Entry<String, Map<String, String>> authenticator : authenticators.entrySet()) {
                Map<String, String> properties = new LinkedHashMap<>();
                properties.put("header-authenticator.name", "native-jwt");
                properties.putAll(authenticator.getValue());
                Path file = etc.resolve(authenticator.getKey() + ".properties");
                write(file, properties);
                files.add(file.toString());
            }

            Map<String, String> server = new LinkedHashMap<>();
            if (internal == null) {
                String uri =
                        internalHttps
                                ? "https://localhost:" + httpsPort
                                : "http://localhost:" + httpPort;
                internal = new Internal(internalHttps, uri, UUID.randomUUID().toString());
            }
            server.put("coordinator", Boolean.toString(!worker));
            if (!worker) {
                server.put("node-scheduler.include-coordinator", "true");
            }
            server.put("discovery.uri", internal.discoveryUri());
            if (internalHttps) {
                server.put("http-server.http.enabled", "false");
                server.put("internal-communication.https.required", "true");
            } else {
                server.put("http-server.http.port", Integer.toString(httpPort));
            }
            server.put("http-server.https.enabled", "true");
            server.put("http-server.https.port", Integer.toString(httpsPort));
            server.put("http-server.https.keystore.path", tls.serverPem().toString());
            server.put("internal-communication.shared-secret", internal.sharedSecret());
            server.put("catalog.management", "static");
            server.put("plugin.dir", plugins.toString());
            if (!files.isEmpty()) {
                server.put("http-server.authentication.type", "HEADER");
                server.put("header-authenticator.config-files", String.join(",", files));
                server.put("web-ui.authentication.type", "fixed");
                server.put("web-ui.user", "operator");
            }
            server.putAll(config);
            // An empty value takes a default of the above away.
            server.values().removeIf(String::isEmpty);
            write(etc.resolve("config.properties"), server);
            Files.write(etc.resolve("config.properties"), configLines, StandardOpenOption.APPEND);

            write(
                    etc.resolve("node.properties"),
                    Map.of(
                            "node.environment",
                            "test",
                            "node.id",
                            nodeId,
                            "node.data-dir",
                            folder.resolve("data").toString()));
            write(etc.resolve("log.properties"), logLevels);
            if (!catalogs.isEmpty()) {
                Path folder = Files.createDirectories(etc.resolve("catalog"));
                for (Map.Entry<String, Map<String, String>> catalog : catalogs.entrySet()) {
                    write(folder.resolve(catalog.getKey() + ".properties"), catalog.getValue());
                }
            }

            List<String> jvm = new ArrayList<>(jvmDefaults);
            jvm.add("--enable-native-access=ALL-UNNAMED");
            jvm.addAll(distribution.jvmOptions(integration));
            jvm.addAll(jvmOptions);
            Files.write(etc.resolve("jvm.config"), jvm);
        }

        private static void write(Path file, Map<String, String> properties) throws IOException {
            Files.write(
                    file,
                    properties.entrySet().stream()
                            .map(entry -> entry.getKey() + "=" + entry.getValue())
                            .toList());
        }
    }

    /** All sockets are open at once, so that the ports differ. */
    public static int[] freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0));
            }
            return sockets.stream().mapToInt(ServerSocket::getLocalPort).toArray();
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Debian's PostgreSQL, over TCP with TLS alone, with its data in a folder of its own. */
public final class PostgresServer implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Path INSTALLED = Path.of("/usr/lib/postgresql");
    private static final String SYSTEM_USER = "postgres";

    private final Path folder;
    private final int port;
    private final Tls tls;
    private final Program program;

    private PostgresServer(Path folder, int port, Tls tls, Program program) {
        this.folder = folder;
        this.port = port;
        this.tls = tls;
        this.program = program;
    }

    /**
     * @param access lines of pg_hba.conf for connections over TCP
     * @param sql what the administrator runs before others come
     */
    public static PostgresServer start(Path logs, List<String> access, String sql) {
        try {
            // It refuses to run as root; its own user has to get at the folder.
            Path folder = Files.createTempDirectory("nativejwt-postgres");
            Tls tls = Tls.create(folder);
            Path bin = bin();
            Path data = folder.resolve("data");
            Files.createDirectory(data);
            Path certificate = folder.resolve("tls.crt");
            Files.copy(tls.certificatePem(), certificate, StandardCopyOption.REPLACE_EXISTING);
            Path key = Files.copy(tls.serverPem(), folder.resolve("tls.key"));
            owned(folder);
            Files.setPosixFilePermissions(
                    key, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
            run(bin.resolve("initdb"), "-D", data, "-A", "trust", "-E", "UTF8", "--no-locale");
            int port = Coordinator.freePorts(1)[0];
            List<String> lines = new ArrayList<>(List.of("local all all trust"));
            lines.addAll(access);
            Files.write(data.resolve("pg_hba.conf"), lines);
            List<String> command = new ArrayList<>(asSystemUser());
            command.addAll(
                    List.of(
                            bin.resolve("postgres").toString(),
                            "-D",
                            data.toString(),
                            "-k",
                            folder.toString(),
                            "-p",
                            "" + port,
                            "-c",
                            "listen_addresses=127.0.0.1",
                            "-c",
                            "ssl=on",
                            "-c",
                            "ssl_cert_file=" + certificate,
                            "-c",
                            "ssl_key_file=" + key));
            Program program =
                    Program.start(
                            "PostgreSQL",
                            logs.resolve("postgres.log"),
                            Map.of(),
                            command,
                            () ->
                                    Processes.run(LIMIT, psql(bin, folder, port, "SELECT 1"))
                                                    .exitCode()
                                            == 0);
            PostgresServer server = new PostgresServer(folder, port, tls, program);
            Processes.runOrFail(LIMIT, psql(bin, folder, port, sql));
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String url() {
        return "jdbc:postgresql://localhost:%d/postgres?ssl=true&sslmode=verify-full&sslrootcert=%s"
                .formatted(port, tls.certificatePem());
    }

    private static List<String> psql(Path bin, Path folder, int port, String sql) {
        List<String> command = new ArrayList<>(asSystemUser());
        command.addAll(
                List.of(
                        bin.resolve("psql").toString(),
                        "-X",
                        "-v",
                        "ON_ERROR_STOP=1",
                        "-h",
                        folder.toString(),
                        "-p",
                        "" + port,
                        "-d",
                        "postgres",
                        "-c",
                        sql));
        return command;
    }

    private static void run(Object... command) {
        List<String> all = new ArrayList<>(asSystemUser());
        Stream.of(command).map(Object::toString).forEach(all::add);
        Processes.runOrFail(LIMIT, all);
    }

    private static void owned(Path folder) {
        if (isRoot()) {
            Processes.runOrFail(
                    LIMIT,
                    List.of("chown", "-R", SYSTEM_USER + ":" + SYSTEM_USER, folder.toString()));
        }
    }

    private static List<String> asSystemUser() {
        return isRoot() ? List.of("runuser", "-u", SYSTEM_USER, "--") : List.of();
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    /** The newest that is installed. */
    private static Path bin() {
        try (Stream<Path> versions = Files.list(INSTALLED)) {
            return versions.max(Comparator.naturalOrder()).orElseThrow().resolve("bin");
        } catch (IOException e) {
            throw new UncheckedIOException("PostgreSQL is not installed", e);
        }
    }

    @Override
    public void close() {
        program.close();
        Workspace.delete(folder);
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.NativejwtCommand;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.TrinoDistribution;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code make demo} shows once everything is built: two logins to a real coordinator, and
 * three rejections; with the server launcher also that the built-in authenticator is back after the
 * uninstall.
 */
final class Demo {
    private static final String ISSUER = "https://idp.example.com";
    private static final String AUDIENCE = "trino";
    private static final String WHO = "SELECT current_user";
    private static final String NODES = "SELECT node_version, state FROM system.runtime.nodes";
    private static final String REJECTED = "Authentication rejected: ";
    private static final Duration LOG_LIMIT = Duration.ofSeconds(5);

    private final Site site;
    private final Coordinator coordinator;
    private int shownRejections;

    Demo(Site site, Coordinator coordinator) {
        this.site = site;
        this.coordinator = coordinator;
    }

    public static void main(String[] arguments) throws Exception {
        Site site = Site.of(arguments[0], arguments[1]);
        boolean keep = List.of(arguments).contains("keep");
        if (List.of(arguments).contains("rules")) {
            RulesDemo.run(site);
            return;
        }
        if (List.of(arguments).contains("shadow")) {
            ShadowDemo.run(site, keep);
            return;
        }
        Path folder = Workspace.freshFolder("demo");

        Stopwatch stopwatch = new Stopwatch("Keys, and tokens from nativejwt issue");
        Path keys = folder.resolve("idp");
        Path others = folder.resolve("another-issuer");
        NativejwtCommand.keygen("RS256", keys);
        NativejwtCommand.keygen("RS256", others);
        Path key = keys.resolve("private.pem");
        String alice = NativejwtCommand.issue(key, claims(AUDIENCE), "1h");
        String expired = NativejwtCommand.issue(key, claims(AUDIENCE), "-1m");
        String forged =
                NativejwtCommand.issue(others.resolve("private.pem"), claims(AUDIENCE), "1h");
        String forAnother = NativejwtCommand.issue(key, claims("billing"), "1h");
        Path tokenFile = Files.writeString(folder.resolve("alice.token"), alice);
        stopwatch.done();

        String trino = "Trino " + site.version();
        stopwatch = new Stopwatch(trino + ": unpacking");
        TrinoDistribution distribution = site.distribution();
        stopwatch.done();

        stopwatch = new Stopwatch(trino + ": starting");
        try (Coordinator coordinator =
                Coordinator.in(folder)
                        .distribution(distribution)
                        .through(site.integration())
                        .jwt(properties(keys.resolve("public.pem")))
                        .progress(stopwatch)
                        .start()) {
            stopwatch.done();
            Demo demo = new Demo(site, coordinator);
            demo.showConfiguration(folder, distribution);
            stopwatch = new Stopwatch(null);
            demo.logIn(alice);
            demo.showRejection("an expired token", expired);
            demo.showRejection("a token with a forged signature", forged);
            demo.showRejection("a token for another service", forAnother);
            System.out.println();
            System.out.println("Logins and rejections: " + stopwatch);
            demo.byHand(tokenFile, keep);
            if (keep) {
                coordinator.awaitExit();
            }
        }
        if (site.isServer() && !keep) {
            uninstall(site, folder, keys.resolve("public.pem"), alice);
        }
    }

    /** The same etc/config.properties serves the built-in authenticator again. */
    private static void uninstall(Site site, Path folder, Path publicKey, String token)
            throws Exception {
        System.out.println();
        System.out.println("Uninstalled, by starting Trino's own main class again:");
        Stopwatch stopwatch = new Stopwatch("  starting");
        try (Coordinator builtIn =
                Coordinator.in(Workspace.freshFolder(folder.getFileName() + "-uninstalled"))
                        .at(site)
                        .through(Integration.BUILT_IN)
                        .jwt(properties(publicKey))
                        .progress(stopwatch)
                        .start()) {
            stopwatch.done();
            show(WHO, Clients.jdbc(builtIn, token, WHO));
            if (builtIn.log().stream().anyMatch(line -> line.contains("native-jwt"))) {
                throw new IllegalStateException("native-jwt is still there: " + builtIn.logFile());
            }
        }
    }

    private static Map<String, String> claims(String audience) {
        Map<String, String> claims = new LinkedHashMap<>();
        claims.put("sub", "alice");
        claims.put("iss", ISSUER);
        claims.put("aud", audience);
        return claims;
    }

    private static Map<String, String> properties(Path publicKey) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("http-server.authentication.jwt.key-file", publicKey.toString());
        properties.put("http-server.authentication.jwt.required-issuer", ISSUER);
        properties.put("http-server.authentication.jwt.required-audience", AUDIENCE);
        return properties;
    }

    private void showConfiguration(Path folder, TrinoDistribution distribution) throws Exception {
        System.out.println();
        String file = site.isServer() ? "etc/config.properties" : "etc/native-jwt.properties";
        System.out.println(
                Workspace.relative(folder.resolve(file))
                        + (site.isServer()
                                ? ", the lines of Trino's built-in JWT authenticator, unchanged:"
                                : ":"));
        for (String line : Files.readAllLines(folder.resolve(file))) {
            if (!site.isServer() || line.contains("authentication.")) {
                System.out.println("  " + line);
            }
        }
        if (!site.isServer()) {
            return;
        }
        if (!distribution.jvmOptions(site.integration()).isEmpty()) {
            System.out.println(Workspace.relative(folder.resolve("etc/jvm.config")) + ":");
            distribution
                    .jvmOptions(site.integration())
                    .forEach(line -> System.out.println("  " + line));
        }
        List<String> command =
                distribution.command(folder, folder.resolve("etc"), site.integration());
        int launcher = command.indexOf("-launcher-config");
        System.out.println("started by:");
        System.out.println(
                "  "
                        + (launcher < 0
                                ? "java … " + command.getLast()
                                : "bin/launcher "
                                        + String.join(
                                                " ", command.subList(launcher, command.size()))));
    }

    private void logIn(String token) throws SQLException {
        System.out.println();
        System.out.println("alice logs in by JDBC (accessToken):");
        show(WHO, Clients.jdbc(coordinator, token, WHO));
        show(NODES, Clients.jdbc(coordinator, token, NODES));
        System.out.println("and by trino --user alice --access-token:");
        Processes.Result result = Clients.cli(coordinator, "alice", token, WHO);
        if (result.exitCode() != 0) {
            throw new IllegalStateException("The command line failed: " + result.error());
        }
        show(WHO, result.output().lines().toList());
    }

    static void show(String sql, List<String> rows) {
        System.out.printf("  %-50s -> %s%n", sql, String.join(", ", rows));
    }

    void showRejection(String what, String token) {
        System.out.println();
        System.out.println("Rejected, " + what + ":");
        try {
            Clients.jdbc(coordinator, token, WHO);
            throw new IllegalStateException("This login must not succeed: " + what);
        } catch (SQLException e) {
            System.out.println("  JDBC: " + e.getMessage());
        }
        System.out.println("  log:  " + nextRejectionInLog());
    }

    private String nextRejectionInLog() {
        Poll.until(
                "the rejection in " + coordinator.logFile(),
                LOG_LIMIT,
                () -> rejectionsInLog().size() > shownRejections);
        List<String> rejections = rejectionsInLog();
        shownRejections = rejections.size();
        String line = rejections.getLast();
        return line.substring(line.indexOf(REJECTED));
    }

    private List<String> rejectionsInLog() {
        return coordinator.log().stream().filter(line -> line.contains(REJECTED)).toList();
    }

    private void byHand(Path tokenFile, boolean keep) throws Exception {
        Path folder = coordinator.logFile().getParent();
        Path cli =
                Files.createSymbolicLink(
                        folder.resolve("trino"), Path.of(Workspace.fetched("trino-cli")));
        String token = "\"$(cat " + Workspace.relative(tokenFile) + ")\"";
        System.out.println();
        System.out.println(
                keep
                        ? "The coordinator stays up until Ctrl-C. From this folder:"
                        : "make demo KEEP=1 leaves it running, to try by hand from this folder:");
        System.out.printf(
                "  java -jar %s --server %s --truststore-path %s \\%n    --user alice"
                        + " --access-token %s%n",
                Workspace.relative(cli),
                coordinator.uri(),
                Workspace.relative(coordinator.tls().certificatePem()),
                token);
        System.out.printf(
                "  JDBC: jdbc:trino://localhost:%d?SSL=true&SSLTrustStorePath=%s&accessToken=%s%n",
                coordinator.uri().getPort(),
                Workspace.relative(coordinator.tls().certificatePem()),
                "...");
        System.out.println("  log:  " + Workspace.relative(coordinator.logFile()));
    }
}

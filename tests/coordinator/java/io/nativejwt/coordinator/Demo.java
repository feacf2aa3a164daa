package io.nativejwt.coordinator;

import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What {@code make demo} shows once everything is built: a login to a real coordinator, and three
 * that are refused.
 */
final class Demo {
    private static final String ISSUER = "https://idp.example.com";
    private static final String AUDIENCE = "trino";
    private static final String WHO = "SELECT current_user";
    private static final String NODES =
            "SELECT node_id, node_version, state FROM system.runtime.nodes";
    private static final Duration LOG_LIMIT = Duration.ofSeconds(5);

    private final Coordinator coordinator;
    private int shownLogLines;

    private Demo(Coordinator coordinator) {
        this.coordinator = coordinator;
    }

    public static void main(String[] arguments) throws Exception {
        boolean keep = List.of(arguments).contains("keep");
        Path folder = Workspace.freshFolder("demo");
        KeyPair keys = Keys.rsa();
        Path keyFile = Files.writeString(folder.resolve("issuer-public.pem"), Keys.publicPem(keys));
        String token = claims("alice").sign("RS256", keys.getPrivate());
        Path tokenFile = Files.writeString(folder.resolve("alice.token"), token);

        long start = System.nanoTime();
        System.out.println(
                "etc/config.properties      http-server.authentication.type=HEADER  (was JWT)");
        System.out.println(
                "etc/native-jwt.properties  header-authenticator.name=native-jwt  + the"
                        + " http-server.authentication.jwt.* keys");
        Progress progress = new Progress("Starting Trino 476");
        try (Coordinator coordinator =
                Coordinator.in(folder)
                        .authenticator(
                                "native-jwt",
                                Map.of(
                                        "http-server.authentication.jwt.key-file",
                                                keyFile.toString(),
                                        "http-server.authentication.jwt.required-issuer", ISSUER,
                                        "http-server.authentication.jwt.required-audience",
                                                AUDIENCE))
                        .progress(progress)
                        .start()) {
            progress.done(Duration.ofNanos(System.nanoTime() - start));
            Demo demo = new Demo(coordinator);
            demo.accepted(token);
            demo.refused(
                    "an expired token",
                    claims("alice")
                            .expiringAt(Instant.now().minusSeconds(60))
                            .sign("RS256", keys.getPrivate()));
            demo.refused(
                    "a token somebody else signed",
                    claims("alice").sign("RS256", Keys.rsa().getPrivate()));
            demo.refused(
                    "a token for another service",
                    claims("alice").claim("aud", "billing").sign("RS256", keys.getPrivate()));
            demo.byHand(tokenFile, keep);
            if (keep) {
                coordinator.awaitExit();
            }
        }
    }

    private static Token claims(String user) {
        return Token.of(user).claim("iss", ISSUER).claim("aud", AUDIENCE);
    }

    private void accepted(String token) throws SQLException {
        System.out.println();
        System.out.println("JDBC, accessToken=<alice's token>");
        System.out.printf("  %-58s %s%n", WHO, Clients.jdbc(coordinator, token, WHO));
        System.out.printf("  %-58s %s%n", NODES, Clients.jdbc(coordinator, token, NODES));
        System.out.println("trino-cli --user alice --access-token <alice's token>");
        Processes.Result result = Clients.cli(coordinator, "alice", token, WHO);
        if (result.exitCode() != 0) {
            throw new IllegalStateException("trino-cli failed: " + result.error());
        }
        System.out.printf("  %-58s [%s]%n", WHO, result.output().strip());
    }

    private void refused(String what, String token) {
        System.out.println();
        System.out.println("Now " + what);
        try {
            Clients.jdbc(coordinator, token, WHO);
            throw new IllegalStateException("This login must not succeed");
        } catch (SQLException e) {
            System.out.println("  client:      " + e.getMessage());
        }
        System.out.println("  coordinator: " + nextRefusalInLog());
    }

    private String nextRefusalInLog() {
        long deadline = System.nanoTime() + LOG_LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            List<String> refusals =
                    coordinator.log().stream()
                            .filter(line -> line.contains("Login refused"))
                            .toList();
            if (refusals.size() > shownLogLines) {
                shownLogLines = refusals.size();
                String line = refusals.getLast();
                return line.substring(line.indexOf("Login refused"));
            }
            Coordinator.pause(Duration.ofMillis(50));
        }
        throw new IllegalStateException(
                "The coordinator's log does not tell of the refusal: " + coordinator.logFile());
    }

    private void byHand(Path tokenFile, boolean keep) {
        System.out.println();
        System.out.println(
                keep
                        ? "The coordinator stays up until Ctrl-C. By hand:"
                        : "With `make demo KEEP=1` it stays up, and by hand:");
        System.out.printf(
                "  java -jar %s --server %s --truststore-path %s --user alice --access-token"
                        + " \"$(cat %s)\"%n",
                Workspace.fetched("trino-cli"),
                coordinator.uri(),
                coordinator.tls().certificatePem(),
                tokenFile);
        System.out.printf(
                "  curl --cacert %s -H \"Authorization: Bearer $(cat %s)\" -d 'SELECT 1'"
                        + " %s/v1/statement%n",
                coordinator.tls().certificatePem(), tokenFile, coordinator.uri());
        System.out.println("  " + Clients.jdbcUrl(coordinator) + "&accessToken=...");
        System.out.println("  log: " + coordinator.logFile());
    }
}

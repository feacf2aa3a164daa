// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Login;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code make demo STORAGE=1} shows: S3 decides what two users with the same role read, and
 * what becomes of them while STS is away.
 */
final class StorageDemo {
    private static final String QUERY = ALICES.formatted("lake");
    private static final String REJECTED = "Authentication rejected: ";
    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** What S3 said, in a message that is much longer. */
    private static final Pattern OF_S3 =
            Pattern.compile("[A-Za-z. ]+\\(Service: S3, Status Code: \\d+");

    private final StorageSite site;
    private final Coordinator coordinator;

    private StorageDemo(StorageSite site, Coordinator coordinator) {
        this.site = site;
        this.coordinator = coordinator;
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Workspace.freshFolder("demo-storage");
        Stopwatch stopwatch =
                new Stopwatch("Keycloak, SeaweedFS as S3 and STS, PostgreSQL: starting");
        try (StorageSite site = new StorageSite(folder)) {
            stopwatch.done();
            stopwatch = new Stopwatch("Trino 476: starting");
            try (Coordinator coordinator =
                    site.alone("trino").jwt(site.config(site.sts())).progress(stopwatch).start()) {
                stopwatch.done();
                StorageDemo demo = new StorageDemo(site, coordinator);
                demo.showConfiguration();
                site.fill(coordinator);
                Login alice = demo.twoUsers();
                demo.outage(alice);
                System.out.println();
                System.out.println("log: " + Workspace.relative(coordinator.logFile()));
                if (List.of(arguments).contains("keep")) {
                    System.out.println("All of it stays up until Ctrl-C: " + coordinator.uri());
                    coordinator.awaitExit();
                }
            }
        }
    }

    private void showConfiguration() throws IOException {
        Path config = coordinator.folder().resolve("etc/config.properties");
        System.out.println(Workspace.relative(config) + ":");
        Files.readAllLines(config).stream()
                .filter(line -> line.contains(".storage."))
                .forEach(line -> say(line.replace(Workspace.source("") + "/", "")));
    }

    private Login twoUsers() {
        System.out.println();
        System.out.println(
                "alice has a table in her bucket, and S3 decides who reads it. " + QUERY + ":");
        int before = site.sts().sessions().size();
        Login alice = login("alice");
        show("alice", alice);
        show("bob", login("bob"));
        System.out.println("STS gave credentials to:");
        List<String> sessions = site.sts().sessions();
        for (int i = before; i < sessions.size(); i++) {
            say("%-5s as %s".formatted(sessions.get(i), site.sts().roles().get(i)));
        }
        return alice;
    }

    private void outage(Login alice) {
        System.out.println();
        System.out.println("STS is away:");
        site.sts().set(StsProxy.Mode.AWAY);
        show("alice, the same token", alice);
        Login fresh = login("alice");
        show("alice, a new token", fresh);
        Poll.until("the rejection in the log", LIMIT, () -> lastRejection() != null);
        say("log: " + lastRejection());
        System.out.println("STS is back:");
        site.sts().set(StsProxy.Mode.FORWARD);
        Duration waited =
                Poll.until(
                        "STS to be asked again", LIMIT, () -> answer(fresh).equals("alice 1000"));
        show("alice, the new token, after %d ms".formatted(waited.toMillis()), fresh);
    }

    private Login login(String user) {
        return new Login(coordinator, site.token(user));
    }

    private static void show(String who, Login login) {
        say("%-36s -> %s".formatted(who, answer(login)));
    }

    /** The row, or why there is none. */
    private static String answer(Login login) {
        try {
            return String.join(", ", login.run(QUERY));
        } catch (SQLException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                Matcher matcher = OF_S3.matcher(String.valueOf(cause.getMessage()));
                if (matcher.find()) {
                    return matcher.group().strip() + ", …)";
                }
            }
            return e.getMessage();
        }
    }

    private String lastRejection() {
        return coordinator.log().stream()
                .filter(line -> line.contains(REJECTED))
                .map(line -> line.substring(line.indexOf(REJECTED)))
                .reduce((first, second) -> second)
                .orElse(null);
    }

    private static void say(String line) {
        System.out.println("  " + line);
    }
}

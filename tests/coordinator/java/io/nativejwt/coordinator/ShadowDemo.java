// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.NativejwtCommand;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Poll;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What {@code make demo SHADOW=1} shows: the built-in authenticator answers, native-jwt judges
 * beside it, and the report has one difference, which is explained.
 */
final class ShadowDemo {
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String ENDPOINT = "/v1/query?state=QUEUED";
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int ACCEPTED = 20;

    private ShadowDemo() {}

    static void run(Site site, boolean keep) throws Exception {
        Path folder = Workspace.freshFolder("demo-shadow");
        Path keys = folder.resolve("idp");
        NativejwtCommand.keygen("RS256", keys);
        Path key = keys.resolve("private.pem");
        String alice = NativejwtCommand.issue(key, Map.of("sub", "alice"), "1h");
        String expired = NativejwtCommand.issue(key, Map.of("sub", "alice"), "-1m");
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(JWT + "key-file", keys.resolve("public.pem").toString());
        properties.put(JWT + "shadow", "true");
        properties.forEach((name, value) -> System.out.println("  " + name + "=" + value));
        Stopwatch stopwatch = new Stopwatch("Trino " + site.version() + ": starting");
        try (Coordinator coordinator =
                Coordinator.in(folder).at(site).jwt(properties).progress(stopwatch).start()) {
            stopwatch.done();
            System.out.println();
            System.out.println("Trino's built-in authenticator answers:");
            Demo.show(
                    "SELECT current_user", Clients.jdbc(coordinator, alice, "SELECT current_user"));
            for (int i = 0; i < ACCEPTED; i++) {
                answer(coordinator, alice);
            }
            show("an expired token", answer(coordinator, expired));
            show("the good token with == behind it", answer(coordinator, alice + "=="));
            show("no token", Clients.get(coordinator, ENDPOINT).statusCode());
            System.out.println();
            System.out.println("GET /v1/native-jwt/shadow, what native-jwt would have said:");
            Poll.until(
                    "the difference in the report",
                    LIMIT,
                    () -> report(coordinator, alice).contains("`base64-strict`"));
            report(coordinator, alice)
                    .lines()
                    .filter(line -> !line.isEmpty())
                    .forEach(line -> System.out.println("  " + line));
            if (keep) {
                Path token = Files.writeString(folder.resolve("alice.token"), alice);
                System.out.println();
                System.out.println("The coordinator stays up until Ctrl-C. From this folder:");
                System.out.printf(
                        "  curl --cacert %s -H \"Authorization: Bearer $(cat %s)\""
                                + " %s/v1/native-jwt/shadow%n",
                        Workspace.relative(coordinator.tls().certificatePem()),
                        Workspace.relative(token),
                        coordinator.uri());
                coordinator.awaitExit();
            }
        }
    }

    private static void show(String what, int status) {
        System.out.printf("  %-50s -> %d%n", what, status);
    }

    private static int answer(Coordinator coordinator, String token) {
        return Clients.get(coordinator, ENDPOINT, "Bearer " + token).statusCode();
    }

    private static String report(Coordinator coordinator, String token) {
        return Clients.get(coordinator, "/v1/native-jwt/shadow", "Bearer " + token).body();
    }
}

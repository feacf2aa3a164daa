// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.CoordinatorStartException;
import io.nativejwt.harness.Integration;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.Keycloak;
import io.nativejwt.harness.Stopwatch;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What becomes of users while keys rotate, fail and come back: a table of what was measured,
 * Trino's own JWT authenticator beside ours, with the same configuration, the same Keycloak and the
 * same key sets. The built-in one fetches keys every 15 minutes, so this takes half an hour.
 */
final class KeyEvents {
    private static final String PREFIX = "http-server.authentication.jwt.";
    private static final String WHO = "SELECT current_user";

    /** The built-in authenticator's interval, and what a busy machine adds. */
    private static final Duration INTERVAL = Duration.ofMinutes(17);

    /**
     * When one refresh of the built-in authenticator failed, which happens on a machine that is too
     * busy.
     */
    private static final Duration TWO_INTERVALS = Duration.ofMinutes(32);

    private static final Duration FIRST_LOGIN_LIMIT = Duration.ofMinutes(1);
    private static final Duration QUICK = Duration.ofSeconds(10);
    private static final Duration QUICK_PAUSE = Duration.ofMillis(200);
    private static final Duration PAUSE = Duration.ofSeconds(5);

    /** A key set that is changed while the coordinators run, and the key its users have. */
    private record Source(JwksEndpoint endpoint, KeyPair key) {
        static Source create() {
            Source source = new Source(JwksEndpoint.absent(), Keys.rsa());
            source.endpoint.serve(List.of(source.jwk()));
            return source;
        }

        Map<String, Object> jwk() {
            return JwksEndpoint.jwk("one", key);
        }

        String token() {
            return KeyEvents.token("one", key);
        }
    }

    private final Path folder;
    private final Integration integration;
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final List<AutoCloseable> started = new ArrayList<>();
    private final Map<String, String> results = new LinkedHashMap<>();
    private final Stopwatch stopwatch = new Stopwatch(null);

    private KeyEvents(Path folder, Integration integration) {
        this.folder = folder;
        this.integration = integration;
    }

    public static void main(String[] arguments) throws Exception {
        List<String> sides = arguments.length == 0 ? List.of("stock", "ours") : List.of(arguments);
        Map<String, Map<String, String>> columns = new LinkedHashMap<>();
        try (ExecutorService both = Executors.newCachedThreadPool()) {
            Map<String, Future<Map<String, String>>> running = new LinkedHashMap<>();
            for (String side : sides) {
                Path folder = Workspace.freshFolder("key-events/" + side);
                Integration integration =
                        side.equals("stock") ? Integration.BUILT_IN : Integration.PLUGIN;
                running.put(side, both.submit(() -> new KeyEvents(folder, integration).run()));
            }
            for (Map.Entry<String, Future<Map<String, String>>> side : running.entrySet()) {
                columns.put(side.getKey(), side.getValue().get());
            }
        }
        System.out.println();
        System.out.println("| event | " + String.join(" | ", sides) + " |");
        System.out.println("| --- |" + " --- |".repeat(sides.size()));
        for (String event : columns.get(sides.getFirst()).keySet()) {
            System.out.print("| " + event + " |");
            sides.forEach(side -> System.out.print(" " + columns.get(side).get(event) + " |"));
            System.out.println();
        }
    }

    private Map<String, String> run() throws Exception {
        try {
            measure();
            return results;
        } catch (Exception | Error e) {
            // The other side goes on for half an hour.
            e.printStackTrace();
            throw e;
        } finally {
            for (AutoCloseable one : started.reversed()) {
                one.close();
            }
            executor.shutdownNow();
        }
    }

    private void measure() throws Exception {
        Keycloak keycloak =
                Keycloak.prepare(
                        Files.createDirectories(folder.resolve("keycloak")), "lake", "partner");
        started.add(keycloak);
        keycloak.start();
        // Two keys from the beginning, so that the first one can be removed and nothing else
        // changes.
        String removedKeysToken = keycloak.userToken("partner", "alice");
        keycloak.rotate("partner");
        String keptKeysToken = keycloak.userToken("partner", "alice");
        String oldToken = keycloak.userToken("lake", "alice");
        Source empty = source();
        Source duplicate = source();
        Source broken = source();
        Source gone = source();

        atStart();

        Map<String, String> urls = new LinkedHashMap<>();
        urls.put("lake", keycloak.certificates("lake"));
        urls.put("partner", keycloak.certificates("partner"));
        urls.put("empty", empty.endpoint().url());
        urls.put("duplicate", duplicate.endpoint().url());
        urls.put("broken", broken.endpoint().url());
        urls.put("gone", gone.endpoint().url());
        Map<String, Coordinator> coordinators = start(urls);
        must(coordinators.get("lake"), oldToken);
        must(coordinators.get("partner"), removedKeysToken);
        must(coordinators.get("partner"), keptKeysToken);
        must(coordinators.get("empty"), empty.token());
        must(coordinators.get("duplicate"), duplicate.token());
        must(coordinators.get("broken"), broken.token());
        must(coordinators.get("gone"), gone.token());

        Map<String, Future<String>> waiting = new LinkedHashMap<>();
        keycloak.rotate("lake");
        String newToken = keycloak.userToken("lake", "alice");
        waiting.put(
                "Keycloak rotates: the first token of the new key is accepted after",
                submit(() -> until(coordinators.get("lake"), newToken, true, TWO_INTERVALS)));
        keycloak.removeKey("partner", Keycloak.kid(removedKeysToken));
        waiting.put(
                "a key is removed in Keycloak: its tokens are accepted for another",
                submit(
                        () ->
                                until(
                                        coordinators.get("partner"),
                                        removedKeysToken,
                                        false,
                                        TWO_INTERVALS)));
        empty.endpoint().serve(List.of());
        waiting.put(
                "the key set becomes empty: users are rejected after",
                submit(
                        () ->
                                until(
                                        coordinators.get("empty"),
                                        empty.token(),
                                        false,
                                        integration == Integration.BUILT_IN
                                                ? TWO_INTERVALS
                                                : INTERVAL)));
        KeyPair twin = Keys.rsa();
        KeyPair afterTwins = Keys.rsa();
        duplicate
                .endpoint()
                .serve(
                        List.of(
                                duplicate.jwk(),
                                JwksEndpoint.jwk("twin", twin),
                                JwksEndpoint.jwk("twin", Keys.rsa()),
                                JwksEndpoint.jwk("two", afterTwins)));
        waiting.put(
                "the set gets two keys of one kid, and a new key: its tokens are accepted after",
                submit(
                        () ->
                                until(
                                        coordinators.get("duplicate"),
                                        token("two", afterTwins),
                                        true,
                                        INTERVAL)));
        KeyPair afterBroken = Keys.rsa();
        broken.endpoint()
                .serve(List.of(broken.jwk(), withoutType(), JwksEndpoint.jwk("two", afterBroken)));
        waiting.put(
                "the set gets a key without kty, and a new key: its tokens are accepted after",
                submit(
                        () ->
                                until(
                                        coordinators.get("broken"),
                                        token("two", afterBroken),
                                        true,
                                        INTERVAL)));
        gone.endpoint().close();
        waiting.put(
                "the key server is gone: users are rejected after",
                submit(() -> until(coordinators.get("gone"), gone.token(), false, INTERVAL)));
        for (Map.Entry<String, Future<String>> one : waiting.entrySet()) {
            result(one.getKey(), get(one.getValue()));
        }

        keycloak.stop();
        result(
                "Keycloak stops: its users log in",
                accepted(coordinators.get("lake"), newToken) ? "yes" : "no");
        result(
                "the coordinator restarts while Keycloak is stopped",
                restarted(coordinators, newToken));
    }

    /** What a start makes of a key server that is not there, or serves what is not wholly good. */
    private void atStart() throws Exception {
        JwksEndpoint absent = JwksEndpoint.absent();
        started.add(absent);
        KeyPair key = Keys.rsa();
        result(
                "the key server is down at start",
                startsWith(
                        "absent",
                        absent,
                        coordinator -> {
                            absent.serve(List.of(JwksEndpoint.jwk("one", key)));
                            return "starts; first login "
                                    + until(coordinator, token("one", key), true, INTERVAL)
                                    + " after the server came up";
                        }));
        JwksEndpoint twins =
                endpoint(
                        List.of(
                                JwksEndpoint.jwk("one", key),
                                JwksEndpoint.jwk("twin", Keys.rsa()),
                                JwksEndpoint.jwk("twin", Keys.rsa())));
        result(
                "two keys of one kid at start",
                startsWith("twins", twins, coordinator -> verdict(coordinator, token("one", key))));
        JwksEndpoint untyped = endpoint(List.of(JwksEndpoint.jwk("one", key), withoutType()));
        result(
                "a key without kty at start",
                startsWith(
                        "untyped",
                        untyped,
                        coordinator -> verdict(coordinator, token("one", key))));
        JwksEndpoint none = endpoint(List.of());
        result(
                "an empty key set at start",
                startsWith("none", none, coordinator -> verdict(coordinator, token("one", key))));
    }

    private interface Observation {
        String of(Coordinator coordinator) throws Exception;
    }

    private String startsWith(String name, JwksEndpoint endpoint, Observation observation)
            throws Exception {
        long start = System.nanoTime();
        try (Coordinator coordinator = start(name, endpoint.url())) {
            return observation.of(coordinator);
        } catch (CoordinatorStartException e) {
            return noStart(start, e);
        }
    }

    private static String noStart(long start, CoordinatorStartException e) {
        String why =
                e.getMessage()
                        .lines()
                        .filter(line -> line.startsWith("1) "))
                        .findFirst()
                        .orElseGet(() -> e.getMessage().lines().findFirst().orElse(""));
        return "no start (%.0f s): %s".formatted((System.nanoTime() - start) / 1e9, why);
    }

    private String restarted(Map<String, Coordinator> coordinators, String token) {
        long start = System.nanoTime();
        try {
            Coordinator again = coordinators.get("lake").restart();
            started.add(again);
            return "starts; " + verdict(again, token);
        } catch (CoordinatorStartException e) {
            return noStart(start, e);
        }
    }

    /** The built-in authenticator knows one key set, so each has a coordinator of its own. */
    private Map<String, Coordinator> start(Map<String, String> urls) throws Exception {
        Map<String, Coordinator> coordinators = new HashMap<>();
        for (Map.Entry<String, String> url : urls.entrySet()) {
            Coordinator coordinator = start(url.getKey(), url.getValue());
            started.add(coordinator);
            coordinators.put(url.getKey(), coordinator);
        }
        return coordinators;
    }

    private Coordinator start(String name, String url) throws Exception {
        return Coordinator.in(Files.createDirectories(folder.resolve(name)))
                .through(integration)
                .jwt(properties(name, url))
                .start();
    }

    /**
     * Only what the built-in authenticator needs, and the one property of ours that a restart
     * needs.
     */
    private Map<String, String> properties(String name, String url) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(PREFIX + "key-file", url);
        if (name.equals("lake")) {
            properties.put(PREFIX + "principal-field", "preferred_username");
            if (integration != Integration.BUILT_IN) {
                properties.put(PREFIX + "jwks.cache-file", folder.resolve("lake.jwks").toString());
            }
        } else if (name.equals("partner")) {
            properties.put(PREFIX + "principal-field", "preferred_username");
        }
        return properties;
    }

    private Source source() {
        Source source = Source.create();
        started.add(source.endpoint());
        return source;
    }

    private JwksEndpoint endpoint(List<Map<String, Object>> keys) {
        JwksEndpoint endpoint = JwksEndpoint.serving(keys);
        started.add(endpoint);
        return endpoint;
    }

    private static Map<String, Object> withoutType() {
        Map<String, Object> key = new HashMap<>(JwksEndpoint.jwk("untyped", Keys.rsa()));
        key.remove("kty");
        return key;
    }

    private static String token(String kid, KeyPair key) {
        return Token.of("alice").header("kid", kid).sign("RS256", key.getPrivate());
    }

    private static void must(Coordinator coordinator, String token) {
        Poll.until("a first login", FIRST_LOGIN_LIMIT, () -> accepted(coordinator, token));
    }

    private static boolean accepted(Coordinator coordinator, String token) {
        return verdict(coordinator, token).equals("alice logs in");
    }

    private static String verdict(Coordinator coordinator, String token) {
        try {
            return String.join(",", Clients.jdbc(coordinator, token, WHO)) + " logs in";
        } catch (SQLException e) {
            return "rejected: " + e.getMessage();
        }
    }

    /**
     * How long until a login ends as it is meant to, or that it did not until the built-in
     * authenticator must know.
     */
    private static String until(
            Coordinator coordinator, String token, boolean accepted, Duration limit) {
        long start = System.nanoTime();
        while (true) {
            boolean reached = accepted(coordinator, token) == accepted;
            Duration waited = Duration.ofNanos(System.nanoTime() - start);
            if (reached) {
                return "%.1f s".formatted(waited.toMillis() / 1e3);
            }
            if (waited.compareTo(limit) > 0) {
                return "not within %d min".formatted(limit.toMinutes());
            }
            Poll.pause(waited.compareTo(QUICK) < 0 ? QUICK_PAUSE : PAUSE);
        }
    }

    private Future<String> submit(Callable<String> task) {
        return executor.submit(task);
    }

    private static String get(Future<String> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void result(String event, String outcome) {
        results.put(event, outcome);
        System.out.printf(
                Locale.ROOT,
                "%s %s: %s: %s%n",
                stopwatch,
                integration == Integration.BUILT_IN ? "stock" : "ours",
                event,
                outcome);
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;

import io.nativejwt.ffi.Host;
import io.nativejwt.ffi.Verdict;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import javax.crypto.SecretKey;

/**
 * All that a coordinator does to the library, for a long time at once: tokens of every sort on two
 * threads, while keys, rules and issuers' files change, a JWK set rotates, and whole authenticators
 * come and go. Memory, threads and open files must not grow. {@code NATIVEJWT_SOAK_MINUTES} says
 * how long.
 */
@Tag("soak")
final class SoakTest {
    private static final String JWT = "http-server.authentication.jwt.";
    private static final TokenAuthenticator.Headers<Object> NO_HEADERS = (request, name) -> null;
    private static final Duration DURATION =
            Duration.ofMinutes(
                    Integer.parseInt(System.getenv().getOrDefault("NATIVEJWT_SOAK_MINUTES", "2")));

    /** The sum of small things that settle late: arenas of threads, compiled code. */
    private static final long RESIDENT_LIMIT = 8 << 20;

    private static final long HEAP_LIMIT = 2 << 20;
    private static final int SAMPLES = 40;

    private record Sample(long resident, long heap, long threads, long files) {
        static Sample take() throws IOException {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            String status = Files.readString(Path.of("/proc/self/status"));
            try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
                return new Sample(
                        field(status, "VmRSS") << 10,
                        runtime.totalMemory() - runtime.freeMemory(),
                        field(status, "Threads"),
                        files.count());
            }
        }

        private static long field(String status, String name) {
            return status.lines()
                    .filter(line -> line.startsWith(name + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** An issuer's keys, of which the last one counts. */
    private static final class RotatingKey {
        private final AtomicReference<KeyPair> present = new AtomicReference<>(next());

        static KeyPair next() {
            return Keys.ec("secp256r1");
        }

        KeyPair rotate() {
            present.set(next());
            return present.get();
        }

        String token(String issuer, String user) {
            KeyPair key = present.get();
            return base(issuer, user).header("kid", kid(key)).sign("ES256", key.getPrivate());
        }
    }

    private final RotatingKey ofFile = new RotatingKey();
    private final RotatingKey ofSet = new RotatingKey();
    private final SecretKey secret = Keys.hmac(32);
    private final AtomicReference<String> jwkSet = new AtomicReference<>(jwkSet(ofSet));
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final AtomicReference<Throwable> wrong = new AtomicReference<>();

    @TempDir Path folder;

    @Test
    void memoryThreadsAndFilesDoNotGrow() throws Exception {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> {
                    byte[] body = jwkSet.get().getBytes(UTF_8);
                    exchange.sendResponseHeaders(200, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                });
        server.start();
        try {
            writeKeys();
            writeRules(0);
            for (String issuer : List.of("file", "set", "secret")) {
                writeIssuer(issuer, 0, server.getAddress().getPort());
            }
            List<Sample> samples = soak(open(), server.getAddress().getPort());
            assertThat(wrong.get()).isNull();
            assertThat(accepted.get()).isGreaterThan(10_000);
            assertThat(rejected.get()).isGreaterThan(10_000);
            report(samples);
            assertThat(growth(samples, Sample::resident))
                    .as("bytes of resident memory")
                    .isLessThan(RESIDENT_LIMIT);
            assertThat(growth(samples, Sample::heap)).as("bytes of heap").isLessThan(HEAP_LIMIT);
            assertThat(growth(samples, Sample::threads)).as("threads").isLessThan(4);
            assertThat(growth(samples, Sample::files)).as("open files").isLessThan(8);
        } finally {
            server.stop(0);
        }
    }

    private List<Sample> soak(TokenAuthenticator authenticator, int port) throws Exception {
        long end = System.nanoTime() + DURATION.toNanos();
        List<Thread> workers =
                IntStream.range(0, 2)
                        .mapToObj(
                                number -> Thread.ofPlatform().start(() -> work(authenticator, end)))
                        .toList();
        List<Sample> samples = new ArrayList<>();
        long pause = DURATION.toMillis() / SAMPLES;
        for (int round = 1; System.nanoTime() < end; round++) {
            Thread.sleep(pause);
            samples.add(Sample.take());
            change(round, port);
            // One more authenticator, which nothing refers to after a authenticator.
            check(open(), stable("alice"), true);
        }
        for (Thread worker : workers) {
            worker.join();
        }
        return samples;
    }

    private void change(int round, int port) throws IOException {
        switch (round % 4) {
            case 0 -> {
                ofFile.rotate();
                writeKeys();
            }
            case 1 -> {
                ofSet.rotate();
                jwkSet.set(jwkSet(ofSet));
            }
            case 2 -> writeRules(round);
            default -> writeIssuer("secret", round, port);
        }
    }

    /** What must be accepted and what must not, whatever changes meanwhile. */
    private void work(TokenAuthenticator authenticator, long end) {
        try {
            List<String> repeated =
                    IntStream.range(0, 1000).mapToObj(number -> stable("user" + number)).toList();
            String forged = stable("alice");
            String expired =
                    base("secret", "alice")
                            .expiringAt(Instant.now().minusSeconds(100))
                            .sign("HS256", secret);
            while (System.nanoTime() < end && wrong.get() == null) {
                ThreadLocalRandom random = ThreadLocalRandom.current();
                int number = random.nextInt(1000);
                switch (number % 8) {
                    case 0 -> check(authenticator, stable("once" + random.nextLong()), true);
                    case 1 -> check(authenticator, expired, false);
                    case 2 -> check(authenticator, altered(forged, number), false);
                    case 3 -> check(authenticator, "garbage" + number, false);
                    case 4 -> either(authenticator, ofFile.token("file", "alice"));
                    case 5 -> either(authenticator, ofSet.token("set", "alice"));
                    default -> check(authenticator, repeated.get(number), true);
                }
            }
        } catch (Throwable e) {
            wrong.compareAndSet(null, e);
        }
    }

    private void check(TokenAuthenticator authenticator, String token, boolean expected) {
        assertThat(either(authenticator, token))
                .as(expected ? "accepted" : "rejected")
                .isEqualTo(expected);
    }

    private boolean either(TokenAuthenticator authenticator, String token) {
        boolean isAccepted =
                authenticator.authenticateToken(token, this, NO_HEADERS)
                        instanceof Verdict.Accepted;
        (isAccepted ? accepted : rejected).incrementAndGet();
        return isAccepted;
    }

    private TokenAuthenticator open() {
        String files =
                Stream.of("file", "set", "secret")
                        .map(issuer -> folder.resolve(issuer + ".properties").toString())
                        .reduce((all, file) -> all + "," + file)
                        .orElseThrow();
        return TokenAuthenticator.open(
                Map.of(JWT + "config-files", files), "", null, Host.SERVER_LAUNCHER);
    }

    private String stable(String user) {
        return base("secret", user).sign("HS256", secret);
    }

    private static Token base(String issuer, String user) {
        return Token.of(user).claim("iss", "https://%s.example".formatted(issuer));
    }

    /** One bit of the signature is another. */
    private static String altered(String token, int number) {
        char[] characters = token.toCharArray();
        int place = characters.length - 2 - number % 20;
        characters[place] = characters[place] == 'A' ? 'B' : 'A';
        return new String(characters);
    }

    private void writeKeys() throws IOException {
        write("key.pem", Keys.publicPem(ofFile.present.get()));
        write("secret.key", Base64.getEncoder().encodeToString(secret.getEncoded()));
    }

    private void writeRules(int round) throws IOException {
        write(
                "rules.json",
                """
                {"rules": [{"pattern": "never%d", "allow": false}, {"pattern": "(.*)", "user": "$1"}]}
                """
                        .formatted(round));
    }

    private void writeIssuer(String name, int round, int port) throws IOException {
        String keyFile =
                switch (name) {
                    case "file" -> folder.resolve("key.pem").toString();
                    case "set" -> "http://localhost:%d/".formatted(port);
                    default -> folder.resolve("secret.key").toString();
                };
        List<String> lines =
                new ArrayList<>(
                        List.of(
                                JWT + "key-file=" + keyFile,
                                JWT + "required-issuer=https://%s.example".formatted(name),
                                JWT + "user-mapping.file=" + folder.resolve("rules.json"),
                                JWT + "clock-skew=%ds".formatted(round % 30)));
        if (name.equals("set")) {
            lines.add(JWT + "jwks.refresh-interval=1s");
            lines.add(JWT + "jwks.unknown-kid-cooldown=1s");
            lines.add(JWT + "jwks.unknown-kid-wait=0s");
        }
        write(name + ".properties", String.join("\n", lines) + "\n");
    }

    /** As a careful operator does, in one step. */
    private void write(String name, String text) throws IOException {
        Path next = Files.writeString(folder.resolve(name + ".next"), text);
        Files.move(next, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String jwkSet(RotatingKey keys) {
        KeyPair key = keys.present.get();
        ECPublicKey point = (ECPublicKey) key.getPublic();
        return Token.json(
                Map.of(
                        "keys",
                        List.of(
                                Map.of(
                                        "kty",
                                        "EC",
                                        "crv",
                                        "P-256",
                                        "kid",
                                        kid(key),
                                        "x",
                                        coordinate(point.getW().getAffineX()),
                                        "y",
                                        coordinate(point.getW().getAffineY())))));
    }

    private static String kid(KeyPair key) {
        return Integer.toHexString(Arrays.hashCode(key.getPublic().getEncoded()));
    }

    private static String coordinate(BigInteger number) {
        byte[] bytes = number.toByteArray();
        byte[] fixed = new byte[32];
        int length = Math.min(bytes.length, fixed.length);
        System.arraycopy(bytes, bytes.length - length, fixed, fixed.length - length, length);
        return Token.encode(fixed);
    }

    /** From the second quarter to the last, by their medians: the first one is warm-up. */
    private static long growth(List<Sample> samples, ToLongFunction<Sample> value) {
        int quarter = samples.size() / 4;
        return median(samples.subList(3 * quarter, samples.size()), value)
                - median(samples.subList(quarter, 2 * quarter), value);
    }

    private static long median(List<Sample> samples, ToLongFunction<Sample> value) {
        long[] sorted = samples.stream().mapToLong(value).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private void report(List<Sample> samples) {
        System.out.printf(
                Locale.ROOT,
                "%d accepted and %d rejected requests in %d min; growth of resident memory %d KB,"
                        + " of the heap %d KB; %d MB resident%n",
                accepted.get(),
                rejected.get(),
                DURATION.toMinutes(),
                growth(samples, Sample::resident) >> 10,
                growth(samples, Sample::heap) >> 10,
                samples.getLast().resident() >> 20);
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.nativejwt.testing.InstalledPlugin;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;
import io.trino.spi.security.AccessDeniedException;
import io.trino.spi.security.BasicPrincipal;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.Identity;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The released folder, from the SPI down to native code and back. */
final class NativeJwtHeaderAuthenticatorTest {
    private static final KeyPair KEYS = Keys.rsa();

    @TempDir static Path folder;
    private static Path keyFile;
    private static HeaderAuthenticator authenticator;

    @BeforeAll
    static void open() throws Exception {
        keyFile = Files.writeString(folder.resolve("key.pem"), Keys.publicPem(KEYS));
        authenticator = InstalledPlugin.release().create(Map.of("key-file", keyFile.toString()));
    }

    @Test
    void principalAndMappedUserDiffer() {
        HeaderAuthenticator mapping = withMapping("(.*)@example\\.com");
        Principal principal =
                mapping.createAuthenticatedPrincipal(
                        InstalledPlugin.bearer(token("alice@example.com")));
        assertThat(principal.getName()).isEqualTo("alice@example.com");
        assertThat(principal).hasToString("alice");
        assertThatThrownBy(
                        () ->
                                mapping.createAuthenticatedPrincipal(
                                        InstalledPlugin.bearer(token("mallory@example.org"))))
                .isInstanceOf(AccessDeniedException.class)
                .hasMessage("No user mapping patterns match the principal");
    }

    @Test
    void textOutsideAsciiSurvivesTheBoundary() {
        String name = "Zoë 雪 🦀";
        Principal principal =
                authenticator.createAuthenticatedPrincipal(InstalledPlugin.bearer(token(name)));
        assertThat(principal.getName()).isEqualTo(name);
        assertThat(principal).hasToString(name);
    }

    /** All that has a meaning of its own in a property file. */
    @Test
    void configuredTextSurvivesTheBoundary() {
        String audience = "a=b:c #d!e\\f\\u0041 \"g\" Zoë 雪 🦀";
        HeaderAuthenticator demanding =
                InstalledPlugin.release()
                        .create(
                                Map.of(
                                        "key-file",
                                        keyFile.toString(),
                                        "required-audience",
                                        audience));
        String token = Token.of("alice").claim("aud", audience).sign("RS256", KEYS.getPrivate());
        Principal principal = demanding.createAuthenticatedPrincipal(InstalledPlugin.bearer(token));
        assertThat(principal.getName()).isEqualTo("alice");
    }

    @Test
    void newerCoordinatorsGetAnIdentity() throws Exception {
        // The SPI compiled against does not have the method yet; a coordinator from 480 on finds
        // it by its signature.
        HeaderAuthenticator mapping = withMapping("(.*)@example\\.com");
        Method method =
                mapping.getClass()
                        .getMethod(
                                "createAuthenticatedIdentity", HeaderAuthenticator.Headers.class);
        assertThat(method.getReturnType()).isEqualTo(Optional.class);
        method.setAccessible(true);
        Object result = method.invoke(mapping, InstalledPlugin.bearer(token("alice@example.com")));
        Identity identity = (Identity) ((Optional<?>) result).orElseThrow();
        assertThat(identity.getUser()).isEqualTo("alice");
        // Events, the web UI and workers get the principal's toString(): it must not be the user.
        assertThat(identity.getPrincipal()).contains(new BasicPrincipal("alice@example.com"));
        assertThat(identity.getPrincipal().orElseThrow()).hasToString("alice@example.com");
    }

    @Test
    void clientReadsTheMessageOfTheBuiltInAuthenticator() {
        String expired =
                Token.of("alice@example.com")
                        .expiringAt(Instant.now().minusSeconds(60))
                        .sign("RS256", KEYS.getPrivate());
        assertThatThrownBy(
                        () ->
                                authenticator.createAuthenticatedPrincipal(
                                        InstalledPlugin.bearer(expired)))
                .isInstanceOf(AccessDeniedException.class)
                .hasMessageMatching(
                        "JWT expired \\d+ milliseconds ago at .*Z\\. Current time: .*Z\\. Allowed"
                                + " clock skew: 0 milliseconds\\.");
    }

    @Test
    void requestWithoutTokenHasNoMessageOfItsOwn() {
        for (HeaderAuthenticator.Headers headers :
                List.<HeaderAuthenticator.Headers>of(
                        name -> null,
                        name -> List.of(),
                        InstalledPlugin.authorization(""),
                        InstalledPlugin.authorization("Basic YTpi"))) {
            assertThatThrownBy(() -> authenticator.createAuthenticatedPrincipal(headers))
                    .isInstanceOf(AccessDeniedException.class)
                    .hasMessage(null);
        }
    }

    @Test
    void severalAuthorizationHeadersAreRejectedWithoutShowingThem() {
        String token = token("alice@example.com");
        assertThatThrownBy(
                        () ->
                                authenticator.createAuthenticatedPrincipal(
                                        name -> List.of("Bearer " + token, "Bearer " + token)))
                .isInstanceOf(AccessDeniedException.class)
                .hasMessage(
                        "Multiple Authorization headers detected, where only a single Authorization"
                                + " header is supported");
    }

    @Test
    void rejectionHasNoStackTrace() {
        Throwable rejection =
                catchThrowable(
                        () ->
                                authenticator.createAuthenticatedPrincipal(
                                        InstalledPlugin.bearer("garbage")));
        assertThat(rejection.getStackTrace()).isEmpty();
    }

    @Test
    void brokenRequestIsRejectedToo() {
        assertThatThrownBy(
                        () ->
                                authenticator.createAuthenticatedPrincipal(
                                        name -> {
                                            throw new IllegalStateException("secret");
                                        }))
                .isInstanceOf(AccessDeniedException.class)
                .hasMessage("Authentication failed because of an internal error");
    }

    @Test
    void shorterHeaderIsNotCompletedByAnEarlierOne() {
        String token = token("alice@example.com");
        authenticator.createAuthenticatedPrincipal(InstalledPlugin.bearer(token));
        // A surrogate pair becomes a single byte: the buffer then holds one byte less than the
        // value has characters.
        String cut = "Bearer " + token.substring(0, token.length() - 3) + "🦀";
        assertThatThrownBy(
                        () ->
                                authenticator.createAuthenticatedPrincipal(
                                        InstalledPlugin.authorization(cut)))
                .isInstanceOf(AccessDeniedException.class);
        assertThatThrownBy(
                        () ->
                                authenticator.createAuthenticatedPrincipal(
                                        InstalledPlugin.bearer(
                                                token.substring(0, token.length() - 1))))
                .isInstanceOf(AccessDeniedException.class);
    }

    @Test
    void everyOtherHeaderValueIsRejected() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        String good = "Bearer " + token("alice@example.com");
        for (int i = 0; i < 20_000; i++) {
            String value = mutated(random, good);
            if (value.equals(good)) {
                continue;
            }
            try {
                Principal principal =
                        authenticator.createAuthenticatedPrincipal(
                                InstalledPlugin.authorization(value));
                // Case of the scheme and white space around the token do not matter.
                assertThat(value.substring(6).strip())
                        .as("seed %d accepted %s", seed, principal)
                        .isEqualTo(good.substring(7));
                assertThat(value.substring(0, 6)).isEqualToIgnoringCase("bearer");
            } catch (AccessDeniedException e) {
                assertThat(String.valueOf(e.getMessage()))
                        .as("seed %d", seed)
                        .doesNotContain("internal error")
                        .hasSizeLessThan(2000);
            }
        }
    }

    @Test
    void hugeHeadersAreRejected() {
        for (int length :
                new int[] {8 * 1024 - 1, 8 * 1024, 8 * 1024 + 1, 128 * 1024, 20 * 1024 * 1024}) {
            assertThatThrownBy(
                            () ->
                                    authenticator.createAuthenticatedPrincipal(
                                            InstalledPlugin.bearer("a".repeat(length))))
                    .isInstanceOf(AccessDeniedException.class);
        }
        authenticator.createAuthenticatedPrincipal(
                InstalledPlugin.bearer(token("alice@example.com")));
    }

    @Test
    void thirtyTwoThreadsEachSeeTheirOwnUser() throws Exception {
        int threads = 32;
        List<Callable<Void>> clients = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            String user = "user-" + i + "-" + "x".repeat(i * 10);
            String token = token(user);
            clients.add(
                    () -> {
                        for (int round = 0; round < 500; round++) {
                            assertThat(
                                            authenticator.createAuthenticatedPrincipal(
                                                    InstalledPlugin.bearer(token)))
                                    .hasToString(user);
                            assertThatThrownBy(
                                            () ->
                                                    authenticator.createAuthenticatedPrincipal(
                                                            InstalledPlugin.bearer(token + "A")))
                                    .isInstanceOf(AccessDeniedException.class);
                        }
                        return null;
                    });
        }
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            for (Future<Void> client : executor.invokeAll(clients)) {
                client.get();
            }
        }
    }

    @Test
    void secondClassLoaderLoadsACopyAndLeavesNoneBehind() throws Exception {
        HeaderAuthenticator second =
                InstalledPlugin.release().create(Map.of("key-file", keyFile.toString()));
        assertThat(second.createAuthenticatedPrincipal(InstalledPlugin.bearer(token("bob"))))
                .hasToString("bob");
        assertThat(second.getClass().getClassLoader())
                .isNotSameAs(authenticator.getClass().getClassLoader());
        assertThat(
                        authenticator.createAuthenticatedPrincipal(
                                InstalledPlugin.bearer(token("alice"))))
                .hasToString("alice");
        try (Stream<Path> files = Files.list(InstalledPlugin.RELEASE)) {
            assertThat(
                            files.map(file -> file.getFileName().toString())
                                    .filter(name -> name.endsWith(".so")))
                    .containsExactly(InstalledPlugin.LIBRARY);
        }
    }

    /** Its log thread ends with it, which it does only when nothing holds the handle any more. */
    @Test
    void abandonedAuthenticatorIsFreed() {
        Set<Thread> before = logThreads();
        List<Thread> started = new ArrayList<>(logThreadsAfterOpening());
        started.removeAll(before);
        assertThat(started).hasSize(1);
        Poll.until(
                "the end of the thread",
                Duration.ofSeconds(20),
                () -> {
                    System.gc();
                    return !started.getFirst().isAlive();
                });
    }

    /** In a method of its own, so that no local variable keeps the authenticator. */
    private static Set<Thread> logThreadsAfterOpening() {
        HeaderAuthenticator abandoned =
                InstalledPlugin.release().create(Map.of("key-file", keyFile.toString()));
        abandoned.createAuthenticatedPrincipal(InstalledPlugin.bearer(token("alice")));
        return logThreads();
    }

    private static Set<Thread> logThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("native-jwt-log"))
                .collect(Collectors.toSet());
    }

    @Test
    void unknownPropertyIsNamedWithTheNearestOne() {
        assertThatThrownBy(
                        () ->
                                InstalledPlugin.release()
                                        .create(
                                                Map.of(
                                                        "key-file",
                                                        keyFile.toString(),
                                                        "required-audiense",
                                                        "trino",
                                                        "principal-feild",
                                                        "sub")))
                .hasMessageContaining("http-server.authentication.jwt.required-audiense")
                .hasMessageContaining("http-server.authentication.jwt.required-audience")
                .hasMessageContaining("http-server.authentication.jwt.principal-feild")
                .hasMessageContaining("http-server.authentication.jwt.principal-field");
    }

    @Test
    void configurationErrorNamesFileAndLine() throws Exception {
        Path etc = Files.createDirectories(folder.resolve("etc"));
        Path properties =
                Files.writeString(
                        etc.resolve("jwt.properties"),
                        """
                        header-authenticator.name=native-jwt
                        # a comment
                        http-server.authentication.jwt.key-file=%s
                        http-server.authentication.jwt.required-audiense=trino
                        """
                                .formatted(keyFile));
        Path config =
                Files.writeString(
                        etc.resolve("config.properties"),
                        "header-authenticator.config-files=" + properties + "\n");
        System.setProperty("config", config.toString());
        try {
            assertThatThrownBy(
                            () ->
                                    InstalledPlugin.release()
                                            .create(
                                                    Map.of(
                                                            "key-file",
                                                            keyFile.toString(),
                                                            "required-audiense",
                                                            "trino")))
                    .hasMessageContaining(properties + ":4");
        } finally {
            System.clearProperty("config");
        }
    }

    private static HeaderAuthenticator withMapping(String pattern) {
        return InstalledPlugin.release()
                .create(Map.of("key-file", keyFile.toString(), "user-mapping.pattern", pattern));
    }

    private static String token(String subject) {
        return Token.of(subject).sign("RS256", KEYS.getPrivate());
    }

    private static String mutated(Random random, String good) {
        return switch (random.nextInt(8)) {
            case 0 -> good.substring(0, random.nextInt(good.length()));
            case 1 -> good.substring(random.nextInt(good.length()));
            case 2 -> {
                StringBuilder text = new StringBuilder(good);
                text.setCharAt(random.nextInt(text.length()), (char) random.nextInt(256));
                yield text.toString();
            }
            case 3 ->
                    new StringBuilder(good)
                            .insert(random.nextInt(good.length()), (char) random.nextInt(0x10000))
                            .toString();
            case 4 -> {
                List<String> parts = new ArrayList<>(Arrays.asList(good.split("\\.")));
                parts.add(
                        random.nextInt(parts.size() + 1), parts.get(random.nextInt(parts.size())));
                yield String.join(".", parts);
            }
            case 5 -> {
                byte[] bytes = new byte[random.nextInt(300)];
                random.nextBytes(bytes);
                yield "Bearer " + new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
            }
            case 6 -> {
                byte[] bytes = new byte[random.nextInt(200)];
                random.nextBytes(bytes);
                yield "Bearer "
                        + Token.encode(bytes)
                        + "."
                        + Token.encode(bytes)
                        + "."
                        + Token.encode(bytes);
            }
            default -> {
                String[] parts = good.substring(7).split("\\.");
                byte[] json = java.util.Base64.getUrlDecoder().decode(parts[random.nextInt(2)]);
                json[random.nextInt(json.length)] = (byte) random.nextInt(256);
                yield "Bearer "
                        + (random.nextBoolean()
                                ? Token.encode(json) + "." + parts[1]
                                : parts[0] + "." + Token.encode(json))
                        + "."
                        + parts[2];
            }
        };
    }
}

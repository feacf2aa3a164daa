// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

import javax.crypto.SecretKey;

/** Tokens that come again, through the released library. */
final class TokenCacheTest {
    private static final String PREFIX = "http-server.authentication.jwt.";
    private static final SecretKey KEY = Keys.hmac(32);
    private static final long NOW = System.currentTimeMillis();

    @TempDir static Path folder;
    private NativeAuthenticator authenticator;

    @BeforeEach
    void open() throws IOException {
        authenticator = open(Map.of());
    }

    private static NativeAuthenticator open(Map<String, String> more) throws IOException {
        String secret = Base64.getEncoder().encodeToString(KEY.getEncoded());
        Path keyFile = Files.writeString(folder.resolve("key"), secret);
        Map<String, String> config = new HashMap<>(Map.of(PREFIX + "key-file", keyFile.toString()));
        more.forEach((key, value) -> config.put(PREFIX + key, value));
        return NativeAuthenticator.open(
                config, "test", TrustedCertificates.OF_THE_SYSTEM, Host.SERVER_LAUNCHER);
    }

    private static String bearer(String user) {
        return "Bearer " + Token.of(user).sign("HS256", KEY);
    }

    private static Verdict.Accepted accepted(Verdict verdict) {
        assertThat(verdict).isInstanceOf(Verdict.Accepted.class);
        return (Verdict.Accepted) verdict;
    }

    @Test
    void expirationIsKnownOfATokenThatIsAcceptedNow() {
        Instant end = Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(60);
        String header = "Bearer " + Token.of("alice").expiringAt(end).sign("HS256", KEY);
        for (String time : List.of("the first time", "from the cache")) {
            assertThat(authenticator.expiration(header)).as(time).contains(end);
        }
        String forever = "Bearer " + Token.of("alice").claim("exp", null).sign("HS256", KEY);
        assertThat(authenticator.expiration(forever)).isEmpty();
        assertThat(authenticator.authenticate(forever)).isInstanceOf(Verdict.Accepted.class);
        assertThat(authenticator.expiration(header + "x")).isEmpty();
        assertThat(authenticator.expiration("")).isEmpty();
    }

    @Test
    void tokenThatComesAgainGetsTheSameObject() {
        String header = bearer("alice");
        Verdict first = authenticator.authenticate(header, NOW);
        assertThat(accepted(first).user()).isEqualTo("alice");
        assertThat(accepted(first).user()).isSameAs(accepted(first).principal());
        assertThat(authenticator.authenticate(header, NOW)).isSameAs(first);
        authenticator.forgetTokens();
        Verdict anew = authenticator.authenticate(header, NOW);
        assertThat(anew).isNotSameAs(first);
        assertThat(authenticator.authenticate(header, NOW)).isSameAs(anew);
    }

    @Test
    void tokenThatIsKeptEndsToTheMillisecond() {
        Instant end = Instant.now().plusSeconds(2).truncatedTo(ChronoUnit.SECONDS);
        String header = "Bearer " + Token.of("alice").expiringAt(end).sign("HS256", KEY);
        int judgedAtTheEnd = 0;
        long before = 0;
        while (before <= end.toEpochMilli() + 20) {
            before = System.currentTimeMillis();
            boolean isAccepted = authenticator.authenticate(header) instanceof Verdict.Accepted;
            long after = System.currentTimeMillis();
            if (after <= end.toEpochMilli()) {
                assertThat(isAccepted)
                        .as("%d ms before its end", end.toEpochMilli() - after)
                        .isTrue();
                judgedAtTheEnd += after > end.toEpochMilli() - 20 ? 1 : 0;
            } else if (before > end.toEpochMilli()) {
                assertThat(isAccepted)
                        .as("%d ms after its end", before - end.toEpochMilli())
                        .isFalse();
            }
        }
        assertThat(judgedAtTheEnd).isPositive();
    }

    @Test
    void tokenThatIsKeptEnds() {
        String header = bearer("alice");
        accepted(authenticator.authenticate(header, NOW));
        Verdict late = authenticator.authenticate(header, NOW + 3_700_000);
        assertThat(((Verdict.Rejected) late).reason()).isEqualTo("TOKEN_EXPIRED");
        accepted(authenticator.authenticate(header, NOW));
    }

    /** A remembered identity is not used for a token that the library rejects. */
    @Test
    void rememberedTokenIsRejectedOnceItIsRevokedAndTheOthersStay() throws IOException {
        Path revoked = Files.writeString(folder.resolve("revoked"), "");
        authenticator = open(Map.of("revocation-file", revoked.toString()));
        String mallory = bearer("mallory");
        String alice = bearer("alice");
        Verdict first = accepted(authenticator.authenticate(mallory, NOW));
        assertThat(authenticator.authenticate(mallory, NOW)).isSameAs(first);
        Verdict other = accepted(authenticator.authenticate(alice, NOW));
        Path next = Files.writeString(folder.resolve("revoked.new"), "sub=mallory\n");
        Files.move(next, revoked, ATOMIC_MOVE);
        Poll.until(
                "the entry to count",
                Duration.ofSeconds(30),
                () -> authenticator.authenticate(mallory, NOW) instanceof Verdict.Rejected);
        assertThat(((Verdict.Rejected) authenticator.authenticate(mallory, NOW)).reason())
                .isEqualTo("TOKEN_REVOKED");
        assertThat(authenticator.authenticate(alice, NOW)).isSameAs(other);
    }

    @Test
    void withoutACacheNothingIsRemembered() throws IOException {
        authenticator = open(Map.of("token-cache.max-size", "0B"));
        String header = bearer("alice");
        assertThat(accepted(authenticator.authenticate(header, NOW)))
                .isNotSameAs(accepted(authenticator.authenticate(header, NOW)));
    }

    @Test
    void tokenToPassThroughIsFoundInEachRequestsHeader() throws IOException {
        authenticator = open(Map.of("pass-through.credential-name", "token"));
        String token = bearer("alice").substring(7);
        for (String header : List.of("Bearer " + token, "bearer    " + token + " ")) {
            for (int round = 0; round < 2; round++) {
                Verdict.Accepted verdict = accepted(authenticator.authenticate(header, NOW));
                assertThat(verdict.extraCredentials()).isEqualTo(Map.of("token", token));
            }
        }
    }

    @Test
    void identityIsMadeOnce() {
        String header = bearer("alice");
        List<String> made = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            Verdict.Accepted verdict = accepted(authenticator.authenticate(header, NOW));
            assertThat(verdict.identity(StringBuilder.class, one -> make(one, made)))
                    .hasToString("alice");
        }
        assertThat(made).hasSize(1);
    }

    private static StringBuilder make(Verdict.Accepted verdict, List<String> made) {
        made.add(verdict.user());
        return new StringBuilder(verdict.user());
    }

    /**
     * Far more tokens than slots: places change hands all the time, also between the library's
     * answer and our look.
     */
    @Test
    void noTokenGetsTheIdentityOfAnother() throws Exception {
        authenticator = open(Map.of("token-cache.max-size", "64kB"));
        List<String> users = IntStream.range(0, 300).mapToObj(number -> "user-" + number).toList();
        List<String> headers = users.stream().map(TokenCacheTest::bearer).toList();
        Callable<Integer> requests =
                () -> {
                    int reused = 0;
                    Verdict[] last = new Verdict[users.size()];
                    for (int round = 0; round < 40_000; round++) {
                        // A few come often and are kept, the others drive each other out.
                        int number = round % 3 == 0 ? round % 10 : round * 7 % users.size();
                        Verdict.Accepted verdict =
                                accepted(authenticator.authenticate(headers.get(number), NOW));
                        assertThat(verdict.user()).isEqualTo(users.get(number));
                        reused += verdict == last[number] ? 1 : 0;
                        last[number] = verdict;
                    }
                    return reused;
                };
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (Future<Integer> reused :
                    threads.invokeAll(List.of(requests, requests, requests, requests))) {
                assertThat(reused.get()).isGreaterThan(1000);
            }
        }
    }
}

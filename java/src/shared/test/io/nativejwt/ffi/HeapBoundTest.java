// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;
import io.trino.spi.security.BasicPrincipal;
import io.trino.spi.security.Identity;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import javax.crypto.SecretKey;

/** {@code token-cache.max-size} bounds the heap too, whatever the groups of the tokens weigh. */
final class HeapBoundTest {
    private static final String PREFIX = "http-server.authentication.jwt.";
    private static final int MEGABYTE = 1024 * 1024;
    private static final SecretKey KEY = Keys.hmac(32);

    @TempDir static Path folder;

    @Test
    void tokensOfManyGroupsTakeNoMoreThanTheSize() throws IOException {
        List<String> groups = IntStream.range(0, 1000).mapToObj("g%03d"::formatted).toList();
        NativeAuthenticator authenticator = open();
        authenticate(authenticator, groups, -1);
        long before = heapInUse();
        for (int request = 0; request < 32_000; request++) {
            authenticate(authenticator, groups, request);
        }
        long growth = heapInUse() - before;
        assertThat(growth).isBetween(MEGABYTE / 2L, 16L * MEGABYTE);
        Reference.reachabilityFence(authenticator);
    }

    /** The other end: many small ones, of which each is counted as what it takes at the least. */
    @Test
    void tokensOfNoGroupsTakeNoMoreThanTheSize() throws IOException {
        NativeAuthenticator authenticator = open();
        authenticate(authenticator, List.of(), -1);
        long before = heapInUse();
        for (int request = 0; request < 32_000; request++) {
            authenticate(authenticator, List.of(), request);
        }
        assertThat(heapInUse() - before).isLessThan(16L * MEGABYTE);
        Reference.reachabilityFence(authenticator);
    }

    private static NativeAuthenticator open() throws IOException {
        String secret = Base64.getEncoder().encodeToString(KEY.getEncoded());
        Path keyFile = Files.writeString(folder.resolve("key"), secret);
        Map<String, String> config =
                Map.of(
                        PREFIX + "key-file",
                        keyFile.toString(),
                        PREFIX + "groups-field",
                        "groups",
                        PREFIX + "token-cache.max-size",
                        "16MB");
        return NativeAuthenticator.open(
                config, "test", TrustedCertificates.OF_THE_SYSTEM, Host.SERVER_LAUNCHER);
    }

    /** A new token, sent twice, and the coordinator's identity, as both integrations make it. */
    private static void authenticate(
            NativeAuthenticator authenticator, List<String> groups, int request) {
        String token =
                Token.of("alice")
                        .claim("jti", "request-" + request)
                        .claim("groups", groups)
                        .sign("HS256", KEY);
        for (int round = 0; round < 2; round++) {
            Verdict.Accepted verdict =
                    (Verdict.Accepted) authenticator.authenticate("Bearer " + token);
            assertThat(verdict.identity(Identity.class, HeapBoundTest::identity).getGroups())
                    .hasSameSizeAs(groups);
        }
    }

    private static Identity identity(Verdict.Accepted verdict) {
        return Identity.forUser(verdict.user())
                .withPrincipal(new BasicPrincipal(verdict.principal()))
                .withGroups(verdict.groups())
                .build();
    }

    private static long heapInUse() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}

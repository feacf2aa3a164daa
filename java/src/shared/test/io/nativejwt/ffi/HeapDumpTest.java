// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.management.HotSpotDiagnosticMXBean;

import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import javax.crypto.SecretKey;

/** What a heap dump tells of tokens: only what the caller itself holds. */
final class HeapDumpTest {
    private static final String MARK = "a-mark-to-be-found";
    private static final int REQUESTS = 10_000;
    private static final int HELD = 7;

    @TempDir static Path folder;

    @Test
    void noTokenStaysOnTheHeap() throws IOException {
        SecretKey key = Keys.hmac(32);
        Path keyFile =
                Files.writeString(
                        folder.resolve("key"),
                        Base64.getEncoder().encodeToString(key.getEncoded()));
        NativeAuthenticator authenticator =
                NativeAuthenticator.open(
                        Map.of("http-server.authentication.jwt.key-file", keyFile.toString()),
                        "test",
                        TrustedCertificates.OF_THE_SYSTEM,
                        Host.SERVER_LAUNCHER);
        List<String> held = new ArrayList<>();
        for (int request = 0; request < REQUESTS; request++) {
            // The claims begin with the mark, so that it is encoded the same way in each token.
            String header = "Bearer " + Token.of(MARK + request).sign("HS256", key);
            for (int round = 0; round < 2; round++) {
                Verdict verdict = authenticator.authenticate(header);
                assertThat(verdict).isInstanceOf(Verdict.Accepted.class);
            }
            if (request % (REQUESTS / HELD) == 0 && held.size() < HELD) {
                held.add(header);
            }
        }
        byte[] begin = ("{\"sub\":\"" + MARK).getBytes(US_ASCII);
        byte[] encoded = Token.encode(begin).substring(0, begin.length / 3 * 4).getBytes(US_ASCII);
        // In disguise, or the dump would hold what is looked for.
        byte[] needle = new byte[encoded.length];
        for (int i = 0; i < encoded.length; i++) {
            needle[i] = (byte) ~encoded[i];
        }
        Arrays.fill(encoded, (byte) 0);

        Path dump = folder.resolve("heap.hprof");
        // Of objects that are alive; what the collector has not swept yet is the requests' own.
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .dumpHeap(dump.toString(), true);
        assertThat(count(dump, needle)).isEqualTo(HELD).isEqualTo(held.size());
        Reference.reachabilityFence(authenticator);
    }

    private static int count(Path dump, byte[] needle) throws IOException {
        int found = 0;
        int matched = 0;
        try (InputStream bytes = new BufferedInputStream(Files.newInputStream(dump), 1 << 20)) {
            for (int next = bytes.read(); next >= 0; next = bytes.read()) {
                // The first byte comes only once in the needle's beginning, so that this finds all.
                if (next == (~needle[matched] & 0xff)) {
                    matched++;
                } else {
                    matched = next == (~needle[0] & 0xff) ? 1 : 0;
                }
                if (matched == needle.length) {
                    found++;
                    matched = 0;
                }
            }
        }
        return found;
    }
}

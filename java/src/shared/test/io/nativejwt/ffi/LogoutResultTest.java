// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.ffi.LogoutResult.Outcome;
import io.nativejwt.testing.Keys;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Pattern;

final class LogoutResultTest {
    /** Generated from the Rust sources. */
    private static final Path HEADER = Path.of("rust/ffi/include/nativejwt.h");

    private static final Pattern NUMBER = Pattern.compile("#define NATIVEJWT_LOGOUT_(\\w+ \\d+)");

    @TempDir Path folder;

    @Test
    void outcomesHaveTheNumbersOfTheLibrary() throws Exception {
        assertThat(NUMBER.matcher(Files.readString(HEADER)).results().map(found -> found.group(1)))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Outcome.values())
                                .filter(outcome -> outcome != Outcome.DONE)
                                .map(outcome -> outcome.name() + " " + outcome.ordinal())
                                .toList());
        assertThat(Outcome.DONE.ordinal()).isZero();
    }

    @Test
    void unknownNumberIsNotTakenForSuccess() {
        for (int code : new int[] {-1, Outcome.values().length}) {
            MemorySegment segment = Arena.ofAuto().allocate(128, Long.BYTES);
            segment.set(ValueLayout.JAVA_INT, 0, code);
            assertThatThrownBy(() -> LogoutResult.of(new VerdictRecord(segment)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("result " + code);
        }
    }

    @Test
    void logoutTokensAreNotAcceptedUnlessConfigured() throws Exception {
        Path key = Files.writeString(folder.resolve("key.pem"), Keys.publicPem(Keys.rsa()));
        NativeAuthenticator authenticator =
                NativeAuthenticator.open(
                        Map.of("http-server.authentication.jwt.key-file", key.toString()),
                        "test",
                        TrustedCertificates.OF_THE_SYSTEM,
                        Host.SERVER_LAUNCHER);
        LogoutResult result = authenticator.logOut("a.b.c");
        assertThat(result.outcome()).isEqualTo(Outcome.OFF);
        assertThat(result.message()).isNotEmpty();
    }
}

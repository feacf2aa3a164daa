// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Writes what native code has to know of a request in shadow mode. The layout is that of {@code
 * NativejwtShadowRequest} in the header file, with three texts behind it.
 */
final class ShadowRequest {
    private static final int FLAGS = 0;
    private static final int OUTCOME = 4;
    private static final int NOW = 8;
    private static final int NANOS = 16;
    private static final int USER_LENGTH = 24;
    private static final int PRINCIPAL_LENGTH = 28;
    private static final int MESSAGE_LENGTH = 32;
    private static final int FIXED_LENGTH = 40;

    private static final int SEVERAL_HEADERS = 1;

    private ShadowRequest() {}

    static MemorySegment write(Arena arena, BuiltInVerdict verdict, boolean hasSeveralHeaders) {
        byte[] user = verdict.user().getBytes(UTF_8);
        byte[] principal = verdict.principal().getBytes(UTF_8);
        byte[] message = verdict.message().getBytes(UTF_8);
        MemorySegment segment =
                arena.allocate(
                        (long) FIXED_LENGTH + user.length + principal.length + message.length,
                        Long.BYTES);
        segment.set(ValueLayout.JAVA_INT, FLAGS, hasSeveralHeaders ? SEVERAL_HEADERS : 0);
        segment.set(ValueLayout.JAVA_INT, OUTCOME, verdict.outcome().ordinal());
        segment.set(ValueLayout.JAVA_LONG, NOW, verdict.nowMillis());
        segment.set(ValueLayout.JAVA_LONG, NANOS, verdict.nanos());
        segment.set(ValueLayout.JAVA_INT, USER_LENGTH, user.length);
        segment.set(ValueLayout.JAVA_INT, PRINCIPAL_LENGTH, principal.length);
        segment.set(ValueLayout.JAVA_INT, MESSAGE_LENGTH, message.length);
        long at = FIXED_LENGTH;
        for (byte[] text : new byte[][] {user, principal, message}) {
            MemorySegment.copy(text, 0, segment, ValueLayout.JAVA_BYTE, at, text.length);
            at += text.length;
        }
        return segment;
    }
}

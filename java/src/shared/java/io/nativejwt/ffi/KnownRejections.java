// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;

/**
 * The last rejection of each code, so that a flood of similar bad tokens creates no new texts.
 * There is no lock: the rejection of any thread can be used, if its message is the record's.
 */
final class KnownRejections {
    private record Known(MemorySegment message, Verdict.Rejected rejected) {}

    /** Codes have three digits. */
    private final Known[] byCode = new Known[1000];

    Verdict.Rejected of(VerdictRecord record) {
        int code = record.code();
        if (code < 0 || code >= byCode.length) {
            return new Verdict.Rejected(code, record.reason(), record.message());
        }
        Known known = byCode[code];
        if (known == null || !record.hasMessage(known.message)) {
            String message = record.message();
            known =
                    new Known(
                            MemorySegment.ofArray(message.getBytes(UTF_8)),
                            new Verdict.Rejected(code, record.reason(), message));
            byCode[code] = known;
        }
        return known.rejected;
    }
}

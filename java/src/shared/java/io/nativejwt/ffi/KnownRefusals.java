package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;

/**
 * For each code the refusal that was told last, so that a flood of one kind of bad token makes no
 * texts. There is no lock: any thread's refusal serves as long as its words are those of the
 * record.
 */
final class KnownRefusals {
    private record Known(MemorySegment message, Verdict.Rejected rejected) {}

    /** Codes have three digits. */
    private final Known[] byCode = new Known[1000];

    Verdict.Rejected of(Record record) {
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

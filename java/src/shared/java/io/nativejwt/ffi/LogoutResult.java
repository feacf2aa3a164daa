// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/**
 * The result of a back-channel logout.
 *
 * @param message why it failed, in one line without token text; empty when it did not
 */
public record LogoutResult(Outcome outcome, String message) {
    /** In the order of native code's numbers. */
    public enum Outcome {
        DONE,
        /** The logout token is not valid, or it was used before. */
        INVALID,
        /** There were too many logouts in this second. */
        TOO_MANY,
        /** The logout token cannot be verified or stored now. */
        UNAVAILABLE,
        /** Back-channel logout is not configured. */
        OFF
    }

    static LogoutResult of(VerdictRecord record) {
        Outcome[] outcomes = Outcome.values();
        int code = record.code();
        if (code < 0 || code >= outcomes.length) {
            throw new IllegalStateException(
                    "The native library's record is invalid: result %d of a logout"
                            .formatted(code));
        }
        return new LogoutResult(outcomes[code], record.message());
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/**
 * What the built-in authenticator did with a request, in shadow mode.
 *
 * @param user of an accepted token, else empty; likewise the principal
 * @param message of a rejection, else empty. It is compared with known messages, and never shown
 * @param nowMillis the instant of the request
 * @param nanos how long the built-in authenticator took
 */
public record BuiltInVerdict(
        Outcome outcome,
        String user,
        String principal,
        String message,
        long nowMillis,
        long nanos) {
    /** In the order of the numbers of native code. */
    public enum Outcome {
        /** It judges elsewhere. */
        UNKNOWN,
        ACCEPTED,
        REJECTED,
        /** The answer has status 500. */
        FAILED,
        /** As FAILED, because of a StackOverflowError. */
        OVERFLOWED
    }

    /** The verdict of an authenticator whose verdict is not seen here. */
    public static BuiltInVerdict unknown(long nowMillis) {
        return new BuiltInVerdict(Outcome.UNKNOWN, "", "", "", nowMillis, 0);
    }

    public static BuiltInVerdict accepted(
            String user, String principal, long nowMillis, long nanos) {
        return new BuiltInVerdict(Outcome.ACCEPTED, user, principal, "", nowMillis, nanos);
    }

    /**
     * @param message may be null
     */
    public static BuiltInVerdict rejected(String message, long nowMillis, long nanos) {
        String text = message == null ? "" : message;
        return new BuiltInVerdict(Outcome.REJECTED, "", "", text, nowMillis, nanos);
    }

    public static BuiltInVerdict failed(Throwable failure, long nowMillis, long nanos) {
        Outcome outcome = isOverflow(failure) ? Outcome.OVERFLOWED : Outcome.FAILED;
        return new BuiltInVerdict(outcome, "", "", "", nowMillis, nanos);
    }

    private static boolean isOverflow(Throwable failure) {
        return failure instanceof StackOverflowError
                || failure.getCause() instanceof StackOverflowError;
    }

    /** Without the message and the names, which come from a request. */
    @Override
    public String toString() {
        return "BuiltInVerdict[" + outcome + "]";
    }
}

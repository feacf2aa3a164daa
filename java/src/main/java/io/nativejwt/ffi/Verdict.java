package io.nativejwt.ffi;

import java.util.Set;

/** What the native side says of one Authorization header. */
public sealed interface Verdict {
    /**
     * @param principal the value of the principal field
     * @param user what the user mapping made of it
     * @param groups what {@code groups-field} names, in the order of the token
     * @param token where it stands, if it is to be passed through
     * @param expiresAtMillis when the token ends, {@link Long#MAX_VALUE} when it does not
     */
    record Accepted(
            String principal, String user, Set<String> groups, Span token, long expiresAtMillis)
            implements Verdict {}

    /**
     * A part of the header's value.
     *
     * @param length 0 for none
     */
    record Span(int offset, int length) {
        static final Span NONE = new Span(0, 0);

        /** The part of this very value. */
        public String in(String value) {
            if (length == 0) {
                throw new IllegalStateException("The native library named no token to pass on");
            }
            return value.substring(offset, offset + length);
        }
    }

    /**
     * @param code the stable number of the reason, never 0
     * @param reason the stable name of the reason, such as {@code TOKEN_EXPIRED}
     * @param message one line for the client, without token text
     */
    record Rejected(int code, String reason, String message) implements Verdict {}
}

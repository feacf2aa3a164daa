package io.nativejwt.ffi;

import java.util.Set;

/** What the native side says of one Authorization header. */
public sealed interface Verdict {
    /**
     * @param principal the value of the principal field
     * @param user what the user mapping made of it
     * @param groups what {@code groups-field} names, in the order of the token
     * @param expiresAtMillis when the token ends, {@link Long#MAX_VALUE} when it does not
     */
    record Accepted(String principal, String user, Set<String> groups, long expiresAtMillis)
            implements Verdict {}

    /**
     * @param code the stable number of the reason, never 0
     * @param reason the stable name of the reason, such as {@code TOKEN_EXPIRED}
     * @param message one line for the client, without token text
     */
    record Rejected(int code, String reason, String message) implements Verdict {}
}

package io.nativejwt.ffi;

import java.util.Set;
import java.util.function.Function;

/** What the native side says of one Authorization header. */
public sealed interface Verdict {
    /** The token is good. A token that comes again may get the same object. */
    final class Accepted implements Verdict {
        private final String principal;
        private final String user;
        private final Set<String> groups;
        private final Span token;
        private final long expiresAtMillis;

        /** Any thread may make it, and any thread's serves. */
        private Object derived;

        Accepted(
                String principal,
                String user,
                Set<String> groups,
                Span token,
                long expiresAtMillis) {
            this.principal = principal;
            this.user = user;
            this.groups = groups;
            this.token = token;
            this.expiresAtMillis = expiresAtMillis;
        }

        /** The value of the principal field. */
        public String principal() {
            return principal;
        }

        /** What the user mapping made of the principal. */
        public String user() {
            return user;
        }

        /** What {@code groups-field} names, in the order of the token. */
        public Set<String> groups() {
            return groups;
        }

        /** Where the token stands, if it is to be passed through. */
        public Span token() {
            return token;
        }

        /** When the token ends, {@link Long#MAX_VALUE} when it does not. */
        public long expiresAtMillis() {
            return expiresAtMillis;
        }

        Accepted withToken(Span other) {
            return new Accepted(principal, user, groups, other, expiresAtMillis);
        }

        /**
         * What a seam makes of the identity, made once. It depends on this object alone, not on the
         * request, and has final fields only, so that other threads may see it.
         */
        public <T> T derived(Class<T> type, Function<Accepted, T> make) {
            Object present = derived;
            if (!type.isInstance(present)) {
                present = make.apply(this);
                derived = present;
            }
            return type.cast(present);
        }
    }

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

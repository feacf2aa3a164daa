package io.nativejwt.ffi;

import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** What is said of one request: by the native side, and by what stands around it. */
public sealed interface Verdict {
    /** The token is good. One that comes again may get the same object. */
    final class Accepted implements Verdict {
        private final String principal;
        private final String user;
        private final Set<String> groups;
        private final Map<String, String> extraCredentials;

        /** Any thread may make it, and any thread's serves. */
        private Object identity;

        Accepted(
                String principal,
                String user,
                Set<String> groups,
                Map<String, String> extraCredentials) {
            this.principal = principal;
            this.user = user;
            this.groups = groups;
            this.extraCredentials = extraCredentials;
        }

        /** The value of the principal field. */
        public String principal() {
            return principal;
        }

        /** What the user mapping made of the principal. */
        public String user() {
            return user;
        }

        /** What {@code groups-field} names. */
        public Set<String> groups() {
            return groups;
        }

        /** The token, where it is passed through. */
        public Map<String, String> extraCredentials() {
            return extraCredentials;
        }

        /** The same with the request's own token, which is kept nowhere. */
        Accepted withExtraCredentials(Map<String, String> credentials) {
            return new Accepted(principal, user, groups, credentials);
        }

        /** For a session as somebody else, which gets nothing that is the token's own user's. */
        public Accepted forAnotherUser() {
            return new Accepted(principal, user, Set.of(), Map.of());
        }

        /**
         * What the coordinator takes for an identity, made once. It depends on this object alone,
         * not on the request, and has final fields only, so that other threads may see it.
         */
        public <T> T identity(Class<T> type, Function<Accepted, T> make) {
            Object present = identity;
            if (!type.isInstance(present)) {
                present = make.apply(this);
                identity = present;
            }
            return type.cast(present);
        }

        /** Without the token, which a text for a log must not hold. */
        @Override
        public String toString() {
            return "Accepted[principal=%s, user=%s]".formatted(principal, user);
        }
    }

    /**
     * @param code the stable number of the reason, never 0
     * @param reason the stable name of the reason, such as {@code TOKEN_EXPIRED}
     * @param message one line for the client, without token text
     */
    record Rejected(int code, String reason, String message) implements Verdict {}
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The result of authenticating one request. */
public sealed interface Verdict {
    /** The token is accepted. A token that is sent again may get the same object. */
    final class Accepted implements Verdict {
        private final String principal;
        private final String user;
        private final Set<String> groups;
        private final Map<String, String> extraCredentials;

        /** Several threads may make it; each of their objects can be used. */
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

        /** The groups in the claim that {@code groups-field} names. */
        public Set<String> groups() {
            return groups;
        }

        /** The token, if it is passed through. */
        public Map<String, String> extraCredentials() {
            return extraCredentials;
        }

        /** The same with the request's own token, which is not cached. */
        Accepted withExtraCredentials(Map<String, String> credentials) {
            return new Accepted(principal, user, groups, credentials);
        }

        /** For a session of another user, which gets no groups and no token of this one. */
        public Accepted forAnotherUser() {
            return new Accepted(principal, user, Set.of(), Map.of());
        }

        /**
         * The coordinator's object for this user, made once. It must depend on this object alone,
         * not on the request, and have only final fields, since other threads see it without
         * synchronisation.
         */
        public <T> T identity(Class<T> type, Function<Accepted, T> make) {
            Object present = identity;
            if (!type.isInstance(present)) {
                present = make.apply(this);
                identity = present;
            }
            return type.cast(present);
        }

        /** Without the token, which must not appear in a log. */
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

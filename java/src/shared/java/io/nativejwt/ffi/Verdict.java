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
        private final Map<String, String> credentialsOfOthers;

        /** Several threads may make it; each of their objects can be used. */
        private Object identity;

        Accepted(
                String principal,
                String user,
                Set<String> groups,
                Map<String, String> extraCredentials) {
            this(principal, user, groups, extraCredentials, Map.of());
        }

        private Accepted(
                String principal,
                String user,
                Set<String> groups,
                Map<String, String> extraCredentials,
                Map<String, String> credentialsOfOthers) {
            this.principal = principal;
            this.user = user;
            this.groups = groups;
            this.extraCredentials = extraCredentials;
            this.credentialsOfOthers = credentialsOfOthers;
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

        /**
         * The token, if it is passed through, and the keys of an object store, if they are leased.
         */
        public Map<String, String> extraCredentials() {
            return extraCredentials;
        }

        /**
         * The same with what is not cached: the request's own token and keys.
         *
         * @param ofOthers what a session of another user gets instead
         */
        Accepted withExtraCredentials(
                Map<String, String> credentials, Map<String, String> ofOthers) {
            return new Accepted(principal, user, groups, credentials, ofOthers);
        }

        /** For a session of another user, which gets no groups, token or keys of this one. */
        public Accepted forAnotherUser() {
            return new Accepted(principal, user, Set.of(), credentialsOfOthers);
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

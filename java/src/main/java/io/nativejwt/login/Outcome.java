package io.nativejwt.login;

import io.nativejwt.ffi.Verdict;

import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** What becomes of a request: an identity for its session, or a refusal. */
public sealed interface Outcome {
    /** Admitted. Requests with the same token may get the same object. */
    final class Admitted implements Outcome {
        private final String principal;
        private final String user;
        private final Set<String> groups;
        private final Map<String, String> extraCredentials;

        /** Any thread may make it, and any thread's serves. */
        private Object identity;

        Admitted(
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

        /** Those of the token; none for a session as somebody else. */
        public Set<String> groups() {
            return groups;
        }

        /** The token, where it is passed through; none for a session as somebody else. */
        public Map<String, String> extraCredentials() {
            return extraCredentials;
        }

        /**
         * What the coordinator takes for an identity, made once. It has final fields only, so that
         * other threads may see it.
         */
        public <T> T identity(Class<T> type, Function<Admitted, T> make) {
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
            return "Admitted[principal=%s, user=%s]".formatted(principal, user);
        }
    }

    /**
     * @param reason the number, the name and the words
     */
    record Refused(Verdict.Rejected reason) implements Outcome {}
}

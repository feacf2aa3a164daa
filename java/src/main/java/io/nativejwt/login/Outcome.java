package io.nativejwt.login;

import io.nativejwt.ffi.Verdict;

import java.util.Map;
import java.util.Set;

/** What becomes of a request: an identity for its session, or a refusal. */
public sealed interface Outcome {
    /**
     * @param principal the value of the principal field
     * @param user what the user mapping made of it
     * @param groups those of the token; none for a session as somebody else
     * @param extraCredentials the token, where it is passed through; none for a session as somebody
     *     else
     */
    record Admitted(
            String principal, String user, Set<String> groups, Map<String, String> extraCredentials)
            implements Outcome {
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

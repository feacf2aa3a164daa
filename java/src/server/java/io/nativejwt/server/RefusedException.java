package io.nativejwt.server;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.Rejects;
import io.trino.server.security.AuthenticationException;

import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A refusal on its way to the coordinator: with stock's challenge, and without a stack trace, which
 * costs most of a refusal and tells nothing.
 */
final class RefusedException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    /** Stock's, character by character: clients read it. */
    private static final String CHALLENGE = "Bearer realm=\"Trino\", token_type=\"JWT\"";

    private static final ConcurrentMap<String, String> CHALLENGES = new ConcurrentHashMap<>();

    RefusedException(Verdict.Rejected rejected) {
        super(message(rejected), challenge(rejected));
    }

    /** Null when no token was sent: the coordinator then says "Unauthorized", as with stock. */
    private static String message(Verdict.Rejected rejected) {
        return Rejects.isWithoutToken(rejected) ? null : rejected.message();
    }

    /**
     * The same for every refusal of one reason; reasons come from a fixed table, so this does not
     * grow.
     */
    private static String challenge(Verdict.Rejected rejected) {
        return Rejects.isInvalidToken(rejected)
                ? CHALLENGES.computeIfAbsent(rejected.reason(), RefusedException::challengeOf)
                : CHALLENGE;
    }

    /**
     * RFC 6750, section 3.1: a client that is told so gets another token. The description is the
     * reason's name from our table, so it holds nothing of the token.
     */
    private static String challengeOf(String reason) {
        String description = reason.toLowerCase(Locale.ROOT).replace('_', ' ');
        return CHALLENGE
                + ", error=\"invalid_token\", error_description=\"%s\"".formatted(description);
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}

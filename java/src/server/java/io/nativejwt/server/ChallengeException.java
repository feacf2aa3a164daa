// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.Rejections;
import io.trino.server.security.AuthenticationException;

import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Tells the coordinator that a request is rejected, and with which challenge. It has no stack
 * trace, which would be most of the cost of a rejection.
 */
final class ChallengeException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    /** Trino's own, character by character: clients read it. */
    private static final String CHALLENGE = "Bearer realm=\"Trino\", token_type=\"JWT\"";

    private static final ConcurrentMap<String, String> CHALLENGES = new ConcurrentHashMap<>();

    ChallengeException(Verdict.Rejected rejected) {
        super(message(rejected), challenge(rejected));
    }

    /**
     * Null when the client sent no token: the coordinator then answers "Unauthorized", as with the
     * built-in authenticator.
     */
    private static String message(Verdict.Rejected rejected) {
        return Rejections.isWithoutToken(rejected) ? null : rejected.message();
    }

    /** One text for each reason. Reasons come from a fixed table, so the map does not grow. */
    private static String challenge(Verdict.Rejected rejected) {
        return Rejections.isInvalidToken(rejected)
                ? CHALLENGES.computeIfAbsent(rejected.reason(), ChallengeException::challengeOf)
                : CHALLENGE;
    }

    /**
     * RFC 6750, section 3.1: the error makes a client fetch another token. The description is the
     * reason's name from our table, so it contains no part of the token.
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

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.Verdict;

import java.util.Set;

/**
 * The rejections that Java decides, with the numbers and names of native code's table of reasons.
 */
public final class Rejections {
    private static final Verdict.Rejected SEVERAL_AUTHORIZATION_HEADERS =
            new Verdict.Rejected(
                    102,
                    "SEVERAL_AUTHORIZATION_HEADERS",
                    "Multiple Authorization headers detected, where only a single Authorization"
                            + " header is supported");
    private static final Verdict.Rejected RESERVED_CREDENTIAL =
            new Verdict.Rejected(
                    104,
                    "RESERVED_CREDENTIAL",
                    "The request contains an extra credential that is reserved for the token");
    private static final Verdict.Rejected USER_WITH_HYPHEN =
            new Verdict.Rejected(
                    606,
                    "USER_WITH_HYPHEN",
                    "The session's user contains a hyphen, which is not allowed while tokens are"
                            + " passed through (it could be confused with another user)");
    private static final Verdict.Rejected INTERNAL_ERROR =
            new Verdict.Rejected(
                    999, "INTERNAL_ERROR", "Authentication failed because of an internal error");

    private static final int NO_BEARER_TOKEN = 101;

    /** The token is not the cause: another token would be rejected as well. */
    private static final Set<Integer> INDEPENDENT_OF_THE_TOKEN = Set.of(102, 104, 306, 307, 999);

    private Rejections() {}

    static Verdict.Rejected severalAuthorizationHeaders() {
        return SEVERAL_AUTHORIZATION_HEADERS;
    }

    static Verdict.Rejected reservedCredential() {
        return RESERVED_CREDENTIAL;
    }

    /** For a session of another user; the library checks the token's own user. */
    static Verdict.Rejected userWithHyphen() {
        return USER_WITH_HYPHEN;
    }

    static Verdict.Rejected internalError() {
        return INTERNAL_ERROR;
    }

    /** Whether the request contained no token. */
    public static boolean isWithoutToken(Verdict.Rejected rejected) {
        return rejected.code() == NO_BEARER_TOKEN;
    }

    /** Whether the token is the cause, so that the client should get another one. */
    public static boolean isInvalidToken(Verdict.Rejected rejected) {
        return !isWithoutToken(rejected) && !INDEPENDENT_OF_THE_TOKEN.contains(rejected.code());
    }
}

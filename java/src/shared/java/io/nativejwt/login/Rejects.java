package io.nativejwt.login;

import io.nativejwt.ffi.Verdict;

import java.util.Set;

/**
 * The refusals that are decided outside of native code, with the numbers, names and words of its
 * table.
 */
public final class Rejects {
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
                    "The request brings an extra credential that is kept for the token itself");
    private static final Verdict.Rejected USER_WITH_HYPHEN =
            new Verdict.Rejected(
                    606,
                    "USER_WITH_HYPHEN",
                    "The session's user has a hyphen in it, by which a catalog could take somebody"
                            + " else for it; the operator has to allow it");
    private static final Verdict.Rejected INTERNAL_ERROR =
            new Verdict.Rejected(
                    999, "INTERNAL_ERROR", "Authentication failed because of an internal error");

    private static final int NO_BEARER_TOKEN = 101;

    /** No judgement of the token: another one would fare no better now. */
    private static final Set<Integer> NOT_THE_TOKENS_FAULT = Set.of(102, 104, 306, 307, 999);

    private Rejects() {}

    static Verdict.Rejected severalAuthorizationHeaders() {
        return SEVERAL_AUTHORIZATION_HEADERS;
    }

    static Verdict.Rejected reservedCredential() {
        return RESERVED_CREDENTIAL;
    }

    /** For a session as somebody else; the token's own user is judged by the library. */
    static Verdict.Rejected userWithHyphen() {
        return USER_WITH_HYPHEN;
    }

    static Verdict.Rejected internalError() {
        return INTERNAL_ERROR;
    }

    /** Whether the request held no token at all, so that there is nothing to say of one. */
    public static boolean isWithoutToken(Verdict.Rejected rejected) {
        return rejected.code() == NO_BEARER_TOKEN;
    }

    /** Whether the token itself is refused, so that the client should get another one. */
    public static boolean isInvalidToken(Verdict.Rejected rejected) {
        return !isWithoutToken(rejected) && !NOT_THE_TOKENS_FAULT.contains(rejected.code());
    }
}

package io.nativejwt.plugin;

import io.nativejwt.ffi.Verdict;

/**
 * The refusals that are decided before native code is reached, with the numbers, names and words of
 * its table.
 */
final class Rejects {
    private static final Verdict.Rejected SEVERAL_AUTHORIZATION_HEADERS =
            new Verdict.Rejected(
                    102,
                    "SEVERAL_AUTHORIZATION_HEADERS",
                    "Multiple Authorization headers detected, where only a single Authorization"
                            + " header is supported");
    private static final Verdict.Rejected INTERNAL_ERROR =
            new Verdict.Rejected(
                    999, "INTERNAL_ERROR", "Authentication failed because of an internal error");

    private static final int NO_BEARER_TOKEN = 101;

    private Rejects() {}

    static Verdict.Rejected severalAuthorizationHeaders() {
        return SEVERAL_AUTHORIZATION_HEADERS;
    }

    static Verdict.Rejected internalError() {
        return INTERNAL_ERROR;
    }

    /** Whether the request held no token at all, so that there is nothing to say of one. */
    static boolean isWithoutToken(Verdict.Rejected rejected) {
        return rejected.code() == NO_BEARER_TOKEN;
    }
}

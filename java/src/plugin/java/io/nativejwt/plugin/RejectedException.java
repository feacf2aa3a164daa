// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.Rejections;
import io.trino.spi.security.AccessDeniedException;

/**
 * Tells the coordinator that a request is rejected. It has no stack trace, which would be most of
 * the cost of a rejection.
 */
final class RejectedException extends AccessDeniedException {
    private static final long serialVersionUID = 1L;

    private final String message;

    RejectedException(Verdict.Rejected rejected) {
        super(rejected.message());
        message = Rejections.isWithoutToken(rejected) ? null : rejected.message();
    }

    private RejectedException() {
        super("The next authenticator answers");
        message = null;
    }

    /** Without a message, the coordinator gives the answer of the next authenticator alone. */
    static RejectedException withoutMessage() {
        return new RejectedException();
    }

    /**
     * The client reads this text as it is, without the prefix "Access Denied: " of the super class.
     * Null when the client sent no token, as with Trino's built-in JWT authenticator: the
     * coordinator then answers "Unauthorized", or what another authenticator of the list says.
     */
    @Override
    public String getMessage() {
        return message;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}

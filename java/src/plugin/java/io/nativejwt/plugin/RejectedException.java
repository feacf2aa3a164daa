package io.nativejwt.plugin;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.Rejects;
import io.trino.spi.security.AccessDeniedException;

/**
 * A refusal on its way to the coordinator: without a stack trace, which costs most of a refusal and
 * tells nothing.
 */
final class RejectedException extends AccessDeniedException {
    private static final long serialVersionUID = 1L;

    private final String message;

    RejectedException(Verdict.Rejected rejected) {
        super(rejected.message());
        message = Rejects.isWithoutToken(rejected) ? null : rejected.message();
    }

    /**
     * The client reads this as it is, without the prefix "Access Denied: " that the super class
     * puts before it. Null when no token was sent: the coordinator then says "Unauthorized" unless
     * another authenticator of the list has something to say, as with stock JWT.
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

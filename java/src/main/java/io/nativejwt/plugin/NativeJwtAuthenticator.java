package io.nativejwt.plugin;

import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.Verdict;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.Identity;

import java.security.Principal;
import java.util.List;
import java.util.Optional;

/**
 * Hands the Authorization header to native code. Whatever happens, the only exception that leaves
 * is {@link RejectedException}: the coordinator answers any other one with status 500, shows its
 * stack trace and ends the chain of authenticators.
 */
final class NativeJwtAuthenticator implements HeaderAuthenticator {
    private static final String AUTHORIZATION = "Authorization";

    private final NativeAuthenticator authenticator;
    private final RejectLog rejectLog;

    private NativeJwtAuthenticator(NativeAuthenticator authenticator, RejectLog rejectLog) {
        this.authenticator = authenticator;
        this.rejectLog = rejectLog;
    }

    static NativeJwtAuthenticator start(NativeAuthenticator authenticator) {
        RejectLog rejectLog = new RejectLog();
        EventLog.start(authenticator, rejectLog);
        return new NativeJwtAuthenticator(authenticator, rejectLog);
    }

    @Override
    public Principal createAuthenticatedPrincipal(Headers headers) {
        return authenticate(headers);
    }

    /**
     * Overrides the method that the SPI has from Trino 480 on; older coordinators do not know it.
     */
    public Optional<Identity> createAuthenticatedIdentity(Headers headers) {
        NativeJwtPrincipal principal = authenticate(headers);
        return Optional.of(Identity.forUser(principal.toString()).withPrincipal(principal).build());
    }

    private NativeJwtPrincipal authenticate(Headers headers) {
        Verdict verdict;
        try {
            verdict = verdict(headers);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            // The exception may hold request data, so only its class and place are logged.
            verdict = Rejects.internalError();
            rejectLog.defect(e);
        }
        return switch (verdict) {
            case Verdict.Accepted accepted ->
                    new NativeJwtPrincipal(accepted.principal(), accepted.user());
            case Verdict.Rejected rejected -> {
                if (Rejects.isWithoutToken(rejected)) {
                    rejectLog.withoutToken(rejected);
                } else {
                    rejectLog.rejected(rejected);
                }
                throw new RejectedException(rejected);
            }
        };
    }

    private Verdict verdict(Headers headers) {
        List<String> values = headers.getHeader(AUTHORIZATION);
        if (values == null || values.isEmpty()) {
            return authenticator.authenticate("", System.currentTimeMillis());
        }
        if (values.size() > 1) {
            return Rejects.severalAuthorizationHeaders();
        }
        String value = values.getFirst();
        return authenticator.authenticate(value == null ? "" : value, System.currentTimeMillis());
    }
}

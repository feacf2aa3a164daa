package io.nativejwt.plugin;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.Login;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.Identity;

import java.security.Principal;
import java.util.Optional;

/**
 * Hands the Authorization header to native code. Whatever happens, the only exception that leaves
 * is {@link RejectedException}: the coordinator answers any other one with status 500, shows its
 * stack trace and ends the chain of authenticators.
 */
final class NativeJwtAuthenticator implements HeaderAuthenticator {
    private static final String AUTHORIZATION = "Authorization";

    private final Login login;

    NativeJwtAuthenticator(Login login) {
        this.login = login;
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
        return switch (login.judge(() -> headers.getHeader(AUTHORIZATION))) {
            case Verdict.Accepted accepted ->
                    new NativeJwtPrincipal(accepted.principal(), accepted.user());
            case Verdict.Rejected rejected -> throw new RejectedException(rejected);
        };
    }
}

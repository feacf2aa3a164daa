package io.nativejwt.plugin;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.Login;
import io.nativejwt.login.SessionUser;
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
    private final SessionUser sessionUser;

    NativeJwtAuthenticator(Login login, SessionUser sessionUser) {
        this.login = login;
        this.sessionUser = sessionUser;
    }

    @Override
    public Principal createAuthenticatedPrincipal(Headers headers) {
        return principal(authenticate(headers));
    }

    /**
     * Overrides the method that the SPI has from Trino 480 on; older coordinators do not know it.
     */
    public Optional<Identity> createAuthenticatedIdentity(Headers headers) {
        Verdict.Accepted accepted = authenticate(headers);
        Identity.Builder identity =
                Identity.forUser(accepted.user()).withPrincipal(principal(accepted));
        if (!accepted.groups().isEmpty()
                && !sessionUser.isAnotherThan(accepted.user(), headers::getHeader)) {
            identity.withGroups(accepted.groups());
        }
        return Optional.of(identity.build());
    }

    private static NativeJwtPrincipal principal(Verdict.Accepted accepted) {
        return new NativeJwtPrincipal(accepted.principal(), accepted.user());
    }

    private Verdict.Accepted authenticate(Headers headers) {
        return switch (login.judge(() -> headers.getHeader(AUTHORIZATION))) {
            case Verdict.Accepted accepted -> accepted;
            case Verdict.Rejected rejected -> throw new RejectedException(rejected);
        };
    }
}

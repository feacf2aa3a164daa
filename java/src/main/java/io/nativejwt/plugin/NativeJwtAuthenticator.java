package io.nativejwt.plugin;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.Login;
import io.trino.spi.security.BasicPrincipal;
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
    private final Login login;

    NativeJwtAuthenticator(Login login) {
        this.login = login;
    }

    @Override
    public Principal createAuthenticatedPrincipal(Headers headers) {
        return authenticate(headers)
                .identity(
                        NativeJwtPrincipal.class,
                        accepted -> new NativeJwtPrincipal(accepted.principal(), accepted.user()));
    }

    /**
     * Overrides the method that the SPI has from Trino 480 on; older coordinators do not know it.
     */
    public Optional<Identity> createAuthenticatedIdentity(Headers headers) {
        return Optional.of(
                authenticate(headers).identity(Identity.class, NativeJwtAuthenticator::identity));
    }

    /**
     * With the principal as stock hands it out: its {@code toString()} is what events, the web UI
     * and workers show. The builder copies what it gets, so it does not get what is empty.
     */
    private static Identity identity(Verdict.Accepted accepted) {
        Identity.Builder identity =
                Identity.forUser(accepted.user())
                        .withPrincipal(new BasicPrincipal(accepted.principal()));
        if (!accepted.groups().isEmpty()) {
            identity.withGroups(accepted.groups());
        }
        if (!accepted.extraCredentials().isEmpty()) {
            identity.withExtraCredentials(accepted.extraCredentials());
        }
        return identity.build();
    }

    private Verdict.Accepted authenticate(Headers headers) {
        return switch (login.judge(headers, Headers::getHeader)) {
            case Verdict.Accepted accepted -> accepted;
            case Verdict.Rejected rejected -> throw new RejectedException(rejected);
        };
    }
}

package io.nativejwt.plugin;

import io.nativejwt.login.Login;
import io.nativejwt.login.Outcome;
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
        return authenticate(headers)
                .identity(NativeJwtPrincipal.class, NativeJwtAuthenticator::principal);
    }

    /**
     * Overrides the method that the SPI has from Trino 480 on; older coordinators do not know it.
     */
    public Optional<Identity> createAuthenticatedIdentity(Headers headers) {
        return Optional.of(
                authenticate(headers).identity(Identity.class, NativeJwtAuthenticator::identity));
    }

    /** The builder copies what it gets, so it does not get what is empty. */
    private static Identity identity(Outcome.Admitted admitted) {
        Identity.Builder identity =
                Identity.forUser(admitted.user()).withPrincipal(principal(admitted));
        if (!admitted.groups().isEmpty()) {
            identity.withGroups(admitted.groups());
        }
        if (!admitted.extraCredentials().isEmpty()) {
            identity.withExtraCredentials(admitted.extraCredentials());
        }
        return identity.build();
    }

    private static NativeJwtPrincipal principal(Outcome.Admitted admitted) {
        return new NativeJwtPrincipal(admitted.principal(), admitted.user());
    }

    private Outcome.Admitted authenticate(Headers headers) {
        return switch (login.judge(() -> headers.getHeader(AUTHORIZATION), headers::getHeader)) {
            case Outcome.Admitted admitted -> admitted;
            case Outcome.Refused refused -> throw new RejectedException(refused.reason());
        };
    }
}

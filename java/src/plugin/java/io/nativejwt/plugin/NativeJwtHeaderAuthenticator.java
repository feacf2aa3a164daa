// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.identity.Identities;
import io.nativejwt.login.TokenAuthenticator;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.Identity;

import java.security.Principal;
import java.util.Optional;

/**
 * Hands the Authorization header to native code. It throws {@link RejectedException} and no other
 * exception: the coordinator answers any other one with status 500, shows its stack trace and does
 * not ask the next authenticator of the list.
 */
final class NativeJwtHeaderAuthenticator implements HeaderAuthenticator {
    private final TokenAuthenticator authenticator;

    NativeJwtHeaderAuthenticator(TokenAuthenticator authenticator) {
        this.authenticator = authenticator;
    }

    @Override
    public Principal createAuthenticatedPrincipal(Headers headers) {
        return authenticate(headers)
                .identity(
                        NativeJwtPrincipal.class,
                        accepted -> new NativeJwtPrincipal(accepted.principal(), accepted.user()));
    }

    /**
     * Overrides the method that the SPI has from Trino 480 on; older coordinators do not call it.
     */
    public Optional<Identity> createAuthenticatedIdentity(Headers headers) {
        return Optional.of(Identities.of(authenticate(headers)));
    }

    private Verdict.Accepted authenticate(Headers headers) {
        return switch (authenticator.authenticate(headers, Headers::getHeader)) {
            case Verdict.Accepted accepted -> accepted;
            case Verdict.Rejected rejected -> throw new RejectedException(rejected);
        };
    }
}

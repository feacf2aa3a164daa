// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.identity.Identities;
import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.AuthenticationException;
import io.trino.server.security.jwt.JwtAuthenticator;
import io.trino.server.security.jwt.JwtAuthenticatorConfig;
import io.trino.spi.security.Identity;

import jakarta.ws.rs.container.ContainerRequestContext;

import java.util.List;
import java.util.Optional;

/**
 * The coordinator uses this class as its built-in JWT authenticator, also in the web UI. Only the
 * type of the super class is needed: it gets no configuration and no keys, and no request reaches
 * its code.
 */
public final class NativeJwtAuthenticator extends JwtAuthenticator {
    private final TokenAuthenticator authenticator;

    public NativeJwtAuthenticator(TokenAuthenticator authenticator) {
        super(
                new JwtAuthenticatorConfig(),
                header -> {
                    throw new IllegalStateException("The built-in token parser is not in use");
                });
        this.authenticator = authenticator;
    }

    @Override
    public Identity authenticate(ContainerRequestContext request) throws AuthenticationException {
        return identity(authenticator.authenticate(request, NativeJwtAuthenticator::values));
    }

    @Override
    public Identity authenticate(ContainerRequestContext request, String token)
            throws AuthenticationException {
        return identity(
                authenticator.authenticateToken(token, request, NativeJwtAuthenticator::values));
    }

    /** Not called: both callers in the super class are overridden above. */
    @Override
    protected Optional<Identity> createIdentity(String token) {
        return Optional.empty();
    }

    static List<String> values(ContainerRequestContext request, String header) {
        return request.getHeaders().get(header);
    }

    private static Identity identity(Verdict verdict) throws AuthenticationException {
        return switch (verdict) {
            case Verdict.Accepted accepted -> Identities.of(accepted);
            case Verdict.Rejected rejected -> throw new ChallengeException(rejected);
        };
    }
}

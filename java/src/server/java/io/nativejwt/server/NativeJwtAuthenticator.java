package io.nativejwt.server;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.identity.Identities;
import io.nativejwt.login.Login;
import io.trino.server.security.AuthenticationException;
import io.trino.server.security.jwt.JwtAuthenticator;
import io.trino.server.security.jwt.JwtAuthenticatorConfig;
import io.trino.spi.security.Identity;

import jakarta.ws.rs.container.ContainerRequestContext;

import java.util.List;
import java.util.Optional;

/**
 * What the coordinator takes for stock's JWT authenticator, also in the web UI. The super class is
 * there for its type only: it gets no configuration and no keys, and none of its code is reached by
 * a request.
 */
final class NativeJwtAuthenticator extends JwtAuthenticator {
    private final Login login;

    NativeJwtAuthenticator(Login login) {
        super(
                new JwtAuthenticatorConfig(),
                header -> {
                    throw new IllegalStateException("Stock's parser is not in use");
                });
        this.login = login;
    }

    @Override
    public Identity authenticate(ContainerRequestContext request) throws AuthenticationException {
        return identity(login.judge(request, NativeJwtAuthenticator::values));
    }

    @Override
    public Identity authenticate(ContainerRequestContext request, String token)
            throws AuthenticationException {
        return identity(login.judge(token, request, NativeJwtAuthenticator::values));
    }

    /** Nothing calls it, since both callers in the super class are overridden above. */
    @Override
    protected Optional<Identity> createIdentity(String token) {
        return Optional.empty();
    }

    private static List<String> values(ContainerRequestContext request, String header) {
        return request.getHeaders().get(header);
    }

    private static Identity identity(Verdict verdict) throws AuthenticationException {
        return switch (verdict) {
            case Verdict.Accepted accepted -> Identities.of(accepted);
            case Verdict.Rejected rejected -> throw new RefusedException(rejected);
        };
    }
}

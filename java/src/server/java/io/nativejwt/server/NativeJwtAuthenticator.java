package io.nativejwt.server;

import io.nativejwt.login.Login;
import io.nativejwt.login.Outcome;
import io.trino.server.security.AuthenticationException;
import io.trino.server.security.jwt.JwtAuthenticator;
import io.trino.server.security.jwt.JwtAuthenticatorConfig;
import io.trino.spi.security.BasicPrincipal;
import io.trino.spi.security.Identity;

import jakarta.ws.rs.container.ContainerRequestContext;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the coordinator takes for stock's JWT authenticator, also in the web UI. The super class is
 * there for its type only: it gets no configuration and no keys, and none of its code is reached by
 * a request.
 */
final class NativeJwtAuthenticator extends JwtAuthenticator {
    private static final String AUTHORIZATION = "Authorization";

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
        return authenticate(request, () -> request.getHeaders().get(AUTHORIZATION));
    }

    @Override
    public Identity authenticate(ContainerRequestContext request, String token)
            throws AuthenticationException {
        return authenticate(request, () -> List.of("Bearer " + token));
    }

    /** Nothing calls it, since both callers in the super class are overridden above. */
    @Override
    protected Optional<Identity> createIdentity(String token) {
        return Optional.empty();
    }

    private Identity authenticate(
            ContainerRequestContext request, Supplier<List<String>> authorization)
            throws AuthenticationException {
        return switch (login.judge(authorization, request.getHeaders()::get)) {
            case Outcome.Admitted admitted ->
                    admitted.identity(Identity.class, NativeJwtAuthenticator::identity);
            case Outcome.Refused refused -> throw new RefusedException(refused.reason());
        };
    }

    /** The builder copies what it gets, so it does not get what is empty. */
    private static Identity identity(Outcome.Admitted admitted) {
        Identity.Builder identity =
                Identity.forUser(admitted.user())
                        .withPrincipal(new BasicPrincipal(admitted.principal()));
        if (!admitted.groups().isEmpty()) {
            identity.withGroups(admitted.groups());
        }
        if (!admitted.extraCredentials().isEmpty()) {
            identity.withExtraCredentials(admitted.extraCredentials());
        }
        return identity.build();
    }
}

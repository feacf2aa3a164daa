// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import com.google.inject.Inject;

import io.jsonwebtoken.Locator;
import io.nativejwt.ffi.BuiltInVerdict;
import io.nativejwt.login.Shadow;
import io.trino.server.security.AuthenticationException;
import io.trino.server.security.jwt.ForJwt;
import io.trino.server.security.jwt.JwtAuthenticator;
import io.trino.server.security.jwt.JwtAuthenticatorConfig;
import io.trino.spi.security.Identity;

import jakarta.ws.rs.container.ContainerRequestContext;

import java.security.Key;
import java.security.Principal;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The built-in authenticator, which answers, with native-jwt beside it. The identity and each
 * exception that a caller sees are those of the built-in authenticator, the same objects. The super
 * class is only for the type: its methods would call the overridden ones.
 */
public final class ShadowAuthenticator extends JwtAuthenticator {
    private final JwtAuthenticator builtIn;
    private final Shadow shadow;

    @Inject
    public ShadowAuthenticator(
            JwtAuthenticatorConfig config, @ForJwt Locator<Key> locator, Shadow shadow) {
        super(
                new JwtAuthenticatorConfig(),
                header -> {
                    throw new IllegalStateException("This token parser is not in use");
                });
        builtIn = new JwtAuthenticator(config, locator);
        this.shadow = shadow;
    }

    @Override
    public Identity authenticate(ContainerRequestContext request) throws AuthenticationException {
        return beside(
                () -> builtIn.authenticate(request),
                verdict ->
                        shadow.judge(
                                NativeJwtAuthenticator.values(request, "authorization"), verdict));
    }

    @Override
    public Identity authenticate(ContainerRequestContext request, String token)
            throws AuthenticationException {
        return beside(
                () -> builtIn.authenticate(request, token),
                verdict -> shadow.judgeToken(token, verdict));
    }

    /** Not called: both callers in the super class are overridden above. */
    @Override
    protected Optional<Identity> createIdentity(String token) {
        return Optional.empty();
    }

    /** What the built-in authenticator does with a request. */
    @FunctionalInterface
    interface Answer {
        Identity get() throws AuthenticationException;
    }

    /** Gives the built-in answer, and tells the other side of it. */
    static Identity beside(Answer answer, Consumer<BuiltInVerdict> judge)
            throws AuthenticationException {
        long now = System.currentTimeMillis();
        long begin = System.nanoTime();
        Identity identity;
        try {
            identity = answer.get();
        } catch (Throwable failure) {
            tell(judge, null, failure, now, System.nanoTime() - begin);
            throw failure;
        }
        tell(judge, identity, null, now, System.nanoTime() - begin);
        return identity;
    }

    /** Whatever goes wrong here, the answer is given. */
    private static void tell(
            Consumer<BuiltInVerdict> judge,
            Identity identity,
            Throwable failure,
            long now,
            long nanos) {
        try {
            judge.accept(verdict(identity, failure, now, nanos));
        } catch (Throwable t) {
            // The queue counts what it cannot take. More cannot be done without risk.
        }
    }

    private static BuiltInVerdict verdict(
            Identity identity, Throwable failure, long now, long nanos) {
        if (failure instanceof AuthenticationException) {
            return BuiltInVerdict.rejected(failure.getMessage(), now, nanos);
        }
        if (failure != null) {
            return BuiltInVerdict.failed(failure, now, nanos);
        }
        return BuiltInVerdict.accepted(
                identity.getUser(),
                identity.getPrincipal().map(Principal::getName).orElse(""),
                now,
                nanos);
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.ffi.LogoutResult;
import io.nativejwt.ffi.LogoutResult.Outcome;
import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.ResourceSecurity;
import io.trino.server.security.ResourceSecurity.AccessType;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;

import java.io.InputStream;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * The address to which issuers send logout tokens (OpenID Connect Back-Channel Logout 1.0). The
 * coordinator authenticates none of these requests: the logout token's signature does.
 */
@Path(BackchannelLogoutResource.PATH)
public final class BackchannelLogoutResource {
    static final String PATH = "/v1/native-jwt/backchannel-logout";

    /**
     * Requests whose forms are read at the same time. Slow clients must not hold all threads of the
     * coordinator. An issuer that logs many users out sends its forms in one piece.
     */
    private static final int MAXIMUM_READERS = 16;

    private final TokenAuthenticator authenticator;
    private final Semaphore readers = new Semaphore(MAXIMUM_READERS);

    public BackchannelLogoutResource(TokenAuthenticator authenticator) {
        this.authenticator = authenticator;
    }

    @POST
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    @ResourceSecurity(AccessType.PUBLIC)
    public Response logOut(@Context SecurityContext security, InputStream body) {
        // The coordinator takes no token over HTTP either.
        if (!security.isSecure()) {
            return response(
                    authenticator.rejectLogout(
                            Outcome.INVALID, "Logout tokens are accepted over HTTPS only"));
        }
        if (!readers.tryAcquire()) {
            return response(
                    authenticator.rejectLogout(
                            Outcome.TOO_MANY, "Too many requests: try again in a second"));
        }
        Optional<String> token;
        try {
            token = LogoutForm.token(body);
        } finally {
            readers.release();
        }
        return response(
                token.map(authenticator::logOut)
                        .orElseGet(
                                () ->
                                        authenticator.rejectLogout(
                                                Outcome.INVALID,
                                                "The request is not a form with exactly one"
                                                        + " logout_token")));
    }

    /** Section 2.8 of the specification; its errors are those of OAuth 2.0. */
    private static Response response(LogoutResult result) {
        return switch (result.outcome()) {
            case DONE -> builder(200).build();
            case INVALID -> error(400, "invalid_request", result).build();
            case TOO_MANY ->
                    error(429, "temporarily_unavailable", result).header("Retry-After", 1).build();
            case UNAVAILABLE, OFF -> error(503, "temporarily_unavailable", result).build();
        };
    }

    private static Response.ResponseBuilder error(int status, String error, LogoutResult result) {
        return builder(status)
                .type(MediaType.APPLICATION_JSON)
                .entity(Map.of("error", error, "error_description", result.message()));
    }

    private static Response.ResponseBuilder builder(int status) {
        return Response.status(status).header("Cache-Control", "no-store");
    }
}

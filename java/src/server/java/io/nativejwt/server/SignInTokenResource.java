// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import com.google.inject.Inject;

import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.ResourceSecurity;
import io.trino.server.security.ResourceSecurity.AccessType;
import io.trino.server.security.oauth2.TokenPairSerializer;
import io.trino.server.ui.OAuthWebUiCookie;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The page that shows the token of the person's sign-in to the web UI. */
@Path(TokenPageResource.PATH)
public final class SignInTokenResource extends TokenPageResource {
    private final boolean readsCookie;

    /** Null without the type {@code oauth2}, and then not needed. */
    private TokenPairSerializer serializer;

    SignInTokenResource(TokenAuthenticator authenticator, TokenPageSettings settings) {
        super(authenticator, List.of());
        readsCookie = settings.source() == TokenPageSettings.Source.WEB_UI_COOKIE;
    }

    /** The coordinator's own, since the cookie is encrypted where it contains a refresh token. */
    @Inject(optional = true)
    public void setSerializer(TokenPairSerializer serializer) {
        this.serializer = serializer;
    }

    @GET
    @ResourceSecurity(AccessType.WEB_UI)
    public Response document(@Context ContainerRequestContext request) {
        return document(request, Map.of("source", "web-ui"));
    }

    @GET
    @Path("me")
    @ResourceSecurity(AccessType.WEB_UI)
    public Response me(@Context ContainerRequestContext request) {
        return ofThisSite(request)
                .or(
                        () ->
                                request.getHeaderString(SCRIPT_HEADER) == null
                                        ? Optional.of(
                                                refused(
                                                        "A request for the token has the header "
                                                                + SCRIPT_HEADER))
                                        : Optional.empty())
                .orElseGet(() -> verdict(request, token(request), true));
    }

    /** Without the refresh token, which never leaves the coordinator. */
    private String token(ContainerRequestContext request) {
        if (!readsCookie) {
            return bearer(request);
        }
        try {
            return OAuthWebUiCookie.read(request.getCookies())
                    .map(cookie -> serializer.deserialize(cookie).accessToken())
                    .orElse("");
        } catch (RuntimeException e) {
            // The web UI accepts no such cookie either, and asks for a new sign-in.
            return "";
        }
    }
}

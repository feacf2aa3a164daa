// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.ResourceSecurity;
import io.trino.server.security.ResourceSecurity.AccessType;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;

import java.util.Map;

/**
 * The page whose script signs the person in at the issuer, as a public client with PKCE. The
 * coordinator gets neither the code nor a refresh token.
 *
 * <p>The browser, not the coordinator, reads the issuer's discovery document: it must reach the
 * issuer anyway, and trusts the issuer's certificate by its own settings. So the coordinator cannot
 * know the origin of the token endpoint, and an operator names it where it is not that of the
 * issuer.
 */
@Path(TokenPageResource.PATH)
public final class IssuerTokenResource extends TokenPageResource {
    private final TokenPageSettings settings;

    IssuerTokenResource(TokenAuthenticator authenticator, TokenPageSettings settings) {
        super(authenticator, settings.origins());
        this.settings = settings;
    }

    /** Without a token, and so for anybody: people sign in at the issuer. */
    @GET
    @ResourceSecurity(AccessType.PUBLIC)
    public Response document(@Context ContainerRequestContext request) {
        return document(
                request,
                Map.of(
                        "source",
                        "issuer",
                        "issuer",
                        settings.issuer(),
                        "client-id",
                        settings.clientId(),
                        "scope",
                        settings.scope(),
                        "origins",
                        String.join(" ", settings.origins())));
    }

    /** Says to the bearer of a token what a rejected or accepted statement would say as well. */
    @GET
    @Path("me")
    @ResourceSecurity(AccessType.PUBLIC)
    public Response me(@Context ContainerRequestContext request) {
        return ofThisSite(request).orElseGet(() -> verdict(request, bearer(request), false));
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.ResourceSecurity;
import io.trino.server.security.ResourceSecurity.AccessType;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;

/**
 * What shadow mode has found, as Markdown. Who may read the metrics of the coordinator may read it.
 */
@Path("/v1/native-jwt/shadow")
public final class ShadowReportResource {
    private final TokenAuthenticator authenticator;

    public ShadowReportResource(TokenAuthenticator authenticator) {
        this.authenticator = authenticator;
    }

    @GET
    @ResourceSecurity(AccessType.MANAGEMENT_READ)
    public Response report() {
        return Response.status(200)
                .type("text/markdown; charset=utf-8")
                .entity(authenticator.shadowReport())
                .build();
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.ResourceSecurity;
import io.trino.server.security.ResourceSecurity.AccessType;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;

/**
 * The metrics as OpenMetrics text, with labels and a histogram, which the coordinator's own {@code
 * /metrics} does not have. Who may read that may read this.
 */
@Path("/v1/native-jwt/metrics")
public final class MetricsResource {
    private static final String OPEN_METRICS =
            "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private final TokenAuthenticator authenticator;

    public MetricsResource(TokenAuthenticator authenticator) {
        this.authenticator = authenticator;
    }

    @GET
    @ResourceSecurity(AccessType.MANAGEMENT_READ)
    public Response metrics() {
        return Response.status(200)
                .type(OPEN_METRICS)
                .entity(authenticator.metrics().openMetrics())
                .build();
    }
}

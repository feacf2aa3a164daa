// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nativejwt.ffi.Verdict;
import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.ResourceSecurity;
import io.trino.server.security.ResourceSecurity.AccessType;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What both ways of the page at /ui/token have in common. The page is a static document, so that no
 * cached or embedded document can contain a token; its script gets the token and the verdict about
 * it by requests. The script and the style contain nothing secret, so anybody gets them.
 */
public abstract class TokenPageResource {
    static final String PATH = "/ui/token";

    /**
     * Only a script of the same origin can send it: it is not among the headers that CORS allows.
     */
    static final String SCRIPT_HEADER = "X-Native-Jwt-Page";

    private static final String HTML = "text/html;charset=utf-8";

    private final TokenAuthenticator authenticator;
    private final String securityPolicy;

    /**
     * @param origins to which the page may connect besides its own
     */
    TokenPageResource(TokenAuthenticator authenticator, List<String> origins) {
        this.authenticator = authenticator;
        securityPolicy =
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'%s; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
                        .formatted(origins.isEmpty() ? "" : " " + String.join(" ", origins));
    }

    static TokenPageResource of(TokenPageSettings settings, TokenAuthenticator authenticator) {
        return settings.source() == TokenPageSettings.Source.ISSUER
                ? new IssuerTokenResource(authenticator, settings)
                : new SignInTokenResource(authenticator, settings);
    }

    @GET
    @Path("page.js")
    @ResourceSecurity(AccessType.PUBLIC)
    public Response script(@Context ContainerRequestContext request) {
        return overHttps(request)
                .orElseGet(() -> response(200, "text/javascript;charset=utf-8", text("page.js")));
    }

    @GET
    @Path("page.css")
    @ResourceSecurity(AccessType.PUBLIC)
    public Response style(@Context ContainerRequestContext request) {
        return overHttps(request)
                .orElseGet(() -> response(200, "text/css;charset=utf-8", text("page.css")));
    }

    /** The document, which says on which way the script gets the token. */
    final Response document(ContainerRequestContext request, Map<String, String> attributes) {
        return overHttps(request)
                .or(() -> withoutSlash(request))
                .orElseGet(
                        () -> {
                            StringBuilder data = new StringBuilder("<body");
                            attributes.forEach(
                                    (name, value) ->
                                            data.append(
                                                    " data-%s=\"%s\""
                                                            .formatted(name, escaped(value))));
                            return response(
                                    200, HTML, text("page.html").replace("<body", data.toString()));
                        });
    }

    /** Addresses in the document are relative, for proxies that serve it under another path. */
    private Optional<Response> withoutSlash(ContainerRequestContext request) {
        URI uri = request.getUriInfo().getRequestUri();
        return uri.getPath().endsWith("/")
                ? Optional.of(
                        builder(308).header("Location", uri.resolve("../token").toString()).build())
                : Optional.empty();
    }

    /** Tokens and verdicts are for the page alone: browsers say which site a request is from. */
    final Optional<Response> ofThisSite(ContainerRequestContext request) {
        String site = request.getHeaderString("Sec-Fetch-Site");
        return overHttps(request)
                .or(
                        () ->
                                site == null || site.equals("same-origin")
                                        ? Optional.empty()
                                        : Optional.of(
                                                refused("Only the page itself may ask for this")));
    }

    private Optional<Response> overHttps(ContainerRequestContext request) {
        return request.getSecurityContext().isSecure()
                ? Optional.empty()
                : Optional.of(
                        refused(
                                "The token page is served over HTTPS only. If a proxy terminates"
                                        + " HTTPS, the coordinator needs"
                                        + " http-server.process-forwarded=true"));
    }

    final Response refused(String sentence) {
        return response(403, "text/plain;charset=utf-8", sentence);
    }

    /**
     * What this coordinator makes of the token, as for a client's request with it.
     *
     * @param shown whether the answer contains an accepted token
     */
    final Response verdict(ContainerRequestContext request, String token, boolean shown) {
        Verdict verdict =
                authenticator.authenticateToken(token, request, NativeJwtAuthenticator::values);
        Map<String, Object> answer = new LinkedHashMap<>();
        switch (verdict) {
            case Verdict.Accepted accepted -> {
                answer.put("accepted", true);
                answer.put("user", accepted.user());
                answer.put("groups", accepted.groups().stream().sorted().toList());
                authenticator
                        .expiration(token)
                        .ifPresent(time -> answer.put("expiresAt", time.getEpochSecond()));
                if (shown) {
                    answer.put("token", token);
                }
            }
            case Verdict.Rejected rejected -> {
                answer.put("accepted", false);
                answer.put("reason", rejected.reason());
                answer.put("message", rejected.message());
            }
        }
        return response(200, "application/json", answer);
    }

    /** The token of an Authorization header; empty where native code finds none either. */
    static String bearer(ContainerRequestContext request) {
        String value = Optional.ofNullable(request.getHeaderString("Authorization")).orElse("");
        return value.regionMatches(true, 0, "Bearer ", 0, 7) ? value.substring(7).trim() : "";
    }

    private Response response(int status, String type, Object entity) {
        return builder(status).type(type).entity(entity).build();
    }

    private Response.ResponseBuilder builder(int status) {
        return Response.status(status)
                .header("Cache-Control", "no-store")
                .header("Content-Security-Policy", securityPolicy)
                .header("Referrer-Policy", "no-referrer")
                .header("X-Content-Type-Options", "nosniff")
                .header("Cross-Origin-Opener-Policy", "same-origin")
                .header("Cross-Origin-Resource-Policy", "same-origin");
    }

    private static String text(String name) {
        try (InputStream in = TokenPageResource.class.getResourceAsStream("token/" + name)) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String escaped(String value) {
        return value.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}

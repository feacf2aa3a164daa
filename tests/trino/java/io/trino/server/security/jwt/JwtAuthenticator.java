// SPDX-License-Identifier: Apache-2.0

package io.trino.server.security.jwt;

import com.google.inject.Inject;

import io.jsonwebtoken.Locator;
import io.nativejwt.ffi.Host;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.TrustedCertificates;
import io.nativejwt.ffi.Verdict;
import io.nativejwt.identity.Identities;
import io.trino.server.security.AuthenticationException;
import io.trino.server.security.Authenticator;
import io.trino.spi.security.Identity;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;

import java.security.Key;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Replaces Trino's built-in class under its name: it comes first on the class path, so that Trino's
 * own tests start their servers with native code behind {@code http-server.authentication.type=jwt}
 * and do not know it.
 */
public class JwtAuthenticator implements Authenticator {
    private static final String PREFIX = "http-server.authentication.jwt.";

    /** How many verdicts native code gave: what is not asked proves nothing. */
    public static final AtomicInteger ACCEPTED = new AtomicInteger();

    public static final AtomicInteger REJECTED = new AtomicInteger();

    private final NativeAuthenticator authenticator;

    /** Trino's modules make the key locator; it is not used. */
    @Inject
    public JwtAuthenticator(JwtAuthenticatorConfig config, @ForJwt Locator<Key> unused) {
        Map<String, String> properties = new HashMap<>();
        put(properties, "key-file", config.getKeyFile());
        put(properties, "required-audience", config.getRequiredAudience());
        put(properties, "required-issuer", config.getRequiredIssuer());
        put(properties, "principal-field", config.getPrincipalField());
        put(properties, "user-mapping.pattern", config.getUserMappingPattern().orElse(null));
        put(
                properties,
                "user-mapping.file",
                config.getUserMappingFile().map(Object::toString).orElse(null));
        authenticator =
                NativeAuthenticator.open(
                        properties,
                        "config.properties",
                        TrustedCertificates.OF_THE_SYSTEM,
                        Host.SERVER_LAUNCHER);
    }

    private static void put(Map<String, String> properties, String name, String value) {
        if (value != null) {
            properties.put(PREFIX + name, value);
        }
    }

    @Override
    public Identity authenticate(ContainerRequestContext request) throws AuthenticationException {
        List<String> values = request.getHeaders().get(HttpHeaders.AUTHORIZATION);
        String value = values == null || values.isEmpty() ? "" : values.getFirst();
        return switch (authenticator.authenticate(value)) {
            case Verdict.Accepted accepted -> {
                ACCEPTED.incrementAndGet();
                yield Identities.of(accepted);
            }
            case Verdict.Rejected rejected -> {
                REJECTED.incrementAndGet();
                throw new AuthenticationException(
                        rejected.message(), "Bearer realm=\"Trino\", token_type=\"JWT\"");
            }
        };
    }
}

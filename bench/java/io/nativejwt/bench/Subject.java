// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSKeySelector;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.proc.SingleKeyJWSKeySelector;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;

import io.airlift.configuration.ConfigurationFactory;
import io.airlift.http.client.HttpStatus;
import io.airlift.http.client.testing.TestingHttpClient;
import io.airlift.http.client.testing.TestingResponse;
import io.nativejwt.ffi.Host;
import io.nativejwt.login.TokenAuthenticator;
import io.nativejwt.server.NativeJwtAuthenticator;
import io.trino.server.security.AuthenticationException;
import io.trino.server.security.jwt.FileSigningKeyLocator;
import io.trino.server.security.jwt.JwkService;
import io.trino.server.security.jwt.JwkSigningKeyLocator;
import io.trino.server.security.jwt.JwtAuthenticator;
import io.trino.server.security.jwt.JwtAuthenticatorConfig;
import io.trino.spi.NodeVersion;
import io.trino.spi.security.BasicPrincipal;
import io.trino.spi.security.Identity;

import jakarta.ws.rs.container.ContainerRequestContext;

import org.glassfish.jersey.internal.MapPropertiesDelegate;
import org.glassfish.jersey.server.ContainerRequest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.text.ParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What is measured: from a request to an identity, or to the exception of a rejection, which is
 * returned so that nothing is optimised away.
 */
interface Subject {
    Object judge(ContainerRequestContext request);

    /** What a coordinator hands over for a client with this token. */
    static ContainerRequest request(String token) {
        URI uri = URI.create("https://trino.corp.example/");
        ContainerRequest request =
                new ContainerRequest(uri, uri, "GET", null, new MapPropertiesDelegate(), null);
        request.header("Authorization", "Bearer " + token);
        return request;
    }

    /** By the name that the results have. */
    static Subject open(String implementation, Material material, boolean isCached) {
        return switch (implementation) {
            case "stock" -> ofTrino(stock(material));
            case "native" ->
                    ofTrino(
                            new NativeJwtAuthenticator(
                                    TokenAuthenticator.open(
                                            ours(material, isCached),
                                            "",
                                            null,
                                            Host.SERVER_LAUNCHER)));
            case "library" -> library(ours(material, isCached));
            case "nimbus" -> nimbus(material);
            default -> throw new IllegalArgumentException(implementation);
        };
    }

    private static Subject ofTrino(JwtAuthenticator authenticator) {
        return request -> {
            try {
                return authenticator.authenticate(request);
            } catch (AuthenticationException e) {
                return e;
            }
        };
    }

    private static Subject library(Map<String, String> config) {
        TokenAuthenticator authenticator =
                TokenAuthenticator.open(config, "", null, Host.SERVER_LAUNCHER);
        return request ->
                authenticator.authenticate(request, (ours, name) -> ours.getHeaders().get(name));
    }

    private static Map<String, String> rules() {
        String prefix = "http-server.authentication.jwt.";
        return Map.of(
                prefix + "required-issuer", Material.ISSUER,
                prefix + "required-audience", Material.AUDIENCE,
                prefix + "principal-field", Material.PRINCIPAL_FIELD);
    }

    private static Map<String, String> ours(Material material, boolean isCached) {
        Map<String, String> config = new LinkedHashMap<>(rules());
        config.put("http-server.authentication.jwt.key-file", material.keyFile().toString());
        if (!isCached) {
            config.put("http-server.authentication.jwt.token-cache.max-size", "0B");
        }
        return config;
    }

    /**
     * Put together as {@code JwtAuthenticatorSupportModule} does it; a key set comes from memory.
     */
    private static JwtAuthenticator stock(Material material) {
        Map<String, String> properties = new LinkedHashMap<>(rules());
        String keyFile =
                material.isKeySet() ? "https://keys.example/jwks" : material.keyFile().toString();
        properties.put("http-server.authentication.jwt.key-file", keyFile);
        JwtAuthenticatorConfig config =
                new ConfigurationFactory(properties).build(JwtAuthenticatorConfig.class);
        if (material.algorithm().equals("EdDSA")) {
            Key key = material.verifyingKey();
            return new JwtAuthenticator(config, header -> key);
        }
        if (!material.isKeySet()) {
            return new JwtAuthenticator(config, new FileSigningKeyLocator(config));
        }
        byte[] document = read(material.keyFile());
        TestingHttpClient client =
                new TestingHttpClient(
                        request ->
                                new TestingResponse(
                                        HttpStatus.OK,
                                        com.google.common.collect.ImmutableListMultimap.of(),
                                        document));
        JwkService service = new JwkService(URI.create(keyFile), client, new NodeVersion("483"));
        return new JwtAuthenticator(config, new JwkSigningKeyLocator(service));
    }

    /** The library as its documentation puts it together, and the identity that stock makes. */
    private static Subject nimbus(Material material) {
        JWSAlgorithm algorithm = JWSAlgorithm.parse(material.algorithm());
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        processor.setJWSKeySelector(nimbusKeys(material, algorithm));
        processor.setJWTClaimsSetVerifier(
                new DefaultJWTClaimsVerifier<>(
                        Material.AUDIENCE,
                        new JWTClaimsSet.Builder().issuer(Material.ISSUER).build(),
                        Set.of(Material.PRINCIPAL_FIELD)));
        return request -> {
            String value = request.getHeaders().getFirst("Authorization");
            try {
                JWTClaimsSet claims = processor.process(value.substring("Bearer ".length()), null);
                String principal = claims.getStringClaim(Material.PRINCIPAL_FIELD);
                return Identity.forUser(principal)
                        .withPrincipal(new BasicPrincipal(principal))
                        .build();
            } catch (ParseException | BadJOSEException | JOSEException e) {
                return e;
            }
        };
    }

    private static JWSKeySelector<SecurityContext> nimbusKeys(
            Material material, JWSAlgorithm algorithm) {
        if (!material.isKeySet()) {
            return new SingleKeyJWSKeySelector<>(algorithm, material.verifyingKey());
        }
        try {
            JWKSet keys = JWKSet.load(material.keyFile().toFile());
            return new JWSVerificationKeySelector<>(algorithm, new ImmutableJWKSet<>(keys));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

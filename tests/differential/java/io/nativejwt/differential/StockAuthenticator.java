// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.differential;

import com.google.common.collect.ImmutableListMultimap;

import io.airlift.configuration.ConfigurationFactory;
import io.airlift.http.client.HttpStatus;
import io.airlift.http.client.Request;
import io.airlift.http.client.Response;
import io.airlift.http.client.testing.TestingHttpClient;
import io.airlift.http.client.testing.TestingResponse;
import io.jsonwebtoken.Clock;
import io.jsonwebtoken.Locator;
import io.trino.server.security.AuthenticationException;
import io.trino.server.security.jwt.FileSigningKeyLocator;
import io.trino.server.security.jwt.JwkService;
import io.trino.server.security.jwt.JwkSigningKeyLocator;
import io.trino.server.security.jwt.JwtAuthenticator;
import io.trino.server.security.jwt.JwtAuthenticatorConfig;
import io.trino.spi.NodeVersion;
import io.trino.spi.security.Identity;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.MultivaluedMap;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.Key;
import java.util.Date;
import java.util.Map;
import java.util.TreeSet;

/**
 * Trino's own authenticator, put together as {@code JwtAuthenticatorSupportModule} does it: its
 * configuration bean read by the coordinator's configuration machinery, its key locators, its
 * parser. Only two things are not: the HTTP client that fetches JWK sets is the JDK's, and the
 * parser's clock is set, so that a case names the time it is judged at.
 */
final class StockAuthenticator {
    private final JwtAuthenticator authenticator;
    private final SettableClock clock;

    private StockAuthenticator(JwtAuthenticator authenticator, SettableClock clock) {
        this.authenticator = authenticator;
        this.clock = clock;
    }

    static StockAuthenticator open(Map<String, String> properties) {
        ConfigurationFactory factory = new ConfigurationFactory(properties);
        JwtAuthenticatorConfig config = factory.build(JwtAuthenticatorConfig.class);
        TreeSet<String> unused = new TreeSet<>(properties.keySet());
        factory.getUsedProperties().forEach(property -> unused.remove(property.name()));
        // Those belong to the HTTP client of JWK sets.
        unused.removeIf(name -> name.startsWith("jwk."));
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException("Configuration properties were not used: " + unused);
        }
        JwtAuthenticator authenticator = new JwtAuthenticator(config, locator(config));
        SettableClock clock = new SettableClock();
        clock.installIn(authenticator);
        return new StockAuthenticator(authenticator, clock);
    }

    private static Locator<Key> locator(JwtAuthenticatorConfig config) {
        String keyFile = config.getKeyFile();
        if (!keyFile.startsWith("https://") && !keyFile.startsWith("http://")) {
            return new FileSigningKeyLocator(config);
        }
        TestingHttpClient client = new TestingHttpClient(StockAuthenticator::fetch);
        return new JwkSigningKeyLocator(
                new JwkService(URI.create(keyFile), client, new NodeVersion("483")));
    }

    private static Response fetch(Request request) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<byte[]> response =
                    client.send(
                            HttpRequest.newBuilder(request.getUri()).build(),
                            HttpResponse.BodyHandlers.ofByteArray());
            return new TestingResponse(
                    HttpStatus.fromStatusCode(response.statusCode()),
                    ImmutableListMultimap.of(),
                    response.body());
        }
    }

    /**
     * The verdict is A (user, principal), R (401, with the message) or F (500, with what was
     * thrown).
     */
    void authenticate(String header, long now, Answer answer) {
        clock.now = now;
        try {
            Identity identity = authenticator.authenticate(requestWith(header));
            String principal = identity.getPrincipal().orElseThrow().getName();
            answer.verdict('A').text(identity.getUser()).text(principal).text("");
        } catch (AuthenticationException e) {
            String message = e.getMessage() == null ? "Unauthorized" : e.getMessage();
            answer.verdict('R').text("").text("").text(message);
        } catch (RuntimeException | StackOverflowError e) {
            answer.verdict('F').text("").text("").text(Answer.whole(e));
        }
    }

    /** Of a request, Trino reads the Authorization header and nothing else. */
    private static ContainerRequestContext requestWith(String header) {
        MultivaluedMap<String, String> headers = new MultivaluedHashMap<>();
        headers.putSingle(HttpHeaders.AUTHORIZATION, header);
        return (ContainerRequestContext)
                Proxy.newProxyInstance(
                        StockAuthenticator.class.getClassLoader(),
                        new Class<?>[] {ContainerRequestContext.class},
                        (proxy, method, arguments) -> {
                            if (method.getName().equals("getHeaders")) {
                                return headers;
                            }
                            throw new UnsupportedOperationException(method.toString());
                        });
    }

    private static final class SettableClock implements Clock {
        private long now;

        @Override
        public Date now() {
            return new Date(now);
        }

        void installIn(JwtAuthenticator authenticator) {
            try {
                Object parser = field(authenticator, "jwtParser").get(authenticator);
                field(parser, "clock").set(parser, this);
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("Trino's parser has no clock where it was", e);
            }
        }

        private static Field field(Object object, String name) throws NoSuchFieldException {
            Field field = object.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field;
        }
    }
}

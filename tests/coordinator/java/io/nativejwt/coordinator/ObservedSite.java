// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.Site;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A coordinator with everything that has metrics, and the servers that it asks. */
final class ObservedSite implements AutoCloseable {
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String ISSUER = "https://idp.example.com";
    private static final String KEY_ID = "first";

    /** It has a port without TLS as well. */
    static final Site WITH_MANAGEMENT_USER = Site.PLUGIN_476;

    /** What an operator writes for the plugin; the server launcher does it by itself. */
    private static final Map<String, String> SHOWN =
            Map.of("476", "openmetrics.jmx-object-names", "483", "metrics.jmx-object-names");

    private final KeyPair keys;
    private final Path mapping;
    private final JwksEndpoint issuer;
    private final Coordinator coordinator;
    private final HttpClient client;
    private final boolean hasStorage;
    private final int stsPort;
    private HttpServer sts;

    /**
     * @param keys the issuer's
     * @param limits how often keys are fetched, and how long they stay without a fetch
     * @param plugin in the place of the release's, or null
     */
    ObservedSite(Site site, Path folder, KeyPair keys, Map<String, String> limits, Path plugin) {
        this.keys = keys;
        try {
            mapping = folder.resolve("users.json");
            map("(.*)");
            issuer = JwksEndpoint.serving(List.of(JwksEndpoint.jwk(KEY_ID, keys)));
            stsPort = Coordinator.freePorts(1)[0];
            // The plugin can hand credentials to a session since Trino 480.
            hasStorage = site != Site.PLUGIN_476;
            Map<String, String> properties = new LinkedHashMap<>();
            properties.put(JWT + "key-file", issuer.url());
            limits.forEach((name, value) -> properties.put(JWT + name, value));
            properties.put(JWT + "required-issuer", ISSUER);
            properties.put(JWT + "required-audience", "trino");
            properties.put(JWT + "user-mapping.file", mapping.toString());
            properties.put(
                    JWT + "claim-rules.file",
                    Files.writeString(
                                    folder.resolve("claims.json"),
                                    """
                                    {"rules": [{"conditions": [{"max_age": "6h"}], "allow": true}],
                                     "otherwise": {"allow": false}}
                                    """)
                            .toString());
            properties.put(
                    JWT + "revocation-file",
                    Files.writeString(folder.resolve("revoked"), "").toString());
            Coordinator.Builder builder = Coordinator.in(folder).at(site);
            if (hasStorage) {
                startSts();
                properties.put(JWT + "storage.sts-endpoint", "http://127.0.0.1:" + stsPort + "/");
                properties.put(JWT + "storage.role", "arn:aws:iam::111122223333:role/reader");
                properties.put(JWT + "storage.when-unavailable", "withhold");
                builder.internalHttps();
            }
            Path accessControl =
                    Files.write(
                            folder.resolve("access-control.properties"),
                            List.of(
                                    "access-control.name=file",
                                    "security.config-file="
                                            + SampleConfiguration.FOLDER.resolve(
                                                    "access-rules.json")));
            builder.config("access-control.config-files", accessControl.toString());
            if (site == WITH_MANAGEMENT_USER) {
                builder.config("management.user", "prometheus");
            }
            if (!site.isServer()) {
                builder.config(SHOWN.get(site.version()), "io.nativejwt:*");
            }
            if (plugin != null) {
                builder.nativeJwtPlugin(plugin);
            }
            coordinator = builder.jwt(properties).start();
            client =
                    HttpClient.newBuilder()
                            .version(HttpClient.Version.HTTP_1_1)
                            .sslContext(coordinator.tls().clientContext())
                            .build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Coordinator coordinator() {
        return coordinator;
    }

    /** The label {@code instance} of its series. */
    String instance() {
        return "localhost:" + coordinator.uri().getPort();
    }

    boolean hasStorage() {
        return hasStorage;
    }

    /** A token for an hour, that no request has carried before. */
    String token(String user) {
        return sign(claims(user));
    }

    String expiredToken() {
        return sign(claims("alice").expiringAt(Instant.now().minusSeconds(60)));
    }

    String tokenForOthers() {
        return sign(claims("alice").claim("aud", "other"));
    }

    /** As after a rotation that the coordinator has not noticed. */
    String tokenOfUnknownKey() {
        return claims("alice").header("kid", "second").sign("RS256", Keys.rsa().getPrivate());
    }

    private static Token claims(String user) {
        return Token.of(user)
                .claim("iss", ISSUER)
                .claim("aud", "trino")
                .claim("jti", UUID.randomUUID().toString());
    }

    private String sign(Token token) {
        return token.header("kid", KEY_ID).sign("RS256", keys.getPrivate());
    }

    /** The status of a cheap request; an empty token sends none. */
    int request(String token) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(coordinator.uri().resolve("/v1/query?state=QUEUED"));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The status of a request for this address. */
    int statusOf(String path, String token) {
        return Clients.get(coordinator, path, "Bearer " + token).statusCode();
    }

    /** What the server launcher serves beside the coordinator's own metrics. */
    String openMetrics(String token) {
        return Clients.get(coordinator, "/v1/native-jwt/metrics", "Bearer " + token).body();
    }

    /** A rule file whose one rule has this pattern. */
    void map(String pattern) {
        writeMapping("{\"rules\": [{\"pattern\": \"%s\"}]}".formatted(pattern));
    }

    void breakMapping() {
        writeMapping("{\"rules\": [");
    }

    /** In one step, as an operator should. */
    private void writeMapping(String text) {
        try {
            Path next = Files.writeString(mapping.resolveSibling("next"), text);
            Files.move(next, mapping, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void stopKeyServer() {
        issuer.close();
    }

    void startKeyServer() {
        issuer.serve(List.of(JwksEndpoint.jwk(KEY_ID, keys)));
    }

    void stopSts() {
        if (sts != null) {
            sts.stop(0);
            sts = null;
        }
    }

    /** It gives credentials to everybody; no store knows them. */
    void startSts() {
        try {
            sts = HttpServer.create(local(stsPort), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sts.createContext(
                "/",
                exchange -> {
                    byte[] answer =
                            """
                            <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
                            <AccessKeyId>access</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
                            <SessionToken>session</SessionToken><Expiration>%s</Expiration>
                            </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                            """
                                    .formatted(Instant.now().plusSeconds(3600))
                                    .getBytes(UTF_8);
                    exchange.getRequestBody().readAllBytes();
                    exchange.sendResponseHeaders(200, answer.length);
                    exchange.getResponseBody().write(answer);
                    exchange.close();
                });
        sts.start();
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Override
    public void close() {
        client.close();
        coordinator.close();
        issuer.close();
        stopSts();
    }
}

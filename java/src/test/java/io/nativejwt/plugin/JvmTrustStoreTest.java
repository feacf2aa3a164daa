package io.nativejwt.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;

import io.nativejwt.login.JvmTrustStore;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;
import io.trino.spi.security.AccessDeniedException;
import io.trino.spi.security.HeaderAuthenticator;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.InputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** A JWK set behind a certificate that only this JVM's trust store knows. */
final class JvmTrustStoreTest {
    private static final Path STORES = Path.of("rust/core/testdata/stores").toAbsolutePath();
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";
    private static final String KEY_FILE = "http-server.authentication.jwt.key-file";

    private final KeyPair keys = Keys.rsa();
    private final Map<String, String> before = new HashMap<>();
    private HttpsServer server;

    @BeforeEach
    void start() throws Exception {
        KeyStore both = KeyStore.getInstance("JKS");
        try (InputStream in = Files.newInputStream(STORES.resolve("two.jks"))) {
            both.load(in, PASSWORD);
        }
        both.deleteEntry("client");
        KeyManagerFactory keyManagers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keyManagers.init(both, PASSWORD);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(keyManagers.getKeyManagers(), null, null);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        byte[] document = document((RSAPublicKey) keys.getPublic()).getBytes(UTF_8);
        server.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(200, document.length);
                    exchange.getResponseBody().write(document);
                    exchange.close();
                });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        before.forEach(
                (key, value) -> {
                    if (value == null) {
                        System.clearProperty(key);
                    } else {
                        System.setProperty(key, value);
                    }
                });
    }

    @Test
    void issuerThatTheJvmTrustsIsTrusted() throws Exception {
        set(TRUST_STORE, STORES.resolve("trust.p12").toString());
        set(TRUST_STORE + "Password", "changeit");
        assertThat(JvmTrustStore.pem()).containsOnlyOnce("-----BEGIN CERTIFICATE-----\n");
        HeaderAuthenticator authenticator = create();
        String token = Token.of("alice").header("kid", "a").sign("RS256", keys.getPrivate());
        Instant bound = Instant.now().plus(Duration.ofSeconds(30));
        while (true) {
            try {
                assertThat(
                                authenticator.createAuthenticatedPrincipal(
                                        InstalledPlugin.bearer(token)))
                        .hasToString("alice");
                return;
            } catch (AccessDeniedException e) {
                assertThat(e).hasMessageContaining("not fetched yet");
                assertThat(Instant.now()).isBefore(bound);
                Thread.sleep(5);
            }
        }
    }

    @Test
    void unreadableTrustStoreLeavesTheSystemsCertificates() {
        set(TRUST_STORE, STORES.resolve("trust.jks").toString());
        set(TRUST_STORE + "Password", "another");
        assertThat(JvmTrustStore.pem()).isEmpty();
        set(TRUST_STORE, STORES.resolve("nowhere.jks").toString());
        assertThat(JvmTrustStore.pem()).isEmpty();
        assertThat(create()).isNotNull();
    }

    @Test
    void jvmsOwnCertificatesAreRead() {
        assertThat(JvmTrustStore.pem().lines().filter("-----END CERTIFICATE-----"::equals))
                .hasSizeGreaterThan(50);
    }

    @Test
    void trustStoreIsReadOnlyWhereKeysAreFetchedWithIt() {
        assertThat(JvmTrustStore.isUsedBy(Map.of(KEY_FILE, "HTTPS://idp.example/"))).isTrue();
        assertThat(JvmTrustStore.isUsedBy(Map.of(KEY_FILE, "oidc:https://idp.example"))).isTrue();
        assertThat(
                        JvmTrustStore.isUsedBy(
                                Map.of("http.authentication.jwt.key-file", "https://idp.example/")))
                .isTrue();
        assertThat(
                        JvmTrustStore.isUsedBy(
                                Map.of("http-server.authentication.jwt.config-files", "a")))
                .isTrue();
        assertThat(JvmTrustStore.isUsedBy(Map.of(KEY_FILE, "/etc/key.pem"))).isFalse();
        assertThat(JvmTrustStore.isUsedBy(Map.of())).isFalse();
        assertThat(
                        JvmTrustStore.isUsedBy(
                                Map.of(
                                        KEY_FILE,
                                        "https://idp.example/",
                                        "jwk.http-client.trust-store-path",
                                        "a")))
                .isFalse();
    }

    private HeaderAuthenticator create() {
        String url = "https://127.0.0.1:" + server.getAddress().getPort() + "/jwks";
        return InstalledPlugin.release().create(Map.of("key-file", url));
    }

    private void set(String key, String value) {
        String former = System.setProperty(key, value);
        if (!before.containsKey(key)) {
            before.put(key, former);
        }
    }

    private static String document(RSAPublicKey key) {
        return "{\"keys\":[{\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}]}"
                .formatted(number(key.getModulus()), number(key.getPublicExponent()));
    }

    private static String number(BigInteger number) {
        byte[] bytes = number.toByteArray();
        int start = bytes[0] == 0 ? 1 : 0;
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(java.util.Arrays.copyOfRange(bytes, start, bytes.length));
    }
}

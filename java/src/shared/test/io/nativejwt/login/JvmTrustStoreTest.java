// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.ffi.TrustedCertificates;
import io.nativejwt.testing.InstalledPlugin;
import io.nativejwt.testing.KeyServer;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;
import io.nativejwt.testing.Token;
import io.trino.spi.security.AccessDeniedException;
import io.trino.spi.security.HeaderAuthenticator;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** A JWK set behind a certificate that only this JVM's trust store knows. */
final class JvmTrustStoreTest {
    private static final Path STORES = Path.of("tests/data/stores").toAbsolutePath();
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";

    private final KeyPair keys = Keys.rsa();
    private final Map<String, String> before = new HashMap<>();
    private KeyServer server;

    @BeforeEach
    void start() throws Exception {
        KeyStore both = KeyStore.getInstance("JKS");
        try (InputStream in = Files.newInputStream(STORES.resolve("two.jks"))) {
            both.load(in, PASSWORD);
        }
        both.deleteEntry("client");
        server = KeyServer.start((RSAPublicKey) keys.getPublic(), both, PASSWORD);
    }

    @AfterEach
    void stop() {
        server.close();
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
        assertThat(JvmTrustStore.read().pem()).containsOnlyOnce("-----BEGIN CERTIFICATE-----\n");
        assertThat(JvmTrustStore.read().alone()).isTrue();
        HeaderAuthenticator authenticator = create();
        String token = Token.of("alice").header("kid", "a").sign("RS256", keys.getPrivate());
        Poll.until("the keys to be fetched", LIMIT, () -> accepts(authenticator, token));
    }

    private static boolean accepts(HeaderAuthenticator authenticator, String token) {
        try {
            assertThat(authenticator.createAuthenticatedPrincipal(InstalledPlugin.bearer(token)))
                    .hasToString("alice");
            return true;
        } catch (AccessDeniedException e) {
            assertThat(e).hasMessageContaining("not been fetched yet");
            return false;
        }
    }

    @Test
    void unreadableTrustStoreThatWasNamedTrustsNobody() {
        set(TRUST_STORE, STORES.resolve("trust.jks").toString());
        set(TRUST_STORE + "Password", "another");
        assertThat(JvmTrustStore.read()).isEqualTo(new TrustedCertificates("", true));
        assertThat(create()).isNotNull();
    }

    /** As this JVM does where the file is missing; it is warned of. */
    @Test
    void missingTrustStoreIsTheJdksOwn() {
        set(TRUST_STORE, STORES.resolve("nowhere.jks").toString());
        assertThat(certificates()).isGreaterThan(50);
        assertThat(JvmTrustStore.read().alone()).isTrue();
    }

    @Test
    void jvmsOwnCertificatesAreReadAndTheSystemsStandBesideThem() {
        assertThat(certificates()).isGreaterThan(50);
        assertThat(JvmTrustStore.read().alone()).isFalse();
        set(TRUST_STORE, "");
        assertThat(JvmTrustStore.read().alone()).isFalse();
    }

    private static long certificates() {
        return JvmTrustStore.read()
                .pem()
                .lines()
                .filter("-----END CERTIFICATE-----"::equals)
                .count();
    }

    private HeaderAuthenticator create() {
        return InstalledPlugin.release().create(Map.of("key-file", server.url()));
    }

    private void set(String key, String value) {
        String former = System.setProperty(key, value);
        if (!before.containsKey(key)) {
            before.put(key, former);
        }
    }
}

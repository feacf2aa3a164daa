// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static io.nativejwt.testing.Certificate.DIGITAL_SIGNATURE;
import static io.nativejwt.testing.Certificate.KEY_CERT_SIGN;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.testing.Certificate;
import io.nativejwt.testing.InstalledPlugin;
import io.nativejwt.testing.KeyServer;
import io.nativejwt.testing.Keys;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/**
 * native-jwt trusts a key server if the JDK trusts it with the same store. The JDK says what is
 * right here; the tables below name the answer that each case is meant to show.
 */
final class TrustLikeTheJdkTest {
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";
    private static final String JWT = "http-server.authentication.jwt.";
    private static final String CLIENT = "jwk.http-client.";
    private static final String PASSWORD = "changeit";

    private static final RSAPublicKey KEY = (RSAPublicKey) Keys.rsa().getPublic();

    private final InstalledPlugin plugin = InstalledPlugin.release();
    @TempDir Path folder;

    private record Case(
            String what, boolean trusted, List<Certificate> anchors, List<Certificate> chain) {}

    private static Case accepted(String what, List<Certificate> anchors, Certificate... chain) {
        return new Case(what, true, anchors, List.of(chain));
    }

    private static Case rejected(String what, List<Certificate> anchors, Certificate... chain) {
        return new Case(what, false, anchors, List.of(chain));
    }

    @AfterEach
    void reset() {
        System.clearProperty(TRUST_STORE);
        System.clearProperty(TRUST_STORE + "Password");
    }

    @Test
    void certificateThatIsNotOfACaIsTrustedAsItselfAlone() throws Exception {
        List<Case> cases = new ArrayList<>();
        Map<String, Certificate> without =
                Map.of(
                        "no basicConstraints", Certificate.of("leaf").selfSigned(),
                        "CA:FALSE", Certificate.of("leaf").noCa().selfSigned(),
                        "CA:FALSE and keyCertSign",
                                Certificate.of("leaf").noCa().keyUsage(KEY_CERT_SIGN).selfSigned(),
                        "a CA without keyCertSign",
                                Certificate.of("leaf")
                                        .ca()
                                        .keyUsage(DIGITAL_SIGNATURE)
                                        .selfSigned());
        without.forEach(
                (kind, leaf) -> {
                    Certificate issued = Certificate.of("server").by(leaf);
                    cases.add(accepted(kind + ", itself", List.of(leaf), leaf));
                    cases.add(rejected(kind + ", what it issued", List.of(leaf), issued, leaf));
                    cases.add(rejected(kind + ", without it", List.of(leaf), issued));
                    Certificate renewed = Certificate.of("leaf").keys(leaf.keys()).selfSigned();
                    cases.add(rejected(kind + ", renewed with its key", List.of(leaf), renewed));
                });
        Certificate root = Certificate.of("root").ca().selfSigned();
        Certificate leaf = Certificate.of("leaf").noCa().by(root);
        Certificate issued = Certificate.of("server").by(leaf);
        cases.add(rejected("a leaf beside its root", List.of(leaf, root), issued, leaf));
        cases.add(rejected("a leaf behind its root", List.of(root, leaf), issued, leaf, root));
        check(cases);
    }

    @Test
    void certificateOfACaIsTrustedToIssue() throws Exception {
        List<Case> cases = new ArrayList<>();
        Map.of(
                        "a CA", Certificate.of("root").ca().selfSigned(),
                        "with keyCertSign",
                                Certificate.of("root").ca().keyUsage(KEY_CERT_SIGN).selfSigned(),
                        "of version 1", Certificate.of("root").version1().selfSigned(),
                        "with a path of none", Certificate.of("root").ca(0).selfSigned())
                .forEach(
                        (kind, root) -> {
                            Certificate issued = Certificate.of("server").by(root);
                            cases.add(accepted(kind, List.of(root), issued));
                            cases.add(accepted(kind + ", sent too", List.of(root), issued, root));
                            Certificate intermediate = Certificate.of("intermediate").ca().by(root);
                            Certificate below = Certificate.of("server").by(intermediate);
                            cases.add(
                                    accepted(
                                            kind + ", at a distance",
                                            List.of(root),
                                            below,
                                            intermediate));
                            cases.add(rejected(kind + ", with a gap", List.of(root), below));
                            cases.add(accepted(kind + ", below", List.of(intermediate), below));
                            Certificate other = Certificate.of("root").ca().selfSigned();
                            cases.add(rejected(kind + ", another", List.of(other), issued, root));
                        });
        Certificate root = Certificate.of("root").ca().selfSigned();
        cases.add(accepted("a CA as the server", List.of(root), root));
        check(cases);
    }

    @Test
    void certificatesInBetweenMustBeOfCas() throws Exception {
        List<Case> cases = new ArrayList<>();
        Certificate root = Certificate.of("root").ca().selfSigned();
        Map.of(
                        "no basicConstraints", Certificate.of("intermediate"),
                        "CA:FALSE", Certificate.of("intermediate").noCa(),
                        "without keyCertSign",
                                Certificate.of("intermediate").ca().keyUsage(DIGITAL_SIGNATURE),
                        "of version 1", Certificate.of("intermediate").version1())
                .forEach(
                        (kind, builder) -> {
                            Certificate intermediate = builder.by(root);
                            Certificate issued = Certificate.of("server").by(intermediate);
                            cases.add(rejected(kind, List.of(root), issued, intermediate));
                        });
        Certificate none = Certificate.of("no further").ca(0).by(root);
        Certificate one = Certificate.of("one further").ca(1).by(root);
        Certificate belowNone = Certificate.of("below").ca().by(none);
        Certificate belowOne = Certificate.of("below").ca().by(one);
        Certificate good = Certificate.of("server").by(belowOne);
        cases.add(
                accepted(
                        "path of none, kept",
                        List.of(root),
                        Certificate.of("server").by(none),
                        none));
        cases.add(
                rejected(
                        "path of none",
                        List.of(root),
                        Certificate.of("server").by(belowNone),
                        belowNone,
                        none));
        cases.add(accepted("path of one", List.of(root), good, belowOne, one));
        check(cases);
    }

    /** Where native-jwt rejects and the JDK does not: DIFFERENCES.md names it. */
    @Test
    void serverOfVersion1IsRejected() throws Exception {
        Certificate server = Certificate.of("server").version1().selfSigned();
        Case of = accepted("a server of version 1", List.of(server), server);
        try (KeyServer keys = server(of.chain())) {
            // It names no host either.
            assertThat(oursSays(keys, trustStore(of))).contains("TLS failed: ");
        }
    }

    private void check(List<Case> cases) throws Exception {
        List<String> wrong = new ArrayList<>();
        for (Case of : cases) {
            try (KeyServer keys = server(of.chain())) {
                if (jdkTrusts(keys, keyStore(of)) != of.trusted()) {
                    wrong.add(of.what() + ": the JDK says otherwise than this test");
                }
                compare(of, "PEM", keys, pem(of), wrong);
                compare(of, "PKCS#12", keys, trustStore(of), wrong);
                compare(of, "key store", keys, keyStoreWithKey(of), wrong);
                System.setProperty(TRUST_STORE, saved(keyStore(of)).toString());
                System.setProperty(TRUST_STORE + "Password", PASSWORD);
                compare(of, "JVM", keys, Map.of(), wrong);
                reset();
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(cases).anyMatch(Case::trusted).anyMatch(of -> !of.trusted());
    }

    private void compare(
            Case of,
            String source,
            KeyServer keys,
            Map<String, String> client,
            List<String> wrong) {
        String failure = oursSays(keys, client);
        if (failure.isEmpty() != of.trusted()) {
            wrong.add(
                    "%s, %s: the JDK %s, ours %s"
                            .formatted(
                                    of.what(),
                                    source,
                                    of.trusted() ? "accepts" : "rejects",
                                    failure.isEmpty() ? "accepts" : failure));
        }
    }

    private static boolean jdkTrusts(KeyServer keys, KeyStore anchors) throws Exception {
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(anchors);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        HttpsURLConnection connection =
                (HttpsURLConnection) URI.create(keys.url()).toURL().openConnection();
        connection.setSSLSocketFactory(tls.getSocketFactory());
        try {
            return connection.getResponseCode() == 200;
        } catch (SSLException e) {
            return false;
        } finally {
            connection.disconnect();
        }
    }

    /** Empty if the keys were fetched. */
    private String oursSays(KeyServer keys, Map<String, String> client) {
        Map<String, String> config = new HashMap<>();
        config.put(JWT + "key-file", keys.url());
        config.put(JWT + "jwks.fail-fast", "true");
        client.forEach((key, value) -> config.put(CLIENT + key, value));
        try {
            plugin.factory().create(config);
            return "";
        } catch (RuntimeException e) {
            return e.getMessage();
        }
    }

    private static KeyServer server(List<Certificate> chain) throws Exception {
        // PKCS#12 would demand that the chain is in order.
        KeyStore store = empty("JKS");
        addKey(store, chain);
        return KeyServer.start(KEY, store, PASSWORD.toCharArray());
    }

    private Map<String, String> pem(Case of) throws IOException {
        String pem = of.anchors().stream().map(Certificate::pem).collect(Collectors.joining());
        Path file = Files.writeString(Files.createTempFile(folder, "anchors", ".pem"), pem);
        return Map.of("trust-store-path", file.toString());
    }

    private Map<String, String> trustStore(Case of) throws Exception {
        return Map.of(
                "trust-store-path",
                saved(keyStore(of)).toString(),
                "trust-store-password",
                PASSWORD);
    }

    private Map<String, String> keyStoreWithKey(Case of) throws Exception {
        KeyStore store = keyStore(of);
        addKey(store, List.of(Certificate.of("client").selfSigned()));
        return Map.of("key-store-path", saved(store).toString(), "key-store-password", PASSWORD);
    }

    private static KeyStore keyStore(Case of) throws Exception {
        KeyStore store = empty("PKCS12");
        for (int i = 0; i < of.anchors().size(); i++) {
            store.setCertificateEntry("anchor-" + i, of.anchors().get(i).certificate());
        }
        return store;
    }

    private static void addKey(KeyStore store, List<Certificate> chain)
            throws GeneralSecurityException {
        store.setKeyEntry(
                "key",
                chain.getFirst().keys().getPrivate(),
                PASSWORD.toCharArray(),
                chain.stream().map(Certificate::certificate).toArray(X509Certificate[]::new));
    }

    private static KeyStore empty(String type) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(null, PASSWORD.toCharArray());
        return store;
    }

    private Path saved(KeyStore store) throws Exception {
        Path file = Files.createTempFile(folder, "store", ".p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, PASSWORD.toCharArray());
        }
        return file;
    }
}

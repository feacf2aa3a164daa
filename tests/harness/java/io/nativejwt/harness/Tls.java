// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import io.nativejwt.testing.Pem;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A self-signed certificate for localhost: {@code server.pem} with the key for the coordinator,
 * {@code ca.pem} for its clients, {@code server-key.pem} with the key alone.
 */
public record Tls(Path serverPem, Path certificatePem, Path keyPem, PrivateKey privateKey) {
    private static final String ALIAS = "localhost";
    private static final String PASSWORD = "only-for-this-run";

    public static Tls create(Path folder) {
        Path store = folder.resolve("server.p12");
        Processes.runOrFail(
                Duration.ofMinutes(1),
                List.of(
                        Workspace.keytool(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-alias",
                        ALIAS,
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost,ip:127.0.0.1",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        store.toString()));
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore keyStore = KeyStore.getInstance("PKCS12");
            keyStore.load(in, PASSWORD.toCharArray());
            String certificate =
                    Pem.encode("CERTIFICATE", keyStore.getCertificate(ALIAS).getEncoded());
            PrivateKey privateKey = (PrivateKey) keyStore.getKey(ALIAS, PASSWORD.toCharArray());
            String key = Pem.encode("PRIVATE KEY", privateKey.getEncoded());
            return new Tls(
                    Files.writeString(folder.resolve("server.pem"), key + certificate),
                    Files.writeString(folder.resolve("ca.pem"), certificate),
                    Files.writeString(folder.resolve("server-key.pem"), key),
                    privateKey);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For a server of the tests themselves. */
    public SSLContext serverContext() {
        try (InputStream in = Files.newInputStream(certificatePem)) {
            KeyStore identity = KeyStore.getInstance("PKCS12");
            identity.load(null, null);
            identity.setKeyEntry(
                    ALIAS,
                    privateKey,
                    PASSWORD.toCharArray(),
                    new Certificate[] {
                        CertificateFactory.getInstance("X.509").generateCertificate(in)
                    });
            KeyManagerFactory factory =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(identity, PASSWORD.toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(factory.getKeyManagers(), null, null);
            return context;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public SSLContext clientContext() {
        try (InputStream in = Files.newInputStream(certificatePem)) {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry(
                    ALIAS, CertificateFactory.getInstance("X.509").generateCertificate(in));
            TrustManagerFactory factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}

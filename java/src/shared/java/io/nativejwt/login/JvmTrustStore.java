// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.nativejwt.ffi.TrustedCertificates;

import java.io.File;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;

import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * The certificates that this JVM trusts, as Trino's HTTP client reads them: those of {@code
 * javax.net.ssl.trustStore}, else of the JDK's jssecacerts or cacerts. They are read once, at the
 * start.
 */
public final class JvmTrustStore {
    private static final Logger LOG = Logger.getLogger(JvmTrustStore.class.getName());
    private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, new byte[] {'\n'});

    /** The system property that replaces the JDK's own trust store. */
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";

    private JvmTrustStore() {}

    /** If none can be read, there are no certificates and a warning is logged. */
    public static TrustedCertificates read() {
        String path = System.getProperty(TRUST_STORE, "");
        // An operator who restricts the JVM's trust to a company's CA does not want the system's
        // CAs.
        boolean alone = !path.isEmpty();
        if (alone && !path.equals("NONE") && !new File(path).canRead()) {
            LOG.warning(
                    TRUST_STORE
                            + "="
                            + path
                            + " cannot be read: this JVM and native-jwt trust the certificates of"
                            + " the JDK instead");
        }
        String place = alone ? " (" + TRUST_STORE + "=" + path + ")" : "";
        String without =
                alone
                        ? "; no key server is trusted"
                        : "; key servers are verified with the system's root certificates only";
        String pem = "";
        try {
            pem = pem();
            if (pem.isEmpty()) {
                LOG.warning("The trust store of this JVM" + place + " is empty" + without);
            }
        } catch (GeneralSecurityException | RuntimeException e) {
            LOG.log(
                    Level.WARNING,
                    "The trust store of this JVM" + place + " cannot be read" + without,
                    e);
        }
        return new TrustedCertificates(pem, alone);
    }

    private static String pem() throws GeneralSecurityException {
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        return Arrays.stream(factory.getTrustManagers())
                .filter(X509TrustManager.class::isInstance)
                .map(X509TrustManager.class::cast)
                .flatMap(manager -> Arrays.stream(manager.getAcceptedIssuers()))
                .map(JvmTrustStore::pem)
                .collect(Collectors.joining());
    }

    private static String pem(X509Certificate certificate) {
        try {
            return "-----BEGIN CERTIFICATE-----\n"
                    + new String(BASE64.encode(certificate.getEncoded()), US_ASCII)
                    + "\n-----END CERTIFICATE-----\n";
        } catch (GeneralSecurityException e) {
            // Cannot happen, since it was read from a store as DER; the others are still used.
            return "";
        }
    }
}

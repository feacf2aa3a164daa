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
 * The certificates that this JVM trusts, as stock's HTTP client takes them: those of {@code
 * javax.net.ssl.trustStore}, else of the JDK's jssecacerts or cacerts. They count as they are at
 * the start.
 */
public final class JvmTrustStore {
    private static final Logger LOG = Logger.getLogger(JvmTrustStore.class.getName());
    private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, new byte[] {'\n'});

    /** The property that tells a JVM whom to trust, in the place of what the JDK brings. */
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";

    private JvmTrustStore() {}

    /** Without certificates, and with a warning in the log, where none can be read. */
    public static TrustedCertificates read() {
        String path = System.getProperty(TRUST_STORE, "");
        // Who narrows the JVM's trust to a company's CA does not mean that of the system's as well.
        boolean alone = !path.isEmpty();
        if (alone && !path.equals("NONE") && !new File(path).canRead()) {
            LOG.warning(
                    TRUST_STORE
                            + "="
                            + path
                            + " cannot be read: this JVM trusts the certificates of its JDK"
                            + " instead, and so does native-jwt");
        }
        String place = alone ? " (" + TRUST_STORE + "=" + path + ")" : "";
        String without =
                alone
                        ? "; no server of a JWK set is trusted"
                        : "; the servers of JWK sets are verified with the system's root"
                                + " certificates alone";
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
            // It came out of a store as DER, so this cannot be; the others count.
            return "";
        }
    }
}

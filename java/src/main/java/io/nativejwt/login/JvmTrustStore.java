package io.nativejwt.login;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
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
    private static final String WITHOUT =
            "; the servers of JWK sets are verified with the system's root certificates alone";

    private JvmTrustStore() {}

    /** Reading it takes a while, so it is read only where keys are fetched with it. */
    public static boolean isUsedBy(Map<String, String> config) {
        String jwt = "http-server.authentication.jwt.";
        String keyFile =
                config.getOrDefault(
                        jwt + "key-file",
                        config.getOrDefault("http.authentication.jwt.key-file", ""));
        boolean isFetched =
                List.of("http://", "https://", "oidc:").stream()
                        .anyMatch(
                                begin -> keyFile.regionMatches(true, 0, begin, 0, begin.length()));
        return (isFetched || config.containsKey(jwt + "config-files"))
                && !config.containsKey("jwk.http-client.trust-store-path");
    }

    /** In PEM; empty, and a warning in the log, where there are none. */
    public static String pem() {
        try {
            TrustManagerFactory factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init((KeyStore) null);
            String pem =
                    Arrays.stream(factory.getTrustManagers())
                            .filter(X509TrustManager.class::isInstance)
                            .map(X509TrustManager.class::cast)
                            .flatMap(manager -> Arrays.stream(manager.getAcceptedIssuers()))
                            .map(JvmTrustStore::pem)
                            .collect(Collectors.joining());
            if (pem.isEmpty()) {
                LOG.warning("The trust store of this JVM" + place() + " is empty" + WITHOUT);
            }
            return pem;
        } catch (GeneralSecurityException | RuntimeException e) {
            LOG.log(
                    Level.WARNING,
                    "The trust store of this JVM" + place() + " cannot be read" + WITHOUT,
                    e);
            return "";
        }
    }

    private static String place() {
        String path = System.getProperty("javax.net.ssl.trustStore");
        return path == null ? "" : " (javax.net.ssl.trustStore=" + path + ")";
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

package io.nativejwt.ffi;

/**
 * Whom this JVM trusts as a server of keys, where no trust store is configured.
 *
 * @param pem the certificates, in PEM; may be empty
 * @param alone whether the system's certificates are not trusted beside them
 */
public record TrustedCertificates(String pem, boolean alone) {
    /** The system's certificates and no others. */
    public static final TrustedCertificates OF_THE_SYSTEM = new TrustedCertificates("", false);
}

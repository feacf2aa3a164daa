// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/**
 * The certificates that this JVM trusts for key servers, where no trust store is configured.
 *
 * @param pem the certificates, in PEM; may be empty
 * @param alone whether only these are trusted, without the system's certificates
 */
public record TrustedCertificates(String pem, boolean alone) {
    /** Only the system's certificates. */
    public static final TrustedCertificates OF_THE_SYSTEM = new TrustedCertificates("", false);
}

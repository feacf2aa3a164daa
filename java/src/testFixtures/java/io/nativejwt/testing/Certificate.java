// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;

/**
 * An X.509 certificate (RFC 5280) with its keys: also of kinds that keytool does not make, such as
 * version 1. Its server is {@code 127.0.0.1}.
 */
public final class Certificate {
    /** Bits of {@code keyUsage}, as the last byte of its bit string. */
    public static final int DIGITAL_SIGNATURE = 0x80;

    public static final int KEY_CERT_SIGN = 0x04;

    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final int OCTET_STRING = 0x04;
    private static final int BIT_STRING = 0x03;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int UTF8_STRING = 0x0c;
    private static final int UTC_TIME = 0x17;
    private static final int INTEGER = 0x02;
    private static final int BOOLEAN = 0x01;
    private static final byte[] TRUE = tlv(BOOLEAN, new byte[] {-1});

    /** ecdsa-with-SHA256 (RFC 5758). */
    private static final byte[] ALGORITHM =
            tlv(SEQUENCE, identifier(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));

    private final String name;
    private final KeyPair keys;
    private final X509Certificate certificate;

    private Certificate(String name, KeyPair keys, X509Certificate certificate) {
        this.name = name;
        this.keys = keys;
        this.certificate = certificate;
    }

    public static Builder of(String name) {
        return new Builder(name);
    }

    public X509Certificate certificate() {
        return certificate;
    }

    public KeyPair keys() {
        return keys;
    }

    public String pem() {
        try {
            return Pem.encode("CERTIFICATE", certificate.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Without any extension but the server's address, until it is told others. */
    public static final class Builder {
        private final String name;
        private KeyPair keys = Keys.ec("secp256r1");
        private boolean isVersion1;
        private byte[] basicConstraints;
        private int keyUsage;

        private Builder(String name) {
            this.name = name;
        }

        public Builder keys(KeyPair keys) {
            this.keys = keys;
            return this;
        }

        /** Has no extensions at all. */
        public Builder version1() {
            isVersion1 = true;
            return this;
        }

        public Builder ca() {
            basicConstraints = tlv(SEQUENCE, TRUE);
            return this;
        }

        public Builder ca(int pathLength) {
            basicConstraints = tlv(SEQUENCE, TRUE, tlv(INTEGER, new byte[] {(byte) pathLength}));
            return this;
        }

        /** {@code CA:FALSE}, as against no basicConstraints. */
        public Builder noCa() {
            basicConstraints = tlv(SEQUENCE);
            return this;
        }

        public Builder keyUsage(int bits) {
            keyUsage = bits;
            return this;
        }

        public Certificate selfSigned() {
            return signed(name, keys);
        }

        /** Issued by a certificate of whatever kind. */
        public Certificate by(Certificate issuer) {
            return signed(issuer.name, issuer.keys);
        }

        private Certificate signed(String issuer, KeyPair issuerKeys) {
            byte[] serial = tlv(INTEGER, new byte[] {(byte) (System.nanoTime() & 0x7f)});
            byte[] validity = tlv(SEQUENCE, time("200101000000Z"), time("491231235959Z"));
            byte[] version = isVersion1 ? new byte[0] : tlv(0xa0, tlv(INTEGER, new byte[] {2}));
            byte[] body =
                    tlv(
                            SEQUENCE,
                            version,
                            serial,
                            ALGORITHM,
                            distinguishedName(issuer),
                            validity,
                            distinguishedName(name),
                            keys.getPublic().getEncoded(),
                            isVersion1 ? new byte[0] : extensions());
            try {
                Signature signature = Signature.getInstance("SHA256withECDSA");
                signature.initSign(issuerKeys.getPrivate());
                signature.update(body);
                byte[] der = tlv(SEQUENCE, body, ALGORITHM, bits(0, signature.sign()));
                return new Certificate(
                        name,
                        keys,
                        (X509Certificate)
                                CertificateFactory.getInstance("X.509")
                                        .generateCertificate(new ByteArrayInputStream(der)));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        private byte[] extensions() {
            byte[] constraints =
                    basicConstraints == null ? new byte[0] : extension(19, basicConstraints);
            byte[] usage =
                    keyUsage == 0
                            ? new byte[0]
                            : extension(
                                    15,
                                    bits(
                                            Integer.numberOfTrailingZeros(keyUsage),
                                            new byte[] {(byte) keyUsage}));
            byte[] address = tlv(SEQUENCE, tlv(0x87, new byte[] {127, 0, 0, 1}));
            return tlv(0xa3, tlv(SEQUENCE, constraints, usage, extension(17, address)));
        }
    }

    private static byte[] time(String time) {
        return tlv(UTC_TIME, time.getBytes(US_ASCII));
    }

    private static byte[] distinguishedName(String commonName) {
        byte[] text = tlv(UTF8_STRING, commonName.getBytes(UTF_8));
        return tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, identifier(0x55, 0x04, 0x03), text)));
    }

    /** One of {@code id-ce}, critical. */
    private static byte[] extension(int number, byte[] value) {
        return tlv(SEQUENCE, identifier(0x55, 0x1d, number), TRUE, tlv(OCTET_STRING, value));
    }

    private static byte[] identifier(int... encoded) {
        byte[] bytes = new byte[encoded.length];
        for (int i = 0; i < encoded.length; i++) {
            bytes[i] = (byte) encoded[i];
        }
        return tlv(OBJECT_IDENTIFIER, bytes);
    }

    private static byte[] bits(int unused, byte[] bytes) {
        return tlv(BIT_STRING, new byte[] {(byte) unused}, bytes);
    }

    private static byte[] tlv(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        int length = content.size();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (length >= 0x100) {
            out.write(0x82);
            out.write(length >> 8);
        } else if (length >= 0x80) {
            out.write(0x81);
        }
        out.write(length);
        out.writeBytes(content.toByteArray());
        return out.toByteArray();
    }
}

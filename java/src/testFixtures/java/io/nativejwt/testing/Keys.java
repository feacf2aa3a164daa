// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.testing;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;

import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/** Fresh keys for one run. */
public final class Keys {
    private Keys() {}

    public static KeyPair rsa() {
        return generate("RSA", generator -> generator.initialize(2048));
    }

    public static KeyPair ec(String curve) {
        return generate("EC", generator -> generator.initialize(new ECGenParameterSpec(curve)));
    }

    public static KeyPair ed25519() {
        return generate("Ed25519", generator -> {});
    }

    public static SecretKey hmac(int bytes) {
        byte[] secret = new byte[bytes];
        new SecureRandom().nextBytes(secret);
        return new SecretKeySpec(secret, "HMAC");
    }

    public static String publicPem(KeyPair keys) {
        return Pem.encode("PUBLIC KEY", keys.getPublic().getEncoded());
    }

    private interface Setup {
        void apply(KeyPairGenerator generator) throws GeneralSecurityException;
    }

    private static KeyPair generate(String type, Setup setup) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
            setup.apply(generator);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}

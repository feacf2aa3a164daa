// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.nativejwt.testing.Token;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Map;

import javax.crypto.spec.SecretKeySpec;

/**
 * The keys and tokens of one measurement. Keys are those of tests/cases/keys, claims those of
 * bench/claims; the working directory is the root of the source tree.
 *
 * @param keyFile what verifies, as {@code key-file} names it
 * @param isKeySet whether it is a JWK set, which tokens name a key of
 */
record Material(String algorithm, String keyName, Path keyFile, boolean isKeySet) {
    static final String ISSUER = "https://sso.corp.example/realms/analytics";
    static final String AUDIENCE = "trino";
    static final String PRINCIPAL_FIELD = "preferred_username";

    private static final String KEY_ID = "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE";
    private static final Path KEYS = Path.of("tests/cases/keys");

    static Material of(String algorithm) {
        String keyName =
                switch (algorithm.substring(0, 2)) {
                    case "HS" -> "hmac-64";
                    case "RS", "PS" -> "rsa-2048";
                    case "ES" -> "ec-p" + algorithm.substring(2);
                    default -> "ed25519";
                };
        String extension = algorithm.startsWith("HS") ? ".secret" : ".public.pem";
        Path keyFile = KEYS.resolve(keyName + extension).toAbsolutePath();
        return new Material(algorithm, keyName, keyFile, false);
    }

    /** The same RSA key in a JWK set, under the name that tokens have. */
    static Material keySet(Path folder) {
        Material single = of("RS256");
        RSAPublicKey key = (RSAPublicKey) single.verifyingKey();
        String json =
                Token.json(
                        Map.of(
                                "keys",
                                java.util.List.of(
                                        Map.of(
                                                "kty",
                                                "RSA",
                                                "alg",
                                                "RS256",
                                                "use",
                                                "sig",
                                                "kid",
                                                KEY_ID,
                                                "n",
                                                number(key.getModulus().toByteArray()),
                                                "e",
                                                number(key.getPublicExponent().toByteArray())))));
        try {
            Path file = Files.writeString(folder.resolve("keys.json"), json);
            return new Material("RS256", single.keyName, file, true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Without the sign's byte. */
    private static String number(byte[] bytes) {
        int start = bytes[0] == 0 ? 1 : 0;
        return Token.encode(java.util.Arrays.copyOfRange(bytes, start, bytes.length));
    }

    Key verifyingKey() {
        try {
            if (algorithm.startsWith("HS")) {
                return secret(keyName);
            }
            byte[] der = body(keyFile.getParent().resolve(keyName + ".public.pem"));
            return KeyFactory.getInstance(family()).generatePublic(new X509EncodedKeySpec(der));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A token as Keycloak makes it, of about the size that is asked for. */
    String token(String size) {
        return sign(claims(size), KEY_ID);
    }

    /** The token of one of many users. */
    String tokenOf(int number) {
        return sign(claims("1.5k").claim("jti", "token-%07d".formatted(number)), KEY_ID);
    }

    String expired() {
        return sign(claims("1.5k").claim("exp", 1_500_000_000L), KEY_ID);
    }

    /** The signature of another token, by the right key. One by another key may be none at all. */
    String withBadSignature() {
        String token = token("1.5k");
        String other = tokenOf(1);
        int end = token.lastIndexOf('.');
        return token.substring(0, end) + other.substring(other.lastIndexOf('.'));
    }

    String withUnknownKeyId() {
        return sign(claims("1.5k"), "nobody-has-this-key");
    }

    /** Bytes of a token's length that are none. */
    String garbage() {
        return token("1.5k").replace('.', 'x');
    }

    private Token claims(String size) {
        try {
            Map<String, Object> claims =
                    new ObjectMapper()
                            .readValue(
                                    Files.readString(Path.of("bench/claims", size + ".json")),
                                    new TypeReference<>() {});
            Token token = Token.of("");
            claims.forEach(token::claim);
            return token;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String sign(Token token, String keyId) {
        token.header("typ", "JWT").header("kid", keyId);
        if (algorithm.startsWith("HS")) {
            return token.sign(algorithm, secret(keyName));
        }
        try {
            byte[] der = body(KEYS.resolve(keyName + ".private.pem"));
            PrivateKey key =
                    KeyFactory.getInstance(family()).generatePrivate(new PKCS8EncodedKeySpec(der));
            return token.sign(algorithm, key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private String family() {
        return switch (algorithm.substring(0, 2)) {
            case "RS", "PS" -> "RSA";
            case "ES" -> "EC";
            default -> "Ed25519";
        };
    }

    private static SecretKeySpec secret(String name) {
        return new SecretKeySpec(body(KEYS.resolve(name + ".secret")), "HMAC");
    }

    private static byte[] body(Path file) {
        try {
            String text = Files.readString(file).replaceAll("-----[^-]*-----", "");
            return Base64.getMimeDecoder().decode(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

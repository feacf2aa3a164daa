// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * Makes tokens, good ones and bad ones, with the JDK's own cryptography: what a test signs is then
 * never checked by the code that signed it.
 */
public final class Token {
    private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

    private final Map<String, Object> header = new LinkedHashMap<>();
    private final Map<String, Object> claims = new LinkedHashMap<>();

    /** A token that is good for an hour. */
    public static Token of(String subject) {
        long now = Instant.now().getEpochSecond();
        return new Token().claim("sub", subject).claim("iat", now).claim("exp", now + 3600);
    }

    /** A null value takes the member away. */
    public Token header(String name, Object value) {
        put(header, name, value);
        return this;
    }

    public Token claim(String name, Object value) {
        put(claims, name, value);
        return this;
    }

    public Token expiringAt(Instant time) {
        return claim("exp", time.getEpochSecond());
    }

    private static void put(Map<String, Object> members, String name, Object value) {
        if (value == null) {
            members.remove(name);
        } else {
            members.put(name, value);
        }
    }

    public String sign(String algorithm, PrivateKey key) {
        return join(algorithm, input -> signature(algorithm, key, input));
    }

    public String sign(String algorithm, SecretKey key) {
        return join(
                algorithm,
                input -> {
                    Mac mac = Mac.getInstance("HmacSHA" + algorithm.substring(2));
                    mac.init(key);
                    return mac.doFinal(input);
                });
    }

    /** With a signature of the caller's making, such as none. */
    public String withSignature(String algorithm, byte[] signature) {
        return join(algorithm, input -> signature);
    }

    private interface Signer {
        byte[] sign(byte[] input) throws GeneralSecurityException;
    }

    private String join(String algorithm, Signer signer) {
        Map<String, Object> fullHeader = new LinkedHashMap<>();
        fullHeader.put("alg", algorithm);
        fullHeader.putAll(header);
        String input =
                encode(json(fullHeader).getBytes(UTF_8))
                        + "."
                        + encode(json(claims).getBytes(UTF_8));
        try {
            return input + "." + encode(signer.sign(input.getBytes(UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("Cannot sign with " + algorithm, e);
        }
    }

    private static byte[] signature(String algorithm, PrivateKey key, byte[] input)
            throws GeneralSecurityException {
        String bits = algorithm.substring(2);
        Signature signature =
                switch (algorithm.substring(0, 2)) {
                    case "RS" -> Signature.getInstance("SHA" + bits + "withRSA");
                    case "PS" -> pss(Integer.parseInt(bits));
                    case "ES" -> Signature.getInstance("SHA" + bits + "withECDSAinP1363Format");
                    case "Ed" -> Signature.getInstance("Ed25519");
                    default ->
                            throw new IllegalArgumentException("No such algorithm: " + algorithm);
                };
        signature.initSign(key);
        signature.update(input);
        return signature.sign();
    }

    private static Signature pss(int bits) throws GeneralSecurityException {
        Signature signature = Signature.getInstance("RSASSA-PSS");
        String hash = "SHA-" + bits;
        signature.setParameter(
                new PSSParameterSpec(
                        hash,
                        "MGF1",
                        new MGF1ParameterSpec(hash),
                        bits / 8,
                        PSSParameterSpec.TRAILER_FIELD_BC));
        return signature;
    }

    public static String encode(byte[] bytes) {
        return BASE64URL.encodeToString(bytes);
    }

    /** Enough of JSON for headers, claims and JWK sets of tests. */
    public static String json(Object value) {
        return switch (value) {
            case Map<?, ?> map ->
                    map.entrySet().stream()
                            .map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
                            .collect(Collectors.joining(",", "{", "}"));
            case Collection<?> list ->
                    list.stream().map(Token::json).collect(Collectors.joining(",", "[", "]"));
            case String text -> "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
            case Number number -> number.toString();
            case Boolean flag -> flag.toString();
            default -> throw new IllegalArgumentException("No JSON for " + value.getClass());
        };
    }
}

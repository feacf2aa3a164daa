package io.nativejwt.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;

import io.nativejwt.testing.Token;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** An identity provider's JWK set, over plain http; who asked for it is kept. */
final class JwksEndpoint implements AutoCloseable {
    private final HttpServer server;
    private final List<String> userAgents;

    private JwksEndpoint(HttpServer server, List<String> userAgents) {
        this.server = server;
        this.userAgents = userAgents;
    }

    static JwksEndpoint serving(List<Map<String, Object>> keys) {
        return serving(0, keys);
    }

    static JwksEndpoint serving(int port, List<Map<String, Object>> keys) {
        List<String> userAgents = new CopyOnWriteArrayList<>();
        byte[] body = Token.json(Map.of("keys", keys)).getBytes(UTF_8);
        try {
            HttpServer server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.createContext(
                    "/keys",
                    exchange -> {
                        userAgents.add(exchange.getRequestHeaders().getFirst("User-Agent"));
                        exchange.getResponseHeaders().set("Content-Type", "application/json");
                        exchange.sendResponseHeaders(200, body.length);
                        exchange.getResponseBody().write(body);
                        exchange.close();
                    });
            server.start();
            return new JwksEndpoint(server, userAgents);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of each request, in their order. */
    List<String> userAgents() {
        return List.copyOf(userAgents);
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/keys";
    }

    @Override
    public void close() {
        server.stop(0);
    }

    static Map<String, Object> jwk(String kid, KeyPair keys) {
        return switch (keys.getPublic()) {
            case RSAPublicKey rsa ->
                    Map.of(
                            "kty",
                            "RSA",
                            "kid",
                            kid,
                            "use",
                            "sig",
                            "n",
                            unsigned(rsa.getModulus(), 256),
                            "e",
                            unsigned(rsa.getPublicExponent(), 3));
            case ECPublicKey ec ->
                    Map.of(
                            "kty",
                            "EC",
                            "kid",
                            kid,
                            "crv",
                            "P-256",
                            "x",
                            unsigned(ec.getW().getAffineX(), 32),
                            "y",
                            unsigned(ec.getW().getAffineY(), 32));
            default ->
                    throw new IllegalArgumentException(
                            "No JWK for " + keys.getPublic().getAlgorithm());
        };
    }

    private static String unsigned(BigInteger number, int length) {
        byte[] signed = number.toByteArray();
        byte[] bytes = new byte[length];
        int count = Math.min(signed.length, length);
        System.arraycopy(signed, signed.length - count, bytes, length - count, count);
        return Token.encode(bytes);
    }
}

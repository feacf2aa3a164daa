// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
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

/** An identity provider's JWK set, over plain http; it may change, end and begin again. */
public final class JwksEndpoint implements AutoCloseable {
    private final int port;
    private final List<String> userAgents = new CopyOnWriteArrayList<>();
    private volatile byte[] body;
    private HttpServer server;

    private JwksEndpoint(int port) {
        this.port = port;
    }

    public static JwksEndpoint serving(List<Map<String, Object>> keys) {
        JwksEndpoint endpoint = absent();
        endpoint.serve(keys);
        return endpoint;
    }

    /** Its URL is known, but it does not listen yet. */
    public static JwksEndpoint absent() {
        try {
            return new JwksEndpoint(Coordinator.freePorts(1)[0]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on these keys. */
    public void serve(List<Map<String, Object>> keys) {
        body = Token.json(Map.of("keys", keys)).getBytes(UTF_8);
        if (server != null) {
            return;
        }
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.createContext("/keys", this::answer);
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        userAgents.add(exchange.getRequestHeaders().getFirst("User-Agent"));
        byte[] answer = body;
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    public int requests() {
        return userAgents.size();
    }

    /** Of each request, in their order. */
    public List<String> userAgents() {
        return List.copyOf(userAgents);
    }

    public String url() {
        return "http://127.0.0.1:" + port + "/keys";
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop(0);
            server = null;
        }
    }

    public static Map<String, Object> jwk(String kid, KeyPair keys) {
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

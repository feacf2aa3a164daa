// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.trino;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.testing.Token;
import io.trino.server.security.jwt.JwtAuthenticator;
import io.trino.server.testing.TestingTrinoServer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * What Trino's own tests leave out, on one server with every property set: the mapped user is the
 * one that a query sees, and each rejection is a 401 with Trino's challenge.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class NativeInPlaceOfBuiltInTest {
    /** From Trino's tests, beside their other keys. */
    private static final Path HMAC_KEY = Path.of("build/test/trino/hmac_key.txt");

    private SecretKey key;
    private TestingTrinoServer server;

    @BeforeAll
    void start() throws IOException {
        byte[] secret = Base64.getDecoder().decode(Files.readString(HMAC_KEY).trim());
        key = new SecretKeySpec(secret, "HmacSHA256");
        String prefix = "http-server.authentication.jwt.";
        server =
                TestingTrinoServer.builder()
                        .setProperties(
                                Map.of(
                                        "http-server.authentication.type",
                                        "jwt",
                                        "http-server.process-forwarded",
                                        "accept",
                                        prefix + "key-file",
                                        HMAC_KEY.toAbsolutePath().toString(),
                                        prefix + "required-issuer",
                                        "https://issuer.example/",
                                        prefix + "required-audience",
                                        "trino",
                                        prefix + "principal-field",
                                        "email",
                                        prefix + "user-mapping.pattern",
                                        "(.*)@corp\\.com"))
                        .build();
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    @Test
    void the_class_in_place_is_ours() {
        String place = JwtAuthenticator.class.getProtectionDomain().getCodeSource().toString();
        assertThat(place).contains("classes/java/trino");
    }

    @Test
    void a_query_sees_the_mapped_user() throws Exception {
        int before = JwtAuthenticator.ACCEPTED.get();
        assertThat(currentUser(good().sign("HS256", key))).isEqualTo("alice");
        assertThat(currentUser(good().claim("aud", List.of("other", "trino")).sign("HS256", key)))
                .isEqualTo("alice");
        assertThat(JwtAuthenticator.ACCEPTED.get()).isGreaterThan(before + 1);
    }

    @Test
    void each_rejection_is_a_401_with_trinos_sentence_and_challenge() throws Exception {
        int before = JwtAuthenticator.REJECTED.get();
        rejected(
                good().claim("aud", "other"),
                "Invalid Audience: [other]. Allowed audiences: trino");
        rejected(
                good().claim("aud", null),
                "Expected aud claim to be: trino, but was not present in the JWT claims.");
        rejected(
                good().claim("iss", "https://evil.example/"),
                "Expected iss claim to be: https://issuer.example/, but was:"
                        + " https://evil.example/.");
        rejected(
                good().claim("iss", null),
                "Missing 'iss' claim. Expected value: https://issuer.example/");
        rejected(good().claim("email", null), "Invalid credentials");
        rejected(
                good().claim("email", "alice@other.com"),
                "No user mapping patterns match the principal");
        rejected(good().claim("email", "@corp.com"), "Principal matched, but mapped user is empty");
        rejected(good().expiringAt(Instant.now().minusSeconds(9)), "JWT expired");
        SecretKey foreign = new SecretKeySpec(new byte[32], "HmacSHA256");
        rejected(
                good().sign("HS256", foreign),
                "JWT signature does not match locally computed signature.");
        rejected("no-token", "Invalid compact JWT string");
        assertThat(JwtAuthenticator.REJECTED.get()).isEqualTo(before + 10);
    }

    /** The built-in authenticator fails on these with status 500 and a stack trace. */
    @Test
    void an_encrypted_token_is_a_401_too() throws Exception {
        String header =
                Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString("{\"alg\":\"dir\",\"enc\":\"A128GCM\"}".getBytes());
        HttpResponse<String> response = statement(header + "..AAAA.AAAA.AAAA");
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.body()).doesNotContain("Exception");
    }

    private static Token good() {
        return Token.of("nobody")
                .claim("email", "alice@corp.com")
                .claim("iss", "https://issuer.example/")
                .claim("aud", "trino");
    }

    private void rejected(Token token, String sentence) throws Exception {
        rejected(token.sign("HS256", key), sentence);
    }

    private void rejected(String token, String sentence) throws Exception {
        HttpResponse<String> response = statement(token);
        assertThat(response.statusCode()).as(sentence).isEqualTo(401);
        assertThat(response.body()).startsWith(sentence);
        assertThat(response.headers().allValues("WWW-Authenticate"))
                .containsExactly("Bearer realm=\"Trino\", token_type=\"JWT\"");
    }

    private HttpResponse<String> statement(String token) throws Exception {
        return send(
                HttpRequest.newBuilder(server.resolve("/v1/statement"))
                        .POST(HttpRequest.BodyPublishers.ofString("SELECT current_user")),
                token);
    }

    private String currentUser(String token) throws Exception {
        HttpResponse<String> response = statement(token);
        Pattern next = Pattern.compile("\"nextUri\":\"([^\"]*)\"");
        Pattern data = Pattern.compile("\"data\":\\[\\[\"([^\"]*)\"]]");
        String user = null;
        // To the query's end, so that the server stops in peace.
        while (true) {
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            Matcher found = data.matcher(response.body());
            user = found.find() ? found.group(1) : user;
            Matcher more = next.matcher(response.body());
            if (!more.find()) {
                return user;
            }
            // The server writes the scheme that the header names.
            URI uri = URI.create(more.group(1).replaceFirst("^https:", "http:"));
            response = send(HttpRequest.newBuilder(uri), token);
        }
    }

    private HttpResponse<String> send(HttpRequest.Builder request, String token) throws Exception {
        request.header("Authorization", "Bearer " + token).header("X-Forwarded-Proto", "https");
        // The server closes a connection whose request it rejects before it has read the body.
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }
    }
}

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import javax.crypto.SecretKey;

/**
 * One coordinator with a property file for each kind of key; a token of each kind logs in, by JDBC
 * and by the command line.
 */
final class KeyKindsTest {
    private static final KeyPair RSA = Keys.rsa();
    private static final KeyPair P256 = Keys.ec("secp256r1");
    private static final KeyPair P384 = Keys.ec("secp384r1");
    private static final KeyPair P521 = Keys.ec("secp521r1");
    private static final KeyPair ED25519 = Keys.ed25519();
    private static final SecretKey SECRET = Keys.hmac(64);
    private static final KeyPair NAMED = Keys.ec("secp256r1");
    private static final KeyPair UNNAMED = Keys.ec("secp256r1");
    private static final KeyPair FETCHED = Keys.rsa();

    private static Tls certificate;
    private static JwksEndpoint endpoint;
    private static Coordinator coordinator;

    private record Kind(String name, UnaryOperator<Token> header, Signer signer) {
        String token(String user) {
            return signer.sign(header.apply(Token.of(user)));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private interface Signer {
        String sign(Token token);
    }

    @BeforeAll
    static void start() throws IOException {
        Path folder = Workspace.freshFolder("test/key-kinds");
        endpoint = JwksEndpoint.serving(List.of(JwksEndpoint.jwk("fetched", FETCHED)));
        Files.createDirectories(folder.resolve("keys"));
        Files.writeString(folder.resolve("keys/team_a.pem"), Keys.publicPem(NAMED));
        Files.writeString(folder.resolve("keys/default-key.pem"), Keys.publicPem(UNNAMED));
        certificate = Tls.create(Files.createDirectories(folder.resolve("certificate")));
        coordinator =
                Coordinator.in(folder)
                        .authenticator("rsa", keyFile(folder, "rsa.pem", Keys.publicPem(RSA)))
                        .authenticator(
                                "certificate",
                                Map.of(KEY_FILE, certificate.certificatePem().toString()))
                        .authenticator("p256", keyFile(folder, "p256.pem", Keys.publicPem(P256)))
                        .authenticator("p384", keyFile(folder, "p384.pem", Keys.publicPem(P384)))
                        .authenticator("p521", keyFile(folder, "p521.pem", Keys.publicPem(P521)))
                        .authenticator(
                                "ed25519", keyFile(folder, "ed25519.pem", Keys.publicPem(ED25519)))
                        .authenticator(
                                "hmac",
                                keyFile(
                                        folder,
                                        "hmac.key",
                                        Base64.getMimeEncoder()
                                                .encodeToString(SECRET.getEncoded())))
                        .authenticator("template", Map.of(KEY_FILE, folder + "/keys/${KID}.pem"))
                        .authenticator("jwks", Map.of(KEY_FILE, endpoint.url()))
                        .start();
    }

    @AfterAll
    static void stop() {
        if (coordinator != null) {
            coordinator.close();
        }
        if (endpoint != null) {
            endpoint.close();
        }
    }

    private static final String KEY_FILE = "http-server.authentication.jwt.key-file";

    private static Map<String, String> keyFile(Path folder, String name, String text)
            throws IOException {
        return Map.of(KEY_FILE, Files.writeString(folder.resolve(name), text).toString());
    }

    static Stream<Kind> kinds() {
        Stream.Builder<Kind> kinds = Stream.builder();
        for (String algorithm : List.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")) {
            kinds.add(kind("RSA PEM, " + algorithm, algorithm, RSA));
        }
        kinds.add(
                new Kind(
                        "X.509 certificate",
                        token -> token,
                        token -> token.sign("ES256", certificate.privateKey())));
        kinds.add(kind("P-256 PEM", "ES256", P256));
        kinds.add(kind("P-384 PEM", "ES384", P384));
        kinds.add(kind("P-521 PEM", "ES512", P521));
        kinds.add(kind("Ed25519 PEM", "EdDSA", ED25519));
        for (String algorithm : List.of("HS256", "HS384", "HS512")) {
            kinds.add(
                    new Kind(
                            "HMAC file, " + algorithm,
                            token -> token,
                            token -> token.sign(algorithm, SECRET)));
        }
        // Characters that do not belong into a file name become an underscore, as with stock.
        kinds.add(
                new Kind(
                        "${KID}",
                        token -> token.header("kid", "team/a"),
                        token -> token.sign("ES256", NAMED.getPrivate())));
        kinds.add(kind("${KID}, no kid", "ES256", UNNAMED));
        kinds.add(
                new Kind(
                        "JWKS",
                        token -> token.header("kid", "fetched"),
                        token -> token.sign("RS256", FETCHED.getPrivate())));
        return kinds.build();
    }

    private static Kind kind(String name, String algorithm, KeyPair keys) {
        return new Kind(name, token -> token, token -> token.sign(algorithm, keys.getPrivate()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void jdbcLogin(Kind kind) throws SQLException {
        assertThat(Clients.jdbc(coordinator, kind.token("alice"), "SELECT current_user"))
                .containsExactly("alice");
    }

    @Test
    void cliLogin() {
        Kind kind = kinds().reduce((first, second) -> second).orElseThrow();
        Processes.Result result =
                Clients.cli(coordinator, "alice", kind.token("alice"), "SELECT current_user");
        assertThat(result.output()).as(result.error()).isEqualTo("alice\n");
    }

    @Test
    void keyOfNobodyIsRefusedByAll() {
        String forged = Token.of("alice").sign("RS256", Keys.rsa().getPrivate());
        assertThatThrownBy(() -> Clients.jdbc(coordinator, forged, "SELECT 1"))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("JWT signature does not match")
                .hasMessageContaining("but no key is configured")
                .hasMessageContaining("Key ID is required");
    }

    @Test
    void unknownKidIsRefusedByTemplateAndJwks() {
        String unknown =
                Token.of("alice").header("kid", "nobody").sign("RS256", Keys.rsa().getPrivate());
        assertThatThrownBy(() -> Clients.jdbc(coordinator, unknown, "SELECT 1"))
                .hasMessageContaining("Unknown signing key ID");
    }

    @Test
    void plainHttpKeySourceIsWarnedOf() {
        assertThat(coordinator.log())
                .anySatisfy(
                        line ->
                                assertThat(line)
                                        .contains("WARN")
                                        .contains(endpoint.url())
                                        .contains("https"));
    }

    /** All of the property files together, library and all; the rest of the start is Trino's. */
    @Test
    void startTakesLessThanASecondLonger() {
        List<String> lines =
                coordinator.log().stream()
                        .filter(line -> line.contains("HeaderAuthenticatorManager"))
                        .toList();
        assertThat(lines.getFirst()).contains("-- Loading header authenticator --");
        assertThat(lines.getLast()).contains("-- Loaded header authenticator native-jwt --");
        assertThat(Duration.between(time(lines.getFirst()), time(lines.getLast())))
                .isLessThan(Duration.ofSeconds(1));
    }

    private static Instant time(String line) {
        return Instant.parse(line.substring(0, line.indexOf('\t')));
    }
}

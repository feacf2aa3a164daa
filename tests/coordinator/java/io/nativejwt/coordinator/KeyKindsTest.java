// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Tls;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import javax.crypto.SecretKey;

/**
 * Coordinators with a property file for each kind of key; a token of each kind logs in, by JDBC and
 * by the command line.
 */
@ParameterizedClass
@EnumSource(Site.class)
final class KeyKindsTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final KeyPair RSA = Keys.rsa();
    private static final KeyPair P256 = Keys.ec("secp256r1");
    private static final KeyPair P384 = Keys.ec("secp384r1");
    private static final KeyPair P521 = Keys.ec("secp521r1");
    private static final KeyPair ED25519 = Keys.ed25519();
    private static final SecretKey SECRET = Keys.hmac(64);
    private static final KeyPair NAMED = Keys.ec("secp256r1");
    private static final KeyPair UNNAMED = Keys.ec("secp256r1");
    private static final KeyPair FETCHED = Keys.rsa();

    /** Of the web UI's sign-in; no test gets there. */
    private static final String PROVIDER = "http://127.0.0.1:1/";

    private static Tls certificate;

    /** From what a place calls a key to its key-file. */
    private static Map<String, String> keyFiles;

    private static JwksEndpoint endpoint;
    private static Coordinator coordinator;

    @Parameter Site site;

    private record Kind(String name, String source, UnaryOperator<Token> header, Signer signer) {
        String token(String user) {
            return signer.sign(header.apply(Token.of(user).claim("iss", source)));
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
    static void makeKeys() throws IOException {
        Path folder = Workspace.freshFolder("test/key-kinds");
        endpoint = PARTS.add(JwksEndpoint.serving(List.of(JwksEndpoint.jwk("fetched", FETCHED))));
        Files.createDirectories(folder.resolve("keys"));
        Files.writeString(folder.resolve("keys/team_a.pem"), Keys.publicPem(NAMED));
        Files.writeString(folder.resolve("keys/default-key.pem"), Keys.publicPem(UNNAMED));
        certificate = Tls.create(Files.createDirectories(folder.resolve("certificate")));
        String secret = Base64.getMimeEncoder().encodeToString(SECRET.getEncoded());
        keyFiles = new LinkedHashMap<>();
        keyFiles.put("rsa", keyFile(folder, "rsa.pem", Keys.publicPem(RSA)));
        keyFiles.put("certificate", certificate.certificatePem().toString());
        keyFiles.put("p256", keyFile(folder, "p256.pem", Keys.publicPem(P256)));
        keyFiles.put("p384", keyFile(folder, "p384.pem", Keys.publicPem(P384)));
        keyFiles.put("p521", keyFile(folder, "p521.pem", Keys.publicPem(P521)));
        keyFiles.put("ed25519", keyFile(folder, "ed25519.pem", Keys.publicPem(ED25519)));
        keyFiles.put("hmac", keyFile(folder, "hmac.key", secret));
        keyFiles.put("template", folder + "/keys/${KID}.pem");
        keyFiles.put("jwks", endpoint.url());
    }

    /**
     * One authenticator chooses by the issuer. The plugin has it for every second key, and an
     * authenticator for each of the others.
     */
    @BeforeParameterizedClassInvocation
    static void start(Site site) throws IOException {
        Path folder = Workspace.freshFolder("test/key-kinds/" + site);
        Coordinator.Builder builder = Coordinator.in(folder).at(site);
        List<String> issuers = new ArrayList<>();
        boolean alone = false;
        for (Map.Entry<String, String> source : keyFiles.entrySet()) {
            alone = !alone && !site.isServer();
            if (alone) {
                builder.authenticator(source.getKey(), Map.of(KEY_FILE, source.getValue()));
            } else {
                String text =
                        "%s=%s%nhttp-server.authentication.jwt.required-issuer=%s%n"
                                .formatted(KEY_FILE, source.getValue(), source.getKey());
                Path file = folder.resolve(source.getKey() + ".properties");
                issuers.add(Files.writeString(file, text).toString());
            }
        }
        builder.jwt(
                Map.of("http-server.authentication.jwt.config-files", String.join(",", issuers)));
        if (site.isServer()) {
            signInByOAuth2(builder);
        }
        coordinator = PARTS.add(builder.start());
    }

    /** The web UI has its own sign-in, and its tokens are also those of an issuer of ours. */
    private static void signInByOAuth2(Coordinator.Builder builder) {
        String oauth2 = "http-server.authentication.oauth2.";
        builder.config("web-ui.authentication.type", "oauth2")
                .config("web-ui.token-copy.enabled", "true")
                .config(oauth2 + "issuer", "jwks")
                .config(oauth2 + "auth-url", PROVIDER + "auth")
                .config(oauth2 + "token-url", PROVIDER + "token")
                .config(oauth2 + "jwks-url", endpoint.url())
                .config(oauth2 + "oidc.discovery", "false")
                .config(oauth2 + "client-id", "trino-web")
                .config(oauth2 + "client-secret", "secret");
    }

    private static final String KEY_FILE = "http-server.authentication.jwt.key-file";

    private static String keyFile(Path folder, String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    static Stream<Kind> kinds() {
        Stream.Builder<Kind> kinds = Stream.builder();
        for (String algorithm : List.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")) {
            kinds.add(kind("RSA PEM, " + algorithm, "rsa", algorithm, RSA));
        }
        kinds.add(
                new Kind(
                        "X.509 certificate",
                        "certificate",
                        token -> token,
                        token -> token.sign("ES256", certificate.privateKey())));
        kinds.add(kind("P-256 PEM", "p256", "ES256", P256));
        kinds.add(kind("P-384 PEM", "p384", "ES384", P384));
        kinds.add(kind("P-521 PEM", "p521", "ES512", P521));
        kinds.add(kind("Ed25519 PEM", "ed25519", "EdDSA", ED25519));
        for (String algorithm : List.of("HS256", "HS384", "HS512")) {
            kinds.add(
                    new Kind(
                            "HMAC file, " + algorithm,
                            "hmac",
                            token -> token,
                            token -> token.sign(algorithm, SECRET)));
        }
        // Characters that do not belong into a file name become an underscore, as with the built-in
        // authenticator.
        kinds.add(
                new Kind(
                        "${KID}",
                        "template",
                        token -> token.header("kid", "team/a"),
                        token -> token.sign("ES256", NAMED.getPrivate())));
        kinds.add(kind("${KID}, no kid", "template", "ES256", UNNAMED));
        kinds.add(
                new Kind(
                        "JWKS",
                        "jwks",
                        token -> token.header("kid", "fetched"),
                        token -> token.sign("RS256", FETCHED.getPrivate())));
        return kinds.build();
    }

    private static Kind kind(String name, String source, String algorithm, KeyPair keys) {
        return new Kind(
                name, source, token -> token, token -> token.sign(algorithm, keys.getPrivate()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void jdbcAcceptsTheToken(Kind kind) throws SQLException {
        assertThat(Clients.jdbc(coordinator, kind.token("alice"), "SELECT current_user"))
                .containsExactly("alice");
    }

    @Test
    void cliAcceptsTheToken() {
        Kind kind = kinds().reduce((first, second) -> second).orElseThrow();
        Processes.Result result =
                Clients.cli(coordinator, "alice", kind.token("alice"), "SELECT current_user");
        assertThat(result.output()).as(result.error()).isEqualTo("alice\n");
    }

    @Test
    void unknownKeyIsRejectedByAll() {
        String forged = Token.of("alice").sign("RS256", Keys.rsa().getPrivate());
        String[] sentences =
                site.isServer()
                        ? new String[] {"iss"}
                        : new String[] {"JWT signature does not match", "but no key is configured"};
        assertThatThrownBy(() -> Clients.jdbc(coordinator, forged, "SELECT 1"))
                .isInstanceOf(SQLException.class)
                .message()
                .contains(sentences);
    }

    @Test
    void unknownKidIsRejectedByTemplateAndJwks() {
        for (String issuer : List.of("template", "jwks")) {
            String unknown =
                    Token.of("alice")
                            .claim("iss", issuer)
                            .header("kid", "unknown")
                            .sign("RS256", Keys.rsa().getPrivate());
            assertThatThrownBy(() -> Clients.jdbc(coordinator, unknown, "SELECT 1"))
                    .hasMessageContaining("Unknown signing key ID");
        }
    }

    @Test
    void pageShowsTheTokenOfTheWebUisSignIn() {
        if (!site.isServer()) {
            return;
        }
        TokenPage.assertAssets(coordinator, "");
        String token = ofWebUi(3600);
        HttpResponse<String> page =
                TokenPage.get(coordinator, TokenPage.PATH, "Cookie", COOKIE + token);
        assertThat(page.statusCode()).isEqualTo(200);
        TokenPage.assertSafe(page, "");
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html;charset=utf-8");
        assertThat(page.body())
                .contains("<body data-source=\"web-ui\">", "token is a password")
                .doesNotContain(token, "style=", "<style", "onclick");

        HttpResponse<String> answer = me(token, TokenPage.BY_SCRIPT);
        assertThat(answer.statusCode()).isEqualTo(200);
        TokenPage.assertSafe(answer, "");
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(answer.body())
                .contains("\"accepted\":true", "\"user\":\"alice\"", "\"groups\":[]")
                .containsPattern("\"expiresAt\":\\d{10}[,}]")
                .contains("\"token\":\"" + token + "\"");
        TokenPage.assertIsInNoFile(coordinator, token);
    }

    /** The web UI tolerates a minute, and clients of the coordinator get no minute. */
    @Test
    void pageKeepsATokenThatClientsCannotUse() {
        if (!site.isServer()) {
            return;
        }
        String expired = ofWebUi(-20);
        HttpResponse<String> answer = me(expired, TokenPage.BY_SCRIPT);
        assertThat(answer.statusCode()).isEqualTo(200);
        TokenPage.assertSafe(answer, "");
        assertThat(answer.body())
                .contains("\"accepted\":false", "\"reason\":\"TOKEN_EXPIRED\"")
                .contains("\"message\":\"JWT expired ")
                .doesNotContain(expired);
    }

    /** Browsers send the cookie with requests of other sites, too. */
    @Test
    void tokenIsForTheScriptOfThePageAlone() {
        if (!site.isServer()) {
            return;
        }
        String token = ofWebUi(3600);
        List<HttpResponse<String>> refused =
                List.of(
                        me(token),
                        me(token, "Sec-Fetch-Site", "same-origin"),
                        me(token, "Sec-Fetch-Site", "none"),
                        me(token, "X-Native-Jwt-Page", "1", "Sec-Fetch-Site", "cross-site"),
                        me(token, "X-Native-Jwt-Page", "1", "Sec-Fetch-Site", "same-site"));
        assertThat(refused)
                .allSatisfy(
                        answer -> {
                            assertThat(answer.statusCode()).isEqualTo(403);
                            assertThat(answer.body()).doesNotContain(token);
                            TokenPage.assertSafe(answer, "");
                        });
        // A bearer token is no sign-in to this web UI.
        String[] bearer = TokenPage.with(TokenPage.BY_SCRIPT, "Authorization", "Bearer " + token);
        for (String path : List.of(TokenPage.PATH, TokenPage.ME)) {
            HttpResponse<String> signIn = TokenPage.get(coordinator, path, bearer);
            assertThat(signIn.statusCode()).isEqualTo(303);
            assertThat(signIn.headers().firstValue("Location").orElseThrow()).startsWith(PROVIDER);
            assertThat(signIn.body()).doesNotContain(token);
            HttpResponse<String> overHttp =
                    TokenPage.get(
                            coordinator,
                            coordinator.httpUri(),
                            path,
                            TokenPage.with(TokenPage.BY_SCRIPT, "Cookie", COOKIE + token));
            assertThat(overHttp.statusCode()).isEqualTo(303);
            assertThat(overHttp.headers().firstValue("Location").orElseThrow())
                    .endsWith("/disabled.html");
            assertThat(overHttp.body()).doesNotContain(token);
        }
    }

    private static final String COOKIE = "__Secure-Trino-OAuth2-Token=";

    private static HttpResponse<String> me(String token, String... headers) {
        return TokenPage.get(
                coordinator, TokenPage.ME, TokenPage.with(headers, "Cookie", COOKIE + token));
    }

    private static String ofWebUi(int seconds) {
        return Token.of("alice")
                .header("kid", "fetched")
                .claim("iss", "jwks")
                .expiringAt(Instant.now().plusSeconds(seconds))
                .sign("RS256", FETCHED.getPrivate());
    }

    @Test
    void plainHttpKeySourceLogsAWarning() {
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
        if (site.isServer()) {
            // It is part of reading the configuration there, and has no lines of its own around it.
            return;
        }
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

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.nativejwt.harness.Clients;
import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.JwksEndpoint;
import io.nativejwt.harness.Processes;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.StartedParts;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.sql.SQLException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * {@code http-server.authentication.type=PASSWORD,HEADER}, or {@code PASSWORD,JWT}, with keys from
 * a JWK set: each authenticator leaves the other its requests.
 */
@ParameterizedClass
@EnumSource(Site.class)
final class PasswordBesideTest {
    @RegisterExtension static final StartedParts PARTS = new StartedParts();

    private static final KeyPair KEYS = Keys.ec("secp256r1");

    private static JwksEndpoint endpoint;
    private static Coordinator coordinator;

    @Parameter Site site;

    @BeforeParameterizedClassInvocation
    static void start(Site site) throws Exception {
        Path folder = Workspace.freshFolder("test/password-beside/" + site);
        Path passwords =
                Files.writeString(folder.resolve("password.db"), "bob:" + pbkdf2("secret") + "\n");
        Path file =
                Files.writeString(
                        folder.resolve("password-authenticator.properties"),
                        "password-authenticator.name=file\nfile.password-file=%s\n"
                                .formatted(passwords));
        endpoint = PARTS.add(JwksEndpoint.serving(List.of(JwksEndpoint.jwk("one", KEYS))));
        coordinator =
                PARTS.add(
                        Coordinator.in(folder)
                                .at(site)
                                .jwt(
                                        Map.of(
                                                "http-server.authentication.jwt.key-file",
                                                endpoint.url()))
                                .config(
                                        "http-server.authentication.type",
                                        "PASSWORD," + site.type())
                                .config("password-authenticator.config-files", file.toString())
                                // The login form of PASSWORD serves the web UI.
                                .config("web-ui.authentication.type", "")
                                .config("web-ui.user", "")
                                .start());
    }

    @Test
    void bothKindsLogIn() throws SQLException {
        assertThat(Clients.jdbcPassword(coordinator, "bob", "secret", "SELECT current_user"))
                .containsExactly("bob");
        assertThat(Clients.jdbc(coordinator, token("one"), "SELECT current_user"))
                .containsExactly("alice");
        Processes.Result cli =
                Clients.cli(coordinator, "alice", token("one"), "SELECT current_user");
        assertThat(cli.output()).as(cli.error()).isEqualTo("alice\n");
    }

    @Test
    void wrongPasswordIsReportedWithoutMentioningTokens() {
        assertThatThrownBy(() -> Clients.jdbcPassword(coordinator, "bob", "wrong", "SELECT 1"))
                .isInstanceOf(SQLException.class)
                .hasMessage("Authentication failed: Access Denied: Invalid credentials");
    }

    @Test
    void rejectedTokenIsReportedWithoutMentioningPasswords() {
        assertRejected(token("two"), "Unknown signing key ID");
        // Without a kid the one key that fits the algorithm would do, but none fits.
        assertRejected(
                Token.of("alice").sign("RS256", Keys.rsa().getPrivate()), "Key ID is required");
    }

    private static void assertRejected(String token, String sentence) {
        assertThatThrownBy(() -> Clients.jdbc(coordinator, token, "SELECT 1"))
                .isInstanceOf(SQLException.class)
                .hasMessage("Authentication failed: " + sentence);
        Processes.Result cli = Clients.cli(coordinator, "alice", token, "SELECT 1");
        assertThat(cli.exitCode()).isNotZero();
        assertThat(cli.error()).contains("Authentication failed: " + sentence);
    }

    @Test
    void challengeForPasswordsStays() {
        HttpResponse<String> response = Clients.http(coordinator);
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.body()).isEqualTo("Unauthorized");
        List<String> challenges = response.headers().allValues("WWW-Authenticate");
        if (site.isServer()) {
            assertThat(challenges)
                    .containsExactly(
                            "Basic realm=\"Trino\"", "Bearer realm=\"Trino\", token_type=\"JWT\"");
        } else {
            assertThat(challenges).containsExactly("Basic realm=\"Trino\"");
        }
    }

    /** Trino's PASSWORD reads only the first header, so only native-jwt sees both. */
    @Test
    void twoHeadersAreAnsweredWith401() {
        String basic = "Basic " + Base64.getEncoder().encodeToString("unknown:x".getBytes(UTF_8));
        HttpResponse<String> response = Clients.http(coordinator, "Bearer " + token("one"), basic);
        assertThat(response.statusCode()).isEqualTo(401);
        assertThat(response.body())
                .doesNotContain(token("one").substring(0, 20))
                .doesNotContain("dW5rbm93bj");
    }

    private static String token(String kid) {
        return Token.of("alice").header("kid", kid).sign("ES256", KEYS.getPrivate());
    }

    /** The form of Trino's password file: iterations, salt and hash. */
    private static String pbkdf2(String password) throws GeneralSecurityException {
        byte[] salt = "salt of a test".getBytes(UTF_8);
        PBEKeySpec spec = new PBEKeySpec(password.toCharArray(), salt, 1000, 256);
        byte[] hash =
                SecretKeyFactory.getInstance("PBKDF2WithHmacSHA1")
                        .generateSecret(spec)
                        .getEncoded();
        return "1000:" + HexFormat.of().formatHex(salt) + ":" + HexFormat.of().formatHex(hash);
    }
}

package io.nativejwt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;

/** The same plugin folder in a current Trino, where the SPI takes an Identity. */
final class Trino483Test {
    private static final KeyPair KEYS = Keys.rsa();

    private static Coordinator coordinator;

    @BeforeAll
    static void start() throws Exception {
        Path folder = Workspace.freshFolder("test/trino483");
        Path keyFile = Files.writeString(folder.resolve("key.pem"), Keys.publicPem(KEYS));
        coordinator =
                Coordinator.in(folder)
                        .distribution(TrinoDistribution.artifacts483())
                        .authenticator(
                                "native-jwt",
                                Map.of(
                                        "http-server.authentication.jwt.key-file",
                                        keyFile.toString(),
                                        "http-server.authentication.jwt.user-mapping.pattern",
                                        "(.*)@example\\\\.com"))
                        .start();
    }

    @AfterAll
    static void stop() {
        if (coordinator != null) {
            coordinator.close();
        }
    }

    @Test
    void jdbcLogin() throws SQLException {
        String token = Token.of("alice@example.com").sign("RS256", KEYS.getPrivate());
        assertThat(Clients.jdbc(coordinator, token, "SELECT current_user"))
                .containsExactly("alice");
        assertThat(
                        Clients.jdbc(
                                coordinator,
                                token,
                                "SELECT node_version FROM system.runtime.nodes"))
                .containsExactly("483");
    }

    @Test
    void cliLogin() {
        String token = Token.of("alice@example.com").sign("RS256", KEYS.getPrivate());
        Processes.Result cli = Clients.cli(coordinator, "alice", token, "SELECT current_user");
        assertThat(cli.output()).as(cli.error()).isEqualTo("alice\n");
    }

    @Test
    void refusals() {
        String expired =
                Token.of("alice@example.com")
                        .expiringAt(Instant.now().minusSeconds(60))
                        .sign("RS256", KEYS.getPrivate());
        assertThatThrownBy(() -> Clients.jdbc(coordinator, expired, "SELECT 1"))
                .hasMessageContaining("Authentication failed: JWT expired");
        String forged = Token.of("alice@example.com").sign("RS256", Keys.rsa().getPrivate());
        assertThatThrownBy(() -> Clients.jdbc(coordinator, forged, "SELECT 1"))
                .hasMessageContaining("JWT signature does not match");
        assertThat(Clients.http(coordinator).statusCode()).isEqualTo(401);
        assertThat(Clients.http(coordinator, "Bearer a.b.c.d.e").statusCode()).isEqualTo(401);
        assertThat(Clients.http(coordinator, "Bearer " + expired, "Bearer " + expired).statusCode())
                .isEqualTo(401);
    }
}

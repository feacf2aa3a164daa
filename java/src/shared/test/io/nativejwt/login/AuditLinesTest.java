// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.ffi.Host;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

import javax.crypto.SecretKey;

/** What the log says about single tokens, with the released library. */
final class AuditLinesTest {
    private static final SecretKey KEY = Keys.hmac(32);

    private final Logger logger = Logger.getLogger(TokenAuthenticator.class.getName());
    private final List<String> lines = new ArrayList<>();
    private final Thread thisThread = Thread.currentThread();
    private final Handler handler =
            new Handler() {
                /** Authenticators of other tests log from threads of their own. */
                @Override
                public void publish(LogRecord line) {
                    if (Thread.currentThread() == thisThread) {
                        lines.add(line.getMessage());
                    }
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    @TempDir Path folder;
    private TokenAuthenticator authenticator;

    @BeforeEach
    void open() throws IOException {
        Path key =
                Files.writeString(
                        folder.resolve("key"),
                        Base64.getEncoder().encodeToString(KEY.getEncoded()));
        authenticator =
                TokenAuthenticator.open(
                        Map.of("http-server.authentication.jwt.key-file", key.toString()),
                        "test",
                        null,
                        Host.SERVER_LAUNCHER);
        logger.addHandler(handler);
        handler.setLevel(Level.ALL);
    }

    @AfterEach
    void stop() {
        logger.removeHandler(handler);
        logger.setLevel(null);
    }

    private void authenticate(String... values) {
        authenticator.authenticate("", (request, name) -> List.of(values));
    }

    private static String token() {
        return Token.of("alice")
                .header("kid", "k1")
                .claim("iss", "https://idp.test")
                .sign("HS256", KEY);
    }

    @Test
    void acceptedTokensHaveALineAtDebugOnly() {
        String token = token();
        authenticate("Bearer " + token);
        assertThat(lines).isEmpty();
        logger.setLevel(Level.FINE);
        authenticate("Bearer " + token);
        authenticate("Bearer " + token);
        String line =
                "Authentication accepted: user=\"alice\" principal=\"alice\""
                        + " issuer=\"https://idp.test\" kid=\"k1\" algorithm=\"HS256\" trace=";
        assertThat(lines)
                .hasSize(2)
                .allMatch(found -> found.startsWith(line))
                .allMatch(found -> found.endsWith(" cached=true"));
        assertThat(lines.getFirst()).isEqualTo(lines.getLast()).doesNotContain(token);
        authenticate("Bearer " + Token.of("bob").sign("HS256", KEY));
        assertThat(lines.getLast())
                .startsWith("Authentication accepted: user=\"bob\" principal=\"bob\"")
                .endsWith(" cached=false");
        assertThat(Quoted.text("a\n\"b\\\u202e" + "x".repeat(100)))
                .startsWith("\"a\\u{a}\\u{22}b\\u{5c}\\u{202e}xxx")
                .endsWith("x…\"");
    }

    @Test
    void rejectedTokensHaveTheirNamesAndTraceInTheLine() {
        String expired =
                Token.of("alice")
                        .header("kid", "k1")
                        .claim("iss", "https://idp.test")
                        .expiringAt(Instant.EPOCH)
                        .sign("HS256", KEY);
        authenticate("Bearer " + expired);
        assertThat(lines)
                .singleElement()
                .asString()
                .startsWith("Authentication rejected: TOKEN_EXPIRED: JWT expired ")
                .containsPattern(
                        " \\[number=403 issuer=\"https://idp\\.test\" kid=\"k1\""
                                + " algorithm=\"HS256\" trace=[0-9a-f]{16}]$");
    }

    /** The line must not have the names of the token that this thread met before. */
    @Test
    void rejectionsThatJavaDecidesNameNoToken() {
        authenticate("Bearer garbage");
        authenticate("Bearer " + token(), "Bearer " + token());
        assertThat(lines)
                .hasSize(2)
                .last()
                .asString()
                .startsWith("Authentication rejected: SEVERAL_AUTHORIZATION_HEADERS: ")
                .endsWith(" [number=102]");
    }
}

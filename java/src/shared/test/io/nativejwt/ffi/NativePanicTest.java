// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nativejwt.testing.InstalledPlugin;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Token;
import io.trino.spi.security.AccessDeniedException;
import io.trino.spi.security.HeaderAuthenticator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * A library built with the feature provoke-panic: a panic in native code rejects one request and
 * logs one line.
 */
final class NativePanicTest {
    private static final Path LIBRARY =
            Path.of("build/test/provoke-panic", InstalledPlugin.LIBRARY);
    private static final Duration LOG_LIMIT = Duration.ofSeconds(10);

    @TempDir Path folder;

    @Test
    void panicRejectsOneRequestAndIsLogged() throws Exception {
        KeyPair keys = Keys.rsa();
        Path keyFile = Files.writeString(folder.resolve("key.pem"), Keys.publicPem(keys));
        BlockingQueue<LogRecord> log = new LinkedBlockingQueue<>();
        Logger logger = Logger.getLogger("io.nativejwt");
        Handler handler = collector(log);
        logger.addHandler(handler);
        try {
            HeaderAuthenticator authenticator =
                    InstalledPlugin.in(
                                    InstalledPlugin.folderWith(folder.resolve("plugin"), LIBRARY))
                            .create(Map.of("key-file", keyFile.toString()));
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(
                                () ->
                                        authenticator.createAuthenticatedPrincipal(
                                                InstalledPlugin.bearer("provoke-panic")))
                        .isInstanceOf(AccessDeniedException.class)
                        .hasMessage("Authentication failed because of an internal error");
            }
            assertThat(
                            authenticator.createAuthenticatedPrincipal(
                                    InstalledPlugin.bearer(
                                            Token.of("alice").sign("RS256", keys.getPrivate()))))
                    .hasToString("alice");
            assertThat(firstDefect(log)).startsWith("internal error at rust/ffi/");
        } finally {
            logger.removeHandler(handler);
        }
    }

    /** Authenticators of other tests, whose files are gone, log errors as well. */
    private static String firstDefect(BlockingQueue<LogRecord> log) throws InterruptedException {
        long deadline = System.nanoTime() + LOG_LIMIT.toNanos();
        while (true) {
            LogRecord line =
                    log.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (line == null) {
                return "nothing was logged";
            }
            if (line.getLevel() == Level.SEVERE && line.getMessage().startsWith("internal error")) {
                return line.getMessage();
            }
        }
    }

    private static Handler collector(BlockingQueue<LogRecord> log) {
        return new Handler() {
            @Override
            public void publish(LogRecord line) {
                log.add(line);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }
}

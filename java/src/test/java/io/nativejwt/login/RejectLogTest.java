package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.ffi.Verdict;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

final class RejectLogTest {
    private static final Verdict.Rejected EXPIRED =
            new Verdict.Rejected(403, "TOKEN_EXPIRED", "JWT expired {0} 'quoted'");
    private static final Verdict.Rejected FORGED =
            new Verdict.Rejected(310, "SIGNATURE_MISMATCH", "no match");

    private final Logger logger = Logger.getLogger(Login.class.getName());
    private final List<String> lines = new ArrayList<>();
    private final AtomicLong now = new AtomicLong();
    private final RejectLog log = new RejectLog(now::get);
    private final Handler handler =
            new Handler() {
                @Override
                public void publish(LogRecord line) {
                    lines.add(line.getMessage());
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    @BeforeEach
    void listen() {
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void stop() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
        logger.setLevel(null);
    }

    @Test
    void firstRefusalOfEachReasonIsLoggedAtOnce() {
        log.rejected(EXPIRED);
        log.rejected(FORGED);
        assertThat(lines)
                .containsExactly(
                        "Login refused: TOKEN_EXPIRED: JWT expired {0} 'quoted'",
                        "Login refused: SIGNATURE_MISMATCH: no match");
    }

    @Test
    void floodBecomesALineASecondWithACount() {
        for (int i = 0; i < 1000; i++) {
            log.rejected(EXPIRED);
        }
        log.flush();
        assertThat(lines).hasSize(1);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        log.rejected(EXPIRED);
        log.flush();
        assertThat(lines)
                .hasSize(2)
                .last()
                .isEqualTo(
                        "Login refused: TOKEN_EXPIRED: JWT expired {0} 'quoted' (999 more before)");
    }

    @Test
    void endOfAFloodIsCounted() {
        for (int i = 0; i < 1235; i++) {
            log.rejected(EXPIRED);
        }
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        log.flush();
        log.flush();
        assertThat(lines).hasSize(2).last().isEqualTo("Login refused: TOKEN_EXPIRED: 1234 more");
    }

    @Test
    void fineLevelShowsEveryOne() {
        logger.setLevel(Level.FINE);
        for (int i = 0; i < 10; i++) {
            log.rejected(EXPIRED);
        }
        assertThat(lines).hasSize(10);
    }

    @Test
    void defectIsLoggedWithoutItsMessage() {
        log.defect(new IllegalStateException("Bearer secret"));
        assertThat(lines)
                .singleElement()
                .asString()
                .contains("IllegalStateException")
                .contains("RejectLogTest")
                .doesNotContain("secret");
    }
}

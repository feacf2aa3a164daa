// SPDX-License-Identifier: Apache-2.0

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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

final class RejectionLogTest {
    private static final Verdict.Rejected EXPIRED =
            new Verdict.Rejected(403, "TOKEN_EXPIRED", "JWT expired {0} 'quoted'");
    private static final Verdict.Rejected FORGED =
            new Verdict.Rejected(310, "SIGNATURE_MISMATCH", "no match");

    private static final String AUDIT =
            "issuer=\"https://idp.test\" kid=\"k1\" trace=0123456789abcdef";

    private final Logger logger = Logger.getLogger(TokenAuthenticator.class.getName());
    private final List<String> lines = new ArrayList<>();
    private final List<Level> levels = new ArrayList<>();
    private final AtomicLong now = new AtomicLong();
    private final RejectionLog log = RejectionLog.ofAuthentications(now::get);
    private final Thread thisThread = Thread.currentThread();
    private final Handler handler =
            new Handler() {
                /**
                 * Authenticators of other tests log to the same logger, from threads of their own.
                 */
                @Override
                public void publish(LogRecord line) {
                    if (Thread.currentThread() == thisThread) {
                        lines.add(line.getMessage());
                        levels.add(line.getLevel());
                    }
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
    void firstRejectionOfEachReasonIsLoggedAtOnce() {
        log.rejected(EXPIRED, () -> "");
        log.rejected(FORGED, () -> AUDIT);
        assertThat(lines)
                .containsExactly(
                        "Authentication rejected: TOKEN_EXPIRED: JWT expired {0} 'quoted'"
                                + " [number=403]",
                        "Authentication rejected: SIGNATURE_MISMATCH: no match [number=310 "
                                + AUDIT
                                + "]");
    }

    @Test
    void floodBecomesALineASecondWithACount() {
        for (int i = 0; i < 1000; i++) {
            log.rejected(EXPIRED, () -> "");
        }
        log.flush();
        assertThat(lines).hasSize(1);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        log.rejected(EXPIRED, () -> "");
        log.flush();
        assertThat(lines)
                .hasSize(2)
                .last()
                .isEqualTo(
                        "Authentication rejected: TOKEN_EXPIRED: JWT expired {0} 'quoted'"
                                + " [number=403 swallowed=999]");
    }

    /** Anonymous clients can choose among some twenty reasons, all day long. */
    @Test
    void floodOfAllReasonsIsBoundedTogetherAndCountedWhole() {
        int reasons = 40;
        int seconds = 3600;
        for (int second = 0; second < seconds; second++) {
            for (int reason = 0; reason < reasons; reason++) {
                log.rejected(new Verdict.Rejected(reason, "REASON_" + reason, "no"), () -> "");
            }
            log.flush();
            now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        }
        assertThat(lines).hasSizeLessThanOrEqualTo(60 * (reasons + RejectionLog.LINES));
        now.addAndGet(TimeUnit.MINUTES.toNanos(1));
        log.flush();
        for (int reason = 0; reason < reasons; reason++) {
            assertThat(logged("REASON_" + reason)).as("rejections in the log").isEqualTo(seconds);
        }
    }

    @Test
    void floodHidesNoOtherReason() {
        for (int second = 0; second < 59; second++) {
            log.rejected(EXPIRED, () -> "");
            now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        }
        assertThat(lines).hasSize(1 + RejectionLog.LINES);
        log.rejected(FORGED, () -> AUDIT);
        assertThat(lines)
                .last()
                .isEqualTo(
                        "Authentication rejected: SIGNATURE_MISMATCH: no match [number=310 "
                                + AUDIT
                                + "]");
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        log.flush();
        assertThat(lines)
                .last()
                .isEqualTo("Authentication rejected: TOKEN_EXPIRED: more of these [swallowed=28]");
    }

    /** One for each line with a message, and those that it counts. */
    private long logged(String reason) {
        String begin = "Authentication rejected: " + reason + ": ";
        return lines.stream()
                .filter(line -> line.startsWith(begin))
                .map(line -> line.substring(begin.length()))
                .mapToLong(
                        rest -> {
                            Matcher count = Pattern.compile("(?<=swallowed=)\\d+").matcher(rest);
                            long counted = count.find() ? Long.parseLong(count.group()) : 0;
                            return counted + (rest.startsWith("no") ? 1 : 0);
                        })
                .sum();
    }

    @Test
    void endOfAFloodIsCounted() {
        for (int i = 0; i < 1235; i++) {
            log.rejected(EXPIRED, () -> "");
        }
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        log.flush();
        log.flush();
        assertThat(lines)
                .hasSize(2)
                .last()
                .isEqualTo(
                        "Authentication rejected: TOKEN_EXPIRED: more of these [swallowed=1234]");
    }

    @Test
    void fineLevelShowsEveryOne() {
        logger.setLevel(Level.FINE);
        for (int i = 0; i < 10; i++) {
            log.rejected(EXPIRED, () -> "");
        }
        assertThat(lines).hasSize(10);
    }

    @Test
    void floodOfADefectBecomesALineASecond() {
        IllegalStateException defect = new IllegalStateException("Bearer secret");
        for (int i = 0; i < 1000; i++) {
            log.defect(defect);
        }
        assertThat(lines).hasSize(1);
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        log.defect(defect);
        assertThat(lines).hasSize(2).last().asString().endsWith("[swallowed=999]");
    }

    /** Users who logged out may keep their access, so operators should see it. */
    @Test
    void failedLogoutsAreWarnings() {
        RejectionLog logouts = RejectionLog.ofLogouts(now::get);
        for (int i = 0; i < 1000; i++) {
            logouts.rejected("INVALID", "JWT expired");
        }
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));
        logouts.flush();
        assertThat(lines)
                .containsExactly(
                        "Back-channel logout failed: INVALID: JWT expired",
                        "Back-channel logout failed: INVALID: more of these [swallowed=999]");
        assertThat(levels).containsOnly(Level.WARNING);
    }

    @Test
    void defectIsLoggedWithoutItsMessage() {
        log.defect(new IllegalStateException("Bearer secret"));
        assertThat(lines)
                .singleElement()
                .asString()
                .contains("IllegalStateException")
                .contains("RejectionLogTest")
                .doesNotContain("secret");
    }
}

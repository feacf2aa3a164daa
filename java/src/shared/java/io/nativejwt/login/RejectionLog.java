// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.Verdict;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Logs why requests or logouts are rejected, so that a flood of bad tokens does not fill the log. A
 * reason has at most one line a second. All reasons together have at most {@value #LINES} lines a
 * minute, in addition to the first line of each reason in that minute. So no flood hides another
 * reason, and a flood of all reasons at once makes some fifty lines a minute. Rejections without a
 * line are counted, and the next line of their reason contains their number.
 *
 * <p>A line ends with what programs read, in brackets: {@code Authentication rejected:
 * TOKEN_EXPIRED: JWT expired … [number=403 issuer="…" kid="…" algorithm="…" trace=… swallowed=12]}.
 */
final class RejectionLog {
    static final int LINES = 30;

    private static final Logger LOG = Logger.getLogger(TokenAuthenticator.class.getName());
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** Reasons come from a fixed table, and each defect has a place in the code: bounded. */
    private final ConcurrentMap<String, Reason> reasons = new ConcurrentHashMap<>();

    /** Lines that were left out since they were asked for last. */
    private final LongAdder swallowed = new LongAdder();

    private final Level level;

    /** The beginning of each line. */
    private final String event;

    private final LongSupplier nanoTime;
    private volatile Period period;

    private RejectionLog(Level level, String event, LongSupplier nanoTime) {
        this.level = level;
        this.event = event;
        this.nanoTime = nanoTime;
        period = new Period(nanoTime.getAsLong());
    }

    static RejectionLog ofAuthentications(LongSupplier nanoTime) {
        return new RejectionLog(Level.INFO, "Authentication rejected", nanoTime);
    }

    /** At a higher level, since an operator looks for them. */
    static RejectionLog ofDifferences(LongSupplier nanoTime) {
        return new RejectionLog(Level.WARNING, "Unexplained difference", nanoTime);
    }

    /** At a higher level, since users who have logged out may keep their access. */
    static RejectionLog ofLogouts(LongSupplier nanoTime) {
        return new RejectionLog(Level.WARNING, "Back-channel logout failed", nanoTime);
    }

    /**
     * Logged at the level FINE only: probes send requests without a token all day, and so do
     * clients that the next authenticator of the list is meant for.
     */
    void withoutToken(Verdict.Rejected rejected) {
        if (LOG.isLoggable(Level.FINE)) {
            LOG.fine(line(rejected.reason(), rejected.message(), number(rejected)));
        }
    }

    /**
     * @param audit what the line says about the token, such as its issuer; only asked for a line
     *     that is written. Empty without a token.
     */
    void rejected(Verdict.Rejected rejected, Supplier<String> audit) {
        rejected(
                rejected.reason(),
                rejected.message(),
                () -> {
                    String text = audit.get();
                    return number(rejected) + (text.isEmpty() ? "" : " " + text);
                });
    }

    /**
     * @param name of a fixed table of results
     */
    void rejected(String name, String message) {
        rejected(name, message, () -> "");
    }

    private void rejected(String name, String message, Supplier<String> audit) {
        if (LOG.isLoggable(Level.FINE)) {
            LOG.fine(line(name, message, audit.get()));
            return;
        }
        Reason reason = reason(name);
        if (mayLog(reason)) {
            LOG.log(level, line(name, message, withSwallowed(audit.get(), reason)));
        } else {
            swallow(reason);
        }
    }

    private static String number(Verdict.Rejected rejected) {
        return "number=" + rejected.code();
    }

    private static String withSwallowed(String audit, Reason reason) {
        long count = reason.suppressed.sumThenReset();
        if (count == 0) {
            return audit;
        }
        return (audit.isEmpty() ? "" : audit + " ") + "swallowed=" + count;
    }

    /**
     * Logs the number of rejections without a line when a flood has ended. Called once a second.
     */
    void flush() {
        reasons.forEach(
                (name, reason) -> {
                    if (reason.suppressed.sum() > 0 && mayLog(reason)) {
                        LOG.log(level, line(name, "more of these", withSwallowed("", reason)));
                    }
                });
    }

    /**
     * Logs a bug of native-jwt: only its class and place, since the message of an exception can
     * contain parts of the request. Its lines are limited like those of a reason.
     */
    void defect(Throwable defect) {
        StackTraceElement[] stack = defect.getStackTrace();
        String text =
                "%s at %s"
                        .formatted(
                                defect.getClass().getName(),
                                stack.length == 0 ? "an unknown place" : stack[0]);
        Reason reason = reason(text);
        if (mayLog(reason)) {
            LOG.severe(
                    line(
                            "internal error",
                            text + ". Please report this.",
                            withSwallowed("", reason)));
        } else {
            swallow(reason);
        }
    }

    private void swallow(Reason reason) {
        reason.suppressed.increment();
        swallowed.increment();
    }

    /** How many lines were left out since the last call. */
    long takeSwallowed() {
        return swallowed.sumThenReset();
    }

    private Reason reason(String name) {
        Reason reason = reasons.get(name);
        return reason == null
                ? reasons.computeIfAbsent(name, added -> new Reason(nanoTime.getAsLong()))
                : reason;
    }

    private boolean mayLog(Reason reason) {
        long now = nanoTime.getAsLong();
        if (!reason.isDue(now)) {
            return false;
        }
        Period present = period;
        if (now - present.begin >= PERIOD_NANOS) {
            // Two threads may both begin a period; then it has a few lines more.
            present = new Period(now);
            period = present;
        }
        return reason.isFirstOf(present) || present.takeLine();
    }

    /** The coordinator's log does not fill in parameters, so the text is complete. */
    private String line(String reason, String message, String audit) {
        String line = event + ": " + reason + ": " + message;
        return audit.isEmpty() ? line : line + " [" + audit + "]";
    }

    private static final class Period {
        private final long begin;
        private final AtomicInteger lines = new AtomicInteger();

        private Period(long begin) {
            this.begin = begin;
        }

        private boolean takeLine() {
            return lines.get() < LINES && lines.incrementAndGet() <= LINES;
        }
    }

    private static final class Reason {
        private final AtomicLong nextNanos;
        private final LongAdder suppressed = new LongAdder();

        /** The period of its last line. */
        private final AtomicReference<Period> period = new AtomicReference<>();

        private Reason(long nowNanos) {
            nextNanos = new AtomicLong(nowNanos);
        }

        private boolean isDue(long nowNanos) {
            long next = nextNanos.get();
            return nowNanos - next >= 0 && nextNanos.compareAndSet(next, nowNanos + INTERVAL_NANOS);
        }

        private boolean isFirstOf(Period present) {
            return period.getAndSet(present) != present;
        }
    }
}

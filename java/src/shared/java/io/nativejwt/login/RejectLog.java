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
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Tells the operator why logins are refused, without letting a flood of bad tokens fill the log. A
 * reason has at most a line a second. All reasons together have at most {@value #LINES} lines a
 * minute, besides the first line of each reason in that minute: so no flood hides a reason, and a
 * flood of all reasons at once is some fifty lines a minute. Refusals without a line are counted,
 * and the next line of their reason says how many they were.
 */
final class RejectLog {
    static final int LINES = 30;

    private static final Logger LOG = Logger.getLogger(Login.class.getName());
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** Reasons come from a fixed table and defects have a place in the code: it does not grow. */
    private final ConcurrentMap<String, Reason> reasons = new ConcurrentHashMap<>();

    private final LongSupplier nanoTime;
    private volatile Period period;

    RejectLog() {
        this(System::nanoTime);
    }

    RejectLog(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        period = new Period(nanoTime.getAsLong());
    }

    /**
     * A request without a token is none of ours: probes send it all day, and so does a login that
     * the next authenticator of the list is meant for. It is told of at the level FINE only.
     */
    void withoutToken(Verdict.Rejected rejected) {
        if (LOG.isLoggable(Level.FINE)) {
            LOG.fine(refused(rejected.reason(), rejected.message()));
        }
    }

    void rejected(Verdict.Rejected rejected) {
        if (LOG.isLoggable(Level.FINE)) {
            LOG.fine(refused(rejected.reason(), rejected.message()));
            return;
        }
        Reason reason = reason(rejected.reason());
        if (mayLog(reason)) {
            LOG.info(refused(rejected.reason(), rejected.message()) + reason.before());
        } else {
            reason.suppressed.increment();
        }
    }

    /**
     * Tells of the refusals without a line at the end of a flood, when no further one does. Called
     * once a second.
     */
    void flush() {
        reasons.forEach(
                (name, reason) -> {
                    if (reason.suppressed.sum() > 0 && mayLog(reason)) {
                        LOG.info(refused(name, reason.suppressed.sumThenReset() + " more"));
                    }
                });
    }

    /**
     * A defect of ours: its class and place only, since an exception's message can hold parts of
     * the request. It is bounded as a reason of its own.
     */
    void defect(Throwable defect) {
        StackTraceElement[] stack = defect.getStackTrace();
        String text =
                "a defect: %s at %s"
                        .formatted(
                                defect.getClass().getName(),
                                stack.length == 0 ? "an unknown place" : stack[0]);
        Reason reason = reason(text);
        if (mayLog(reason)) {
            LOG.severe("A login was refused because of " + text + reason.before());
        } else {
            reason.suppressed.increment();
        }
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
            // Two threads may both begin one; then it has a few lines more.
            present = new Period(now);
            period = present;
        }
        return reason.isFirstOf(present) || present.takeLine();
    }

    /** The coordinator's log does not fill in parameters, so the text is complete. */
    private static String refused(String reason, String message) {
        return "Login refused: " + reason + ": " + message;
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

        /** In which it had a line last. */
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

        private String before() {
            long count = suppressed.sumThenReset();
            return count == 0 ? "" : " (%d more before)".formatted(count);
        }
    }
}

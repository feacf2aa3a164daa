package io.nativejwt.login;

import io.nativejwt.ffi.Verdict;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Tells the operator why logins are refused, without letting a flood of bad tokens fill the log: a
 * line a second for each reason.
 */
final class RejectLog {
    private static final Logger LOG = Logger.getLogger(Login.class.getName());
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Reasons come from a fixed table, so this does not grow. */
    private final ConcurrentMap<String, Reason> reasons = new ConcurrentHashMap<>();

    private final LongSupplier nanoTime;

    RejectLog() {
        this(System::nanoTime);
    }

    RejectLog(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * A request without a token is none of ours: probes send it all day, and so does a login that
     * the next authenticator of the list is meant for. It is told of at the level FINE only.
     */
    void withoutToken(Verdict.Rejected rejected) {
        if (LOG.isLoggable(Level.FINE)) {
            log(Level.FINE, rejected.reason(), rejected.message());
        }
    }

    void rejected(Verdict.Rejected rejected) {
        if (LOG.isLoggable(Level.FINE)) {
            log(Level.FINE, rejected.reason(), rejected.message());
            return;
        }
        Reason reason = reasons.get(rejected.reason());
        if (reason == null) {
            reason =
                    reasons.computeIfAbsent(
                            rejected.reason(), name -> new Reason(nanoTime.getAsLong()));
        }
        if (reason.mayLog(nanoTime.getAsLong())) {
            long suppressed = reason.suppressed.sumThenReset();
            String message =
                    suppressed == 0
                            ? rejected.message()
                            : "%s (%d more before)".formatted(rejected.message(), suppressed);
            log(Level.INFO, rejected.reason(), message);
        } else {
            reason.suppressed.increment();
        }
    }

    /**
     * Tells of the lines left out at the end of a flood, when no further refusal does. Called once
     * a second.
     */
    void flush() {
        reasons.forEach(
                (name, reason) -> {
                    if (reason.suppressed.sum() > 0 && reason.mayLog(nanoTime.getAsLong())) {
                        log(Level.INFO, name, reason.suppressed.sumThenReset() + " more");
                    }
                });
    }

    /**
     * A defect of ours: its class and place only, since an exception's message can hold parts of
     * the request.
     */
    void defect(Throwable defect) {
        StackTraceElement[] stack = defect.getStackTrace();
        LOG.log(
                Level.SEVERE,
                "A login was refused because of a defect: %s at %s"
                        .formatted(
                                defect.getClass().getName(),
                                stack.length == 0 ? "an unknown place" : stack[0]));
    }

    /** The coordinator's log does not fill in parameters, so the text is complete. */
    private static void log(Level level, String reason, String message) {
        LOG.log(level, "Login refused: " + reason + ": " + message);
    }

    private static final class Reason {
        private final AtomicLong nextNanos;
        private final LongAdder suppressed = new LongAdder();

        private Reason(long nowNanos) {
            nextNanos = new AtomicLong(nowNanos);
        }

        private boolean mayLog(long nowNanos) {
            long next = nextNanos.get();
            return nowNanos - next >= 0 && nextNanos.compareAndSet(next, nowNanos + INTERVAL_NANOS);
        }
    }
}

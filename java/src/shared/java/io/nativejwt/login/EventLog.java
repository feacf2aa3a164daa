// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.Event;
import io.nativejwt.ffi.NativeAuthenticator;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Writes the events of native code into the coordinator's log, once a second. Native threads never
 * call into the JVM, so a Java thread polls. It ends when nothing refers to its authenticator any
 * more, and its MBeans with it.
 */
final class EventLog implements Runnable {
    private static final Logger LOG = Logger.getLogger(EventLog.class.getName());
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final WeakReference<NativeAuthenticator> authenticator;
    private final List<RejectionLog> rejectionLogs;
    private final SkippedRequests skipped;
    private final AuthenticatorBeans metrics;

    private EventLog(
            NativeAuthenticator authenticator,
            SkippedRequests skipped,
            List<RejectionLog> rejectionLogs) {
        this.authenticator = new WeakReference<>(authenticator);
        this.rejectionLogs = rejectionLogs;
        this.skipped = skipped;
        metrics = AuthenticatorBeans.register(authenticator);
    }

    /**
     * Logs the events of opening before it returns, so that they appear among the lines of the
     * start.
     */
    static void start(
            NativeAuthenticator authenticator,
            SkippedRequests skipped,
            RejectionLog... rejectionLogs) {
        EventLog eventLog = new EventLog(authenticator, skipped, List.of(rejectionLogs));
        eventLog.drain();
        Thread thread = new Thread(eventLog, "native-jwt-log");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void run() {
        while (drain()) {
            LockSupport.parkNanos(INTERVAL_NANOS);
        }
        metrics.unregister();
    }

    private boolean drain() {
        NativeAuthenticator live = authenticator.get();
        if (live == null) {
            return false;
        }
        try {
            for (Event event : live.drainEvents()) {
                LOG.log(event.level(), event.text());
            }
            for (RejectionLog log : rejectionLogs) {
                log.flush();
                live.countSwallowedLines(log.takeSwallowed());
            }
            skipped.flush(live::countShadowSkipped);
        } catch (RuntimeException e) {
            // One bad line must not end the logging; the next round may succeed.
            LOG.log(Level.WARNING, "Events of the native library could not be read", e);
        }
        return true;
    }
}

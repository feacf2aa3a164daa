package io.nativejwt.login;

import io.nativejwt.ffi.Event;
import io.nativejwt.ffi.NativeAuthenticator;

import java.lang.ref.WeakReference;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Brings what the native side has to say into the coordinator's log, once a second. Native threads
 * never call into the JVM, so a Java thread has to ask. It ends when its authenticator is no longer
 * referred to.
 */
final class EventLog implements Runnable {
    private static final Logger LOG = Logger.getLogger(EventLog.class.getName());
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final WeakReference<NativeAuthenticator> authenticator;
    private final RejectLog rejectLog;

    private EventLog(NativeAuthenticator authenticator, RejectLog rejectLog) {
        this.authenticator = new WeakReference<>(authenticator);
        this.rejectLog = rejectLog;
    }

    /**
     * What was said while the configuration was read is logged before this returns, so that it
     * stands where the start is told of.
     */
    static void start(NativeAuthenticator authenticator, RejectLog rejectLog) {
        EventLog eventLog = new EventLog(authenticator, rejectLog);
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
            rejectLog.flush();
        } catch (RuntimeException e) {
            // The next round may do better; logging must not end because of one bad line.
            LOG.log(Level.WARNING, "Events of the native library could not be read", e);
        }
        return true;
    }
}

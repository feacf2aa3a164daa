// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import io.nativejwt.ffi.BuiltInVerdict;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.ShadowDifference;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Shadow mode: the built-in authenticator answers, and native-jwt judges the request beside it.
 *
 * <p>Nothing here can reach an answer. A request only enters a queue, which neither waits nor
 * throws. Threads of their own judge it at the instant of the request. If native code hangs, these
 * threads hang, the queue fills up, and further requests are skipped and counted. An exception ends
 * the verdict about one request.
 */
public final class Shadow {
    /** Some seconds of a busy coordinator. Each has the value of its Authorization header. */
    static final int MAXIMUM_WAITING = 1000;

    /** A token with an unknown key ID may occupy one of them for some seconds. */
    static final int THREADS = 2;

    private static final Logger LOG = Logger.getLogger(Shadow.class.getName());
    private static final long IDLE_SECONDS = 10;

    private final Judge judge;
    private final RejectionLog log;
    private final SkippedRequests skipped;

    /** Its threads end when there is nothing to do, so that they keep no authenticator alive. */
    private final ThreadPoolExecutor threads =
            new ThreadPoolExecutor(
                    THREADS,
                    THREADS,
                    IDLE_SECONDS,
                    TimeUnit.SECONDS,
                    new ArrayBlockingQueue<>(MAXIMUM_WAITING),
                    Shadow::newThread);

    /** The native verdict. */
    @FunctionalInterface
    interface Judge {
        /** As {@link NativeAuthenticator#judgeShadow}. */
        Optional<ShadowDifference> judge(
                String header, boolean hasSeveralHeaders, BuiltInVerdict builtIn);
    }

    Shadow(Judge judge, RejectionLog log, SkippedRequests skipped) {
        this.judge = judge;
        this.log = log;
        this.skipped = skipped;
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Has a request judged, later. Neither waits nor throws.
     *
     * @param authorization all values of the Authorization header; may be null for none
     * @param builtIn what the built-in authenticator did with the request
     */
    public void judge(List<String> authorization, BuiltInVerdict builtIn) {
        try {
            boolean hasSeveral = authorization != null && authorization.size() > 1;
            String header =
                    hasSeveral || authorization == null || authorization.isEmpty()
                            ? ""
                            : authorization.getFirst();
            threads.execute(() -> judgeNow(header, hasSeveral, builtIn));
        } catch (Throwable t) {
            // The queue is full, or, with an OutOfMemoryError, no thread can be started.
            skipped.increment();
        }
    }

    /** Has a request judged by the token that it has, without its Authorization header. */
    public void judgeToken(String token, BuiltInVerdict builtIn) {
        judge(List.of(TokenAuthenticator.BEARER + token), builtIn);
    }

    private void judgeNow(String header, boolean hasSeveral, BuiltInVerdict builtIn) {
        try {
            judge.judge(header, hasSeveral, builtIn).ifPresent(this::log);
        } catch (RuntimeException | Error e) {
            // An error would end the thread and print request data with its stack trace.
            skipped.increment();
            log.defect(e);
        }
    }

    private void log(ShadowDifference difference) {
        if (difference.isUnexplained()) {
            log.rejected(difference.verdicts(), difference.text());
        } else if (LOG.isLoggable(Level.FINE)) {
            LOG.fine(
                    "Explained difference: %s: %s"
                            .formatted(difference.verdicts(), difference.text()));
        }
    }

    private static Thread newThread(Runnable work) {
        Thread thread = new Thread(work, "native-jwt-shadow");
        thread.setDaemon(true);
        return thread;
    }
}

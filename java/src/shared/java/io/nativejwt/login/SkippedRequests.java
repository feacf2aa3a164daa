// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.logging.Logger;

/** Requests that shadow mode did not judge. They are logged once a minute at most. */
final class SkippedRequests {
    private static final Logger LOG = Logger.getLogger(SkippedRequests.class.getName());
    private static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final LongAdder requests = new LongAdder();
    private final LongSupplier nanoTime;

    /** Those that were counted since the last line. Only one thread uses it and the time. */
    private long notLogged;

    private long nextLine;

    SkippedRequests(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        nextLine = nanoTime.getAsLong();
    }

    void increment() {
        requests.increment();
    }

    /** Counts and logs those since the last call. Called once a second, by one thread. */
    void flush(LongConsumer count) {
        long skipped = requests.sumThenReset();
        if (skipped > 0) {
            count.accept(skipped);
            notLogged += skipped;
        }
        long now = nanoTime.getAsLong();
        if (notLogged > 0 && now - nextLine >= 0) {
            LOG.warning(
                    "Shadow mode skipped %d requests: they were answered by the built-in authenticator, but native-jwt did not judge them, because it failed or too many waited"
                            .formatted(notLogged));
            notLogged = 0;
            nextLine = now + INTERVAL_NANOS;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.testing;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for a state, and never only for a time. */
public final class Poll {
    private static final Duration PAUSE = Duration.ofMillis(50);

    private Poll() {}

    /**
     * @param limit after which the state is not expected any more
     * @return how long it took
     */
    public static Duration until(String what, Duration limit, BooleanSupplier state) {
        long start = System.nanoTime();
        while (true) {
            boolean reached = state.getAsBoolean();
            Duration waited = Duration.ofNanos(System.nanoTime() - start);
            if (reached) {
                return waited;
            }
            if (waited.compareTo(limit) > 0) {
                throw new AssertionError("Waited " + limit + " in vain for: " + what);
            }
            pause(PAUSE);
        }
    }

    public static void pause(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

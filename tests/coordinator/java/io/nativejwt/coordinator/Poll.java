package io.nativejwt.coordinator;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for a state, never for a time alone. */
final class Poll {
    private static final Duration PAUSE = Duration.ofMillis(50);

    private Poll() {}

    /** How long it took; the limit is there for a state that never comes. */
    static Duration until(String what, Duration limit, BooleanSupplier state) {
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
            Coordinator.pause(PAUSE);
        }
    }
}

package io.nativejwt.coordinator;

import java.time.Duration;

/** Waits for a state, never for a time alone. */
final class Poll {
    private static final Duration PAUSE = Duration.ofMillis(50);

    private Poll() {}

    /** Whether it has come; what it throws ends the wait. */
    @FunctionalInterface
    interface State<E extends Exception> {
        boolean reached() throws E;
    }

    /** How long it took; the limit is there for a state that never comes. */
    static <E extends Exception> Duration until(String what, Duration limit, State<E> state)
            throws E {
        long start = System.nanoTime();
        while (true) {
            boolean reached = state.reached();
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

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;

/** Tells what goes on, with a dot for every five seconds, and how long it took. */
public final class Stopwatch implements Consumer<Duration> {
    private static final int SECONDS_PER_DOT = 5;

    private final long start = System.nanoTime();
    private long dots;

    /** Without a title it only measures. */
    public Stopwatch(String title) {
        if (title != null) {
            System.out.print(title + " ");
            System.out.flush();
        }
    }

    @Override
    public void accept(Duration waited) {
        for (; dots < waited.toSeconds() / SECONDS_PER_DOT; dots++) {
            System.out.print(".");
        }
        System.out.flush();
    }

    public void done() {
        System.out.println(" " + this);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - start) / 1e9);
    }
}

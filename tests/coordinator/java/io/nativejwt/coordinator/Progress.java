package io.nativejwt.coordinator;

import java.time.Duration;
import java.util.function.Consumer;

/** A line that grows a dot a second while something takes its time. */
final class Progress implements Consumer<Duration> {
    private long seconds;

    Progress(String what) {
        System.out.print(what + " ");
        System.out.flush();
    }

    @Override
    public void accept(Duration waited) {
        for (; seconds < waited.toSeconds(); seconds++) {
            System.out.print(".");
        }
        System.out.flush();
    }

    void done(Duration took) {
        System.out.printf(" %.1f s%n", took.toMillis() / 1000.0);
    }
}

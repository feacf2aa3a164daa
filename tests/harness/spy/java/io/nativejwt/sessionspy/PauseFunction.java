// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.sessionspy;

import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlType;

import java.time.Duration;

/** {@code pause(seconds)}: makes a statement last, without work for the processor. */
public final class PauseFunction {
    private PauseFunction() {}

    // Not deterministic, or else Trino would evaluate it while it plans the statement.
    @ScalarFunction(value = "pause", deterministic = false)
    @Description("The seconds, after so many seconds")
    @SqlType("bigint")
    public static long pause(@SqlType("bigint") long seconds) throws InterruptedException {
        Thread.sleep(Duration.ofSeconds(seconds));
        return seconds;
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Processes;

import java.util.List;

/** What the user of a client saw. */
record Outcome(boolean succeeded, List<String> rows, String everything) {
    static Outcome of(Processes.Result result) {
        return new Outcome(
                result.exitCode() == 0,
                result.output().lines().toList(),
                result.output() + result.error());
    }

    Outcome assertSucceeded() {
        assertThat(succeeded).as(everything).isTrue();
        return this;
    }

    Outcome assertFailed() {
        assertThat(succeeded).as("it did not fail: %s", everything).isFalse();
        return this;
    }

    /** Lines break where a client breaks them, and not where the page does. */
    Outcome assertShows(Page.Sentence sentence) {
        assertThat(sentence.isIn(everything))
                .as("the page says <%s>, the client <%s>", sentence, everything)
                .isTrue();
        return this;
    }
}

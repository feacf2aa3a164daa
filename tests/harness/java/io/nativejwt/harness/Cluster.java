// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import io.nativejwt.testing.Poll;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** A coordinator and its one worker; queries run on both. */
public record Cluster(Coordinator coordinator, Coordinator worker) implements AutoCloseable {
    private static final Duration JOIN_LIMIT = Duration.ofMinutes(2);

    public Login login(String token) {
        return new Login(coordinator, token);
    }

    /**
     * Returns when the coordinator knows of the worker.
     *
     * @param token of anybody who may ask
     */
    public Cluster complete(String token) {
        Login login = login(token);
        Poll.until(
                "the worker to join",
                JOIN_LIMIT,
                () -> {
                    try {
                        return login.run(
                                        "SELECT count(*) FROM system.runtime.nodes"
                                                + " WHERE state = 'active'")
                                .equals(List.of("2"));
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
        return this;
    }

    @Override
    public void close() {
        worker.close();
        coordinator.close();
    }
}

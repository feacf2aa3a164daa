// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

/** A coordinator and its one worker; queries run on both. */
public record Cluster(Coordinator coordinator, Coordinator worker) implements AutoCloseable {
    public Login login(String token) {
        return new Login(coordinator, token);
    }

    @Override
    public void close() {
        worker.close();
        coordinator.close();
    }
}

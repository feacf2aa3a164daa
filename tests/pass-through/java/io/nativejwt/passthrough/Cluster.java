// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import io.nativejwt.harness.Coordinator;

/** A coordinator and its one worker; queries run on both. */
record Cluster(Coordinator coordinator, Coordinator worker) implements AutoCloseable {
    Login login(String token) {
        return new Login(coordinator, token);
    }

    @Override
    public void close() {
        worker.close();
        coordinator.close();
    }
}

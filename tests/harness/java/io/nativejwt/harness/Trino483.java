// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

/**
 * Starts the {@code io.trino.server.Server} of the class path, as the main class of a server
 * tarball does.
 */
public final class Trino483 {
    private Trino483() {}

    /**
     * By reflection, since the harness is compiled for an older class file version than Trino's.
     */
    public static void main(String[] arguments) throws ReflectiveOperationException {
        Class<?> server = Class.forName("io.trino.server.Server");
        server.getMethod("start", String.class)
                .invoke(server.getConstructor().newInstance(), "483");
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import java.util.Optional;

/**
 * The server launcher's main class: Trino's own server, with native code for the type {@code JWT}.
 * It names no class of the engine, so that it can report in one sentence that an engine does not
 * fit.
 */
public final class NativeJwtServer {
    /** The exit code of Trino's own main class for an invalid configuration. */
    private static final int INVALID = 100;

    private NativeJwtServer() {}

    public static void main(String[] arguments) {
        Engine engine = Engine.ofThisJvm();
        Optional<String> obstacle =
                engine.misfit()
                        .or(ShadowMode::obstacle)
                        .or(KeyFileDiversion::apply)
                        .or(DelegatedJwt::apply)
                        .or(MetricsExport::apply);
        if (obstacle.isPresent()) {
            System.err.println("ERROR: " + obstacle.get());
            System.exit(INVALID);
        }
        new TrinoWithNativeJwt(engine).start(engine.version());
    }
}

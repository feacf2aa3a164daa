package io.nativejwt.server;

import java.util.Optional;

/**
 * The server seam's main class: Trino's own server with the type {@code JWT} served by native code.
 * It names no class of the engine, so that it can say in one sentence that an engine does not fit.
 */
public final class NativeJwtServer {
    /** As Trino's own main class ends when its configuration is invalid. */
    private static final int INVALID = 100;

    private NativeJwtServer() {}

    public static void main(String[] arguments) {
        Engine engine = Engine.ofThisJvm();
        Optional<String> obstacle =
                engine.misfit().or(KeyFileDiversion::apply).or(DelegatedJwt::apply);
        if (obstacle.isPresent()) {
            System.err.println("ERROR: " + obstacle.get());
            System.exit(INVALID);
        }
        new TrinoWithNativeJwt(engine).start(engine.version());
    }
}

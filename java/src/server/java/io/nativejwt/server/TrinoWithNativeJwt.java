// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import com.google.inject.Module;

import io.trino.server.Server;

import java.util.List;

/** Trino's server with one additional module. */
final class TrinoWithNativeJwt extends Server {
    private final Engine engine;

    TrinoWithNativeJwt(Engine engine) {
        this.engine = engine;
    }

    @Override
    protected Iterable<? extends Module> getAdditionalModules() {
        return List.of(new NativeJwtModule(engine));
    }
}

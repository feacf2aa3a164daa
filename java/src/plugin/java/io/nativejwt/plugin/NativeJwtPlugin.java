// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import io.trino.spi.Plugin;
import io.trino.spi.security.HeaderAuthenticatorFactory;

import java.util.List;

/** Registers the header authenticator {@code native-jwt}. */
public final class NativeJwtPlugin implements Plugin {
    @Override
    public Iterable<HeaderAuthenticatorFactory> getHeaderAuthenticatorFactories() {
        return List.of(new NativeJwtAuthenticatorFactory());
    }
}

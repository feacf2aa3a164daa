// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import io.nativejwt.ffi.Host;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.NativeLibrary;
import io.nativejwt.login.Shadow;
import io.nativejwt.login.TokenAuthenticator;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.HeaderAuthenticatorFactory;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Logger;

/**
 * Makes an authenticator of each property file with the line {@code
 * header-authenticator.name=native-jwt}.
 */
public final class NativeJwtAuthenticatorFactory implements HeaderAuthenticatorFactory {
    static final String NAME = "native-jwt";

    private static final Logger LOG =
            Logger.getLogger(NativeJwtAuthenticatorFactory.class.getName());

    @Override
    public String getName() {
        return NAME;
    }

    @Override
    public HeaderAuthenticator create(Map<String, String> config) {
        Optional<String> source = ConfigurationFile.of(config).map(Path::toString);
        boolean givesMoreThanAUser =
                takesIdentity() && NativeAuthenticator.describe(config).givesMoreThanAUser();
        if (givesMoreThanAUser) {
            ConfigurationFile.requireNoFurtherMapping();
        }
        TokenAuthenticator authenticator =
                TokenAuthenticator.open(
                        config,
                        source.orElse(""),
                        ConfigurationFile.alternateHeaderName(givesMoreThanAUser),
                        takesIdentity() ? Host.PLUGIN : Host.PLUGIN_FOR_PRINCIPALS);
        Optional<Shadow> shadow = authenticator.shadow();
        if (shadow.isPresent()) {
            ConfigurationFile.requireAnotherAuthenticatorBehind();
        }
        String what =
                shadow.isPresent()
                        ? "native-jwt %s judges requests as configured in %s, in shadow mode: the"
                                + " next authenticator of http-server.authentication.type answers"
                                + " them"
                        : "native-jwt %s authenticates requests as configured in %s";
        LOG.info(what.formatted(NativeLibrary.jarVersion(), source.orElse("its property file")));
        return shadow.<HeaderAuthenticator>map(ShadowHeaderAuthenticator::new)
                .orElseGet(() -> new NativeJwtHeaderAuthenticator(authenticator));
    }

    /** Coordinators from 480 on take an identity from a plugin, earlier ones only a principal. */
    private static boolean takesIdentity() {
        return Arrays.stream(HeaderAuthenticator.class.getMethods())
                .anyMatch(method -> method.getName().equals("createAuthenticatedIdentity"));
    }
}

package io.nativejwt.plugin;

import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.NativeLibrary;
import io.nativejwt.login.Login;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.HeaderAuthenticatorFactory;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Logger;

/**
 * Makes an authenticator of one property file that says {@code
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
        Optional<Path> source = ConfigurationFile.of(config);
        boolean givesMoreThanAUser =
                takesIdentity() && NativeAuthenticator.describe(config).givesMoreThanAUser();
        if (givesMoreThanAUser) {
            ConfigurationFile.requireNoFurtherMapping();
        }
        Login login =
                Login.start(
                        config,
                        source.map(Path::toString).orElse(""),
                        ConfigurationFile.alternateHeaderName(givesMoreThanAUser),
                        takesIdentity());
        LOG.info(
                "native-jwt %s authenticates as %s says"
                        .formatted(
                                NativeLibrary.jarVersion(),
                                source.map(Path::toString).orElse("its property file")));
        return new NativeJwtAuthenticator(login);
    }

    /** From Trino 480 on a plugin hands over an identity; before, a principal. */
    private static boolean takesIdentity() {
        return Arrays.stream(HeaderAuthenticator.class.getMethods())
                .anyMatch(method -> method.getName().equals("createAuthenticatedIdentity"));
    }
}

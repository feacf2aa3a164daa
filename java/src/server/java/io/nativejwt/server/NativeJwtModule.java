package io.nativejwt.server;

import com.google.inject.Binder;

import io.airlift.configuration.ConfigBinder;
import io.airlift.configuration.ConfigurationAwareModule;
import io.airlift.configuration.ConfigurationFactory;
import io.airlift.http.client.HttpClientConfig;
import io.nativejwt.ffi.InvalidConfigurationException;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.NativeLibrary;
import io.nativejwt.ffi.NativeLibraryUnavailableException;
import io.nativejwt.login.Login;
import io.trino.server.security.jwt.ForJwt;
import io.trino.server.security.jwt.JwtAuthenticator;

import java.util.List;
import java.util.Optional;
import java.util.logging.Logger;

/**
 * Puts the native authenticator in the place of stock's, wherever the coordinator asks for that:
 * for the type {@code JWT} and for the web UI. Where neither is configured it does nothing, and the
 * coordinator refuses our keys as it refuses stock's.
 */
final class NativeJwtModule implements ConfigurationAwareModule {
    private static final Logger LOG = Logger.getLogger(NativeJwtModule.class.getName());

    private final Engine engine;
    private ConfigurationFactory configuration;

    /** The coordinator configures a module twice: to read the configuration, and to wire. */
    private NativeJwtAuthenticator authenticator;

    NativeJwtModule(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void setConfigurationFactory(ConfigurationFactory configurationFactory) {
        configuration = configurationFactory;
    }

    @Override
    public void configure(Binder binder) {
        try {
            if (stockIsConfigured()) {
                bind(binder);
            }
        } catch (LinkageError e) {
            binder.addError(engine.misfit(e.toString()));
        }
    }

    /** This module comes last, and stock's reads its configuration only where JWT is asked for. */
    private boolean stockIsConfigured() {
        return configuration
                .getAllSeenProperties()
                .contains(KeyFileDiversion.KEY_FILE_KEYS.getFirst());
    }

    private void bind(Binder binder) {
        ConfigBinder configBinder = ConfigBinder.configBinder(binder);
        configBinder.bindConfig(NativeJwtConfig.class);
        NativeConfiguration keys = new NativeConfiguration(configuration.getProperties());
        if (fetchesKeys(keys)) {
            // Stock binds them for its own client, which is not there: so the coordinator knows
            // them all, in the version it has, and refuses the same mistakes.
            configBinder.bindConfig(HttpClientConfig.class, ForJwt.class, "jwk");
        }
        if (authenticator == null) {
            open(binder, keys);
        }
        if (authenticator != null) {
            binder.bind(JwtAuthenticator.class).toInstance(authenticator);
        }
    }

    /**
     * Whether stock would have had an HTTP client, and so the keys of one. Where that cannot be
     * known, those keys are no further errors.
     */
    private static boolean fetchesKeys(NativeConfiguration keys) {
        if (keys.hasNoKeySource()) {
            return true;
        }
        try {
            return NativeAuthenticator.describe(keys.forLibrary()).fetchesKeys();
        } catch (InvalidConfigurationException | NativeLibraryUnavailableException e) {
            // Opening fails for the same reason, and tells it.
            return true;
        }
    }

    private void open(Binder binder, NativeConfiguration keys) {
        if (keys.hasForeignKeyFile()) {
            binder.addError(
                    "Configuration property '%s' is for native-jwt itself: use '%s'",
                    KeyFileDiversion.DIVERTED_KEY, KeyFileDiversion.KEY_FILE_KEYS.getFirst());
            return;
        }
        if (keys.hasNoKeySource()) {
            // The coordinator says why: there is no key file, or a reference that leads nowhere.
            keys.undivertedKeyFile()
                    .ifPresent(key -> binder.addError("native-jwt: %s cannot be read", key));
            return;
        }
        Optional<ConfigProperties> file = ConfigProperties.ofThisJvm();
        List<String> repeated = file.map(keys::repeated).orElse(List.of());
        for (String key : repeated) {
            binder.addError(
                    "Configuration property '%s' is set more than once in %s",
                    key, file.orElseThrow().file());
        }
        String source = file.map(properties -> properties.file().toString()).orElse("");
        try {
            authenticator =
                    new NativeJwtAuthenticator(
                            Login.start(
                                    keys.forLibrary(), source, keys.alternateHeaderName(), true));
        } catch (InvalidConfigurationException | NativeLibraryUnavailableException e) {
            binder.addError("%s", e.getMessage());
            return;
        }
        keys.withoutEffect()
                .forEach(
                        key ->
                                LOG.warning(
                                        key
                                                + " has no effect: native-jwt fetches keys with a"
                                                + " client of its own"));
        LOG.info(
                "native-jwt %s authenticates as %s says, in place of stock's JWT authenticator"
                        .formatted(
                                NativeLibrary.jarVersion(),
                                source.isEmpty() ? "the configuration" : source));
    }
}

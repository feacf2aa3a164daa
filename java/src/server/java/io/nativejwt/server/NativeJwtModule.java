// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import com.google.inject.Binder;
import com.google.inject.Scopes;

import io.airlift.configuration.ConfigBinder;
import io.airlift.configuration.ConfigPropertyMetadata;
import io.airlift.configuration.ConfigurationAwareModule;
import io.airlift.configuration.ConfigurationFactory;
import io.airlift.http.client.HttpClientConfig;
import io.airlift.jaxrs.JaxrsBinder;
import io.nativejwt.ffi.Host;
import io.nativejwt.ffi.InvalidConfigurationException;
import io.nativejwt.ffi.NativeAuthenticator;
import io.nativejwt.ffi.NativeLibrary;
import io.nativejwt.ffi.NativeLibraryUnavailableException;
import io.nativejwt.login.CoordinatorProperties;
import io.nativejwt.login.Shadow;
import io.nativejwt.login.TokenAuthenticator;
import io.trino.server.security.jwt.ForJwt;
import io.trino.server.security.jwt.JwtAuthenticator;

import java.nio.file.Path;
import java.util.Optional;
import java.util.logging.Logger;

/**
 * Replaces Trino's built-in JWT authenticator by the native one wherever the coordinator asks for
 * it: for the type {@code JWT} and for the web UI. Where neither is configured, this module does
 * nothing but report a page for tokens that nothing would accept, and the coordinator rejects our
 * properties as it rejects the built-in ones.
 */
final class NativeJwtModule implements ConfigurationAwareModule {
    private static final Logger LOG = Logger.getLogger(NativeJwtModule.class.getName());

    private final Engine engine;
    private ConfigurationFactory configuration;

    /** The coordinator configures a module twice: to read the configuration, and to wire. */
    private TokenAuthenticator authenticator;

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
            if (TokenPageSettings.areIn(configuration.getProperties())) {
                ConfigBinder.configBinder(binder).bindConfig(TokenPageConfig.class);
            }
            Optional<TokenPageSettings> page =
                    TokenPageSettings.read(
                            configuration.getProperties(), error -> binder.addError("%s", error));
            if (jwtIsConfigured()) {
                bind(binder, page);
            }
        } catch (LinkageError e) {
            binder.addError(engine.misfit(e.toString()));
        }
    }

    /**
     * This module comes last, and the built-in one reads its configuration only where JWT is asked
     * for.
     */
    private boolean jwtIsConfigured() {
        return configuration
                .getAllSeenProperties()
                .contains(KeyFileDiversion.KEY_FILE_PROPERTIES.getFirst());
    }

    private void bind(Binder binder, Optional<TokenPageSettings> page) {
        ConfigBinder configBinder = ConfigBinder.configBinder(binder);
        configBinder.bindConfig(NativeJwtConfig.class);
        configBinder.bindConfig(StorageConfig.class);
        NativeConfiguration properties = new NativeConfiguration(configuration.getProperties());
        // No configuration class can list their names, so the coordinator has to hear of each.
        properties
                .ofFamilies()
                .forEach(
                        name ->
                                configuration.consumeProperty(
                                        new ConfigPropertyMetadata(name, false)));
        if (!properties.isShadow() && usesHttpClient(properties)) {
            // The built-in module binds them for its own HTTP client, which is not made here. So
            // the coordinator knows all of them, in its own version, and finds the same mistakes.
            configBinder.bindConfig(HttpClientConfig.class, ForJwt.class, "jwk");
        }
        if (authenticator == null) {
            open(binder, properties);
        }
        if (authenticator != null) {
            bindAuthenticator(binder);
            JaxrsBinder.jaxrsBinder(binder).bindInstance(new MetricsResource(authenticator));
            if (properties.hasBackchannelLogout()) {
                JaxrsBinder.jaxrsBinder(binder)
                        .bindInstance(new BackchannelLogoutResource(authenticator));
            }
            page.map(settings -> TokenPageResource.of(settings, authenticator))
                    .ifPresent(resource -> JaxrsBinder.jaxrsBinder(binder).bindInstance(resource));
        }
    }

    /** In shadow mode, the built-in module has bound what the built-in authenticator needs. */
    private void bindAuthenticator(Binder binder) {
        Optional<Shadow> shadow = authenticator.shadow();
        if (shadow.isEmpty()) {
            binder.bind(JwtAuthenticator.class)
                    .toInstance(new NativeJwtAuthenticator(authenticator));
            return;
        }
        binder.bind(Shadow.class).toInstance(shadow.get());
        binder.bind(JwtAuthenticator.class).to(ShadowAuthenticator.class).in(Scopes.SINGLETON);
        JaxrsBinder.jaxrsBinder(binder).bindInstance(new ShadowReportResource(authenticator));
    }

    /**
     * Whether the built-in authenticator would have had an HTTP client, and so the properties of
     * one. Where that cannot be known, these properties cause no further errors.
     */
    private static boolean usesHttpClient(NativeConfiguration properties) {
        if (properties.hasNoKeySource()) {
            return true;
        }
        try {
            return NativeAuthenticator.describe(properties.forLibrary()).usesHttpClient();
        } catch (InvalidConfigurationException | NativeLibraryUnavailableException e) {
            // Opening fails for the same reason, and reports it.
            return true;
        }
    }

    private void open(Binder binder, NativeConfiguration properties) {
        if (properties.hasForeignKeyFile()) {
            binder.addError(
                    "Configuration property '%s' is internal to native-jwt: use '%s'",
                    KeyFileDiversion.DIVERTED_PROPERTY,
                    KeyFileDiversion.KEY_FILE_PROPERTIES.getFirst());
            return;
        }
        if (properties.isShadow() && TokenPageSettings.areIn(configuration.getProperties())) {
            binder.addError(
                    "Configuration property '%s' cannot be used in shadow mode, which changes"
                            + " nothing that a client sees: remove it until you end shadow mode",
                    TokenPageSettings.firstIn(configuration.getProperties()));
        }
        if (properties.hasNoKeySource()) {
            // The coordinator reports why: a missing key file, or an unresolved reference.
            properties
                    .undivertedKeyFile()
                    .ifPresent(name -> binder.addError("native-jwt: %s cannot be read", name));
            return;
        }
        CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
        String source = coordinator.path().map(Path::toString).orElse("");
        for (String property : properties.repeated(coordinator)) {
            binder.addError(
                    "Configuration property '%s' is set more than once in %s", property, source);
        }
        try {
            authenticator =
                    TokenAuthenticator.open(
                            properties.forLibrary(),
                            source,
                            properties.alternateHeaderName(),
                            Host.SERVER_LAUNCHER);
        } catch (InvalidConfigurationException | NativeLibraryUnavailableException e) {
            binder.addError("%s", e.getMessage());
            return;
        }
        properties
                .withoutEffect()
                .forEach(
                        name ->
                                LOG.warning(
                                        name
                                                + " has no effect: native-jwt fetches keys with its"
                                                + " own HTTP client"));
        String what =
                properties.isShadow()
                        ? "native-jwt %s judges requests as configured in %s, in shadow mode:"
                                + " Trino's built-in JWT authenticator answers them"
                        : "native-jwt %s authenticates requests as configured in %s, in place of"
                                + " Trino's built-in JWT authenticator";
        LOG.info(
                what.formatted(
                        NativeLibrary.jarVersion(),
                        source.isEmpty() ? "the system properties" : source));
    }
}

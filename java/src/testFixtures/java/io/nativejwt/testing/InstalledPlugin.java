// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.testing;

import io.trino.spi.Plugin;
import io.trino.spi.security.HeaderAuthenticator;
import io.trino.spi.security.HeaderAuthenticatorFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * A plugin folder, loaded as the coordinator loads it: by a class loader of its own that shares
 * only the SPI, through the service file.
 */
public final class InstalledPlugin {
    public static final Path RELEASE = Path.of("build/dist/plugin/native-jwt").toAbsolutePath();
    public static final String JAR = "nativejwt.jar";
    public static final String LIBRARY = "libnativejwt.so";

    private static final String PREFIX = "http-server.authentication.jwt.";

    private final HeaderAuthenticatorFactory factory;

    private InstalledPlugin(HeaderAuthenticatorFactory factory) {
        this.factory = factory;
    }

    public static InstalledPlugin release() {
        return in(RELEASE);
    }

    public static InstalledPlugin in(Path folder) {
        try {
            URL[] jar = {folder.resolve(JAR).toUri().toURL()};
            // Never closed, as in a coordinator: the library stays bound to it.
            ClassLoader loader =
                    new URLClassLoader(
                            "plugin", jar, new SpiOnly(InstalledPlugin.class.getClassLoader()));
            Plugin plugin = ServiceLoader.load(Plugin.class, loader).findFirst().orElseThrow();
            return new InstalledPlugin(plugin.getHeaderAuthenticatorFactories().iterator().next());
        } catch (MalformedURLException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A folder with the release's jar and a library of the test's choosing. */
    public static Path folderWith(Path folder, Path library) {
        try {
            Files.createDirectories(folder);
            Files.copy(RELEASE.resolve(JAR), folder.resolve(JAR));
            Files.copy(library, folder.resolve(LIBRARY));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public HeaderAuthenticatorFactory factory() {
        return factory;
    }

    /** Creates an authenticator; property names lack their common prefix. */
    public HeaderAuthenticator create(Map<String, String> properties) {
        Map<String, String> full = new java.util.HashMap<>();
        properties.forEach((name, value) -> full.put(PREFIX + name, value));
        return factory.create(full);
    }

    public static HeaderAuthenticator.Headers bearer(String token) {
        return authorization("Bearer " + token);
    }

    public static HeaderAuthenticator.Headers authorization(String value) {
        return name -> name.equalsIgnoreCase("authorization") ? List.of(value) : null;
    }

    /** What the coordinator lets a plugin see of its own classes. */
    private static final class SpiOnly extends ClassLoader {
        private static final List<String> SHARED =
                List.of(
                        "io.trino.spi.",
                        "com.fasterxml.jackson.annotation.",
                        "io.airlift.slice.",
                        "io.opentelemetry.");

        private final ClassLoader application;

        private SpiOnly(ClassLoader application) {
            super(ClassLoader.getPlatformClassLoader());
            this.application = application;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (SHARED.stream().anyMatch(name::startsWith)) {
                return application.loadClass(name);
            }
            throw new ClassNotFoundException(name);
        }
    }
}

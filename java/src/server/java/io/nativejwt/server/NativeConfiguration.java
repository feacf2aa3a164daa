package io.nativejwt.server;

import io.airlift.configuration.Config;
import io.nativejwt.login.CoordinatorProperties;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Selects those of the coordinator's properties that are for the library. */
final class NativeConfiguration {
    private static final String HTTP_CLIENT = "jwk.http-client.";

    /** Those of Trino's built-in authenticator, present and former, except for the key file's. */
    private static final List<String> BUILT_IN_PROPERTIES =
            List.of(
                    "http-server.authentication.jwt.required-issuer",
                    "http-server.authentication.jwt.required-audience",
                    "http-server.authentication.jwt.principal-field",
                    "http-server.authentication.jwt.user-mapping.pattern",
                    "http-server.authentication.jwt.user-mapping.file",
                    "http.authentication.jwt.required-issuer",
                    "http.authentication.jwt.required-audience");

    /** Those of Trino's HTTP client that the library's client supports as well. */
    private static final Set<String> HTTP_CLIENT_PROPERTIES =
            Stream.of(
                            "trust-store-path",
                            "trust-store-password",
                            "key-store-path",
                            "key-store-password",
                            "http-proxy",
                            "http-proxy.user",
                            "http-proxy.password",
                            "http-proxy.secure",
                            "socks-proxy",
                            "connect-timeout",
                            "request-timeout",
                            "https.hostname-verification")
                    .map(HTTP_CLIENT::concat)
                    .collect(Collectors.toUnmodifiableSet());

    private final Map<String, String> properties;

    /**
     * @param properties all of the coordinator's, with references resolved
     */
    NativeConfiguration(Map<String, String> properties) {
        this.properties = properties;
    }

    boolean hasNoKeySource() {
        return keyFile().isEmpty()
                && !properties.containsKey(KeyFileDiversion.CONFIG_FILES_PROPERTY);
    }

    /** Whether the operator set the property by which we hand the key file on. */
    boolean hasForeignKeyFile() {
        return properties.containsKey(KeyFileDiversion.DIVERTED_PROPERTY) && keyFile().isEmpty();
    }

    private Optional<String> keyFile() {
        return Optional.ofNullable(properties.get(KeyFileDiversion.DIVERTED_PROPERTY))
                .flatMap(KeyFileDiversion::keyFile);
    }

    /**
     * The property of the key file, if it still holds the key file: the built-in authenticator
     * would then authenticate requests, and nothing would show it.
     */
    Optional<String> undivertedKeyFile() {
        return KeyFileDiversion.KEY_FILE_PROPERTIES.stream()
                .filter(properties::containsKey)
                .filter(name -> !properties.get(name).equals(KeyFileDiversion.PLACEHOLDER))
                .findFirst();
    }

    /** The second prefix under which the coordinator accepts request headers, or null. */
    String alternateHeaderName() {
        return properties.get(CoordinatorProperties.ALTERNATE_HEADER_NAME);
    }

    Map<String, String> forLibrary() {
        Map<String, String> selected = new HashMap<>();
        Stream.of(BUILT_IN_PROPERTIES, ownProperties(), HTTP_CLIENT_PROPERTIES)
                .flatMap(Collection::stream)
                .filter(properties::containsKey)
                .forEach(name -> selected.put(name, properties.get(name)));
        // The key file goes under the name that the operator used, which the file's line has.
        selected.remove(KeyFileDiversion.DIVERTED_PROPERTY);
        keyFile()
                .ifPresent(
                        keyFile ->
                                KeyFileDiversion.KEY_FILE_PROPERTIES.stream()
                                        .filter(properties::containsKey)
                                        .forEach(name -> selected.put(name, keyFile)));
        return selected;
    }

    /** Those of Trino's HTTP client that are set and that the library ignores. */
    Set<String> withoutEffect() {
        return properties.keySet().stream()
                .filter(
                        name ->
                                name.startsWith(HTTP_CLIENT)
                                        && !HTTP_CLIENT_PROPERTIES.contains(name))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Those for the library that the file sets more than once. The coordinator silently takes the
     * last value; who is let in must not depend on that.
     */
    List<String> repeated(CoordinatorProperties coordinator) {
        Set<String> names = forLibrary().keySet();
        return coordinator.repeated().stream().filter(names::contains).distinct().toList();
    }

    static Set<String> ownProperties() {
        return Arrays.stream(NativeJwtConfig.class.getMethods())
                .map(NativeConfiguration::propertyName)
                .filter(name -> !name.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static String propertyName(Method method) {
        Config config = method.getAnnotation(Config.class);
        return config == null ? "" : config.value();
    }
}

package io.nativejwt.server;

import io.airlift.configuration.Config;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which of the coordinator's properties are for the library. */
final class NativeConfiguration {
    private static final String HTTP_CLIENT = "jwk.http-client.";

    /** Stock's keys, present and former, but for the key file's. */
    private static final List<String> STOCK_KEYS =
            List.of(
                    "http-server.authentication.jwt.required-issuer",
                    "http-server.authentication.jwt.required-audience",
                    "http-server.authentication.jwt.principal-field",
                    "http-server.authentication.jwt.user-mapping.pattern",
                    "http-server.authentication.jwt.user-mapping.file",
                    "http.authentication.jwt.required-issuer",
                    "http.authentication.jwt.required-audience");

    /** What of stock's HTTP client the library's client does as well. */
    private static final Set<String> HTTP_CLIENT_KEYS =
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
        return keyFile().isEmpty() && !properties.containsKey(KeyFileDiversion.CONFIG_FILES_KEY);
    }

    /** Whether the operator set the property by which we hand the key file on. */
    boolean hasForeignKeyFile() {
        return properties.containsKey(KeyFileDiversion.DIVERTED_KEY) && keyFile().isEmpty();
    }

    private Optional<String> keyFile() {
        return Optional.ofNullable(properties.get(KeyFileDiversion.DIVERTED_KEY))
                .flatMap(KeyFileDiversion::keyFile);
    }

    /**
     * The key file, when it is still where stock would read it: then stock's authenticator would
     * serve, and nobody would know.
     */
    Optional<String> undivertedKeyFile() {
        return KeyFileDiversion.KEY_FILE_KEYS.stream()
                .filter(properties::containsKey)
                .filter(key -> !properties.get(key).equals(KeyFileDiversion.PLACEHOLDER))
                .findFirst();
    }

    /** The other prefix that the coordinator takes request headers with, or null. */
    String alternateHeaderName() {
        return properties.get("protocol.v1.alternate-header-name");
    }

    Map<String, String> forLibrary() {
        Map<String, String> keys = new HashMap<>();
        Stream.of(STOCK_KEYS, ownKeys(), HTTP_CLIENT_KEYS)
                .flatMap(java.util.Collection::stream)
                .filter(properties::containsKey)
                .forEach(key -> keys.put(key, properties.get(key)));
        // Under the name that the operator used, which is the one on the line in the file.
        keys.remove(KeyFileDiversion.DIVERTED_KEY);
        keyFile()
                .ifPresent(
                        keyFile ->
                                KeyFileDiversion.KEY_FILE_KEYS.stream()
                                        .filter(properties::containsKey)
                                        .forEach(key -> keys.put(key, keyFile)));
        return keys;
    }

    /** Keys of stock's HTTP client that are set and that nothing reads. */
    Set<String> withoutEffect() {
        return properties.keySet().stream()
                .filter(key -> key.startsWith(HTTP_CLIENT) && !HTTP_CLIENT_KEYS.contains(key))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The coordinator takes the last one without a word; who may log in must not hang on that. */
    List<String> repeated(ConfigProperties file) {
        Set<String> keys = forLibrary().keySet();
        return file.repeated().stream().filter(keys::contains).distinct().toList();
    }

    static Set<String> ownKeys() {
        return Arrays.stream(NativeJwtConfig.class.getMethods())
                .map(NativeConfiguration::key)
                .filter(key -> !key.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static String key(Method method) {
        Config config = method.getAnnotation(Config.class);
        return config == null ? "" : config.value();
    }
}

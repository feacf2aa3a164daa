package io.nativejwt.server;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Keeps the configured key file from stock's code, which would fetch a JWK set a second time and
 * not start without it. The coordinator's configuration takes system properties before those of
 * etc/config.properties, and resolves references such as {@code ${ENV:NAME}} in both: so the value
 * moves, as it was written, to a key of ours, and stock reads a path in its place.
 */
final class KeyFileDiversion {
    /** Where our module finds what the operator wrote. */
    static final String DIVERTED_KEY = "native-jwt.key-file";

    /**
     * Cannot exist, and with the variable in it stock opens nothing before it has a token to
     * verify, which it never gets.
     */
    static final String PLACEHOLDER = "/dev/null/${KID}";

    static final List<String> KEY_FILE_KEYS =
            List.of("http-server.authentication.jwt.key-file", "http.authentication.jwt.key-file");

    /** With a file for each issuer there is no key file, which stock insists on. */
    static final String CONFIG_FILES_KEY = "http-server.authentication.jwt.config-files";

    private KeyFileDiversion() {}

    static void apply() {
        Map<String, String> written =
                ConfigProperties.ofThisJvm().map(ConfigProperties::entries).orElse(Map.of());
        List<String> configured =
                KEY_FILE_KEYS.stream().filter(key -> value(key, written).isPresent()).toList();
        if (configured.size() == 1) {
            String key = configured.getFirst();
            System.setProperty(DIVERTED_KEY, value(key, written).orElseThrow());
            System.setProperty(key, PLACEHOLDER);
        } else if (configured.isEmpty() && value(CONFIG_FILES_KEY, written).isPresent()) {
            System.setProperty(KEY_FILE_KEYS.getFirst(), PLACEHOLDER);
        }
        // Both names at once, or none: the coordinator has its own words for that.
    }

    private static Optional<String> value(String key, Map<String, String> written) {
        return Stream.of(System.getProperties().getProperty(key), written.get(key))
                .filter(value -> value != null)
                .findFirst();
    }
}

package io.nativejwt.server;

import io.nativejwt.login.References;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Keeps the configured key file from stock's code, which would fetch a JWK set a second time and
 * not start without it. The coordinator's configuration takes system properties before those of
 * etc/config.properties, and resolves references such as {@code ${ENV:NAME}} in both: so the value
 * moves to a key of ours, and stock reads a path in its place.
 *
 * <p>The value may be an address with a password, and system properties can be read by SQL (the jmx
 * catalog) and from the host. So the property gets the references of the value alone, which the
 * coordinator resolves, each between two marks; the texts around them stay here.
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

    /** Each under its present and its former name. */
    private static final List<List<String>> RENAMED =
            List.of(
                    KEY_FILE_KEYS,
                    List.of(
                            "http-server.authentication.jwt.required-issuer",
                            "http.authentication.jwt.required-issuer"),
                    List.of(
                            "http-server.authentication.jwt.required-audience",
                            "http.authentication.jwt.required-audience"));

    /** With a file for each issuer there is no key file, which stock insists on. */
    static final String CONFIG_FILES_KEY = "http-server.authentication.jwt.config-files";

    /** Of this start alone, so that no resolved reference holds it. */
    private static final String MARK = "<" + UUID.randomUUID() + ">";

    /** What stands before, between and behind the references; empty where nothing is diverted. */
    private static volatile List<String> texts = List.of();

    private KeyFileDiversion() {}

    /**
     * @param resolved the value of {@link #DIVERTED_KEY}, with references resolved
     * @return the key file as it was configured; empty for a value that is not ours
     */
    static Optional<String> keyFile(String resolved) {
        String[] references = resolved.split(Pattern.quote(MARK), -1);
        List<String> around = texts;
        // A mark stands at the beginning and at the end, so that both ends are empty.
        if (around.isEmpty() || references.length != around.size() + 1) {
            return Optional.empty();
        }
        StringBuilder keyFile = new StringBuilder(around.getFirst());
        for (int i = 1; i < around.size(); i++) {
            keyFile.append(references[i]).append(around.get(i));
        }
        return Optional.of(keyFile.toString());
    }

    /** Keeps the texts of the value, and returns its references for {@link #DIVERTED_KEY}. */
    static String divert(String value) {
        texts = List.of(References.PATTERN.split(value, -1));
        StringBuilder references = new StringBuilder(MARK);
        References.PATTERN
                .matcher(value)
                .results()
                .forEach(reference -> references.append(reference.group()).append(MARK));
        return references.toString();
    }

    /**
     * Changes the system properties.
     *
     * @return what is wrong, where airlift would stumble over it: from a key under both of its
     *     names, some of its versions make an exception about something else
     */
    static Optional<String> apply() {
        Map<String, String> written =
                ConfigProperties.ofThisJvm().map(ConfigProperties::entries).orElse(Map.of());
        for (List<String> names : RENAMED) {
            if (names.stream().allMatch(name -> value(name, written).isPresent())) {
                return Optional.of(
                        "Configuration property '%s' is the former name of '%s', which is set too: keep one of them"
                                .formatted(names.getLast(), names.getFirst()));
            }
        }
        Optional<String> configured =
                KEY_FILE_KEYS.stream().filter(key -> value(key, written).isPresent()).findFirst();
        configured.ifPresent(
                key -> System.setProperty(DIVERTED_KEY, divert(value(key, written).orElseThrow())));
        if (configured.isPresent() || value(CONFIG_FILES_KEY, written).isPresent()) {
            System.setProperty(configured.orElse(KEY_FILE_KEYS.getFirst()), PLACEHOLDER);
        }
        return Optional.empty();
    }

    /** As it is written; a system property goes before the file. */
    static Optional<String> value(String key, Map<String, String> written) {
        return Optional.ofNullable(System.getProperty(key))
                .or(() -> Optional.ofNullable(written.get(key)));
    }
}

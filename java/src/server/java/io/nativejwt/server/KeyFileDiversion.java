// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.CoordinatorProperties;
import io.nativejwt.login.References;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Hides the configured key file from Trino's built-in authenticator, which would fetch a JWK Set a
 * second time and not start without it. The coordinator prefers system properties to
 * etc/config.properties, and resolves references such as {@code ${ENV:NAME}} in both. So the value
 * moves to a property of ours, and the built-in authenticator reads a path in its place.
 *
 * <p>The value may be an address with a password, and system properties can be read by SQL (the jmx
 * catalog) and on the host. So the property gets only the references of the value, which the
 * coordinator resolves, each between two marks. The texts around them stay in this class.
 */
final class KeyFileDiversion {
    /** The property by which the coordinator hands the resolved references to our module. */
    static final String DIVERTED_PROPERTY = "native-jwt.key-file";

    /**
     * Cannot exist. Because of the variable in it, the built-in authenticator opens no file before
     * it has a token to verify, and it never gets one.
     */
    static final String PLACEHOLDER = "/dev/null/${KID}";

    static final List<String> KEY_FILE_PROPERTIES =
            List.of("http-server.authentication.jwt.key-file", "http.authentication.jwt.key-file");

    /** With a file for each issuer there is no key file, which the built-in code requires. */
    static final String CONFIG_FILES_PROPERTY = "http-server.authentication.jwt.config-files";

    /** Random for each start, so that no resolved reference contains it. */
    private static final String MARK = "<" + UUID.randomUUID() + ">";

    /** The texts before, between and after the references; empty where nothing is diverted. */
    private static volatile List<String> texts = List.of();

    private KeyFileDiversion() {}

    /**
     * @param resolved the value of {@link #DIVERTED_PROPERTY}, with references resolved
     * @return the key file as it was configured; empty for a value that this class did not make
     */
    static Optional<String> keyFile(String resolved) {
        String[] references = resolved.split(Pattern.quote(MARK), -1);
        List<String> around = texts;
        // The value begins and ends with a mark, so that the first and the last part are empty.
        if (around.isEmpty() || references.length != around.size() + 1) {
            return Optional.empty();
        }
        StringBuilder keyFile = new StringBuilder(around.getFirst());
        for (int i = 1; i < around.size(); i++) {
            keyFile.append(references[i]).append(around.get(i));
        }
        return Optional.of(keyFile.toString());
    }

    /** Keeps the texts of the value, and returns its references for {@link #DIVERTED_PROPERTY}. */
    static String divert(String value) {
        texts = References.textsAround(value);
        StringBuilder references = new StringBuilder(MARK);
        References.in(value).forEach(reference -> references.append(reference).append(MARK));
        return references.toString();
    }

    /**
     * Changes the system properties.
     *
     * @return what is wrong with the configuration: for a property that is set under both of its
     *     names, some versions of airlift fail with a message about something else
     */
    static Optional<String> apply() {
        CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
        for (LibraryProperty property : LibraryProperty.ALL) {
            for (String former : property.formerNames()) {
                if (coordinator.value(former).isPresent()
                        && coordinator.value(property.name()).isPresent()) {
                    return Optional.of(
                            "Configuration property '%s' is the legacy name of '%s', which is set too: keep one of them"
                                    .formatted(former, property.name()));
                }
            }
        }
        if (ShadowMode.isOn(coordinator)) {
            // The built-in authenticator answers, so it reads the key file itself.
            return Optional.empty();
        }
        Optional<String> configured =
                KEY_FILE_PROPERTIES.stream()
                        .filter(name -> coordinator.value(name).isPresent())
                        .findFirst();
        configured
                .flatMap(coordinator::value)
                .ifPresent(keyFile -> System.setProperty(DIVERTED_PROPERTY, divert(keyFile)));
        if (configured.isPresent() || coordinator.value(CONFIG_FILES_PROPERTY).isPresent()) {
            System.setProperty(configured.orElse(KEY_FILE_PROPERTIES.getFirst()), PLACEHOLDER);
        }
        return Optional.empty();
    }
}

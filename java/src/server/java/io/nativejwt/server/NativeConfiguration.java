// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.CoordinatorProperties;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Selects those of the coordinator's properties that are for the library. */
final class NativeConfiguration {
    private static final String HTTP_CLIENT = "jwk.http-client.";
    private static final String LOGOUT_CLIENT_ID =
            "http-server.authentication.jwt.backchannel-logout.client-id";

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

    /** Whether the built-in authenticator answers. */
    boolean isShadow() {
        return ShadowMode.isOn(properties);
    }

    /** Whether the operator set the property by which we hand the key file on. */
    boolean hasForeignKeyFile() {
        return properties.containsKey(KeyFileDiversion.DIVERTED_PROPERTY)
                && (isShadow() || keyFile().isEmpty());
    }

    private Optional<String> keyFile() {
        if (isShadow()) {
            return KeyFileDiversion.KEY_FILE_PROPERTIES.stream()
                    .map(properties::get)
                    .filter(Objects::nonNull)
                    .findFirst();
        }
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

    /** Those whose names the operator completed, such as {@code required-claims.tenant}. */
    List<String> ofFamilies() {
        return properties.keySet().stream().filter(LibraryProperty::isOfFamily).toList();
    }

    /** The second prefix under which the coordinator accepts request headers, or null. */
    String alternateHeaderName() {
        return properties.get(CoordinatorProperties.ALTERNATE_HEADER_NAME);
    }

    /** Whether issuers may send logout tokens to this coordinator. */
    boolean hasBackchannelLogout() {
        return properties.containsKey(LOGOUT_CLIENT_ID);
    }

    Map<String, String> forLibrary() {
        Map<String, String> selected = new HashMap<>(properties);
        selected.keySet().removeIf(name -> !LibraryProperty.isKnown(name));
        // The key file goes under the name that the operator used, which the file's line has.
        for (String name : KeyFileDiversion.KEY_FILE_PROPERTIES) {
            if (selected.remove(name) != null) {
                keyFile().ifPresent(keyFile -> selected.put(name, keyFile));
            }
        }
        return selected;
    }

    /**
     * Those of Trino's HTTP client that are set and that the library does not know. It logs itself
     * which of those it knows have no effect.
     */
    Set<String> withoutEffect() {
        return properties.keySet().stream()
                .filter(name -> name.startsWith(HTTP_CLIENT) && !LibraryProperty.isKnown(name))
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
}

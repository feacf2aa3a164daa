// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.CoordinatorProperties;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The type {@code DELEGATED-JWT}: the authenticator of the type {@code JWT}, which also passes
 * tokens through as the extra credential {@code token}, unless the configuration names another one.
 * The coordinator does not know that type, and neither does its web UI. So it reads {@code JWT}
 * instead, from a system property, which it prefers to etc/config.properties.
 *
 * <p>Each of the two properties can have it without the other one. Clients run statements under
 * {@code http-server.authentication.type}, and the web UI runs none: so the former alone makes
 * connectors get tokens, and in the latter the type means the same as {@code JWT}.
 */
final class DelegatedJwt {
    static final String TYPE = "DELEGATED-JWT";
    static final String DEFAULT_CREDENTIAL_NAME = "token";

    private static final String CREDENTIAL_NAME_PROPERTY =
            "http-server.authentication.jwt.pass-through.credential-name";
    private static final String BUILT_IN_TYPE = "JWT";
    private static final String TYPE_PROPERTY = "http-server.authentication.type";

    private static final List<String> TYPE_PROPERTIES =
            List.of(TYPE_PROPERTY, "web-ui.authentication.type");

    private DelegatedJwt() {}

    /**
     * Changes the system properties.
     *
     * @return what is wrong with the configuration
     */
    static Optional<String> apply() {
        CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
        for (String property : TYPE_PROPERTIES) {
            List<String> types = types(property, coordinator);
            if (!names(types, TYPE)) {
                continue;
            }
            if (names(types, BUILT_IN_TYPE)) {
                return Optional.of(
                        "Configuration property '%s' names both %s and %s, which are one authenticator: keep one of them"
                                .formatted(property, BUILT_IN_TYPE, TYPE));
            }
            System.setProperty(
                    property,
                    types.stream()
                            .map(type -> type.equalsIgnoreCase(TYPE) ? BUILT_IN_TYPE : type)
                            .collect(Collectors.joining(",")));
            if (property.equals(TYPE_PROPERTY)
                    && coordinator.value(CREDENTIAL_NAME_PROPERTY).isEmpty()) {
                System.setProperty(CREDENTIAL_NAME_PROPERTY, DEFAULT_CREDENTIAL_NAME);
            }
        }
        return Optional.empty();
    }

    /** The first property that names the type. */
    static Optional<String> propertyWithIt(CoordinatorProperties coordinator) {
        return TYPE_PROPERTIES.stream()
                .filter(property -> names(types(property, coordinator), TYPE))
                .findFirst();
    }

    /** Empty where the value cannot be resolved here: the coordinator then rejects our type. */
    private static List<String> types(String property, CoordinatorProperties coordinator) {
        return coordinator
                .resolved(property)
                .map(value -> Arrays.stream(value.split(",")).map(String::trim).toList())
                .orElse(List.of());
    }

    private static boolean names(List<String> types, String name) {
        return types.stream().anyMatch(name::equalsIgnoreCase);
    }
}

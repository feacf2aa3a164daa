// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.CoordinatorProperties;

import java.util.Map;
import java.util.Optional;

/**
 * Whether the built-in authenticator answers. It then has to read its own configuration, so nothing
 * is hidden from it, and native-jwt reads the same.
 */
final class ShadowMode {
    static final String PROPERTY = "http-server.authentication.jwt.shadow";

    private ShadowMode() {}

    /**
     * @return what is wrong with the configuration
     */
    static Optional<String> obstacle() {
        CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
        if (coordinator.value(PROPERTY).isPresent() && coordinator.resolved(PROPERTY).isEmpty()) {
            return Optional.of(
                    "Configuration property '%s' is a reference that native-jwt cannot resolve before the start: write true or false"
                            .formatted(PROPERTY));
        }
        if (isOn(coordinator)) {
            return DelegatedJwt.propertyWithIt(coordinator)
                    .map(
                            property ->
                                    "Configuration property '%s' names %s, which the built-in authenticator does not know: write JWT while '%s' is true"
                                            .formatted(property, DelegatedJwt.TYPE, PROPERTY));
        }
        return Optional.empty();
    }

    /** Before the start. */
    static boolean isOn(CoordinatorProperties coordinator) {
        return coordinator.resolved(PROPERTY).filter(ShadowMode::isTrue).isPresent();
    }

    /**
     * @param properties all of the coordinator's, with references resolved
     */
    static boolean isOn(Map<String, String> properties) {
        return isTrue(properties.getOrDefault(PROPERTY, ""));
    }

    /** As the library reads it, which rejects anything but true and false. */
    private static boolean isTrue(String value) {
        return value.trim().equalsIgnoreCase("true");
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.plugin;

import io.nativejwt.ffi.InvalidConfigurationException;
import io.nativejwt.login.CoordinatorProperties;
import io.nativejwt.login.PropertyFile;
import io.nativejwt.login.References;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The file from which the coordinator read the properties of the authenticator. The SPI hands over
 * the properties without the file. An operator has to edit the file, so error messages name it. It
 * is found as the coordinator finds it: by a property of the coordinator, relative to the working
 * directory.
 */
final class ConfigurationFile {
    private static final String FILES_PROPERTY = "header-authenticator.config-files";
    private static final List<String> USER_MAPPING_PROPERTIES =
            List.of(
                    "http-server.authentication.header.user-mapping.pattern",
                    "http-server.authentication.header.user-mapping.file");
    private static final String TYPE_PROPERTY = "http-server.authentication.type";
    private static final String HEADER = "HEADER";
    private static final String JWT = "JWT";
    private static final String DEFAULT_FILE = "etc/header-authenticator.properties";
    private static final String NAME_PROPERTY = "header-authenticator.name";

    private ConfigurationFile() {}

    /**
     * Empty when no file holds just these properties, or the file cannot be read: neither may
     * prevent a start.
     */
    static Optional<Path> of(Map<String, String> config) {
        String files = CoordinatorProperties.ofThisJvm().value(FILES_PROPERTY).orElse(DEFAULT_FILE);
        return Arrays.stream(files.split(","))
                .map(String::trim)
                .filter(file -> !file.isEmpty())
                .map(file -> Path.of(file).toAbsolutePath())
                .flatMap(file -> PropertyFile.read(file).stream())
                .filter(file -> holds(file.entries(), config))
                .map(PropertyFile::path)
                .findFirst();
    }

    /**
     * The second prefix under which the coordinator accepts request headers, or null.
     *
     * @param isNeeded whether headers with that prefix have to be checked
     * @throws InvalidConfigurationException when it is needed and cannot be resolved here
     */
    static String alternateHeaderName(boolean isNeeded) {
        CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
        String property = CoordinatorProperties.ALTERNATE_HEADER_NAME;
        String name = coordinator.resolved(property).orElse(null);
        if (isNeeded && name == null && coordinator.value(property).isPresent()) {
            throw invalid(
                    property
                            + " in the coordinator's configuration is a reference that native-jwt"
                            + " cannot resolve: set the name itself");
        }
        return name;
    }

    /**
     * With a user mapping of its own for header authenticators, the coordinator would map the user
     * once more. Groups and token of one user would then reach the session of another.
     *
     * @throws InvalidConfigurationException when the coordinator has one
     */
    static void requireNoFurtherMapping() {
        CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
        for (String property : USER_MAPPING_PROPERTIES) {
            if (coordinator.value(property).isPresent()) {
                throw invalid(
                        property
                                + " in the coordinator's configuration maps users once more, so"
                                + " that groups and tokens would go to others: map them by"
                                + " http-server.authentication.jwt.user-mapping instead");
            }
        }
    }

    /**
     * In shadow mode another authenticator has to answer, and the built-in one comes after this
     * one: Trino asks the next authenticator only if the one before rejects the request.
     *
     * @throws InvalidConfigurationException when the coordinator's list is another one
     */
    static void requireAnotherAuthenticatorBehind() {
        List<String> types =
                CoordinatorProperties.ofThisJvm().resolved(TYPE_PROPERTY).stream()
                        .flatMap(value -> Arrays.stream(value.split(",")))
                        .map(type -> type.trim().toUpperCase(Locale.ROOT))
                        .filter(type -> !type.isEmpty())
                        .toList();
        if (!types.isEmpty() && types.stream().allMatch(HEADER::equals)) {
            throw invalid(
                    TYPE_PROPERTY
                            + " names only HEADER, so that in shadow mode every request would be"
                            + " rejected: write HEADER,JWT");
        }
        if (types.contains(JWT) && types.indexOf(JWT) < types.indexOf(HEADER)) {
            throw invalid(
                    TYPE_PROPERTY
                            + " names JWT before HEADER, so that in shadow mode only requests that"
                            + " the built-in authenticator rejects would be judged: write"
                            + " HEADER,JWT");
        }
    }

    private static InvalidConfigurationException invalid(String error) {
        return new InvalidConfigurationException("", List.of(error));
    }

    private static boolean holds(Map<String, String> written, Map<String, String> config) {
        Map<String, String> rest = new HashMap<>(written);
        return NativeJwtAuthenticatorFactory.NAME.equals(rest.remove(NAME_PROPERTY))
                && rest.keySet().equals(config.keySet())
                && rest.entrySet().stream()
                        .allMatch(entry -> mayBecome(entry.getValue(), config.get(entry.getKey())));
    }

    /** The coordinator replaces a reference such as {@code ${ENV:NAME}} before it calls us. */
    private static boolean mayBecome(String written, String resolved) {
        String literals =
                References.textsAround(written).stream()
                        .map(Pattern::quote)
                        .collect(Collectors.joining(".*"));
        return Pattern.compile(literals, Pattern.DOTALL).matcher(resolved).matches();
    }
}

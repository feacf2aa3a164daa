package io.nativejwt.plugin;

import io.nativejwt.ffi.InvalidConfigurationException;
import io.nativejwt.login.References;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which file the coordinator read the keys from. The SPI hands over only the keys; the file is what
 * an operator has to edit, so error messages name it. Works as the coordinator does: {@code
 * -Dconfig}, in it the list of files, relative to the working directory.
 */
final class ConfigurationFile {
    private static final String FILES_KEY = "header-authenticator.config-files";
    private static final String ALTERNATE_HEADER_KEY = "protocol.v1.alternate-header-name";
    private static final List<String> USER_MAPPING_KEYS =
            List.of(
                    "http-server.authentication.header.user-mapping.pattern",
                    "http-server.authentication.header.user-mapping.file");
    private static final String DEFAULT_FILE = "etc/header-authenticator.properties";
    private static final String NAME_KEY = "header-authenticator.name";

    private ConfigurationFile() {}

    /**
     * Empty when no file, or a file that cannot be read, holds just these keys: that must not stop
     * a start.
     */
    static Optional<Path> of(Map<String, String> config) {
        return candidates().stream().filter(file -> holds(file, config)).findFirst();
    }

    /**
     * The other prefix that the coordinator takes request headers with, or null.
     *
     * @param isNeeded whether headers under it that are not seen would do harm
     * @throws InvalidConfigurationException when it is needed and cannot be known
     */
    static String alternateHeaderName(boolean isNeeded) {
        String written = ofTheCoordinator(ALTERNATE_HEADER_KEY);
        String name = written == null ? null : References.resolve(written).orElse(null);
        if (isNeeded && written != null && name == null) {
            throw invalid(
                    ALTERNATE_HEADER_KEY
                            + " in the coordinator's configuration is a reference that native-jwt"
                            + " cannot follow: write the name there");
        }
        return name;
    }

    /**
     * The coordinator would map our user to another one, whose session then had the groups and the
     * token of ours, and was taken for somebody else's when it is not.
     *
     * @throws InvalidConfigurationException when it does
     */
    static void requireNoFurtherMapping() {
        for (String key : USER_MAPPING_KEYS) {
            if (ofTheCoordinator(key) != null) {
                throw invalid(
                        key
                                + " in the coordinator's configuration maps users once more, so"
                                + " that groups and tokens would go to others: map them by"
                                + " http-server.authentication.jwt.user-mapping instead");
            }
        }
    }

    private static InvalidConfigurationException invalid(String error) {
        return new InvalidConfigurationException("", List.of(error));
    }

    /** A key of the coordinator itself; a system property goes before its file. */
    private static String ofTheCoordinator(String key) {
        String value = System.getProperty(key);
        String serverConfig = System.getProperty("config");
        return value != null || serverConfig == null
                ? value
                : load(Path.of(serverConfig)).getProperty(key);
    }

    private static List<Path> candidates() {
        String files = ofTheCoordinator(FILES_KEY);
        return Arrays.stream((files == null ? DEFAULT_FILE : files).split(","))
                .map(String::trim)
                .filter(file -> !file.isEmpty())
                .map(file -> Path.of(file).toAbsolutePath())
                .toList();
    }

    private static boolean holds(Path file, Map<String, String> config) {
        Properties properties = load(file);
        Set<String> keys = new HashSet<>(properties.stringPropertyNames());
        if (!NativeJwtAuthenticatorFactory.NAME.equals(properties.getProperty(NAME_KEY, "").trim())
                || !keys.remove(NAME_KEY)) {
            return false;
        }
        return keys.equals(config.keySet())
                && keys.stream()
                        .allMatch(
                                key ->
                                        mayBecome(
                                                properties.getProperty(key).trim(),
                                                config.get(key)));
    }

    /** A reference such as {@code ${ENV:NAME}} was replaced before the value reached us. */
    private static boolean mayBecome(String written, String resolved) {
        String literals =
                Arrays.stream(References.PATTERN.split(written, -1))
                        .map(Pattern::quote)
                        .collect(Collectors.joining(".*"));
        return Pattern.compile(literals, Pattern.DOTALL).matcher(resolved).matches();
    }

    private static Properties load(Path file) {
        Properties properties = new Properties();
        try (InputStream in = Files.newInputStream(file)) {
            properties.load(in);
        } catch (IOException | IllegalArgumentException e) {
            properties.clear();
        }
        return properties;
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The properties of the coordinator itself, read as the coordinator reads them: from the file that
 * {@code -Dconfig} names, with a system property before the file.
 */
public final class CoordinatorProperties {
    /** The second prefix under which the coordinator accepts request headers. */
    public static final String ALTERNATE_HEADER_NAME = "protocol.v1.alternate-header-name";

    /** Null without {@code -Dconfig}, and when the file cannot be read. */
    private final PropertyFile file;

    private CoordinatorProperties(PropertyFile file) {
        this.file = file;
    }

    public static CoordinatorProperties ofThisJvm() {
        return new CoordinatorProperties(
                Optional.ofNullable(System.getProperty("config"))
                        .map(config -> Path.of(config).toAbsolutePath())
                        .flatMap(PropertyFile::read)
                        .orElse(null));
    }

    /** The file that was read. */
    public Optional<Path> path() {
        return Optional.ofNullable(file).map(PropertyFile::path);
    }

    /** The properties that the file sets more than once. */
    public List<String> repeated() {
        return file == null ? List.of() : file.repeated();
    }

    /** The value as it is written, with references still in it. */
    public Optional<String> value(String name) {
        return Optional.ofNullable(System.getProperty(name))
                .or(() -> Optional.ofNullable(file).map(read -> read.entries().get(name)));
    }

    /** The value with references resolved; also empty where one of them cannot be resolved here. */
    public Optional<String> resolved(String name) {
        return value(name).flatMap(References::resolve);
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * One of the coordinator's property files as it is written, with references still in it.
 *
 * @param entries values trimmed, as {@code io.airlift.configuration.ConfigurationLoader} trims them
 * @param repeated the properties that the file sets more than once; the last value counts
 */
public record PropertyFile(Path path, Map<String, String> entries, List<String> repeated) {
    /** Empty when the file cannot be read, which the coordinator reports itself. */
    public static Optional<PropertyFile> read(Path path) {
        List<String> repeated = new ArrayList<>();
        Properties properties = new RecordingProperties(repeated);
        try (InputStream in = Files.newInputStream(path)) {
            properties.load(in);
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
        Map<String, String> entries = new HashMap<>();
        properties
                .stringPropertyNames()
                .forEach(name -> entries.put(name, properties.getProperty(name).trim()));
        return Optional.of(new PropertyFile(path, entries, repeated));
    }

    /** Records names that come again: {@link Properties#load} puts each line in turn. */
    private static final class RecordingProperties extends Properties {
        private static final long serialVersionUID = 1L;

        private final transient List<String> repeated;

        private RecordingProperties(List<String> repeated) {
            this.repeated = repeated;
        }

        @Override
        public synchronized Object put(Object name, Object value) {
            if (containsKey(name)) {
                repeated.add((String) name);
            }
            return super.put(name, value);
        }
    }
}

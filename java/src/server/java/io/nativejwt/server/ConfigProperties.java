package io.nativejwt.server;

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
 * etc/config.properties as it is written, read before the coordinator reads it: references are not
 * resolved yet.
 *
 * @param entries values trimmed, as {@code io.airlift.configuration.ConfigurationLoader} trims them
 * @param repeated the keys that are there more than once; the last value counts
 */
record ConfigProperties(Path file, Map<String, String> entries, List<String> repeated) {
    /**
     * Empty without {@code -Dconfig} and when the file cannot be read, which the coordinator tells
     * of.
     */
    static Optional<ConfigProperties> ofThisJvm() {
        String config = System.getProperty("config");
        if (config == null) {
            return Optional.empty();
        }
        Path file = Path.of(config).toAbsolutePath();
        try (InputStream in = Files.newInputStream(file)) {
            return Optional.of(read(file, in));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    static ConfigProperties read(Path file, InputStream in) throws IOException {
        List<String> repeated = new ArrayList<>();
        Properties properties = new Repeats(repeated);
        properties.load(in);
        Map<String, String> entries = new HashMap<>();
        properties
                .stringPropertyNames()
                .forEach(key -> entries.put(key, properties.getProperty(key).trim()));
        return new ConfigProperties(file, entries, repeated);
    }

    /** {@link Properties#load} puts each line in turn. */
    private static final class Repeats extends Properties {
        private static final long serialVersionUID = 1L;

        private final transient List<String> repeated;

        private Repeats(List<String> repeated) {
            this.repeated = repeated;
        }

        @Override
        public synchronized Object put(Object key, Object value) {
            if (containsKey(key)) {
                repeated.add((String) key);
            }
            return super.put(key, value);
        }
    }
}

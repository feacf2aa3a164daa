// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The lines of a file in {@code etc/}, as the page of the same name in docs/ shows it. */
public final class Sample {
    private final Path file;
    private final Map<String, String> properties = new LinkedHashMap<>();

    /** A file of the folder {@code etc/TOPIC}. */
    public Sample(String topic, String name) {
        file = Workspace.source("etc").resolve(topic).resolve(name);
        lines().stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.split("=", 2))
                .forEach(property -> properties.put(property[0], property[1]));
    }

    /** As they stand in the file, comments included. */
    public List<String> lines() {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the sample cannot know is put in its place; everything else is run as it stands. */
    public Sample at(String name, String value) {
        if (properties.replace(name, value) == null) {
            throw new IllegalArgumentException(file + " has no " + name);
        }
        return this;
    }

    /** As by an operator who left the line out. */
    public Sample without(String name) {
        if (properties.remove(name) == null) {
            throw new IllegalArgumentException(file + " has no " + name);
        }
        return this;
    }

    public Sample with(String name, String value) {
        if (properties.put(name, value) != null) {
            throw new IllegalArgumentException(file + " has " + name);
        }
        return this;
    }

    public Map<String, String> properties() {
        for (Map.Entry<String, String> property : properties.entrySet()) {
            if (property.getValue().contains("example.com")) {
                throw new IllegalStateException(file + ": nothing was put in place of " + property);
            }
        }
        return properties;
    }
}

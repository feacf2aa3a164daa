// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.passthrough;

import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The lines of a file in {@code etc/pass-through}, as docs/pass-through.md shows it. */
final class Sample {
    private final String file;
    private final Map<String, String> properties = new LinkedHashMap<>();

    Sample(String file) {
        this.file = file;
        lines().stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.split("=", 2))
                .forEach(property -> properties.put(property[0], property[1]));
    }

    /** As they stand in the file, comments included. */
    List<String> lines() {
        try {
            return Files.readAllLines(Workspace.source("etc/pass-through").resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the sample cannot know is put in its place; everything else is run as it stands. */
    Sample at(String name, String value) {
        if (properties.replace(name, value) == null) {
            throw new IllegalArgumentException(file + " has no " + name);
        }
        return this;
    }

    /** As by an operator who left the line out. */
    Sample without(String name) {
        if (properties.remove(name) == null) {
            throw new IllegalArgumentException(file + " has no " + name);
        }
        return this;
    }

    Sample with(String name, String value) {
        if (properties.put(name, value) != null) {
            throw new IllegalArgumentException(file + " has " + name);
        }
        return this;
    }

    Map<String, String> properties() {
        for (Map.Entry<String, String> property : properties.entrySet()) {
            if (property.getValue().contains("example.com")) {
                throw new IllegalStateException(file + ": nothing was put in place of " + property);
            }
        }
        return properties;
    }
}

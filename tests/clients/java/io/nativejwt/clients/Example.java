// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A copy of the examples in one language. The page shows parts of the files; an edit is what a user
 * would change in them.
 */
final class Example {
    private static final List<String> LANGUAGES =
            List.of("shell", "jdbc", "python", "dbt", "spark", "go", "node");

    private static final Path SOURCES = Workspace.source("tests/clients");
    private static final AtomicInteger COPIES = new AtomicInteger();

    private final Path folder;

    private Example(Path folder) {
        this.folder = folder;
    }

    /** All files in this language, in a folder of its own. */
    static Example in(String language) {
        Path copy =
                Workspace.freshFolder(
                        "test/clients/examples/" + language + "-" + COPIES.incrementAndGet());
        Path source = SOURCES.resolve(language);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = copy.resolve(source.relativize(file));
                Files.createDirectories(target.getParent());
                Files.copy(file, target);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Example(copy);
    }

    /** Every file of which the page may show a part. */
    static List<Path> all() {
        List<Path> all = new ArrayList<>();
        try {
            for (String language : LANGUAGES) {
                try (Stream<Path> files = Files.walk(SOURCES.resolve(language))) {
                    files.filter(Files::isRegularFile).forEach(all::add);
                }
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path folder() {
        return folder;
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    Example without(String file, String text) {
        return edit(file, text, "");
    }

    /** Puts text behind some that is there once. */
    Example insert(String file, String after, String text) {
        return edit(file, after, after + text);
    }

    Example edit(String file, String from, String to) {
        Path path = folder.resolve(file);
        try {
            String text = Files.readString(path);
            int at = text.indexOf(from);
            if (at < 0 || text.indexOf(from, at + 1) >= 0) {
                throw new IllegalArgumentException("'" + from + "' is not once in " + path);
            }
            Files.writeString(path, text.replace(from, to));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }
}

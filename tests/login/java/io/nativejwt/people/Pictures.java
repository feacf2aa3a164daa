// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.people;

import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Pictures for the documentation. They are written anew where {@code UPDATE} is set. */
final class Pictures {
    private static final Path FOLDER = Workspace.source("docs/images");

    /** Of a page, in pixels. */
    private static final int WIDTH = 720;

    /** Of a terminal. */
    private static final int COLUMNS = 100;

    private static final int LINE = 20;
    private static final double CHARACTER = 8.43;
    private static final int MARGIN = 16;

    private Pictures() {}

    static void ofPage(Browser browser, String name) {
        if (areWanted()) {
            browser.width(WIDTH);
            browser.screenshot(folder().resolve(name));
        }
    }

    /** A terminal as SVG: lines that begin with {@code $} were typed. */
    static void ofTerminal(List<String> output, String name) {
        List<String> lines = output.stream().flatMap(Pictures::wrapped).toList();
        StringBuilder svg = new StringBuilder();
        svg.append(
                """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" role="img">
                <title>A terminal: %3$s</title>
                <rect width="100%%" height="100%%" rx="8" fill="#1e1e1e"/>
                <g font-family="ui-monospace, 'DejaVu Sans Mono', monospace" font-size="14" fill="#d4d4d4" xml:space="preserve">
                """
                        .formatted(
                                Math.round(COLUMNS * CHARACTER) + 2 * MARGIN,
                                lines.size() * LINE + 2 * MARGIN,
                                escaped(lines.getFirst())));
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            svg.append(
                    "<text x=\"%d\" y=\"%d\"%s>%s</text>%n"
                            .formatted(
                                    MARGIN,
                                    MARGIN + i * LINE + LINE * 3 / 4,
                                    line.startsWith("$ ")
                                            ? " fill=\"#ffffff\" font-weight=\"bold\""
                                            : "",
                                    escaped(line)));
        }
        svg.append("</g>\n</svg>\n");
        try {
            Files.writeString(folder().resolve(name), svg);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> wrapped(String line) {
        List<String> lines = new ArrayList<>();
        String rest = line;
        while (rest.length() > COLUMNS) {
            int end = rest.lastIndexOf(' ', COLUMNS);
            lines.add(rest.substring(0, end <= 0 ? COLUMNS : end));
            rest = rest.substring(end <= 0 ? COLUMNS : end + 1);
        }
        lines.add(rest);
        return lines.stream();
    }

    static boolean areWanted() {
        String update = System.getenv("UPDATE");
        return update != null && !update.isEmpty();
    }

    private static Path folder() {
        try {
            return Files.createDirectories(FOLDER);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}

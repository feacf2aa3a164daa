// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.clients;

import static java.util.stream.Collectors.joining;

import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * docs/clients.md. What it says that users see is read from there by the tests that see it: nothing
 * of it is written twice.
 */
final class Page {
    private static final Pattern ROW = Pattern.compile("\\| (.+) \\| (.+) \\| (.+) \\|");
    private static final Pattern CODE = Pattern.compile("`` (.+?) ``|`([^`]+)`");
    private static final Pattern TEST = Pattern.compile("`([A-Za-z]+Test)\\.([A-Za-z0-9]+)`");
    private static final Pattern SPACE = Pattern.compile("\\s+");

    private final List<String> lines;

    Page() {
        try {
            lines = Files.readAllLines(Workspace.source("docs/clients.md"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A row of a table: what somebody does, what that gives, and which tests show it. */
    record Row(String section, String situation, String result, List<NamedTest> tests) {
        /** What the user sees; an ellipsis stands for what differs between two runs. */
        List<Sentence> sentences() {
            return CODE.matcher(result)
                    .results()
                    .map(code -> code.group(1) != null ? code.group(1) : code.group(2))
                    .map(Sentence::new)
                    .toList();
        }
    }

    record NamedTest(String type, String method) {}

    /** A block of code, and the section that it is in. */
    record Block(String section, List<String> lines) {}

    record Sentence(String text) {
        boolean isIn(String output) {
            String pattern =
                    Stream.of(text.split("…"))
                            .map(String::strip)
                            .filter(part -> !part.isEmpty())
                            .map(Pattern::quote)
                            .collect(joining(".*?"));
            return Pattern.compile(pattern).matcher(SPACE.matcher(output).replaceAll(" ")).find();
        }

        @Override
        public String toString() {
            return text;
        }
    }

    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        String section = "";
        for (String line : lines) {
            if (line.startsWith("## ")) {
                section = line.substring(3);
            }
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                List<NamedTest> tests =
                        TEST.matcher(row.group(3))
                                .results()
                                .map(test -> new NamedTest(test.group(1), test.group(2)))
                                .toList();
                rows.add(new Row(section, row.group(1), row.group(2), tests));
            }
        }
        return rows;
    }

    /** The sentences of the row with this test. */
    List<Sentence> sentences(Class<?> type, String method) {
        NamedTest test = new NamedTest(type.getSimpleName(), method);
        List<Sentence> sentences =
                rows().stream()
                        .filter(row -> row.tests().contains(test))
                        .flatMap(row -> row.sentences().stream())
                        .toList();
        if (sentences.isEmpty()) {
            throw new AssertionError("docs/clients.md says nothing about " + test);
        }
        return sentences;
    }

    /** A section without its heading; without a name, what stands before the first one. */
    String text(String section) {
        String heading = section.isEmpty() ? lines.getFirst() : "## " + section;
        return lines.stream()
                .dropWhile(line -> !line.equals(heading))
                .skip(1)
                .takeWhile(line -> !line.startsWith("## "))
                .collect(joining("\n"))
                .strip();
    }

    List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        String section = "";
        List<String> block = null;
        for (String line : lines) {
            if (line.startsWith("```")) {
                if (block == null) {
                    block = new ArrayList<>();
                } else {
                    blocks.add(new Block(section, block));
                    block = null;
                }
            } else if (block != null) {
                block.add(line);
            } else if (line.startsWith("## ")) {
                section = line.substring(3);
            }
        }
        return blocks;
    }
}

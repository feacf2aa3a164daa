// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Criterion's benchmarks of the core, as criterion leaves their results. */
final class Criterion {
    private static final Path RESULTS = Path.of("target/criterion");

    private Criterion() {}

    /**
     * The signature alone, verified by the library that ours verifies with, with a key parsed
     * before, and the bytes of the token that the logins bring.
     *
     * @param algorithm as tokens name it
     */
    static Figures bareSignature(String algorithm, boolean isQuick) {
        List<String> command =
                List.of(
                        "cargo",
                        "bench",
                        "--locked",
                        "--quiet",
                        "--package",
                        "nativejwt-core",
                        "--bench",
                        "pipeline",
                        "--",
                        "--noplot",
                        "--warm-up-time",
                        isQuick ? "0.3" : "1",
                        "--measurement-time",
                        isQuick ? "0.6" : "2",
                        "^%s/bare signature$".formatted(algorithm));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + " failed");
            }
            return read(RESULTS.resolve(algorithm).resolve("bare signature/new/estimates.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** All that is newer than this file; other runs leave theirs in the same place. */
    static List<Figures> since(Path stamp) throws IOException {
        FileTime begin = Files.getLastModifiedTime(stamp);
        List<Figures> figures = new ArrayList<>();
        try (Stream<Path> files = Files.walk(RESULTS)) {
            for (Path file : files.filter(path -> path.endsWith("new/estimates.json")).toList()) {
                if (Files.getLastModifiedTime(file).compareTo(begin) >= 0) {
                    figures.add(read(file));
                }
            }
        }
        return figures;
    }

    private static Figures read(Path estimates) throws IOException {
        JsonNode json = new ObjectMapper().readTree(estimates.toFile());
        double median = json.get("median").get("point_estimate").asDouble();
        double deviation = json.get("median_abs_dev").get("point_estimate").asDouble();
        Path path = RESULTS.relativize(estimates.getParent().getParent());
        String name = "core-" + path.toString().toLowerCase(Locale.ROOT);
        return Figures.of(
                name.replaceAll("[^a-z0-9.]+", "-"), "ns", null, median, null, deviation / median);
    }
}

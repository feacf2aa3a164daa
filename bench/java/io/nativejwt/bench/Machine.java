// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;

/** Where and with what a run was made: figures of another machine are other figures. */
final class Machine {
    private Machine() {}

    static String describe(LocalDate day) throws IOException {
        boolean isQuick = System.getenv("QUICK") != null;
        return """
        %s run of %s, commit %s. %s, %d processors, Linux %s; load before the run %s.
        %s; %s; stock is Trino 483, Nimbus JOSE+JWT 10.10.%s
        """
                .formatted(
                        isQuick ? "Quick" : "Full",
                        day,
                        output("git", "describe", "--always", "--dirty"),
                        processor(),
                        Runtime.getRuntime().availableProcessors(),
                        System.getProperty("os.version"),
                        System.getenv().getOrDefault("LOAD_BEFORE", "unknown"),
                        "JDK " + Runtime.version(),
                        output("rustc", "--version").replaceAll(" \\(.*", ""),
                        isQuick
                                ? " Warm-up of 2.5 s, one JVM each: stock is not at its best after"
                                        + " that, so the ratios flatter ours."
                                : "");
    }

    private static String processor() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.replaceAll(".*: ", ""))
                .findFirst()
                .orElse(System.getProperty("os.arch"));
    }

    private static String output(String... command) {
        try {
            Process process = new ProcessBuilder(List.of(command)).start();
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return text.strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

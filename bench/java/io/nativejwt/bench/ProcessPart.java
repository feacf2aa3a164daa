// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import io.nativejwt.ffi.Verdict;
import io.trino.server.security.AuthenticationException;
import io.trino.spi.security.Identity;

import org.glassfish.jersey.server.ContainerRequest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.LogManager;

/**
 * What no single login shows, each in fresh JVMs: how long the first verdict takes, what memory an
 * authenticator takes, and what a flood of bad tokens on one processor does to logins on another.
 */
final class ProcessPart {
    private static final String START = "start";
    private static final String FLOOD = "flood";

    /**
     * Ours without Trino's class, which the server launcher extends and which loads Trino's parser.
     */
    private static final String LIBRARY = "library";

    private ProcessPart() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments.length == 0 ? "" : arguments[0]) {
            case START -> start(arguments[1]);
            case FLOOD -> flood(arguments[1], Boolean.parseBoolean(arguments[2]));
            default -> measure(System.getenv("QUICK") != null);
        }
    }

    private static void measure(boolean isQuick) {
        List<Figures> figures = new ArrayList<>();
        Map<String, Map<String, List<Double>>> starts = new LinkedHashMap<>();
        for (int jvm = 0; jvm < (isQuick ? 5 : 10); jvm++) {
            for (String implementation : List.of("stock", "native")) {
                add(starts, implementation, inOwnJvm(START, implementation));
            }
            add(starts, "native", inOwnJvm(START, LIBRARY));
        }
        starts.forEach(
                (row, samples) -> figures.add(Figures.of(row, unitOf(row), Map.copyOf(samples))));
        for (String scenario : List.of("uncached", "cached")) {
            Map<String, Map<String, List<Double>>> floods = new LinkedHashMap<>();
            for (int jvm = 0; jvm < (isQuick ? 1 : 3); jvm++) {
                add(
                        floods,
                        "native",
                        inOwnJvm(FLOOD, "native", Boolean.toString(scenario.equals("cached"))));
                if (scenario.equals("uncached")) {
                    add(floods, "stock", inOwnJvm(FLOOD, "stock", "false"));
                }
            }
            floods.forEach(
                    (row, samples) ->
                            figures.add(
                                    Figures.of(
                                            "flood-" + scenario + "-" + row,
                                            unitOf(row),
                                            samples)));
        }
        for (Figures row : figures) {
            System.out.printf(
                    Locale.ROOT,
                    "%-32s stock %s, ours %s %s%n",
                    row.name(),
                    row.stock(),
                    row.ours(),
                    row.unit());
        }
        Figures.write(Path.of("build/bench/process.json"), figures);
    }

    private static String unitOf(String row) {
        return switch (row) {
            case "first-verdict", "library-first-verdict" -> "ms";
            case "resident", "library-resident" -> "MB";
            case "login-slower" -> "times";
            default -> "ns";
        };
    }

    private static void add(
            Map<String, Map<String, List<Double>>> rows,
            String implementation,
            Map<String, Double> values) {
        values.forEach(
                (row, value) ->
                        rows.computeIfAbsent(row, key -> new LinkedHashMap<>())
                                .computeIfAbsent(implementation, key -> new ArrayList<>())
                                .add(value));
    }

    /** What the JVM prints: a name and a number on each line. */
    private static Map<String, Double> inOwnJvm(String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "-Xms512m",
                                "-Xmx512m",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                ProcessPart.class.getName()));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            Map<String, Double> values = new LinkedHashMap<>();
            try (BufferedReader lines =
                    new BufferedReader(
                            new InputStreamReader(
                                    process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    String[] parts = line.split(" ");
                    values.put(parts[0], Double.valueOf(parts[1]));
                }
            }
            if (process.waitFor() != 0 || values.isEmpty()) {
                throw new IllegalStateException("no figures from " + List.of(arguments));
            }
            return values;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /**
     * From nothing of ours loaded to the first identity, as a coordinator starts: Trino's and
     * Jersey's classes are there before.
     */
    private static void start(String implementation) throws IOException {
        Material material = Material.of("RS256");
        ContainerRequest request = Subject.request(material.token("1.5k"));
        Identity.forUser("nobody").build();
        if (new AuthenticationException("warm-up").getMessage().isEmpty()) {
            throw new IllegalStateException();
        }
        boolean isAlone = implementation.equals(LIBRARY);
        String row = isAlone ? "library-" : "";
        long residentBefore = resident();
        long begin = System.nanoTime();
        Subject subject = Subject.open(implementation, material, true);
        Object verdict = subject.judge(request);
        long nanos = System.nanoTime() - begin;
        long resident = resident() - residentBefore;
        require(verdict, true);
        System.out.println(row + "first-verdict " + nanos / 1e6);
        System.out.println(row + "resident " + resident / 1048576.0);
    }

    private static long resident() throws IOException {
        // What the JVM's own start left behind is no matter of an authenticator.
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElseThrow();
    }

    private static void require(Object verdict, boolean isAccepted) {
        if ((verdict instanceof Identity || verdict instanceof Verdict.Accepted) != isAccepted) {
            throw new IllegalStateException("judged: " + verdict);
        }
    }

    /** Logins one by one, in turns with and without a flood on another thread. */
    private static void flood(String implementation, boolean isCached) throws Exception {
        // The lines are made as ever, and written nowhere.
        LogManager.getLogManager().reset();
        Material material = Material.of("RS256");
        Subject subject = Subject.open(implementation, material, isCached);
        ContainerRequest login = Subject.request(material.token("1.5k"));
        List<ContainerRequest> bad =
                List.of(
                        Subject.request(material.withBadSignature()),
                        Subject.request(material.garbage()),
                        Subject.request(material.expired()));
        AtomicBoolean isFlooding = new AtomicBoolean();
        AtomicBoolean isOver = new AtomicBoolean();
        Thread flood =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    for (int number = 0; !isOver.get(); number++) {
                                        if (isFlooding.get()) {
                                            require(
                                                    subject.judge(bad.get(number % bad.size())),
                                                    false);
                                        } else {
                                            Thread.yield();
                                        }
                                    }
                                });
        logins(subject, login, TimeUnit.SECONDS.toNanos(4));
        isFlooding.set(true);
        logins(subject, login, TimeUnit.SECONDS.toNanos(4));
        List<Double> quiet = new ArrayList<>();
        List<Double> flooded = new ArrayList<>();
        for (int turn = 0; turn < 20; turn++) {
            isFlooding.set(turn % 2 == 1);
            (turn % 2 == 1 ? flooded : quiet)
                    .add(logins(subject, login, TimeUnit.MILLISECONDS.toNanos(300)));
        }
        isOver.set(true);
        flood.join();
        System.out.println("login " + Figures.median(quiet));
        System.out.println("login-beside " + Figures.median(flooded));
        System.out.println("login-slower " + Figures.median(flooded) / Figures.median(quiet));
    }

    /** How long a login takes, in ns. */
    private static double logins(Subject subject, ContainerRequest login, long duration) {
        long begin = System.nanoTime();
        long count = 0;
        while (System.nanoTime() - begin < duration) {
            for (int number = 0; number < 50; number++) {
                require(subject.judge(login), true);
            }
            count += 50;
        }
        return (double) (System.nanoTime() - begin) / count;
    }
}

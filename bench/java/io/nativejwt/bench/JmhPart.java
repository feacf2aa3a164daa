// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Logins of every kind by stock, by ours and by Nimbus, each in a JVM of its own. The JVMs of the
 * three take turns, so that whatever the machine does at some hour it does to all of them.
 */
final class JmhPart {
    private static final List<String> ALGORITHMS =
            List.of("HS256", "RS256", "PS256", "ES256", "EdDSA");
    private static final String ALLOCATED = "gc.alloc.rate.norm";
    private static final String TIME = "authenticate";
    static final String OVER_THE_BARE_SIGNATURE = "-over-the-bare-signature";

    /** One row: what is asked of each implementation. */
    private record Row(
            String name,
            String algorithm,
            String scenario,
            String size,
            int threads,
            List<String> implementations) {
        boolean isThatOfTheBareSignature() {
            return scenario.equals("uncached") && size.equals("1.5k") && threads == 1;
        }

        boolean isUncachedFormOf(Row cached) {
            return name.equals(cached.name.replace("-cached", "-uncached"));
        }
    }

    private JmhPart() {}

    /** The argument chooses rows whose name holds it. */
    public static void main(String[] arguments) throws RunnerException {
        boolean isQuick = System.getenv("QUICK") != null;
        String only = arguments.length > 0 ? arguments[0] : "";
        List<Row> rows = rows().stream().filter(row -> row.name().contains(only)).toList();
        Map<Row, Map<String, Map<String, List<Double>>>> measured = new LinkedHashMap<>();
        List<Figures> figures = new ArrayList<>();
        long start = System.nanoTime();
        for (Row row : rows) {
            for (String implementation : row.implementations()) {
                Map<String, List<Double>> values =
                        row.isThatOfTheBareSignature() && implementation.equals("native")
                                ? besideTheSignature(row, isQuick, figures)
                                : run(row, implementation, isQuick);
                measured.computeIfAbsent(row, key -> new LinkedHashMap<>())
                        .put(implementation, values);
                System.out.printf(
                        Locale.ROOT,
                        "%5d s  %-24s %-7s %12.0f ns%n",
                        (System.nanoTime() - start) / 1_000_000_000,
                        row.name(),
                        implementation,
                        Figures.median(values.get(TIME)));
            }
        }
        measured.forEach(
                (row, implementations) -> {
                    // Stock remembers no token: what it takes for one is the same in both rows.
                    if (row.scenario().equals("cached")) {
                        measured.forEach(
                                (other, theirs) -> {
                                    if (other.isUncachedFormOf(row)) {
                                        implementations.put("stock", theirs.get("stock"));
                                    }
                                });
                    }
                    figures.add(figures(row.name(), "ns", TIME, implementations));
                    figures.add(
                            figures(
                                    row.name() + "-cpu",
                                    "CPU ns",
                                    ProcessCpuProfiler.NAME,
                                    implementations));
                    figures.add(figures(row.name() + "-heap", "B", ALLOCATED, implementations));
                });
        Figures.write(Path.of("build/bench/jmh.json"), figures);
    }

    /**
     * Our logins, in several JVMs, and between them the bare signature, so that what the machine
     * does at some moment is in both. What the login takes beyond it is a small difference of two
     * large figures: one disturbed JVM must not decide it.
     *
     * @param figures gets the signature and the difference
     */
    private static Map<String, List<Double>> besideTheSignature(
            Row row, boolean isQuick, List<Figures> figures) throws RunnerException {
        List<Double> bare = new ArrayList<>();
        List<Double> over = new ArrayList<>();
        Map<String, List<Double>> values = new LinkedHashMap<>();
        bare.add(Criterion.bareSignature(row.algorithm(), isQuick).ours());
        for (int jvm = 0; jvm < (isQuick ? 1 : 3); jvm++) {
            Map<String, List<Double>> login = run(row, "native", isQuick);
            double before = bare.getLast();
            double after = Criterion.bareSignature(row.algorithm(), isQuick).ours();
            bare.add(after);
            login.get(TIME).forEach(time -> over.add(time - (before + after) / 2));
            login.forEach(
                    (metric, samples) ->
                            values.computeIfAbsent(metric, key -> new ArrayList<>())
                                    .addAll(samples));
        }
        String name = row.algorithm().toLowerCase(Locale.ROOT);
        figures.add(Figures.of(name + "-bare-signature", "ns", Map.of("native", bare)));
        figures.add(Figures.of(name + OVER_THE_BARE_SIGNATURE, "ns", Map.of("native", over)));
        return values;
    }

    private static List<Row> rows() {
        List<String> two = List.of("stock", "native");
        // No goal is about Nimbus: once is enough.
        boolean isFirstPass = System.getenv().getOrDefault("PASS", "1").equals("1");
        List<String> all = isFirstPass ? List.of("stock", "native", "nimbus") : two;
        List<String> ours = List.of("native");
        List<Row> rows = new ArrayList<>();
        for (String algorithm : ALGORITHMS) {
            String name = algorithm.toLowerCase(Locale.ROOT);
            // Nimbus needs another library for Ed25519.
            List<String> implementations = algorithm.equals("EdDSA") ? two : all;
            rows.add(
                    new Row(name + "-uncached", algorithm, "uncached", "1.5k", 1, implementations));
            rows.add(new Row(name + "-cached", algorithm, "cached", "1.5k", 1, ours));
        }
        for (String algorithm : ALGORITHMS) {
            String name = algorithm.toLowerCase(Locale.ROOT);
            for (String scenario : List.of("expired", "bad-signature")) {
                rows.add(
                        new Row(
                                name + "-" + scenario,
                                algorithm,
                                scenario,
                                "1.5k",
                                1,
                                algorithm.equals("RS256") ? all : two));
            }
        }
        for (String scenario : List.of("garbage", "unknown-kid")) {
            rows.add(new Row("rs256-" + scenario, "RS256", scenario, "1.5k", 1, all));
        }
        for (String algorithm : List.of("HS256", "RS256")) {
            String name = algorithm.toLowerCase(Locale.ROOT);
            for (String scenario : List.of("uncached", "cached")) {
                rows.add(
                        new Row(
                                name + "-" + scenario + "-2-threads",
                                algorithm,
                                scenario,
                                "1.5k",
                                2,
                                scenario.equals("cached") ? ours : two));
            }
        }
        for (String size : List.of("0.5k", "4k", "12k")) {
            for (String scenario : List.of("uncached", "cached")) {
                rows.add(
                        new Row(
                                "rs256-" + scenario + "-" + size,
                                "RS256",
                                scenario,
                                size,
                                1,
                                scenario.equals("cached") ? ours : two));
            }
        }
        return rows;
    }

    /** Each metric's value in each iteration of one JVM. */
    private static Map<String, List<Double>> run(Row row, String implementation, boolean isQuick)
            throws RunnerException {
        // Ours has less to compile. Where that were too short, it would count against ours.
        int warmUp = implementation.equals("native") ? 6_000 : 18_000;
        Options options =
                new OptionsBuilder()
                        .include(AuthenticateBenchmark.class.getName())
                        .param("implementation", implementation)
                        .param("algorithm", row.algorithm())
                        .param("scenario", row.scenario())
                        .param("size", row.size())
                        .threads(row.threads())
                        .forks(1)
                        .warmupIterations(1)
                        .warmupTime(TimeValue.milliseconds(isQuick ? 2_500 : warmUp))
                        .measurementIterations(isQuick ? 3 : 5)
                        .measurementTime(TimeValue.milliseconds(isQuick ? 500 : 1_000))
                        .addProfiler(GCProfiler.class)
                        .addProfiler(ProcessCpuProfiler.class)
                        .jvmArgs("-Xms1g", "-Xmx1g", "-XX:+UseG1GC")
                        // JMH itself still uses what the last one is about.
                        .jvmArgsAppend(
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow")
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true)
                        .build();
        RunResult result = new Runner(options).runSingle();
        Map<String, List<Double>> values = new LinkedHashMap<>();
        for (IterationResult iteration :
                result.getBenchmarkResults().iterator().next().getIterationResults()) {
            add(values, TIME, iteration.getPrimaryResult());
            iteration
                    .getSecondaryResults()
                    .forEach((name, secondary) -> add(values, name, secondary));
        }
        return values;
    }

    private static void add(Map<String, List<Double>> values, String name, Result<?> result) {
        // Former versions put a dot before a profiler's names.
        String metric = name.startsWith("·") ? name.substring(1) : name;
        values.computeIfAbsent(metric, key -> new ArrayList<>()).add(result.getScore());
    }

    private static Figures figures(
            String name,
            String unit,
            String metric,
            Map<String, Map<String, List<Double>>> implementations) {
        Map<String, List<Double>> values = new LinkedHashMap<>();
        implementations.forEach((which, metrics) -> values.put(which, metrics.get(metric)));
        return Figures.of(name, unit, values);
    }
}

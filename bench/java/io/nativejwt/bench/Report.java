// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Puts the results of all parts together: build/bench/summary.json, table.md and the plots. A part
 * leaves a file {@code build/bench/PART.passN.json} with a list of {@link Figures}.
 */
final class Report {
    private static final Path FOLDER = Path.of("build/bench");
    private static final Path MACHINE = FOLDER.resolve("machine.md");
    private static final Path LIBRARY = Path.of("build/dist/server/libnativejwt.so");
    private static final Path PAGE = Path.of("docs/benchmarks/results.md");
    private static final Path PLOTS = Path.of("bench/plots");
    private static final Pattern PASS = Pattern.compile("(.*)\\.pass\\d+\\.json");
    private static final String BEGIN = "<!-- written by make bench UPDATE=1 -->";
    private static final String END = "<!-- end -->";
    private static final List<String> ALGORITHMS =
            List.of("hs256", "rs256", "ps256", "es256", "eddsa");

    private final Map<String, Figures> figures = new LinkedHashMap<>();

    private Report() {}

    /**
     * The argument "begin" has it put down where and with what the run is made, "core" what
     * criterion found, as a part does.
     */
    public static void main(String[] arguments) throws IOException {
        Report report = new Report();
        if (List.of(arguments).contains("begin")) {
            Files.writeString(MACHINE, Machine.describe(LocalDate.now()));
            return;
        }
        if (List.of(arguments).contains("core")) {
            Figures.write(
                    FOLDER.resolve("core.json"), Criterion.since(FOLDER.resolve("core.stamp")));
            return;
        }
        report.readParts();
        report.addGrowth();
        report.addSize();
        Figures.write(FOLDER.resolve("summary.json"), List.copyOf(report.figures.values()));
        String table = report.table();
        Files.writeString(FOLDER.resolve("table.md"), table);
        List<Path> plots = report.plots();
        System.out.print(table);
        if (System.getenv("UPDATE") != null) {
            update(table, plots);
        }
        if (System.getenv("COMPARE") != null) {
            System.out.print(report.agreement(Path.of(System.getenv("COMPARE"))));
        }
    }

    /** Which rows of another run's summary lie outside of the spreads that both runs print. */
    private String agreement(Path other) {
        StringBuilder text = new StringBuilder();
        int agreeing = 0;
        int differing = 0;
        for (Figures there : Figures.read(other)) {
            Figures here = figures.get(there.name());
            if (here == null) {
                continue;
            }
            if (here.agreesWith(there)) {
                agreeing++;
            } else {
                differing++;
                text.append(
                        "%s: %s here, %s there, %s; spreads %s and %s%n"
                                .formatted(
                                        here.name(),
                                        number(here.rated()),
                                        number(there.rated()),
                                        here.ratio() == null ? here.unit() : "times stock",
                                        percent(here.spread()),
                                        percent(there.spread())));
            }
        }
        return text + "%d rows agree with %s, %d differ%n".formatted(agreeing, other, differing);
    }

    /** Each part leaves a file for each pass. */
    private void readParts() throws IOException {
        Map<String, Map<String, List<Figures>>> parts = new TreeMap<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.sorted().toList()) {
                Matcher name = PASS.matcher(file.getFileName().toString());
                if (name.matches()) {
                    Map<String, List<Figures>> rows =
                            parts.computeIfAbsent(name.group(1), any -> new LinkedHashMap<>());
                    for (Figures row : Figures.read(file)) {
                        rows.computeIfAbsent(row.name(), any -> new ArrayList<>()).add(row);
                    }
                }
            }
        }
        for (Map<String, List<Figures>> rows : parts.values()) {
            Map<String, Double> distances = Figures.distances(rows.values());
            rows.forEach((name, passes) -> figures.put(name, Figures.merged(passes, distances)));
        }
    }

    /** What more of something costs: how many times the time, or the time for each. */
    private void addGrowth() {
        growth("growth-to-2-threads", "rs256-cached%s", "", "-2-threads", "");
        growth("growth-to-10000-keys", "core-key-sets-a-login-by-eddsa-%s", "1", "10000", "");
        growth("growth-to-64-issuers", "core-a-login-by-eddsa-with-%s-file", "1", "64", "s");
        for (String threads : List.of("1", "2")) {
            growth(
                    "growth-to-1000000-tokens-" + threads + "-threads",
                    "core-token-cache-hit-%s-tokens-" + threads + "-threads",
                    "1",
                    "1000000",
                    "");
        }
        String rules = "core-10-000-rules-passed-over-";
        for (String kind : List.of("a-literal-end", "no-literal-edge", "backtracking")) {
            List.copyOf(figures.values()).stream()
                    .filter(row -> row.name().startsWith(rules + kind))
                    .forEach(
                            row ->
                                    add(
                                            "a-rule-passed-over-" + kind,
                                            "ns",
                                            row.ours() / 10_000,
                                            row.spread()));
        }
    }

    private void addSize() throws IOException {
        add("library-size", "MB", Files.size(LIBRARY) / 1048576.0, 0);
    }

    private void growth(String name, String rows, String few, String many, String plural) {
        Figures before = figures.get(rows.formatted(few));
        Figures after = figures.get(rows.formatted(many) + plural);
        if (before != null && after != null) {
            double spread = before.spread() + after.spread();
            add(name, "times", after.ours() / before.ours(), spread);
        }
    }

    private void add(String name, String unit, double value, double spread) {
        figures.put(name, Figures.of(name, unit, null, value, null, spread));
    }

    private String table() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append(Files.readString(MACHINE)).append('\n');
        goals(text);
        logins(text);
        signatures(text);
        others(text);
        return text.toString();
    }

    private void goals(StringBuilder text) {
        List<List<String>> lines = Goals.beside(figures);
        if (lines.isEmpty()) {
            return;
        }
        text.append(
                """

                | goal | unit | wanted | measured | met |
                | --- | --- | ---: | ---: | --- |
                """);
        lines.forEach(line -> line(text, line.toArray(String[]::new)));
    }

    private void logins(StringBuilder text) {
        List<Figures> logins =
                figures.values().stream()
                        .filter(row -> figures.containsKey(row.name() + "-heap"))
                        .toList();
        if (logins.isEmpty()) {
            return;
        }
        text.append(
                """

                | login | stock, ns | ours, ns | ratio | spread | Nimbus, ns | stock, CPU ns | ours, CPU ns | stock, heap B | ours, heap B |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                """);
        for (Figures row : logins) {
            Figures cpu = figures.get(row.name() + "-cpu");
            Figures heap = figures.get(row.name() + "-heap");
            line(
                    text,
                    row.name(),
                    number(row.stock()),
                    number(row.ours()),
                    ratio(row.ratio()),
                    percent(row.spread()),
                    number(row.nimbus()),
                    number(cpu.stock()),
                    number(cpu.ours()),
                    number(heap.stock()),
                    number(heap.ours()));
        }
    }

    private void signatures(StringBuilder text) {
        List<String> measured =
                ALGORITHMS.stream()
                        .filter(name -> figures.containsKey(name + "-bare-signature"))
                        .toList();
        if (measured.isEmpty()) {
            return;
        }
        text.append(
                """

                | ns | bare signature | verdict of the core | login, uncached | over the bare signature | spread | stock over the bare signature: no ratio can be more |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: |
                """);
        for (String name : measured) {
            line(
                    text,
                    name,
                    ours(name + "-bare-signature"),
                    ours("core-" + name + "-verdict"),
                    ours(name + "-uncached"),
                    ours(name + "-over-the-bare-signature"),
                    spread(name + "-over-the-bare-signature"),
                    ratio(stockOverTheBareSignature(name)));
        }
    }

    /** All that has no table of its own. */
    private void others(StringBuilder text) {
        List<Figures> others =
                figures.values().stream()
                        .filter(row -> !isPartOfLogin(row.name()))
                        .filter(row -> !row.name().matches("[a-z0-9]+-(over-the-)?bare-signature"))
                        .filter(row -> !row.name().matches("core-[a-z0-9]+-(bare-.*|verdict)"))
                        .toList();
        if (others.isEmpty()) {
            return;
        }
        text.append(
                """

                | | unit | stock | ours | ratio | spread |
                | --- | --- | ---: | ---: | ---: | ---: |
                """);
        for (Figures row : others) {
            line(
                    text,
                    row.name(),
                    row.unit(),
                    number(row.stock()),
                    number(row.ours()),
                    ratio(row.ratio()),
                    percent(row.spread()));
        }
    }

    private boolean isPartOfLogin(String name) {
        return figures.containsKey(name.replaceFirst("-(cpu|heap)$", "") + "-heap");
    }

    /** What ours would reach if it did nothing but verify the signature. */
    private Double stockOverTheBareSignature(String algorithm) {
        Figures login = figures.get(algorithm + "-uncached");
        Figures bare = figures.get(algorithm + "-bare-signature");
        return login == null || login.stock() == null ? null : login.stock() / bare.ours();
    }

    private String ours(String name) {
        Figures row = figures.get(name);
        return row == null ? "" : number(row.ours());
    }

    private String spread(String name) {
        Figures row = figures.get(name);
        return row == null ? "" : percent(row.spread());
    }

    private static void line(StringBuilder text, String... cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    /** Three digits that count. */
    private static String number(Double value) {
        if (value == null) {
            return "";
        }
        if (Math.abs(value) >= 100) {
            return String.format(Locale.ROOT, "%,d", Math.round(value)).replace(',', ' ');
        }
        return String.format(Locale.ROOT, Math.abs(value) >= 10 ? "%.1f" : "%.2f", value);
    }

    private static String ratio(Double value) {
        return value == null ? "" : number(value) + "×";
    }

    private static String percent(Double value) {
        return value == null ? "" : String.format(Locale.ROOT, "±%.0f %%", value * 100);
    }

    private List<Path> plots() throws IOException {
        List<Path> plots = new ArrayList<>();
        List<Plot.Group> logins = new ArrayList<>();
        for (String algorithm : ALGORITHMS) {
            Figures uncached = figures.get(algorithm + "-uncached");
            Figures cached = figures.get(algorithm + "-cached");
            if (uncached != null) {
                Map<String, Double> bars = new LinkedHashMap<>();
                bars.put("stock", uncached.stock());
                bars.put("ours", uncached.ours());
                bars.put("ours, token seen before", cached == null ? null : cached.ours());
                bars.values().removeIf(Objects::isNull);
                logins.add(new Plot.Group(algorithm.replace("eddsa", "EdDSA").toUpperCase(), bars));
            }
        }
        plots.add(plot("logins.svg", "One login, by algorithm", logins));
        List<Plot.Group> refusals = new ArrayList<>();
        for (String scenario : List.of("expired", "bad-signature", "garbage", "unknown-kid")) {
            Figures row = figures.get("rs256-" + scenario);
            if (row != null) {
                refusals.add(new Plot.Group(scenario.replace('-', ' '), sides(row)));
            }
        }
        plots.add(plot("refusals.svg", "One refusal, RS256", refusals));
        List<Plot.Group> sizes = new ArrayList<>();
        for (String size : List.of("-0.5k", "", "-4k", "-12k")) {
            Figures row = figures.get("rs256-uncached" + size);
            if (row != null) {
                String label = (size.isEmpty() ? "1.5k" : size.substring(1)) + "B";
                sizes.add(new Plot.Group(label, sides(row)));
            }
        }
        plots.add(plot("sizes.svg", "One login, RS256, by size of the token", sizes));
        plots.removeIf(Objects::isNull);
        return plots;
    }

    private static Map<String, Double> sides(Figures row) {
        Map<String, Double> bars = new LinkedHashMap<>();
        bars.put("stock", row.stock());
        bars.put("ours", row.ours());
        bars.values().removeIf(Objects::isNull);
        return bars;
    }

    private static Path plot(String file, String title, List<Plot.Group> groups)
            throws IOException {
        Path path = FOLDER.resolve(file);
        Files.deleteIfExists(path);
        return groups.isEmpty() ? null : Files.writeString(path, Plot.bars(title, "ns", groups));
    }

    /** The page's table and plots are copies of what a run wrote. */
    private static void update(String table, List<Path> plots) throws IOException {
        Files.createDirectories(PLOTS);
        StringBuilder text = new StringBuilder(table).append('\n');
        for (Path plot : plots) {
            Path name = plot.getFileName();
            Files.writeString(PLOTS.resolve(name), Files.readString(plot));
            text.append("![](../../%s)\n".formatted(PLOTS.resolve(name)));
        }
        String page = Files.readString(PAGE);
        int begin = page.indexOf(BEGIN);
        int end = page.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalStateException(PAGE + " has no place for the table");
        }
        Files.writeString(
                PAGE,
                page.substring(0, begin + BEGIN.length())
                        + "\n\n"
                        + text
                        + "\n"
                        + page.substring(end));
        System.out.println("Written into " + PAGE + " and " + PLOTS);
    }
}

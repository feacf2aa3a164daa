// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One row of the results, side by side: medians, of several passes the best one. What was not
 * measured is null.
 *
 * @param ratio how many times better ours is than stock: more than 1 is better
 * @param spread as a part of the figure, of ours and stock the larger: within a pass the distance
 *     of the quartiles, of several passes at least the usual distance between them
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Figures(
        String name,
        Double stock,
        Double ours,
        Double nimbus,
        String unit,
        Double ratio,
        Double spread) {
    /** Less than that is none, of nanoseconds as of bytes, and has no ratio. */
    private static final double NOTHING = 0.5;

    private static final Pattern SCENARIO =
            Pattern.compile("uncached|cached|expired|bad-signature|garbage|unknown-kid");

    private static final Function<Figures, Double> STOCK = Figures::stock;
    private static final Function<Figures, Double> OURS = Figures::ours;
    private static final Function<Figures, Double> NIMBUS = Figures::nimbus;

    /** Those of which the row tells ratio and spread. */
    private static final List<Function<Figures, Double>> RATED = List.of(STOCK, OURS);

    private static final ObjectMapper JSON =
            new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** From the samples of each implementation: {@code stock}, {@code native}, {@code nimbus}. */
    static Figures of(String name, String unit, Map<String, List<Double>> samples) {
        Double stock = median(samples.get("stock"));
        Double ours = median(samples.get("native"));
        double spread =
                Math.max(
                        spread(samples.getOrDefault("stock", List.of())),
                        spread(samples.getOrDefault("native", List.of())));
        return of(name, unit, stock, ours, median(samples.get("nimbus")), spread);
    }

    static Figures of(
            String name, String unit, Double stock, Double ours, Double nimbus, double spread) {
        Double ratio = stock == null || ours == null || ours < NOTHING ? null : stock / ours;
        return new Figures(
                name,
                rounded(stock),
                rounded(ours),
                rounded(nimbus),
                unit,
                rounded(ratio),
                rounded(spread));
    }

    /**
     * By {@link #kind}, how far apart two passes of one part are: what four of five figures keep
     * within, as a part of the figure. Of one row alone, two passes tell little. Of our heap it is
     * how far apart all rows of a scenario are: they make the same objects, and what the compiler
     * leaves of them is another matter in each JVM.
     *
     * @param rows each row's passes
     */
    static Map<String, Double> distances(Collection<List<Figures>> rows) {
        Map<String, List<Double>> distances = new HashMap<>();
        Map<String, List<Double>> heaps = new HashMap<>();
        for (List<Figures> passes : rows) {
            String kind = passes.getFirst().kind();
            for (Function<Figures, Double> side : RATED) {
                List<Double> values = values(passes, side);
                if (values.size() < 2 || values.getFirst() < NOTHING) {
                    continue;
                }
                boolean isOurHeap = passes.getFirst().isHeap() && side == OURS;
                (isOurHeap ? heaps : distances)
                        .computeIfAbsent(kind, any -> new ArrayList<>())
                        .addAll(isOurHeap ? values : List.of(distance(values)));
            }
        }
        Map<String, Double> usual = new HashMap<>();
        distances.forEach((kind, all) -> usual.put(kind, quantile(all, 0.8)));
        heaps.forEach(
                (kind, all) ->
                        usual.merge(kind, distance(all.stream().sorted().toList()), Math::max));
        return usual;
    }

    /** What rows must have in common to tell of each other's spread. */
    private String kind() {
        Matcher scenario = SCENARIO.matcher(name);
        return isHeap() && scenario.find() ? scenario.group() : unit;
    }

    private boolean isHeap() {
        return unit.equals("B");
    }

    /** Whether two runs' figures are the same within the spreads that they print. */
    boolean agreesWith(Figures other) {
        if (ours < NOTHING && other.ours < NOTHING) {
            return true;
        }
        double here = rated();
        double there = other.rated();
        return Math.abs(here - there) <= here * spread + there * other.spread;
    }

    /** What runs are compared by: the ratio to stock where there is one. */
    double rated() {
        return ratio == null ? ours : ratio;
    }

    /**
     * One row of several passes: of each side the best that it did, since what else runs on the
     * machine can only make it worse. Of the heap the worst, which is the compiler's doing; of a
     * difference the mean, which is disturbed both ways.
     *
     * @param distances what {@link #distances} says of the part
     */
    static Figures merged(List<Figures> passes, Map<String, Double> distances) {
        Figures first = passes.getFirst();
        if (passes.size() == 1) {
            return first;
        }
        if (first.name.endsWith(JmhPart.OVER_THE_BARE_SIGNATURE)) {
            List<Double> values = values(passes, Figures::ours);
            double mean = values.stream().mapToDouble(value -> value).average().orElseThrow();
            double apart = (values.getLast() - values.getFirst()) / mean;
            double within = passes.stream().mapToDouble(Figures::spread).max().orElseThrow();
            return of(first.name, first.unit, null, mean, null, Math.max(apart, within));
        }
        boolean isHeap = first.isHeap();
        boolean isTheMoreTheBetter = first.unit.equals("1/s");
        double spread = distances.getOrDefault(first.kind(), 0.0);
        List<Double> best = new ArrayList<>();
        for (Function<Figures, Double> side : List.of(STOCK, OURS, NIMBUS)) {
            List<Double> values = values(passes, side);
            if (values.isEmpty()) {
                best.add(null);
                continue;
            }
            double value = isHeap || isTheMoreTheBetter ? values.getLast() : values.getFirst();
            best.add(value);
            if (RATED.contains(side)) {
                double within =
                        passes.stream()
                                .filter(pass -> side.apply(pass) == value)
                                .mapToDouble(Figures::spread)
                                .min()
                                .orElse(0);
                spread = Math.max(spread, within);
                if (isHeap && values.getFirst() >= NOTHING) {
                    spread = Math.max(spread, distance(values));
                }
            }
        }
        Figures merged = of(first.name, first.unit, best.get(0), best.get(1), best.get(2), spread);
        return isTheMoreTheBetter ? merged.withRatio(1 / merged.ratio) : merged;
    }

    /** From the lowest to the highest. */
    private static List<Double> values(List<Figures> passes, Function<Figures, Double> side) {
        return passes.stream().map(side).filter(Objects::nonNull).sorted().toList();
    }

    private static double distance(List<Double> sorted) {
        return sorted.getLast() / sorted.getFirst() - 1;
    }

    private Figures withRatio(double other) {
        return new Figures(name, stock, ours, nimbus, unit, rounded(other), spread);
    }

    /** Three digits after the point: more is noise, and makes two runs look different. */
    private static Double rounded(Double value) {
        return value == null ? null : Math.round(value * 1000) / 1000.0;
    }

    static Double median(List<Double> samples) {
        return samples == null || samples.isEmpty() ? null : quantile(samples, 0.5);
    }

    private static double spread(List<Double> samples) {
        if (samples.size() < 2 || median(samples) < NOTHING) {
            return 0;
        }
        return (quantile(samples, 0.75) - quantile(samples, 0.25)) / median(samples);
    }

    private static double quantile(List<Double> samples, double which) {
        List<Double> sorted = samples.stream().sorted().toList();
        double place = which * (sorted.size() - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
    }

    static void write(Path file, List<Figures> figures) {
        try {
            Files.createDirectories(file.getParent());
            JSON.writeValue(file.toFile(), figures);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Figures> read(Path file) {
        try {
            return JSON.readValue(file.toFile(), new TypeReference<>() {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * One row of the results, side by side: medians, of several passes the best one. What was not
 * measured is null.
 *
 * @param ratio how many times better ours is than stock: more than 1 is better
 * @param spread as a part of the figure, of ours and stock the larger: within a pass the distance
 *     of the quartiles, of several passes at least the distance of the lowest and the highest
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
        Double ratio = stock == null || ours == null || ours < 0.5 ? null : stock / ours;
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
     * One row of several passes: of each side the best that it did, since what else runs on the
     * machine can only make it worse. Of the heap the worst, which is the compiler's doing.
     */
    static Figures merged(List<Figures> passes) {
        Figures first = passes.getFirst();
        boolean isTheMoreTheBetter = first.unit.equals("1/s");
        Comparator<Double> order =
                isTheMoreTheBetter || first.unit.equals("B")
                        ? Comparator.reverseOrder()
                        : Comparator.naturalOrder();
        double spread = passes.stream().mapToDouble(Figures::spread).max().orElse(0);
        List<Double> best = new ArrayList<>();
        for (Function<Figures, Double> side :
                List.<Function<Figures, Double>>of(
                        Figures::stock, Figures::ours, Figures::nimbus)) {
            List<Double> values =
                    passes.stream().map(side).filter(Objects::nonNull).sorted(order).toList();
            best.add(values.isEmpty() ? null : values.getFirst());
            boolean isInRatio = best.size() <= 2;
            if (isInRatio && !values.isEmpty() && values.getFirst() >= 0.5) {
                double distance = Math.abs(values.getLast() - values.getFirst());
                spread = Math.max(spread, distance / values.getFirst());
            }
        }
        Figures merged = of(first.name, first.unit, best.get(0), best.get(1), best.get(2), spread);
        return isTheMoreTheBetter ? merged.withRatio(1 / merged.ratio) : merged;
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
        if (samples.size() < 2 || median(samples) < 0.5) {
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

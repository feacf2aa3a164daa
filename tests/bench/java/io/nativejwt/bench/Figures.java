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
import java.util.List;
import java.util.Map;

/**
 * One row of the results: medians, side by side. What was not measured is null.
 *
 * @param ratio how many times better ours is than stock: more than 1 is better
 * @param spread of ours and stock the larger: the distance of the quartiles over the median
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

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Prometheus.Point;
import io.nativejwt.harness.Prometheus.Series;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Draws panels of the dashboard as SVG, plainly, with what Prometheus answered. */
final class PanelPicture {
    static final int COLUMN = 50;
    static final int LINE = 24;

    private static final int GAP = 4;
    private static final int TITLE = 20;
    private static final int AXIS = 46;
    private static final int LEGEND = 14;

    /** Of a letter of the legend, roughly: small ones, and the capitals of reasons. */
    private static final double LETTER = 5.3;

    private static final double CAPITAL = 6.7;

    /** From here on, seconds are shown as hours. */
    private static final double HOURS = 7200;

    /** Of steps: a longer time without a value is a gap. */
    private static final double LONGEST_STEP = 1.5;

    private static final List<String> COLOURS =
            List.of(
                    "#3274a1", "#e1812c", "#3a923a", "#c03d3e", "#9372b2", "#845b53", "#d684bd",
                    "#7f7f7f", "#a9aa35", "#2eabb8");
    private static final Pattern VARIABLE = Pattern.compile("\\{\\{(\\w+)\\}\\}");
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("mm:ss").withZone(ZoneOffset.UTC);

    /** A line with its name in the legend. */
    record Line(String name, Series series) {
        /**
         * @param legend with names of labels in double braces, as Grafana has it
         * @param instances names for the addresses of the test
         */
        static Line of(String legend, Series series, Map<String, String> instances) {
            String name =
                    VARIABLE.matcher(legend)
                            .replaceAll(
                                    (MatchResult label) -> {
                                        String value = series.label(label.group(1));
                                        return instances.getOrDefault(value, value);
                                    });
            return new Line(name, series);
        }
    }

    private final StringBuilder svg = new StringBuilder();
    private final int left;
    private final int top;
    private final int width;
    private final int height;
    private final String unit;

    private PanelPicture(Dashboard.Panel panel) {
        left = panel.at("x") * COLUMN + GAP;
        top = panel.at("y") * LINE + GAP;
        width = panel.at("w") * COLUMN - 2 * GAP;
        height = panel.at("h") * LINE - 2 * GAP;
        unit = panel.json().at("/fieldConfig/defaults/unit").asText();
    }

    static String row(Dashboard.Panel panel) {
        PanelPicture picture = new PanelPicture(panel);
        picture.text(picture.left, picture.top + 13, "start", 13, "#24292f", "bold", panel.title());
        return picture.svg.toString();
    }

    static String stat(Dashboard.Panel panel, List<Line> values) {
        PanelPicture picture = new PanelPicture(panel);
        picture.frame(panel.title());
        int count = Math.max(1, values.size());
        for (int i = 0; i < values.size(); i++) {
            Line line = values.get(i);
            boolean named = panel.json().at("/options/textMode").asText().equals("value_and_name");
            String value = picture.format(line.series().value());
            picture.text(
                    picture.left + picture.width * (2 * i + 1) / (2 * count),
                    picture.top + picture.height / 2 + 16,
                    "middle",
                    20,
                    "#24292f",
                    "normal",
                    named ? line.name() + ": " + value : value);
        }
        return picture.svg.toString();
    }

    static String lines(
            Dashboard.Panel panel, List<Line> lines, Instant from, Instant to, Duration step) {
        PanelPicture picture = new PanelPicture(panel);
        picture.frame(panel.title());
        picture.plot(lines, from.getEpochSecond(), to.getEpochSecond(), step.toSeconds());
        picture.legend(lines);
        return picture.svg.toString();
    }

    private void plot(List<Line> lines, long from, long to, long step) {
        double most =
                lines.stream()
                        .flatMap(line -> line.series().values().stream())
                        .mapToDouble(Point::value)
                        .filter(Double::isFinite)
                        .max()
                        .orElse(1);
        double base = unit.equals("s") && most >= HOURS ? 3600 : 1;
        double maximum = nice(most / base) * base;
        int x0 = left + AXIS;
        int x1 = left + width - 10;
        int y0 = top + height - LEGEND - 18;
        int y1 = top + TITLE + 8;
        for (int i = 0; i <= 2; i++) {
            double y = y0 - (y0 - y1) * i / 2.0;
            line(x0, y, x1, y);
            text(x0 - 4, y + 3, "end", 9, "#57606a", "normal", format(maximum * i / 2));
        }
        for (int i = 0; i <= 3; i++) {
            long time = (to - from) * i / 3;
            text(
                    x0 + (x1 - x0) * i / 3.0,
                    y0 + 11,
                    i == 0 ? "start" : i == 3 ? "end" : "middle",
                    9,
                    "#57606a",
                    "normal",
                    CLOCK.format(Instant.ofEpochSecond(time)));
        }
        for (int i = lines.size() - 1; i >= 0; i--) {
            StringBuilder path = new StringBuilder();
            double before = Double.NEGATIVE_INFINITY;
            for (Point point : lines.get(i).series().values()) {
                if (!Double.isFinite(point.value())) {
                    continue;
                }
                boolean drawn = point.time() - before < LONGEST_STEP * step;
                double x = x0 + (x1 - x0) * (point.time() - from) / (to - from);
                double y = y0 - (y0 - y1) * Math.max(0, point.value()) / maximum;
                path.append(drawn ? 'L' : 'M').append("%.1f %.1f".formatted(x, y));
                before = point.time();
            }
            svg.append(
                    "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.3\"/>\n"
                            .formatted(path, colour(i)));
        }
    }

    private void legend(List<Line> lines) {
        double x = left + 8;
        int y = top + height - 6;
        for (int i = 0; i < lines.size(); i++) {
            String name = lines.get(i).name();
            double end = x + 14 + letters(name) + 10;
            if (end > left + width - 60 && i < lines.size() - 1) {
                text(
                        x,
                        y,
                        "start",
                        9,
                        "#57606a",
                        "normal",
                        "and %d more".formatted(lines.size() - i));
                return;
            }
            svg.append(
                    "<rect x=\"%.1f\" y=\"%d\" width=\"10\" height=\"3\" fill=\"%s\"/>\n"
                            .formatted(x, y - 4, colour(i)));
            text(x + 14, y, "start", 9, "#24292f", "normal", name);
            x = end;
        }
    }

    private static double letters(String name) {
        return name.chars()
                .mapToDouble(letter -> Character.isUpperCase(letter) ? CAPITAL : LETTER)
                .sum();
    }

    private static String colour(int index) {
        return COLOURS.get(index % COLOURS.size());
    }

    private void frame(String title) {
        svg.append(
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" fill=\"#ffffff\" stroke=\"#d0d7de\"/>\n"
                        .formatted(left, top, width, height));
        text(left + 8, top + 15, "start", 11, "#24292f", "bold", title);
    }

    private void line(double x0, double y0, double x1, double y1) {
        svg.append(
                "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#eaeef2\"/>\n"
                        .formatted(x0, y0, x1, y1));
    }

    private void text(
            double x,
            double y,
            String anchor,
            int size,
            String colour,
            String weight,
            String words) {
        svg.append(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\" font-weight=\"%s\">%s</text>\n"
                        .formatted(x, y, anchor, size, colour, weight, escaped(words)));
    }

    private static String escaped(String words) {
        return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /** At least the value, and easy to halve. */
    private static double nice(double value) {
        if (value <= 0) {
            return 1;
        }
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double step : new double[] {1, 2, 4, 6, 8, 10}) {
            if (step * power >= value) {
                return step * power;
            }
        }
        return value;
    }

    private String format(double value) {
        return switch (unit) {
            case "percentunit" -> number(100 * value) + " %";
            case "reqps", "ops" -> number(value) + "/s";
            case "bytes" ->
                    value >= 1e6 ? number(value / 1e6) + " MB" : number(value / 1e3) + " kB";
            case "s" -> duration(value);
            case "dateTimeAsIso" ->
                    DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss")
                            .withZone(ZoneOffset.UTC)
                            .format(Instant.ofEpochMilli((long) value));
            default -> number(value);
        };
    }

    private static String duration(double seconds) {
        if (seconds == 0) {
            return "0 s";
        }
        if (seconds < 1e-3) {
            return number(seconds * 1e6) + " µs";
        }
        if (seconds < 1) {
            return number(seconds * 1e3) + " ms";
        }
        if (seconds < 120) {
            return number(seconds) + " s";
        }
        return seconds < HOURS ? number(seconds / 60) + " min" : number(seconds / 3600) + " h";
    }

    private static String number(double value) {
        if (value == 0 || Math.abs(value) >= 100) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.replaceAll("\\.?0+$", "");
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Bars on a logarithmic axis, as SVG: a tenth is as far everywhere. */
final class Plot {
    /**
     * @param bars by the name of their series
     */
    record Group(String label, Map<String, Double> bars) {}

    private static final List<String> COLOURS = List.of("#9a9a9a", "#1f6f8b", "#d9822b", "#6b4e9b");
    private static final int LEFT = 120;
    private static final int WIDTH = 560;
    private static final int RIGHT = 90;
    private static final int BAR = 14;

    private Plot() {}

    static String bars(String title, String unit, List<Group> groups) {
        Set<String> names = new LinkedHashSet<>();
        groups.forEach(group -> names.addAll(group.bars().keySet()));
        List<String> series = new ArrayList<>(names);
        List<Double> values = groups.stream().flatMap(g -> g.bars().values().stream()).toList();
        double low = Math.floor(Math.log10(values.stream().min(Double::compare).orElse(1.0)));
        double high = Math.ceil(Math.log10(values.stream().max(Double::compare).orElse(10.0)));
        int decades = (int) Math.max(1, high - low);
        StringBuilder svg = new StringBuilder();
        int y = 64;
        for (int decade = 0; decade <= decades; decade++) {
            int x = LEFT + WIDTH * decade / decades;
            int bottom = y + groups.stream().mapToInt(g -> g.bars().size() * BAR + 12).sum();
            svg.append(
                    "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#dddddd\"/>\n"
                            .formatted(x, y - 8, x, bottom));
            svg.append(text(x, y - 12, "middle", label(Math.pow(10, low + decade)) + " " + unit));
        }
        for (Group group : groups) {
            int middle = y + group.bars().size() * BAR / 2 + 4;
            svg.append(text(LEFT - 8, middle, "end", group.label()));
            for (Map.Entry<String, Double> bar : group.bars().entrySet()) {
                double share = (Math.log10(Math.max(bar.getValue(), 1e-9)) - low) / decades;
                int width = (int) Math.max(1, Math.round(WIDTH * share));
                String colour = COLOURS.get(series.indexOf(bar.getKey()) % COLOURS.size());
                svg.append(
                        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n"
                                .formatted(LEFT, y, width, BAR - 2, colour));
                svg.append(text(LEFT + width + 5, y + BAR - 4, "start", label(bar.getValue())));
                y += BAR;
            }
            y += 12;
        }
        StringBuilder legend = new StringBuilder();
        int x = LEFT;
        for (String name : series) {
            String colour = COLOURS.get(series.indexOf(name) % COLOURS.size());
            legend.append(
                    "<rect x=\"%d\" y=\"26\" width=\"10\" height=\"10\" fill=\"%s\"/>\n"
                            .formatted(x, colour));
            legend.append(text(x + 14, 35, "start", name));
            x += 34 + name.length() * 7;
        }
        return """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">
        <rect width="100%%" height="100%%" fill="white"/>
        <text x="%d" y="17" font-size="14">%s (%s, logarithmic)</text>
        %s%s</svg>
        """
                .formatted(LEFT + WIDTH + RIGHT, y + 4, LEFT, title, unit, legend, svg);
    }

    private static String text(int x, int y, String anchor, String text) {
        return "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n"
                .formatted(x, y, anchor, text);
    }

    private static String label(double value) {
        return value < 10
                ? String.format(Locale.ROOT, "%.1f", value)
                : String.format(Locale.ROOT, "%,d", Math.round(value)).replace(',', ' ');
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What native code has counted, at one moment. */
public record MetricsSnapshot(List<Metric> metrics) {
    public static final MetricsSnapshot EMPTY = new MetricsSnapshot(List.of());

    /**
     * @param name without {@code _total} and the like
     * @param kind of OpenMetrics: counter, gauge, histogram or info
     * @param help one sentence
     */
    public record Metric(String name, String kind, String help, List<Sample> samples) {}

    /**
     * @param bean the key properties of the MBean that has it
     * @param attribute the attribute of that MBean
     * @param name with {@code _total} and the like
     * @param labels as OpenMetrics writes them, in braces; empty for none
     * @param value as OpenMetrics writes it
     */
    public record Sample(String bean, String attribute, String name, String labels, String value) {}

    /** Reads what native code writes: a line for each metric, then one for each of its samples. */
    static MetricsSnapshot parse(String text) {
        List<Metric> metrics = new ArrayList<>();
        text.lines()
                .map(line -> line.split("\t", -1))
                .forEach(
                        fields -> {
                            if (fields.length == 4 && fields[0].equals("metric")) {
                                metrics.add(
                                        new Metric(
                                                fields[1],
                                                fields[2],
                                                fields[3],
                                                new ArrayList<>()));
                            } else if (fields.length == 6
                                    && fields[0].equals("sample")
                                    && !metrics.isEmpty()) {
                                metrics.getLast()
                                        .samples()
                                        .add(
                                                new Sample(
                                                        fields[1], fields[2], fields[3], fields[4],
                                                        fields[5]));
                            } else {
                                throw new IllegalStateException(
                                        "The native library wrote a line of metrics with "
                                                + fields.length
                                                + " fields");
                            }
                        });
        return new MetricsSnapshot(Collections.unmodifiableList(metrics));
    }

    /** OpenMetrics text, version 1.0.0. */
    public String openMetrics() {
        StringBuilder text = new StringBuilder();
        for (Metric metric : metrics) {
            text.append("# TYPE ").append(metric.name()).append(' ').append(metric.kind());
            text.append("\n# HELP ").append(metric.name()).append(' ').append(metric.help());
            text.append('\n');
            for (Sample sample : metric.samples()) {
                text.append(sample.name()).append(sample.labels()).append(' ');
                text.append(sample.value()).append('\n');
            }
        }
        return text.append("# EOF\n").toString();
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import io.nativejwt.login.CoordinatorProperties;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * Adds the MBeans of the metrics to those that the coordinator's {@code /metrics} shows. The
 * coordinator prefers system properties to etc/config.properties, so what the file says is put
 * before ours.
 */
final class MetricsExport {
    private static final String PATTERN = "io.nativejwt:*";

    /**
     * The property, by the class that reads it. The second class accepts the first name as well.
     */
    private static final Map<String, String> PROPERTIES =
            Map.of(
                    "io.airlift.openmetrics.MetricsConfig", "openmetrics.jmx-object-names",
                    "io.airlift.metrics.MetricsConfig", "metrics.jmx-object-names");

    private MetricsExport() {}

    /** Changes a system property. Without it there are fewer metrics, so nothing is an obstacle. */
    static Optional<String> apply() {
        CoordinatorProperties coordinator = CoordinatorProperties.ofThisJvm();
        // A name that the operator uses must not be set under the other name as well.
        PROPERTIES.values().stream()
                .filter(name -> coordinator.value(name).isPresent())
                .findFirst()
                .or(MetricsExport::ofEngine)
                .ifPresent(
                        name -> {
                            String present = coordinator.value(name).orElse("");
                            if (!Arrays.asList(present.split("\\|")).contains(PATTERN)) {
                                System.setProperty(
                                        name,
                                        present.isEmpty() ? PATTERN : present + "|" + PATTERN);
                            }
                        });
        return Optional.empty();
    }

    private static Optional<String> ofEngine() {
        return PROPERTIES.entrySet().stream()
                .filter(entry -> exists(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    private static boolean exists(String type) {
        try {
            Class.forName(type, false, MetricsExport.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Workspace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The files of etc/observability as they are, but for what is replaced by name. */
final class SampleConfiguration {
    static final Path FOLDER = Workspace.source("etc/observability");
    static final List<String> RULE_FILES = List.of("recording-rules.yml", "alert-rules.yml");

    /** The addresses of the sample. */
    static final String SERVER_TARGET = "'trino-server.example.com:8443'";

    static final String PLUGIN_TARGET = "'trino-plugin.example.com:8443'";

    private static final String SCRAPE = "prometheus.yml";

    private SampleConfiguration() {}

    /**
     * @param durations what a text of the files becomes, so that minutes become seconds
     * @return the main file
     */
    static Path write(
            Path folder,
            String token,
            List<Path> certificates,
            List<String> serverTargets,
            List<String> pluginTargets,
            Map<String, String> durations) {
        try {
            Path tokenFile = Files.writeString(folder.resolve("trino-token"), token + "\n");
            StringBuilder trusted = new StringBuilder();
            for (Path certificate : certificates) {
                trusted.append(Files.readString(certificate));
            }
            Path certificateFile = Files.writeString(folder.resolve("trino-ca.pem"), trusted);
            Map<String, String> places = new LinkedHashMap<>();
            places.put("/etc/prometheus/trino-token", tokenFile.toString());
            places.put("/etc/prometheus/trino-ca.pem", certificateFile.toString());
            places.put(SERVER_TARGET, quoted(serverTargets));
            places.put(PLUGIN_TARGET, quoted(pluginTargets));
            String scrape = Files.readString(FOLDER.resolve(SCRAPE));
            for (Map.Entry<String, String> place : places.entrySet()) {
                scrape = replaced(scrape, place.getKey(), place.getValue());
            }
            Map<String, String> unused = new LinkedHashMap<>(durations);
            Files.writeString(folder.resolve(SCRAPE), shortened(scrape, durations, unused));
            for (String rules : RULE_FILES) {
                String text = Files.readString(FOLDER.resolve(rules));
                Files.writeString(folder.resolve(rules), shortened(text, durations, unused));
            }
            if (!unused.isEmpty()) {
                throw new IllegalStateException("The samples have no " + unused.keySet());
            }
            return folder.resolve(SCRAPE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String quoted(List<String> targets) {
        return targets.stream().map(target -> "'" + target + "'").collect(Collectors.joining(", "));
    }

    private static String replaced(String text, String name, String value) {
        if (!text.contains(name)) {
            throw new IllegalStateException("The sample has no " + name);
        }
        return text.replace(name, value);
    }

    private static String shortened(
            String text, Map<String, String> durations, Map<String, String> unused) {
        String shorter = text;
        for (Map.Entry<String, String> duration : durations.entrySet()) {
            if (shorter.contains(duration.getKey())) {
                unused.remove(duration.getKey());
                shorter = shorter.replace(duration.getKey(), duration.getValue());
            }
        }
        return shorter;
    }
}

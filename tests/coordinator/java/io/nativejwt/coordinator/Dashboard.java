// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import com.fasterxml.jackson.databind.JsonNode;

import io.nativejwt.harness.Prometheus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** The dashboard of etc/observability. */
record Dashboard(JsonNode json, List<Panel> panels) {
    static final String FILE = "grafana-dashboard.json";

    /** The row of a mode that most coordinators are not in. */
    static final String SHADOW = "Shadow mode";

    /**
     * @param row the title of the row that it stands under
     */
    record Panel(String row, JsonNode json) {
        String title() {
            return json.path("title").asText();
        }

        boolean isRow() {
            return json.path("type").asText().equals("row");
        }

        int at(String side) {
            return json.path("gridPos").path(side).asInt(-1);
        }

        /** The expressions, with the variables of Grafana. */
        List<Query> queries() {
            List<Query> queries = new ArrayList<>();
            for (JsonNode target : json.path("targets")) {
                queries.add(
                        new Query(
                                target.path("expr").asText(),
                                target.path("legendFormat").asText()));
            }
            return queries;
        }

        @Override
        public String toString() {
            return row + ": " + title();
        }
    }

    record Query(String expression, String legend) {
        /** As Grafana sends it. */
        String with(String job, String instance, String interval) {
            return expression
                    .replace("$job", job)
                    .replace("$instance", instance)
                    .replace("$__rate_interval", interval);
        }
    }

    static Dashboard read() {
        try {
            JsonNode json =
                    Prometheus.JSON.readTree(SampleConfiguration.FOLDER.resolve(FILE).toFile());
            List<Panel> panels = new ArrayList<>();
            String row = "";
            for (JsonNode panel : json.path("panels")) {
                if (panel.path("type").asText().equals("row")) {
                    row = panel.path("title").asText();
                }
                panels.add(new Panel(row, panel));
            }
            return new Dashboard(json, panels);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

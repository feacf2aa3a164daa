// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Prometheus;
import io.nativejwt.harness.Site;
import io.nativejwt.harness.Workspace;
import io.nativejwt.testing.Keys;
import io.nativejwt.testing.Poll;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Draws docs/images/dashboard.svg: the panels of the dashboard with what a real Prometheus saw of
 * two coordinators in six minutes of mixed load.
 */
final class DashboardPicture {
    private static final Path PICTURE = Workspace.source("docs/images/dashboard.svg");
    private static final Duration LENGTH = Duration.ofMinutes(6);
    private static final Duration STEP = Duration.ofSeconds(5);
    private static final String RATE_INTERVAL = "30s";
    private static final int USERS = 40;
    private static final int ROUNDS_A_SECOND = 4;
    private static final Map<String, String> INTERVALS =
            Map.of(
                    "scrape_interval: 15s",
                    "scrape_interval: 5s",
                    "evaluation_interval: 15s",
                    "evaluation_interval: 5s");
    private static final Map<String, String> LIMITS = Map.of("jwks.refresh-interval", "20s");

    private final Map<Site, ObservedSite> sites = new LinkedHashMap<>();
    private final Map<Site, List<String>> tokens = new LinkedHashMap<>();

    /** The same requests in each run. */
    private final Random random = new Random(21);

    private DashboardPicture() {}

    public static void main(String[] arguments) throws IOException {
        new DashboardPicture().draw();
    }

    private void draw() throws IOException {
        Path folder = Workspace.freshFolder("test/dashboard");
        KeyPair keys = Keys.rsa();
        try {
            for (Site site : List.of(Site.PLUGIN_476, Site.SERVER_483)) {
                System.out.println("Starting " + site);
                Path home = Files.createDirectories(folder.resolve(site.name()));
                sites.put(site, new ObservedSite(site, home, keys, LIMITS, null));
                tokens.put(site, new ArrayList<>());
            }
            ObservedSite server = sites.get(Site.SERVER_483);
            Path configuration =
                    SampleConfiguration.write(
                            folder,
                            server.token("prometheus"),
                            sites.values().stream()
                                    .map(site -> site.coordinator().tls().certificatePem())
                                    .toList(),
                            List.of(server.instance()),
                            List.of(sites.get(Site.PLUGIN_476).instance()),
                            INTERVALS);
            try (Prometheus prometheus = Prometheus.start(folder, configuration)) {
                Instant from = Instant.now();
                System.out.println("Six minutes of load");
                load(from);
                Files.writeString(PICTURE, picture(prometheus, from.plusSeconds(30)));
                System.out.println("Wrote " + PICTURE);
            }
        } finally {
            sites.values().forEach(ObservedSite::close);
        }
    }

    /** What happens, by the second. */
    private void load(Instant from) {
        Map<Integer, Runnable> events = new TreeMap<>();
        ObservedSite plugin = sites.get(Site.PLUGIN_476);
        ObservedSite server = sites.get(Site.SERVER_483);
        events.put(80, () -> sites.values().forEach(site -> site.map("(.+)")));
        events.put(130, plugin::stopKeyServer);
        events.put(200, plugin::startKeyServer);
        events.put(215, server::breakMapping);
        events.put(245, () -> server.map("(.*)"));
        events.put(270, server::stopSts);
        events.put(310, server::startSts);
        for (int round = 0; round < LENGTH.toSeconds() * ROUNDS_A_SECOND; round++) {
            int second = round / ROUNDS_A_SECOND;
            if (round % ROUNDS_A_SECOND == 0) {
                events.getOrDefault(second, () -> {}).run();
            }
            int number = round;
            sites.forEach((name, site) -> requests(name, site, second, number));
            Instant next = from.plusMillis((round + 1) * 1000L / ROUNDS_A_SECOND);
            Poll.pause(
                    Duration.ofMillis(
                            Math.max(0, next.toEpochMilli() - System.currentTimeMillis())));
        }
    }

    private void requests(Site name, ObservedSite site, int second, int round) {
        List<String> known = tokens.get(name);
        if (known.size() < USERS || round % 6 == 0) {
            known.add(site.token("user" + round % USERS));
        }
        if (known.size() > USERS) {
            known.removeFirst();
        }
        // More and fewer users in turn.
        int users = (int) (4 + 3 * Math.sin(second / 30.0) + (name == Site.SERVER_483 ? 2 : 0));
        for (int i = 0; i < users; i++) {
            site.request(known.get(random.nextInt(known.size())));
        }
        if (round % 5 == 0) {
            site.request("");
        }
        if (round % 12 == 0) {
            site.request(site.expiredToken());
        }
        if (round % 40 == 0) {
            site.request(site.tokenForOthers());
        }
        // A client that does not renew its token, and a rotation that comes late.
        if (name == Site.PLUGIN_476 && second > 100 && second < 160) {
            site.request(site.expiredToken());
        }
        if (name == Site.SERVER_483 && second > 180 && second < 195) {
            site.request(site.tokenOfUnknownKey());
        }
    }

    private String picture(Prometheus prometheus, Instant from) {
        Instant to = Instant.now();
        Map<String, String> names =
                Map.of(
                        sites.get(Site.PLUGIN_476).instance(),
                        "plugin",
                        sites.get(Site.SERVER_483).instance(),
                        "server");
        StringBuilder panels = new StringBuilder();
        int lines = 0;
        for (Dashboard.Panel panel : Dashboard.read().panels()) {
            // The last row. These coordinators are not in shadow mode.
            if (panel.row().equals(Dashboard.SHADOW)) {
                break;
            }
            lines = Math.max(lines, panel.at("y") + panel.at("h"));
            if (panel.isRow()) {
                panels.append(PanelPicture.row(panel));
                continue;
            }
            boolean isStat = panel.json().path("type").asText().equals("stat");
            List<PanelPicture.Line> all = new ArrayList<>();
            for (Dashboard.Query query : panel.queries()) {
                String expression = query.with(".*", ".*", RATE_INTERVAL);
                List<Prometheus.Series> series =
                        isStat
                                ? prometheus.query(expression)
                                : prometheus.range(expression, from, to, STEP);
                series.forEach(one -> all.add(PanelPicture.Line.of(query.legend(), one, names)));
            }
            panels.append(
                    isStat
                            ? PanelPicture.stat(panel, all)
                            : PanelPicture.lines(panel, all, from, to, STEP));
        }
        int width = 24 * PanelPicture.COLUMN;
        int height = lines * PanelPicture.LINE;
        return """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" role="img" aria-label="The dashboard with two coordinators">
        <rect width="%d" height="%d" fill="#f6f8fa"/>
        """
                        .formatted(width, height, width, height, width, height)
                + panels
                + "</svg>\n";
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Site;
import io.nativejwt.testing.Poll;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Users of coordinators: most requests carry a token that was seen before, some a new one, one in
 * thirty an expired one.
 */
final class SteadyLoad implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private enum Users {
        /** As described above. */
        ACCEPTED,
        /** Their tokens have expired. */
        REJECTED
    }

    private final Map<Site, ObservedSite> sites;
    private final Map<Site, Users> users = new ConcurrentHashMap<>();
    private final Thread thread;
    private volatile boolean ended;

    SteadyLoad(Map<Site, ObservedSite> sites) {
        this.sites = sites;
        sites.keySet().forEach(this::accept);
        thread = Thread.ofVirtual().name("steady load").start(this::run);
    }

    void accept(Site site) {
        users.put(site, Users.ACCEPTED);
    }

    void reject(Site site) {
        users.put(site, Users.REJECTED);
    }

    /** Returns when no request is under way. */
    void leave(Site site) {
        synchronized (sites) {
            users.remove(site);
        }
    }

    private void run() {
        Map<Site, String> known = new ConcurrentHashMap<>();
        sites.forEach((site, observed) -> known.put(site, observed.token("alice")));
        for (int round = 0; !ended; round++) {
            for (Site site : sites.keySet()) {
                synchronized (sites) {
                    Users present = users.get(site);
                    if (present != null) {
                        ObservedSite observed = sites.get(site);
                        request(
                                observed,
                                present == Users.REJECTED || round % 30 == 29
                                        ? observed.expiredToken()
                                        : round % 10 == 5
                                                ? observed.token("bob")
                                                : known.get(site));
                    }
                }
            }
            Poll.pause(PAUSE);
        }
    }

    private static void request(ObservedSite site, String token) {
        try {
            site.request(token);
        } catch (UncheckedIOException e) {
            // What the metrics then lack, the tests notice.
            return;
        }
    }

    @Override
    public void close() {
        ended = true;
        Poll.until("the end of the load", LIMIT, () -> !thread.isAlive());
    }
}

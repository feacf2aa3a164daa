// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.coordinator;

import io.nativejwt.harness.Coordinator;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** A load of cheap requests over kept connections. */
final class ShadowLoad {
    private static final int CLIENTS = 8;
    private static final String ENDPOINT = "/v1/query?state=QUEUED";

    private ShadowLoad() {}

    /**
     * Sends requests in turn, from several clients at a time.
     *
     * @param mix the values of the Authorization headers of each request
     * @return how many were answered with 200
     */
    static int send(Coordinator coordinator, List<List<String>> mix, int requests)
            throws Exception {
        AtomicInteger next = new AtomicInteger();
        AtomicInteger accepted = new AtomicInteger();
        try (HttpClient client =
                        HttpClient.newBuilder()
                                .sslContext(coordinator.tls().clientContext())
                                .build();
                ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            Callable<Void> work =
                    () -> {
                        for (int i; (i = next.getAndIncrement()) < requests; ) {
                            HttpRequest.Builder request =
                                    HttpRequest.newBuilder(coordinator.uri().resolve(ENDPOINT));
                            mix.get(i % mix.size())
                                    .forEach(value -> request.header("Authorization", value));
                            int status =
                                    client.send(
                                                    request.build(),
                                                    HttpResponse.BodyHandlers.discarding())
                                            .statusCode();
                            if (status == 200) {
                                accepted.incrementAndGet();
                            }
                        }
                        return null;
                    };
            List<Future<Void>> ends = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                ends.add(clients.submit(work));
            }
            for (Future<Void> end : ends) {
                end.get();
            }
        }
        return accepted.get();
    }
}

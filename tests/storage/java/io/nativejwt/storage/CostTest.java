// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.storage;

import static io.nativejwt.storage.StorageSite.ALICES;
import static io.nativejwt.storage.StorageSite.ALICES_ROW;
import static io.nativejwt.storage.StorageSite.REALM;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.harness.Coordinator;
import io.nativejwt.harness.Login;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How often STS is asked, and what that costs. */
@ExtendWith(StorageSite.Shared.class)
final class CostTest {
    private static final String ETL = "service-account-etl";

    /** Authenticates the caller, and then finds nothing. */
    private static final String PATH = "/v1/query/20200101_000000_00000_aaaaa";

    private static final int GONE = 410;
    private static final int WARM_UP = 100;
    private static final int TOKENS = 1000;

    /** A lease takes 5 kB; a JVM under way takes some of its own. */
    private static final long MEMORY_LIMIT = 40_000_000;

    private static final int FIRST = 40;
    private static final int LATER = 400;
    private static final int STATEMENTS = 15;
    private static final int WARM_UP_STATEMENTS = 10;
    private static final int ROUNDS = 3;

    /** One token for each coordinator. */
    private final Map<Coordinator, Login> alices = new HashMap<>();

    private final StorageSite site;

    CostTest(StorageSite site) {
        this.site = site;
    }

    @Test
    void thousandTokensCostAThousandExchangesAndNoneIsLogged() {
        List<String> tokens = tokens(WARM_UP + TOKENS);
        Coordinator coordinator = site.cluster().coordinator();
        try (Requests requests = new Requests(coordinator)) {
            tokens.subList(0, WARM_UP).forEach(requests::send);
            List<String> measured = tokens.subList(WARM_UP, tokens.size());
            int before = site.sts().given().size();
            long memory = outsideTheHeap(coordinator);
            Duration first = requests.sendAll(measured);
            assertThat(site.sts().given()).hasSize(before + TOKENS);
            Duration second = requests.sendAll(measured);
            assertThat(site.sts().given()).as("asked again").hasSize(before + TOKENS);
            assertThat(site.sts().requestsFor(ETL)).isEqualTo(WARM_UP + TOKENS);
            long grown = outsideTheHeap(coordinator) - memory;
            assertThat(grown).as("bytes of %d leases", TOKENS).isLessThan(MEMORY_LIMIT);

            SecretSearch search = SecretSearch.of(site.sts().given());
            site.logs().forEach((log, text) -> assertThat(search.find(text)).as(log).isEmpty());
            System.out.printf(
                    "Note: %d new tokens took %d exchanges and %.1f s, the same ones again %.1f s;"
                            + " %.1f MB more outside the Java heap%n",
                    TOKENS, TOKENS, first.toMillis() / 1e3, second.toMillis() / 1e3, grown / 1e6);
        }
    }

    @Test
    void onlyTheFirstRequestOfATokenAsksSts() throws SQLException {
        Requested with = null;
        Requested without = null;
        // The last round counts: before it, the code of neither coordinator is compiled.
        for (int round = 0; round < ROUNDS; round++) {
            with = request(site.cluster().coordinator(), FIRST);
            without = request(site.plain(), 0);
        }
        assertThat(with.later()).isLessThan(with.first());
        // These two differ in nothing but the credentials: each is alone, and reads by itself.
        List<Duration> asTheUser = new ArrayList<>();
        List<Duration> asTheCatalog = new ArrayList<>();
        for (int i = -WARM_UP_STATEMENTS; i < STATEMENTS; i++) {
            Duration user = statement(site.brief(), "lake");
            Duration catalog = statement(site.plain(), "admin");
            if (i >= 0) {
                asTheUser.add(user);
                asTheCatalog.add(catalog);
            }
        }
        System.out.printf(
                "Note: medians with storage credentials, and without: a first request %s and %s, a"
                        + " later one %s and %s, a statement that reads S3 %s and %s%n",
                millis(with.first()),
                millis(without.first()),
                millis(with.later()),
                millis(without.later()),
                millis(median(asTheUser)),
                millis(median(asTheCatalog)));
    }

    private record Requested(Duration first, Duration later) {}

    /** The first request of each of some tokens, and later ones of the last of them. */
    private Requested request(Coordinator coordinator, int exchanges) {
        List<String> tokens = tokens(FIRST + WARM_UP);
        try (Requests requests = new Requests(coordinator)) {
            tokens.subList(FIRST, tokens.size()).forEach(requests::send);
            long before = site.sts().requestsFor(ETL);
            List<Duration> first = tokens.subList(0, FIRST).stream().map(requests::send).toList();
            List<Duration> later = new ArrayList<>();
            for (int i = 0; i < LATER; i++) {
                later.add(requests.send(tokens.get(FIRST - 1)));
            }
            assertThat(site.sts().requestsFor(ETL) - before).isEqualTo(exchanges);
            return new Requested(median(first), median(later));
        }
    }

    private Duration statement(Coordinator coordinator, String catalog) throws SQLException {
        Login alice = alices.computeIfAbsent(coordinator, c -> new Login(c, site.token("alice")));
        long start = System.nanoTime();
        assertThat(alice.run(ALICES.formatted(catalog))).containsExactly(ALICES_ROW);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private List<String> tokens(int count) {
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            tokens.add(site.keycloak().serviceToken(REALM));
        }
        return tokens;
    }

    private static Duration median(List<Duration> durations) {
        return durations.stream().sorted().toList().get(durations.size() / 2);
    }

    private static String millis(Duration duration) {
        return "%.1f ms".formatted(duration.toNanos() / 1e6);
    }

    /** What its native code takes, among others: the Java heap lies in the first 4 GB. */
    private static long outsideTheHeap(Coordinator coordinator) {
        try {
            long bytes = 0;
            boolean counts = false;
            for (String line :
                    Files.readAllLines(Path.of("/proc/" + coordinator.jvm().pid() + "/smaps"))) {
                String[] words = line.split(" +");
                if (words[0].contains("-")) {
                    String start = words[0].substring(0, words[0].indexOf('-'));
                    counts = Long.parseUnsignedLong(start, 16) >= 1L << 32;
                } else if (counts && words[0].equals("Anonymous:")) {
                    bytes += Long.parseLong(words[1]) * 1024;
                }
            }
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Requests one after the other, on one connection. */
    private static final class Requests implements AutoCloseable {
        private final Coordinator coordinator;
        private final HttpClient client;

        Requests(Coordinator coordinator) {
            this.coordinator = coordinator;
            client = HttpClient.newBuilder().sslContext(coordinator.tls().clientContext()).build();
        }

        /** How long it took. */
        Duration send(String token) {
            HttpRequest request =
                    HttpRequest.newBuilder(coordinator.uri().resolve(PATH))
                            .header("Authorization", "Bearer " + token)
                            .timeout(Duration.ofMinutes(1))
                            .build();
            try {
                long start = System.nanoTime();
                HttpResponse<Void> answer =
                        client.send(request, HttpResponse.BodyHandlers.discarding());
                Duration taken = Duration.ofNanos(System.nanoTime() - start);
                assertThat(answer.statusCode()).isEqualTo(GONE);
                return taken;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }

        Duration sendAll(List<String> tokens) {
            return tokens.stream().map(this::send).reduce(Duration.ZERO, Duration::plus);
        }

        @Override
        public void close() {
            client.close();
        }
    }
}

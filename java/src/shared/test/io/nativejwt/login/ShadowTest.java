// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.nativejwt.ffi.BuiltInVerdict;
import io.nativejwt.ffi.ShadowDifference;
import io.nativejwt.testing.Poll;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Whatever native code does, a request only enters a queue. */
final class ShadowTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final BuiltInVerdict ALICE = BuiltInVerdict.accepted("alice", "alice", 1, 2);

    private final Logger logger = Logger.getLogger("io.nativejwt.login");
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final AtomicLong now = new AtomicLong();
    private final SkippedRequests skipped = new SkippedRequests(now::get);
    private final Handler handler =
            new Handler() {
                @Override
                public void publish(LogRecord line) {
                    lines.add(line.getMessage());
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    @BeforeEach
    void listen() {
        logger.addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
    }

    private Shadow shadow(Shadow.Judge judge) {
        return new Shadow(judge, RejectionLog.ofDifferences(System::nanoTime), skipped);
    }

    private long skipped() {
        AtomicLong count = new AtomicLong();
        skipped.flush(count::addAndGet);
        return count.get();
    }

    @Test
    void requestIsJudgedOnAnotherThreadWithItsHeader() throws Exception {
        BlockingQueue<String> judged = new LinkedBlockingQueue<>();
        Shadow shadow =
                shadow(
                        (header, hasSeveral, builtIn) -> {
                            assertThat(builtIn).isSameAs(ALICE);
                            judged.add(
                                    "%s %s %s"
                                            .formatted(
                                                    header,
                                                    hasSeveral,
                                                    Thread.currentThread().getName()));
                            return Optional.empty();
                        });
        shadow.judge(List.of("Bearer a"), ALICE);
        assertThat(next(judged)).isEqualTo("Bearer a false native-jwt-shadow");
        shadow.judge(List.of("Bearer a", "Bearer b"), ALICE);
        assertThat(next(judged)).isEqualTo(" true native-jwt-shadow");
        shadow.judge(null, ALICE);
        assertThat(next(judged)).isEqualTo(" false native-jwt-shadow");
        shadow.judge(List.of(), ALICE);
        assertThat(next(judged)).isEqualTo(" false native-jwt-shadow");
        shadow.judgeToken("t", ALICE);
        assertThat(next(judged)).isEqualTo("Bearer t false native-jwt-shadow");
        assertThat(skipped()).isZero();
    }

    @Test
    void anExceptionEndsOneVerdictAndTheNextRequestIsJudged() throws Exception {
        BlockingQueue<String> judged = new LinkedBlockingQueue<>();
        List<Throwable> failures =
                List.of(
                        new IllegalStateException("s3cret"),
                        new UnsatisfiedLinkError("s3cret"),
                        new StackOverflowError("s3cret"),
                        new OutOfMemoryError("s3cret"));
        Shadow shadow =
                shadow(
                        (header, hasSeveral, builtIn) -> {
                            if (header.startsWith("fail")) {
                                throwAs(failures.get(Integer.parseInt(header.substring(4))));
                            }
                            judged.add(header);
                            return Optional.empty();
                        });
        for (int i = 0; i < failures.size(); i++) {
            shadow.judge(List.of("fail" + i), ALICE);
        }
        shadow.judge(List.of("good"), ALICE);
        assertThat(next(judged)).isEqualTo("good");
        AtomicLong count = new AtomicLong();
        Poll.until(
                "all failures are counted",
                LIMIT,
                () -> count.addAndGet(skipped()) == failures.size());
        List<String> defects = new ArrayList<>();
        Poll.until(
                "a line for each failure",
                LIMIT,
                () -> {
                    lines.drainTo(defects);
                    return defects.stream().filter(line -> line.contains("internal error")).count()
                            == failures.size();
                });
        assertThat(String.join("\n", defects)).doesNotContain("s3cret");
    }

    @Test
    void aHangFillsTheQueueAndNoCallerWaits() throws Exception {
        CountDownLatch hang = new CountDownLatch(1);
        AtomicLong judged = new AtomicLong();
        Shadow shadow =
                shadow(
                        (header, hasSeveral, builtIn) -> {
                            await(hang);
                            judged.incrementAndGet();
                            return Optional.empty();
                        });
        int taken = Shadow.THREADS + Shadow.MAXIMUM_WAITING;
        long begin = System.nanoTime();
        for (int i = 0; i < taken + 5; i++) {
            shadow.judge(List.of("Bearer a"), ALICE);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LIMIT);
        assertThat(judged).hasValue(0);
        assertThat(skipped()).isEqualTo(5);
        assertThat(lines).anyMatch(line -> line.startsWith("Shadow mode skipped 5 requests"));
        hang.countDown();
        Poll.until("the rest to be judged", LIMIT, () -> judged.get() == taken);
    }

    @Test
    void onlyUnexplainedDifferencesAreLoggedAndSkippedRequestsOnceAMinute() throws Exception {
        Shadow shadow =
                shadow(
                        (header, hasSeveral, builtIn) ->
                                Optional.of(
                                        new ShadowDifference(
                                                "built-in accepted, native-jwt SIGNATURE_MISMATCH",
                                                "JWT signature does not match",
                                                header.equals("unexplained"))));
        shadow.judge(List.of("explained"), ALICE);
        shadow.judge(List.of("unexplained"), ALICE);
        assertThat(next(lines))
                .isEqualTo(
                        "Unexplained difference: built-in accepted, native-jwt SIGNATURE_MISMATCH:"
                                + " JWT signature does not match");
        for (int minute = 0; minute < 2; minute++) {
            skipped.increment();
            assertThat(skipped()).isEqualTo(1);
            assertThat(next(lines)).startsWith("Shadow mode skipped 1 requests");
            skipped.increment();
            assertThat(skipped()).isEqualTo(1);
            assertThat(lines).isEmpty();
            now.addAndGet(TimeUnit.MINUTES.toNanos(1));
            assertThat(skipped()).isZero();
            assertThat(next(lines)).startsWith("Shadow mode skipped 1 requests");
            now.addAndGet(TimeUnit.MINUTES.toNanos(1));
        }
    }

    private static String next(BlockingQueue<String> queue) throws InterruptedException {
        return queue.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void throwAs(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) failure;
    }
}

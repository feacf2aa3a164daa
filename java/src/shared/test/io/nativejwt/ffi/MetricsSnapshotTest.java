// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class MetricsSnapshotTest {
    private static final String TEXT =
            """
            metric\tnativejwt_requests\tcounter\tRequests that were judged.
            sample\tname=Requests\tAccepted\tnativejwt_requests_total\t{outcome="accepted"}\t7
            sample\tname=Requests\tRejected\tnativejwt_requests_total\t{outcome="rejected"}\t0
            metric\tnativejwt_cache_tokens\tgauge\tTokens in the cache.
            sample\tname=TokenCache\tTokens\tnativejwt_cache_tokens\t\t2.5
            """;

    @Test
    void eachMetricIsWrittenOnceBeforeItsSamples() {
        assertThat(MetricsSnapshot.parse(TEXT).openMetrics())
                .isEqualTo(
                        """
                        # TYPE nativejwt_requests counter
                        # HELP nativejwt_requests Requests that were judged.
                        nativejwt_requests_total{outcome="accepted"} 7
                        nativejwt_requests_total{outcome="rejected"} 0
                        # TYPE nativejwt_cache_tokens gauge
                        # HELP nativejwt_cache_tokens Tokens in the cache.
                        nativejwt_cache_tokens 2.5
                        # EOF
                        """);
        assertThat(MetricsSnapshot.parse("").openMetrics()).isEqualTo("# EOF\n");
    }

    @Test
    void linesOfAnotherLibraryAreReportedWithoutTheirText() {
        for (String text :
                new String[] {"other\tsecret", "sample\ta\tb\tc\td\t1", "metric\tsecret"}) {
            assertThatThrownBy(() -> MetricsSnapshot.parse(text))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageNotContaining("secret");
        }
    }
}

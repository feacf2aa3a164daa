// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was to be reached, beside what a run measured. */
final class Goals {
    /**
     * @param row the row of the results that tells
     * @param least the ratio to stock that is wanted, or null
     * @param most what ours may be at most, or null
     */
    private record Goal(String row, Double least, Double most) {
        String wanted() {
            return least != null
                    ? String.format(Locale.ROOT, "≥ %s×", plain(least))
                    : "≤ " + plain(most);
        }

        Double measured(Figures figures) {
            return least != null ? figures.ratio() : figures.ours();
        }

        boolean isMet(double measured) {
            return least != null ? measured >= least : measured <= most;
        }
    }

    private static final List<Goal> ALL =
            List.of(
                    least("hs256-uncached", 14),
                    least("rs256-uncached", 3.3),
                    least("ps256-uncached", 3.3),
                    least("es256-uncached", 7.5),
                    least("eddsa-uncached", 15),
                    most("hs256-over-the-bare-signature", 1_800),
                    most("rs256-over-the-bare-signature", 2_500),
                    most("ps256-over-the-bare-signature", 2_500),
                    most("es256-over-the-bare-signature", 2_500),
                    most("eddsa-over-the-bare-signature", 2_500),
                    least("hs256-cached", 200),
                    least("rs256-cached", 500),
                    least("es256-cached", 3_000),
                    most("rs256-cached", 300),
                    most("rs256-cached-2-threads", 300),
                    most("growth-to-2-threads", 1),
                    most("rs256-uncached-heap", 160),
                    most("rs256-cached-heap", 96),
                    least("hs256-expired", 3.5),
                    least("hs256-bad-signature", 3.5),
                    least("rs256-expired", 3.5),
                    least("rs256-bad-signature", 3.5),
                    least("ps256-expired", 3.5),
                    least("ps256-bad-signature", 3.5),
                    least("es256-expired", 3.5),
                    least("es256-bad-signature", 3.5),
                    least("eddsa-expired", 3.5),
                    least("eddsa-bad-signature", 3.5),
                    least("rs256-garbage", 10),
                    most("rs256-expired-heap", 16),
                    most("rs256-bad-signature-heap", 16),
                    most("rs256-garbage-heap", 16),
                    most("growth-to-10000-keys", 1.5),
                    most("growth-to-64-issuers", 1.5),
                    most("growth-to-1000000-tokens-1-threads", 1.5),
                    most("a-rule-passed-over-a-literal-end", 100),
                    most("a-rule-passed-over-no-literal-edge", 100),
                    most("a-rule-passed-over-backtracking", 100),
                    most("library-first-verdict", 50),
                    most("library-resident", 10),
                    most("library-size", 8),
                    most("flood-uncached-login-slower", 1.3),
                    most("flood-cached-login-slower", 1.3),
                    least("coordinator-1-token-requests", 1),
                    least("coordinator-1-token-cpu", 1),
                    least("coordinator-100-tokens-requests", 1),
                    least("coordinator-100-tokens-cpu", 1),
                    least("coordinator-10000-tokens-requests", 1),
                    least("coordinator-10000-tokens-cpu", 1),
                    most("coordinator-share", 1));

    private Goals() {}

    private static Goal least(String row, double ratio) {
        return new Goal(row, ratio, null);
    }

    private static Goal most(String row, double value) {
        return new Goal(row, null, value);
    }

    /**
     * Each goal that this run says something of: row, unit, wanted, measured, whether it is met.
     */
    static List<List<String>> beside(Map<String, Figures> figures) {
        List<List<String>> lines = new ArrayList<>();
        for (Goal goal : ALL) {
            Figures row = figures.get(goal.row());
            Double measured = row == null ? null : goal.measured(row);
            if (measured != null) {
                lines.add(
                        List.of(
                                goal.row(),
                                goal.least() != null ? "times stock" : row.unit(),
                                goal.wanted(),
                                plain(measured),
                                goal.isMet(measured) ? "yes" : "no"));
            }
        }
        return lines;
    }

    private static String plain(double value) {
        return value >= 100
                ? String.format(Locale.ROOT, "%,d", Math.round(value)).replace(',', ' ')
                : String.format(Locale.ROOT, "%.2f", value).replaceAll("\\.?0+$", "");
    }
}

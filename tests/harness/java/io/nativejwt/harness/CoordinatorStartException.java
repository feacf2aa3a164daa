// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.harness;

import java.util.List;

/** The coordinator did not come up; the message ends with what its log says of it. */
public final class CoordinatorStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LINES = 25;

    public CoordinatorStartException(String message, List<String> log) {
        super(message + ":\n" + String.join("\n", essence(log)));
    }

    /** From the first error on, or the end of the log when it holds none. */
    private static List<String> essence(List<String> log) {
        for (int i = 0; i < log.size(); i++) {
            if (log.get(i).contains("\tERROR\t")) {
                return log.subList(i, Math.min(log.size(), i + LINES));
            }
        }
        return log.subList(Math.max(0, log.size() - LINES), log.size());
    }
}

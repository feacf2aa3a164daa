package io.nativejwt.coordinator;

import java.util.List;

/** The coordinator did not come up; the message ends with what its log says of it. */
final class CoordinatorStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int TAIL = 60;

    CoordinatorStartException(String message, List<String> log) {
        super(message + ":\n" + String.join("\n", tail(log)));
    }

    private static List<String> tail(List<String> log) {
        return log.subList(Math.max(0, log.size() - TAIL), log.size());
    }
}

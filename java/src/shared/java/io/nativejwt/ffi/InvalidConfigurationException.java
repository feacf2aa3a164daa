// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.util.List;

/** The configuration is invalid; the message contains all errors with property, file and line. */
public final class InvalidConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InvalidConfigurationException(String source, List<String> errors) {
        super(message(source, errors));
    }

    private static String message(String source, List<String> errors) {
        String where = source.isEmpty() ? "" : " in " + source;
        String count = errors.size() == 1 ? "1 error" : errors.size() + " errors";
        return "native-jwt: %s%s:%n  %s"
                .formatted(count, where, String.join("%n  ".formatted(), errors));
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.differential;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/** One answer: verdicts, each a character, and texts in UTF-16, so that half pairs survive. */
final class Answer {
    private final ByteArrayOutputStream fields = new ByteArrayOutputStream();

    Answer verdict(char verdict) {
        fields.write(verdict);
        return this;
    }

    Answer text(String text) {
        int bytes = text.length() * 2;
        for (int shift = 24; shift >= 0; shift -= 8) {
            fields.write(bytes >>> shift);
        }
        // UTF_16BE would replace half of a pair.
        for (int i = 0; i < text.length(); i++) {
            fields.write(text.charAt(i) >>> 8);
            fields.write(text.charAt(i));
        }
        return this;
    }

    void write(DataOutputStream out) throws IOException {
        out.writeInt(fields.size());
        fields.writeTo(out);
    }

    /** The exception and its causes, in one line. */
    static String whole(Throwable thrown) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            text.append(text.isEmpty() ? "" : " <- ").append(cause);
        }
        return text.toString();
    }
}

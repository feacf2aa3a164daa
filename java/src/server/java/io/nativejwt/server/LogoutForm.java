// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The form in which an issuer sends a logout token. */
final class LogoutForm {
    /** Twice the largest token, each character escaped, would still fit. */
    static final int MAXIMUM_SIZE = 64 * 1024;

    private static final String TOKEN = "logout_token";

    /** An issuer sends its form in one piece. */
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private LogoutForm() {}

    /**
     * The logout token; empty for a form that does not contain exactly one, is too long or is not
     * well-formed. Anyone can send it, so no more than its maximum size is read.
     */
    static Optional<String> token(InputStream body) {
        List<String> tokens = new ArrayList<>();
        try {
            byte[] form = read(body);
            if (form.length > MAXIMUM_SIZE) {
                return Optional.empty();
            }
            for (String field : new String(form, UTF_8).split("&")) {
                String[] parts = field.split("=", 2);
                if (URLDecoder.decode(parts[0], UTF_8).equals(TOKEN)) {
                    tokens.add(parts.length == 1 ? "" : URLDecoder.decode(parts[1], UTF_8));
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            // The client has gone, or an escape sequence is incomplete.
            return Optional.empty();
        }
        return tokens.size() == 1 ? Optional.of(tokens.getFirst()) : Optional.empty();
    }

    /** Ends early for a client that sends its form in many small pieces, to hold a thread. */
    private static byte[] read(InputStream body) throws IOException {
        long begin = System.nanoTime();
        ByteArrayOutputStream form = new ByteArrayOutputStream();
        byte[] piece = new byte[8 * 1024];
        while (form.size() <= MAXIMUM_SIZE) {
            int rest = MAXIMUM_SIZE + 1 - form.size();
            int length = body.read(piece, 0, Math.min(piece.length, rest));
            if (length < 0) {
                break;
            }
            if (System.nanoTime() - begin > LIMIT.toNanos()) {
                throw new IOException("The form takes too long");
            }
            form.write(piece, 0, length);
        }
        return form.toByteArray();
    }
}

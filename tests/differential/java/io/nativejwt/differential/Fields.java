// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.differential;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** One request: an operation and fields, read in order. */
final class Fields {
    private final ByteBuffer frame;

    private Fields(ByteBuffer frame) {
        this.frame = frame;
    }

    /** The next request; null at the end. */
    static Fields read(DataInputStream in) throws IOException {
        int length;
        try {
            length = in.readInt();
        } catch (EOFException e) {
            return null;
        }
        byte[] frame = new byte[length];
        in.readFully(frame);
        return new Fields(ByteBuffer.wrap(frame));
    }

    int operation() {
        return frame.get();
    }

    boolean hasMore() {
        return frame.hasRemaining();
    }

    String text() {
        return new String(bytes(), UTF_8);
    }

    /** As the HTTP server gives a header's value: each byte is a character. */
    String latin1() {
        return new String(bytes(), ISO_8859_1);
    }

    private byte[] bytes() {
        byte[] field = new byte[frame.getInt()];
        frame.get(field);
        return field;
    }
}

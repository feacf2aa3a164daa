// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The off-heap memory of one thread, reused from call to call: the header value for native code,
 * and the record that native code fills.
 */
final class CallBuffers {
    private static final int INITIAL_HEADER_CAPACITY = 8 * 1024;

    /**
     * A longer header gets memory of its own for one call, so that one huge request does not stay
     * allocated as long as the thread lives.
     */
    private static final int MAXIMUM_RETAINED_CAPACITY = 128 * 1024;

    /**
     * Where the value begins. The address is odd, since the JVM's aligned copy is up to 100 ns
     * slower here. After {@code "Bearer "} the token begins at a line of the processor's cache.
     */
    private static final int START = 57;

    private static final int CACHE_LINE = 64;

    private static final ThreadLocal<CallBuffers> BUFFERS =
            ThreadLocal.withInitial(CallBuffers::new);

    private final VerdictRecord record = new VerdictRecord();
    private MemorySegment header = allocate(INITIAL_HEADER_CAPACITY);
    private int headerLength;

    private CallBuffers() {}

    static CallBuffers ofThisThread() {
        return BUFFERS.get();
    }

    VerdictRecord record() {
        return record;
    }

    /**
     * Copies the value in and returns the segment that contains it. A slice would be an additional
     * object for each request, in some JVMs.
     */
    MemorySegment copyIn(String value) {
        int length = value.length();
        int end = START + length;
        MemorySegment segment = segmentFor(end + 1);
        // A character outside ISO 8859-1 becomes '?', and so does a whole surrogate pair. Then
        // there
        // are fewer bytes than characters, and bytes of the previous request would follow. The
        // position of the terminator shows it.
        segment.set(ValueLayout.JAVA_BYTE, end, (byte) 1);
        segment.setString(START, value, ISO_8859_1);
        headerLength =
                segment.get(ValueLayout.JAVA_BYTE, end) == 0
                        ? length
                        : value.getBytes(ISO_8859_1).length;
        return segment;
    }

    /** The address of the value in the segment that {@link #copyIn} returned. */
    static long headerAddress(MemorySegment segment) {
        return segment.address() + START;
    }

    /** The number of bytes of the value that was copied in last. */
    int headerLength() {
        return headerLength;
    }

    /** Removes the token from memory when the call has returned. */
    void wipe(MemorySegment segment) {
        segment.asSlice(START, headerLength).fill((byte) 0);
    }

    private MemorySegment segmentFor(int capacity) {
        if (capacity <= header.byteSize()) {
            return header;
        }
        MemorySegment larger = allocate(Math.max(capacity, Integer.highestOneBit(capacity) * 2));
        if (capacity <= MAXIMUM_RETAINED_CAPACITY) {
            header = larger;
        }
        return larger;
    }

    private static MemorySegment allocate(int capacity) {
        return Arena.ofAuto().allocate(capacity, CACHE_LINE);
    }
}

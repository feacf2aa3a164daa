package io.nativejwt.ffi;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The off-heap memory of one thread: the header value that goes in and the record that comes back,
 * reused from call to call.
 */
final class CallBuffers {
    private static final int INITIAL_HEADER_CAPACITY = 8 * 1024;

    /**
     * A longer header is served from memory of its own, so that one huge request does not stay
     * allocated for the thread's life.
     */
    private static final int MAXIMUM_RETAINED_CAPACITY = 128 * 1024;

    /**
     * Where the value stands: at an odd address, so that the JVM copies it as bytes. By twos and
     * fours, which it prefers where address and length allow it, it needs up to 100 ns more. Behind
     * {@code "Bearer "} the token begins a line of the processor's cache.
     */
    private static final int START = 57;

    private static final int CACHE_LINE = 64;

    private static final ThreadLocal<CallBuffers> BUFFERS =
            ThreadLocal.withInitial(CallBuffers::new);

    private final Record record = new Record();
    private MemorySegment header = allocate(INITIAL_HEADER_CAPACITY);
    private int headerLength;

    private CallBuffers() {}

    static CallBuffers ofThisThread() {
        return BUFFERS.get();
    }

    Record record() {
        return record;
    }

    /**
     * Copies the value in and returns the segment that holds it. A slice of it would be an object
     * for each login, in some JVMs.
     */
    MemorySegment copyIn(String value) {
        int length = value.length();
        int end = START + length;
        MemorySegment segment = segmentFor(end + 1);
        // Characters outside ISO 8859-1 become '?', and a surrogate pair only one: then there are
        // fewer bytes than characters, and bytes of the previous request would follow. The place
        // of the terminator shows it.
        segment.set(ValueLayout.JAVA_BYTE, end, (byte) 1);
        segment.setString(START, value, ISO_8859_1);
        headerLength =
                segment.get(ValueLayout.JAVA_BYTE, end) == 0
                        ? length
                        : value.getBytes(ISO_8859_1).length;
        return segment;
    }

    /** Where the value stands in the segment that {@link #copyIn} returned. */
    static long headerAddress(MemorySegment segment) {
        return segment.address() + START;
    }

    /** Bytes of the value that was copied in last. */
    int headerLength() {
        return headerLength;
    }

    /** A token does not outlive its call in memory of ours. */
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

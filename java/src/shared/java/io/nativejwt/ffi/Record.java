package io.nativejwt.ffi;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The flat record that native code fills; {@code rust/ffi} documents the layout. Text is addressed
 * by offset and length in bytes.
 */
final class Record {
    static final int CAPACITY = 64 * 1024;

    private static final int CODE = 0;
    private static final int FLAGS = 4;
    private static final int PRINCIPAL = 16;
    private static final int USER = 24;
    private static final int MESSAGE = 32;
    private static final int REASON = 40;
    private static final int GROUPS = 48;
    private static final int TOKEN = 56;
    private static final int CACHE_SLOT = 64;
    private static final int IDENTITY_BYTES = 68;
    private static final int CACHE_GENERATION = 72;
    private static final int FIXED_LENGTH = 80;

    private static final int KEPT = 1;
    private static final int WITHOUT_TEXTS = 2;

    private final MemorySegment segment;

    /** Saves an array for each text; a principal is hardly ever longer. */
    private final byte[] scratch = new byte[512];

    Record() {
        this(Arena.ofAuto().allocate(CAPACITY, Long.BYTES));
    }

    /** For tests of the layout. */
    Record(MemorySegment segment) {
        this.segment = segment;
    }

    MemorySegment segment() {
        return segment;
    }

    int code() {
        return segment.get(ValueLayout.JAVA_INT, CODE);
    }

    int flags() {
        return segment.get(ValueLayout.JAVA_INT, FLAGS);
    }

    /** Whether the token is kept in the cache, so that it has a slot and a generation. */
    boolean isKept() {
        return (flags() & KEPT) != 0;
    }

    /** Whether whoever remembers the slot and the generation is to know the identity. */
    boolean isWithoutTexts() {
        return (flags() & WITHOUT_TEXTS) != 0;
    }

    int cacheSlot() {
        return segment.get(ValueLayout.JAVA_INT, CACHE_SLOT);
    }

    long cacheGeneration() {
        return segment.get(ValueLayout.JAVA_LONG, CACHE_GENERATION);
    }

    /** Bytes that the identity takes if it is remembered, never less. */
    int identityBytes() {
        int bytes = segment.get(ValueLayout.JAVA_INT, IDENTITY_BYTES);
        return bytes < 0 ? Integer.MAX_VALUE : bytes;
    }

    String principal() {
        return text(PRINCIPAL);
    }

    /** Nearly always the principal itself; then both are one string. */
    String user(String principal) {
        return segment.get(ValueLayout.JAVA_LONG, USER)
                        == segment.get(ValueLayout.JAVA_LONG, PRINCIPAL)
                ? principal
                : text(USER);
    }

    String message() {
        return text(MESSAGE);
    }

    String reason() {
        return text(REASON);
    }

    /** Empty where no {@code groups-field} is set, without an object of its own. */
    Set<String> groups() {
        long offset = Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT, GROUPS));
        long end =
                offset
                        + Integer.toUnsignedLong(
                                segment.get(ValueLayout.JAVA_INT, GROUPS + Integer.BYTES));
        if (end == offset) {
            return Set.of();
        }
        List<String> groups = new ArrayList<>();
        while (offset < end) {
            if (offset < FIXED_LENGTH
                    || offset + Integer.BYTES > Math.min(end, segment.byteSize())) {
                throw broken(GROUPS, offset, end - offset);
            }
            long length = Integer.toUnsignedLong(segment.get(JAVA_INT_UNALIGNED, offset));
            offset += Integer.BYTES;
            if (offset + length > end) {
                throw broken(GROUPS, offset, length);
            }
            groups.add(text(GROUPS, offset, length));
            offset += length;
        }
        // A set of the JDK's own takes a fifth of a HashSet, and an Identity need not copy it.
        return Set.copyOf(groups);
    }

    /** The token to pass through, of the header's value that the record is about. */
    String token(String header) {
        int length = segment.get(ValueLayout.JAVA_INT, TOKEN + Integer.BYTES);
        if (length == 0) {
            throw new IllegalStateException("The native library named no token to pass on");
        }
        int offset = segment.get(ValueLayout.JAVA_INT, TOKEN);
        return header.substring(offset, offset + length);
    }

    /** Whether {@link #message} would give this text, which is in UTF-8. */
    boolean hasMessage(MemorySegment text) {
        long offset = Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT, MESSAGE));
        long end =
                offset
                        + Integer.toUnsignedLong(
                                segment.get(ValueLayout.JAVA_INT, MESSAGE + Integer.BYTES));
        return end <= segment.byteSize()
                && MemorySegment.mismatch(segment, offset, end, text, 0, text.byteSize()) == -1;
    }

    private String text(int field) {
        long offset = Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT, field));
        long length =
                Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT, field + Integer.BYTES));
        return length == 0 ? "" : text(field, offset, length);
    }

    private String text(int field, long offset, long length) {
        if (offset < FIXED_LENGTH || offset + length > segment.byteSize()) {
            throw broken(field, offset, length);
        }
        byte[] bytes = length <= scratch.length ? scratch : new byte[(int) length];
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, offset, bytes, 0, (int) length);
        return new String(bytes, 0, (int) length, UTF_8);
    }

    private static IllegalStateException broken(int field, long offset, long length) {
        return new IllegalStateException(
                "The native library's record is broken: field %d, offset %d, length %d"
                        .formatted(field, offset, length));
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The flat record that native code fills; {@code rust/ffi} documents the layout. Each text is given
 * by its offset and its length in bytes.
 */
final class VerdictRecord {
    static final int CAPACITY = 64 * 1024;

    private static final int CODE = 0;
    private static final int FLAGS = 4;
    private static final int EXPIRES_AT = 8;
    private static final int PRINCIPAL = 16;
    private static final int USER = 24;
    private static final int MESSAGE = 32;
    private static final int REASON = 40;
    private static final int GROUPS = 48;
    private static final int TOKEN = 56;
    private static final int CACHE_SLOT = 64;
    private static final int IDENTITY_BYTES = 68;
    private static final int CACHE_GENERATION = 72;
    private static final int STORAGE = 80;
    private static final int FIXED_LENGTH = 88;

    private static final int KEPT = 1;
    private static final int WITHOUT_TEXTS = 2;
    private static final int KNOWN = 4;

    private final MemorySegment segment;

    /** Saves an array for each text; few principals are longer. */
    private final byte[] scratch = new byte[512];

    VerdictRecord() {
        this(Arena.ofAuto().allocate(CAPACITY, Long.BYTES));
    }

    /** For tests of the layout. */
    VerdictRecord(MemorySegment segment) {
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

    /** In milliseconds since 1970; {@link Long#MAX_VALUE} for a token without {@code exp}. */
    long expiresAtMillis() {
        return segment.get(ValueLayout.JAVA_LONG, EXPIRES_AT);
    }

    /** Whether the token is in the cache, so that it has a slot and a generation. */
    boolean isKept() {
        return (flags() & KEPT) != 0;
    }

    /** Whether the texts are left out, since the caller remembers them by slot and generation. */
    boolean isWithoutTexts() {
        return (flags() & WITHOUT_TEXTS) != 0;
    }

    /** Whether the token was in the cache before this request. */
    boolean isKnown() {
        return (flags() & KNOWN) != 0;
    }

    int cacheSlot() {
        return segment.get(ValueLayout.JAVA_INT, CACHE_SLOT);
    }

    long cacheGeneration() {
        return segment.get(ValueLayout.JAVA_LONG, CACHE_GENERATION);
    }

    /** An upper bound for the bytes that the identity takes if it is remembered. */
    int identityBytes() {
        int bytes = segment.get(ValueLayout.JAVA_INT, IDENTITY_BYTES);
        return bytes < 0 ? Integer.MAX_VALUE : bytes;
    }

    String principal() {
        return text(PRINCIPAL);
    }

    /** Usually the principal itself; then both are one string. */
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

    /** Without a new object where no {@code groups-field} is set. */
    Set<String> groups() {
        // An immutable set takes a fifth of a HashSet, and an Identity need not copy it.
        return Set.copyOf(list(GROUPS));
    }

    /**
     * The caller's credentials for an object store, or placeholders where there are none. Their
     * texts are removed from the record.
     */
    Map<String, String> takeStorageCredentials() {
        List<String> texts = list(STORAGE);
        if (texts.isEmpty()) {
            return StorageCredentials.PLACEHOLDERS;
        }
        long offset = Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT, STORAGE));
        long length =
                Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT, STORAGE + Integer.BYTES));
        if (texts.size() != 3) {
            throw invalid(STORAGE, offset, length);
        }
        segment.asSlice(offset, length).fill((byte) 0);
        Arrays.fill(scratch, (byte) 0);
        return StorageCredentials.of(texts.get(0), texts.get(1), texts.get(2));
    }

    /** Texts that stand one after the other, each after its length. */
    private List<String> list(int field) {
        long offset = Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT, field));
        long end =
                offset
                        + Integer.toUnsignedLong(
                                segment.get(ValueLayout.JAVA_INT, field + Integer.BYTES));
        if (end == offset) {
            return List.of();
        }
        List<String> texts = new ArrayList<>();
        while (offset < end) {
            if (offset < FIXED_LENGTH
                    || offset + Integer.BYTES > Math.min(end, segment.byteSize())) {
                throw invalid(field, offset, end - offset);
            }
            long length = Integer.toUnsignedLong(segment.get(JAVA_INT_UNALIGNED, offset));
            offset += Integer.BYTES;
            if (offset + length > end) {
                throw invalid(field, offset, length);
            }
            texts.add(text(field, offset, length));
            offset += length;
        }
        return texts;
    }

    /** The token to pass through, cut out of the header's value that was authenticated. */
    String token(String header) {
        int length = segment.get(ValueLayout.JAVA_INT, TOKEN + Integer.BYTES);
        if (length == 0) {
            throw new IllegalStateException(
                    "The native library gave no position of the token to pass through");
        }
        int offset = segment.get(ValueLayout.JAVA_INT, TOKEN);
        return header.substring(offset, offset + length);
    }

    /** Whether {@link #message} would return this UTF-8 text. */
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
            throw invalid(field, offset, length);
        }
        byte[] bytes = length <= scratch.length ? scratch : new byte[(int) length];
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, offset, bytes, 0, (int) length);
        return new String(bytes, 0, (int) length, UTF_8);
    }

    private static IllegalStateException invalid(int field, long offset, long length) {
        return new IllegalStateException(
                "The native library's record is invalid: field %d, offset %d, length %d"
                        .formatted(field, offset, length));
    }
}

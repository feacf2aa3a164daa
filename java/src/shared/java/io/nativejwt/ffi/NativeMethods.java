// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

/**
 * The whole boundary to native code; the other side is {@code rust/ffi/src/jni.rs}. Arguments are
 * addresses, lengths and numbers, results are numbers: native code uses no Java object and throws
 * no exception. Callable only after {@link NativeLibrary} has loaded the library.
 *
 * <p>The exported symbols contain the parameter types. So a method whose parameters differ from
 * those of the Rust function is not linked.
 */
final class NativeMethods {
    /**
     * Incremented together with the native constant whenever a signature or the layout of the
     * record changes.
     */
    static final int ABI_VERSION = 10;

    /** The flag of {@link #open} for a coordinator that takes a principal and no identity. */
    static final int OPEN_WITHOUT_IDENTITY = 1;

    /** The flag of {@link #open} for a JVM with a configured trust store. */
    static final int OPEN_TRUSTED_CERTIFICATES_ALONE = 2;

    /** The flag of {@link #open} for a coordinator to which issuers cannot send logout tokens. */
    static final int OPEN_WITHOUT_LOGOUT_ENDPOINT = 4;

    /** The flag of {@link #open} where the built-in authenticator reads the same configuration. */
    static final int OPEN_BESIDE_BUILT_IN = 8;

    /**
     * The flag of {@link #authenticate} for a caller that remembers identities by their slot in the
     * cache.
     */
    static final int REMEMBERED = 1;

    /** The flag of {@link #authenticate} for the system's time. */
    static final int NOW = 2;

    /** For {@link #count}: Java rejected a request, for the reason with this number. */
    static final int COUNT_REJECTION = 1;

    /** For {@link #count}: so many lines were left out of the log. */
    static final int COUNT_SWALLOWED_LINES = 2;

    /** For {@link #count}: so many requests were not judged in shadow mode. */
    static final int COUNT_SHADOW_SKIPPED = 3;

    private NativeMethods() {}

    static native int abiVersion();

    /** Writes the library's version in ASCII and returns its length. */
    static native int libraryVersion(long address, int capacity);

    /**
     * Writes a {@link ConfigurationSummary} and returns the record's code: 0, or another one when
     * the record's message contains errors, one per line.
     */
    static native int describe(
            long configAddress, long configLength, long recordAddress, int recordCapacity);

    /**
     * Returns a handle, or 0 when the record's message contains the configuration errors, one per
     * line.
     */
    static native long open(
            long configAddress,
            long configLength,
            long sourceAddress,
            long sourceLength,
            long trustedCertificatesAddress,
            long trustedCertificatesLength,
            int flags,
            long recordAddress,
            int recordCapacity);

    /** Returns the record's code: 0 when accepted. */
    static native int authenticate(
            long handle,
            long headerAddress,
            long headerLength,
            long nowMillis,
            int flags,
            long recordAddress,
            int recordCapacity);

    /**
     * Judges a request that the built-in authenticator has judged, and returns the record's code: 0
     * where both agree. {@link ShadowRequest} has the format of the request.
     */
    static native int judgeShadow(
            long handle,
            long headerAddress,
            long headerLength,
            long requestAddress,
            long requestLength,
            long recordAddress,
            int recordCapacity);

    /** Writes the report of shadow mode in UTF-8 if it fits, and returns its length. */
    static native long shadowReport(long handle, long bufferAddress, long capacity);

    /** Returns the record's code, which is the place of a {@link LogoutResult.Outcome}. */
    static native int logOut(
            long handle,
            long tokenAddress,
            long tokenLength,
            long recordAddress,
            int recordCapacity);

    /** The maximum number of tokens in the cache; each slot of a record is less. */
    static native int cacheSlots(long handle);

    /**
     * How many bytes the identities that Java remembers may take now, so that they and the
     * library's part of the cache together stay below {@code token-cache.max-size}.
     */
    static native long cacheRoom(long handle);

    static native void forgetTokens(long handle);

    /** Writes the events since the last call, one per line, and returns their number. */
    static native int drainEvents(long handle, long recordAddress, int recordCapacity);

    /**
     * Writes the metrics in UTF-8 if they fit, and returns their length. {@link MetricsSnapshot}
     * has the format.
     */
    static native long metrics(long handle, long bufferAddress, long capacity);

    /**
     * Writes what the log says about the token of an Authorization value in UTF-8 if it fits, and
     * returns its length, which is 0 without a token.
     */
    static native long describeToken(
            long handle, long headerAddress, long headerLength, long bufferAddress, long capacity);

    /** Writes the last rejections as JSON in UTF-8 if they fit, and returns their length. */
    static native long recentRejections(long handle, long bufferAddress, long capacity);

    /** Asks for a fetch of all JWK Sets, and returns their number. */
    static native int refreshKeys(long handle);

    /** Counts something that happened in Java, so that the metrics have it. */
    static native void count(long handle, int what, long number);

    static native void close(long handle);
}

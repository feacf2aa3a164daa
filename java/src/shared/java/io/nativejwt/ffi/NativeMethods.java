package io.nativejwt.ffi;

/**
 * The whole boundary to native code; {@code rust/ffi} holds the other side. Addresses and lengths
 * go in, numbers come back: native code touches no Java object and throws nothing. Callable only
 * after {@link NativeLibrary} has loaded the library.
 */
final class NativeMethods {
    /**
     * Raised together with the native constant whenever a signature or the layout of the record
     * changes.
     */
    static final int ABI_VERSION = 6;

    /** The flag of {@link #open} for a caller that hands on a principal and no identity. */
    static final int OPEN_WITHOUT_IDENTITY = 1;

    /** The flag of {@link #open} for a JVM that was told whom to trust. */
    static final int OPEN_TRUSTED_CERTIFICATES_ALONE = 2;

    /**
     * The flag of {@link #authenticate} for a caller that remembers identities by their place in
     * the cache.
     */
    static final int REMEMBERED = 1;

    /** The flag of {@link #authenticate} for the system's time. */
    static final int NOW = 2;

    private NativeMethods() {}

    static native int abiVersion();

    /** Writes the library's version in ASCII and returns its length. */
    static native int libraryVersion(long address, int capacity);

    /**
     * Writes what has to be known before {@link #open}, and returns the record's code: 0, or
     * another one when the record's message holds errors, one a line.
     */
    static native int describe(
            long configAddress, long configLength, long recordAddress, int recordCapacity);

    /**
     * Returns a handle, or 0 when the record's message holds the configuration errors, one a line.
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

    /** How many accepted tokens are kept at most; each slot of a record is less than it. */
    static native int cacheSlots(long handle);

    /**
     * How many bytes the identities that are remembered here may take now, so that they and the
     * library's part of the cache stay below {@code token-cache.max-size} together.
     */
    static native long cacheRoom(long handle);

    static native void forgetTokens(long handle);

    /**
     * Takes what the native side has to say since the last call and returns the number of lines.
     */
    static native int drainEvents(long handle, long recordAddress, int recordCapacity);

    static native void close(long handle);
}

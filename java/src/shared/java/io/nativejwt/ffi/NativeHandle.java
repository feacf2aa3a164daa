package io.nativejwt.ffi;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/**
 * The address of an authenticator in native memory, and the only way to it: the authenticator is
 * freed when nothing refers to this object any more, and each call keeps the object alive until it
 * has returned. Nothing in here may hand the address out.
 */
final class NativeHandle {
    private static final Cleaner CLEANER = Cleaner.create();

    private final long address;

    NativeHandle(long address) {
        this.address = address;
        CLEANER.register(this, () -> NativeMethods.close(address));
    }

    int cacheSlots() {
        try {
            return NativeMethods.cacheSlots(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** How many bytes the identities that are remembered may take now. */
    long cacheRoom() {
        try {
            return NativeMethods.cacheRoom(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the record's code. */
    int authenticate(
            long headerAddress, long headerLength, long nowMillis, int flags, Record record) {
        try {
            return NativeMethods.authenticate(
                    address,
                    headerAddress,
                    headerLength,
                    nowMillis,
                    flags,
                    record.segment().address(),
                    Record.CAPACITY);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    void forgetTokens() {
        try {
            NativeMethods.forgetTokens(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the number of lines in the record's message. */
    int drainEvents(Record record) {
        try {
            return NativeMethods.drainEvents(address, record.segment().address(), Record.CAPACITY);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/**
 * The address of an authenticator in native memory, and the only way to use it. The authenticator
 * is freed when nothing refers to this object any more. Each call keeps the object alive until it
 * has returned, so no method here may return the address.
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

    /** How many bytes all remembered identities may take now. */
    long cacheRoom() {
        try {
            return NativeMethods.cacheRoom(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the record's code. */
    int authenticate(
            long headerAddress,
            long headerLength,
            long nowMillis,
            int flags,
            VerdictRecord record) {
        try {
            return NativeMethods.authenticate(
                    address,
                    headerAddress,
                    headerLength,
                    nowMillis,
                    flags,
                    record.segment().address(),
                    VerdictRecord.CAPACITY);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the record's code. */
    int judgeShadow(
            long headerAddress, long headerLength, MemorySegment request, VerdictRecord record) {
        try {
            return NativeMethods.judgeShadow(
                    address,
                    headerAddress,
                    headerLength,
                    request.address(),
                    request.byteSize(),
                    record.segment().address(),
                    VerdictRecord.CAPACITY);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the number of bytes that the report has. They are written only if they fit. */
    long shadowReport(MemorySegment buffer) {
        try {
            return NativeMethods.shadowReport(address, buffer.address(), buffer.byteSize());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the record's code. */
    int logOut(MemorySegment token, long length, VerdictRecord record) {
        try {
            return NativeMethods.logOut(
                    address,
                    token.address(),
                    length,
                    record.segment().address(),
                    VerdictRecord.CAPACITY);
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
    int drainEvents(VerdictRecord record) {
        try {
            return NativeMethods.drainEvents(
                    address, record.segment().address(), VerdictRecord.CAPACITY);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the number of bytes that the metrics have. They are written only if they fit. */
    long metrics(MemorySegment buffer) {
        try {
            return NativeMethods.metrics(address, buffer.address(), buffer.byteSize());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the number of bytes that the text has. It is written only if it fits. */
    long describeToken(long headerAddress, long headerLength, MemorySegment buffer) {
        try {
            return NativeMethods.describeToken(
                    address, headerAddress, headerLength, buffer.address(), buffer.byteSize());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the number of bytes that the rejections have. They are written only if they fit. */
    long recentRejections(MemorySegment buffer) {
        try {
            return NativeMethods.recentRejections(address, buffer.address(), buffer.byteSize());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns the number of JWK Sets. */
    int refreshKeys() {
        try {
            return NativeMethods.refreshKeys(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    void count(int what, long number) {
        try {
            NativeMethods.count(address, what, number);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package io.nativejwt.ffi;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The identities of the tokens in the library's cache, by the number of the cache slot. A token
 * that is sent again then needs no texts from native code and no new object. There is no lock: a
 * thread that reads an element while another one writes it gets the old or the new one, and the
 * generation shows which.
 *
 * <p>The library does not report when it evicts a token. So the element of an evicted token stays
 * until the slot gets another token, or until the room is used up: the library says how many bytes
 * its own part of the cache leaves free, and elements are removed in turn until the rest fits.
 * Tokens that are still cached may be among them; the next request with such a token adds it again.
 */
final class KnownIdentities {
    /**
     * @param bytes an upper bound for the memory that it takes
     */
    private record Known(long generation, Verdict.Accepted accepted, int bytes) {}

    private final AtomicReferenceArray<Known> slots;

    /** Of all elements, and of those that threads are about to add. */
    private final AtomicLong bytes = new AtomicLong();

    /** The slot that is emptied next, modulo their number. */
    private final AtomicInteger hand = new AtomicInteger();

    KnownIdentities(int slots) {
        this.slots = new AtomicReferenceArray<>(slots);
    }

    /** Null if the slot belongs to another token now, or the identity was not remembered. */
    Verdict.Accepted find(VerdictRecord record) {
        int slot = record.cacheSlot();
        if (slot < 0 || slot >= slots.length()) {
            return null;
        }
        // Not volatile: its fields are final, and an older element does no harm.
        Known known = slots.getPlain(slot);
        return known == null || known.generation != record.cacheGeneration()
                ? null
                : known.accepted;
    }

    /**
     * @param room how many bytes all elements may take
     */
    void remember(VerdictRecord record, Verdict.Accepted accepted, long room) {
        int slot = record.cacheSlot();
        int more = record.identityBytes();
        if (slot < 0 || slot >= slots.length() || more > room) {
            return;
        }
        bytes.addAndGet(more);
        makeRoom(room);
        exchange(slot, new Known(record.cacheGeneration(), accepted, more));
    }

    void forgetAll() {
        for (int slot = 0; slot < slots.length(); slot++) {
            exchange(slot, null);
        }
    }

    long bytes() {
        return bytes.get();
    }

    /** At most one round: what is left then belongs to threads that are adding it. */
    private void makeRoom(long room) {
        for (int step = 0; bytes.get() > room && step < slots.length(); step++) {
            exchange(Integer.remainderUnsigned(hand.getAndIncrement(), slots.length()), null);
        }
    }

    /** The bytes of the new element are counted already. */
    private void exchange(int slot, Known known) {
        Known former =
                known == null && slots.getPlain(slot) == null ? null : slots.getAndSet(slot, known);
        if (former != null) {
            bytes.addAndGet(-former.bytes);
        }
    }
}

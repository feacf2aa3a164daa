package io.nativejwt.ffi;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The identities of tokens that the library keeps, each at the number of its slot, so that a token
 * that comes again needs no texts from native code and no object. There is no lock: who reads an
 * element that another thread writes gets the old one or the new one, and the generation tells them
 * apart.
 *
 * <p>Nothing tells when the library drives a token out. So an element whose token is gone stays
 * until another one takes its place, or until there is no room: the library says how many bytes its
 * own part of the cache leaves free, and elements give way in turn until the rest takes no more.
 * One whose token is still kept may be among them; its next login brings it back.
 */
final class KnownIdentities {
    /**
     * @param bytes what it takes, never less
     */
    private record Known(long generation, Verdict.Accepted accepted, int bytes) {}

    private final AtomicReferenceArray<Known> slots;

    /** Of all elements, and of those that threads are about to put in. */
    private final AtomicLong bytes = new AtomicLong();

    /** The slot that gives way next, modulo their number. */
    private final AtomicInteger hand = new AtomicInteger();

    KnownIdentities(int slots) {
        this.slots = new AtomicReferenceArray<>(slots);
    }

    /** Null where the place is another token's by now, or was not remembered. */
    Verdict.Accepted find(Record record) {
        int slot = record.cacheSlot();
        if (slot < 0 || slot >= slots.length()) {
            return null;
        }
        // Not volatile: its fields are final, and an older element is no fault.
        Known known = slots.getPlain(slot);
        return known == null || known.generation != record.cacheGeneration()
                ? null
                : known.accepted;
    }

    /**
     * @param room how many bytes all elements may take
     */
    void remember(Record record, Verdict.Accepted accepted, long room) {
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

    /** At most once around, since what is left then belongs to threads that are putting it in. */
    private void makeRoom(long room) {
        for (int step = 0; bytes.get() > room && step < slots.length(); step++) {
            exchange(Integer.remainderUnsigned(hand.getAndIncrement(), slots.length()), null);
        }
    }

    /** The bytes of the new element count already. */
    private void exchange(int slot, Known known) {
        Known former =
                known == null && slots.getPlain(slot) == null ? null : slots.getAndSet(slot, known);
        if (former != null) {
            bytes.addAndGet(-former.bytes);
        }
    }
}

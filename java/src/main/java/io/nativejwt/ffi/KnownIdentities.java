package io.nativejwt.ffi;

/**
 * The identities of tokens that the library keeps, each at the number of its slot, so that a token
 * that comes again needs no texts from native code and no object. There is no lock: whoever reads
 * an element that another thread writes gets the old one or the new one, and the generation tells
 * them apart. An element whose token is gone stays until another one takes its place; it holds no
 * token.
 */
final class KnownIdentities {
    private record Known(long generation, Verdict.Accepted accepted) {}

    private final Known[] slots;

    KnownIdentities(int slots) {
        this.slots = new Known[slots];
    }

    /** Null where the place is another token's by now, or was not remembered. */
    Verdict.Accepted find(Record record) {
        int slot = record.cacheSlot();
        if (slot < 0 || slot >= slots.length) {
            return null;
        }
        Known known = slots[slot];
        return known == null || known.generation != record.cacheGeneration()
                ? null
                : known.accepted;
    }

    void remember(Record record, Verdict.Accepted accepted) {
        int slot = record.cacheSlot();
        if (slot >= 0 && slot < slots.length) {
            slots[slot] = new Known(record.cacheGeneration(), accepted);
        }
    }
}

//! Accepted tokens, so that one that comes again costs a look-up and no signature.
//!
//! The table is made once: sets of [`WAYS`] slots. The hash of a token chooses the set; 32 further bits of it, the tag, choose
//! the slot, and then every byte of the token is compared. The hash is made of the token's length and its last bytes, which
//! are its signature's, and is seeded for each cache. Whoever finds tokens with the same hash gains nothing but that they
//! drive each other out of one set, and only accepted tokens are ever put in.
//!
//! A look-up takes no lock, allocates nothing and shares no reference count: a slot is an [`ArcSwapOption`], whose readers
//! note their use in memory of their own thread. Whoever puts a token in needs a lock, and does not wait for it: a token that
//! is not kept now is kept the next time. Which tokens stay is decided by [`lines`].
//!
//! A token is found as long as the epoch is the one in which its verification began ([`crate::epoch`]), the time lies
//! between its `nbf` and `exp`, and its key has not ended. All else that its verdict depends on is in its bytes.

#[cfg(test)]
mod measure;
mod s3_fifo;
#[cfg(test)]
mod tests;
mod weight;

use std::hash::{BuildHasher as _, RandomState};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use foldhash::quality::FixedState;

use crate::claims::Validity;
use crate::clock::{Clock, Deadline, Moment, UnixMillis};
use crate::epoch::{Epoch, EpochNumber};
use crate::identity::Identity;
use crate::token::wiped::WipedBytes;
use s3_fifo::{Lines, MAX_USES, Victim};
use weight::allocated;
pub(crate) use weight::java_bytes;

/// Slots of a set: their tags fill half a cache line, so that a miss looks at one.
const WAYS: usize = 8;
/// The bytes of a token's end that are hashed: 96 bits of a signature.
const HASHED_BYTES: usize = size_of::<u128>();
/// Bytes of the cache for each slot. Tokens of identity providers have one or two thousand, and take half as much again.
const BYTES_FOR_A_SLOT: u64 = 1024;
/// More tokens at one time are nobody's: 300 MB of slots.
const MAX_SLOTS: u64 = 1 << 23;

/// The accepted tokens of one authenticator.
pub(crate) struct TokenCache {
    sets: Box<[Set]>,
    lines: Mutex<Lines>,
    /// For tokens and what the Java side keeps of them.
    max_entry_bytes: u64,
    /// What the entries take on this side; written under the lock of `lines`.
    native_bytes: AtomicU64,
    seed: FixedState,
    generations: AtomicU64,
}

#[derive(Default)]
struct Set {
    /// 0 in an empty slot.
    tags: [AtomicU32; WAYS],
    /// How often a token was found since somebody last looked, up to [`MAX_USES`]: then a hit writes to no shared memory.
    uses: [AtomicU8; WAYS],
    /// Dropped by the set, which looks first: to drop an empty one looks at all threads too.
    entries: [ManuallyDrop<ArcSwapOption<Entry>>; WAYS],
}

/// An accepted token with its verdict. Never changed.
pub(crate) struct Entry {
    token: WipedBytes,
    hash: u64,
    /// No other entry of this cache has it.
    generation: u64,
    epoch: EpochNumber,
    validity: Validity,
    keys_end: Option<Deadline>,
    identity: Identity,
}

/// What an accepted token's verdict depends on besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// The epoch before the verification began.
    pub(crate) epoch: EpochNumber,
    /// When the token may be used.
    pub(crate) validity: Validity,
    /// When the keys end that verified it, if they end by themselves.
    pub(crate) keys_end: Option<Moment>,
}

/// Where a token stands in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachePlace {
    /// The number of the slot, less than the number of slots. Another token may get it later.
    pub slot: u32,
    /// Tells the tokens apart that have the same slot one after the other. No two tokens of a cache have the same one.
    pub generation: u64,
}

/// A token that was found.
pub(crate) struct Hit {
    entry: Guard<Option<Arc<Entry>>>,
    slot: u32,
}

impl Hit {
    /// The verdict, and where it stands.
    pub(crate) fn verdict(&self) -> Option<(&Identity, CachePlace)> {
        let entry = self.entry.as_ref()?;
        Some((&entry.identity, CachePlace { slot: self.slot, generation: entry.generation }))
    }
}

impl Drop for Set {
    /// Without its entry an `ArcSwapOption` owns nothing. There are as many as slots, and an authenticator that kept three
    /// tokens does not take seconds to close.
    fn drop(&mut self) {
        for entry in self.entries.iter().filter(|entry| entry.load().is_some()) {
            entry.store(None);
        }
    }
}

impl Set {
    /// The slot for a token that has none: an empty one, or that of a dead token, or of the least used.
    fn way_for_another(&self, is_dead: impl Fn(&Entry) -> bool) -> usize {
        let cost = |(entry, uses): (&ManuallyDrop<ArcSwapOption<Entry>>, &AtomicU8)| match &*entry.load() {
            None => 0,
            Some(entry) if is_dead(entry) => 1,
            Some(_) => 2 + uses.load(Ordering::Relaxed),
        };
        let costs = self.entries.iter().zip(&self.uses).map(cost).enumerate();
        costs.min_by_key(|(_, cost)| *cost).map_or(0, |(way, _)| way)
    }
}

impl Entry {
    fn is_for(&self, token: &[u8]) -> bool {
        **self.token == *token
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Bytes that it takes on this side.
    fn native_bytes(&self) -> u64 {
        // The counters of the `Arc` stand before the entry.
        let entry = allocated(2 * size_of::<usize>() + size_of::<Self>());
        (entry + allocated(self.token.capacity()) + weight::native_bytes(&self.identity)) as u64
    }

    /// Bytes that it takes on both sides of the boundary.
    fn charge(&self) -> u64 {
        self.native_bytes() + java_bytes(&self.identity) as u64
    }

    /// True if no look-up finds it any more.
    fn is_dead(&self, epoch: &Epoch, now: UnixMillis) -> bool {
        epoch.settled().is_some_and(|present| present != self.epoch) || self.validity.is_over(now)
    }
}

impl TokenCache {
    /// The smallest size, which holds a few tokens.
    pub(crate) const MIN_BYTES: u64 = 64 * 1024;

    /// A cache that takes no more than `max_bytes`, its table included.
    pub(crate) fn new(max_bytes: u64) -> Self {
        let slots = (max_bytes / BYTES_FOR_A_SLOT).min(MAX_SLOTS);
        let sets = usize::try_from(slots).unwrap_or(0).div_ceil(WAYS).max(1);
        let slots = sets * WAYS;
        // The Java side has a reference for each slot.
        let table = sets * size_of::<Set>() + slots * (Lines::BYTES_FOR_A_SLOT + size_of::<usize>());
        let max_entry_bytes = max_bytes.saturating_sub(table as u64);
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
            lines: Mutex::new(Lines::new(slots, max_entry_bytes)),
            max_entry_bytes,
            native_bytes: AtomicU64::new(0),
            // What a standard hasher makes of nothing is 64 bits of its own keys, which come from the system.
            seed: FixedState::with_seed(RandomState::new().hash_one(())),
            generations: AtomicU64::new(1),
        }
    }

    /// How many tokens it holds at most.
    pub(crate) fn slots(&self) -> usize {
        self.sets.len() * WAYS
    }

    /// Bytes that the Java side may take now: those that this side leaves free. So both stay below the cache's size, also
    /// while the Java side remembers identities whose tokens are gone from here.
    pub(crate) fn java_room(&self) -> u64 {
        self.max_entry_bytes.saturating_sub(self.native_bytes.load(Ordering::Relaxed))
    }

    /// Finds a token whose verdict is as good as on the day it was made.
    pub(crate) fn find(&self, token: &[u8], epoch: &Epoch, clock: impl Into<Clock>) -> Option<Hit> {
        let clock = clock.into();
        let epoch = epoch.settled()?;
        let (number, set, tag) = self.set_of(self.hash(token)?)?;
        for (way, ((found, entry), uses)) in set.tags.iter().zip(&set.entries).zip(&set.uses).enumerate() {
            if found.load(Ordering::Relaxed) != tag {
                continue;
            }
            let guard = entry.load();
            let Some(entry) = &*guard else { continue };
            let is_good = entry.epoch == epoch
                && entry.validity.holds_by(clock)
                && entry.keys_end.is_none_or(|end| end.is_ahead())
                && entry.is_for(token);
            if is_good {
                let used = uses.load(Ordering::Relaxed);
                if used < MAX_USES {
                    uses.store(used + 1, Ordering::Relaxed);
                }
                return Some(Hit { entry: guard, slot: slot_number(number, way) });
            }
        }
        None
    }

    /// An entry for [`TokenCache::keep`].
    pub(crate) fn entry(&self, token: &[u8], terms: Terms, identity: Identity) -> Arc<Entry> {
        let Terms { epoch, validity, keys_end } = terms;
        Arc::new(Entry {
            token: WipedBytes::from(token),
            hash: self.hash(token).unwrap_or(0),
            generation: self.generations.fetch_add(1, Ordering::Relaxed),
            epoch,
            validity,
            keys_end: keys_end.map(Deadline::at),
            identity,
        })
    }

    /// Puts an entry in and says where it stands. `None` if it is not kept: it is too large or short, or somebody else is
    /// putting one in at this moment.
    pub(crate) fn keep(&self, entry: &Arc<Entry>, epoch: &Epoch, now: UnixMillis) -> Option<CachePlace> {
        if entry.token.len() < HASHED_BYTES || entry.is_dead(epoch, now) {
            return None;
        }
        // Poisoned, it takes nothing any more: that costs signatures, and a login goes on.
        let mut lines = self.lines.try_lock().ok()?;
        let charge = entry.charge();
        if !lines.take(charge) {
            return None;
        }
        let (number, set, tag) = self.set_of(entry.hash)?;
        let is_dead = |other: &Entry| other.is_dead(epoch, now);
        let is_same =
            |other: &Guard<Option<Arc<Entry>>>| other.as_ref().is_some_and(|other| other.is_for(&entry.token));
        let way = match set.entries.iter().position(|other| is_same(&other.load())) {
            // A new verdict about the same token: it stays where it stands, as popular as it was.
            Some(way) => {
                self.put(set, way, Some(Arc::clone(entry)));
                lines.replace(slot_number(number, way), charge);
                self.make_room(&mut lines, 0, is_dead);
                way
            }
            None => {
                self.make_room(&mut lines, charge, is_dead);
                let way = set.way_for_another(is_dead);
                let slot = slot_number(number, way);
                match self.put(set, way, Some(Arc::clone(entry))) {
                    // It takes the other one's place in the line too, so that each slot stands in one line once.
                    Some(other) => {
                        lines.remember(other.hash);
                        lines.replace(slot, charge);
                        self.make_room(&mut lines, 0, is_dead);
                    }
                    None => lines.push(slot, entry.hash, charge),
                }
                set.uses.get(way)?.store(0, Ordering::Relaxed);
                way
            }
        };
        set.tags.get(way)?.store(tag, Ordering::Relaxed);
        Some(CachePlace { slot: slot_number(number, way), generation: entry.generation })
    }

    /// Drives tokens out until there is room for that many bytes.
    fn make_room(&self, lines: &mut Lines, charge: u64, is_dead: impl Fn(&Entry) -> bool) {
        let is_dead = |slot| self.entry_at(slot).is_none_or(|entry| is_dead(&entry));
        while !lines.have_room_for(charge)
            && let Some(Victim { slot, was_once_used }) = lines.victim(is_dead, |slot| self.uses_at(slot))
        {
            if let Some(entry) = self.clear(slot).filter(|_| was_once_used) {
                lines.remember(entry.hash);
            }
        }
    }

    /// Forgets all tokens; their memory is overwritten when the last look-up that found them has ended.
    pub(crate) fn clear_all(&self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in lines.drain() {
            self.clear(slot);
        }
    }

    /// How many tokens it holds, and how many bytes they take.
    #[cfg(test)]
    pub(crate) fn fill(&self) -> (usize, u64) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).fill()
    }

    fn hash(&self, token: &[u8]) -> Option<u64> {
        let end = token.last_chunk::<HASHED_BYTES>()?;
        Some(self.seed.hash_one((u128::from_ne_bytes(*end), token.len())))
    }

    /// The set for a hash, its number, and the tag.
    fn set_of(&self, hash: u64) -> Option<(usize, &Set, u32)> {
        // The high bits choose the set, evenly for any number of sets; the low ones are the tag.
        let number = ((u128::from(hash) * self.sets.len() as u128) >> u64::BITS) as usize;
        let tag = (hash as u32).max(1);
        Some((number, self.sets.get(number)?, tag))
    }

    fn set_and_way(&self, slot: u32) -> Option<(&Set, usize)> {
        Some((self.sets.get(slot as usize / WAYS)?, slot as usize % WAYS))
    }

    fn entry_at(&self, slot: u32) -> Option<Arc<Entry>> {
        let (set, way) = self.set_and_way(slot)?;
        set.entries.get(way)?.load_full()
    }

    fn uses_at(&self, slot: u32) -> Option<&AtomicU8> {
        let (set, way) = self.set_and_way(slot)?;
        set.uses.get(way)
    }

    fn clear(&self, slot: u32) -> Option<Arc<Entry>> {
        let (set, way) = self.set_and_way(slot)?;
        set.tags.get(way)?.store(0, Ordering::Relaxed);
        self.put(set, way, None)
    }

    /// Exchanges what stands in a slot; whoever does has the lock.
    fn put(&self, set: &Set, way: usize, entry: Option<Arc<Entry>>) -> Option<Arc<Entry>> {
        let more = entry.as_ref().map_or(0, |entry| entry.native_bytes());
        let former = set.entries.get(way)?.swap(entry);
        let less = former.as_ref().map_or(0, |former| former.native_bytes());
        self.native_bytes.fetch_add(more.wrapping_sub(less), Ordering::Relaxed);
        former
    }
}

fn slot_number(set: usize, way: usize) -> u32 {
    // There are at most MAX_SLOTS and a few.
    (set * WAYS + way) as u32
}

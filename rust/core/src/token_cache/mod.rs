// SPDX-License-Identifier: Apache-2.0
//! The cache of accepted tokens. A cached token costs a look-up and no signature verification.
//!
//! The table is allocated once: sets of [`WAYS`] slots. The hash of a token selects the set. 32 bits of it, the tag, select
//! the slot, and then all bytes of the token are compared. The hash covers the token's length and its last bytes, which
//! belong to the signature; it is seeded for each cache. Only accepted tokens are inserted, so an attacker with colliding
//! tokens could at most evict the entries of one set.
//!
//! A look-up takes no lock, allocates nothing and shares no reference count: a slot is an [`ArcSwapOption`], whose readers
//! register in memory of their own thread. An insertion tries to take the lock and does not wait for it; if this fails, the
//! token is inserted the next time. [`s3_fifo`] decides which tokens are evicted.
//!
//! A verdict is valid in the epoch in which the validation began ([`crate::epoch`]), within the token's [`Validity`], and
//! until its keys expire ([`Deadline`]). After a change of the revocation list, the caller looks the token up in the new
//! list ([`Hit::is_checked_in`]). Everything else that a verdict depends on is in the bytes of the token.

#[cfg(test)]
mod measure;
mod s3_fifo;
#[cfg(test)]
pub(crate) mod tests;
mod weight;

use std::hash::{BuildHasher as _, RandomState};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use foldhash::quality::FixedState;

use crate::claims::Validity;
use crate::clock::{Clock, Deadline, Moment, UnixMillis};
use crate::epoch::{AtomicEpochNumber, Epoch, EpochNumber};
use crate::identity::Identity;
use crate::metrics::IssuerCounters;
use crate::token::wiped::WipedBytes;
use s3_fifo::{MAX_USES, Queues, Victim};
use weight::allocated;
pub(crate) use weight::java_bytes;

/// The slots of a set. Their tags fill half a cache line, so a miss reads one line.
const WAYS: usize = 8;
/// The number of hashed bytes at the end of a token: 96 bits of the signature.
const HASHED_BYTES: usize = size_of::<u128>();
/// The number of bytes of the cache for which there is one slot. Tokens of identity providers have one or two thousand bytes,
/// and need half as much again.
const BYTES_FOR_A_SLOT: u64 = 1024;
/// The maximum number of slots, which take 300 MB.
const MAX_SLOTS: u64 = 1 << 23;

/// The accepted tokens of one authenticator.
pub(crate) struct TokenCache {
    sets: Box<[Set]>,
    queues: Mutex<Queues>,
    /// The maximum for the entries on this side and on the Java side.
    max_entry_bytes: u64,
    /// The bytes of the entries on this side. Written under the lock of `queues`.
    native_bytes: AtomicU64,
    seed: FixedState,
    generations: AtomicU64,
    evictions: AtomicU64,
}

#[derive(Default)]
struct Set {
    /// 0 in an empty slot.
    tags: [AtomicU32; WAYS],
    /// The use counts, up to [`MAX_USES`]. At the maximum, a hit writes to no shared memory.
    uses: [AtomicU8; WAYS],
    /// The set drops them, and skips empty ones, because the drop of an `ArcSwapOption` visits all threads.
    entries: [ManuallyDrop<ArcSwapOption<Entry>>; WAYS],
}

/// An accepted token with its verdict. Only `revocation` changes.
pub(crate) struct Entry {
    token: WipedBytes,
    hash: u64,
    /// Unique in this cache.
    generation: u64,
    epoch: EpochNumber,
    /// The epoch of the revocation list that the token was checked against last.
    revocation: AtomicEpochNumber,
    validity: Validity,
    keys_end: Option<Deadline>,
    identity: Identity,
    counters: Arc<IssuerCounters>,
}

/// What an accepted token's verdict depends on besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// The epoch before the validation began.
    pub(crate) epoch: EpochNumber,
    /// The epoch of the revocation list before the validation began.
    pub(crate) revocation: EpochNumber,
    /// The times at which the token is accepted.
    pub(crate) validity: Validity,
    /// When the keys expire that verified it, if they do.
    pub(crate) keys_end: Option<Moment>,
}

/// The place of a token in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachePlace {
    /// The number of the slot, less than the number of slots. Another token may get it later.
    pub slot: u32,
    /// Distinguishes the tokens that have the same slot one after the other. It is unique in the cache.
    pub generation: u64,
}

/// A token that was found.
pub(crate) struct Hit {
    entry: Guard<Option<Arc<Entry>>>,
    slot: u32,
}

impl Hit {
    /// The verdict and its place.
    pub(crate) fn verdict(&self) -> Option<(&Identity, CachePlace)> {
        let entry = self.entry.as_ref()?;
        Some((&entry.identity, CachePlace { slot: self.slot, generation: entry.generation }))
    }

    /// The counters of its issuer.
    pub(crate) fn counters(&self) -> Option<&IssuerCounters> {
        self.entry.as_ref().map(|entry| &*entry.counters)
    }

    /// True if the token was checked against the present revocation list.
    pub(crate) fn is_checked_in(&self, revocation: &Epoch) -> bool {
        self.entry.as_ref().is_some_and(|entry| revocation.is(entry.revocation.load()))
    }

    /// The token was checked again, against the list of this epoch or a newer one.
    pub(crate) fn was_checked_in(&self, revocation: EpochNumber) {
        self.entry.iter().for_each(|entry| entry.revocation.store(revocation));
    }
}

impl Drop for Set {
    /// Drops the entries and nothing else: an empty `ArcSwapOption` owns nothing. Dropping all of a large table would take
    /// seconds.
    fn drop(&mut self) {
        for entry in self.entries.iter().filter(|entry| entry.load().is_some()) {
            entry.store(None);
        }
    }
}

impl Set {
    /// The slot for a new token: an empty one, or else that of a dead token, or else that of the least used one.
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

    pub(crate) fn counters(&self) -> &IssuerCounters {
        &self.counters
    }

    /// Bytes on this side.
    fn native_bytes(&self) -> u64 {
        // The counters of the `Arc` are in the same allocation.
        let entry = allocated(2 * size_of::<usize>() + size_of::<Self>());
        (entry + allocated(self.token.capacity()) + weight::native_bytes(&self.identity)) as u64
    }

    /// Bytes on both sides of the boundary.
    fn charge(&self) -> u64 {
        self.native_bytes() + java_bytes(&self.identity) as u64
    }

    /// True if a look-up can no longer find it.
    fn is_dead(&self, epoch: &Epoch, now: UnixMillis) -> bool {
        epoch.settled().is_some_and(|present| present != self.epoch) || self.validity.is_over(now)
    }
}

impl TokenCache {
    /// The minimum size, which has room for a few tokens.
    pub(crate) const MIN_BYTES: u64 = 64 * 1024;

    /// A cache of at most `max_bytes`, including its table.
    pub(crate) fn new(max_bytes: u64) -> Self {
        let slots = (max_bytes / BYTES_FOR_A_SLOT).min(MAX_SLOTS);
        let sets = usize::try_from(slots).unwrap_or(0).div_ceil(WAYS).max(1);
        let slots = sets * WAYS;
        // The Java side has a reference for each slot.
        let table = sets * size_of::<Set>() + slots * (Queues::BYTES_FOR_A_SLOT + size_of::<usize>());
        let max_entry_bytes = max_bytes.saturating_sub(table as u64);
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
            queues: Mutex::new(Queues::new(slots, max_entry_bytes)),
            max_entry_bytes,
            native_bytes: AtomicU64::new(0),
            // The hash of nothing depends on the random keys of the standard hasher, which come from the system.
            seed: FixedState::with_seed(RandomState::new().hash_one(())),
            generations: AtomicU64::new(1),
            evictions: AtomicU64::new(0),
        }
    }

    /// The maximum number of tokens.
    pub(crate) fn slots(&self) -> usize {
        self.sets.len() * WAYS
    }

    /// Bytes that the Java side may use now: those that this side leaves free. Both sides then stay below the size of the
    /// cache, also while the Java side remembers identities whose tokens were evicted here.
    pub(crate) fn java_room(&self) -> u64 {
        self.max_entry_bytes.saturating_sub(self.native_bytes.load(Ordering::Relaxed))
    }

    /// Finds a token whose verdict is still valid.
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
            let is_valid = entry.epoch == epoch
                && entry.validity.holds_by(clock)
                && entry.keys_end.is_none_or(|end| end.is_ahead())
                && entry.is_for(token);
            if is_valid {
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
    pub(crate) fn entry(
        &self,
        token: &[u8],
        terms: Terms,
        identity: Identity,
        counters: Arc<IssuerCounters>,
    ) -> Arc<Entry> {
        let Terms { epoch, revocation, validity, keys_end } = terms;
        Arc::new(Entry {
            token: WipedBytes::from(token),
            hash: self.hash(token).unwrap_or(0),
            generation: self.generations.fetch_add(1, Ordering::Relaxed),
            epoch,
            revocation: AtomicEpochNumber::new(revocation),
            validity,
            keys_end: keys_end.map(Deadline::at),
            identity,
            counters,
        })
    }

    /// Inserts an entry and returns its place. `None` if it is not inserted: it is too large or too short, it is dead, or
    /// another thread is inserting one.
    pub(crate) fn keep(&self, entry: &Arc<Entry>, epoch: &Epoch, now: UnixMillis) -> Option<CachePlace> {
        if entry.token.len() < HASHED_BYTES || entry.is_dead(epoch, now) {
            return None;
        }
        // After a panic under the lock nothing is inserted any more. Requests continue without the cache.
        let mut queues = self.queues.try_lock().ok()?;
        let charge = entry.charge();
        if !queues.admit(charge) {
            return None;
        }
        let (number, set, tag) = self.set_of(entry.hash)?;
        let is_dead = |other: &Entry| other.is_dead(epoch, now);
        let is_same =
            |other: &Guard<Option<Arc<Entry>>>| other.as_ref().is_some_and(|other| other.is_for(&entry.token));
        let way = match set.entries.iter().position(|other| is_same(&other.load())) {
            // A new verdict about the same token keeps its place and its use count.
            Some(way) => {
                self.swap(set, way, Some(Arc::clone(entry)));
                queues.replace(slot_number(number, way), charge);
                self.make_room(&mut queues, 0, is_dead);
                way
            }
            None => {
                self.make_room(&mut queues, charge, is_dead);
                let way = set.way_for_another(is_dead);
                let slot = slot_number(number, way);
                match self.swap(set, way, Some(Arc::clone(entry))) {
                    // It also takes the place of the other one in the queue, so each slot is in one queue once.
                    Some(other) => {
                        self.evictions.fetch_add(1, Ordering::Relaxed);
                        queues.add_ghost(other.hash);
                        queues.replace(slot, charge);
                        self.make_room(&mut queues, 0, is_dead);
                    }
                    None => queues.push(slot, entry.hash, charge),
                }
                set.uses.get(way)?.store(0, Ordering::Relaxed);
                way
            }
        };
        set.tags.get(way)?.store(tag, Ordering::Relaxed);
        Some(CachePlace { slot: slot_number(number, way), generation: entry.generation })
    }

    /// Evicts tokens until this many bytes fit.
    fn make_room(&self, queues: &mut Queues, charge: u64, is_dead: impl Fn(&Entry) -> bool) {
        let is_dead = |slot| self.entry_at(slot).is_none_or(|entry| is_dead(&entry));
        while !queues.have_room_for(charge)
            && let Some(Victim { slot, was_used_once }) = queues.victim(is_dead, |slot| self.uses_at(slot))
        {
            let evicted = self.clear(slot);
            self.evictions.fetch_add(u64::from(evicted.is_some()), Ordering::Relaxed);
            if let Some(entry) = evicted.filter(|_| was_used_once) {
                queues.add_ghost(entry.hash);
            }
        }
    }

    /// Removes all tokens, and returns their number. Their memory is overwritten when the last look-up that found them has ended.
    pub(crate) fn clear_all(&self) -> usize {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.drain().filter(|slot| self.clear(*slot).is_some()).count()
    }

    /// The first result of `find` for one of the tokens. It looks at all of them, so it is not for requests.
    pub(crate) fn find_map<R>(&self, find: impl Fn(&[u8]) -> Option<R>) -> Option<R> {
        let mut entries = self.sets.iter().flat_map(|set| &set.entries);
        entries.find_map(|entry| entry.load().as_ref().and_then(|entry| find(&entry.token)))
    }

    /// The number of tokens, and their bytes.
    pub(crate) fn fill(&self) -> (usize, u64) {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).fill()
    }

    /// How many tokens were evicted because others needed the room.
    pub(crate) fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }

    fn hash(&self, token: &[u8]) -> Option<u64> {
        let end = token.last_chunk::<HASHED_BYTES>()?;
        Some(self.seed.hash_one((u128::from_ne_bytes(*end), token.len())))
    }

    /// The set for a hash, its number, and the tag.
    fn set_of(&self, hash: u64) -> Option<(usize, &Set, u32)> {
        // The high bits select the set, evenly for any number of sets; the low ones are the tag.
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
        self.swap(set, way, None)
    }

    /// Swaps the entry of a slot and returns the former one. The caller has the lock of `queues`.
    fn swap(&self, set: &Set, way: usize, entry: Option<Arc<Entry>>) -> Option<Arc<Entry>> {
        let more = entry.as_ref().map_or(0, |entry| entry.native_bytes());
        let former = set.entries.get(way)?.swap(entry);
        let less = former.as_ref().map_or(0, |former| former.native_bytes());
        self.native_bytes.fetch_add(more.wrapping_sub(less), Ordering::Relaxed);
        former
    }
}

fn slot_number(set: usize, way: usize) -> u32 {
    // MAX_SLOTS fits into a u32.
    (set * WAYS + way) as u32
}

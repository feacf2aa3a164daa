// SPDX-License-Identifier: Apache-2.0
//! The eviction policy S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson: "FIFO Queues are All You Need for Cache Eviction", SOSP
//! 2023).
//!
//! New tokens enter the small queue, a tenth of the bytes. At its end, a token that was found again moves to the main queue;
//! any other is evicted, and its hash enters the ghost queue. If it returns soon, it enters the main queue directly. Tokens
//! that are used once therefore pass through a tenth of the cache. At the end of the main queue, a token that was found
//! again goes back to the start.
//!
//! Only insertions change the queues. A look-up only counts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};

/// The maximum use count of a token.
pub(super) const MAX_USES: u8 = 3;
/// The use count with which a token moves from the small queue to the main queue.
const USES_TO_STAY: u8 = 1;
/// The small queue has this part of the bytes: one tenth.
const SMALL_PART: u64 = 10;
/// The maximum part of the bytes for one token: a quarter.
const LARGEST_PART: u64 = 4;
/// The maximum number of tokens that one eviction moves. It bounds the work of one authentication.
const MAX_MOVES: usize = 64;

pub(super) struct Queues {
    small: Queue,
    main: Queue,
    /// Hashes of evicted tokens that were used once. The hash determines its place, so a later one replaces an earlier one.
    ghost: Box<[u32]>,
    max_bytes: u64,
    /// One for each slot of the cache.
    slots: Box<[Slot]>,
}

#[derive(Default)]
struct Queue {
    slots: VecDeque<u32>,
    bytes: u64,
}

/// The bytes of a slot's token, and its queue.
#[derive(Clone, Copy, Default)]
struct Slot {
    charge: u32,
    is_main: bool,
}

/// A token to evict.
pub(super) struct Victim {
    pub(super) slot: u32,
    /// True if it was not found again, so its hash enters the ghost queue.
    pub(super) was_used_once: bool,
}

impl Queues {
    /// Bytes that the queues need for each slot.
    pub(super) const BYTES_FOR_A_SLOT: usize = size_of::<Slot>() + 3 * size_of::<u32>();

    pub(super) fn new(slots: usize, max_bytes: u64) -> Self {
        Self {
            small: Queue::default(),
            main: Queue::default(),
            ghost: vec![0; slots].into(),
            max_bytes,
            slots: vec![Slot::default(); slots].into(),
        }
    }

    /// True if an entry is small enough for the cache, so that it does not evict all others.
    pub(super) fn admit(&self, charge: u64) -> bool {
        charge <= self.max_bytes / LARGEST_PART
    }

    /// True if this many more bytes fit.
    pub(super) fn have_room_for(&self, charge: u64) -> bool {
        self.small.bytes + self.main.bytes + charge <= self.max_bytes
    }

    /// Removes the token to evict next from its queue. `None` if there is none.
    pub(super) fn victim<'u>(
        &mut self,
        is_dead: impl Fn(u32) -> bool,
        uses: impl Fn(u32) -> Option<&'u AtomicU8>,
    ) -> Option<Victim> {
        let mut moves = 0;
        loop {
            let is_main = !self.main.slots.is_empty()
                && (self.small.bytes <= self.max_bytes / SMALL_PART || self.small.slots.is_empty());
            let queue = if is_main { &mut self.main } else { &mut self.small };
            let number = queue.slots.pop_front()?;
            let slot = self.slots.get_mut(number as usize)?;
            queue.bytes -= u64::from(slot.charge);
            let uses = uses(number)?;
            let used = uses.load(Ordering::Relaxed);
            let stays = used >= if is_main { 1 } else { USES_TO_STAY };
            moves += 1;
            if !stays || moves > MAX_MOVES || is_dead(number) {
                return Some(Victim { slot: number, was_used_once: !is_main && used == 0 });
            }
            uses.store(if is_main { used - 1 } else { 0 }, Ordering::Relaxed);
            slot.is_main = true;
            self.main.bytes += u64::from(slot.charge);
            self.main.slots.push_back(number);
        }
    }

    /// Adds the token of a slot that was empty.
    pub(super) fn push(&mut self, number: u32, hash: u64, charge: u64) {
        let is_main = self.take_ghost(hash);
        if let Some(slot) = self.slots.get_mut(number as usize) {
            // The maximum token size keeps the charge far below the range.
            *slot = Slot { charge: u32::try_from(charge).unwrap_or(u32::MAX), is_main };
            let queue = if is_main { &mut self.main } else { &mut self.small };
            queue.bytes += u64::from(slot.charge);
            queue.slots.push_back(number);
        }
    }

    /// Replaces the token of a slot. The new one takes the place of the previous one in the queue.
    pub(super) fn replace(&mut self, number: u32, charge: u64) {
        if let Some(slot) = self.slots.get_mut(number as usize) {
            let queue = if slot.is_main { &mut self.main } else { &mut self.small };
            queue.bytes -= u64::from(slot.charge);
            slot.charge = u32::try_from(charge).unwrap_or(u32::MAX);
            queue.bytes += u64::from(slot.charge);
        }
    }

    /// Adds the hash of an evicted token to the ghost queue.
    pub(super) fn add_ghost(&mut self, hash: u64) {
        if let Some(ghost) = self.ghost(hash) {
            *ghost = hash as u32;
        }
    }

    /// Removes the hash from the ghost queue. True if it was there.
    fn take_ghost(&mut self, hash: u64) -> bool {
        self.ghost(hash).is_some_and(|ghost| std::mem::take(ghost) == hash as u32)
    }

    /// The place of the hash in the ghost queue.
    fn ghost(&mut self, hash: u64) -> Option<&mut u32> {
        let index = ((u128::from(hash) * self.ghost.len() as u128) >> u64::BITS) as usize;
        self.ghost.get_mut(index)
    }

    /// Empties the queues and returns all slots that had a token.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = u32> + use<> {
        let small = std::mem::take(&mut self.small);
        let main = std::mem::take(&mut self.main);
        self.ghost.fill(0);
        small.slots.into_iter().chain(main.slots)
    }

    /// The number of tokens, and their bytes.
    pub(super) fn fill(&self) -> (usize, u64) {
        (self.small.slots.len() + self.main.slots.len(), self.small.bytes + self.main.bytes)
    }
}

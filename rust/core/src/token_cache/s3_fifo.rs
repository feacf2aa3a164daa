//! Which tokens stay: S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson: "FIFO Queues are All You Need for Cache Eviction", SOSP
//! 2023). New tokens stand in a short line. Those that were found again before they came to its end move to the main line,
//! the others are driven out, but for their hash: if they come back soon, they go to the main line at once. So a flood of
//! tokens that are used once passes through a tenth of the cache. A token of the main line that was found since it was last
//! looked at goes to the end of the line once more.
//!
//! All this is done by whoever puts a token in; a look-up only counts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};

/// Finding a token more often than this makes it no dearer.
pub(super) const MAX_USES: u8 = 3;
/// Found this often, a token leaves the short line for the main one.
const USES_TO_STAY: u8 = 1;
/// The part of the bytes that the short line has.
const SHORT_LINE: u64 = 10;
/// No token takes more than one of this many parts of the bytes.
const LARGEST_PART: u64 = 4;
/// How many tokens are let pass for one that goes; a bound for the work of one login.
const MAX_PASSED: usize = 64;

pub(super) struct Lines {
    short: Line,
    main: Line,
    max_bytes: u64,
    /// For each slot that has a token: its bytes, and in which line it stands.
    slots: Box<[Standing]>,
    /// Hashes of tokens that were used once, each where its value says; the later of two stays.
    remembered: Box<[u32]>,
}

#[derive(Default)]
struct Line {
    slots: VecDeque<u32>,
    bytes: u64,
}

#[derive(Clone, Copy, Default)]
struct Standing {
    charge: u32,
    is_main: bool,
}

/// A token that has to go.
pub(super) struct Victim {
    pub(super) slot: u32,
    /// True if it was not found again: one to remember.
    pub(super) was_once_used: bool,
}

impl Lines {
    /// Bytes of the lines for each slot.
    pub(super) const BYTES_FOR_A_SLOT: usize = size_of::<Standing>() + 3 * size_of::<u32>();

    pub(super) fn new(slots: usize, max_bytes: u64) -> Self {
        Self {
            short: Line::default(),
            main: Line::default(),
            max_bytes,
            slots: vec![Standing::default(); slots].into(),
            remembered: vec![0; slots].into(),
        }
    }

    /// True if an entry is small enough to be kept: it must not cost all others their place.
    pub(super) fn take(&self, charge: u64) -> bool {
        charge <= self.max_bytes / LARGEST_PART
    }

    /// True if that many bytes more are within the bound.
    pub(super) fn have_room_for(&self, charge: u64) -> bool {
        self.short.bytes + self.main.bytes + charge <= self.max_bytes
    }

    /// The token that goes next; it stands in no line any more. `None` if there is none.
    pub(super) fn victim<'u>(
        &mut self,
        is_dead: impl Fn(u32) -> bool,
        uses: impl Fn(u32) -> Option<&'u AtomicU8>,
    ) -> Option<Victim> {
        let mut passed = 0;
        loop {
            let is_main = !self.main.slots.is_empty()
                && (self.short.bytes <= self.max_bytes / SHORT_LINE || self.short.slots.is_empty());
            let line = if is_main { &mut self.main } else { &mut self.short };
            let slot = line.slots.pop_front()?;
            let standing = self.slots.get_mut(slot as usize)?;
            line.bytes -= u64::from(standing.charge);
            let uses = uses(slot)?;
            let used = uses.load(Ordering::Relaxed);
            let stays = used >= if is_main { 1 } else { USES_TO_STAY };
            passed += 1;
            if !stays || passed > MAX_PASSED || is_dead(slot) {
                return Some(Victim { slot, was_once_used: !is_main && used == 0 });
            }
            uses.store(if is_main { used - 1 } else { 0 }, Ordering::Relaxed);
            standing.is_main = true;
            self.main.bytes += u64::from(standing.charge);
            self.main.slots.push_back(slot);
        }
    }

    /// A token comes into an empty slot.
    pub(super) fn push(&mut self, slot: u32, hash: u64, charge: u64) {
        let is_main = self.recall(hash);
        if let Some(standing) = self.slots.get_mut(slot as usize) {
            // An entry is smaller than its token's limit a few times over.
            *standing = Standing { charge: u32::try_from(charge).unwrap_or(u32::MAX), is_main };
            let line = if is_main { &mut self.main } else { &mut self.short };
            line.bytes += u64::from(standing.charge);
            line.slots.push_back(slot);
        }
    }

    /// The token of a slot gives way to another one, which stands where it stood.
    pub(super) fn replace(&mut self, slot: u32, charge: u64) {
        if let Some(standing) = self.slots.get_mut(slot as usize) {
            let line = if standing.is_main { &mut self.main } else { &mut self.short };
            line.bytes -= u64::from(standing.charge);
            standing.charge = u32::try_from(charge).unwrap_or(u32::MAX);
            line.bytes += u64::from(standing.charge);
        }
    }

    /// Remembers a token that goes.
    pub(super) fn remember(&mut self, hash: u64) {
        if let Some(place) = self.place(hash) {
            *place = hash as u32;
        }
    }

    /// True if the token went not long ago. It is told once.
    fn recall(&mut self, hash: u64) -> bool {
        self.place(hash).is_some_and(|place| std::mem::take(place) == hash as u32)
    }

    fn place(&mut self, hash: u64) -> Option<&mut u32> {
        let index = ((u128::from(hash) * self.remembered.len() as u128) >> u64::BITS) as usize;
        self.remembered.get_mut(index)
    }

    /// All slots that have a token; none of them has one any more.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = u32> + use<> {
        let (short, main) = (std::mem::take(&mut self.short), std::mem::take(&mut self.main));
        self.remembered.fill(0);
        short.slots.into_iter().chain(main.slots)
    }

    /// How many tokens there are, and their bytes.
    #[cfg(test)]
    pub(super) fn fill(&self) -> (usize, u64) {
        (self.short.slots.len() + self.main.slots.len(), self.short.bytes + self.main.bytes)
    }
}

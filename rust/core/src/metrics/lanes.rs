// SPDX-License-Identifier: Apache-2.0
//! Counters that every thread increments without waiting for another.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// All but the last one belong to one thread each, which needs no locked instruction to count. The last one is for further
/// threads.
const LANES: usize = 128;
const SHARED: usize = LANES - 1;

/// The lanes that belong to no thread.
static FREE: Mutex<Free> = Mutex::new(Free { returned: Vec::new(), next: 0 });

struct Free {
    returned: Vec<usize>,
    /// This lane and those after it never belonged to a thread.
    next: usize,
}

thread_local! {
    /// The lane of this thread, for all counters of this process; `usize::MAX` before the first use.
    static LANE: Cell<usize> = const { Cell::new(usize::MAX) };
    /// Gives the lane back when the thread ends.
    static OWNED: Owned = const { Owned };
}

struct Owned;

impl Drop for Owned {
    fn drop(&mut self) {
        // What still counts while the thread ends shares a lane. The lock orders the counts of both owners.
        let lane = LANE.with(|lane| lane.replace(SHARED));
        if lane < SHARED {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).returned.push(lane);
        }
    }
}

/// Gives this thread a lane.
#[cold]
fn first_lane() -> usize {
    let lane = {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.returned.pop().unwrap_or_else(|| {
            let next = free.next.min(SHARED);
            free.next = next + 1;
            next
        })
    };
    // Fails while the thread ends: then nothing would give the lane back.
    let is_returned = OWNED.try_with(|_| ()).is_ok();
    let lane = if is_returned { lane } else { SHARED };
    LANE.with(|present| present.set(lane));
    lane
}

/// `N` counters, each once for every lane. Reading adds the lanes up.
#[derive(Debug)]
pub(crate) struct Lanes<const N: usize>(Box<[Lane<N>]>);

/// Two cache lines, since processors fetch them in pairs. No other lane is in them.
#[derive(Debug)]
#[repr(align(128))]
struct Lane<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for Lanes<N> {
    fn default() -> Self {
        Self((0..LANES).map(|_| Lane([const { AtomicU64::new(0) }; N])).collect())
    }
}

impl<const N: usize> Lanes<N> {
    /// Adds to a counter. It does nothing for an index that does not exist.
    pub(crate) fn add(&self, index: usize, count: u64) {
        let lane = match LANE.with(Cell::get) {
            usize::MAX => first_lane(),
            lane => lane,
        };
        let Some(counter) = self.0.get(lane).and_then(|lane| lane.0.get(index)) else { return };
        if lane == SHARED {
            counter.fetch_add(count, Ordering::Relaxed);
        } else {
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
        }
    }

    /// The present value of a counter.
    pub(crate) fn sum(&self, index: usize) -> u64 {
        let counters = self.0.iter().filter_map(|lane| lane.0.get(index));
        counters.map(|counter| counter.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn nothing_is_lost_that_more_threads_than_lanes_count() {
        let lanes = Lanes::<3>::default();
        let barrier = std::sync::Barrier::new(LANES + 8);
        // The threads of the second round get the lanes of the first.
        for _ in 0..2 {
            thread::scope(|scope| {
                for _ in 0..LANES + 8 {
                    scope.spawn(|| {
                        lanes.add(1, 0);
                        barrier.wait();
                        (0..1000).for_each(|_| lanes.add(1, 2));
                    });
                }
            });
        }
        assert_eq!((lanes.sum(0), lanes.sum(1), lanes.sum(2)), (0, (LANES as u64 + 8) * 4000, 0));
        lanes.add(3, 1);
        assert_eq!(lanes.sum(3), 0);
    }
}

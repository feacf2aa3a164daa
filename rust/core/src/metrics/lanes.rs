// SPDX-License-Identifier: Apache-2.0
//! Counters that every thread increments without waiting for another.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Threads share a lane if there are more of them. A power of two.
const LANES: usize = 32;

static NEXT_LANE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The lane of this thread, for all counters of this process; `usize::MAX` before the first use.
    static LANE: Cell<usize> = const { Cell::new(usize::MAX) };
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
        let lane = LANE.with(|lane| {
            let mut number = lane.get();
            if number == usize::MAX {
                number = NEXT_LANE.fetch_add(1, Ordering::Relaxed) & (LANES - 1);
                lane.set(number);
            }
            number
        });
        if let Some(counter) = self.0.get(lane).and_then(|lane| lane.0.get(index)) {
            counter.fetch_add(count, Ordering::Relaxed);
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
        thread::scope(|scope| {
            for _ in 0..LANES + 8 {
                scope.spawn(|| (0..1000).for_each(|_| lanes.add(1, 2)));
            }
        });
        assert_eq!((lanes.sum(0), lanes.sum(1), lanes.sum(2)), (0, (LANES as u64 + 8) * 2000, 0));
        lanes.add(3, 1);
        assert_eq!(lanes.sum(3), 0);
    }
}

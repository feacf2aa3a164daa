// SPDX-License-Identifier: Apache-2.0
//! Fetches that requests trigger because the keys lack their `kid`: when they begin, and how many requests wait for
//! them. Decisions only, with time as an argument.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::Moment;

/// A longer `kid` never triggers a fetch: real ones are shorter.
pub(crate) const MAX_KEY_ID_BYTES: usize = 256;
/// The number of requests that wait for one set at the same time; each occupies a thread of the coordinator.
const MAX_WAITING: usize = 8;
/// The number of missed kids that are remembered.
const MAX_MISSED: usize = 256;

/// A semaphore for the requests that wait for one set. A slow server, or a flood of unknown kids, does not block
/// requests of another issuer.
#[derive(Debug, Default)]
pub(crate) struct FetchWaiters {
    in_use: AtomicUsize,
}

/// A permit to wait, until it is dropped.
#[derive(Debug)]
pub(crate) struct FetchPermit<'p>(&'p FetchWaiters);

impl FetchWaiters {
    /// A single read, so that rejecting a flood of requests costs little.
    pub(crate) fn is_full(&self) -> bool {
        self.in_use.load(Ordering::Relaxed) >= MAX_WAITING
    }

    #[cfg(test)]
    pub(crate) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    pub(crate) fn try_acquire(&self) -> Option<FetchPermit<'_>> {
        self.in_use
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |in_use| (in_use < MAX_WAITING).then_some(in_use + 1))
            .ok()
            .map(|_| FetchPermit(self))
    }
}

impl Drop for FetchPermit<'_> {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When a fetch may be requested, and which kids were waited for in vain.
#[derive(Clone, Debug)]
pub(crate) struct OnDemand {
    cooldown: Duration,
    /// When the last requested fetch began. Not when it was requested, since the refresher may be late.
    last: Option<Moment>,
    /// When a requested fetch is due that has not begun. During the cool-down, this is the end of it.
    wanted: Option<Moment>,
    /// Hashes with a random seed, so that clients cannot choose colliding kids; oldest first.
    missed: VecDeque<(u64, Moment)>,
}

/// When a requested fetch is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FetchGrant {
    /// Now.
    Now,
    /// At this time, too late to wait for.
    At(Moment),
}

impl OnDemand {
    pub(crate) fn new(cooldown: Duration) -> Self {
        Self { cooldown, last: None, wanted: None, missed: VecDeque::new() }
    }

    /// True if a request waited for the kid within the cool-down and no fetch succeeded since then.
    pub(crate) fn was_missed(&mut self, key_id: u64, now: Moment) -> bool {
        while self.missed.front().is_some_and(|(_, since)| *since + self.cooldown <= now) {
            self.missed.pop_front();
        }
        self.missed.iter().any(|(missed, _)| *missed == key_id)
    }

    pub(crate) fn remember(&mut self, key_id: u64, now: Moment) {
        if self.missed.len() == MAX_MISSED {
            self.missed.pop_front();
        }
        self.missed.push_back((key_id, now));
    }

    /// After a successful fetch every kid may trigger a fetch again, so that requests with a future kid cannot block
    /// it.
    pub(crate) fn forget_missed(&mut self) {
        self.missed.clear();
    }

    /// Requests a fetch.
    pub(crate) fn ask(&mut self, now: Moment) -> FetchGrant {
        let cooled_down = self.last.map(|last| last + self.cooldown).filter(|end| *end > now);
        self.wanted = Some(cooled_down.unwrap_or(now));
        cooled_down.map_or(FetchGrant::Now, FetchGrant::At)
    }

    /// A fetch begins for any reason; it also serves the request.
    pub(crate) fn fetch_begins(&mut self, now: Moment) {
        if self.wanted.take().is_some_and(|due| due <= now) {
            self.last = Some(now);
        }
    }

    /// No further fetch can be requested before this time, since one already is.
    pub(crate) fn closed_until(&self) -> Option<Moment> {
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_are_few_and_reusable() {
        let waiters = FetchWaiters::default();
        let in_use: Vec<_> = std::iter::from_fn(|| waiters.try_acquire()).collect();
        assert_eq!(in_use.len(), MAX_WAITING);
        assert!(waiters.is_full());
        drop(in_use);
        assert!(!waiters.is_full() && waiters.try_acquire().is_some());
    }

    #[test]
    fn one_fetch_for_each_cool_down_and_a_request_within_it_is_deferred() {
        let cooldown = Duration::from_secs(30);
        let mut demand = OnDemand::new(cooldown);
        let begin = Moment::now();
        assert_eq!(demand.ask(begin), FetchGrant::Now);
        demand.fetch_begins(begin);
        let end = begin + cooldown;
        assert_eq!(demand.ask(begin + Duration::from_secs(1)), FetchGrant::At(end));
        assert_eq!(demand.closed_until(), Some(end));
        demand.fetch_begins(end);
        assert_eq!(demand.closed_until(), None);
        assert_eq!(
            demand.ask(end + Duration::from_secs(1)),
            FetchGrant::At(end + cooldown),
            "it counts from its begin"
        );
        // The next scheduled fetch also serves the request and does not count as requested.
        demand.fetch_begins(end + Duration::from_secs(2));
        assert_eq!(demand.ask(end + cooldown), FetchGrant::Now);
    }

    #[test]
    fn missed_kids_are_bounded_and_forgotten_after_the_cool_down() {
        let cooldown = Duration::from_secs(30);
        let mut demand = OnDemand::new(cooldown);
        let begin = Moment::now();
        for key_id in 0..10_000 {
            demand.remember(key_id, begin);
        }
        assert_eq!(demand.missed.len(), MAX_MISSED);
        assert!(demand.was_missed(9_999, begin) && !demand.was_missed(0, begin));
        assert!(demand.was_missed(9_999, begin + cooldown - Duration::from_nanos(1)));
        assert!(!demand.was_missed(9_999, begin + cooldown));
        demand.remember(1, begin);
        demand.forget_missed();
        assert!(!demand.was_missed(1, begin));
    }
}

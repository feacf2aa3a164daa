//! Fetches that a login asks for because the keys lack its `kid`: how many, and who waits for them. Decisions only, with
//! time as an argument.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::Moment;

/// A longer `kid` never leads to a fetch: no issuer makes such names.
pub(crate) const MAX_KEY_ID_BYTES: usize = 256;
/// Logins that wait for one key set at the same time; each occupies a thread of the coordinator.
const MAX_WAITING: usize = 8;
/// Missed kids that are remembered.
const MAX_MISSED: usize = 256;

/// The places for the logins that wait for one key set: a slow server of keys, and a flood of kids for it, take none from the
/// logins of another issuer.
#[derive(Debug, Default)]
pub(crate) struct FetchWaiters {
    taken: AtomicUsize,
}

/// A place until it is dropped.
#[derive(Debug)]
pub(crate) struct FetchPermit<'p>(&'p FetchWaiters);

impl FetchWaiters {
    /// One read, so that a flood of logins is turned away for next to nothing.
    pub(crate) fn is_full(&self) -> bool {
        self.taken.load(Ordering::Relaxed) >= MAX_WAITING
    }

    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self) -> Option<FetchPermit<'_>> {
        self.taken
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |taken| (taken < MAX_WAITING).then_some(taken + 1))
            .ok()
            .map(|_| FetchPermit(self))
    }
}

impl Drop for FetchPermit<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When a fetch may be asked for, and which kids were waited for in vain.
#[derive(Clone, Debug)]
pub(crate) struct OnDemand {
    cooldown: Duration,
    /// When the last fetch began that was asked for. Not when it was asked for: the refresher may be late.
    last: Option<Moment>,
    /// A fetch that was asked for and has not begun: when it is due. During the cool-down, that is at the end of it.
    wanted: Option<Moment>,
    /// Hashes with a seed of their own, so that nobody can choose kids that collide; oldest first.
    missed: VecDeque<(u64, Moment)>,
}

/// What becomes of a wish for a fetch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FetchGrant {
    /// It is due now.
    Now,
    /// It is due then, too late to wait for.
    At(Moment),
}

impl OnDemand {
    pub(crate) fn new(cooldown: Duration) -> Self {
        Self { cooldown, last: None, wanted: None, missed: VecDeque::new() }
    }

    /// True if the kid was waited for within the cool-down and no good fetch came since.
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

    /// After a good fetch every kid has a new chance: nobody can spoil a kid that is still to come.
    pub(crate) fn forget_missed(&mut self) {
        self.missed.clear();
    }

    /// Asks for a fetch.
    pub(crate) fn ask(&mut self, now: Moment) -> FetchGrant {
        let cooled_down = self.last.map(|last| last + self.cooldown).filter(|end| *end > now);
        self.wanted = Some(cooled_down.unwrap_or(now));
        cooled_down.map_or(FetchGrant::Now, FetchGrant::At)
    }

    /// A fetch begins, for whatever reason: it serves the wish, too.
    pub(crate) fn fetch_begins(&mut self, now: Moment) {
        if self.wanted.take().is_some_and(|due| due <= now) {
            self.last = Some(now);
        }
    }

    /// Nothing can be asked for before this time, since it was asked for already.
    pub(crate) fn closed_until(&self) -> Option<Moment> {
        self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_few_and_come_back() {
        let places = FetchWaiters::default();
        let taken: Vec<_> = std::iter::from_fn(|| places.take()).collect();
        assert_eq!(taken.len(), MAX_WAITING);
        assert!(places.is_full());
        drop(taken);
        assert!(!places.is_full() && places.take().is_some());
    }

    #[test]
    fn one_fetch_for_each_cool_down_and_a_wish_within_it_is_kept() {
        let cooldown = Duration::from_secs(30);
        let (mut demand, begin) = (OnDemand::new(cooldown), Moment::now());
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
        // The next fetch by schedule serves the wish, and is not counted as one.
        demand.fetch_begins(end + Duration::from_secs(2));
        assert_eq!(demand.ask(end + cooldown), FetchGrant::Now);
    }

    #[test]
    fn missed_kids_are_bounded_and_forgotten_after_the_cool_down() {
        let cooldown = Duration::from_secs(30);
        let (mut demand, begin) = (OnDemand::new(cooldown), Moment::now());
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

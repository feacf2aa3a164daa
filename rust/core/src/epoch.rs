//! When what verdicts depend on has changed: keys, rules, issuers. A verdict that is kept remembers the epoch that it was
//! judged in, and is worth nothing in another one.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the changes of one authenticator. The low bits count the changes that are under way: a change has two ends, and
/// between them no epoch is settled, so that no kept verdict is given while nobody can say which side of the change it is on.
#[derive(Debug, Default)]
pub(crate) struct Epoch(AtomicU64);

/// An epoch in which no change was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochNumber(u64);

/// A change that is under way; dropped, it has ended, however that came.
pub(crate) struct Change<'e>(&'e Epoch);

impl Epoch {
    const UNDER_WAY: u64 = 1;
    const UNDER_WAY_MASK: u64 = 0xffff;
    const NEXT: u64 = Self::UNDER_WAY_MASK + 1;

    /// The present epoch; `None` while a change is under way. Whoever keeps a verdict asks before the judgement begins:
    /// what is loaded afterwards is at least as new.
    pub(crate) fn settled(&self) -> Option<EpochNumber> {
        let number = self.0.load(Ordering::Acquire);
        (number & Self::UNDER_WAY_MASK == 0).then_some(EpochNumber(number))
    }

    /// Makes a change, such as the exchange of a snapshot. Verdicts from before it are no longer given from the moment
    /// before it begins.
    pub(crate) fn change<R>(&self, change: impl FnOnce() -> R) -> R {
        let _under_way = self.begin();
        change()
    }

    /// The first end of a change.
    pub(crate) fn begin(&self) -> Change<'_> {
        self.0.fetch_add(Self::NEXT | Self::UNDER_WAY, Ordering::AcqRel);
        Change(self)
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(Epoch::UNDER_WAY, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn an_epoch_is_settled_between_changes_and_never_comes_again() {
        let epoch = Epoch::default();
        let first = epoch.settled().unwrap();
        assert_eq!(epoch.settled(), Some(first));
        epoch.change(|| assert_eq!(epoch.settled(), None));
        let second = epoch.settled().unwrap();
        assert_ne!(first, second);
        // Two threads change at once; the one that ends first settles nothing.
        let (one, other) = (epoch.begin(), epoch.begin());
        drop(one);
        assert_eq!(epoch.settled(), None);
        drop(other);
        assert!(![first, second].contains(&epoch.settled().unwrap()));
    }

    #[test]
    fn a_change_that_panics_has_ended_too() {
        let epoch = Epoch::default();
        let first = epoch.settled();
        let _ = catch_unwind(AssertUnwindSafe(|| epoch.change(|| panic!("a test asked for this panic"))));
        assert!(epoch.settled().is_some_and(|second| Some(second) != first));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Counts the changes of what verdicts depend on: keys, rules, issuers. A cached verdict carries the epoch of its
//! validation and is invalid in any other one.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the changes of one authenticator. The low bits count the changes in progress. While one is in progress, no epoch
/// is settled and no cached verdict is served, because it could be from before or after the change.
#[derive(Debug, Default)]
pub(crate) struct Epoch(AtomicU64);

/// The number of an epoch in which no change was in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochNumber(u64);

/// The number of an epoch that threads read and replace. Each number in it is true by itself, so no order is needed.
#[derive(Debug)]
pub(crate) struct AtomicEpochNumber(AtomicU64);

impl AtomicEpochNumber {
    pub(crate) fn new(number: EpochNumber) -> Self {
        Self(AtomicU64::new(number.0))
    }

    pub(crate) fn load(&self) -> EpochNumber {
        EpochNumber(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn store(&self, number: EpochNumber) {
        self.0.store(number.0, Ordering::Relaxed);
    }
}

/// A change in progress. The drop ends it, also after a panic.
pub(crate) struct Change<'e>(&'e Epoch);

impl Epoch {
    const IN_PROGRESS: u64 = 1;
    const IN_PROGRESS_MASK: u64 = 0xffff;
    const NEXT: u64 = Self::IN_PROGRESS_MASK + 1;

    /// The present epoch; `None` while a change is in progress. A caller that caches a verdict reads it before the
    /// validation, so everything that is loaded later is at least as new.
    pub(crate) fn settled(&self) -> Option<EpochNumber> {
        let number = self.0.load(Ordering::Acquire);
        (number & Self::IN_PROGRESS_MASK == 0).then_some(EpochNumber(number))
    }

    /// The number of changes that have begun.
    pub(crate) fn changes(&self) -> u64 {
        self.0.load(Ordering::Relaxed) / Self::NEXT
    }

    /// True if this is the present epoch and no change is in progress.
    pub(crate) fn is(&self, number: EpochNumber) -> bool {
        // The number of an epoch has no change in progress, so equality suffices.
        self.0.load(Ordering::Acquire) == number.0
    }

    /// Makes a change, such as the swap of a snapshot. Older verdicts become invalid before it begins.
    pub(crate) fn change<R>(&self, change: impl FnOnce() -> R) -> R {
        let _in_progress = self.begin();
        change()
    }

    /// Begins a change, which ends when the result is dropped.
    pub(crate) fn begin(&self) -> Change<'_> {
        self.0.fetch_add(Self::NEXT | Self::IN_PROGRESS, Ordering::AcqRel);
        Change(self)
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(Epoch::IN_PROGRESS, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn an_epoch_is_settled_between_changes_and_does_not_return() {
        let epoch = Epoch::default();
        let first = epoch.settled().unwrap();
        assert_eq!(epoch.settled(), Some(first));
        epoch.change(|| assert_eq!(epoch.settled(), None));
        let second = epoch.settled().unwrap();
        assert_ne!(first, second);
        // Of two concurrent changes, the end of the first settles nothing.
        let (one, other) = (epoch.begin(), epoch.begin());
        drop(one);
        assert_eq!(epoch.settled(), None);
        drop(other);
        assert!(![first, second].contains(&epoch.settled().unwrap()));
    }

    #[test]
    fn a_panic_ends_a_change() {
        let epoch = Epoch::default();
        let first = epoch.settled();
        let _ = catch_unwind(AssertUnwindSafe(|| epoch.change(|| panic!("a test asked for this panic"))));
        assert!(epoch.settled().is_some_and(|second| Some(second) != first));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What is counted besides requests: changes of files, defects, and what the log left out.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::clock::UnixMillis;

/// Kinds of files whose changes take effect without a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Keys,
    UserMapping,
    ClaimRules,
    Revocations,
    StorageRoles,
    Issuer,
}

impl FileKind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Keys, Self::UserMapping, Self::ClaimRules, Self::Revocations, Self::StorageRoles, Self::Issuer];

    /// The file in messages.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Keys => "The key file",
            Self::UserMapping => "The rule file",
            Self::ClaimRules => "The file of claim rules",
            Self::Revocations => "The revocation file",
            Self::StorageRoles => "The file of storage roles",
            Self::Issuer => "The per-issuer file",
        }
    }

    /// The file in the attributes of MBeans.
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::Keys => "Keys",
            Self::UserMapping => "UserMapping",
            Self::ClaimRules => "ClaimRules",
            Self::Revocations => "Revocations",
            Self::StorageRoles => "StorageRoles",
            Self::Issuer => "Issuer",
        }
    }

    /// The file in metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::UserMapping => "user_mapping",
            Self::ClaimRules => "claim_rules",
            Self::Revocations => "revocations",
            Self::StorageRoles => "storage_roles",
            Self::Issuer => "issuer",
        }
    }
}

/// Counters of rare things. All threads share them.
#[derive(Debug, Default)]
pub(crate) struct Happenings {
    /// Those that took effect and those that could not be used, for each kind of [`FileKind::ALL`].
    reloads: [[AtomicU64; 2]; FileKind::ALL.len()],
    /// When the last change of each took effect, and when the last one could not be used; 0 for never.
    last_reload: [[AtomicI64; 2]; FileKind::ALL.len()],
    files_polled_at: AtomicI64,
    defects: AtomicU64,
    dropped_events: AtomicU64,
    swallowed_lines: AtomicU64,
}

impl Happenings {
    /// A file has changed: it is in use, or it cannot be used.
    pub(crate) fn reloaded(&self, kind: FileKind, is_in_use: bool) {
        let result = usize::from(!is_in_use);
        if let (Some(count), Some(at)) = (
            self.reloads.get(kind as usize).and_then(|counts| counts.get(result)),
            self.last_reload.get(kind as usize).and_then(|times| times.get(result)),
        ) {
            count.fetch_add(1, Ordering::Relaxed);
            at.store(UnixMillis::now().0, Ordering::Relaxed);
        }
    }

    /// Changes of a kind of file that took effect, and those that could not be used.
    pub(crate) fn reloads(&self, kind: FileKind) -> [u64; 2] {
        self.reloads
            .get(kind as usize)
            .map_or([0; 2], |counts| counts.each_ref().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Changes of all files that took effect, and those that could not be used.
    pub(crate) fn all_reloads(&self) -> [u64; 2] {
        FileKind::ALL.iter().map(|kind| self.reloads(*kind)).fold([0; 2], |sum, counts| {
            let ([in_use, unusable], [more_in_use, more_unusable]) = (sum, counts);
            [in_use + more_in_use, unusable + more_unusable]
        })
    }

    /// When the last change of a kind of file took effect, and when the last one could not be used.
    pub(crate) fn last_reload(&self, kind: FileKind) -> [Option<UnixMillis>; 2] {
        self.last_reload.get(kind as usize).map_or([None; 2], |times| times.each_ref().map(time))
    }

    /// The thread that polls files has polled all of them.
    pub(crate) fn files_were_polled(&self) {
        self.files_polled_at.store(UnixMillis::now().0, Ordering::Relaxed);
    }

    pub(crate) fn files_polled_at(&self) -> Option<UnixMillis> {
        time(&self.files_polled_at)
    }

    /// A defect of this software was caught.
    pub(crate) fn defect(&self) {
        self.defects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn defects(&self) -> u64 {
        self.defects.load(Ordering::Relaxed)
    }

    /// An event was dropped because the queue was full.
    pub(crate) fn event_was_dropped(&self) {
        self.dropped_events.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dropped_events(&self) -> u64 {
        self.dropped_events.load(Ordering::Relaxed)
    }

    /// The caller left lines out of its log.
    pub(crate) fn lines_were_swallowed(&self, lines: u64) {
        self.swallowed_lines.fetch_add(lines, Ordering::Relaxed);
    }

    pub(crate) fn swallowed_lines(&self) -> u64 {
        self.swallowed_lines.load(Ordering::Relaxed)
    }
}

fn time(millis: &AtomicI64) -> Option<UnixMillis> {
    Some(UnixMillis(millis.load(Ordering::Relaxed))).filter(|time| time.0 != 0)
}

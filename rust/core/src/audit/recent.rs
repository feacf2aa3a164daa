// SPDX-License-Identifier: Apache-2.0
//! The last rejections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::audit::{AuditedToken, TokenNames, TraceId};
use crate::clock::UnixMillis;
use crate::rejection::Reason;
use crate::revocation::RevocationEntry;

/// So many are kept.
const CAPACITY: usize = 200;

/// Tokens that were rejected lately. The same token with the same reason is kept once.
pub(crate) struct RecentRejections {
    kept: Mutex<Vec<RecentRejection>>,
    /// For each reason the second in which one was remembered last, and how many in this second.
    remembered: [AtomicU64; Reason::ALL.len()],
}

impl Default for RecentRejections {
    fn default() -> Self {
        Self { kept: Mutex::default(), remembered: [const { AtomicU64::new(0) }; Reason::ALL.len()] }
    }
}

/// A token that was rejected lately, and how often.
#[derive(Clone, Debug)]
pub struct RecentRejection {
    /// Why.
    pub reason: Reason,
    /// The token; `None` if the request had none, or only the caller of the authenticator knows it.
    pub token: Option<AuditedToken>,
    /// How often, as long as it is kept; in a flood of its reason, at least so often.
    pub count: u64,
    /// When it was rejected first.
    pub first: UnixMillis,
    /// When it was rejected last.
    pub last: UnixMillis,
    /// The entry of a revocation file that would shut the token out; `None` if it is not a token.
    entry: Option<RevocationEntry<'static>>,
}

impl RecentRejection {
    /// `iss`, as the token says, safe for a message.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.names()?.issuer.as_deref()
    }

    /// `kid`, as the token says, safe for a message.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.names()?.key_id.as_deref()
    }

    /// `alg`, as the token says, safe for a message.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.names()?.algorithm.as_deref()
    }

    /// The name of the token.
    #[must_use]
    pub fn trace(&self) -> Option<TraceId> {
        self.token.as_ref().map(|token| token.trace)
    }

    /// The entry of a revocation file that would shut the token out.
    #[must_use]
    pub fn revocation_entry(&self) -> Option<&RevocationEntry<'static>> {
        self.entry.as_ref()
    }

    fn names(&self) -> Option<&TokenNames> {
        self.token.as_ref().map(|token| &token.names)
    }
}

/// A rejection in JSON: without the user, and without anything that leads to the token.
#[derive(Serialize)]
struct Shown<'r> {
    at: String,
    reason: &'static str,
    number: u32,
    issuer: Option<&'r str>,
    kid: Option<&'r str>,
    algorithm: Option<&'r str>,
    trace: Option<String>,
    count: u64,
}

/// The rejections as a JSON array. `at` is the last time, in UTC.
pub(crate) fn to_json(rejections: &[RecentRejection]) -> String {
    let shown: Vec<_> = rejections
        .iter()
        .map(|rejection| Shown {
            at: rejection.last.to_string(),
            reason: rejection.reason.name(),
            number: rejection.reason.number(),
            issuer: rejection.issuer(),
            kid: rejection.key_id(),
            algorithm: rejection.algorithm(),
            trace: rejection.trace().map(|trace| trace.to_string()),
            count: rejection.count,
        })
        .collect();
    // Texts and numbers are always written.
    serde_json::to_string(&shown).unwrap_or_default()
}

impl RecentRejections {
    /// So many rejections of a reason are remembered in a second; describing a token takes longer than rejecting it.
    pub(crate) const A_SECOND: u32 = 50;

    /// False if too many of this reason were remembered in this second.
    pub(crate) fn has_time_for(&self, reason: Reason, now: UnixMillis) -> bool {
        let Some(remembered) = self.remembered.get(index_of(reason)) else { return false };
        // The low half of it is enough to tell seconds apart.
        let second = now.0.div_euclid(1000) as u32;
        let present = remembered.load(Ordering::Relaxed);
        let count = if (present >> u32::BITS) as u32 == second { present as u32 } else { 0 };
        if count >= Self::A_SECOND {
            return false;
        }
        // Threads that do this at the same time may remember a few more.
        remembered.store(u64::from(second) << u32::BITS | u64::from(count + 1), Ordering::Relaxed);
        true
    }

    /// `describe` is called for a token that is not among them: what it says about itself, and its entry in a revocation file.
    pub(crate) fn add(
        &self,
        reason: Reason,
        trace: Option<TraceId>,
        describe: impl FnOnce() -> Option<(TokenNames, Option<RevocationEntry<'static>>)>,
        now: UnixMillis,
    ) {
        if count_again(&mut self.lock(), reason, trace, now) {
            return;
        }
        // Without the lock, because it takes longer.
        let (token, entry) = match trace.zip(describe()) {
            Some((trace, (names, entry))) => (Some(AuditedToken { names, trace }), entry),
            None => (None, None),
        };
        let added = RecentRejection { reason, token, count: 1, first: now, last: now, entry };
        let mut kept = self.lock();
        // Another thread may have added the same token meanwhile.
        if count_again(&mut kept, reason, trace, now) {
            return;
        }
        if kept.len() >= CAPACITY {
            let victim = victim(&kept);
            kept.remove(victim);
        }
        kept.push(added);
    }

    /// All, the newest first.
    pub(crate) fn all(&self) -> Vec<RecentRejection> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<RecentRejection>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index_of(reason: Reason) -> usize {
    Reason::ALL.binary_search(&reason).unwrap_or(0)
}

/// Counts a rejection that is kept already, and makes it the newest.
fn count_again(kept: &mut Vec<RecentRejection>, reason: Reason, trace: Option<TraceId>, now: UnixMillis) -> bool {
    let is_same = |other: &RecentRejection| other.reason == reason && other.trace() == trace;
    let Some(index) = kept.iter().rposition(is_same) else { return false };
    let mut again = kept.remove(index);
    again.count += 1;
    again.last = now;
    kept.push(again);
    true
}

/// The oldest one of the reason that has the most, so that a flood with one reason does not hide the others.
fn victim(kept: &[RecentRejection]) -> usize {
    let mut counts = [0_usize; Reason::ALL.len()];
    for rejection in kept {
        if let Some(count) = counts.get_mut(index_of(rejection.reason)) {
            *count += 1;
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let is_of_most = |rejection: &RecentRejection| counts.get(index_of(rejection.reason)) == Some(&most);
    kept.iter().position(is_of_most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::trace_id::TraceIds;

    struct Flood {
        ids: TraceIds,
        recent: RecentRejections,
    }

    impl Flood {
        fn new() -> Self {
            Self { ids: TraceIds::new().unwrap(), recent: RecentRejections::default() }
        }

        fn reject(&self, reason: Reason, token: &str, at: i64) -> TraceId {
            let trace = self.ids.of(token.as_bytes());
            self.recent.add(reason, Some(trace), || Some((TokenNames::default(), None)), UnixMillis(at));
            trace
        }
    }

    #[test]
    fn a_token_that_comes_again_is_counted_and_becomes_the_newest() {
        let flood = Flood::new();
        let one = flood.reject(Reason::TokenExpired, "one", 1);
        let two = flood.reject(Reason::TokenExpired, "two", 2);
        flood.reject(Reason::TokenExpired, "one", 3);
        let kept: Vec<_> = flood.recent.all().iter().map(|r| (r.trace(), r.count, r.first.0, r.last.0)).collect();
        assert_eq!(kept, [(Some(one), 2, 1, 3), (Some(two), 1, 2, 2)]);
        // Another reason is another rejection.
        flood.reject(Reason::TokenNotYetValid, "one", 4);
        assert_eq!(flood.recent.all().len(), 3);
    }

    #[test]
    fn a_token_that_two_threads_reject_at_once_is_kept_once() {
        let flood = Flood::new();
        let trace = flood.ids.of(b"one");
        let other_thread = || {
            flood.reject(Reason::TokenExpired, "one", 2);
            Some((TokenNames::default(), None))
        };
        flood.recent.add(Reason::TokenExpired, Some(trace), other_thread, UnixMillis(2));
        assert_eq!(flood.recent.all().iter().map(|kept| kept.count).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_flood_with_one_reason_does_not_hide_another() {
        let flood = Flood::new();
        let seldom = flood.reject(Reason::TokenExpired, "seldom", 0);
        for number in 0..2 * CAPACITY as i64 {
            flood.reject(Reason::UnknownKeyId, &number.to_string(), number);
        }
        let kept = flood.recent.all();
        assert_eq!(kept.len(), CAPACITY);
        assert_eq!(kept[0].last.0, 2 * CAPACITY as i64 - 1, "the newest comes first");
        assert_eq!(kept.last().unwrap().trace(), Some(seldom));
    }
}

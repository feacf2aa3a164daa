// SPDX-License-Identifier: Apache-2.0
//! What is counted for each request.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::issuers::issuer::Issuer;
use crate::metrics::lanes::Lanes;
use crate::rejection::Reason;
use crate::trace::{Observer, Step, StepName};

/// The upper bounds of the histogram, in microseconds. RS256 takes some 40.
const BOUNDS: [u64; 15] =
    [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000];
/// The last bucket has no bound.
const BUCKETS: usize = BOUNDS.len() + 1;
const SUM_NANOS: usize = BUCKETS;

/// The counters of an authenticator.
#[derive(Default)]
pub(crate) struct RequestCounters {
    rejections: Lanes<{ Reason::ALL.len() }>,
    verifications: Lanes<{ BUCKETS + 1 }>,
}

/// Times of verifications: how many took at most each of [`BOUNDS`], how many there were, and how long all of them took.
pub(crate) struct Histogram {
    /// Each bound in microseconds, with its count.
    pub(crate) at_most: [(u64, u64); BOUNDS.len()],
    pub(crate) count: u64,
    pub(crate) seconds: f64,
}

impl RequestCounters {
    /// A request was rejected.
    pub(crate) fn rejected(&self, reason: Reason) {
        if let Ok(index) = Reason::ALL.binary_search(&reason) {
            self.rejections.add(index, 1);
        }
    }

    /// A token that the cache did not have was judged in this time.
    pub(crate) fn verified(&self, time: Duration) {
        let micros = time.as_nanos().div_ceil(1000);
        let bucket = BOUNDS.partition_point(|bound| u128::from(*bound) < micros);
        self.verifications.add(bucket, 1);
        self.verifications.add(SUM_NANOS, u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How often requests were rejected, for each reason of [`Reason::ALL`].
    pub(crate) fn rejections(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.iter().enumerate().map(|(index, reason)| (*reason, self.rejections.sum(index)))
    }

    pub(crate) fn verifications(&self) -> Histogram {
        let mut count = 0;
        let mut bucket = 0;
        let at_most = BOUNDS.map(|bound| {
            count += self.verifications.sum(bucket);
            bucket += 1;
            (bound, count)
        });
        count += self.verifications.sum(BOUNDS.len());
        Histogram { at_most, count, seconds: self.verifications.sum(SUM_NANOS) as f64 / 1e9 }
    }
}

const FROM_CACHE: usize = 0;
const VERIFIED: usize = 1;
const REJECTED: usize = 2;

/// The counters of an issuer. They continue when its file changes.
#[derive(Debug)]
pub(crate) struct IssuerCounters {
    /// The issuer in metrics, unique in an authenticator.
    pub(crate) name: String,
    lanes: Lanes<3>,
}

impl IssuerCounters {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self { name: name.to_owned(), lanes: Lanes::default() })
    }

    /// A token of the issuer was found in the cache.
    pub(crate) fn was_cached(&self) {
        self.lanes.add(FROM_CACHE, 1);
    }

    /// A token of the issuer was verified and accepted.
    pub(crate) fn was_verified(&self) {
        self.lanes.add(VERIFIED, 1);
    }

    /// A token that the issuer's rules apply to was rejected.
    pub(crate) fn was_rejected(&self) {
        self.lanes.add(REJECTED, 1);
    }

    pub(crate) fn found_in_cache(&self) -> u64 {
        self.lanes.sum(FROM_CACHE)
    }

    pub(crate) fn verified(&self) -> u64 {
        self.lanes.sum(VERIFIED)
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.lanes.sum(REJECTED)
    }
}

/// Remembers what has to be counted of a token that the cache does not have.
#[derive(Default)]
pub(crate) struct IssuerSeen {
    begin: Cell<Option<Instant>>,
    issuer: OnceCell<Arc<IssuerCounters>>,
}

impl IssuerSeen {
    /// `None` if the issuer is not known yet.
    pub(crate) fn counters(&self) -> Option<&IssuerCounters> {
        self.issuer.get().map(|counters| &**counters)
    }

    /// The time since the validation began. `None` for a token that was found in the cache.
    pub(crate) fn time(&self) -> Option<Duration> {
        self.begin.get().map(|begin| begin.elapsed())
    }
}

impl Observer for IssuerSeen {
    fn begins(&self, step: StepName) {
        if step == StepName::Parts {
            self.begin.set(Some(Instant::now()));
        }
    }

    fn passed(&self, _: Step<'_>) {}

    fn chose(&self, issuer: &Issuer) {
        self.issuer.get_or_init(|| Arc::clone(&issuer.counters));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_in_the_first_bucket_that_has_room_for_them() {
        let counters = RequestCounters::default();
        for nanos in [1, 10_000, 10_001, 49_000, 6_000_000_000] {
            counters.verified(Duration::from_nanos(nanos));
        }
        let histogram = counters.verifications();
        assert_eq!(histogram.at_most[..4], [(10, 2), (20, 3), (50, 4), (100, 4)]);
        assert_eq!((histogram.at_most[14], histogram.count), ((5_000_000, 4), 5));
        assert!((histogram.seconds - 6.000_069_002).abs() < 1e-9, "{}", histogram.seconds);
    }

    #[test]
    fn every_reason_has_a_counter() {
        let counters = RequestCounters::default();
        Reason::ALL.iter().for_each(|reason| counters.rejected(*reason));
        counters.rejected(Reason::InternalError);
        assert!(counters.rejections().all(|(reason, count)| count == 1 + u64::from(reason == Reason::InternalError)));
    }
}

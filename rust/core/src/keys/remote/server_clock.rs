// SPDX-License-Identifier: Apache-2.0
//! How far the clocks of this machine and of the key server differ, as far as one answer can tell.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::UnixMillis;

/// A server's clock has seconds (RFC 9110, section 5.6.7).
const RESOLUTION: i64 = 1000;
const UNKNOWN: i64 = i64::MIN;

/// The clock of a key server, as its last answer showed it.
#[derive(Debug)]
pub(crate) struct ServerClock(AtomicI64);

impl Default for ServerClock {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl ServerClock {
    /// Takes the `Date` of an answer, which the server wrote between these two times of this machine.
    pub(super) fn showed(&self, server_time: UnixMillis, asked_at: UnixMillis, answered_at: UnixMillis) {
        let at_least = asked_at.0.saturating_sub(server_time.0.saturating_add(RESOLUTION));
        let at_most = answered_at.0.saturating_sub(server_time.0);
        // Every difference between the two is possible, so the smallest one is assumed.
        let ahead = 0_i64.clamp(at_least.min(at_most), at_most.max(at_least)).max(UNKNOWN + 1);
        self.0.store(ahead, Ordering::Relaxed);
    }

    /// The milliseconds by which this machine's clock is ahead of the server's, at least; negative if it is behind. `None`
    /// if no answer had a `Date`.
    pub(crate) fn ahead(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_what_the_times_of_the_request_cannot_explain() {
        let clock = ServerClock::default();
        assert_eq!(clock.ahead(), None);
        for (server_time, asked_at, answered_at, expected) in [
            (10_000, 10_100, 10_200, 0),
            (10_000, 10_999, 10_999, 0),
            (10_000, 9_000, 10_000, 0),
            (10_000, 11_000, 11_000, 0),
            (10_000, 11_500, 11_600, 500),
            (10_000, 9_000, 9_100, -900),
            (i64::MAX, 0, 0, -i64::MAX),
            (i64::MIN, 0, 1, i64::MAX - 999),
        ] {
            clock.showed(UnixMillis(server_time), UnixMillis(asked_at), UnixMillis(answered_at));
            assert_eq!(clock.ahead(), Some(expected), "{server_time} {asked_at} {answered_at}");
        }
    }
}

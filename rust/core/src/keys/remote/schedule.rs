// SPDX-License-Identifier: Apache-2.0
//! Decides when the next fetch is due and what to log, with time as an argument.

use std::time::Duration;

use crate::clock::Moment;
use crate::http::failure::FailureKind;

/// The intervals of one JWK Set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    /// From a successful fetch to the next one.
    pub(crate) refresh_interval: Duration,
    /// The shortest interval that an answer's expiry can request, unless `refresh_interval` is shorter.
    pub(crate) shortest_refresh: Duration,
    /// The wait after the first failure; it doubles with each further failure.
    pub(crate) first_retry: Duration,
    /// The longest wait while there are no keys and every token is rejected.
    pub(crate) longest_retry_without_keys: Duration,
    /// The longest wait while older keys are in use.
    pub(crate) longest_retry_with_keys: Duration,
    /// How long keys are used after the last successful fetch.
    pub(crate) max_stale: Duration,
    /// How long a key is used after a successful fetch without it.
    pub(crate) removed_key_grace: Duration,
    /// The shortest time between two fetches for an unknown `kid`.
    pub(crate) unknown_kid_cooldown: Duration,
    /// How long a request with an unknown `kid` waits for such a fetch.
    pub(crate) unknown_kid_wait: Duration,
}

impl Timing {
    /// Trino's interval, and retries that are quick for users but do not overload an issuer that is down.
    pub(crate) const DEFAULT: Self = Self {
        refresh_interval: Duration::from_secs(15 * 60),
        shortest_refresh: Duration::from_secs(30),
        first_retry: Duration::from_millis(100),
        longest_retry_without_keys: Duration::from_secs(10),
        longest_retry_with_keys: Duration::from_secs(60),
        max_stale: Duration::from_secs(24 * 60 * 60),
        removed_key_grace: Duration::ZERO,
        unknown_kid_cooldown: Duration::from_secs(30),
        unknown_kid_wait: Duration::from_secs(2),
    };

    /// The time from a successful fetch to the next one; `max_age` is that of the answer. It is at most half of
    /// `max_stale`, so that keys do not expire between fetches, and never shorter than a pause.
    fn refresh_after(&self, max_age: Option<Duration>) -> Duration {
        max_age
            .map_or(self.refresh_interval, |max_age| max_age.max(self.shortest_refresh).min(self.refresh_interval))
            .min((self.max_stale / 2).max(SHORTEST_PAUSE))
    }
}

/// The shortest time between two fetches, even if `max_stale` is short.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// A continuing failure is logged again after this time, then after twice as long, up to an hour. Another kind of
/// failure is logged earlier, but not more often than this, so that alternating failures cannot fill the log.
const FIRST_REMINDER: Duration = Duration::from_secs(60);
const LAST_REMINDER: Duration = Duration::from_secs(60 * 60);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FetchStep {
    /// Nothing until this time.
    WaitUntil(Moment),
    /// Fetch, then call [`Schedule::succeeded`] or [`Schedule::failed`].
    Fetch,
    /// A fetch is running; there is never a second one at the same time.
    Fetching,
}

/// What to log at the end of a fetch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LogNote {
    /// Nothing new.
    Nothing,
    /// The first successful fetch.
    Loaded,
    /// The first successful fetch after this many failures.
    Recovered { failures: u32 },
    /// The number of failures since the last successful fetch.
    Failing { failures: u32 },
}

/// The schedule of one JWK Set.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    timing: Timing,
    /// `None` while a fetch is running.
    due: Option<Moment>,
    has_keys: bool,
    /// True after the first successful fetch.
    fetched: bool,
    failing: Option<Failing>,
}

#[derive(Clone, Copy, Debug)]
struct Failing {
    failures: u32,
    logged: FailureKind,
    logged_at: Moment,
    reminder: Duration,
}

impl Schedule {
    /// The first fetch is due at once. `has_keys` says whether older keys are in use until then.
    pub(crate) fn new(timing: Timing, has_keys: bool, now: Moment) -> Self {
        Self { timing, due: Some(now), has_keys, fetched: false, failing: None }
    }

    pub(crate) fn next(&mut self, now: Moment) -> FetchStep {
        match self.due {
            None => FetchStep::Fetching,
            Some(due) if due > now => FetchStep::WaitUntil(due),
            Some(_) => {
                self.due = None;
                FetchStep::Fetch
            }
        }
    }

    /// When the next fetch is due; `None` while one is running.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Moves the next fetch to `time` if it is due later. A running fetch is not affected.
    pub(crate) fn hasten(&mut self, time: Moment) {
        self.due = self.due.map(|due| due.min(time));
    }

    /// The keys have expired: from now on, every token is rejected until a fetch succeeds.
    pub(crate) fn keys_ended(&mut self, now: Moment) {
        self.has_keys = false;
        self.hasten(now);
    }

    /// `max_age` is that of the answer.
    pub(crate) fn succeeded(&mut self, now: Moment, max_age: Option<Duration>) -> LogNote {
        self.due = Some(now + self.timing.refresh_after(max_age));
        self.has_keys = true;
        let fetched = std::mem::replace(&mut self.fetched, true);
        match self.failing.take() {
            Some(Failing { failures, .. }) => LogNote::Recovered { failures },
            None if fetched => LogNote::Nothing,
            None => LogNote::Loaded,
        }
    }

    /// `random` is any number; it spreads the retries of many coordinators.
    pub(crate) fn failed(&mut self, now: Moment, kind: FailureKind, random: u64) -> LogNote {
        let failures = self.failing.map_or(0, |failing| failing.failures).saturating_add(1);
        self.due = Some(now + self.retry_after(failures, random));
        let (news, logged, logged_at, reminder) = match self.failing {
            None => (LogNote::Failing { failures }, kind, now, FIRST_REMINDER),
            Some(failing) => {
                let quiet = if kind == failing.logged { failing.reminder } else { FIRST_REMINDER };
                if now < failing.logged_at + quiet {
                    (LogNote::Nothing, failing.logged, failing.logged_at, failing.reminder)
                } else {
                    (LogNote::Failing { failures }, kind, now, (failing.reminder * 2).min(LAST_REMINDER))
                }
            }
        };
        self.failing = Some(Failing { failures, logged, logged_at, reminder });
        news
    }

    /// Between half and all of the doubled wait.
    fn retry_after(&self, failures: u32, random: u64) -> Duration {
        let longest =
            if self.has_keys { self.timing.longest_retry_with_keys } else { self.timing.longest_retry_without_keys };
        let doubled = 2_u32.checked_pow(failures - 1).and_then(|factor| self.timing.first_retry.checked_mul(factor));
        let wait = doubled.map_or(longest, |doubled| doubled.min(longest));
        let half = wait / 2;
        half + Duration::from_millis(random % (u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: FailureKind = FailureKind::Unreachable;

    /// A schedule with a clock that the test sets.
    struct Timeline {
        schedule: Schedule,
        now: Moment,
    }

    impl Timeline {
        fn new() -> Self {
            let now = Moment::now();
            Self { schedule: Schedule::new(Timing::DEFAULT, false, now), now }
        }

        /// Sets the clock to the next fetch, starts it, and returns how long that took.
        fn fetch(&mut self) -> Duration {
            let begin = self.now;
            if let FetchStep::WaitUntil(due) = self.schedule.next(self.now) {
                let early = due - Duration::from_nanos(1);
                assert_eq!(self.schedule.next(early), FetchStep::WaitUntil(due));
                self.now = due;
            }
            if self.now > begin {
                assert_eq!(self.schedule.next(self.now), FetchStep::Fetch);
            }
            self.now - begin
        }

        fn fail(&mut self, kind: FailureKind, random: u64) -> LogNote {
            self.schedule.failed(self.now, kind, random)
        }
    }

    #[test]
    fn the_first_fetch_is_due_at_once_and_two_never_run_at_the_same_time() {
        let mut timeline = Timeline::new();
        assert_eq!(timeline.schedule.next(timeline.now), FetchStep::Fetch);
        assert_eq!(timeline.schedule.next(timeline.now + Duration::from_secs(86_400)), FetchStep::Fetching);
    }

    #[test]
    fn successful_fetches_follow_the_interval_and_are_logged_once() {
        let mut timeline = Timeline::new();
        timeline.schedule.next(timeline.now);
        assert_eq!(timeline.schedule.succeeded(timeline.now, None), LogNote::Loaded);
        assert_eq!(timeline.fetch(), Duration::from_secs(15 * 60));
        assert_eq!(timeline.schedule.succeeded(timeline.now, None), LogNote::Nothing);
        assert_eq!(timeline.fetch(), Duration::from_secs(15 * 60));
    }

    #[test]
    fn retries_double_up_to_ten_seconds_without_keys_and_a_minute_with_them() {
        for (with_keys, longest) in [(false, 10_000), (true, 60_000)] {
            for random in [0, 1, 7, u64::MAX] {
                let mut timeline = Timeline::new();
                timeline.schedule.next(timeline.now);
                if with_keys {
                    timeline.schedule.succeeded(timeline.now, None);
                    timeline.fetch();
                }
                for attempt in 0..100 {
                    timeline.fail(DOWN, random);
                    let wait = timeline.fetch().as_millis();
                    let most = 100_u128.checked_shl(attempt.min(40)).unwrap().min(longest);
                    assert!((most / 2..=most).contains(&wait), "attempt {attempt}: {wait} ms of {most} ms");
                }
            }
        }
    }

    #[test]
    fn an_answer_may_ask_for_an_earlier_fetch_but_not_for_a_flood_or_a_later_one() {
        for (max_age, wait) in [(None, 900), (Some(0), 30), (Some(29), 30), (Some(300), 300), (Some(86_400), 900)] {
            let mut timeline = Timeline::new();
            timeline.schedule.next(timeline.now);
            timeline.schedule.succeeded(timeline.now, max_age.map(Duration::from_secs));
            assert_eq!(timeline.fetch(), Duration::from_secs(wait), "{max_age:?}");
        }
    }

    #[test]
    fn the_next_fetch_is_well_before_the_keys_expire_and_never_without_a_pause() {
        for (max_stale, wait) in [(Duration::from_secs(600), 300_000), (Duration::ZERO, 100)] {
            let timing = Timing { max_stale, ..Timing::DEFAULT };
            assert_eq!(timing.refresh_after(None), Duration::from_millis(wait));
        }
        let forever = Timing { refresh_interval: Duration::MAX, max_stale: Duration::MAX, ..Timing::DEFAULT };
        let now = Moment::now();
        assert!(now + forever.refresh_after(None) > now);
    }

    #[test]
    fn jitter_spreads_the_retries() {
        let waits: std::collections::HashSet<_> = (0..1000)
            .map(|random| {
                let mut timeline = Timeline::new();
                timeline.schedule.next(timeline.now);
                timeline.fail(DOWN, random);
                timeline.fetch()
            })
            .collect();
        assert!(waits.len() > 40, "{} different waits", waits.len());
    }

    #[test]
    fn a_failure_is_logged_at_growing_intervals_and_so_is_its_end() {
        let mut timeline = Timeline::new();
        timeline.schedule.next(timeline.now);
        assert_eq!(timeline.fail(DOWN, 0), LogNote::Failing { failures: 1 });
        let begin = timeline.now;
        let (mut logged, mut failures) = (Vec::new(), 1);
        while timeline.now < begin + Duration::from_secs(86_400) {
            timeline.fetch();
            failures += 1;
            match timeline.fail(DOWN, 0) {
                LogNote::Nothing => {}
                news => {
                    assert_eq!(news, LogNote::Failing { failures });
                    logged.push((timeline.now - begin).as_secs() / 60);
                }
            }
        }
        assert_eq!(logged.get(..7).unwrap(), [1, 3, 7, 15, 31, 63, 123]);
        assert_eq!(logged.len(), 28, "once an hour in the end: {logged:?}");
        timeline.fetch();
        assert_eq!(timeline.schedule.succeeded(timeline.now, None), LogNote::Recovered { failures });
        timeline.fetch();
        assert_eq!(timeline.schedule.succeeded(timeline.now, None), LogNote::Nothing);
        timeline.fetch();
        assert_eq!(timeline.fail(DOWN, 0), LogNote::Failing { failures: 1 });
    }

    #[test]
    fn another_kind_of_failure_is_logged_earlier_but_at_most_once_a_minute() {
        let mut timeline = Timeline::new();
        timeline.schedule.next(timeline.now);
        timeline.fail(DOWN, 0);
        let (begin, mut logged) = (timeline.now, 0);
        for attempt in 0.. {
            timeline.fetch();
            if timeline.now >= begin + Duration::from_secs(3600) {
                break;
            }
            let kind = if attempt % 2 == 0 { FailureKind::Status } else { DOWN };
            logged += u32::from(timeline.fail(kind, 0) != LogNote::Nothing);
        }
        assert!((30..=60).contains(&logged), "{logged} lines in an hour");
    }
}

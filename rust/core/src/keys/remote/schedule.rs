//! When the next fetch is due and what is worth a line in the log: decisions only, with time as an argument.

use std::time::Duration;

use crate::clock::Moment;
use crate::http::failure::FailureKind;

/// The intervals of a key set's life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timing {
    /// From a good fetch to the next one.
    pub(crate) refresh_interval: Duration,
    /// However soon an answer says that it expires, the next fetch is not due before this, unless `refresh_interval` is
    /// shorter still.
    pub(crate) shortest_refresh: Duration,
    /// The wait after the first failure; it doubles with each further one.
    pub(crate) first_retry: Duration,
    /// The longest wait while no keys are there and every login waits for them.
    pub(crate) longest_retry_without_keys: Duration,
    /// The longest wait while older keys serve.
    pub(crate) longest_retry_with_keys: Duration,
    /// How long keys serve after the last good fetch.
    pub(crate) max_stale: Duration,
    /// How long a key serves after a good fetch without it.
    pub(crate) removed_key_grace: Duration,
    /// From one fetch for an unknown `kid` to the next one.
    pub(crate) unknown_kid_cooldown: Duration,
    /// How long a login with an unknown `kid` waits for such a fetch.
    pub(crate) unknown_kid_wait: Duration,
}

impl Timing {
    /// Stock's interval; retries that neither let users wait nor trouble an issuer that is down.
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

    /// From a good fetch to the next one, where the answer said `max_age` of itself. A fetch must be due well before
    /// `max_stale` ends the keys, whatever was configured, and fetches never follow each other without a pause.
    fn refresh_after(&self, max_age: Option<Duration>) -> Duration {
        max_age
            .map_or(self.refresh_interval, |max_age| max_age.max(self.shortest_refresh).min(self.refresh_interval))
            .min((self.max_stale / 2).max(SHORTEST_PAUSE))
    }
}

/// Between two fetches, however short `max_stale` is.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// A failure that goes on is told again after this long, then after twice as long, and so on up to an hour. Another kind
/// of failure is told sooner, but not more often than this, so that a server that fails in turns cannot fill the log.
const FIRST_REMINDER: Duration = Duration::from_secs(60);
const LAST_REMINDER: Duration = Duration::from_secs(60 * 60);

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FetchStep {
    /// Nothing before this time.
    WaitUntil(Moment),
    /// Fetch, and report the end of it with [`Schedule::succeeded`] or [`Schedule::failed`].
    Fetch,
    /// A fetch is under way, and there is never a second one beside it.
    Fetching,
}

/// What the end of a fetch means to the operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LogNote {
    /// As before.
    Nothing,
    /// The first good fetch.
    Loaded,
    /// The first good fetch after failures: how many.
    Recovered { failures: u32 },
    /// Failures: how many without a good fetch between them.
    Failing { failures: u32 },
}

/// The life of one key set.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    timing: Timing,
    /// `None` while a fetch is under way.
    due: Option<Moment>,
    has_keys: bool,
    /// There was a good fetch.
    fetched: bool,
    failing: Option<Failing>,
}

#[derive(Clone, Copy, Debug)]
struct Failing {
    failures: u32,
    told: FailureKind,
    told_at: Moment,
    reminder: Duration,
}

impl Schedule {
    /// The first fetch is due at once. `has_keys` where older keys serve until then.
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

    /// When the next fetch is due; `None` while one is under way.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Lets the next fetch be due at `time` if it was due later. One that is under way stays the only one.
    pub(crate) fn hasten(&mut self, time: Moment) {
        self.due = self.due.map(|due| due.min(time));
    }

    /// The keys are too old to be used: from now on every login waits for a fetch.
    pub(crate) fn keys_ended(&mut self, now: Moment) {
        self.has_keys = false;
        self.hasten(now);
    }

    /// `max_age` is what the answer said of itself.
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
        let (news, told, told_at, reminder) = match self.failing {
            None => (LogNote::Failing { failures }, kind, now, FIRST_REMINDER),
            Some(failing) => {
                let quiet = if kind == failing.told { failing.reminder } else { FIRST_REMINDER };
                if now < failing.told_at + quiet {
                    (LogNote::Nothing, failing.told, failing.told_at, failing.reminder)
                } else {
                    (LogNote::Failing { failures }, kind, now, (failing.reminder * 2).min(LAST_REMINDER))
                }
            }
        };
        self.failing = Some(Failing { failures, told, told_at, reminder });
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

    /// A schedule with a clock that a test turns.
    struct Timeline {
        schedule: Schedule,
        now: Moment,
    }

    impl Timeline {
        fn new() -> Self {
            let now = Moment::now();
            Self { schedule: Schedule::new(Timing::DEFAULT, false, now), now }
        }

        /// Turns the clock to the next fetch, starts it, and says how long that took.
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
    fn the_first_fetch_is_due_at_once_and_never_two_run_beside_each_other() {
        let mut life = Timeline::new();
        assert_eq!(life.schedule.next(life.now), FetchStep::Fetch);
        assert_eq!(life.schedule.next(life.now + Duration::from_secs(86_400)), FetchStep::Fetching);
    }

    #[test]
    fn good_fetches_follow_each_other_at_the_interval_and_are_news_once() {
        let mut life = Timeline::new();
        life.schedule.next(life.now);
        assert_eq!(life.schedule.succeeded(life.now, None), LogNote::Loaded);
        assert_eq!(life.fetch(), Duration::from_secs(15 * 60));
        assert_eq!(life.schedule.succeeded(life.now, None), LogNote::Nothing);
        assert_eq!(life.fetch(), Duration::from_secs(15 * 60));
    }

    #[test]
    fn retries_double_up_to_ten_seconds_without_keys_and_a_minute_with_them() {
        for (with_keys, longest) in [(false, 10_000), (true, 60_000)] {
            for random in [0, 1, 7, u64::MAX] {
                let mut life = Timeline::new();
                life.schedule.next(life.now);
                if with_keys {
                    life.schedule.succeeded(life.now, None);
                    life.fetch();
                }
                for attempt in 0..100 {
                    life.fail(DOWN, random);
                    let wait = life.fetch().as_millis();
                    let most = 100_u128.checked_shl(attempt.min(40)).unwrap().min(longest);
                    assert!((most / 2..=most).contains(&wait), "attempt {attempt}: {wait} ms of {most} ms");
                }
            }
        }
    }

    #[test]
    fn an_answer_may_ask_for_an_earlier_fetch_but_not_for_a_flood_or_a_later_one() {
        for (max_age, wait) in [(None, 900), (Some(0), 30), (Some(29), 30), (Some(300), 300), (Some(86_400), 900)] {
            let mut life = Timeline::new();
            life.schedule.next(life.now);
            life.schedule.succeeded(life.now, max_age.map(Duration::from_secs));
            assert_eq!(life.fetch(), Duration::from_secs(wait), "{max_age:?}");
        }
    }

    #[test]
    fn the_next_fetch_comes_well_before_the_keys_end_and_never_without_a_pause() {
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
                let mut life = Timeline::new();
                life.schedule.next(life.now);
                life.fail(DOWN, random);
                life.fetch()
            })
            .collect();
        assert!(waits.len() > 40, "{} different waits", waits.len());
    }

    #[test]
    fn a_failure_is_told_once_then_at_growing_intervals_and_its_end_is_told() {
        let mut life = Timeline::new();
        life.schedule.next(life.now);
        assert_eq!(life.fail(DOWN, 0), LogNote::Failing { failures: 1 });
        let begin = life.now;
        let (mut told, mut failures) = (Vec::new(), 1);
        while life.now < begin + Duration::from_secs(86_400) {
            life.fetch();
            failures += 1;
            match life.fail(DOWN, 0) {
                LogNote::Nothing => {}
                news => {
                    assert_eq!(news, LogNote::Failing { failures });
                    told.push((life.now - begin).as_secs() / 60);
                }
            }
        }
        assert_eq!(told.get(..7).unwrap(), [1, 3, 7, 15, 31, 63, 123]);
        assert_eq!(told.len(), 28, "once an hour in the end: {told:?}");
        life.fetch();
        assert_eq!(life.schedule.succeeded(life.now, None), LogNote::Recovered { failures });
        life.fetch();
        assert_eq!(life.schedule.succeeded(life.now, None), LogNote::Nothing);
        life.fetch();
        assert_eq!(life.fail(DOWN, 0), LogNote::Failing { failures: 1 });
    }

    #[test]
    fn another_kind_of_failure_is_told_sooner_but_not_more_than_once_a_minute() {
        let mut life = Timeline::new();
        life.schedule.next(life.now);
        life.fail(DOWN, 0);
        let (begin, mut told) = (life.now, 0);
        for attempt in 0.. {
            life.fetch();
            if life.now >= begin + Duration::from_secs(3600) {
                break;
            }
            let kind = if attempt % 2 == 0 { FailureKind::Status } else { DOWN };
            told += u32::from(life.fail(kind, 0) != LogNote::Nothing);
        }
        assert!((30..=60).contains(&told), "{told} lines in an hour");
    }
}

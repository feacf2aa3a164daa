//! Time as the core sees it: an argument.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. The unit that stock compares in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// The system's clock.
    #[must_use]
    pub fn now() -> Self {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Self(millis)
    }
}

/// Where a verdict takes the time from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// This time, whatever the system says.
    At(UnixMillis),
    /// The system's.
    System,
}

impl Clock {
    /// How far [`Clock::behind`] may be behind, in milliseconds: it moves by the kernel's tick, 1 to 10 ms, and stands still
    /// for longer where a hypervisor takes the processor away that counts the ticks.
    pub(crate) const MOST_BEHIND: i64 = 10_000;

    pub(crate) fn now(self) -> UnixMillis {
        match self {
            Self::At(time) => time,
            Self::System => UnixMillis::now(),
        }
    }

    /// No later than [`Clock::now`], and [`Clock::MOST_BEHIND`] earlier at most. A seventh of the price.
    pub(crate) fn behind(self) -> UnixMillis {
        match self {
            Self::At(time) => time,
            Self::System => {
                let time = clock_gettime(ClockId::RealtimeCoarse);
                UnixMillis(time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000))
            }
        }
    }
}

/// A moment by the monotonic clock, which nobody can set back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    moment: Instant,
    /// By the kernel's last tick: as long as it has not come to this, the moment is not reached.
    surely_ahead_until: Duration,
}

impl Deadline {
    pub(crate) fn at(moment: Instant) -> Self {
        // In this order: what passes in between brings the tick's reading forward, not back.
        let tick = last_tick().unwrap_or(Duration::ZERO);
        let left = moment.saturating_duration_since(Instant::now());
        let most_behind = Duration::from_millis(Clock::MOST_BEHIND.unsigned_abs());
        Self { moment, surely_ahead_until: tick.saturating_add(left).saturating_sub(most_behind) }
    }

    /// True before the moment. The exact clock is asked only where the kernel's last tick might tell otherwise.
    pub(crate) fn is_ahead(&self) -> bool {
        self.is_ahead_by(last_tick().unwrap_or(Duration::MAX), Instant::now)
    }

    fn is_ahead_by(&self, last_tick: Duration, now: impl FnOnce() -> Instant) -> bool {
        last_tick < self.surely_ahead_until || now() < self.moment
    }
}

/// No later than the monotonic clock, and [`Clock::MOST_BEHIND`] earlier at most.
fn last_tick() -> Option<Duration> {
    Duration::try_from(clock_gettime(ClockId::MonotonicCoarse)).ok()
}

impl From<UnixMillis> for Clock {
    fn from(time: UnixMillis) -> Self {
        Self::At(time)
    }
}

/// ISO 8601 with milliseconds in UTC, as jjwt writes times into its messages: `2026-11-22T03:04:05.678Z`. A time beyond
/// the year 9999 is written as the bare number.
impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_) => write!(f, "{} ms since 1970-01-01T00:00:00Z", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheap_reading_is_behind_and_not_by_much() {
        for _ in 0..10_000 {
            let behind = Clock::System.behind();
            let now = Clock::System.now();
            assert!(behind <= now && now.0 - behind.0 < Clock::MOST_BEHIND, "{behind} {now}");
        }
        assert_eq!(Clock::At(UnixMillis(7)).behind(), Clock::At(UnixMillis(7)).now());
    }

    #[test]
    fn a_deadline_is_ahead_until_its_moment_and_by_the_tick_only_far_from_it() {
        let now = Instant::now();
        let in_a_minute = Deadline::at(now + Duration::from_secs(60));
        let tick = last_tick().unwrap();
        let exactly = |at: Instant| move || at;
        let never = || -> Instant { panic!("the tick is enough") };
        assert!(in_a_minute.is_ahead() && in_a_minute.is_ahead_by(tick + Duration::from_secs(40), never));
        // What the tick does not know, the clock does, to the nanosecond.
        let late = tick + Duration::from_secs(51);
        assert!(in_a_minute.is_ahead_by(late, exactly(in_a_minute.moment - Duration::from_nanos(1))));
        assert!(!in_a_minute.is_ahead_by(late, exactly(in_a_minute.moment)));
        // The tick alone never says that a moment is ahead which is less than MOST_BEHIND away.
        let soon = Deadline::at(now + Duration::from_millis(Clock::MOST_BEHIND.unsigned_abs()));
        assert!(!soon.is_ahead_by(last_tick().unwrap(), exactly(soon.moment)));
        assert!(!Deadline::at(now).is_ahead() && !Deadline::at(now - Duration::from_secs(1)).is_ahead());
    }

    #[test]
    fn times_read_as_in_the_stock_messages() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_316_645_678, "2026-11-22T03:04:05.678Z"),
            (i64::MAX, "9223372036854775807 ms since 1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(UnixMillis(millis).to_string(), text);
        }
    }
}

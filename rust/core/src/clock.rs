//! Time as the core sees it: an argument.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    /// How far [`Clock::coarse_now`] may be behind, in milliseconds: it moves by the kernel's tick, 1 to 10 ms, and stands still
    /// for longer where a hypervisor takes the processor away that counts the ticks.
    pub(crate) const MAX_COARSE_LAG: i64 = 10_000;

    pub(crate) fn now(self) -> UnixMillis {
        match self {
            Self::At(time) => time,
            Self::System => UnixMillis::now(),
        }
    }

    /// No later than [`Clock::now`], and [`Clock::MAX_COARSE_LAG`] earlier at most. A seventh of the price.
    pub(crate) fn coarse_now(self) -> UnixMillis {
        match self {
            Self::At(time) => time,
            Self::System => {
                let time = clock_gettime(ClockId::RealtimeCoarse);
                UnixMillis(time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000))
            }
        }
    }
}

/// A moment since this machine started, by a clock that nobody can set and that goes on while the machine is suspended
/// (`CLOCK_BOOTTIME`; [`std::time::Instant`] stands still meanwhile). Sums and differences stop at the ends of their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        // It is never negative.
        Self(Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default())
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, before: Duration) -> Self {
        Self(self.0.saturating_sub(before))
    }
}

/// The time since an earlier moment; none since a later one.
impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// A moment of which it is asked often whether it is still ahead.
///
/// There is no cheap reading of [`Moment`]'s clock. There is one of the monotonic clock, which stands still while the machine
/// is suspended, and one of the clock on the wall, which does not: how far they are apart changes by the time of each
/// suspension. So as long as it is the same, the monotonic reading tells; otherwise the exact clock is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    moment: Moment,
    /// The moment is not reached while the monotonic reading has not come to this, unless the machine was suspended.
    surely_ahead_until: i64,
    /// How far the two cheap readings were apart, or a little less.
    apart: i64,
}

/// What the kernel noted at its last tick, in nanoseconds: no later than its clocks, and [`Clock::MAX_COARSE_LAG`] earlier at
/// most.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    monotonic: i64,
    wall: i64,
}

impl Ticks {
    fn apart(self) -> i64 {
        self.wall.saturating_sub(self.monotonic)
    }
}

fn tick(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

impl Deadline {
    /// Shorter suspensions and corrections of the clock on the wall go unseen, and are allowed for, in nanoseconds.
    const MOST_UNSEEN: i64 = 2_000_000_000;

    pub(crate) fn at(moment: Moment) -> Self {
        // In this order: a wait in between makes the two less apart than they are, and what is left shorter.
        let wall = tick(ClockId::RealtimeCoarse);
        let ticks = Ticks { wall, monotonic: tick(ClockId::MonotonicCoarse) };
        Self::of(moment, ticks, Moment::now())
    }

    fn of(moment: Moment, ticks: Ticks, now: Moment) -> Self {
        let left = i64::try_from((moment - now).as_nanos()).unwrap_or(i64::MAX);
        let margin = Clock::MAX_COARSE_LAG * 1_000_000 + Self::MOST_UNSEEN;
        let surely_ahead_until = ticks.monotonic.saturating_add(left).saturating_sub(margin);
        Self { moment, surely_ahead_until, apart: ticks.apart() }
    }

    /// True before the moment. The exact clock is asked only where the cheap readings might tell otherwise.
    pub(crate) fn is_ahead(&self) -> bool {
        // In this order: a wait in between makes the two more apart than they are.
        let monotonic = tick(ClockId::MonotonicCoarse);
        let ticks = Ticks { monotonic, wall: tick(ClockId::RealtimeCoarse) };
        self.is_ahead_by(ticks, Moment::now)
    }

    fn is_ahead_by(&self, ticks: Ticks, now: impl FnOnce() -> Moment) -> bool {
        let was_suspended = ticks.apart().saturating_sub(self.apart).saturating_abs() > Self::MOST_UNSEEN;
        (ticks.monotonic < self.surely_ahead_until && !was_suspended) || now() < self.moment
    }
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
    use std::process::Command;

    use super::*;

    #[test]
    fn the_cheap_reading_is_behind_and_not_by_much() {
        for _ in 0..10_000 {
            let behind = Clock::System.coarse_now();
            let now = Clock::System.now();
            assert!(behind <= now && now.0 - behind.0 < Clock::MAX_COARSE_LAG, "{behind} {now}");
        }
        assert_eq!(Clock::At(UnixMillis(7)).coarse_now(), Clock::At(UnixMillis(7)).now());
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_moment_counts_since_the_machine_started() {
        let reading = || Moment(Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap());
        let (before, now, after) = (reading(), Moment::now(), reading());
        assert!(before <= now && now <= after, "{before:?} {now:?} {after:?}");
        assert_eq!((now + SECOND - now, now - (now + SECOND)), (SECOND, Duration::ZERO));
        assert!(now + Duration::MAX >= now && now - Duration::MAX <= now, "no end of the range is passed");
    }

    const AHEAD: Duration = Duration::from_secs(1_000_000_000);

    /// A time namespace, where one may be made, sets that clock ahead of the monotonic one as suspensions do.
    #[test]
    fn a_moment_counts_the_time_of_suspensions() {
        let output = Command::new("unshare")
            .args(["--time", "--fork", "--boottime", &AHEAD.as_secs().to_string()])
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "clock::tests::alone_in_a_time_namespace"])
            .output();
        let Ok(output) = output else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains("running 1 test") || text.contains("1 passed"), "{text}");
    }

    #[test]
    #[ignore = "run by a_moment_counts_the_time_of_suspensions"]
    fn alone_in_a_time_namespace() {
        assert!(Moment::now().0 > AHEAD);
        assert!(!Deadline::at(Moment(AHEAD)).is_ahead() && Deadline::at(Moment::now() + 60 * SECOND).is_ahead());
    }

    /// The readings after a time of which the machine was suspended for a part.
    fn after(ticks: Ticks, time: Duration, suspended: Duration) -> Ticks {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap();
        Ticks { monotonic: ticks.monotonic + nanos(time) - nanos(suspended), wall: ticks.wall + nanos(time) }
    }

    const TICKS: Ticks = Ticks { monotonic: 1_000_000_000_000, wall: 1_795_316_645_000_000_000 };

    #[test]
    fn a_deadline_is_ahead_until_its_moment_and_by_the_tick_only_far_from_it() {
        let now = Moment::now();
        let in_a_minute = Deadline::of(now + 60 * SECOND, TICKS, now);
        let exactly = |at: Moment| move || at;
        let never = || -> Moment { panic!("the tick is enough") };
        assert!(in_a_minute.is_ahead_by(after(TICKS, 40 * SECOND, Duration::ZERO), never));
        // What the tick does not know, the clock does, to the nanosecond.
        let late = after(TICKS, 49 * SECOND, Duration::ZERO);
        assert!(in_a_minute.is_ahead_by(late, exactly(in_a_minute.moment - Duration::from_nanos(1))));
        assert!(!in_a_minute.is_ahead_by(late, exactly(in_a_minute.moment)));
        // The tick alone never says that a moment is ahead which is less than MAX_COARSE_LAG away.
        let soon = Deadline::of(now + Duration::from_millis(Clock::MAX_COARSE_LAG.unsigned_abs()), TICKS, now);
        assert!(!soon.is_ahead_by(TICKS, exactly(soon.moment)));
        assert!(Deadline::at(now + 3600 * SECOND).is_ahead() && Deadline::at(now + Duration::MAX).is_ahead());
        assert!(!Deadline::at(now).is_ahead() && !Deadline::at(now - SECOND).is_ahead());
    }

    #[test]
    fn a_deadline_that_passes_while_the_machine_is_suspended_is_not_ahead() {
        let (now, hour) = (Moment::now(), 3600 * SECOND);
        let tomorrow = Deadline::of(now + 24 * hour, TICKS, now);
        let at = |time: Duration| move || now + time;
        // A week in suspension, of which the monotonic clock knows nothing.
        assert!(!tomorrow.is_ahead_by(after(TICKS, 7 * 24 * hour, 7 * 24 * hour), at(7 * 24 * hour)));
        assert!(tomorrow.is_ahead_by(after(TICKS, 2 * hour, hour), at(2 * hour)), "the exact clock tells");
        // Naps that are too short to be seen are allowed for; together they are seen.
        let in_a_minute = Deadline::of(now + 60 * SECOND, TICKS, now);
        for nap in 0..60 {
            let (time, suspended) = (nap * 2 * SECOND, nap * SECOND);
            let is_ahead = in_a_minute.is_ahead_by(after(TICKS, time, suspended), at(time));
            assert_eq!(is_ahead, time < 60 * SECOND, "{nap}");
        }
        // A clock on the wall that is set leads to the exact one, too.
        let set_back = Ticks { wall: 0, ..TICKS };
        assert!(tomorrow.is_ahead_by(set_back, at(hour)) && !tomorrow.is_ahead_by(set_back, at(24 * hour)));
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

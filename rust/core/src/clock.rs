// SPDX-License-Identifier: Apache-2.0
//! Points in time, and the clocks that they are read from.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds. Trino compares times in this unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// The time of the system's clock.
    #[must_use]
    pub fn now() -> Self {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Self(millis)
    }
}

/// The source of the time at which a token is validated.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// A fixed time.
    At(UnixMillis),
    /// The system's clock.
    System,
}

impl Clock {
    /// The maximum lag of [`Clock::coarse_now`], in milliseconds. The coarse clock advances with the kernel's tick, every
    /// 1 to 10 ms. It stops for longer while a hypervisor withholds the processor that counts the ticks.
    pub(crate) const MAX_COARSE_LAG: i64 = 10_000;

    pub(crate) fn now(self) -> UnixMillis {
        match self {
            Self::At(time) => time,
            Self::System => UnixMillis::now(),
        }
    }

    /// At most [`Clock::MAX_COARSE_LAG`] earlier than [`Clock::now`], and never later. It takes a seventh of the time.
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

/// A time since the machine started, by a clock that cannot be set and that continues while the machine is suspended
/// (`CLOCK_BOOTTIME`; [`std::time::Instant`] stops during a suspension). Sums and differences saturate.
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

/// The time since an earlier moment; zero since a later one.
impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// A moment for which the request path checks often whether it is still ahead.
///
/// The clock of [`Moment`] has no coarse reading. The monotonic clock has one, but stops while the machine is suspended.
/// The wall clock has one too, and does not stop, so each suspension changes the distance between the two. While the
/// distance is the same, the coarse monotonic reading decides. Otherwise the exact clock does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    moment: Moment,
    /// While the coarse monotonic reading is less than this, the moment is ahead, unless the machine was suspended.
    coarse_safe_until: i64,
    /// The distance between the two coarse readings, or a little less.
    distance: i64,
}

/// The kernel's coarse readings, in nanoseconds: at most [`Clock::MAX_COARSE_LAG`] earlier than the exact ones, never later.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    monotonic: i64,
    wall: i64,
}

impl Ticks {
    fn distance(self) -> i64 {
        self.wall.saturating_sub(self.monotonic)
    }
}

fn tick(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

impl Deadline {
    /// Suspensions and corrections of the wall clock up to this length, in nanoseconds, are not detected; the margin covers
    /// them.
    const MAX_UNDETECTED: i64 = 2_000_000_000;

    pub(crate) fn at(moment: Moment) -> Self {
        // In this order, a delay between the readings makes the distance and the remaining time smaller than they are.
        let wall = tick(ClockId::RealtimeCoarse);
        let ticks = Ticks { wall, monotonic: tick(ClockId::MonotonicCoarse) };
        Self::with_ticks(moment, ticks, Moment::now())
    }

    fn with_ticks(moment: Moment, ticks: Ticks, now: Moment) -> Self {
        let left = i64::try_from((moment - now).as_nanos()).unwrap_or(i64::MAX);
        let margin = Clock::MAX_COARSE_LAG * 1_000_000 + Self::MAX_UNDETECTED;
        let coarse_safe_until = ticks.monotonic.saturating_add(left).saturating_sub(margin);
        Self { moment, coarse_safe_until, distance: ticks.distance() }
    }

    /// True before the moment. It reads the exact clock only if the coarse readings cannot decide.
    pub(crate) fn is_ahead(&self) -> bool {
        // In this order, a delay between the readings makes the distance larger than it is.
        let monotonic = tick(ClockId::MonotonicCoarse);
        let ticks = Ticks { monotonic, wall: tick(ClockId::RealtimeCoarse) };
        self.is_ahead_by(ticks, Moment::now)
    }

    fn is_ahead_by(&self, ticks: Ticks, now: impl FnOnce() -> Moment) -> bool {
        let was_suspended = ticks.distance().saturating_sub(self.distance).saturating_abs() > Self::MAX_UNDETECTED;
        (ticks.monotonic < self.coarse_safe_until && !was_suspended) || now() < self.moment
    }
}

impl From<UnixMillis> for Clock {
    fn from(time: UnixMillis) -> Self {
        Self::At(time)
    }
}

/// ISO 8601 with milliseconds in UTC, as in jjwt's messages: `2026-11-22T03:04:05.678Z`. A time after the year 9999 is a
/// number of milliseconds.
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
    fn the_coarse_reading_lags_by_no_more_than_the_bound() {
        for _ in 0..10_000 {
            let coarse = Clock::System.coarse_now();
            let now = Clock::System.now();
            assert!(coarse <= now && now.0 - coarse.0 < Clock::MAX_COARSE_LAG, "{coarse} {now}");
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
        assert!(now + Duration::MAX >= now && now - Duration::MAX <= now, "sums and differences saturate");
    }

    const AHEAD: Duration = Duration::from_secs(1_000_000_000);

    /// A time namespace sets this clock ahead of the monotonic one, as suspensions do. Without the right to make one, the
    /// test checks nothing.
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

    /// The readings after a time, for a part of which the machine was suspended.
    fn after(ticks: Ticks, time: Duration, suspended: Duration) -> Ticks {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap();
        Ticks { monotonic: ticks.monotonic + nanos(time) - nanos(suspended), wall: ticks.wall + nanos(time) }
    }

    const TICKS: Ticks = Ticks { monotonic: 1_000_000_000_000, wall: 1_795_316_645_000_000_000 };

    #[test]
    fn a_deadline_is_ahead_until_its_moment_and_reads_the_exact_clock_only_near_it() {
        let now = Moment::now();
        let in_a_minute = Deadline::with_ticks(now + 60 * SECOND, TICKS, now);
        let exactly = |at: Moment| move || at;
        let never = || -> Moment { panic!("the coarse readings suffice") };
        assert!(in_a_minute.is_ahead_by(after(TICKS, 40 * SECOND, Duration::ZERO), never));
        // Near the moment the exact clock decides, to the nanosecond.
        let late = after(TICKS, 49 * SECOND, Duration::ZERO);
        assert!(in_a_minute.is_ahead_by(late, exactly(in_a_minute.moment - Duration::from_nanos(1))));
        assert!(!in_a_minute.is_ahead_by(late, exactly(in_a_minute.moment)));
        // The coarse readings never decide about a moment that is less than MAX_COARSE_LAG away.
        let soon = Deadline::with_ticks(now + Duration::from_millis(Clock::MAX_COARSE_LAG.unsigned_abs()), TICKS, now);
        assert!(!soon.is_ahead_by(TICKS, exactly(soon.moment)));
        assert!(Deadline::at(now + 3600 * SECOND).is_ahead() && Deadline::at(now + Duration::MAX).is_ahead());
        assert!(!Deadline::at(now).is_ahead() && !Deadline::at(now - SECOND).is_ahead());
    }

    #[test]
    fn a_deadline_that_passes_while_the_machine_is_suspended_is_not_ahead() {
        let (now, hour) = (Moment::now(), 3600 * SECOND);
        let tomorrow = Deadline::with_ticks(now + 24 * hour, TICKS, now);
        let at = |time: Duration| move || now + time;
        // A week of suspension, which the monotonic clock does not count.
        assert!(!tomorrow.is_ahead_by(after(TICKS, 7 * 24 * hour, 7 * 24 * hour), at(7 * 24 * hour)));
        assert!(tomorrow.is_ahead_by(after(TICKS, 2 * hour, hour), at(2 * hour)), "the exact clock decides");
        // The margin covers suspensions that are too short to be detected. Several of them are detected together.
        let in_a_minute = Deadline::with_ticks(now + 60 * SECOND, TICKS, now);
        for nap in 0..60 {
            let time = nap * 2 * SECOND;
            let suspended = nap * SECOND;
            let is_ahead = in_a_minute.is_ahead_by(after(TICKS, time, suspended), at(time));
            assert_eq!(is_ahead, time < 60 * SECOND, "{nap}");
        }
        // If the wall clock is set, the exact clock decides as well.
        let set_back = Ticks { wall: 0, ..TICKS };
        assert!(tomorrow.is_ahead_by(set_back, at(hour)) && !tomorrow.is_ahead_by(set_back, at(24 * hour)));
    }

    #[test]
    fn times_are_written_as_in_trinos_messages() {
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

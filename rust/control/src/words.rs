// SPDX-License-Identifier: Apache-2.0
//! Times as people read them.

use jiff::Timestamp;
use nativejwt_core::UnixMillis;

/// A time and its distance from now: `2026-11-22T03:04:05.000Z (in 59m 58s)`. For a time after the year 9999, which RFC
/// 3339 cannot write, the year only.
#[must_use]
pub fn in_words(time: UnixMillis, now: UnixMillis) -> String {
    if Timestamp::from_millisecond(time.0).is_err() {
        return format!("in the year {}", year(time));
    }
    let distance = time.0.saturating_sub(now.0);
    let (before, after) = if distance >= 0 { ("in ", "") } else { ("", " ago") };
    format!("{time} ({before}{}{after})", length(distance.unsigned_abs() / 1000))
}

/// The year of a time, calculated with the mean length of a year.
#[must_use]
pub fn year(time: UnixMillis) -> i64 {
    1970 + time.0.div_euclid(31_556_952_000)
}

/// A number of seconds in its two largest units.
#[must_use]
pub fn length(seconds: u64) -> String {
    let units = [(31_536_000, "y"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut parts = Vec::new();
    let mut rest = seconds;
    for (size, name) in units {
        if rest >= size {
            parts.push(format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_written_in_two_units() {
        let now = UnixMillis(1_795_316_645_000);
        assert_eq!(in_words(UnixMillis(now.0 + 3_599_900), now), "2026-11-22T04:04:04.900Z (in 59m 59s)");
        assert_eq!(in_words(UnixMillis(now.0 - 90_061_000), now), "2026-11-21T02:03:04.000Z (1d 1h ago)");
        assert_eq!(in_words(UnixMillis(4_102_444_800_000), now), "2100-01-01T00:00:00.000Z (in 73y 57d)");
        assert_eq!(in_words(UnixMillis(1_795_320_245_000_000), now), "in the year 58861");
        assert_eq!(in_words(now, now), "2026-11-22T03:04:05.000Z (in 0s)");
    }
}

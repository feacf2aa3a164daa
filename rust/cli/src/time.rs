// SPDX-License-Identifier: Apache-2.0
//! Reading and writing times and durations.

use jiff::Timestamp;
use nativejwt_core::UnixMillis;

/// Reads RFC 3339 (`2026-11-22T03:04:05Z`), or Unix seconds with up to three decimal places.
pub(crate) fn parse_time(text: &str) -> Result<UnixMillis, String> {
    let wrong = || "is neither RFC 3339, such as 2026-11-22T03:04:05Z, nor Unix seconds, such as 1795316645".to_owned();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit())
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_number {
        return text.parse::<Timestamp>().map(|time| UnixMillis(time.as_millisecond())).map_err(|_| wrong());
    }
    let (seconds, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if fraction.is_empty() || fraction.len() > 3 {
        return Err(wrong());
    }
    let millis = format!("{fraction:0<3}").parse::<i64>().map_err(|_| wrong())?;
    let millis = seconds
        .parse::<i64>()
        .ok()
        .and_then(|seconds| seconds.checked_mul(1000)?.checked_add(millis))
        .ok_or_else(wrong)?;
    Ok(UnixMillis(if text.starts_with('-') { -millis } else { millis }))
}

/// The lifetime of an issued token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ttl {
    /// Seconds from `iat` to `exp`; negative for an expired token.
    Seconds(i64),
    /// No `exp`.
    Unlimited,
}

/// Reads `none`, or a duration in airlift's form: a number and one of `ns us ms s m h d`. The duration may be negative,
/// and must be a whole number of seconds, because `exp` has seconds.
pub(crate) fn parse_ttl(text: &str) -> Result<Ttl, String> {
    let wrong = || {
        "is not a duration: write a number and a unit (s, m, h, d), such as 30s, 15m, 1.5h or -1h, or none".to_owned()
    };
    if text == "none" {
        return Ok(Ttl::Unlimited);
    }
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = rest.split_at(unit_at);
    let nanos_per_unit: i128 = match unit.trim() {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        "d" => 86_400 * 1_000_000_000,
        _ => return Err(wrong()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 9 {
        return Err(wrong());
    }
    let whole: i128 = whole.parse::<u64>().map_err(|_| wrong())?.into();
    let billionths: i128 = format!("{fraction:0<9}").parse::<u64>().map_err(|_| wrong())?.into();
    let nanos = whole * nanos_per_unit + billionths * nanos_per_unit / 1_000_000_000;
    if nanos % 1_000_000_000 != 0 {
        return Err("is not a whole number of seconds, which exp requires".to_owned());
    }
    let seconds = i64::try_from(nanos / 1_000_000_000).map_err(|_| wrong())?;
    Ok(Ttl::Seconds(if negative { -seconds } else { seconds }))
}

/// A time and its distance from now: `2026-11-22T03:04:05.000Z (in 59m 58s)`. For a time after the year 9999, which RFC
/// 3339 cannot write, the year only.
pub(crate) fn in_words(time: UnixMillis, now: UnixMillis) -> String {
    if Timestamp::from_millisecond(time.0).is_err() {
        return format!("in the year {}", year(time));
    }
    let distance = time.0.saturating_sub(now.0);
    let (before, after) = if distance >= 0 { ("in ", "") } else { ("", " ago") };
    format!("{time} ({before}{}{after})", length(distance.unsigned_abs() / 1000))
}

/// The year of a time, calculated with the mean length of a year.
pub(crate) fn year(time: UnixMillis) -> i64 {
    1970 + time.0.div_euclid(31_556_952_000)
}

/// A number of seconds in its two largest units.
pub(crate) fn length(seconds: u64) -> String {
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
    fn times_are_read_in_both_forms() {
        for (text, millis) in [
            ("2026-11-22T03:04:05Z", 1_795_316_645_000),
            ("2026-11-22T04:04:05.678+01:00", 1_795_316_645_678),
            ("1795316645", 1_795_316_645_000),
            ("1795316645.5", 1_795_316_645_500),
            ("-1.25", -1250),
            ("0", 0),
        ] {
            assert_eq!(parse_time(text), Ok(UnixMillis(millis)), "{text}");
        }
        for text in
            ["", "-", "now", "1.", ".5", "1.2345", "1.2.3", "99999999999999999999", "2026-11-22", "2026-11-22T03:04:05"]
        {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lifetimes_are_read_in_airlift_units() {
        for (text, seconds) in [
            ("30s", 30),
            ("15m", 900),
            ("1h", 3600),
            ("1.5h", 5400),
            ("2d", 172_800),
            ("0s", 0),
            ("-1h", -3600),
            ("2000ms", 2),
            ("1 h", 3600),
        ] {
            assert_eq!(parse_ttl(text), Ok(Ttl::Seconds(seconds)), "{text}");
        }
        assert_eq!(parse_ttl("none"), Ok(Ttl::Unlimited));
        for text in ["", "1", "h", "-", "1w", "1H", "1.h", ".5h", "500ms", "1h30m", "--1h", "99999999999999999999d"] {
            assert!(parse_ttl(text).is_err(), "{text}");
        }
    }

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

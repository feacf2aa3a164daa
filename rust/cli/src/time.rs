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
}

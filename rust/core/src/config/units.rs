// SPDX-License-Identifier: Apache-2.0
//! Durations and sizes in airlift's notation: `30s`, `1.50m`, `16kB`.

use std::time::Duration;

/// Reads airlift's `Duration`: a number, optional white space, and one of `ns us ms s m h d`.
///
/// # Errors
/// What is wrong with the text, to follow the name of the property.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 7] =
        [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];
    let malformed = || {
        format!("is '{text}', which is not a duration: write a number and one of ns, us, ms, s, m, h, d, such as 30s")
    };
    let (number, unit) = split(text).ok_or_else(malformed)?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(malformed)?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| format!("is '{text}', which is too long"))
}

/// Reads airlift's `DataSize`, in bytes: a number, optional white space, and one of `B kB MB GB TB PB`, each 1024 times
/// the one before.
///
/// # Errors
/// What is wrong with the text, to follow the name of the property.
pub(crate) fn data_size(text: &str) -> Result<u64, String> {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let malformed =
        || format!("is '{text}', which is not a size: write a number and one of B, kB, MB, GB, TB, PB, such as 16kB");
    let (number, unit) = split(text).ok_or_else(malformed)?;
    let power = UNITS.iter().position(|name| *name == unit).ok_or_else(malformed)?;
    let bytes = (number * 1024f64.powi(i32::try_from(power).unwrap_or(i32::MAX))).round();
    // From 2^63 on, airlift overflows.
    if bytes < 9_223_372_036_854_775_808.0 { Ok(bytes as u64) } else { Err(format!("is '{text}', which is too large")) }
}

/// The number and the unit: `\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*`, as airlift's pattern has it.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    Some((number.parse().ok()?, unit.trim_start_matches(|c: char| c.is_ascii_whitespace())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_airlift_reads_them() {
        for (text, expected) in [
            ("30s", Duration::from_secs(30)),
            ("1.50m", Duration::from_secs(90)),
            (" 500 ms ", Duration::from_millis(500)),
            ("0s", Duration::ZERO),
            ("2h", Duration::from_secs(7200)),
            ("1d", Duration::from_secs(86400)),
            ("7us", Duration::from_micros(7)),
            ("9ns", Duration::from_nanos(9)),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for text in ["", "30", "s", "-1s", "1.s", ".5s", "1e3s", "30S", "30 sec", "1m30s", "1.5.5s", "١s"] {
            assert!(duration(text).unwrap_err().contains("is not a duration: write a number and one of ns"), "{text}");
        }
        assert!(duration(&format!("{}d", "9".repeat(300))).unwrap_err().contains("too long"));
    }

    #[test]
    fn sizes_are_read_as_airlift_reads_them() {
        for (text, expected) in [("0B", 0), ("16kB", 16384), ("1.5 MB", 1_572_864), ("1GB", 1 << 30), ("2PB", 1 << 51)]
        {
            assert_eq!(data_size(text), Ok(expected), "{text}");
        }
        for text in ["", "16", "16KB", "16k", "-1B", "kB"] {
            assert!(data_size(text).unwrap_err().contains("is not a size"), "{text}");
        }
        assert!(data_size("8192PB").unwrap_err().contains("too large"));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! This machine's clock beside the provider's.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::fmt::rfc2822::DateTimeParser;

/// Differences up to this many seconds are not worth a word: coordinators usually allow as much.
const UNREMARKABLE: i64 = 30;

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}

/// Seconds by which this machine's clock is ahead of a server with this Date header (RFC 9110, section 5.6.7). `None` if the
/// header is no date.
pub(crate) fn ahead_of(date: &str, now: i64) -> Option<i64> {
    let date = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(now.saturating_sub(date.as_second()))
}

/// A sentence about a clock that is off, to be put before or behind another one.
pub(crate) fn remark(ahead: i64) -> Option<String> {
    let (seconds, direction) = (ahead.unsigned_abs(), if ahead > 0 { "ahead of" } else { "behind" });
    let amount = match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    (ahead.abs() > UNREMARKABLE).then(|| {
        format!(
            "This machine's clock is {amount} {direction} the provider's: set it, since tokens are valid by the clock"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_headers_are_compared_with_this_machines_clock() {
        let at = 784_111_777;
        assert_eq!(ahead_of("Sun, 06 Nov 1994 08:49:37 GMT", at + 5), Some(5));
        assert_eq!(ahead_of("Sun, 06 Nov 1994 08:49:37 GMT", at - 300), Some(-300));
        assert_eq!(ahead_of("yesterday", at), None);
    }

    #[test]
    fn only_a_clock_that_is_off_gets_a_remark() {
        assert_eq!(remark(30), None);
        assert_eq!(remark(-30), None);
        assert!(remark(90).unwrap().starts_with("This machine's clock is 90 seconds ahead of the provider's"));
        assert!(remark(-7 * 60).unwrap().contains("is 7 minutes behind the provider's"));
        assert!(remark(3 * 86_400).unwrap().contains("3 days"));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Hints about the claims that hold times: `exp`, `nbf`, `iat`.

use std::time::Duration;

use nativejwt_control::{in_words, length, year};
use nativejwt_core::{Reason, UnixMillis, suspected_unit};
use serde_json::Value;

use super::Case;
use super::seen::Seen;

/// The claims that hold times.
const CLAIMS: [&str; 4] = ["exp", "nbf", "iat", "auth_time"];

/// From 1990 to 2100: a time outside of this range is probably a mistake.
const SENSIBLE: std::ops::Range<f64> = 631_152_000.0..4_102_444_800.0;

fn number(seen: &Seen<'_>, claim: &str) -> Option<f64> {
    seen.claim(claim)?.as_f64()
}

#[expect(clippy::cast_possible_truncation, reason = "as saturates, and a time so far away is shown as a year")]
fn millis(seconds: f64) -> UnixMillis {
    UnixMillis((seconds * 1000.0) as i64)
}

/// The hint if a claim has another unit than seconds.
fn in_another_unit(seen: &Seen<'_>, claim: &str) -> Option<String> {
    let value = number(seen, claim)?;
    let (name, per_second) = suspected_unit(value)?;
    let meant = (value / per_second).floor();
    Some(format!(
        "{claim} is in {name} ({value:.0}), but RFC 7519 requires seconds: as seconds, it is in the year {}. Have the issuer write {meant:.0}",
        year(millis(value))
    ))
}

/// Warnings about times that are accepted.
pub(super) fn warnings(seen: &Seen<'_>) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    for claim in CLAIMS {
        let Some(mut text) = in_another_unit(seen, claim) else { continue };
        if claim == "exp" {
            text += "; until then, the token practically never expires (max-token-lifetime rejects such tokens)";
        }
        warnings.push(text);
    }
    warnings
}

pub(super) fn advice(case: &Case<'_>, code: Reason) -> Option<String> {
    use Reason as C;
    match code {
        C::TokenExpired => expired(case),
        C::TokenNotYetValid => not_yet_valid(case),
        C::MissingExpiration => missing(case, "exp"),
        C::MissingIssuedAt => missing(case, "iat"),
        C::LifetimeTooLong => too_long(case),
        C::IssuedInTheFuture => {
            let text = in_another_unit(&case.seen, "iat");
            text.or_else(|| {
                let issued = in_words(millis(number(&case.seen, "iat")?), case.now);
                Some(format!(
                    "iat is {issued}, and max-token-lifetime counts from it: compare the clocks of this machine and of the issuer, or set clock-skew to more than their difference ({})",
                    skew(case)
                ))
            })
        }
        C::ExpiresBeforeIssued => {
            let time = |claim: &str| Some(in_words(millis(number(&case.seen, claim)?), case.now));
            Some(format!(
                "exp is {} and iat is {}: have the issuer write the time of issue as iat, and a later time as exp",
                time("exp")?,
                time("iat")?
            ))
        }
        C::LifetimeTooShort => {
            let expires = millis(number(&case.seen, "exp")?);
            Some(format!(
                "the token expires {}, which is sooner than pass-through.minimum-lifetime allows: get a new token; if a new one is rejected as well, have the issuer give its tokens a longer lifetime",
                in_words(expires, case.now)
            ))
        }
        _ => None,
    }
}

/// `clock-skew` in words.
fn skew(case: &Case<'_>) -> String {
    let skew = case.rules.as_ref().map_or(Duration::ZERO, |rules| rules.clock_skew);
    format!("clock-skew is {}", length(skew.as_secs()))
}

fn expired(case: &Case<'_>) -> Option<String> {
    let exp = number(&case.seen, "exp")?;
    let expired = in_words(millis(exp), case.now);
    if exp < SENSIBLE.start {
        if let Some(issued) = number(&case.seen, "iat").filter(|issued| SENSIBLE.contains(issued) && exp >= 60.0) {
            return Some(format!(
                "exp is {exp:.0}, which is a time in the year {}: the issuer seems to write the lifetime of the token. Have it write the time at which the token expires ({:.0})",
                year(millis(exp)),
                issued + exp
            ));
        }
        return Some(format!(
            "exp is {exp:.0}, which is a time in the year {}: have the issuer write the seconds from 1970 to the time at which the token expires",
            year(millis(exp))
        ));
    }
    if let Some(issued) = number(&case.seen, "iat") {
        if let Some(text) = in_another_unit(&case.seen, "iat") {
            return Some(format!("the token expired at {expired}; {text}"));
        }
        if issued >= exp {
            return Some(format!(
                "the token expired at {expired}, and its iat is not before its exp, so it was never valid: correct the issuer"
            ));
        }
        let lived = length(whole(exp - issued));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of the present fit")]
        let age = case.now.0 as f64 / 1000.0 - exp;
        let clocks = if age < 300.0 {
            format!("; if it is new, compare the clocks of this machine and of the issuer ({})", skew(case))
        } else {
            String::new()
        };
        return Some(format!("the token had a lifetime of {lived} and expired at {expired}: get a new one{clocks}"));
    }
    Some(format!(
        "the token expired at {expired}: get a new one; if it is new, compare the clocks of this machine and of the issuer ({})",
        skew(case)
    ))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as saturates")]
fn whole(seconds: f64) -> u64 {
    seconds as u64
}

fn not_yet_valid(case: &Case<'_>) -> Option<String> {
    if let Some(text) = in_another_unit(&case.seen, "nbf") {
        return Some(text);
    }
    let nbf = number(&case.seen, "nbf")?;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of the present fit")]
    let early = nbf - case.now.0 as f64 / 1000.0;
    let begins = in_words(millis(nbf), case.now);
    // Time zones differ by multiples of 15 minutes.
    let off = (early / 900.0).round() * 900.0;
    if (900.0..=14.0 * 3600.0).contains(&off) && (early - off).abs() < 120.0 {
        return Some(format!(
            "the token becomes valid at {begins}. The issuer may write its local time, because this is the difference of a time zone: have it write the seconds since 1970 in UTC"
        ));
    }
    if early < 300.0 {
        return Some(format!(
            "the token becomes valid at {begins}: the clocks of this machine and of the issuer differ ({}). Synchronize them with NTP, or set clock-skew to more than their difference",
            skew(case)
        ));
    }
    Some(format!(
        "the token becomes valid at {begins}: use it then, or compare the clocks of this machine and of the issuer"
    ))
}

fn missing(case: &Case<'_>, claim: &str) -> Option<String> {
    let claims = case.seen.claims.as_ref()?;
    let other = claims.keys().find(|name| {
        name.eq_ignore_ascii_case(claim)
            || ["expires", "expires_at", "expiration", "expiry", "issued_at"].contains(&name.as_str())
    });
    let property = match (claim, case.rules.as_ref().and_then(|rules| rules.max_token_lifetime)) {
        (_, Some(_)) => "max-token-lifetime",
        _ => "require-expiration",
    };
    Some(match other {
        Some(other) => format!(
            "the token has no {claim}, but it has {other}, which is ignored: have the issuer write {claim} (RFC 7519), or remove {property}"
        ),
        None => format!("the token has no {claim}: have the issuer write it, or remove {property}"),
    })
}

fn too_long(case: &Case<'_>) -> Option<String> {
    for claim in ["exp", "iat"] {
        if let Some(text) = in_another_unit(&case.seen, claim) {
            return Some(text);
        }
    }
    let exp = number(&case.seen, "exp")?;
    let longest = case.rules.as_ref()?.max_token_lifetime?;
    let lifetime = number(&case.seen, "iat")
        .map_or_else(String::new, |iat| format!("has a lifetime of {} and ", length(whole(exp - iat))));
    Some(format!(
        "the token {lifetime}expires {}, but max-token-lifetime is {}: have the issuer shorten the lifetime, or raise max-token-lifetime",
        in_words(millis(exp), case.now),
        length(longest.as_secs())
    ))
}

/// The hint for a time that is not a number, or out of range.
pub(super) fn wrong_type(claim: &str, value: &Value) -> Option<String> {
    let what = match value {
        Value::String(text) if text.trim().parse::<f64>().is_ok() => {
            format!(
                "{claim} is the string '{}': have the issuer write the number without quotation marks",
                nativejwt_core::quoted(text)
            )
        }
        Value::String(text) => match text.trim().parse::<jiff::Timestamp>() {
            Ok(time) => format!(
                "{claim} is a date as a string ('{}'): have the issuer write the seconds since 1970 as a number, {}",
                nativejwt_core::quoted(text),
                time.as_second()
            ),
            Err(_) => format!(
                "{claim} is {}: have the issuer write the seconds since 1970 as a number (RFC 7519, NumericDate)",
                super::seen::described(value)
            ),
        },
        Value::Number(_) => format!(
            "{claim} is {}, which is out of range: have the issuer write the seconds since 1970",
            super::seen::described(value)
        ),
        other => format!(
            "{claim} is {}: have the issuer write the seconds since 1970 as a number, or leave the claim out",
            super::seen::described(other)
        ),
    };
    CLAIMS.contains(&claim).then_some(what)
}

// SPDX-License-Identifier: Apache-2.0
//! What `--online` adds: what the fetched keys, the answer of the key server and the rules together will cause later.

use nativejwt_core::{Authenticator, ConfigurationErrors, Finding, IssuerView, OfferedKey, Problem, Properties};

use super::{find, weak_keys};
use nativejwt_control::length;

/// What one answer of a key server leaves uncertain besides its own resolution: the way to the server and back is
/// measured, but not how long the server took to write the answer.
const CLOCK_TOLERANCE: i64 = 1000;

/// Checks each issuer. `properties` are those of the issuers.
pub(super) fn check(
    authenticator: &Authenticator,
    properties: &[Properties],
    warnings: &mut ConfigurationErrors,
    notes: &mut Vec<String>,
) {
    let issuers = authenticator.issuers();
    for properties in properties {
        let Some(issuer) = issuers.iter().find(|issuer| issuer.source() == properties.source) else { continue };
        let problem = |property: &str, message: String| {
            let entry = find(properties, property);
            let full = format!("http-server.authentication.jwt.{property}");
            let (name, line) = entry.map_or((full.as_str(), 0), |entry| (&*entry.name, entry.line));
            Problem::for_property(name, &properties.source, line, message)
        };
        issuer.for_each_key(|key| {
            if let Some(document) = weak_keys::published_in(&key) {
                let message = format!("has {}, whose private part is printed in {document}", named(&key));
                warnings.push(problem("key-file", message).named(Finding::KeyPublished));
            } else if let Some(why) = weak_keys::weakness(&key) {
                let message = format!("has {}, which is weak: {why}", named(&key));
                warnings.push(problem("key-file", message).named(Finding::KeyWeak));
            }
        });
        if !requires_expiration(properties) {
            let message = "is not true, and max-token-lifetime is not set: a token without exp is accepted, for ever";
            warnings.push(problem("require-expiration", message.to_owned()).named(Finding::ExpirationNotRequired));
        }
        match issuer.clock_ahead() {
            Some(ahead) => {
                if let Some(message) = clock_message(ahead, issuer) {
                    warnings.push(problem("key-file", message).named(Finding::ClockDiffers));
                }
            }
            None if issuer.has_key_server() && issuer.missing_keys().is_none() => notes.push(format!(
                "{}: the answer of {} has no Date, so the clocks were not compared",
                properties.source,
                issuer.rules().key_file
            )),
            None => {}
        }
    }
}

fn named(key: &OfferedKey<'_>) -> String {
    match key.key_id {
        Some(key_id) => format!("the key '{}' ({})", nativejwt_core::quoted(key_id), key.description()),
        None => format!("a key ({})", key.description()),
    }
}

/// `max-token-lifetime` requires exp as well.
fn requires_expiration(properties: &Properties) -> bool {
    let is_true = |value: &str| value.trim().eq_ignore_ascii_case("true");
    find(properties, "require-expiration").is_some_and(|entry| is_true(&entry.value))
        || find(properties, "max-token-lifetime").is_some_and(|entry| !entry.value.trim().is_empty())
}

fn clock_message(ahead: i64, issuer: &IssuerView) -> Option<String> {
    let rules = issuer.rules();
    let skew = i64::try_from(rules.clock_skew.as_millis()).unwrap_or(i64::MAX);
    if ahead.saturating_abs() <= skew.saturating_add(CLOCK_TOLERANCE) {
        return None;
    }
    let by = length(ahead.unsigned_abs() / 1000);
    let from = format!("is at a server ({}) whose clock differs: this machine's clock", rules.key_file);
    Some(if ahead < 0 {
        format!(
            "{from} is {by} behind it, so tokens with nbf are rejected for as long after they are issued, and expired ones are accepted"
        )
    } else {
        format!("{from} is {by} ahead of it, so tokens expire {by} early")
    })
}

// SPDX-License-Identifier: Apache-2.0
//! The properties of fetched JWK Sets: `jwks.*`.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::known::KEY_SET_NAMES;
use crate::config::problem::ConfigurationErrors;
use crate::config::properties::Properties;
use crate::config::setting::{Setting, setting};
use crate::config::units;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than any reasonable interval.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A waiting request occupies a thread of the coordinator.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How a JWK Set is fetched, and how long its keys are used.
#[derive(Clone, Debug)]
pub(crate) struct KeySetSettings {
    /// From one successful fetch to the next.
    pub(crate) refresh_interval: Duration,
    /// The shortest time between two fetches for an unknown `kid`.
    pub(crate) unknown_kid_cooldown: Duration,
    /// How long a request with an unknown `kid` waits for such a fetch.
    pub(crate) unknown_kid_wait: Duration,
    /// How long the keys of the last successful fetch are used.
    pub(crate) max_stale: Duration,
    /// How long a key is used after it was removed from the set.
    pub(crate) removed_key_grace: Duration,
    /// The file that keeps the last successfully fetched set for a restart.
    pub(crate) cache_file: Option<Setting>,
    /// The file with the bearer token for the server of the keys.
    pub(crate) bearer_token_file: Option<Setting>,
    /// Whether the coordinator fails to start without keys, as it does with the built-in authenticator.
    pub(crate) fail_fast: bool,
    /// The first of these properties that is set.
    any: Option<Setting>,
}

impl KeySetSettings {
    /// Reads the properties. Errors go to `errors`.
    pub(crate) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        let mut duration = |name: &str, default: Duration, range: RangeInclusive<Duration>| {
            let Some(setting) = setting(properties, name, errors).filter(|setting| !setting.value.is_empty()) else {
                return default;
            };
            match units::duration(&setting.value) {
                Ok(value) if range.contains(&value) => value,
                Ok(_) => {
                    let least = in_units(*range.start());
                    let most = in_units(*range.end());
                    errors.push(setting.problem(format!("is {}, but must be from {least} to {most}", setting.value)));
                    default
                }
                Err(why) => {
                    errors.push(setting.problem(why));
                    default
                }
            }
        };
        let refresh_interval = duration("jwks.refresh-interval", Duration::from_secs(15 * 60), SECOND..=YEAR);
        let unknown_kid_cooldown = duration("jwks.unknown-kid-cooldown", Duration::from_secs(30), SECOND..=DAY);
        let unknown_kid_wait = duration("jwks.unknown-kid-wait", 2 * SECOND, Duration::ZERO..=LONGEST_WAIT);
        let max_stale = duration("jwks.max-stale", DAY, SECOND..=YEAR);
        let removed_key_grace = duration("jwks.removed-key-grace", Duration::ZERO, Duration::ZERO..=YEAR);
        let fail_fast = setting(properties, "jwks.fail-fast", errors);
        let cache_file = setting(properties, "jwks.cache-file", errors);
        let bearer_token_file = setting(properties, "jwks.bearer-token-file", errors);
        // The first reading reported their errors.
        let again = |name: &str| setting(properties, name, &mut ConfigurationErrors::default());
        let settings = Self {
            refresh_interval,
            unknown_kid_cooldown,
            unknown_kid_wait,
            max_stale,
            removed_key_grace,
            cache_file,
            bearer_token_file,
            fail_fast: fail_fast.and_then(|setting| setting.boolean(errors)).unwrap_or(false),
            any: KEY_SET_NAMES.into_iter().find_map(again),
        };
        if max_stale < refresh_interval
            && let Some(setting) = again("jwks.max-stale").or_else(|| again("jwks.refresh-interval"))
        {
            let stale = in_units(max_stale);
            let interval = in_units(refresh_interval);
            errors.push(setting.problem(format!(
                "makes jwks.max-stale ({stale}) shorter than jwks.refresh-interval ({interval}), so the keys would expire before each refresh: change one of them"
            )));
        }
        settings
    }

    /// Reports these properties if no set is fetched, since they have no effect then.
    pub(crate) fn report_without_fetch(&self, errors: &mut ConfigurationErrors) {
        if let Some(setting) = &self.any {
            errors.push(setting.problem("has no effect: key-file is neither a URL nor oidc: and an issuer, so nothing is fetched. Remove this line"));
        }
    }
}

/// The duration as an operator would write it.
fn in_units(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match () {
        () if duration.subsec_nanos() != 0 => format!("{}ms", duration.as_millis()),
        () if seconds > 0 && seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
        () if seconds > 0 && seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        () if seconds > 0 && seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        () => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (KeySetSettings, String) {
        let text: String = text.lines().map(|line| format!("http-server.authentication.jwt.jwks.{line}\n")).collect();
        let properties = Properties::parse(&text, "f").unwrap();
        let mut errors = ConfigurationErrors::default();
        (KeySetSettings::read(&properties, &mut errors), errors.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        let (settings, errors) = read("");
        assert_eq!(errors, "");
        let seconds = [
            settings.refresh_interval,
            settings.unknown_kid_cooldown,
            settings.unknown_kid_wait,
            settings.max_stale,
            settings.removed_key_grace,
        ]
        .map(|duration| duration.as_secs());
        assert_eq!(seconds, [900, 30, 2, 86_400, 0]);
        assert!(!settings.fail_fast && settings.cache_file.is_none() && settings.bearer_token_file.is_none());
        let mut errors = ConfigurationErrors::default();
        settings.report_without_fetch(&mut errors);
        assert_eq!(errors.to_string(), "");
    }

    #[test]
    fn each_property_is_read() {
        let (settings, errors) = read(
            "refresh-interval=5m\nunknown-kid-cooldown=10s\nunknown-kid-wait=500ms\nmax-stale=1.5h\n\
             removed-key-grace=1m\ncache-file=/c\nbearer-token-file=/b\nfail-fast=TRUE",
        );
        assert_eq!(errors, "");
        let millis = [
            settings.refresh_interval,
            settings.unknown_kid_cooldown,
            settings.unknown_kid_wait,
            settings.max_stale,
            settings.removed_key_grace,
        ]
        .map(|duration| duration.as_millis());
        assert_eq!(millis, [300_000, 10_000, 500, 5_400_000, 60_000]);
        let value = |setting: &Option<Setting>| setting.as_ref().unwrap().value.clone();
        assert_eq!((value(&settings.cache_file), value(&settings.bearer_token_file)), ("/c".into(), "/b".into()));
        assert!(settings.fail_fast);
        let mut errors = ConfigurationErrors::default();
        settings.report_without_fetch(&mut errors);
        let expected = "f:1: http-server.authentication.jwt.jwks.refresh-interval has no effect: key-file is neither";
        assert!(errors.to_string().starts_with(expected), "{errors}");
    }

    #[test]
    fn each_wrong_value_is_reported_with_its_line() {
        for (text, expected) in [
            (
                "refresh-interval=15",
                "f:1: http-server.authentication.jwt.jwks.refresh-interval is '15', which is not a duration",
            ),
            ("refresh-interval=10ms", "refresh-interval is 10ms, but must be from 1s to 365d"),
            ("unknown-kid-cooldown=0s", "unknown-kid-cooldown is 0s, but must be from 1s to 1d"),
            ("unknown-kid-wait=1m", "unknown-kid-wait is 1m, but must be from 0s to 10s"),
            (
                "max-stale=1m",
                "f:1: http-server.authentication.jwt.jwks.max-stale makes jwks.max-stale (1m) shorter than",
            ),
            (
                "refresh-interval=2d",
                "f:1: http-server.authentication.jwt.jwks.refresh-interval makes jwks.max-stale (1d)",
            ),
            ("fail-fast=yes", "fail-fast is 'yes', but must be true or false"),
            ("cache-file=", "cache-file is empty"),
        ] {
            let errors = read(text).1;
            assert!(errors.contains(expected) && errors.lines().count() == 1, "{text}: {errors}");
        }
    }
}

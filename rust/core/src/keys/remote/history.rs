// SPDX-License-Identifier: Apache-2.0
//! What became of key IDs lately. Shadow mode asks for it, to tell whether the built-in authenticator still has an older set.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;
use crate::keys::jwk_set::JwkSet;

/// Further changes displace the oldest ones.
const MAX_CHANGES: usize = 1000;

/// The built-in authenticator fetches every 15 minutes; a fetch takes up to a minute.
const WINDOW: Duration = Duration::from_secs(16 * 60);

/// What became of a key ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyChange {
    Added,
    Removed,
    /// Another key has the same ID now.
    Replaced,
}

#[derive(Debug, Default)]
pub(super) struct KeyHistory(VecDeque<(Box<str>, KeyChange, Moment)>);

impl KeyHistory {
    /// One set took the place of another.
    pub(super) fn record(&mut self, older: &JwkSet, newer: &JwkSet, now: Moment) {
        for (key_id, change) in newer.key_changes_since(older) {
            if self.0.len() == MAX_CHANGES {
                self.0.pop_front();
            }
            self.0.push_back((key_id.into(), change, now));
        }
    }

    /// True if one of these changes happened so lately that the built-in authenticator may not know it.
    pub(super) fn has(&self, key_id: &str, changes: &[KeyChange], now: Moment) -> bool {
        self.0
            .iter()
            .any(|(changed, change, at)| **changed == *key_id && changes.contains(change) && now - *at <= WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::jwk::Origin;

    fn set(names: &[(&str, &str)]) -> JwkSet {
        let keys: Vec<_> = names
            .iter()
            .map(|(name, x)| format!(r#"{{"kid":"{name}","kty":"OKP","crv":"Ed25519","x":"{x}"}}"#))
            .collect();
        JwkSet::read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes(), Origin::Fetched).unwrap().keys
    }

    #[test]
    fn a_change_is_recent_until_the_built_in_authenticator_must_know_it() {
        const A: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        const B: &str = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
        let now = Moment::now();
        let mut history = KeyHistory::default();
        history.record(&set(&[("old", A), ("same", A), ("re", A)]), &set(&[("new", A), ("same", A), ("re", B)]), now);
        for (name, change) in [("new", KeyChange::Added), ("old", KeyChange::Removed), ("re", KeyChange::Replaced)] {
            assert!(history.has(name, &[change], now + WINDOW), "{name}");
            assert!(!history.has(name, &[change], now + WINDOW + Duration::from_millis(1)), "{name}");
        }
        assert!(!history.has("new", &[KeyChange::Removed, KeyChange::Replaced], now));
        assert!(!history.has("same", &[KeyChange::Added, KeyChange::Removed, KeyChange::Replaced], now));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Which keys of a remote set are valid at a time: those of the last successful fetch until `max-stale`, and removed
//! ones for `removed-key-grace`. Decisions only, with time as an argument.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Moment, UnixMillis};
use crate::http::get::Validator;
use crate::keys::jwk_set::{JwkSet, RemovedKey};
use crate::keys::remote::schedule::Timing;

/// The number of removed keys that are kept, the latest ones, so that an issuer that keeps replacing all keys does not
/// fill the memory.
const MAX_RETIRED: usize = 1000;

/// A document that was fetched successfully.
#[derive(Clone, Debug)]
pub(crate) struct FetchedKeySet {
    pub(crate) keys: Arc<JwkSet>,
    /// The validator with which the next fetch asks whether the document has changed.
    pub(crate) validator: Option<Validator>,
    /// Its text, if there is a cache file.
    pub(crate) text: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct Current {
    good: FetchedKeySet,
    fetched_at: UnixMillis,
    ends: Moment,
}

#[derive(Clone, Debug)]
struct Retired {
    key: RemovedKey,
    ends: Moment,
}

/// What expired.
#[derive(Debug)]
pub(crate) enum Expiry {
    /// Removed keys.
    Retired(Vec<RemovedKey>),
    /// All keys, and when they were fetched.
    All { fetched_at: UnixMillis },
}

/// What a new document changed.
#[derive(Debug)]
pub(crate) struct Replacement {
    /// The keys of the previous document.
    pub(crate) older: Option<Arc<JwkSet>>,
    /// True if keys that it removed stay valid for a while.
    pub(crate) retires: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Keyring {
    max_stale: Duration,
    removed_key_grace: Duration,
    current: Option<Current>,
    /// The most recently removed first.
    retired: Vec<Retired>,
}

impl Keyring {
    pub(crate) fn new(timing: &Timing) -> Self {
        let Timing { max_stale, removed_key_grace, .. } = *timing;
        Self { max_stale, removed_key_grace, current: None, retired: Vec::new() }
    }

    /// Takes the document of a cache file, which was fetched `age` before `now`.
    pub(crate) fn restore(&mut self, good: FetchedKeySet, fetched_at: UnixMillis, age: Duration, now: Moment) {
        let ends = now + self.max_stale.saturating_sub(age);
        self.current = Some(Current { good, fetched_at, ends });
    }

    /// Takes the document of a fetch that has ended now.
    pub(crate) fn replace(&mut self, good: FetchedKeySet, now: Moment, wall_clock: UnixMillis) -> Replacement {
        self.end(now);
        let older = self.current.take().map(|current| current.good.keys);
        self.retired.retain(|retired| !good.keys.holds(&retired.key));
        let mut retires = false;
        if let Some(older) = older.as_ref().filter(|_| !self.removed_key_grace.is_zero()) {
            let ends = now + self.removed_key_grace;
            let removed = good.keys.removed_since(older).into_iter().map(|key| Retired { key, ends });
            let known = self.retired.len();
            self.retired.splice(0..0, removed);
            retires = self.retired.len() > known;
            self.retired.truncate(MAX_RETIRED);
        }
        self.current = Some(Current { good, fetched_at: wall_clock, ends: now + self.max_stale });
        Replacement { older, retires }
    }

    /// Takes the answer that the document has not changed; false if that document has expired.
    pub(crate) fn renew(&mut self, now: Moment, wall_clock: UnixMillis) -> bool {
        self.end(now);
        match &mut self.current {
            Some(current) => {
                current.fetched_at = wall_clock;
                current.ends = now + self.max_stale;
                true
            }
            None => false,
        }
    }

    /// Drops what has expired by now.
    pub(crate) fn end(&mut self, now: Moment) -> Option<Expiry> {
        if let Some(Current { fetched_at, .. }) = self.current.take_if(|current| current.ends <= now) {
            self.retired.clear();
            return Some(Expiry::All { fetched_at });
        }
        let ended: Vec<_> = self.retired.extract_if(.., |retired| retired.ends <= now).map(|ended| ended.key).collect();
        (!ended.is_empty()).then_some(Expiry::Retired(ended))
    }

    /// When [`Keyring::end`] must be called next.
    pub(crate) fn next_end(&self) -> Option<Moment> {
        let retired = self.retired.iter().map(|retired| retired.ends);
        retired.chain(self.current.iter().map(|current| current.ends)).min()
    }

    /// The valid keys.
    pub(crate) fn serving(&self) -> Option<Arc<JwkSet>> {
        let keys = &self.current.as_ref()?.good.keys;
        Some(match self.retired.is_empty() {
            true => Arc::clone(keys),
            false => Arc::new(keys.with_removed(self.retired.iter().map(|retired| &retired.key))),
        })
    }

    /// When all keys expire, unless a document comes before.
    pub(crate) fn ends(&self) -> Option<Moment> {
        self.current.as_ref().map(|current| current.ends)
    }

    /// The current document.
    pub(crate) fn good(&self) -> Option<&FetchedKeySet> {
        self.current.as_ref().map(|current| &current.good)
    }

    /// When the document was fetched, in wall-clock time.
    pub(crate) fn fetched_at(&self) -> Option<UnixMillis> {
        self.current.as_ref().map(|current| current.fetched_at)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::algorithm::Algorithm;
    use crate::keys::jwk::Origin;
    use crate::rejection::{Reason, Rejection};
    use crate::token::protected_header::ProtectedHeader;

    const GRACE: Duration = Duration::from_secs(600);
    const OLDER: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const NEWER: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;

    fn good(keys: &[String]) -> FetchedKeySet {
        let keys: Vec<_> = keys.iter().map(|key| format!("{{{key}}}")).collect();
        let document = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        let reading = JwkSet::read(document.as_bytes(), Origin::Fetched).unwrap();
        FetchedKeySet { keys: Arc::new(reading.keys), validator: None, text: None }
    }

    fn named(key_id: &str, key: &str) -> String {
        format!(r#""kid":"{key_id}",{key}"#)
    }

    /// The types of the keys that are tried for a kid.
    fn tried(keyring: &Keyring, key_id: &str, algorithm: Algorithm) -> Vec<String> {
        let (header, tried) = (ProtectedHeader::of(algorithm, Some(key_id)), RefCell::new(Vec::new()));
        let _ = keyring.serving().unwrap().verify_with(&header, |key| {
            tried.borrow_mut().push(key.describe());
            Err::<(), _>(Rejection::new(Reason::SignatureMismatch, ""))
        });
        tried.into_inner()
    }

    #[test]
    fn a_key_replaced_under_the_same_kid_is_tried_after_the_newer_one_and_ends() {
        let (now, wall) = (Moment::now(), UnixMillis(0));
        let mut keyring = Keyring::new(&Timing { removed_key_grace: GRACE, ..Timing::DEFAULT });
        assert!(!keyring.replace(good(&[named("a", OLDER)]), now, wall).retires);
        assert!(keyring.replace(good(&[named("a", NEWER)]), now, wall).retires);
        let header = ProtectedHeader::of(Algorithm::Es256, Some("a"));
        let order = RefCell::new(0);
        let newer_first = keyring.serving().unwrap().verify_with(&header, |key| {
            *order.borrow_mut() += 1;
            if key.describe() == "EC P-256" {
                Ok(*order.borrow())
            } else {
                Err(Rejection::new(Reason::SignatureMismatch, ""))
            }
        });
        assert_eq!(newer_first, Ok(1));
        assert_eq!(tried(&keyring, "a", Algorithm::EdDsa), ["Ed25519"]);
        // A second document without it does not extend its time.
        let later = now + GRACE / 2;
        assert!(!keyring.replace(good(&[named("a", NEWER)]), later, wall).retires);
        assert_eq!(keyring.next_end(), Some(now + GRACE));
        assert!(keyring.end(now + GRACE - Duration::from_nanos(1)).is_none());
        assert!(matches!(keyring.end(now + GRACE), Some(Expiry::Retired(keys)) if keys.len() == 1));
        assert_eq!(tried(&keyring, "a", Algorithm::EdDsa), ["EC P-256"], "one says why none fits");
    }

    #[test]
    fn a_key_that_comes_back_is_no_longer_retired() {
        let (now, wall) = (Moment::now(), UnixMillis(0));
        let mut keyring = Keyring::new(&Timing { removed_key_grace: GRACE, ..Timing::DEFAULT });
        let (both, one) = (good(&[named("a", OLDER), named("b", NEWER)]), good(&[named("b", NEWER)]));
        for good in [&both, &one, &both] {
            keyring.replace(good.clone(), now, wall);
        }
        assert_eq!(keyring.serving().unwrap().len(), 2);
        assert_eq!(keyring.next_end(), Some(now + Timing::DEFAULT.max_stale));
    }

    #[test]
    fn removed_keys_are_bounded_and_end_with_the_others() {
        let (now, wall) = (Moment::now(), UnixMillis(0));
        let mut keyring = Keyring::new(&Timing { removed_key_grace: GRACE * 1000, ..Timing::DEFAULT });
        let many = |begin: usize| (begin..begin + 600).map(|number| named(&format!("k{number}"), OLDER)).collect();
        for begin in [0, 600, 1200] {
            let keys: Vec<_> = many(begin);
            keyring.replace(good(&keys), now, wall);
        }
        assert_eq!(keyring.serving().unwrap().len(), 600 + MAX_RETIRED);
        assert_eq!(tried(&keyring, "k600", Algorithm::EdDsa).len(), 1, "the latest are kept");
        assert!(matches!(keyring.end(now + Timing::DEFAULT.max_stale), Some(Expiry::All { .. })));
        assert!(keyring.serving().is_none() && keyring.next_end().is_none());
    }
}

// SPDX-License-Identifier: Apache-2.0
//! A JWK Set: the document (RFC 7517, section 5), and the selection of a token's key.

use std::collections::HashMap;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::http::document::{self, Excerpts, Wanted, without_byte_order_mark};
use crate::json::{JsonError, split_array};
use crate::keys::KeyChange;
use crate::keys::error::KeyError;
use crate::keys::jwk::{self, Jwk, Origin, SkippedJwk};
use crate::keys::offered::{OfferedKey, UnusedKey};
use crate::keys::verifying_key::VerifyingKey;
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};
use crate::token::protected_header::ProtectedHeader;

/// The largest document that is accepted.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;
/// Log lines about unused keys, for one document.
pub(crate) const MAX_SKIPPED_LINES: usize = 20;
/// The largest number of keys in a document.
const MAX_KEYS: usize = 10_000;
/// Keys with the same `kid` or thumbprint, which are tried in turn: a bad signature costs a verification with each.
const MAX_KEYS_OF_ONE_ID: usize = 16;

/// The keys of one document. It is immutable and only replaced as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct JwkSet {
    /// By `kid`, in the order of the document.
    by_id: HashMap<Box<str>, Vec<Entry>>,
    /// Keys without a `kid`, for tokens without one.
    without_id: Vec<Entry>,
    /// The same keys by the SHA-1 or SHA-256 digest of their certificate, if it is known.
    by_thumbprint: HashMap<Box<[u8]>, Vec<Entry>>,
    /// For each algorithm that fits exactly one key of the set: that key, and removed keys that are still used.
    only_for: Vec<(Algorithm, Vec<Entry>)>,
    /// The first unused keys, to explain why their tokens are rejected.
    unused: Arc<[UnusedKey]>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// Shared, since later sets may keep a removed key for a while.
    key: Arc<VerifyingKey>,
    fingerprint: u64,
}

/// The content of a document.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) keys: JwkSet,
    /// A log line for each unused key, with the reason.
    pub(crate) skipped: Vec<String>,
}

impl Reading {
    /// The keys, if there are any. An empty set is an error: no issuer means to lock out all users.
    pub(crate) fn usable(self) -> Result<JwkSet, KeyError> {
        match self.skipped.len() {
            _ if !self.keys.is_empty() => Ok(self.keys),
            0 => Err(KeyError("the JWK Set is empty".to_owned())),
            1 => Err(KeyError("the only key of the JWK Set cannot be used".to_owned())),
            unused => Err(KeyError(format!("none of the {unused} keys of the JWK Set can be used"))),
        }
    }
}

/// True if the text is meant as a JWK Set. A JSON object without `keys` may be one JWK.
pub(crate) fn is_set(text: &str) -> bool {
    let document = without_byte_order_mark(text.as_bytes());
    jwk::is_json(text) && !matches!(split_array(document, "keys", usize::MAX), Ok(None))
}

impl JwkSet {
    /// Reads a document. An unusable key is skipped and reported; the others are used.
    pub(crate) fn read(document: &[u8], origin: Origin) -> Result<Reading, KeyError> {
        Self::read_with(document, origin, Excerpts::Hidden)
    }

    /// As [`JwkSet::read`]; `excerpts` says whether the error may quote a document that is not a JWK Set.
    pub(crate) fn read_with(document: &[u8], origin: Origin, excerpts: Excerpts) -> Result<Reading, KeyError> {
        if document.len() > MAX_DOCUMENT_BYTES {
            return Err(KeyError(format!("the JWK Set is larger than {MAX_DOCUMENT_BYTES} bytes")));
        }
        let mismatch = |error: Option<&JsonError>| {
            let wanted = if origin == Origin::Fetched { Wanted::JwkSet } else { Wanted::JwkOrSet };
            KeyError(format!("the document {}", document::describe_mismatch(document, wanted, error, excerpts)))
        };
        let elements = split_array(without_byte_order_mark(document), "keys", MAX_KEYS);
        let elements = elements.map_err(|error| mismatch(Some(&error)))?.ok_or_else(|| mismatch(None))?;
        let mut keys = Self::default();
        let mut skipped = Vec::new();
        let mut unused = Vec::new();
        for (index, element) in elements.into_iter().enumerate() {
            if let Err(key) = Jwk::read(element, origin).and_then(|jwk| keys.add(jwk)) {
                if unused.len() < MAX_SKIPPED_LINES {
                    unused
                        .push(UnusedKey { key_id: key.key_id.as_deref().map(str::to_owned), why: key.why.to_string() });
                }
                skipped.push(key.in_set(index + 1));
            }
        }
        keys.only_for = keys.sole_keys();
        keys.unused = unused.into();
        Ok(Reading { keys, skipped })
    }

    fn add(&mut self, jwk: Jwk) -> Result<(), SkippedJwk> {
        let Jwk { key_id, key, fingerprint, thumbprints } = jwk;
        let entry = Entry { key: Arc::new(key), fingerprint };
        let keys = match &key_id {
            Some(key_id) => self.by_id.entry(key_id.clone()).or_default(),
            None => &mut self.without_id,
        };
        if key_id.is_some() && keys.len() == MAX_KEYS_OF_ONE_ID {
            let why = KeyError(format!("{MAX_KEYS_OF_ONE_ID} earlier keys have the same kid"));
            return Err(SkippedJwk { key_id, why });
        }
        keys.push(entry.clone());
        for thumbprint in thumbprints {
            let keys = self.by_thumbprint.entry(thumbprint).or_default();
            if keys.len() < MAX_KEYS_OF_ONE_ID {
                keys.push(entry.clone());
            }
        }
        Ok(())
    }

    /// Each algorithm that fits exactly one key, with that key.
    fn sole_keys(&self) -> Vec<(Algorithm, Vec<Entry>)> {
        let keys = || self.by_id.values().flatten().chain(&self.without_id);
        let sole = |algorithm: &Algorithm| {
            let mut fitting = keys().filter(|entry| entry.key.serves(*algorithm));
            match (fitting.next(), fitting.next()) {
                (Some(entry), None) => Some((*algorithm, vec![entry.clone()])),
                _ => None,
            }
        };
        Algorithm::ALL.iter().filter_map(sole).collect()
    }

    /// Passes each key to `show`, ordered by `kid`.
    pub(crate) fn for_each_key(&self, show: &mut dyn FnMut(OfferedKey<'_>)) {
        let mut named: Vec<_> = self.by_id.iter().collect();
        named.sort_unstable_by_key(|(key_id, _)| *key_id);
        let named =
            named.into_iter().flat_map(|(key_id, entries)| entries.iter().map(move |entry| (Some(&**key_id), entry)));
        for (key_id, entry) in named.chain(self.without_id.iter().map(|entry| (None, entry))) {
            show(OfferedKey { key_id, key: &entry.key });
        }
    }

    /// The first unused keys.
    pub(crate) fn unused(&self) -> &[UnusedKey] {
        &self.unused
    }

    /// The number of keys, including those without `kid`.
    pub(crate) fn len(&self) -> usize {
        self.by_id.values().map(Vec::len).sum::<usize>() + self.without_id.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.without_id.is_empty()
    }

    /// Calls `verify` with the keys that the token's header selects, until one succeeds: those of its `kid`; without
    /// one, those of its certificate thumbprint; without either, the only key that fits its algorithm. The selection
    /// takes constant time and no lock, and allocates nothing.
    pub(crate) fn verify_with<T>(
        &self,
        header: &ProtectedHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let named = match (header.key_id.as_deref(), &header.thumbprint) {
            (Some(key_id), _) => self.by_id.get(key_id),
            // Without certificates in the set, a thumbprint cannot select a key.
            (None, Some(thumbprint)) if !self.by_thumbprint.is_empty() => self.by_thumbprint.get(thumbprint.as_bytes()),
            (None, _) => match self.only_for.iter().find(|(algorithm, _)| *algorithm == header.algorithm) {
                Some((_, keys)) => Some(keys),
                None => return Err(Rejection::new(Reason::KeyIdRequired, "Key ID is required")),
            },
        };
        let Some([first, others @ ..]) = named.map(Vec::as_slice) else {
            return Err(Rejection::new(Reason::UnknownKeyId, "Unknown signing key ID"));
        };
        if others.is_empty() {
            return verify(&first.key);
        }
        let mut rejection = None;
        for entry in [first].into_iter().chain(others).filter(|entry| entry.key.serves(header.algorithm)) {
            match verify(&entry.key) {
                Ok(verified) => return Ok(verified),
                Err(why) => rejection = Some(why),
            }
        }
        match rejection {
            Some(rejection) => Err(rejection),
            None => verify(&first.key),
        }
    }

    /// True if both sets give the same verdict for every token: the same keys under the same names. Unlike
    /// [`JwkSet::changes_since`], it compares the keys themselves and the thumbprints.
    pub(crate) fn is_same(&self, other: &JwkSet) -> bool {
        let are_same = |these: &[Entry], those: &[Entry]| {
            these.len() == those.len()
                && these
                    .iter()
                    .zip(those)
                    .all(|(this, that)| Arc::ptr_eq(&this.key, &that.key) || this.key.is_same(&that.key))
        };
        self.by_id.len() == other.by_id.len()
            && self.by_thumbprint.len() == other.by_thumbprint.len()
            && self.only_for.len() == other.only_for.len()
            && are_same(&self.without_id, &other.without_id)
            && self.by_id.iter().all(|(id, keys)| other.by_id.get(id).is_some_and(|others| are_same(keys, others)))
            && self.by_thumbprint.iter().all(|(thumbprint, keys)| {
                other.by_thumbprint.get(thumbprint).is_some_and(|others| are_same(keys, others))
            })
            && self
                .only_for
                .iter()
                .zip(&other.only_for)
                .all(|((algorithm, keys), (other, others))| algorithm == other && are_same(keys, others))
    }

    /// The keys in words: their number, and the first of them.
    pub(crate) fn describe(&self) -> String {
        let mut named: Vec<_> = self.by_id.iter().collect();
        named.sort_unstable_by_key(|(key_id, _)| *key_id);
        let named = named.into_iter().flat_map(|(key_id, entries)| {
            entries.iter().map(move |entry| format!("'{}' ({})", quoted(key_id), entry.key.describe()))
        });
        let nameless = self.without_id.iter().map(|entry| format!("one without kid ({})", entry.key.describe()));
        format!("{}: {}", counted(self.len()), enumerated(named.chain(nameless)))
    }

    /// The changes since `older`, in words; `None` if the keys are the same.
    pub(crate) fn changes_since(&self, older: &JwkSet) -> Option<String> {
        let changes = [
            ("added", self.key_ids(|key_id, _| !older.by_id.contains_key(key_id))),
            ("removed", older.key_ids(|key_id, _| !self.by_id.contains_key(key_id))),
            (
                "replaced under the same kid",
                self.key_ids(|key_id, entries| older.by_id.get(key_id).is_some_and(|old| !same_keys(entries, old))),
            ),
        ];
        let mut news: Vec<String> = changes
            .into_iter()
            .filter(|(_, key_ids)| !key_ids.is_empty())
            .map(|(what, key_ids)| {
                format!("{what} {}", enumerated(key_ids.iter().map(|id| format!("'{}'", quoted(id)))))
            })
            .collect();
        if !same_keys(&self.without_id, &older.without_id) {
            news.push("the keys without kid are different".to_owned());
        }
        (!news.is_empty()).then(|| news.join("; "))
    }

    /// What became of each key ID since `older`.
    pub(crate) fn key_changes_since<'k>(&'k self, older: &'k JwkSet) -> Vec<(&'k str, KeyChange)> {
        let changes = [
            (KeyChange::Added, self.key_ids(|key_id, _| !older.by_id.contains_key(key_id))),
            (KeyChange::Removed, older.key_ids(|key_id, _| !self.by_id.contains_key(key_id))),
            (
                KeyChange::Replaced,
                self.key_ids(|key_id, keys| older.by_id.get(key_id).is_some_and(|old| !same_keys(keys, old))),
            ),
        ];
        changes
            .into_iter()
            .flat_map(|(change, key_ids)| key_ids.into_iter().map(move |key_id| (key_id, change)))
            .collect()
    }

    /// True if a key has this ID.
    pub(crate) fn has_key_id(&self, key_id: &str) -> bool {
        self.by_id.contains_key(key_id)
    }

    /// True if certificates of keys are known.
    pub(crate) fn has_thumbprints(&self) -> bool {
        !self.by_thumbprint.is_empty()
    }

    /// True if two keys have one ID.
    pub(crate) fn has_shared_key_id(&self) -> bool {
        self.by_id.values().any(|keys| keys.len() > 1)
    }

    fn key_ids(&self, pick: impl Fn(&str, &[Entry]) -> bool) -> Vec<&str> {
        let mut key_ids: Vec<_> =
            self.by_id.iter().filter(|(key_id, entries)| pick(key_id, entries)).map(|(key_id, _)| &**key_id).collect();
        key_ids.sort_unstable();
        key_ids
    }

    /// The keys of `older` that this set lacks. A key that was replaced under the same `kid` is one of them.
    pub(crate) fn removed_since(&self, older: &JwkSet) -> Vec<RemovedKey> {
        let thumbprints = |of: &Entry| {
            let known = older.by_thumbprint.iter();
            known
                .filter(|(_, entries)| entries.iter().any(|entry| entry.fingerprint == of.fingerprint))
                .map(|(thumbprint, _)| thumbprint.clone())
                .collect()
        };
        let named =
            older.by_id.iter().flat_map(|(key_id, entries)| entries.iter().map(move |entry| (Some(key_id), entry)));
        named
            .chain(older.without_id.iter().map(|entry| (None, entry)))
            .filter(|(key_id, entry)| !self.has(key_id.map(AsRef::as_ref), entry))
            .map(|(key_id, entry)| RemovedKey {
                key_id: key_id.cloned(),
                entry: entry.clone(),
                thumbprints: thumbprints(entry),
            })
            .collect()
    }

    /// True if this set contains the key, under the same `kid`.
    pub(crate) fn holds(&self, key: &RemovedKey) -> bool {
        self.has(key.key_id.as_deref(), &key.entry)
    }

    fn has(&self, key_id: Option<&str>, key: &Entry) -> bool {
        let entries = match key_id {
            Some(key_id) => self.by_id.get(key_id).map_or(&[][..], Vec::as_slice),
            None => &self.without_id,
        };
        entries.iter().any(|entry| entry.fingerprint == key.fingerprint)
    }

    /// This set with removed keys, each of which is tried after the set's own keys of the same name.
    pub(crate) fn with_removed<'k>(&self, removed: impl IntoIterator<Item = &'k RemovedKey>) -> JwkSet {
        let mut keys = self.clone();
        for RemovedKey { key_id, entry, thumbprints } in removed {
            let add = |entries: &mut Vec<Entry>| {
                if entries.len() < MAX_KEYS_OF_ONE_ID {
                    entries.push(entry.clone());
                }
            };
            match key_id {
                Some(key_id) => add(keys.by_id.entry(key_id.clone()).or_default()),
                None => keys.without_id.push(entry.clone()),
            }
            // If the set has no thumbprints, removed keys do not add any.
            for thumbprint in thumbprints.iter().filter(|_| !self.by_thumbprint.is_empty()) {
                add(keys.by_thumbprint.entry(thumbprint.clone()).or_default());
            }
            let served = keys.only_for.iter_mut().filter(|(algorithm, _)| entry.key.serves(*algorithm));
            served.for_each(|(_, entries)| add(entries));
        }
        keys
    }
}

/// A key that a later document no longer contains.
#[derive(Clone, Debug)]
pub(crate) struct RemovedKey {
    key_id: Option<Box<str>>,
    entry: Entry,
    thumbprints: Vec<Box<[u8]>>,
}

impl RemovedKey {
    /// The names of the keys, for the log.
    pub(crate) fn describe(keys: &[RemovedKey]) -> String {
        let mut names: Vec<_> = keys
            .iter()
            .map(|key| match &key.key_id {
                Some(key_id) => format!("'{}' ({})", quoted(key_id), key.entry.key.describe()),
                None => format!("one without kid ({})", key.entry.key.describe()),
            })
            .collect();
        names.sort_unstable();
        enumerated(names.into_iter())
    }
}

fn same_keys(these: &[Entry], those: &[Entry]) -> bool {
    let fingerprints = |entries: &[Entry]| {
        let mut fingerprints: Vec<_> = entries.iter().map(|entry| entry.fingerprint).collect();
        fingerprints.sort_unstable();
        fingerprints
    };
    fingerprints(these) == fingerprints(those)
}

fn counted(keys: usize) -> String {
    if keys == 1 { "1 key".to_owned() } else { format!("{keys} keys") }
}

/// A list for a message; long lists are truncated.
fn enumerated(mut items: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 10;
    let mut list = items.by_ref().take(SHOWN).collect::<Vec<_>>().join(", ");
    match items.count() {
        0 => {}
        more => list.push_str(&format!(" and {more} more")),
    }
    list
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::token::protected_header::CertificateThumbprint;

    const P256: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const OTHER_ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik""#;

    fn read(keys: &[&str]) -> Reading {
        let keys: Vec<_> = keys.iter().map(|key| format!("{{{key}}}")).collect();
        JwkSet::read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes(), Origin::Fetched).unwrap()
    }

    fn set(keys: &[(&str, &str)]) -> JwkSet {
        let keys: Vec<_> = keys.iter().map(|(key_id, key)| format!(r#""kid":"{key_id}",{key}"#)).collect();
        let reading = read(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(reading.skipped, [""; 0]);
        reading.keys
    }

    fn header(algorithm: Algorithm, key_id: Option<&str>) -> ProtectedHeader<'_> {
        ProtectedHeader::of(algorithm, key_id)
    }

    fn mismatch() -> Rejection {
        Rejection::new(Reason::SignatureMismatch, "no")
    }

    /// The types of the keys that are tried for a header; none of them verifies.
    fn tried(keys: &JwkSet, header: &ProtectedHeader<'_>) -> (Vec<String>, Reason) {
        let tried = RefCell::new(Vec::new());
        let reject = keys.verify_with(header, |key| {
            tried.borrow_mut().push(key.describe());
            Err::<(), _>(mismatch())
        });
        (tried.into_inner(), reject.unwrap_err().code())
    }

    #[test]
    fn an_unusable_key_is_skipped_and_reported() {
        let reading = read(&[
            &format!(r#""kid":"a",{P256}"#),
            &format!(r#""kid":"b\u202e\n","use":"enc",{P256}"#),
            r#""kty":"RSA""#,
            r#""kid":"d","kid":"d""#,
            &format!(r#""kid":"e",{ED25519}"#),
        ]);
        assert_eq!(reading.keys.len(), 2);
        assert_eq!(
            reading.skipped,
            [
                "the key 'b\\u{202e}\\u{a}' is not used: its use is 'enc', not 'sig'",
                "key number 3 of the set, without kid, is not used: it has no n",
                "the key 'd' is not used: it contains a duplicate member",
            ]
        );
    }

    #[test]
    fn a_document_that_is_not_a_set_is_an_error() {
        for (document, reason) in [
            ("", "empty"),
            ("<html>", "an HTML page"),
            ("[]", "an empty JSON list"),
            (r#"{"keys":[]"#, "JSON that is cut off"),
            (r#"{"keys":[]}{}"#, "JSON with more text after it"),
            (r#"{"keys":{}}"#, "a JSON object whose 'keys' is an object where a list is expected,"),
            (r#"{"keys":null}"#, "a JSON object whose 'keys' is null where a list is expected,"),
            (r#"{"error":"x"}"#, "an error reply instead"),
            (r#"{"keys":[],"keys":[]}"#, "a JSON object that contains 'keys' twice,"),
        ] {
            let error = JwkSet::read(document.as_bytes(), Origin::Fetched).unwrap_err().0;
            assert!(error.starts_with(&format!("the document is {reason}")), "{document}: {error}");
            assert!(error.contains(" instead of a JWK Set (RFC 7517)"), "{error}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        let document = format!("\u{feff}{{\"keys\":[{{{P256}}}]}}");
        assert!(is_set(&document));
        for origin in [Origin::Fetched, Origin::LocalFile, Origin::Configuration] {
            assert_eq!(JwkSet::read(document.as_bytes(), origin).unwrap().keys.len(), 1);
        }
        let twice = format!("\u{feff}{document}");
        assert!(JwkSet::read(twice.as_bytes(), Origin::Fetched).is_err(), "one of them");
    }

    #[test]
    fn documents_and_sets_have_a_limit() {
        let mut document = br#"{"keys":[]}"#.to_vec();
        document.resize(MAX_DOCUMENT_BYTES, b' ');
        assert!(JwkSet::read(&document, Origin::Fetched).is_ok());
        document.push(b' ');
        let error = JwkSet::read(&document, Origin::Fetched).unwrap_err().0;
        assert_eq!(error, "the JWK Set is larger than 1048576 bytes");
        let of = |count| {
            JwkSet::read(format!(r#"{{"keys":[{}{{}}]}}"#, "{},".repeat(count - 1)).as_bytes(), Origin::Fetched)
        };
        assert_eq!(of(MAX_KEYS).unwrap().skipped.len(), MAX_KEYS);
        let error = of(MAX_KEYS + 1).unwrap_err().0;
        assert_eq!(error, "the document is a JWK Set that is not accepted: 'keys' has more than 10000 elements");
    }

    #[test]
    fn an_empty_set_is_not_usable() {
        assert_eq!(read(&[]).usable().unwrap_err().0, "the JWK Set is empty");
        assert_eq!(read(&["", ""]).usable().unwrap_err().0, "none of the 2 keys of the JWK Set can be used");
        assert!(read(&["", P256]).usable().is_ok());
    }

    #[test]
    fn a_token_names_its_key() {
        let reading = read(&[&format!(r#""kid":"a",{P256}"#), ED25519, OTHER_ED25519]);
        assert_eq!(
            tried(&reading.keys, &header(Algorithm::Es256, Some("a"))),
            (vec!["EC P-256".into()], Reason::SignatureMismatch)
        );
        for (key_id, code, message) in [
            (None, Reason::KeyIdRequired, "Key ID is required"),
            (Some("b"), Reason::UnknownKeyId, "Unknown signing key ID"),
            (Some("A"), Reason::UnknownKeyId, "Unknown signing key ID"),
        ] {
            let reject = reading.keys.verify_with(&header(Algorithm::EdDsa, key_id), |_| Ok(())).unwrap_err();
            assert_eq!((reject.code(), reject.message()), (code, message));
        }
    }

    #[test]
    fn a_token_without_kid_gets_the_only_key_that_fits_its_algorithm() {
        let keys = set(&[("a", ED25519), ("b", P256)]);
        assert_eq!(tried(&keys, &header(Algorithm::EdDsa, None)).0, ["Ed25519"]);
        assert_eq!(tried(&keys, &header(Algorithm::Es256, None)).0, ["EC P-256"]);
        let reading = read(&[&format!(r#""kid":"a",{ED25519}"#), OTHER_ED25519, P256]);
        assert_eq!(tried(&reading.keys, &header(Algorithm::EdDsa, None)), (vec![], Reason::KeyIdRequired));
        assert_eq!(tried(&reading.keys, &header(Algorithm::Es256, None)).0, ["EC P-256"]);
        assert_eq!(tried(&reading.keys, &header(Algorithm::Rs256, None)).0, [""; 0]);
        assert_eq!(tried(&reading.keys, &header(Algorithm::Es256, Some("x"))).1, Reason::UnknownKeyId);
    }

    #[test]
    fn a_thumbprint_selects_a_key_if_there_is_no_kid() {
        // The digests of "certificate", one of them as a member.
        let with_chain = format!(r#""kid":"a","x5c":["Y2VydGlmaWNhdGU=","AA=="],{ED25519}"#);
        let digest_text = URL_SAFE_NO_PAD.encode([7; 20]);
        let with_digest = format!(r#""kid":"b","x5t":"{digest_text}",{OTHER_ED25519}"#);
        let reading = read(&[&with_chain, &with_digest, &format!(r#""kid":"c","x5t":1,"x5c":"?",{P256}"#)]);
        assert_eq!(reading.skipped, [""; 0], "a wrong certificate does not make a key unusable");
        let serve = |algorithm, key_id: Option<&'static str>, thumbprint| {
            tried(&reading.keys, &ProtectedHeader { thumbprint: Some(thumbprint), ..header(algorithm, key_id) })
        };
        let sha1 = |bytes: &[u8]| {
            CertificateThumbprint::Sha1(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().try_into().unwrap())
        };
        let sha256 = CertificateThumbprint::Sha256(digest(&SHA256, b"certificate").as_ref().try_into().unwrap());
        for thumbprint in [sha1(b"certificate"), sha256, CertificateThumbprint::Sha1([7; 20])] {
            assert_eq!(serve(Algorithm::EdDsa, None, thumbprint).0, ["Ed25519"]);
        }
        assert_eq!(serve(Algorithm::EdDsa, None, sha1(b"")), (vec![], Reason::UnknownKeyId));
        assert_eq!(serve(Algorithm::EdDsa, Some("c"), sha256).0, ["EC P-256"], "kid takes precedence");
        let without_certificates = set(&[("a", ED25519)]);
        let header = ProtectedHeader { thumbprint: Some(sha256), ..header(Algorithm::EdDsa, None) };
        assert_eq!(tried(&without_certificates, &header).0, ["Ed25519"]);
    }

    #[test]
    fn keys_of_one_name_are_tried_in_turn() {
        let keys = set(&[("a", ED25519), ("a", P256), ("a", OTHER_ED25519), ("b", P256)]);
        assert_eq!(keys.len(), 4);
        let (ed25519, p256) = ("Ed25519".to_owned(), "EC P-256".to_owned());
        assert_eq!(tried(&keys, &header(Algorithm::EdDsa, Some("a"))).0, [ed25519.clone(), ed25519.clone()]);
        assert_eq!(tried(&keys, &header(Algorithm::Es256, Some("a"))).0, [p256]);
        assert_eq!(tried(&keys, &header(Algorithm::Rs256, Some("a"))).0, [ed25519], "one gives the reason");
        let calls = RefCell::new(0);
        let second = keys.verify_with(&header(Algorithm::EdDsa, Some("a")), |_| {
            *calls.borrow_mut() += 1;
            if *calls.borrow() == 2 { Ok("second") } else { Err(mismatch()) }
        });
        assert_eq!(second, Ok("second"));
    }

    #[test]
    fn too_many_keys_of_one_name_are_not_tried() {
        let key = format!(r#""kid":"a",{ED25519}"#);
        let reading = read(&vec![key.as_str(); MAX_KEYS_OF_ONE_ID + 1]);
        assert_eq!(reading.keys.len(), MAX_KEYS_OF_ONE_ID);
        assert_eq!(reading.skipped, ["the key 'a' is not used: 16 earlier keys have the same kid"]);
    }

    #[test]
    fn changes_are_reported_by_name() {
        let older = set(&[("a", P256), ("b", ED25519), ("c", ED25519)]);
        assert_eq!(set(&[("c", ED25519), ("b", ED25519), ("a", P256)]).changes_since(&older), None);
        let newer = set(&[("a", P256), ("c", OTHER_ED25519), ("e", P256), ("d", P256)]);
        assert_eq!(
            newer.changes_since(&older).unwrap(),
            "added 'd', 'e'; removed 'b'; replaced under the same kid 'c'"
        );
        assert_eq!(
            read(&[P256]).keys.changes_since(&read(&[ED25519]).keys).unwrap(),
            "the keys without kid are different"
        );
        assert_eq!(newer.describe(), "4 keys: 'a' (EC P-256), 'c' (Ed25519), 'd' (EC P-256), 'e' (EC P-256)");
    }

    #[test]
    fn descriptions_of_large_sets_are_cut() {
        let names: Vec<_> = (0..50).map(|number| format!("k{number:02}")).collect();
        let keys = set(&names.iter().map(|name| (name.as_str(), ED25519)).collect::<Vec<_>>());
        let text = keys.describe();
        assert!(
            text.starts_with("50 keys: 'k00' (Ed25519), ") && text.ends_with("'k09' (Ed25519) and 40 more"),
            "{text}"
        );
    }
}

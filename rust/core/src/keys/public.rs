// SPDX-License-Identifier: Apache-2.0
//! Public keys for the command that publishes them.

use crate::algorithm::Algorithm;
use crate::http::document;
use crate::json::split_array;
use crate::keys::error::KeyError;
use crate::keys::jwk::{self, Jwk, Origin, SkippedJwk};
use crate::keys::jwk_set::{self, JwkSet};
use crate::keys::verifying_key::{PublicKeyParameters, VerifyingKey};
use crate::keys::{file, forms, pem};

/// A public key that a coordinator would use, and its `kid`.
#[derive(Debug)]
pub struct PublicKey {
    /// `kid` of its JWK.
    pub key_id: Option<String>,
    key: VerifyingKey,
}

impl PublicKey {
    /// The public key parameters.
    ///
    /// # Errors
    /// The key is a shared secret, which [`public_keys`] never gives.
    pub fn public_key_parameters(&self) -> Result<PublicKeyParameters<'_>, KeyError> {
        self.key
            .public_key_parameters()
            .ok_or_else(|| KeyError("it is a shared secret (kty oct), which must never be published".to_owned()))
    }

    /// The only algorithm that the key may be used with, if its JWK has an `alg`.
    #[must_use]
    pub fn bound_to(&self) -> Option<Algorithm> {
        self.key.bound_to()
    }
}

/// The public keys of one document.
#[derive(Debug)]
pub struct PublicKeys {
    /// The keys that a coordinator would use, in the order of the document; at least one.
    pub keys: Vec<PublicKey>,
    /// Notes about the other keys, and about which of several PEM sections is used, to follow the document's name.
    pub notes: Vec<String>,
}

/// Reads a PEM public key or certificate, a JWK or a JWK Set, as a coordinator does: an unusable key of a set is
/// skipped. A shared secret is never returned.
///
/// # Errors
/// Why the document has no public key.
pub fn public_keys(text: &str) -> Result<PublicKeys, KeyError> {
    if !jwk::is_json(text) {
        if !pem::is_pem(text) {
            return Err(match forms::recognise(text.as_bytes()) {
                Some(what) => KeyError(format!("the file {what}")),
                None => KeyError(
                    "is not a PEM text, a JWK or a JWK Set; if it is a shared secret, it must never be published"
                        .to_owned(),
                ),
            });
        }
        let (key, notes) = pem::public_key(text)?;
        let keys = vec![PublicKey { key_id: None, key }];
        return Ok(PublicKeys { keys, notes: notes.into_iter().map(|note| note.text).collect() });
    }
    if !jwk_set::is_set(text) {
        let key = file::single_jwk(text, Origin::LocalFile).and_then(public_key).map_err(SkippedJwk::alone)?;
        return Ok(PublicKeys { keys: vec![key], notes: Vec::new() });
    }
    // Read as the coordinator does first, for the same error messages.
    JwkSet::read(text.as_bytes(), Origin::LocalFile)?;
    let document = document::without_byte_order_mark(text.as_bytes());
    let elements = split_array(document, "keys", usize::MAX).ok().flatten().unwrap_or_default();
    let mut keys = Vec::new();
    let mut notes = Vec::new();
    for (element, number) in elements.into_iter().zip(1..) {
        match Jwk::read(element, Origin::LocalFile).and_then(public_key) {
            Ok(key) => keys.push(key),
            Err(skipped) => notes.push(skipped.in_set(number)),
        }
    }
    match keys.is_empty() {
        false => Ok(PublicKeys { keys, notes }),
        true if notes.is_empty() => Err(KeyError("the JWK Set is empty".to_owned())),
        true => Err(KeyError(format!("none of the keys of the JWK Set can be published: {}", notes.join("; ")))),
    }
}

fn public_key(jwk: Jwk) -> Result<PublicKey, SkippedJwk> {
    let key = PublicKey { key_id: jwk.key_id.map(String::from), key: jwk.key };
    match key.public_key_parameters() {
        Ok(_) => Ok(key),
        Err(why) => Err(SkippedJwk { key_id: key.key_id.map(String::into_boxed_str), why }),
    }
}

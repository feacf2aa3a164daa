//! Public keys for a command that publishes them.

use super::jwk::{self, Jwk, Origin};
use super::{jwks, pem};
use crate::json::{JsonError, split_array};
use crate::reject::quoted;
use crate::signature::{Algorithm, KeyError, PublicNumbers, VerifyingKey};

/// A public key that a coordinator would use, and the name it has.
#[derive(Debug)]
pub struct PublicKey {
    /// `kid` of its JWK.
    pub key_id: Option<String>,
    key: VerifyingKey,
}

impl PublicKey {
    /// The numbers that make the key.
    ///
    /// # Errors
    /// The key is a shared secret, which [`public_keys`] never gives.
    pub fn numbers(&self) -> Result<PublicNumbers<'_>, KeyError> {
        self.key
            .public_numbers()
            .ok_or_else(|| KeyError("the JWK is a shared secret (kty oct), which must never be published".to_owned()))
    }

    /// The only algorithm that the key may serve, if its JWK says so.
    #[must_use]
    pub fn bound_to(&self) -> Option<Algorithm> {
        self.key.bound_to()
    }
}

/// Reads a PEM public key or certificate, a JWK or a JWK set. Other than in a coordinator, where one bad key of a set costs
/// only itself, each of them must be good.
///
/// # Errors
/// Which key cannot be published or used, and why.
pub fn public_keys(text: &str) -> Result<Vec<PublicKey>, KeyError> {
    if !jwk::is_json(text) {
        if !pem::is_pem(text) {
            return Err(KeyError(
                "is no PEM, JWK or JWK set; if it is a shared secret, that must never be published".to_owned(),
            ));
        }
        return pem::public_key(text).map(|key| vec![PublicKey { key_id: None, key }]);
    }
    if !jwks::is_set(text) {
        return public_key(text).map(|key| vec![key]);
    }
    let elements = split_array(text.as_bytes(), "keys", usize::MAX).map_err(|error| match error {
        JsonError::DuplicateMember => KeyError("the JWK set names a member twice".to_owned()),
        JsonError::Malformed(why) => KeyError(format!("is no JWK set: {why}")),
    })?;
    let elements = elements.unwrap_or_default().into_iter().enumerate();
    elements
        .map(|(index, element)| {
            public_key(element).map_err(|why| KeyError(format!("key number {} of the set: {why}", index + 1)))
        })
        .collect()
}

fn public_key(text: &str) -> Result<PublicKey, KeyError> {
    let Jwk { key_id, key, .. } = Jwk::read(text, Origin::LocalFile).map_err(|skipped| match skipped.key_id {
        Some(key_id) => KeyError(format!("the JWK '{}' cannot be used: {}", quoted(&key_id), skipped.why)),
        None => KeyError(format!("the JWK cannot be used: {}", skipped.why)),
    })?;
    let key = PublicKey { key_id: key_id.map(String::from), key };
    key.numbers()?;
    Ok(key)
}

// SPDX-License-Identifier: Apache-2.0
//! Verifies a signature and no claims, for a command that gets a key and a token.

use crate::algorithm::Algorithm;
use crate::events::Events;
use crate::keys::KeySource;
use crate::keys::error::KeyError;
use crate::keys::offered::{OfferedKey, UnusedKey};
use crate::keys::verifying_key::VerifyingKey;
use crate::rejection::Rejection;
use crate::signature;
use crate::token::CompactJws;

/// Verifies signatures and nothing else. It authenticates no user.
pub struct SignatureVerifier {
    keys: KeySource,
    events: Events,
}

/// A payload with a valid signature. Its claims are not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPayload {
    /// The decoded payload.
    pub payload: Vec<u8>,
    /// `alg` of the header.
    pub algorithm: Algorithm,
    /// `kid` of the header, if there is one.
    pub key_id: Option<String>,
}

impl SignatureVerifier {
    /// Reads a file with one or more keys, in every form that `key-file` accepts for a file.
    ///
    /// # Errors
    /// Why the file has no usable key.
    pub fn open(key_file: &str) -> Result<Self, KeyError> {
        let events = Events::default();
        let keys = KeySource::open_file(key_file, &events).map_err(|error| KeyError(error.to_string()))?;
        Ok(Self { keys, events })
    }

    /// Log lines about the keys of a JWK Set that are not used.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Calls `show` for each key.
    pub fn for_each_key(&self, mut show: impl FnMut(OfferedKey<'_>)) {
        self.keys.for_each_key(&mut show);
    }

    /// The keys of a JWK Set that are not used, at most twenty.
    #[must_use]
    pub fn unused_keys(&self) -> Vec<UnusedKey> {
        self.keys.unused_keys()
    }

    /// Verifies the signature of a token of at most `max_bytes`, with the steps of an authentication.
    ///
    /// # Errors
    /// The first reason: form, header, key, signature.
    pub fn verify(&self, token: &[u8], max_bytes: usize) -> Result<SignedPayload, Rejection> {
        let header_bytes = CompactJws::parse(token, max_bytes)?.decode_header()?;
        let header = header_bytes.parse()?;
        let token = header_bytes.decode_rest()?;
        let algorithm = header.algorithm;
        let verify = |key: &VerifyingKey| signature::verify(&key.for_algorithm(algorithm)?, &token);
        let (payload, _) = self.keys.verify_with(&header, verify)?;
        let key_id = header.key_id.as_deref().map(str::to_owned);
        Ok(SignedPayload { payload: payload.bytes().to_vec(), algorithm, key_id })
    }
}

//! Signatures without claims, for a command that is given a key and a token.

use crate::events::Events;
use crate::keys::KeySource;
use crate::reject::Reject;
use crate::signature::{self, Algorithm, KeyError};
use crate::token::{CompactToken, decode_part};
use crate::token_header::TokenHeader;

/// Verifies signatures and nothing else. Nobody logs in by it.
pub struct SignatureVerifier {
    keys: KeySource,
    events: Events,
}

/// A payload with a right signature, as bytes: nobody has looked at its claims.
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
    /// Reads a file with a key or keys, in every form that `key-file` takes a file in.
    ///
    /// # Errors
    /// Why the file gives no key.
    pub fn open(key_file: &str) -> Result<Self, KeyError> {
        let events = Events::default();
        let keys = KeySource::open_file(key_file, &events).map_err(|error| KeyError(error.to_string()))?;
        Ok(Self { keys, events })
    }

    /// The keys of a set that are not used, and why.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Verifies the signature of a token of at most `max_bytes`, on the way that every token goes.
    ///
    /// # Errors
    /// The first reason: form, header, key, signature.
    pub fn verify(&self, token: &[u8], max_bytes: usize) -> Result<SignedPayload, Reject> {
        let token = CompactToken::parse(token, max_bytes)?;
        let header = decode_part(token.header, "protected header")?;
        let header = TokenHeader::parse(&header, !token.signature.is_empty())?;
        let payload = decode_part(token.payload, "payload")?;
        let signature = decode_part(token.signature, "JWS signature")?;
        let (algorithm, key_id) = (header.algorithm, header.key_id.as_deref().map(str::to_owned));
        self.keys
            .verify_with(&header, |key| signature::verify(key, algorithm, &token, &signature, &payload).map(drop))?;
        Ok(SignedPayload { payload: payload.to_vec(), algorithm, key_id })
    }
}

//! The steps of the path that a token has passed, for people who want to know how far it came.

use std::fmt;

use crate::clock::UnixMillis;
use crate::signature::{Algorithm, VerifyingKey};

/// One step that succeeded, with what it found out. Texts are the token's own: to be escaped before they are shown.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// The Authorization value holds a bearer token.
    BearerToken {
        /// Its length.
        bytes: usize,
    },
    /// The token has three parts.
    Parts {
        /// Encoded length of the protected header.
        header: usize,
        /// Encoded length of the payload.
        payload: usize,
        /// Encoded length of the signature.
        signature: usize,
    },
    /// The protected header is acceptable.
    Header {
        /// `alg`.
        algorithm: Algorithm,
        /// `kid`, if there is one.
        key_id: Option<&'a str>,
    },
    /// With `config-files`: the token's `iss`, not verified yet, chose whose rules apply.
    Issuer {
        /// `required-issuer` of the rules; none for those that take the tokens of no other file.
        required: Option<&'a str>,
    },
    /// A key was found and will be tried; more than one where several have the same key ID.
    Key(KeyDescription<'a>),
    /// The key's signature is right.
    Signature,
    /// Times, issuer and audience are as demanded.
    Claims {
        /// `iss`, if the token has one.
        issuer: Option<&'a str>,
        /// `exp`, if the token has one.
        expires_at: Option<UnixMillis>,
    },
    /// The principal field holds a principal.
    Principal(&'a str),
    /// The user mapping made a user of it.
    User(&'a str),
}

/// What a key is, without the key. `Display` gives `RSA 2048`, `EC P-256`, `Ed25519` or `HMAC`.
#[derive(Clone, Copy, Debug)]
pub struct KeyDescription<'a>(pub(crate) &'a VerifyingKey);

impl fmt::Display for KeyDescription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.describe())
    }
}

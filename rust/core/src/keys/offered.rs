// SPDX-License-Identifier: Apache-2.0
//! Keys and unused keys, described for tools. Verdicts do not depend on this module.

use crate::algorithm::Algorithm;
use crate::keys::verifying_key::{PublicKeyParameters, VerifyingKey};
use crate::trace::KeyDescription;

/// A key that may verify tokens.
#[derive(Clone, Copy, Debug)]
pub struct OfferedKey<'k> {
    /// Its `kid` in the set; `None` for a key without one and for the one key of a file.
    pub key_id: Option<&'k str>,
    pub(crate) key: &'k VerifyingKey,
}

impl OfferedKey<'_> {
    /// A description such as `RSA 2048`.
    #[must_use]
    pub fn description(&self) -> KeyDescription<'_> {
        KeyDescription(self.key)
    }

    /// The only algorithm that it may be used with, if its JWK has an `alg`.
    #[must_use]
    pub fn bound_to(&self) -> Option<Algorithm> {
        self.key.bound_to()
    }

    /// True if it may verify signatures of this algorithm.
    #[must_use]
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.key.serves(algorithm)
    }

    /// Its public key parameters; `None` for a secret.
    #[must_use]
    pub fn public_key_parameters(&self) -> Option<PublicKeyParameters<'_>> {
        self.key.public_key_parameters()
    }

    /// True if `signature` is this key's signature of `signing_input`. It helps to explain a rejection; no
    /// authentication depends on it.
    #[must_use]
    pub fn has_signed(&self, algorithm: Algorithm, signing_input: &[u8], signature: &[u8]) -> bool {
        self.key.for_algorithm(algorithm).is_ok_and(|key| key.verify(signing_input, signature).is_ok())
    }
}

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedKey {
    /// Its `kid`, if it could be read.
    pub key_id: Option<String>,
    /// Why it is not used; "it" and "its" are the key.
    pub why: String,
}

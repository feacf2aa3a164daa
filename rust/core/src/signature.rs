// SPDX-License-Identifier: Apache-2.0
//! Signature verification, and the proof of it.

use crate::keys::verifying_key::FittingKey;
use crate::rejection::Rejection;
use crate::token::DecodedToken;

/// A payload whose signature was verified. Only [`verify`] makes one, and claims are read from nothing else.
#[derive(Debug)]
pub(crate) struct VerifiedPayload<'t>(&'t [u8]);

impl<'t> VerifiedPayload<'t> {
    /// The payload's decoded bytes.
    pub(crate) fn bytes(&self) -> &'t [u8] {
        self.0
    }
}

#[cfg(test)]
impl<'t> VerifiedPayload<'t> {
    /// A payload that counts as verified.
    pub(crate) fn for_test(payload: &'t [u8]) -> Self {
        Self(payload)
    }
}

/// Verifies the token's signature with `key` (RFC 7515, section 5.2, step 8) and returns the payload of the same token.
pub(crate) fn verify<'t>(key: &FittingKey<'_>, token: &'t DecodedToken<'_>) -> Result<VerifiedPayload<'t>, Rejection> {
    key.verify(token.signing_input(), token.signature())?;
    Ok(VerifiedPayload(token.unverified_payload()))
}

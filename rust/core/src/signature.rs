//! Signature verification, and the proof of it.

use crate::keys::verifying_key::FittingKey;
use crate::rejection::Rejection;
use crate::token::DecodedToken;

/// A payload whose signature was verified. Only [`verify`] makes one, so claims cannot be read from anything else.
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
    /// As if somebody had verified it.
    pub(crate) fn of(payload: &'t [u8]) -> Self {
        Self(payload)
    }
}

/// Verifies the token's signature with `key` (RFC 7515, section 5.2, step 8) and hands that token's payload on.
pub(crate) fn verify<'t>(key: &FittingKey<'_>, token: &'t DecodedToken<'_>) -> Result<VerifiedPayload<'t>, Rejection> {
    key.verify(token.signing_input(), token.signature())?;
    Ok(VerifiedPayload(token.unverified_payload()))
}

// SPDX-License-Identifier: Apache-2.0
//! Decodes a token without verification, for commands. The request path does not use it.

use crate::claims;
use crate::rejection::Rejection;
use crate::token::CompactJws;
use crate::token::protected_header::ProtectedHeader;

/// The decoded parts of a token. They are not verified and prove nothing.
#[derive(Clone, Debug)]
pub struct UnverifiedToken {
    /// The protected header. It may not be JSON.
    pub header: Vec<u8>,
    /// The payload. It may not be JSON.
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl UnverifiedToken {
    /// Decodes the three parts of a token of at most `max_bytes`.
    ///
    /// # Errors
    /// The token is too long, does not have three parts, or is not strict base64url.
    pub fn decode(token: &[u8], max_bytes: usize) -> Result<Self, Rejection> {
        let header = CompactJws::parse(token, max_bytes)?.decode_header()?;
        let token = header.decode_rest()?;
        Ok(Self {
            header: token.header().to_vec(),
            payload: token.unverified_payload().to_vec(),
            signature: token.signature().to_vec(),
        })
    }

    /// Checks whether header and claims are valid under any configuration.
    ///
    /// # Errors
    /// The reason why every coordinator would reject the token.
    pub fn check_form(&self) -> Result<(), Rejection> {
        ProtectedHeader::parse(&self.header, !self.signature.is_empty())?;
        claims::check_form(&self.payload)
    }
}

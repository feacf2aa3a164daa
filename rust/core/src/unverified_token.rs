//! A look into a token that nobody has verified, for people. Nothing on the request path comes here.

use crate::claims;
use crate::rejection::Rejection;
use crate::token::CompactJws;
use crate::token::protected_header::ProtectedHeader;

/// The decoded parts of a token. Anybody can have written them: they prove nothing.
#[derive(Clone, Debug)]
pub struct UnverifiedToken {
    /// The protected header, as it was sent; not even known to be JSON.
    pub header: Vec<u8>,
    /// The payload, as it was sent; not even known to be JSON.
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl UnverifiedToken {
    /// Decodes the three parts of a token of at most `max_bytes`.
    ///
    /// # Errors
    /// The token is too long, has not three parts, or is not strict base64url.
    pub fn decode(token: &[u8], max_bytes: usize) -> Result<Self, Rejection> {
        let header = CompactJws::parse(token, max_bytes)?.decode_header()?;
        let token = header.decode_rest()?;
        Ok(Self {
            header: token.header().to_vec(),
            payload: token.unverified_payload().to_vec(),
            signature: token.signature().to_vec(),
        })
    }

    /// Whether header and claims have a form that a coordinator reads at all, whatever its configuration.
    ///
    /// # Errors
    /// The reason why every coordinator would refuse the token.
    pub fn check_form(&self) -> Result<(), Rejection> {
        ProtectedHeader::parse(&self.header, !self.signature.is_empty())?;
        claims::check_form(&self.payload)
    }
}

//! Compact form → three borrowed parts (RFC 7515, section 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::reject::{Reject, RejectCode};
use crate::wiped::WipedBytes;

/// The three parts of a compact JWS, still encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompactToken<'t> {
    /// First part: the protected header.
    pub(crate) header: &'t [u8],
    /// Second part: the claims.
    pub(crate) payload: &'t [u8],
    /// Third part: the signature.
    pub(crate) signature: &'t [u8],
    /// The first two parts and the dot between them: what was signed (RFC 7515, section 5.2, step 8).
    pub(crate) signing_input: &'t [u8],
}

impl<'t> CompactToken<'t> {
    /// Splits at the dots. Nothing is decoded, so that a huge or foreign token costs no more than one look at its bytes.
    pub(crate) fn parse(token: &'t [u8], max_bytes: usize) -> Result<Self, Reject> {
        if token.len() > max_bytes {
            let message = format!("Token is {} bytes long; the limit is {max_bytes} bytes", token.len());
            return Err(Reject::new(RejectCode::TokenTooLarge, message));
        }
        let mut parts = token.split(|&byte| byte == b'.');
        if let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            let signing_input = token.get(..header.len() + 1 + payload.len()).unwrap_or_default();
            return Ok(Self { header, payload, signature, signing_input });
        }
        match token.iter().filter(|&&byte| byte == b'.').count() {
            4 => Err(Reject::new(
                RejectCode::EncryptedToken,
                "The token is encrypted (JWE, five parts); only signed tokens (JWS, three parts) are accepted",
            )),
            dots => Err(Reject::new(
                RejectCode::MalformedToken,
                format!(
                    "Invalid compact JWT string: Compact JWSs must contain exactly 2 period characters, and compact JWEs must contain exactly 4.  Found: {dots}"
                ),
            )),
        }
    }
}

/// Decodes one part strictly (RFC 7515, section 2): no padding, no white space, no `+` or `/`, no stray bits at the end.
/// `name` is jjwt's name of the part. The message does not repeat the part.
pub(crate) fn decode_part(part: &[u8], name: &str) -> Result<WipedBytes, Reject> {
    let mut decoded = WipedBytes::with_capacity(base64::decoded_len_estimate(part.len()));
    URL_SAFE_NO_PAD.decode_vec(part, &mut decoded).map_err(|error| {
        let place = match error {
            base64::DecodeError::InvalidByte(position, _) => format!("unexpected character at offset {position}"),
            base64::DecodeError::InvalidLastSymbol { .. } => "stray bits in the last character".to_owned(),
            base64::DecodeError::InvalidPadding => "padding".to_owned(),
            base64::DecodeError::InvalidLength(_) => "impossible length".to_owned(),
        };
        Reject::new(RejectCode::MalformedBase64, format!("Invalid Base64Url {name}: {place}"))
    })?;
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_token_splits_into_its_parts() {
        let token = CompactToken::parse(b"aa.bbb.c", 100).unwrap();
        assert_eq!((token.header, token.payload, token.signature), (&b"aa"[..], &b"bbb"[..], &b"c"[..]));
        assert_eq!(token.signing_input, b"aa.bbb");
    }

    #[test]
    fn other_numbers_of_dots_are_refused() {
        for (token, code) in [
            ("garbage", RejectCode::MalformedToken),
            ("a.b", RejectCode::MalformedToken),
            ("a.b.c.d", RejectCode::MalformedToken),
            ("a.b.c.d.e", RejectCode::EncryptedToken),
            ("a.b.c.d.e.f", RejectCode::MalformedToken),
        ] {
            assert_eq!(CompactToken::parse(token.as_bytes(), 100).unwrap_err().code(), code, "{token}");
        }
    }

    #[test]
    fn the_limit_is_the_last_length_accepted() {
        assert!(CompactToken::parse(b"a.b.c", 5).is_ok());
        assert_eq!(CompactToken::parse(b"a.b.cc", 5).unwrap_err().code(), RejectCode::TokenTooLarge);
    }

    #[test]
    fn sloppy_base64_is_refused() {
        assert_eq!(**decode_part(b"YWI", "payload").unwrap(), *b"ab");
        for part in ["YWI=", "YW I", "YWI\n", "Y+I", "Y/I", "YWJ", "Y", "YW\u{e9}"] {
            let reject = decode_part(part.as_bytes(), "payload").unwrap_err();
            assert_eq!(reject.code(), RejectCode::MalformedBase64, "{part}");
            assert!(!reject.message().contains(part));
        }
    }
}

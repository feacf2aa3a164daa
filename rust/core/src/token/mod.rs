// SPDX-License-Identifier: Apache-2.0
//! JWS Compact Serialization → three borrowed parts → their decoded bytes (RFC 7515, sections 7.1 and 5.2).

pub(crate) mod bearer;
pub(crate) mod protected_header;
pub(crate) mod wiped;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memchr_iter;

use crate::rejection::{Reason, Rejection};
use crate::token::protected_header::ProtectedHeader;
use crate::token::wiped::WipedBytes;

/// The three encoded parts of a token in JWS Compact Serialization.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompactJws<'t> {
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
    /// The first two parts and the dot between them.
    signing_input: &'t [u8],
}

/// A token whose protected header is decoded. The other parts are decoded later, because Trino rejects a header first.
#[derive(Debug)]
pub(crate) struct DecodedHeader<'t> {
    bytes: WipedBytes,
    token: CompactJws<'t>,
}

/// A token with all parts decoded. Only [`DecodedHeader::decode_rest`] makes one, so signing input, signature and payload
/// always belong to one token.
#[derive(Debug)]
pub(crate) struct DecodedToken<'t> {
    header: &'t DecodedHeader<'t>,
    payload: WipedBytes,
    signature: WipedBytes,
}

impl<'t> CompactJws<'t> {
    /// Splits the token at the dots. It decodes nothing, so a huge or malformed token costs one pass over its bytes.
    pub(crate) fn parse(token: &'t [u8], max_bytes: usize) -> Result<Self, Rejection> {
        if token.len() > max_bytes {
            let message = format!("Token is {} bytes long; the limit is {max_bytes} bytes", token.len());
            return Err(Rejection::new(Reason::TokenTooLarge, message));
        }
        let mut dots = memchr_iter(b'.', token);
        if let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next())
            && let (Some(header), Some(payload)) = (token.get(..first), token.get(first + 1..second))
            && let (Some(signing_input), Some(signature)) = (token.get(..second), token.get(second + 1..))
        {
            return Ok(Self { header, payload, signature, signing_input });
        }
        match memchr_iter(b'.', token).count() {
            4 => Err(Rejection::new(
                Reason::EncryptedToken,
                "The token is encrypted (JWE, five parts); only signed tokens (JWS, three parts) are accepted",
            )),
            dots => Err(Rejection::new(
                Reason::MalformedToken,
                format!(
                    "Invalid compact JWT string: Compact JWSs must contain exactly 2 period characters, and compact JWEs must contain exactly 4.  Found: {dots}"
                ),
            )),
        }
    }

    /// The encoded lengths of header, payload and signature.
    pub(crate) fn lengths(&self) -> [usize; 3] {
        [self.header.len(), self.payload.len(), self.signature.len()]
    }

    /// Decodes the first part.
    pub(crate) fn decode_header(self) -> Result<DecodedHeader<'t>, Rejection> {
        Ok(DecodedHeader { bytes: decode_part(self.header, "protected header")?, token: self })
    }
}

impl DecodedHeader<'_> {
    /// Parses the header.
    pub(crate) fn parse(&self) -> Result<ProtectedHeader<'_>, Rejection> {
        ProtectedHeader::parse(&self.bytes, !self.token.signature.is_empty())
    }

    /// Decodes the other two parts.
    pub(crate) fn decode_rest(&self) -> Result<DecodedToken<'_>, Rejection> {
        let payload = decode_part(self.token.payload, "payload")?;
        let signature = decode_part(self.token.signature, "JWS signature")?;
        Ok(DecodedToken { header: self, payload, signature })
    }
}

impl DecodedToken<'_> {
    /// The protected header's bytes.
    pub(crate) fn header(&self) -> &[u8] {
        &self.header.bytes
    }

    /// The payload's bytes before [`signature::verify`](crate::signature::verify) has verified them.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature's bytes.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The JWS Signing Input (RFC 7515, section 5.2, step 8).
    pub(crate) fn signing_input(&self) -> &[u8] {
        self.header.token.signing_input
    }
}

/// Decodes one part strictly (RFC 7515, section 2): no padding, no white space, no `+` or `/`, no stray bits at the end.
/// `name` is jjwt's name of the part. The message does not contain the part.
fn decode_part(part: &[u8], name: &str) -> Result<WipedBytes, Rejection> {
    let mut decoded = WipedBytes::with_capacity(base64::decoded_len_estimate(part.len()));
    decode(part, &mut decoded).map_err(|error| {
        let place = match error {
            base64::DecodeError::InvalidByte(position, _) => format!("unexpected character at offset {position}"),
            base64::DecodeError::InvalidLastSymbol { .. } => "stray bits in the last character".to_owned(),
            base64::DecodeError::InvalidPadding => "padding".to_owned(),
            base64::DecodeError::InvalidLength(_) => "invalid length".to_owned(),
        };
        Rejection::new(Reason::MalformedBase64, format!("Invalid Base64Url {name}: {place}"))
    })?;
    Ok(decoded)
}

/// Appends the decoded text, within the capacity of `decoded`. The fast decoder gives no reason for an error, so the other
/// one decodes the text again.
fn decode(text: &[u8], decoded: &mut Vec<u8>) -> Result<(), base64::DecodeError> {
    let before = decoded.len();
    if base64_simd::URL_SAFE_NO_PAD.decode_append(text, decoded).is_ok() {
        return Ok(());
    }
    decoded.truncate(before);
    URL_SAFE_NO_PAD.decode_vec(text, decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_token_splits_into_its_parts() {
        let token = CompactJws::parse(b"aa.bbb.c", 100).unwrap();
        assert_eq!((token.header, token.payload, token.signature), (&b"aa"[..], &b"bbb"[..], &b"c"[..]));
        assert_eq!(token.signing_input, b"aa.bbb");
    }

    #[test]
    fn other_numbers_of_dots_are_rejected() {
        for (token, code) in [
            ("garbage", Reason::MalformedToken),
            ("a.b", Reason::MalformedToken),
            ("a.b.c.d", Reason::MalformedToken),
            ("a.b.c.d.e", Reason::EncryptedToken),
            ("a.b.c.d.e.f", Reason::MalformedToken),
        ] {
            assert_eq!(CompactJws::parse(token.as_bytes(), 100).unwrap_err().code(), code, "{token}");
        }
    }

    #[test]
    fn a_token_as_long_as_the_limit_is_accepted() {
        assert!(CompactJws::parse(b"a.b.c", 5).is_ok());
        assert_eq!(CompactJws::parse(b"a.b.cc", 5).unwrap_err().code(), Reason::TokenTooLarge);
    }

    #[test]
    fn lenient_base64_is_rejected() {
        assert_eq!(**decode_part(b"YWI", "payload").unwrap(), *b"ab");
        for part in ["YWI=", "YW I", "YWI\n", "Y+I", "Y/I", "YWJ", "Y", "YW\u{e9}"] {
            let reject = decode_part(part.as_bytes(), "payload").unwrap_err();
            assert_eq!(reject.code(), Reason::MalformedBase64, "{part}");
            assert!(!reject.message().contains(part));
        }
    }

    /// Both decoders must accept the same texts. The one with vector instructions decodes 16 or 32 bytes at once and the
    /// rest one by one, so the test tries every length up to twice that, with every byte at every place.
    #[test]
    fn both_decoders_accept_the_same_texts() {
        let agree = |text: &[u8]| {
            let mut quick = Vec::new();
            let mut plain = Vec::new();
            let quick = base64_simd::URL_SAFE_NO_PAD.decode_append(text, &mut quick).map(|_| quick).ok();
            let plain = URL_SAFE_NO_PAD.decode_vec(text, &mut plain).map(|()| plain).ok();
            assert_eq!(quick, plain, "{text:?}");
        };
        for length in 0..=68 {
            let text: Vec<u8> = (0..length).map(|at| b"AQgz09-_"[at % 8]).collect();
            agree(&text);
            for place in 0..length {
                let mut text = text.clone();
                for byte in 0..=255 {
                    text[place] = byte;
                    agree(&text);
                }
            }
        }
        // Every end of two and of three characters: their unused bits must be 0.
        for last in 0..=u16::MAX {
            let [first, second] = last.to_be_bytes();
            agree(&[b'A', first, second]);
            agree(&[first, second]);
        }
    }
}

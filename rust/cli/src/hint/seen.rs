// SPDX-License-Identifier: Apache-2.0
//! The readable content of a token, even of a damaged one. Nothing is verified.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use nativejwt_core::{Algorithm, quoted};
use serde_json::{Map, Value};

/// Accepts what strict base64url does not: padding and stray bits.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A token's parts, as far as they can be read.
pub(super) struct Seen<'t> {
    /// The pieces between the dots.
    pub(super) parts: Vec<&'t [u8]>,
    /// First part, if it is the base64url of a JSON object.
    pub(super) header: Option<Map<String, Value>>,
    /// Second part, in the same way.
    pub(super) claims: Option<Map<String, Value>>,
    /// Third part, if there is one.
    pub(super) signature: Option<Vec<u8>>,
    /// What was signed.
    pub(super) signing_input: &'t [u8],
}

impl<'t> Seen<'t> {
    pub(super) fn from_token(token: &'t [u8]) -> Self {
        let token = token.trim_ascii();
        let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
        let part = |index: usize| parts.get(index).and_then(|part| decode(part));
        let object = |index: usize| part(index).and_then(|json| serde_json::from_slice(&json).ok());
        let signed = parts.iter().take(2).map(|part| part.len() + 1).sum::<usize>().saturating_sub(1);
        Self {
            header: object(0),
            claims: object(1),
            signature: part(2),
            signing_input: token.get(..signed).unwrap_or_default(),
            parts,
        }
    }

    pub(super) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.get(name)?.as_str()
    }

    pub(super) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.as_ref()?.get(name)
    }

    pub(super) fn claim_text(&self, name: &str) -> Option<&str> {
        self.claim(name)?.as_str()
    }

    /// `alg`, if it is supported.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::from_name(self.header_text("alg")?)
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.header_text("kid")
    }

    /// The audiences that are strings.
    pub(super) fn audiences(&self) -> Vec<&str> {
        match self.claim("aud") {
            Some(Value::String(one)) if !one.trim().is_empty() => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The client that the token was issued to, after the name of its claim.
    pub(super) fn client(&self) -> Option<(&'static str, &str)> {
        ["azp", "client_id", "cid", "appid"].into_iter().find_map(|name| Some((name, self.claim_text(name)?)))
    }
}

/// The bytes of a part in base64url or base64, with or without padding.
pub(super) fn decode(part: &[u8]) -> Option<Vec<u8>> {
    let url_safe: Vec<u8> = part
        .iter()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        })
        .collect();
    FORGIVING.decode(url_safe).ok()
}

/// The bytes of hexadecimal digits.
pub(super) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.chunks(2).map(|pair| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    bytes.collect()
}

/// What a JSON value is: `a number (7)`.
pub(super) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => format!("a boolean ({truth})"),
        Value::Number(number) => format!("a number ({number})"),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(text) if text.trim().is_empty() => "a string of white space".to_owned(),
        Value::String(text) => format!("the string '{}'", quoted(text)),
        Value::Array(list) => match list.as_slice() {
            [] => "an empty array".to_owned(),
            [_] => "an array with one element".to_owned(),
            several => format!("an array with {} elements", several.len()),
        },
        Value::Object(members) if members.is_empty() => "an object without members".to_owned(),
        Value::Object(members) => format!("an object with the members {}", names(members)),
    }
}

/// The names of an object's members, the first ten.
pub(super) fn names(members: &Map<String, Value>) -> String {
    super::listed(members.keys().map(|name| quoted(name)))
}

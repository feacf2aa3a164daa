// SPDX-License-Identifier: Apache-2.0
//! Makes the tokens that cases describe, to the bit.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::sign;

/// Describes a token. Texts may contain `<<TEXT*COUNT>>`: TEXT, repeated COUNT times, with the index for each `#`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Make {
    /// The JSON text of the protected header; `{"alg":"<alg>"}` if not given.
    pub header: Option<String>,
    /// The header's bytes, if they are not UTF-8.
    pub header_hex: Option<String>,
    /// The JSON text of the payload; `{"sub":"alice"}` if not given.
    pub payload: Option<String>,
    /// The payload's bytes, if they are not UTF-8.
    pub payload_hex: Option<String>,
    /// The name of the signing key in `keys/`. With `bytes-of:FILE` or `mime-of:FILE` the HMAC secret is the bytes of a
    /// file, or the result of Java's MIME decoder for them.
    pub key: Option<String>,
    /// The algorithm of the signature, independent of the header; `none` leaves the signature empty.
    pub alg: Option<String>,
    /// The encoded header that is signed. `{}` is its strict base64url, `{stray}` the same with a stray bit.
    pub header_part: Option<String>,
    /// The encoded payload that is signed, in the same way.
    pub payload_part: Option<String>,
    /// A change of the signature's bytes.
    pub signature: Option<SignatureChange>,
    /// The signature's bytes.
    pub signature_hex: Option<String>,
    /// The encoded signature; `{}` is its strict base64url.
    pub signature_part: Option<String>,
    /// A header that replaces the signed one.
    pub header_after: Option<String>,
    /// A payload that replaces the signed one.
    pub payload_after: Option<String>,
    /// The whole token, with `{header}`, `{payload}` and `{signature}` for the parts.
    pub token: Option<String>,
}

/// Changes of a signature's bytes. Those for ECDSA treat it as r and s of equal length (RFC 7518, section 3.4).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureChange {
    FlipFirstBit,
    FlipLastBit,
    DropLastByte,
    AppendZero,
    PrependZero,
    Empty,
    AllZero,
    AllOnes,
    ZeroR,
    ZeroS,
    RIsOrder,
    SIsOrder,
    SPlusOrder,
    NegateS,
    SwapRAndS,
    Der,
}

impl Make {
    /// `self`, with `defaults` for the omitted members.
    pub fn or(self, defaults: &Make) -> Make {
        let d = defaults.clone();
        Make {
            header: self.header.or(d.header),
            header_hex: self.header_hex.or(d.header_hex),
            payload: self.payload.or(d.payload),
            payload_hex: self.payload_hex.or(d.payload_hex),
            key: self.key.or(d.key),
            alg: self.alg.or(d.alg),
            header_part: self.header_part.or(d.header_part),
            payload_part: self.payload_part.or(d.payload_part),
            signature: self.signature.or(d.signature),
            signature_hex: self.signature_hex.or(d.signature_hex),
            signature_part: self.signature_part.or(d.signature_part),
            header_after: self.header_after.or(d.header_after),
            payload_after: self.payload_after.or(d.payload_after),
            token: self.token.or(d.token),
        }
    }

    /// The token's bytes.
    pub fn build(&self) -> Vec<u8> {
        let alg = self.alg.as_deref().expect("make needs alg");
        let default_header = format!("{{\"alg\":\"{alg}\"}}");
        let header = bytes(self.header.as_deref(), self.header_hex.as_deref(), &default_header);
        let payload = bytes(self.payload.as_deref(), self.payload_hex.as_deref(), "{\"sub\":\"alice\"}");
        let header = part(self.header_part.as_deref(), &encode(&header));
        let payload = part(self.payload_part.as_deref(), &encode(&payload));

        let signing_input = latin1(&format!("{header}.{payload}"));
        let signature = match &self.signature_hex {
            Some(hex) => from_hex(hex),
            None if alg == "none" => Vec::new(),
            None => sign::sign(alg, self.key.as_deref().expect("make needs key"), &signing_input),
        };
        let signature = self.signature.map_or(signature.clone(), |change| change.apply(signature, alg));
        let signature = part(self.signature_part.as_deref(), &encode(&signature));

        let header = self.header_after.as_ref().map_or(header, |text| encode(expand(text).as_bytes()));
        let payload = self.payload_after.as_ref().map_or(payload, |text| encode(expand(text).as_bytes()));
        let whole = expand(self.token.as_deref().unwrap_or("{header}.{payload}.{signature}"));
        latin1(&whole.replace("{header}", &header).replace("{payload}", &payload).replace("{signature}", &signature))
    }
}

impl SignatureChange {
    fn apply(self, mut signature: Vec<u8>, alg: &str) -> Vec<u8> {
        let half = signature.len() / 2;
        match self {
            Self::FlipFirstBit => signature[0] ^= 0x80,
            Self::FlipLastBit => *signature.last_mut().unwrap() ^= 1,
            Self::DropLastByte => drop(signature.pop()),
            Self::AppendZero => signature.push(0),
            Self::PrependZero => signature.insert(0, 0),
            Self::Empty => signature.clear(),
            Self::AllZero => signature.fill(0),
            Self::AllOnes => signature.fill(0xff),
            Self::ZeroR => signature[..half].fill(0),
            Self::ZeroS => signature[half..].fill(0),
            Self::RIsOrder => signature[..half].copy_from_slice(&order(alg)),
            Self::SIsOrder => signature[half..].copy_from_slice(&order(alg)),
            Self::SPlusOrder => {
                let sum = add(&signature[half..], &order(alg));
                signature[half..].copy_from_slice(&sum);
            }
            Self::NegateS => {
                let negated = subtract(&order(alg), &signature[half..]);
                signature[half..].copy_from_slice(&negated);
            }
            Self::SwapRAndS => signature.rotate_left(half),
            Self::Der => {
                let integers: Vec<u8> =
                    [&signature[..half], &signature[half..]].into_iter().flat_map(integer).collect();
                signature = tag_length_value(0x30, &integers);
            }
        }
        signature
    }
}

/// The order of the algorithm's curve (SEC 2, sections 2.4.2, 2.5.1 and 2.6.1).
fn order(alg: &str) -> Vec<u8> {
    from_hex(match alg {
        "ES256" => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "ES384" => "ffffffffffffffffffffffffffffffffffffffffffffffff c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        "ES512" => {
            "01ff ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff fffa
             51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
        other => panic!("{other} has no curve"),
    })
}

/// Big-endian sum modulo 2 to the number of bits.
fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (mut sum, mut carry) = (vec![0; a.len()], 0u16);
    for index in (0..a.len()).rev() {
        carry += u16::from(a[index]) + u16::from(b[index]);
        sum[index] = carry as u8;
        carry >>= 8;
    }
    sum
}

/// Big-endian difference, `a` being the larger.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let complement: Vec<u8> = b.iter().map(|byte| !byte).collect();
    let mut one = vec![0; a.len()];
    *one.last_mut().unwrap() = 1;
    add(&add(a, &complement), &one)
}

fn integer(number: &[u8]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len() - 1);
    let mut bytes = number[first..].to_vec();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    tag_length_value(2, &bytes)
}

/// One DER element.
pub fn tag_length_value(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match value.len() {
        length @ 0..=127 => der.push(length as u8),
        length @ 128..=255 => der.extend([0x81, length as u8]),
        length => der.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    der.extend_from_slice(value);
    der
}

/// Strict base64url.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of base64url.
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn bytes(text: Option<&str>, hex: Option<&str>, default: &str) -> Vec<u8> {
    match (text, hex) {
        (_, Some(hex)) => from_hex(hex),
        (text, None) => expand(text.unwrap_or(default)).into_bytes(),
    }
}

fn part(template: Option<&str>, encoded: &str) -> String {
    let Some(template) = template else { return encoded.to_owned() };
    expand(template).replace("{}", encoded).replace("{stray}", &with_stray_bit(encoded))
}

/// Sets an unused bit of the last character. The decoded bytes stay the same.
fn with_stray_bit(encoded: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = encoded.split_at(encoded.len().saturating_sub(1));
    let neighbour = ALPHABET.find(last).map_or(0, |index| index ^ 1);
    format!("{rest}{}", &ALPHABET[neighbour..=neighbour])
}

/// The bytes of hexadecimal digits. White space is ignored.
pub fn from_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The bytes of a header's value. Java represents each byte as one character up to U+00FF.
pub fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a header's value is ISO-8859-1")).collect()
}

/// Expands `<<TEXT*COUNT>>`.
pub fn expand(text: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, macro_text)) = rest.split_once("<<") {
        let (inner, after) = macro_text.split_once(">>").expect("<< without >>");
        let (repeated, count) = inner.rsplit_once('*').expect("<<TEXT*COUNT>>");
        expanded.push_str(before);
        for index in 0..count.parse::<usize>().expect("a count") {
            expanded.push_str(&repeated.replace('#', &index.to_string()));
        }
        rest = after;
    }
    expanded.push_str(rest);
    expanded
}

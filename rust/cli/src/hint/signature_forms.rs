// SPDX-License-Identifier: Apache-2.0
//! The forms that a signature may have, the one of RFC 7518 and those that other software writes.

use nativejwt_core::Algorithm;

use super::seen::{Seen, decode, from_hex};

/// What is wrong with a signature that a key made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing: it was verified with another key.
    None,
    /// ECDSA in DER.
    Der,
    /// The part has the base64, base64url or hexadecimal digits of the signature instead of its bytes.
    EncodedTwice,
    /// Its bytes are in reverse order.
    Reversed,
    /// It was made with this algorithm.
    Algorithm(Algorithm),
}

/// The signature as it is, and converted from each form that it may have.
pub(super) fn forms(seen: &Seen<'_>) -> Vec<(Fault, Algorithm, Vec<u8>)> {
    let (Some(algorithm), Some(signature)) = (seen.algorithm(), seen.signature.as_deref()) else { return Vec::new() };
    let mut forms = vec![(Fault::None, algorithm, signature.to_vec())];
    if let (Some((r, s)), Some(size)) = (der_numbers(signature), coordinate_bytes(algorithm)) {
        let mut plain = Vec::with_capacity(2 * size);
        for number in [r, s] {
            let number = number.strip_prefix(&[0]).unwrap_or(number);
            plain.extend(std::iter::repeat_n(0, size.saturating_sub(number.len())));
            plain.extend_from_slice(number);
        }
        forms.push((Fault::Der, algorithm, plain));
    }
    if let Some(decoded) = text_of(signature) {
        forms.push((Fault::EncodedTwice, algorithm, decoded));
    }
    if is_rsa(algorithm) {
        forms.push((Fault::Reversed, algorithm, signature.iter().rev().copied().collect()));
        let others = Algorithm::ALL.iter().copied().filter(|other| is_rsa(*other) && *other != algorithm);
        forms.extend(others.map(|other| (Fault::Algorithm(other), other, signature.to_vec())));
    }
    forms
}

pub(super) fn is_rsa(algorithm: Algorithm) -> bool {
    algorithm.name().starts_with("RS") || algorithm.name().starts_with("PS")
}

/// Bytes of R and of S (RFC 7518, section 3.4).
pub(super) fn coordinate_bytes(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::Es256 => Some(32),
        Algorithm::Es384 => Some(48),
        Algorithm::Es512 => Some(66),
        _ => None,
    }
}

/// The length of signatures of this algorithm; none for RSA, where it depends on the key.
pub(super) fn signature_bytes(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::Hs256 => Some(32),
        Algorithm::Hs384 => Some(48),
        Algorithm::Hs512 | Algorithm::EdDsa => Some(64),
        algorithm => coordinate_bytes(algorithm).map(|bytes| 2 * bytes),
    }
}

/// R and S of an ECDSA signature in DER (RFC 3279, section 2.2.3): a sequence of exactly two integers.
pub(super) fn der_numbers(signature: &[u8]) -> Option<(&[u8], &[u8])> {
    fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
        let (length, rest) = match bytes {
            [first, 0x81, length, rest @ ..] if *first == tag => (*length, rest),
            [first, length, rest @ ..] if *first == tag && *length < 0x80 => (*length, rest),
            _ => return None,
        };
        rest.split_at_checked(length.into())
    }
    let (numbers, after) = element(signature, 0x30)?;
    let (r, rest) = element(numbers, 0x02)?;
    let (s, end) = element(rest, 0x02)?;
    (after.is_empty() && end.is_empty() && !r.is_empty() && !s.is_empty()).then_some((r, s))
}

/// The decoded signature if it is a text: base64 or hexadecimal digits.
pub(super) fn text_of(signature: &[u8]) -> Option<Vec<u8>> {
    let text = signature.trim_ascii();
    let is_base64 = text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte));
    (text.len() >= 32 && is_base64).then(|| from_hex(text).or_else(|| decode(text))).flatten()
}

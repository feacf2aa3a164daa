// SPDX-License-Identifier: Apache-2.0
//! A second net after the forms: traces that identify a public key wherever they occur in the bytes, even if it was
//! truncated or shifted on its way into a file. It catches copied labels, lost first lines and text around a key.
//!
//! The shortest traces have four bytes at a fixed place, and a text is decoded in four ways. By chance, one in some
//! hundred million random secrets contains one and is rejected.

use std::borrow::Cow;

use base64::Engine as _;
use zeroize::Zeroizing;

use super::{LENIENT, is_point};

/// Only this many bytes are searched; secrets are shorter.
const MAX_BYTES: usize = 64 * 1024;
/// The number of nested encodings that are decoded.
const MAX_DEPTH: usize = 3;
/// Shorter runs of characters cannot contain a key.
const SHORTEST_RUN: usize = 40;

/// Traces that count at any place.
const ANYWHERE: [&[u8]; 10] = [
    // Object identifiers: RSA's keys and signatures (RFC 8017, appendix A), id-ecPublicKey (RFC 5480), Ed25519 (RFC 8410).
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
    &[0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00],
    // COSE_Key of P-256 (RFC 9052, section 7).
    &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
    b"-----BEGIN",
    b"ssh-rsa",
    b"ssh-ed25519",
    b"ecdsa-sha2-",
    b"\"kty\"",
    b"RSAKeyValue",
];

/// The public exponent 65537, with which the DER of an RSA key ends.
const EXPONENT: &[u8] = &[0x02, 0x03, 0x01, 0x00, 0x01];

/// Beginnings of documents that were encoded by mistake, in lower case.
const TEXTS: [&str; 9] = [
    "http://",
    "https://",
    "<!doctype",
    "<html",
    "<?xml",
    "public-key:",
    "rsa public-key:",
    "certificate:",
    "modulus=",
];

/// True if the bytes contain a public key, a part of one that names its algorithm, or a document.
pub(super) fn are_in(bytes: &[u8]) -> bool {
    let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    search(bytes, 0)
}

fn search(bytes: &[u8], depth: usize) -> bool {
    if is_binary_trace(bytes) || (depth > 0 && is_document(bytes)) {
        return true;
    }
    if depth == MAX_DEPTH {
        return false;
    }
    let text = text_of(bytes);
    let packed: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\' | ':')).collect());
    let is_foreign = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_'));
    let runs = text.split(is_foreign).chain([packed.trim_end_matches('=')]);
    runs.filter(|run| run.len() >= SHORTEST_RUN && !run.contains(is_foreign)).any(|run| search_run(run, depth + 1))
}

/// Searches a run of hexadecimal digits, or of base64 that may have lost its beginning.
fn search_run(run: &str, depth: usize) -> bool {
    let plain = Zeroizing::new(run.replace('-', "+").replace('_', "/"));
    let by_base64 = (0..4).any(|lost| {
        let rest = plain.get(lost..).unwrap_or_default();
        let whole = rest.get(..rest.len() - usize::from(rest.len() % 4 == 1)).unwrap_or_default();
        LENIENT.decode(whole).map(Zeroizing::new).is_ok_and(|bytes| search(&bytes, depth))
    });
    by_base64 || hexadecimal(run).is_some_and(|bytes| search(&bytes, depth))
}

fn hexadecimal(run: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, []) = run.as_bytes().as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect::<Option<_>>().map(Zeroizing::new)
}

/// Decodes a text in any encoding; only its ASCII characters matter.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let (pairs, _) = bytes.as_chunks::<2>();
    match pairs {
        [[0xff, 0xfe], ..] => char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair))),
        _ => return String::from_utf8_lossy(bytes),
    }
    .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
    .collect()
}

fn is_binary_trace(bytes: &[u8]) -> bool {
    let at = |position: usize, sign: &[u8]| bytes.get(position..).is_some_and(|rest| rest.starts_with(sign));
    let end = bytes.iter().rposition(|byte| !byte.is_ascii_whitespace() && *byte != 0).map_or(0, |last| last + 1);
    ANYWHERE.iter().any(|sign| bytes.windows(sign.len()).any(|window| window == *sign))
        || bytes.get(..end).is_some_and(|bytes| bytes.ends_with(EXPONENT))
        // .NET: a CNG blob, a CSP blob, a strong name.
        || [0, 8, 20].iter().any(|position| at(*position, b"RSA1"))
        || [&b"ECS1\x20\0\0\0"[..], b"ECS3\x30\0\0\0", b"ECS5\x42\0\0\0"].iter().any(|sign| at(0, sign))
        || is_integer(bytes)
        || is_open_pgp(bytes)
        || is_coordinates(bytes)
}

/// A large INTEGER in DER: the modulus of an RSA key.
fn is_integer(bytes: &[u8]) -> bool {
    matches!(bytes, [0x02, 0x82, high, low, content @ ..] if content.len() == usize::from(u16::from_be_bytes([*high, *low])))
}

/// A public key packet of version 4 (RFC 9580, sections 4.2.2 and 5.5.2).
fn is_open_pgp(bytes: &[u8]) -> bool {
    matches!(bytes, [0x99, high, low, 4, _, _, _, _, 1 | 17 | 19 | 22 | 27, rest @ ..]
        if rest.len() + 6 >= usize::from(u16::from_be_bytes([*high, *low])))
}

/// The coordinates x and y of a point (RFC 7518, section 6.2); random bytes are not on a curve.
fn is_coordinates(bytes: &[u8]) -> bool {
    matches!(bytes.len(), 64 | 96 | 132) && is_point(&[&[4], bytes].concat())
}

/// JSON, HTML and similar: an encoded document, such as a value of a Kubernetes secret, which many know.
fn is_document(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let text = text.trim();
    let is_json =
        matches!((text.chars().next(), text.chars().next_back()), (Some('{'), Some('}')) | (Some('['), Some(']')));
    is_json || TEXTS.iter().any(|start| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
}

//! The net behind the forms: what gives a public key away wherever it lies in the bytes, and however it was cut or shifted on
//! its way into a file. A label that was copied along, a lost first line and a text around the key all end here.
//!
//! The shortest signs have four bytes at a fixed place, and a text is decoded in four ways: chance hits one of them once in
//! some hundred million random secrets, which are refused then.

use std::borrow::Cow;

use base64::Engine as _;
use zeroize::Zeroizing;

use super::{LENIENT, is_point};

/// No secret is longer than what is looked at.
const MAX_BYTES: usize = 64 * 1024;
/// Wrappings that are taken off, one in another.
const MAX_DEPTH: usize = 3;
/// A shorter run of characters holds no key.
const SHORTEST_RUN: usize = 40;

/// Signs that count at any place.
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

/// What a text begins with that was encoded by mistake, in small letters.
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

/// True if the bytes hold a public key, or a part of one that names its algorithm, or a text that is a document.
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
    runs.filter(|run| run.len() >= SHORTEST_RUN && !run.contains(is_foreign)).any(|run| look_into(run, depth + 1))
}

/// A run of base64, which may have lost its beginning, or of hexadecimal digits.
fn look_into(run: &str, depth: usize) -> bool {
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

/// A text in any encoding: what matters in it is ASCII.
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

/// A large INTEGER of DER and nothing else: the modulus of an RSA key.
fn is_integer(bytes: &[u8]) -> bool {
    matches!(bytes, [0x02, 0x82, high, low, content @ ..] if content.len() == usize::from(u16::from_be_bytes([*high, *low])))
}

/// A public key packet of version 4 (RFC 9580, sections 4.2.2 and 5.5.2).
fn is_open_pgp(bytes: &[u8]) -> bool {
    matches!(bytes, [0x99, high, low, 4, _, _, _, _, 1 | 17 | 19 | 22 | 27, rest @ ..]
        if rest.len() + 6 >= usize::from(u16::from_be_bytes([*high, *low])))
}

/// The coordinates of a point, x and y (RFC 7518, section 6.2), which are on a curve by no chance.
fn is_coordinates(bytes: &[u8]) -> bool {
    matches!(bytes.len(), 64 | 96 | 132) && is_point(&[&[4], bytes].concat())
}

/// JSON, HTML and the like: a document that was encoded, as values of Kubernetes' secrets are, and is known to many.
fn is_document(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let text = text.trim();
    let is_json =
        matches!((text.chars().next(), text.chars().next_back()), (Some('{'), Some('}')) | (Some('['), Some(']')));
    is_json || TEXTS.iter().any(|start| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
}

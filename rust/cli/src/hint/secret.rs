//! An HMAC secret that issuer and coordinator read in two ways from one text.

use std::path::Path;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nativejwt_core::Algorithm;
use zeroize::Zeroizing;

use super::seen::{Seen, decode};

/// A larger file is no secret.
const MAX_BYTES: u64 = 64 * 1024;

/// The other way to read the text of a key file by which the signature is right.
pub(super) fn other_reading(path: &Path, seen: &Seen<'_>) -> Option<&'static str> {
    let algorithm = match seen.algorithm()? {
        Algorithm::Hs256 => hmac::HMAC_SHA256,
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => return None,
    };
    let signature = seen.signature.as_deref()?;
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
    let text = Zeroizing::new(std::fs::read(path).ok().filter(|_| is_small)?);
    readings(&text).into_iter().find_map(|(how, secret)| {
        let key = hmac::Key::new(algorithm, &secret);
        hmac::verify(&key, seen.signing_input, signature).is_ok().then_some(how)
    })
}

/// What a text may stand for.
fn readings(text: &[u8]) -> Vec<(&'static str, Zeroizing<Vec<u8>>)> {
    let trimmed = text.trim_ascii();
    let mut readings = vec![
        ("the text itself", Zeroizing::new(trimmed.to_vec())),
        ("the text itself with its line end", Zeroizing::new(text.to_vec())),
    ];
    let decoded = STANDARD.decode(trimmed).ok().or_else(|| decode(trimmed)).map(Zeroizing::new);
    if let Some(decoded) = decoded {
        if let Some(twice) = decode(decoded.trim_ascii()) {
            readings.push(("what the text gives when it is decoded twice", Zeroizing::new(twice)));
        }
    }
    if let Some(bytes) = from_hex(trimmed) {
        readings.push(("the bytes that the text gives in hexadecimal digits", Zeroizing::new(bytes)));
    }
    readings
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    bytes.collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty())
}

/// The text of a secret as `key-file` has to hold it.
pub(super) fn way_out(how: &str) -> &'static str {
    match how {
        "the text itself" => {
            "write the base64 of that text into key-file (printf %s … | base64), which is decoded before it is used"
        }
        "the text itself with its line end" => {
            "the issuer reads the file with its line end; have it drop that, or write the base64 of text and line end into key-file"
        }
        _ => "write the base64 of those bytes into key-file",
    }
}

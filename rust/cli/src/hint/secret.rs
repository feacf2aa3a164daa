// SPDX-License-Identifier: Apache-2.0
//! HMAC secrets: the issuer and the coordinator may read the same text differently.

use std::path::Path;

use aws_lc_rs::hmac;
use nativejwt_core::Algorithm;
use zeroize::Zeroizing;

use super::seen::{Seen, decode, from_hex};

/// A larger file is not a secret.
const MAX_BYTES: u64 = 64 * 1024;

/// A way to read a text as a secret, other than that of `key-file`, which decodes base64.
pub(super) struct Reading {
    /// The secret in words.
    pub(super) secret: &'static str,
    /// What to change, so that both sides read the same secret.
    pub(super) way_out: &'static str,
}

const TEXT: Reading = Reading {
    secret: "the text itself",
    way_out: "write the base64 of that text into key-file (printf %s … | base64), which is decoded before it is used",
};
const TEXT_WITH_LINE_END: Reading = Reading {
    secret: "the text itself with its line end",
    way_out: "have the issuer drop the line end, and write the base64 of the text into key-file; or write the base64 of text and line end",
};
const DECODED_TWICE: Reading =
    Reading { secret: "the text decoded twice", way_out: "write the text decoded once into key-file" };
const HEXADECIMAL: Reading = Reading {
    secret: "the text decoded from hexadecimal digits",
    way_out: "write the base64 of those bytes into key-file (… | xxd -r -p | base64)",
};

/// The way to read a key file as a secret that makes the token's signature valid.
pub(super) fn other_reading(path: &Path, seen: &Seen<'_>) -> Option<Reading> {
    let algorithm = match seen.algorithm()? {
        Algorithm::Hs256 => hmac::HMAC_SHA256,
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => return None,
    };
    let signature = seen.signature.as_deref()?;
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
    let text = Zeroizing::new(std::fs::read(path).ok().filter(|_| is_small)?);
    let is_right = |secret: &[u8]| {
        let key = hmac::Key::new(algorithm, secret);
        hmac::verify(&key, seen.signing_input, signature).is_ok()
    };
    let trimmed = text.trim_ascii();
    let once = Zeroizing::new(decode(trimmed).unwrap_or_default());
    let twice = Zeroizing::new(decode(once.trim_ascii()).unwrap_or_default());
    let digits = Zeroizing::new(from_hex(trimmed).unwrap_or_default());
    let readings: [(Reading, &[u8]); 4] =
        [(TEXT, trimmed), (TEXT_WITH_LINE_END, &text), (DECODED_TWICE, &twice), (HEXADECIMAL, &digits)];
    readings.into_iter().find(|(_, secret)| !secret.is_empty() && is_right(secret)).map(|(reading, _)| reading)
}

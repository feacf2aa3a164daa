// SPDX-License-Identifier: Apache-2.0
//! Reads a shared secret from a file in MIME base64 (RFC 2045, section 6.8), as `java.util.Base64.getMimeDecoder()`
//! does.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::keys::error::KeyError;
use crate::keys::forms;
use crate::keys::verifying_key::VerifyingKey;

/// Padding is optional, and stray bits at the end are dropped, as in Java.
const MIME: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The way out for a secret that is not base64.
const ENCODE_TEXT: &str = "if the text itself is the secret, store its base64 in the file: printf %s 'text' | base64";

/// Reads the secret. Java's decoder skips every character outside the alphabet, so a JWK or any prose would become a
/// secret. Here only white space is skipped; any other character is an error.
pub(crate) fn secret(text: &str) -> Result<VerifyingKey, KeyError> {
    read(text).map(|(key, _)| key)
}

/// The bytes of the secret, for the command that signs with it.
///
/// # Errors
/// The text is not the base64 of at least 32 bytes, or it is a key of another form.
pub fn hmac_secret(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    read(text).map(|(_, secret)| secret)
}

/// A warning about a text that [`secret`] accepts: the issuer may use other bytes as the secret.
pub(crate) fn doubt(text: &str) -> Option<&'static str> {
    let digits = text.trim_ascii();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(
            "the HMAC key consists of hexadecimal digits only and is decoded as base64. If the issuer uses the text itself as the secret, store the output of printf %s 'text' | base64; if it uses the bytes that the digits encode, store the output of xxd -r -p FILE | base64",
        );
    }
    if decode(text).is_ok_and(|secret| may_be_modulus(&secret)) {
        return Some(
            "the HMAC key may be the modulus (n) of an RSA key, which is public, so anyone could sign tokens. Use 64 random bytes as the secret",
        );
    }
    has_words(text).then_some(
        "the HMAC key is a text with spaces in its lines and is decoded as base64 without them. If the issuer uses the text itself as the secret, store the output of printf %s 'text' | base64",
    )
}

/// True for odd numbers with exactly as many bits as RSA keys have.
fn may_be_modulus(secret: &[u8]) -> bool {
    let number = secret.strip_prefix(&[0]).unwrap_or(secret);
    matches!(number.len(), 128 | 256 | 384 | 512 | 1024) && matches!(number, [0x80..=0xff, .., last] if last & 1 == 1)
}

/// True if a line contains white space, which base64 does not.
fn has_words(text: &str) -> bool {
    text.lines().any(|line| line.trim_ascii().bytes().any(|byte| byte.is_ascii_whitespace()))
}

fn read(text: &str) -> Result<(VerifyingKey, Zeroizing<Vec<u8>>), KeyError> {
    let secret = decode(text)?;
    match VerifyingKey::hmac(&secret) {
        Ok(key) => Ok((key, secret)),
        Err(KeyError(why)) if secret.len() < VerifyingKey::MIN_HMAC_BYTES => {
            Err(KeyError(format!("{why}. The file is decoded as base64; {ENCODE_TEXT}")))
        }
        Err(why) => Err(why),
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if text.trim_ascii().is_empty() {
        return Err(KeyError("the file is empty".to_owned()));
    }
    // Checked before decoding, since hexadecimal digits are also base64.
    forms::reject_as_secret(text.as_bytes()).map_err(|KeyError(what)| KeyError(format!("the file {what}")))?;
    let packed: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    if let Some(other) = other_text(text) {
        return Err(KeyError(format!("the file {other}")));
    }
    match MIME.decode(packed.as_slice()) {
        Ok(secret) => Ok(Zeroizing::new(secret)),
        Err(_) => Err(KeyError(format!(
            "the file is neither PEM nor the base64 of an HMAC key: {}; {ENCODE_TEXT}",
            why(text, &packed)
        ))),
    }
}

/// Text that is neither a key nor base64.
fn other_text(text: &str) -> Option<&'static str> {
    let trimmed = text.trim_start();
    let start: String = trimmed.chars().take(24).flat_map(char::to_lowercase).collect();
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| start.starts_with(beginning));
    if starts(&["<!doctype", "<html"]) {
        return Some("is an HTML page; a key in PEM, base64 or JSON is needed");
    }
    if starts(&["<?xml"]) {
        return Some("is XML; a key in PEM, base64 or JSON is needed");
    }
    if starts(&["http://", "https://", "oidc:"]) {
        return Some("contains an address: set key-file to that address instead of to this file");
    }
    starts(&["public-key:", "rsa public-key:", "private-key:", "certificate:", "modulus="]).then_some(
        "is what openssl prints with -text or -modulus; store the PEM text instead, which openssl prints with -pubout",
    )
}

/// Why the text is not base64, without showing any of it: it may be a secret.
fn why(text: &str, packed: &[u8]) -> &'static str {
    let trimmed = text.trim_start();
    let is_url = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_=".contains(byte);
    match packed {
        _ if trimmed.starts_with('\u{feff}') => "it begins with a byte order mark; save it in UTF-8 without one",
        _ if packed.contains(&0) => "it contains a NUL character",
        _ if packed.iter().all(is_url) && packed.iter().any(|byte| b"-_".contains(byte)) => {
            "it contains '-' or '_', as base64url does; an HMAC key file must be in plain base64, which has '+' and '/' instead"
        }
        _ if text.contains("\\n") => "it contains \\n as two characters instead of a line break",
        _ if trimmed.starts_with(['"', '\'']) => "it is in quotes",
        _ if trimmed.contains('#') => "it contains a '#', but a key file cannot have comments",
        _ if has_words(text) => "it contains words with spaces between them; base64 has no spaces within a line",
        _ if packed.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) => {
            "it consists of base64 characters, but is cut off or has '=' in the middle"
        }
        _ => "it contains characters that are not base64",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        secret(text).expect_err(text).0
    }

    #[test]
    fn an_error_says_why_a_text_is_not_base64_and_what_to_do() {
        for (text, reason) in [
            ("correct horse battery staple", "it contains words with spaces between"),
            ("correct%horse%battery%staple", "it contains characters that are not base64"),
            ("c2VjcmV0 # of 2026", "a key file cannot have comments"),
            ("\u{feff}c2VjcmV0", "byte order mark"),
            ("c2VjcmV0\0", "NUL"),
            ("\"c2VjcmV0\"", "in quotes"),
            ("c2VjcmV0\\n", "\\n as two characters"),
            ("my-very-long-passphrase", "as base64url does"),
            ("c2VjcmV0c", "cut off"),
            ("c2Vj=cmV0", "'=' in the middle"),
            ("changeit", "48 bits; RFC 7518 section 3.2 requires 256 or more. The file is decoded as base64"),
        ] {
            let error = error_of(text);
            assert!(error.contains(reason) && error.ends_with("printf %s 'text' | base64"), "{text}: {error}");
            assert!(!error.contains("horse") && !error.contains("passphrase") && !error.contains("c2Vj"), "{error}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_key_is_identified() {
        for (text, reason) in [
            ("\n<!DOCTYPE html><p>Sign in", "is an HTML page"),
            ("<?xml version=\"1.0\"?>", "is XML"),
            ("https://idp.example/jwks", "contains an address"),
            ("Public-Key: (2048 bit)\nModulus:", "openssl prints with -text"),
            ("Modulus=C0FFEE", "or -modulus"),
        ] {
            assert!(error_of(text).starts_with("the file ") && error_of(text).contains(reason), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_base64_by_chance_gets_a_warning() {
        let digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
        assert!(secret(digits).is_ok());
        assert!(doubt(digits).unwrap().contains("hexadecimal digits"));
        let words = format!("{} of {}\n", "A".repeat(30), "A".repeat(32));
        assert!(secret(&words).is_ok());
        assert!(doubt(&words).unwrap().contains("spaces in its lines"));
        let modulus = base64::engine::general_purpose::STANDARD.encode([0xff; 256]);
        assert!(secret(&modulus).is_ok());
        assert!(doubt(&modulus).unwrap().contains("modulus"));
        for text in [
            "AAAAAAAAAAAAAAAAAAAAAA\r\n  AAAAAAAAAAAAAAAAAAAAA=\n",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "",
            "gg",
        ] {
            assert_eq!(doubt(text), None, "{text}");
        }
    }
}

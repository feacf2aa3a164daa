//! HMAC file → a shared secret: MIME base64 (RFC 2045, section 6.8), as `java.util.Base64.getMimeDecoder()` reads it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::keys::error::KeyError;
use crate::keys::forms;
use crate::keys::verifying_key::VerifyingKey;

/// Padding may be there or not, and stray bits at the end are dropped, as in Java.
const MIME: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What to do with a secret that is no base64.
const OF_TEXT: &str = "if the text itself is the secret, write its base64 into the file: printf %s 'text' | base64";

/// Reads the secret. Java's decoder skips every character outside the alphabet, which would make a secret of a JWK or of
/// any prose: here only white space is skipped, and the rest refused.
pub(crate) fn secret(text: &str) -> Result<VerifyingKey, KeyError> {
    read(text).map(|(key, _)| key)
}

/// The bytes of the secret, for a command that signs with it.
///
/// # Errors
/// The text is not the base64 of at least 32 bytes, or it is a key of another form.
pub fn hmac_secret(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    read(text).map(|(_, secret)| secret)
}

/// A doubt about a text that [`secret`] takes: the issuer may use other bytes.
pub(crate) fn doubt(text: &str) -> Option<&'static str> {
    let digits = text.trim_ascii();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(
            "the HMAC key is a text of nothing but hexadecimal digits, which is decoded as base64. An issuer that takes the text itself has another secret (then write printf %s 'text' | base64 into the file), and so has one that takes the bytes behind the digits (xxd -r -p FILE | base64)",
        );
    }
    if decode(text).is_ok_and(|secret| may_be_modulus(&secret)) {
        return Some(
            "the HMAC key may be the modulus (n) of an RSA key, which is public: then anybody could sign tokens. A secret is random, and 64 bytes are enough for it",
        );
    }
    has_words(text).then_some(
        "the HMAC key is a text with spaces in its lines, which is decoded as base64 without them. An issuer that takes the text itself has another secret: then write printf %s 'text' | base64 into the file",
    )
}

/// True for odd numbers of exactly as many bits as RSA keys have.
fn may_be_modulus(secret: &[u8]) -> bool {
    let number = secret.strip_prefix(&[0]).unwrap_or(secret);
    matches!(number.len(), 128 | 256 | 384 | 512 | 1024) && matches!(number, [0x80..=0xff, .., last] if last & 1 == 1)
}

/// True if there is white space within a line, as base64 has none.
fn has_words(text: &str) -> bool {
    text.lines().any(|line| line.trim_ascii().bytes().any(|byte| byte.is_ascii_whitespace()))
}

fn read(text: &str) -> Result<(VerifyingKey, Zeroizing<Vec<u8>>), KeyError> {
    let secret = decode(text)?;
    match VerifyingKey::hmac(&secret) {
        Ok(key) => Ok((key, secret)),
        Err(KeyError(why)) if secret.len() < VerifyingKey::MIN_HMAC_BYTES => {
            Err(KeyError(format!("{why}. The file is decoded as base64; {OF_TEXT}")))
        }
        Err(why) => Err(why),
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if text.trim_ascii().is_empty() {
        return Err(KeyError("the file is empty".to_owned()));
    }
    // Before anything is decoded: hexadecimal digits are base64, too.
    forms::refuse_as_secret(text.as_bytes()).map_err(|KeyError(what)| KeyError(format!("the file {what}")))?;
    let packed: Zeroizing<Vec<u8>> = Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    if let Some(other) = other_text(text) {
        return Err(KeyError(format!("the file {other}")));
    }
    match MIME.decode(packed.as_slice()) {
        Ok(secret) => Ok(Zeroizing::new(secret)),
        Err(_) => Err(KeyError(format!(
            "the file is neither PEM nor the base64 of an HMAC key: {}; {OF_TEXT}",
            why(text, &packed)
        ))),
    }
}

/// What is no key in any form, and no base64 either.
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
        return Some("holds an address, which belongs into the configuration in the place of this file's name");
    }
    starts(&["public-key:", "rsa public-key:", "private-key:", "certificate:", "modulus="]).then_some(
        "is what openssl prints with -text or -modulus; the PEM text is needed, which it prints with -pubout",
    )
}

/// Why the text is no base64, without a character of it: it may be a secret.
fn why(text: &str, packed: &[u8]) -> &'static str {
    let trimmed = text.trim_start();
    let is_url = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_=".contains(byte);
    match packed {
        _ if trimmed.starts_with('\u{feff}') => "it begins with a byte order mark; save it in UTF-8 without one",
        _ if packed.contains(&0) => "it holds a NUL character",
        _ if packed.iter().all(is_url) && packed.iter().any(|byte| b"-_".contains(byte)) => {
            "it holds '-' or '_', as base64url does; an HMAC key file is in plain base64, which has '+' and '/' in their place"
        }
        _ if text.contains("\\n") => "it holds \\n as two characters where a line break is meant",
        _ if trimmed.starts_with(['"', '\'']) => "it stands in quotes",
        _ if trimmed.contains('#') => "it holds a '#', but a key file has no comments",
        _ if has_words(text) => "it holds words with spaces between, where base64 has lines without",
        _ if packed.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) => {
            "it holds the characters of base64, but is cut off, or has '=' in the middle"
        }
        _ => "it holds characters that base64 does not have",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        secret(text).expect_err(text).0
    }

    #[test]
    fn a_text_that_is_no_base64_is_told_why_and_what_to_do() {
        for (text, reason) in [
            ("correct horse battery staple", "it holds words with spaces between"),
            ("correct%horse%battery%staple", "it holds characters that base64 does not have"),
            ("c2VjcmV0 # of 2026", "a key file has no comments"),
            ("\u{feff}c2VjcmV0", "byte order mark"),
            ("c2VjcmV0\0", "NUL"),
            ("\"c2VjcmV0\"", "in quotes"),
            ("c2VjcmV0\\n", "\\n as two characters"),
            ("my-very-long-passphrase", "as base64url does"),
            ("c2VjcmV0c", "cut off"),
            ("c2Vj=cmV0", "'=' in the middle"),
            ("changeit", "48 bits; RFC 7518 section 3.2 demands 256 or more. The file is decoded as base64"),
        ] {
            let told = refused(text);
            assert!(told.contains(reason) && told.ends_with("printf %s 'text' | base64"), "{text}: {told}");
            assert!(!told.contains("horse") && !told.contains("passphrase") && !told.contains("c2Vj"), "{told}");
        }
    }

    #[test]
    fn a_text_that_is_no_key_at_all_is_named() {
        for (text, reason) in [
            ("\n<!DOCTYPE html><p>Sign in", "is an HTML page"),
            ("<?xml version=\"1.0\"?>", "is XML"),
            ("https://idp.example/jwks", "holds an address"),
            ("Public-Key: (2048 bit)\nModulus:", "openssl prints with -text"),
            ("Modulus=C0FFEE", "or -modulus"),
        ] {
            assert!(refused(text).starts_with("the file ") && refused(text).contains(reason), "{text}");
        }
    }

    #[test]
    fn what_is_a_secret_by_chance_is_a_doubt() {
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

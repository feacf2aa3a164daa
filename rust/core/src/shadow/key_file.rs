// SPDX-License-Identifier: Apache-2.0
//! What the built-in authenticator makes of a key file that nativejwt reads otherwise.

use crate::keys::{pem_sections, reject_as_secret};
use crate::shadow::rows::Explanation;

const ED25519: &str = "Ed25519";

/// Why nativejwt does not use a file that the built-in authenticator uses.
pub(super) fn why_unusable(bytes: &[u8]) -> Option<Explanation> {
    let text = String::from_utf8_lossy(bytes);
    let is_armoured = text.contains("-----BEGIN ");
    let lower = text.to_ascii_lowercase();
    if is_armoured && text.contains("PRIVATE KEY-----") {
        return Some(Explanation::PrivateKey);
    }
    // The built-in authenticator reads any number of dashes, in any case.
    if lower.contains("-begin") && lower.contains("key-") {
        return pem_sections(&text).is_err().then_some(Explanation::PemArmour);
    }
    if !is_armoured && reject_as_secret(bytes).is_err() {
        return Some(Explanation::BareKey);
    }
    (!is_armoured && has_other_than_base64(bytes)).then_some(Explanation::HmacAlphabet)
}

/// True if the built-in authenticator would skip characters of the file to read it as a secret.
pub(super) fn has_other_than_base64(bytes: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte) || byte.is_ascii_whitespace();
    !bytes.iter().all(is_base64)
}

/// True if the file has a key in a form that only nativejwt reads. `description` is that of the key.
pub(super) fn is_only_ours(bytes: &[u8], description: &str) -> bool {
    description == ED25519 || what_is_only_ours(bytes).is_some()
}

/// What a file is that the built-in authenticator cannot read, to follow its name.
pub(super) fn what_is_only_ours(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    if text.starts_with('{') {
        return Some("a JWK or JWK Set in a file");
    }
    (text.contains("-----BEGIN ") && !text.contains(" PUBLIC KEY-----") && !text.contains("BEGIN PUBLIC KEY-----"))
        .then_some("a certificate")
}

/// The sentence for a file whose key is of this type, if the built-in authenticator cannot read it.
pub(crate) fn built_in_cannot_read(bytes: &[u8], description: &str) -> Option<&'static str> {
    what_is_only_ours(bytes).or((description == ED25519).then_some("an Ed25519 key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/../../tests/cases/keys/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn each_kind_of_file_that_only_the_built_in_authenticator_uses_has_its_row() {
        for (name, expected) in [
            ("rsa-2048.private.pem", Some(Explanation::PrivateKey)),
            ("rsa-body-only.base64", Some(Explanation::BareKey)),
            ("hmac-comment.secret", Some(Explanation::HmacAlphabet)),
            ("hmac-64.secret", None),
        ] {
            assert_eq!(why_unusable(&file(name)), expected, "{name}");
        }
        assert_eq!(why_unusable(b"---begin public key---\nAAAA\n---end public key---"), Some(Explanation::PemArmour));
    }

    #[test]
    fn files_that_only_nativejwt_reads_are_named() {
        for (name, description, expected) in [
            ("rsa-2048.certificate.pem", "RSA 2048", Some("a certificate")),
            ("ed25519.public.pem", "Ed25519", Some("an Ed25519 key")),
            ("oct-jwk.json", "HMAC", Some("a JWK or JWK Set in a file")),
            ("rsa-2048.public.pem", "RSA 2048", None),
            ("rsa-2048.pkcs1.public.pem", "RSA 2048", None),
            ("ec-p256.public.pem", "EC P-256", None),
            ("hmac-64.secret", "HMAC", None),
        ] {
            assert_eq!(built_in_cannot_read(&file(name), description), expected, "{name}");
        }
    }
}

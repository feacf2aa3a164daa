// SPDX-License-Identifier: Apache-2.0
//! Signs with the test keys. The product's core only verifies.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair, RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keys_folder;

/// Every algorithm, with a test key that fits it.
pub const ALGORITHMS: [(&str, &str); 13] = [
    ("HS256", "hmac-64"),
    ("HS384", "hmac-64"),
    ("HS512", "hmac-64"),
    ("RS256", "rsa-2048"),
    ("RS384", "rsa-2048"),
    ("RS512", "rsa-2048"),
    ("PS256", "rsa-2048"),
    ("PS384", "rsa-2048"),
    ("PS512", "rsa-2048"),
    ("ES256", "ec-p256"),
    ("ES384", "ec-p384"),
    ("ES512", "ec-p521"),
    ("EdDSA", "ed25519"),
];

/// The key file that verifies signatures of the key of this name.
pub fn verifying_file(key: &str) -> std::path::PathBuf {
    let extension = if key.starts_with("hmac") { "secret" } else { "public.pem" };
    keys_folder().join(format!("{key}.{extension}"))
}

/// The secret of an HMAC file.
pub fn secret(key: &str) -> Vec<u8> {
    if let Some(file) = key.strip_prefix("bytes-of:") {
        return std::fs::read(keys_folder().join(file)).unwrap();
    }
    if let Some(file) = key.strip_prefix("mime-of:") {
        return java_mime(&std::fs::read(keys_folder().join(file)).unwrap());
    }
    let text = std::fs::read_to_string(keys_folder().join(format!("{key}.secret"))).unwrap();
    let packed: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(packed).unwrap_or_else(|error| panic!("{key}: {error}"))
}

/// Decodes as `java.util.Base64.getMimeDecoder()`, which skips characters outside the alphabet.
fn java_mime(text: &[u8]) -> Vec<u8> {
    let kept: Vec<u8> =
        text.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).collect();
    let whole = if kept.len() % 4 == 1 { &kept[..kept.len() - 1] } else { &kept };
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    lenient.decode(whole).unwrap()
}

/// The PKCS#8 bytes of a private key.
pub fn private_key(key: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(keys_folder().join(format!("{key}.private.pem")))
        .unwrap_or_else(|error| panic!("{key}: {error}"));
    pem::parse(text).unwrap().into_contents()
}

/// The signature of `message` by the algorithm with the key of this name.
pub fn sign(alg: &str, key: &str, message: &[u8]) -> Vec<u8> {
    match alg {
        "HS256" => mac(hmac::HMAC_SHA256, key, message),
        "HS384" => mac(hmac::HMAC_SHA384, key, message),
        "HS512" => mac(hmac::HMAC_SHA512, key, message),
        "RS256" => rsa(&aws::RSA_PKCS1_SHA256, key, message),
        "RS384" => rsa(&aws::RSA_PKCS1_SHA384, key, message),
        "RS512" => rsa(&aws::RSA_PKCS1_SHA512, key, message),
        "PS256" => rsa(&aws::RSA_PSS_SHA256, key, message),
        "PS384" => rsa(&aws::RSA_PSS_SHA384, key, message),
        "PS512" => rsa(&aws::RSA_PSS_SHA512, key, message),
        "ES256" => ec(&aws::ECDSA_P256_SHA256_FIXED_SIGNING, key, message),
        "ES384" => ec(&aws::ECDSA_P384_SHA384_FIXED_SIGNING, key, message),
        "ES512" => ec(&aws::ECDSA_P521_SHA512_FIXED_SIGNING, key, message),
        "EdDSA" => Ed25519KeyPair::from_pkcs8(&private_key(key)).unwrap().sign(message).as_ref().to_vec(),
        other => panic!("no signer for {other}"),
    }
}

fn mac(algorithm: hmac::Algorithm, key: &str, message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, &secret(key)), message).as_ref().to_vec()
}

fn rsa(encoding: &'static RsaSignatureEncoding, key: &str, message: &[u8]) -> Vec<u8> {
    let pair = RsaKeyPair::from_pkcs8(&private_key(key)).unwrap_or_else(|error| panic!("{key}: {error}"));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding as &'static dyn RsaEncoding, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm, key: &str, message: &[u8]) -> Vec<u8> {
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, &private_key(key)).unwrap_or_else(|error| panic!("{key}: {error}"));
    pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

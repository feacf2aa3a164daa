// SPDX-License-Identifier: Apache-2.0
//! Signs with the test keys of `tests/cases/keys`. Each is parsed once.

use std::cell::RefCell;
use std::collections::HashMap;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as aws, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair};

use test_support::sign::{private_key, secret};

enum Key {
    Hmac(Vec<u8>),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

thread_local! {
    static KEYS: RefCell<HashMap<(String, String), Key>> = RefCell::default();
}

/// The signature of `message` by the algorithm with the key of this name; empty for `none`.
///
/// # Panics
/// The key does not exist, or does not fit the algorithm.
#[must_use]
pub fn sign(algorithm: &str, name: &str, message: &[u8]) -> Vec<u8> {
    if algorithm == "none" {
        return Vec::new();
    }
    KEYS.with_borrow_mut(|keys| {
        let family = if algorithm.starts_with("HS") { "HS" } else { algorithm };
        let key = keys.entry((family.to_owned(), name.to_owned())).or_insert_with(|| load(algorithm, name));
        match key {
            Key::Hmac(secret) => {
                let algorithm = match algorithm {
                    "HS256" => hmac::HMAC_SHA256,
                    "HS384" => hmac::HMAC_SHA384,
                    _ => hmac::HMAC_SHA512,
                };
                hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec()
            }
            Key::Rsa(pair) => {
                let encoding: &dyn aws::RsaEncoding = match algorithm {
                    "RS256" => &aws::RSA_PKCS1_SHA256,
                    "RS384" => &aws::RSA_PKCS1_SHA384,
                    "RS512" => &aws::RSA_PKCS1_SHA512,
                    "PS256" => &aws::RSA_PSS_SHA256,
                    "PS384" => &aws::RSA_PSS_SHA384,
                    _ => &aws::RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).expect("the key signs");
                signature
            }
            Key::Ec(pair) => pair.sign(&SystemRandom::new(), message).expect("the key signs").as_ref().to_vec(),
            Key::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    })
}

fn load(algorithm: &str, name: &str) -> Key {
    let ec = |algorithm: &'static EcdsaSigningAlgorithm| {
        Key::Ec(
            EcdsaKeyPair::from_pkcs8(algorithm, &private_key(name)).unwrap_or_else(|error| panic!("{name}: {error}")),
        )
    };
    match algorithm {
        "ES256" => ec(&aws::ECDSA_P256_SHA256_FIXED_SIGNING),
        "ES384" => ec(&aws::ECDSA_P384_SHA384_FIXED_SIGNING),
        "ES512" => ec(&aws::ECDSA_P521_SHA512_FIXED_SIGNING),
        "EdDSA" => Key::Ed25519(Ed25519KeyPair::from_pkcs8(&private_key(name)).expect("an Ed25519 key")),
        _ if algorithm.starts_with("HS") => Key::Hmac(secret(name)),
        _ => Key::Rsa(RsaKeyPair::from_pkcs8(&private_key(name)).unwrap_or_else(|error| panic!("{name}: {error}"))),
    }
}

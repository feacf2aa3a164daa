// SPDX-License-Identifier: Apache-2.0
//! Keys from text: PEM, JWK, JWK Set. A key that is read, written as a JWK and read again must be the same.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use nativejwt_core::{PublicKeyParameters, hmac_secret, public_keys};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keys = public_keys(text);
    if keys.is_ok() {
        assert!(hmac_secret(text).is_err(), "public keys that are also a secret");
    }
    for key in keys.map(|found| found.keys).unwrap_or_default() {
        let numbers = key.public_key_parameters().expect("public_keys returns keys with parameters");
        let again = public_keys(&jwk(numbers)).expect("a key that was read can be read again").keys;
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].public_key_parameters().expect("it still has parameters"), numbers);
    }
});

fn jwk(numbers: PublicKeyParameters<'_>) -> String {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match numbers {
        PublicKeyParameters::Rsa { modulus, exponent } => {
            format!("{{\"kty\":\"RSA\",\"n\":\"{}\",\"e\":\"{}\"}}", text(modulus), text(exponent))
        }
        PublicKeyParameters::Ec { curve, x, y } => {
            format!("{{\"kty\":\"EC\",\"crv\":\"{curve}\",\"x\":\"{}\",\"y\":\"{}\"}}", text(x), text(y))
        }
        PublicKeyParameters::Ed25519(x) => format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{}\"}}", text(x)),
    }
}

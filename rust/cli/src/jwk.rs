// SPDX-License-Identifier: Apache-2.0
//! JWKs (RFC 7517) as the command writes them.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nativejwt_core::PublicKeyParameters;

use crate::json::JsonObject;

/// base64url without padding, the form of numbers in JWKs.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The members that define the public key (those that RFC 7638 hashes), in the usual order.
pub(crate) fn public_members(parameters: PublicKeyParameters<'_>) -> Vec<(&'static str, String)> {
    match parameters {
        PublicKeyParameters::Rsa { modulus, exponent } => {
            vec![("kty", "RSA".to_owned()), ("n", base64url(modulus)), ("e", base64url(exponent))]
        }
        PublicKeyParameters::Ec { curve, x, y } => {
            vec![("kty", "EC".to_owned()), ("crv", curve.to_owned()), ("x", base64url(x)), ("y", base64url(y))]
        }
        PublicKeyParameters::Ed25519(x) => {
            vec![("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned()), ("x", base64url(x))]
        }
    }
}

/// The SHA-256 thumbprint (RFC 7638, section 3).
pub(crate) fn thumbprint(public_members: &[(&'static str, String)]) -> String {
    let mut sorted: Vec<_> = public_members.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let json = sorted.into_iter().fold(JsonObject::new(), |json, (name, value)| json.text(name, value)).finish();
    base64url(digest::digest(&digest::SHA256, json.as_bytes()).as_ref())
}

/// A JSON object with these members.
pub(crate) fn object(members: &[(&'static str, String)]) -> JsonObject {
    members.iter().fold(JsonObject::new(), |json, (name, value)| json.text(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638_section_3_1() {
        let modulus = URL_SAFE_NO_PAD
            .decode(concat!(
                "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX",
                "jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaS",
                "qzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksIN",
                "HaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
            ))
            .unwrap();
        let members = public_members(PublicKeyParameters::Rsa { modulus: &modulus, exponent: &[1, 0, 1] });
        assert_eq!(thumbprint(&members), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}

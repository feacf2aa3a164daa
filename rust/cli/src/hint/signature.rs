// SPDX-License-Identifier: Apache-2.0
//! Hints about an invalid signature: its length, its form, and other keys that may have made it.

use nativejwt_core::Algorithm;

use super::keys::{Key, Keys};
use super::secret::Reading;
use super::seen::Seen;
use super::signature_forms::{Fault, coordinate_bytes, der_numbers, is_rsa, signature_bytes, text_of};
use super::{Case, listed, service, shown, whole};

pub(super) fn advice(case: &Case<'_>) -> Option<String> {
    let seen = &case.seen;
    let keys = &case.keys;
    if let Some(text) = service::only_its_service_verifies(seen).or_else(|| service::refresh_token(seen)) {
        return Some(text);
    }
    if let Some(text) = form(seen, keys) {
        return Some(text);
    }
    if let Some(Reading { secret, way_out }) = &keys.as_secret {
        return Some(format!("the signature is valid if {secret} is the secret: {way_out}"));
    }
    let algorithm = seen.algorithm()?;
    let named = keys.named(seen.key_id());
    if let Some(key) = keys.offered.iter().find(|key| key.signed.is_some()) {
        return Some(signed_by(key, algorithm));
    }
    let what = named.map_or_else(
        || "the key".to_owned(),
        |key| match &key.key_id {
            Some(key_id) => format!("the key {} ({})", shown(key_id), key.kind),
            None => format!("the key ({})", key.kind),
        },
    );
    if algorithm.is_hmac() {
        return Some(format!(
            "the signature has the right length, but it does not match {what}: the issuer uses another secret, or reads the same text differently (key-file is decoded as base64), or the token was changed"
        ));
    }
    let issuer = seen.claim_text("iss").map_or_else(String::new, |issuer| format!(" of {}", shown(issuer)));
    let source = if keys.source.is_empty() { "key-file" } else { &keys.source };
    let others = match keys.offered.len() {
        0 | 1 => String::new(),
        number => format!(", nor any other of the {number} keys there"),
    };
    Some(format!(
        "the signature has the right length, but it does not match {what} in {}{others}: compare it with the current key{issuer}. If they are the same, the header or payload was changed after it was signed",
        whole(source)
    ))
}

/// The hint from the length and form of the signature, whatever the key is.
pub(super) fn form(seen: &Seen<'_>, keys: &Keys) -> Option<String> {
    let (algorithm, signature) = (seen.algorithm()?, seen.signature.as_deref()?);
    let length = signature.len();
    if length == 0 {
        return None;
    }
    let right = match (signature_bytes(algorithm), rsa_bytes(seen, keys)) {
        (Some(bytes), _) => bytes,
        (None, Some(bytes)) if is_rsa(algorithm) => bytes,
        (None, _) => return rsa_without_key(algorithm, signature),
    };
    let proof = |fault: Fault| keys.offered.iter().any(|key| key.signed == Some(fault));
    let has = format!("the signature has {length} bytes where {algorithm} has {right}");
    if let (Some(size), true) = (coordinate_bytes(algorithm), der_numbers(signature).is_some()) {
        let proof = if proof(Fault::Der) { "; otherwise it is valid, so the key is the right one" } else { "" };
        return Some(format!(
            "{has}, and looks like DER, the format of OpenSSL, Java and key management services{proof}. Have the issuer convert it to R and S, {size} bytes each (RFC 7518, section 3.4)"
        ));
    }
    if length == right {
        return None;
    }
    let decoded = text_of(signature).map(|text| text.len());
    if decoded == Some(right) || decoded.is_some_and(|length| length + 2 >= right && right > 8 && length <= right + 8) {
        return Some(format!(
            "{has}: they are the {} of a signature instead of its bytes. Have the issuer encode the bytes once, in base64url",
            if signature.iter().all(u8::is_ascii_hexdigit) { "hexadecimal digits" } else { "base64" }
        ));
    }
    let of_other = || Algorithm::ALL.iter().filter(|other| signature_bytes(**other) == Some(length));
    let same_family = of_other().find(|other| other.name().get(..2) == algorithm.name().get(..2));
    let why = if let Some(other) = same_family {
        format!("that is the length of {other}, so alg is not the algorithm that the issuer used")
    } else if is_rsa(algorithm) {
        let bits = |bytes: usize| bytes * 8;
        if [256, 384, 512, 1024].contains(&length) {
            format!(
                "it was made with an RSA key of {} bits, but this key has {}: set key-file to the issuer's current key",
                bits(length),
                bits(right)
            )
        } else {
            "RSA keys of the usual sizes do not make such signatures: it was cut, or encoded differently".to_owned()
        }
    } else if let Some(size) = coordinate_bytes(algorithm) {
        match length {
            65 if right == 64 => {
                "one byte too many, as libraries for blockchains add it: have the issuer leave it out".to_owned()
            }
            128 if right == 132 => "R and S of P-521 have 66 bytes each, but the issuer writes 64".to_owned(),
            _ if length < right && length + 4 >= right => {
                format!(
                    "it was cut at its end, or the issuer drops leading zeros of R or S: have it write {size} bytes for each"
                )
            }
            256 | 384 | 512 => format!(
                "that is the length of an RSA signature with a key of {} bits, so alg is not the algorithm that the issuer used",
                length * 8
            ),
            _ => "it was cut, or encoded differently".to_owned(),
        }
    } else if algorithm == Algorithm::EdDsa && length == 114 {
        "that is the length of Ed448, which is not supported: have the issuer sign with Ed25519".to_owned()
    } else if length >= 256 && length % 64 == 0 {
        format!(
            "that is the length of an RSA signature with a key of {} bits, so alg is not the algorithm that the issuer used",
            length * 8
        )
    } else {
        let others = of_other().map(ToString::to_string).collect::<Vec<_>>();
        match others.is_empty() {
            true => "it was cut, or encoded differently".to_owned(),
            false => {
                format!("that is the length of {}, so alg is not the algorithm that the issuer used", listed(others))
            }
        }
    };
    Some(format!("{has}: {why}"))
}

/// The length of signatures of the RSA key that the token names, or of all RSA keys if they have the same length.
fn rsa_bytes(seen: &Seen<'_>, keys: &Keys) -> Option<usize> {
    if let Some(key) = keys.named(seen.key_id()) {
        return key.rsa_bytes;
    }
    let mut lengths = keys.offered.iter().filter_map(|key| key.rsa_bytes);
    let first = lengths.next()?;
    lengths.all(|other| other == first).then_some(first)
}

/// The hint for an RSA signature without its key.
fn rsa_without_key(algorithm: Algorithm, signature: &[u8]) -> Option<String> {
    let length = signature.len();
    if !is_rsa(algorithm) || length >= 256 {
        let decoded = text_of(signature)?.len();
        return Some(format!(
            "the signature is a text of {length} characters, which encodes {decoded} bytes: have the issuer encode the bytes once, in base64url"
        ));
    }
    Some(format!(
        "the signature has {length} bytes, but {algorithm} has 256 or more (RSA keys of 2048 bits or more): alg is not the algorithm that the issuer used, or the signature was cut"
    ))
}

/// The hint for a signature that one of the keys made.
fn signed_by(key: &Key, algorithm: Algorithm) -> String {
    match key.signed {
        Some(Fault::Algorithm(other)) => format!(
            "the signature was made by {other} with {}, but the header says {algorithm}: have the issuer write alg {other}",
            key.described()
        ),
        Some(Fault::Reversed) => {
            "the signature is valid with its bytes in the opposite order, as Windows CryptoAPI returns them: have the issuer reverse them".to_owned()
        }
        Some(Fault::EncodedTwice) => {
            "the signature was encoded twice: have the issuer encode its bytes once, in base64url".to_owned()
        }
        Some(Fault::Der) => "the signature is DER: have the issuer convert it to R and S (RFC 7518, section 3.4)".to_owned(),
        Some(Fault::None) | None => format!(
            "the signature was made with {}, which is not the key of the token's kid: have the issuer write the kid of that key",
            key.described()
        ),
    }
}

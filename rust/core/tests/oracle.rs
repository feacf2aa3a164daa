// SPDX-License-Identifier: Apache-2.0
//! A second opinion: other implementations must accept everything that the core accepts. Tokens are mutated at random, from
//! a seed that is printed and can be set with `NATIVEJWT_SEED`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::print_stdout, reason = "the counts are part of a test's output")]

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use nativejwt_core::UnixMillis;
use test_support::random::{Random, seed};
use test_support::sign::{self, ALGORITHMS};
use test_support::token::{Make, decode, encode};

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// The number of mutations for each algorithm.
const MUTATIONS: usize = 400;

/// The number of signed payloads for the test of JSON.
const PAYLOADS: usize = 30_000;

#[test]
fn another_implementation_accepts_the_signature_of_every_accepted_token() {
    let seed = seed();
    let mut random = Random::new(seed);
    let mut mutated = 0;
    let mut accepted = 0;
    let mut oracle_only = 0;
    for (alg, key) in ALGORITHMS {
        let authenticator = test_support::with_key_file(&sign::verifying_file(key));
        let oracle = Oracle::new(alg, key);
        let tokens: Vec<String> = ["alice", "bob", "\u{fc}ml\u{e4}ut"]
            .into_iter()
            .map(|user| {
                let payload = format!("{{\"sub\":\"{user}\",\"x\":[1,2,3],\"exp\":1700000060}}");
                let header = format!("{{\"typ\":\"JWT\",\"alg\":\"{alg}\",\"kid\":\"k1\"}}");
                let make = Make {
                    header: Some(header),
                    payload: Some(payload),
                    key: Some(key.to_owned()),
                    alg: Some(alg.to_owned()),
                    ..Make::default()
                };
                String::from_utf8(make.build()).unwrap()
            })
            .collect();
        for token in &tokens {
            assert!(oracle.accepts(token.as_bytes()), "{alg}: the other implementation rejects {token}");
            let verdict = authenticator.authenticate_token(token.as_bytes(), NOW);
            assert!(verdict.is_ok(), "{alg}: rejected: {verdict:?}");
        }
        for number in 0..MUTATIONS {
            let token = mutate(&tokens, &mut random);
            if tokens.iter().any(|unchanged| unchanged.as_bytes() == token) {
                continue;
            }
            mutated += 1;
            let ours = authenticator.authenticate_token(&token, NOW);
            let theirs = oracle.accepts(&token);
            match &ours {
                Ok(identity) => {
                    accepted += 1;
                    assert!(
                        theirs,
                        "{alg}, mutation {number}, seed {seed}: accepted as {}, but rejected by the other implementation: {}",
                        identity.user,
                        String::from_utf8_lossy(&token)
                    );
                }
                Err(reject) => {
                    oracle_only += usize::from(theirs);
                    test_support::harmless(reject.message(), &[b"Bearer ", &token[..]].concat()).unwrap();
                }
            }
        }
    }
    println!(
        "seed {seed}: {} algorithms, {mutated} mutated tokens, {accepted} accepted by both, {oracle_only} by the other implementation alone",
        ALGORITHMS.len()
    );
    assert_eq!(accepted, 0, "a token without a valid signature");
}

/// Another implementation with the same key.
enum Oracle {
    Jsonwebtoken(Box<DecodingKey>, Validation),
    /// jsonwebtoken does not support ES512, so aws-lc-rs verifies this signature.
    Es512(Vec<u8>),
}

impl Oracle {
    fn new(alg: &str, key: &str) -> Self {
        let bytes = std::fs::read(sign::verifying_file(key)).unwrap();
        let (decoding_key, algorithms) = match &alg[..2] {
            "HS" => {
                let key = DecodingKey::from_secret(&sign::secret(key));
                (key, vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512])
            }
            "RS" | "PS" => {
                let rsa = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];
                let pss = [Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];
                (DecodingKey::from_rsa_pem(&bytes).unwrap(), [rsa, pss].concat())
            }
            "Ed" => (DecodingKey::from_ed_pem(&bytes).unwrap(), vec![Algorithm::EdDSA]),
            _ if alg == "ES512" => {
                let der = pem::parse(bytes).unwrap().into_contents();
                return Self::Es512(der[der.len() - 133..].to_vec());
            }
            _ => (DecodingKey::from_ec_pem(&bytes).unwrap(), vec![alg.parse().unwrap()]),
        };
        let mut validation = Validation::new(algorithms[0]);
        validation.algorithms = algorithms;
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_aud) = (false, false);
        Self::Jsonwebtoken(Box::new(decoding_key), validation)
    }

    fn accepts(&self, token: &[u8]) -> bool {
        let Ok(token) = std::str::from_utf8(token) else { return false };
        match self {
            Self::Jsonwebtoken(key, validation) => {
                jsonwebtoken::decode::<serde_json::Value>(token, key, validation).is_ok()
            }
            Self::Es512(point) => {
                let Some((message, signature)) = token.rsplit_once('.') else { return false };
                let Some((header, payload)) = message.split_once('.') else { return false };
                let decoded =
                    |part: &str| data(part).and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
                let (Some(header), Some(_), Some(signature)) = (decoded(header), decoded(payload), data(signature))
                else {
                    return false;
                };
                header["alg"] == "ES512"
                    && UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point)
                        .verify(message.as_bytes(), &signature)
                        .is_ok()
            }
        }
    }
}

/// Decodes base64url, independently of the library.
fn data(part: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for character in part.chars() {
        bits = bits << 6 | ALPHABET.find(character)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0 && count < 6).then_some(bytes)
}

/// Makes one change, sometimes two.
fn mutate(tokens: &[String], random: &mut Random) -> Vec<u8> {
    let mut token = random.one_of(tokens).clone().into_bytes();
    for _ in 0..=random.below(4) / 3 {
        let other: &String = random.one_of(tokens);
        token = mutate_once(&token, other, random);
    }
    token
}

fn mutate_once(token: &[u8], other: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = token.to_vec();
    let at = random.below(bytes.len());
    match random.below(12) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes.truncate(at),
        2 => drop(bytes.remove(at)),
        3 => bytes.insert(at, *random.one_of(b".=+/ \tA_-\n\0\"")),
        4 => bytes[at] = *random.one_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        5 => drop(bytes.drain(..at)),
        _ => {
            let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
            let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
            let theirs: Vec<&str> = other.split('.').collect();
            let index = random.below(parts.len());
            match random.below(8) {
                0 => parts.swap(0, index),
                1 => parts[index] = theirs[index.min(2)].to_owned(),
                2 => parts.push(parts[index].clone()),
                3 => drop(parts.remove(index)),
                4 => {
                    let tail: &&str = random.one_of(&["=", "==", "A", "", "\u{e9}", "%3D", "?"]);
                    parts[index].push_str(tail);
                }
                5 => parts[index] = parts[index].replace('-', "+").replace('_', "/"),
                _ => {
                    if let Some(decoded) = data(&parts[index]) {
                        parts[index] = encode(&mutate_part(decoded, random));
                    }
                }
            }
            bytes = parts.join(".").chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        }
    }
    bytes
}

/// Changes the bytes of a part: JSON, or a signature.
fn mutate_part(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = random.below(bytes.len());
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.starts_with('{') => {
            let edits: [(&str, &str); 12] = [
                ("alg", "ALG"),
                ("{", "{\"alg\":\"none\","),
                ("256", "512"),
                ("384", "256"),
                ("512", "384"),
                ("RS", "PS"),
                ("ES", "HS"),
                ("PS", "HS"),
                (",", ", "),
                ("{", "{\"b64\":false,"),
                ("alice", "admin"),
                ("}", "}}"),
            ];
            let (from, to) = random.one_of(&edits);
            text.replacen(from, to, 1).into_bytes()
        }
        _ => {
            match random.below(6) {
                0 => bytes.push(0),
                1 => bytes.insert(0, 0),
                2 => bytes.truncate(at),
                3 => bytes.fill(random.number() as u8),
                4 => bytes.rotate_left(at),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
            bytes
        }
    }
}

/// Payloads are mutated before they are signed, so the test is about JSON and claims only.
#[test]
fn another_json_reader_reads_the_same_from_every_accepted_payload() {
    let seed = seed();
    let mut random = Random::new(seed ^ 0xFFFF);
    let authenticator = test_support::with_key_file(&sign::verifying_file("hmac-64"));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &sign::secret("hmac-64"));
    let mut accepted = 0;
    let mut rejected = 0;
    for number in 0..PAYLOADS {
        let payload = random_payload(&mut random);
        let message = format!("eyJhbGciOiJIUzI1NiJ9.{}", encode(&payload));
        let token = format!("{message}.{}", encode(aws_lc_rs::hmac::sign(&key, message.as_bytes()).as_ref()));
        match authenticator.authenticate_token(token.as_bytes(), NOW) {
            Err(reject) => {
                rejected += 1;
                test_support::harmless(reject.message(), format!("Bearer {token}").as_bytes()).unwrap();
            }
            Ok(identity) => {
                accepted += 1;
                let shown = || format!("payload {number}, seed {seed}: {}", String::from_utf8_lossy(&payload));
                let value: serde_json::Value =
                    serde_json::from_slice(&payload).unwrap_or_else(|_| panic!("{}", shown()));
                assert_eq!(value["sub"], identity.principal.as_str(), "{}", shown());
                for (name, in_time) in [("exp", "not before"), ("nbf", "not after")] {
                    let Some(claim) = value.get(name) else { continue };
                    let millis =
                        claim.as_f64().unwrap_or_else(|| panic!("{name} is not a number: {}", shown())) * 1000.0;
                    let now = NOW.0 as f64;
                    let holds = if name == "exp" { millis >= now } else { millis <= now };
                    assert!(holds, "{name} is {in_time} now: {}", shown());
                }
            }
        }
    }
    println!("seed {seed}: {PAYLOADS} payloads, {accepted} accepted, {rejected} rejected");
    assert!(accepted > PAYLOADS / 50 && rejected > PAYLOADS / 50);
}

/// Random members, values and damage, modelled on known defects of other implementations.
fn random_payload(random: &mut Random) -> Vec<u8> {
    const NAMES: [&str; 12] =
        ["sub", "exp", "nbf", "iat", "iss", "aud", "jti", "x", "su\\u0062", " exp", "sub\\u0000", "\\u0065xp"];
    const VALUES: [&str; 24] = [
        "\"alice\"",
        "\"\"",
        "\" \"",
        "\"a\\nb\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "1700000000",
        "1700000000.001",
        "1699999999.999",
        "1.7e9",
        "17e8",
        "1700000001",
        "1e19",
        "-1",
        "0",
        "9223372036854775807",
        "18446744073709551616",
        "null",
        "true",
        "[]",
        "[\"trino\"]",
        "{}",
        "{\"sub\":\"x\"}",
        "\"1700000001\"",
    ];
    let members: Vec<String> = (0..=random.below(4))
        .map(|index| {
            // Most payloads have a valid sub, so that some are accepted.
            if index == 0 && random.below(8) > 0 {
                "\"sub\":\"alice\"".to_owned()
            } else {
                format!("\"{}\":{}", random.one_of(&NAMES), random.one_of(&VALUES))
            }
        })
        .collect();
    let mut text = format!("{{{}}}", members.join(",")).into_bytes();
    if random.below(5) == 0 {
        let at = random.below(text.len());
        match random.below(5) {
            0 => text[at] ^= 1 << random.below(8),
            1 => drop(text.remove(at)),
            2 => text.insert(at, *random.one_of(b" \n\0{}[],:\"\\\x80\xff")),
            3 => text.extend_from_slice(random.one_of::<&[u8]>(&[b" ", b"x", b"\0", b"{}", b"\n"])),
            _ => text.truncate(at),
        }
    }
    text
}

#[test]
fn the_base64url_decoder_of_this_test_agrees_with_the_library() {
    for text in ["", "QQ", "QUI", "QUJD", "_-8"] {
        assert_eq!(data(text), Some(decode(text)));
    }
    for text in ["Q", "QR", "QUJ", "QQ==", "+/8", "QUI "] {
        assert_eq!(data(text), None, "{text}");
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Public test vectors: JSON web signatures and keys of Wycheproof, and the examples of RFC 7515, 7520, 7797 and 8037.
//!
//! Most payloads are not claims, so the authenticator rejects them. The test checks whether it accepts the signature: the
//! rejection is then about the claims, with a number from 401.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::print_stdout, reason = "the counts are part of a test's output")]

use std::collections::{BTreeMap, BTreeSet};

use nativejwt_core::{Authenticator, Rejection, UnixMillis};
use serde_json::Value;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// Signature vectors of Wycheproof for which our verdict differs, each with the reason.
const SIGNATURE_EXCEPTIONS: &[(u64, &str)] = &[
    (
        346,
        "its JWK is labelled PS256 and the token PS384: a key is for the algorithm in its alg (RFC 7517, section 4.4)",
    ),
    (350, "as 346"),
    (367, "labelled invalid, and byte for byte the same as 357, which is labelled valid (C2SP/wycheproof issue 236)"),
    (370, "as 367"),
    (372, "labelled valid, although its base64url contains '?' (RFC 7515, section 2)"),
    (373, "labelled valid, although its base64url contains '?' (RFC 7515, section 2)"),
];

/// Key vectors of Wycheproof for which our verdict differs, each with the reason.
const KEY_EXCEPTIONS: &[(u64, &str)] = &[
    (1, "a set with a secret and a public key: each kid names one key, and each key has one family"),
    (4, "two keys of one kid: each is tried in turn, so that the set stays usable; flagged as ambiguous"),
    (7, "a modulus with the ROCA weakness is not detected; an issuer is responsible for its keys"),
    (19, "ES521 is not an algorithm, and an unknown alg restricts nothing; the curve does"),
    (20, "as 19, with ES224"),
];

#[test]
fn wycheproof_json_web_signatures() {
    run("json_web_signature", 401, SIGNATURE_EXCEPTIONS);
}

#[test]
fn wycheproof_json_web_keys() {
    run("json_web_key", 26, KEY_EXCEPTIONS);
}

/// Runs a file of vectors. The differing verdicts must be exactly the listed exceptions.
fn run(file: &str, count: usize, exceptions: &[(u64, &str)]) {
    let vectors = read(&format!("wycheproof/{file}_test.json"));
    let mut differing = BTreeMap::new();
    let mut total = 0;
    let mut valid = 0;
    for group in vectors["testGroups"].as_array().unwrap() {
        // Asymmetric keys are in `public`, with the signing key in `private`. A shared secret is in `private` only.
        let key = group.get("public").unwrap_or(&group["private"]);
        let opened = open(key);
        for test in group["tests"].as_array().unwrap() {
            total += 1;
            let jws = match &test["jws"] {
                Value::String(compact) => compact.clone(),
                json => json.to_string(),
            };
            let expected = match test["result"].as_str().unwrap() {
                "valid" => true,
                "invalid" => false,
                other => panic!("a result of '{other}'"),
            };
            valid += usize::from(expected);
            let verdict = match &opened {
                Ok(authenticator) => {
                    authenticator.authenticate_token(jws.as_bytes(), NOW).map(drop).map_err(|reject| outcome(&reject))
                }
                Err(errors) => Err((false, errors.clone())),
            };
            let verified = verdict.as_ref().map_or_else(|(verified, _)| *verified, |()| true);
            if verified != expected {
                let id = test["tcId"].as_u64().unwrap();
                differing.insert(id, format!("{}: expected {expected}, {verdict:?}", test["comment"]));
            }
        }
    }
    println!(
        "{file}: {} of {total} as Wycheproof says ({valid} valid, {} not)",
        total - differing.len(),
        total - valid
    );
    for (id, reason) in exceptions {
        println!("    not {id}: {reason}");
    }
    let listed: BTreeSet<u64> = exceptions.iter().map(|(id, _)| *id).collect();
    let found: BTreeSet<u64> = differing.keys().copied().collect();
    assert_eq!(found, listed, "{differing:#?}");
    assert_eq!(total, count);
}

#[test]
fn examples_of_the_rfcs() {
    let examples = read("rfc/examples.json");
    let mut failures = Vec::new();
    for example in examples.as_array().unwrap() {
        let authenticator = open(&example["key"]).unwrap_or_else(|errors| panic!("{}: {errors}", example["name"]));
        let verdict = authenticator.authenticate_token(example["jws"].as_str().unwrap().as_bytes(), NOW);
        let code = verdict.as_ref().map_or_else(|reject| reject.code().name(), |_| "accepted");
        if code != example["verdict"] {
            failures.push(format!("{}: {code}, not {}", example["name"], example["verdict"]));
        }
    }
    println!("{} examples of RFC 7515, 7520, 7797 and 8037", examples.as_array().unwrap().len());
    assert!(failures.is_empty(), "{failures:#?}");
}

fn read(name: &str) -> Value {
    let text = std::fs::read(test_support::tests_folder().join("vectors").join(name)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// An authenticator with a JWK or a JWK Set as its key file, or the errors of the configuration.
fn open(key: &Value) -> Result<Authenticator, String> {
    let folder = test_support::TemporaryFolder::new();
    let path = folder.path().join("key.json");
    std::fs::write(&path, key.to_string()).unwrap();
    Authenticator::open(&test_support::properties([("key-file", path.to_str().unwrap())]))
        .map_err(|errors| errors.to_string())
}

/// Whether the signature was accepted, and why the token was rejected.
fn outcome(reject: &Rejection) -> (bool, String) {
    (reject.code().number() >= 400, format!("{}: {}", reject.code(), reject.message()))
}

// SPDX-License-Identifier: Apache-2.0
use base64::Engine as _;
use serde_json::json;

use crate::support::*;

#[test]
fn the_payload_is_printed_byte_for_byte() {
    let folder = Folder::new("payload_bytes");
    let keys = folder.keygen("HS256");
    let payload = b"{\"exp\" : 1}\r\n\x00\xff";
    let input = format!("{}.{}", encoded(r#"{"alg":"HS256"}"#), encoded(payload));
    let secret = base64::engine::general_purpose::STANDARD.decode(folder.read("HS256/secret.b64").trim()).unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
    let token = format!("{input}.{}", encoded(aws_lc_rs::hmac::sign(&key, input.as_bytes())));

    assert_eq!(run(&["verify-jws", "--key", &keys.public, &token]).expect_code(0).out, payload);
    let answer = run(&["verify-jws", "--json", "--key", &keys.public, &token]).expect_code(0).json();
    assert_eq!(
        answer,
        json!({"verified": true, "alg": "HS256", "kid": null, "payload": null, "payload_base64url": encoded(payload)})
    );
}

#[test]
fn only_the_signature_matters() {
    let folder = Folder::new("signature_only");
    let (keys, others) = (folder.keygen("ES384"), folder.keygen("ES256"));
    let token = issue(&keys.private, &["--claim", "exp=1", "--kid", "k"]);
    let answer = run(&["verify-jws", "--json", "--key", &keys.public, &token]).expect_code(0).json();
    assert_eq!(answer["kid"], "k");
    assert!(answer["payload"].as_str().unwrap().contains("\"exp\":1"));

    let parts: Vec<&str> = token.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], encoded("{}"), parts[2]);
    for (key, token, reason) in [
        (&keys.public, forged.as_str(), "SIGNATURE_MISMATCH"),
        (&others.public, &token, "KEY_ALGORITHM_MISMATCH"),
        (&keys.public, "a.b.c.d.e", "ENCRYPTED_TOKEN"),
        (&keys.public, "x", "MALFORMED_TOKEN"),
        (&keys.public, &unsigned(r#"{"alg":"ES384","crit":["exp"]}"#, "{}"), "CRITICAL_HEADER"),
    ] {
        let answer = run(&["verify-jws", "--key", key, token]).expect_code(1);
        assert!(answer.out.is_empty(), "nothing unverified on standard output");
        assert!(answer.err.starts_with(&format!("rejected: {reason} (")), "{}", answer.err);
        let answer = run(&["verify-jws", "--json", "--key", key, token]).expect_code(1).json();
        assert_eq!((&answer["verified"], &answer["reason"]), (&json!(false), &json!(reason)));
    }
}

#[test]
fn a_token_from_standard_input_may_be_longer_than_a_coordinator_accepts() {
    let folder = Folder::new("long_token");
    let keys = folder.keygen("EdDSA");
    let token = issue(&keys.private, &["--claim", &format!("x={}", "y".repeat(50_000))]);
    let answer =
        run_with_input(&["verify-jws", "--key", &keys.public, "-"], format!("{token}\n").as_bytes()).expect_code(0);
    assert!(answer.text().contains("yyyy"));
    run_with_input(&["verify-jws", "--key", &keys.public, "-"], b"\xff.\xff.\xff").expect_code(1);
}

#[test]
fn the_key_id_selects_a_key_and_bad_keys_are_named() {
    let folder = Folder::new("verify_set");
    let keys = folder.keygen("ES256");
    let jwk = std::fs::read_to_string(&keys.public_jwk).unwrap();
    let set = folder.write("set.json", format!("{{\"keys\":[{{\"kty\":\"EC\",\"kid\":\"bad\"}},{jwk}]}}"));
    let token = issue(&keys.private_jwk, &[]);
    let answer = run(&["verify-jws", "--key", &set, &token]).expect_code(0);
    assert!(answer.err.starts_with("warning: ") && answer.err.contains("'bad'"), "{}", answer.err);
    run(&["verify-jws", "--key", &set, &issue(&keys.private, &["--kid", "other"])]).expect_code(1);
}

#[test]
fn an_unusable_key_is_a_failure_instead_of_a_verdict() {
    let folder = Folder::new("verify_bad_key");
    let keys = folder.keygen("ES256");
    let token = issue(&keys.private, &[]);
    run(&["verify-jws", "--key", &keys.private, &token]).expect_error("private key");
    run(&["verify-jws", "--key", &keys.private_jwk, &token]).expect_error("private key");
    run(&["verify-jws", "--key", &folder.path("missing"), &token]).expect_error("missing");
    let failure = run(&["verify-jws", "--json", "--key", &folder.path("missing"), &token]).expect_code(2).json();
    assert!(failure["error"].as_str().unwrap().contains("missing"));
}

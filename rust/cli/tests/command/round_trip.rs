// SPDX-License-Identifier: Apache-2.0
//! Tokens that the command issues are accepted by us and by another implementation, and vice versa.

use std::fs;
use std::str::FromStr as _;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use crate::support::*;

const ALGORITHMS: [&str; 13] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
];

#[test]
fn every_algorithm_from_keygen_over_issue_to_check_token() {
    let folder = Folder::new("every_algorithm");
    for algorithm in ALGORITHMS {
        let keys = folder.keygen(algorithm);
        let of_pem = issue(&keys.private, &["--alg", algorithm, "--claim", "sub=alice"]);
        let of_jwk = issue(&keys.private_jwk, &["--claim", "sub=alice"]);
        for token in [&of_pem, &of_jwk] {
            assert_eq!(part(token, 0)["alg"], algorithm);
            for public in [&keys.public, &keys.public_jwk] {
                let verdict = verdict(&folder.config_of_key(public), token);
                assert_eq!(verdict["accepted"], true, "{algorithm} {verdict}");
                assert_eq!(verdict["alg"], algorithm);
                assert_eq!(verdict["user"], "alice");
                let payload = run(&["verify-jws", "--key", public, token]).expect_code(0).out;
                assert_eq!(payload, decoded(token.split('.').nth(1).unwrap()));
            }
        }
    }
}

#[test]
fn a_changed_token_and_another_key_are_rejected_with_every_algorithm() {
    let (folder, others) = (Folder::new("changed"), Folder::new("changed_others"));
    for algorithm in ALGORITHMS {
        let token = issue(&folder.keygen(algorithm).private_jwk, &["--claim", "sub=alice"]);
        let config = folder.config_of_key(&folder.path(&format!("{algorithm}/{}", public_name(algorithm))));
        assert_eq!(verdict(&config, &token)["accepted"], true);

        let parts: Vec<&str> = token.split('.').collect();
        let mallory = encoded(String::from_utf8(decoded(parts[1])).unwrap().replace("alice", "admin"));
        let changed = verdict(&config, &format!("{}.{mallory}.{}", parts[0], parts[2]));
        assert_eq!(changed["reason"], "SIGNATURE_MISMATCH", "{algorithm}");
        assert_eq!(changed["number"], 310);

        others.keygen(algorithm);
        let config = others.config_of_key(&others.path(&format!("{algorithm}/{}", public_name(algorithm))));
        assert_eq!(verdict(&config, &token)["reason"], "SIGNATURE_MISMATCH", "{algorithm}");
    }
}

fn public_name(algorithm: &str) -> &'static str {
    if algorithm.starts_with("HS") { "secret.b64" } else { "public.pem" }
}

/// jsonwebtoken does not support ES512. All other algorithms must agree.
#[test]
fn another_implementation_accepts_what_we_issue() {
    let folder = Folder::new("second_opinion");
    for name in ALGORITHMS.iter().filter(|name| **name != "ES512") {
        let keys = folder.keygen(name);
        let jwk: Jwk = serde_json::from_str(&fs::read_to_string(&keys.public_jwk).unwrap()).unwrap();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        let mut validation = Validation::new(jsonwebtoken::Algorithm::from_str(name).unwrap());
        validation.set_audience(&["trino"]);
        validation.set_issuer(&["https://idp.example"]);

        let token = issue(
            &keys.private,
            &[
                "--alg",
                name,
                "--kid",
                "k1",
                "--claim",
                "sub=alice",
                "--claim",
                "aud=trino",
                "--claim",
                "iss=https://idp.example",
            ],
        );
        let decoded = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
        assert_eq!(decoded.claims["sub"], "alice");
        assert_eq!(decoded.header.kid.as_deref(), Some("k1"));
        let lifetime = decoded.claims["exp"].as_i64().unwrap() - decoded.claims["iat"].as_i64().unwrap();
        assert_eq!(lifetime, 3600);

        let forged = format!("{}A", &token[..token.len() - 1]);
        let forged = if forged == token { format!("{}Q", &token[..token.len() - 1]) } else { forged };
        assert!(jsonwebtoken::decode::<Value>(&forged, &key, &validation).is_err(), "{name}");
    }
}

#[test]
fn we_accept_what_another_implementation_issues() {
    let folder = Folder::new("first_opinion");
    for name in ALGORITHMS.iter().filter(|name| **name != "ES512") {
        let keys = folder.keygen(name);
        let pem = fs::read(&keys.private).unwrap();
        let key = match &name[..2] {
            "HS" => EncodingKey::from_base64_secret(String::from_utf8(pem).unwrap().trim()).unwrap(),
            "ES" => EncodingKey::from_ec_pem(&pem).unwrap(),
            "Ed" => EncodingKey::from_ed_pem(&pem).unwrap(),
            _ => EncodingKey::from_rsa_pem(&pem).unwrap(),
        };
        let header = Header::new(jsonwebtoken::Algorithm::from_str(name).unwrap());
        let token = jsonwebtoken::encode(&header, &json!({"sub": "bob", "exp": 4_000_000_000_u32}), &key).unwrap();
        let verdict = verdict(&folder.config_of_key(&keys.public), &token);
        assert_eq!(
            verdict,
            json!({
                "accepted": true, "principal": "bob", "user": "bob", "groups": [], "issuer": null, "kid": null,
                "alg": name, "expires_at": 4_000_000_000_u32, "warnings": [],
            })
        );
    }
}

/// Keys of another tool, in its own formats.
#[test]
fn a_set_of_old_and_new_keys_serves_tokens_of_both() {
    let folder = Folder::new("set_of_keys");
    let (old, new) = (folder.keygen("ES256"), folder.keygen("RS256"));
    let set = run(&["jwks", &old.public_jwk, &new.public]).expect_code(0).text();
    let config = folder.config_of_key(&folder.write("jwks.json", &set));
    let set: Value = serde_json::from_str(&set).unwrap();
    let new_key_id = set["keys"][1]["kid"].as_str().unwrap();

    let of_old = issue(&old.private_jwk, &["--claim", "sub=alice"]);
    let of_new = issue(&new.private, &["--kid", new_key_id, "--claim", "sub=alice"]);
    let unnamed = issue(&new.private, &["--claim", "sub=alice"]);
    let unknown = issue(&new.private, &["--kid", "other", "--claim", "sub=alice"]);
    assert_eq!(verdict(&config, &of_old)["accepted"], true);
    assert_eq!(verdict(&config, &of_new)["accepted"], true);
    assert_eq!(verdict(&config, &unnamed)["accepted"], true, "one key fits its algorithm");
    assert_eq!(verdict(&config, &unknown)["reason"], "UNKNOWN_KEY_ID");
}

// SPDX-License-Identifier: Apache-2.0
//! Hints from the token, the keys and the configuration together.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::*;

/// The token with another signature.
fn with_signature(token: &str, signature: &[u8]) -> String {
    format!("{}.{}", token.rsplit_once('.').unwrap().0, encoded(signature))
}

fn signature(token: &str) -> Vec<u8> {
    decoded(token.rsplit_once('.').unwrap().1)
}

/// R and S as a sequence of two integers (RFC 3279, section 2.2.3).
fn der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let integer = |number: &[u8]| {
        let first = number.iter().position(|byte| *byte != 0).unwrap();
        let mut number = number[first..].to_vec();
        if number[0] >= 0x80 {
            number.insert(0, 0);
        }
        [&[2, number.len() as u8][..], &number].concat()
    };
    let numbers = [integer(r), integer(s)].concat();
    let length = match numbers.len() {
        short @ 0..0x80 => vec![short as u8],
        long => vec![0x81, long as u8],
    };
    [&[0x30][..], &length, &numbers].concat()
}

#[track_caller]
fn assert_hint(answer: &Answer, words: &[&str]) {
    let text = format!("{}{}", answer.text(), answer.err);
    let hint = text.lines().find(|line| line.starts_with("hint: ")).unwrap_or_else(|| panic!("no hint: {text}"));
    for word in words {
        assert!(hint.contains(word), "no '{word}' in {hint}");
    }
}

/// Checks the hint of both calls that verify a signature.
#[track_caller]
fn assert_hints(key: &str, config: &str, token: &str, words: &[&str]) {
    for call in [["verify-jws", "--key", key, "--", token], ["check-token", "--config", config, "--", token]] {
        let answer = run(&call).expect_code(1);
        assert_hint(&answer, words);
        let shown = format!("{}{}", answer.text(), answer.err);
        assert!(!shown.contains(&token[token.len() - 20..]), "the signature is not shown");
    }
}

#[test]
fn a_signature_in_a_wrong_form_is_named() {
    let folder = Folder::new("hint_signature_form");
    for (algorithm, bytes) in [("ES256", 64), ("ES384", 96), ("ES512", 132)] {
        let keys = folder.keygen(algorithm);
        let config = folder.config_of_key(&keys.public);
        let token = issue(&keys.private, &["--claim", "sub=alice"]);
        let right = signature(&token);
        let in_der = der(&right);
        let lengths = format!("{} bytes where {algorithm} has {bytes}", in_der.len());
        let is_der = [&lengths, "DER", "the key is the right one", "R and S"];
        assert_hints(&keys.public, &config, &with_signature(&token, &in_der), &is_der);
        let text = run(&["inspect", &with_signature(&token, &in_der)]).expect_code(0).text();
        assert!(text.contains(&lengths) && text.contains("DER"), "{text}");
        for (wrong, words) in [
            (encoded(&right).into_bytes(), &["base64", "encode the bytes once"][..]),
            (STANDARD.encode(&right).into_bytes(), &["base64"]),
            (right.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(), &["hexadecimal digits"]),
            (right[1..].to_vec(), &["drops leading zeros"]),
            (vec![7; 256], &["RSA", "2048 bits"]),
        ] {
            assert_hints(&keys.public, &config, &with_signature(&token, &wrong), words);
        }
    }
    let folder = Folder::new("hint_signature_length");
    let keys = folder.keygen("ES512");
    let config = folder.config_of_key(&keys.public);
    let token = issue(&keys.private, &["--claim", "sub=alice"]);
    for (length, words) in [
        (64, &["64 bytes where ES512 has 132", "the length of ES256"][..]),
        (96, &["the length of ES384"]),
        (128, &["writes 64"]),
    ] {
        assert_hints(&keys.public, &config, &with_signature(&token, &vec![7; length]), words);
    }
    let keys = folder.keygen("ES256");
    let token = with_signature(&issue(&keys.private, &["--claim", "sub=a"]), &[7; 65]);
    assert_hints(&keys.public, &folder.config_of_key(&keys.public), &token, &["blockchains"]);
    let keys = folder.keygen("EdDSA");
    let token = with_signature(&issue(&keys.private, &["--claim", "sub=a"]), &[7; 114]);
    assert_hints(&keys.public, &folder.config_of_key(&keys.public), &token, &["Ed448"]);
}

#[test]
fn an_rsa_signature_by_another_key_size_is_named() {
    let folder = Folder::new("hint_rsa_size");
    let keys = folder.keygen("RS256");
    let config = folder.config_of_key(&keys.public);
    let token = issue(&keys.private, &["--claim", "sub=alice"]);
    let right = signature(&token);
    for (wrong, words) in [
        (vec![7; 512], &["512 bytes where RS256 has 256", "4096 bits", "2048"][..]),
        (vec![7; 64], &["64 bytes where RS256 has 256"]),
        (right.iter().rev().copied().collect(), &["opposite order"]),
        (encoded(&right).into_bytes(), &["base64"]),
        (vec![7; 256], &["right length", "RSA 2048"]),
    ] {
        assert_hints(&keys.public, &config, &with_signature(&token, &wrong), words);
    }
    let input = format!("{}.{}", encoded(r#"{"alg":"RS256"}"#), token.split('.').nth(1).unwrap());
    let pem = fs::read_to_string(&keys.private).unwrap();
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let by_ps384 = jsonwebtoken::crypto::sign(input.as_bytes(), &key, jsonwebtoken::Algorithm::PS384).unwrap();
    assert_hints(&keys.public, &config, &format!("{input}.{by_ps384}"), &["by PS384", "says RS256"]);
}

#[test]
fn a_secret_that_the_issuer_reads_differently_is_named() {
    let folder = Folder::new("hint_secret");
    let text = "c2VjcmV0IHRleHQgb2Ygc29tZSBsZW5ndGgsIGRlY29kZWQgdG8gNDggYnl0ZXM=";
    let secret = folder.write("secret.b64", format!("{text}\n"));
    let config = folder.config_of_key(&secret);
    let token = |secret: &[u8]| {
        let key = jsonwebtoken::EncodingKey::from_secret(secret);
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        jsonwebtoken::encode(&header, &serde_json::json!({"sub": "alice"}), &key).unwrap()
    };
    run(&["check-token", "--config", &config, &token(&STANDARD.decode(text).unwrap())]).expect_code(0);
    assert_hints(&secret, &config, &token(text.as_bytes()), &["the text itself is the secret", "base64 of that text"]);
    assert_hints(&secret, &config, &token(format!("{text}\n").as_bytes()), &["line end"]);
    assert_hints(&secret, &config, &token(b"another"), &["another secret", "decoded as base64"]);

    let keys = folder.keygen("RS256");
    let config = folder.config_of_key(&keys.public);
    let confused = token(folder.read("RS256/public.pem").as_bytes());
    assert_hints(&keys.public, &config, &confused, &["forgery", "algorithm confusion", "RFC 8725"]);
    assert_hints(&keys.public, &config, &token(b"another"), &["HS256", "RSA 2048", "RS256 or PS256"]);
    let rsa = issue(&keys.private, &["--claim", "sub=alice", "--claim", "iss=https://idp.example"]);
    assert_hints(&secret, &folder.config_of_key(&secret), &rsa, &["RS256", "shared secret", "https://idp.example"]);
}

/// A set of four keys, of which one is not used.
fn set(folder: &Folder, first: &str, second: &str) -> String {
    let of = |file: &str, kid: &str| {
        let mut jwk: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        jwk["kid"] = kid.into();
        jwk
    };
    let mut unused = of(first, "for-encryption");
    unused["use"] = "enc".into();
    let mut bound = of(first, "bound");
    bound["alg"] = "PS256".into();
    let keys = [of(first, "Key+One="), of(second, "two"), unused, bound];
    folder.write("set.json", serde_json::json!({ "keys": keys }).to_string())
}

#[test]
fn the_available_kids_are_named() {
    let folder = Folder::new("hint_kid");
    let (rsa, elliptic) = (folder.keygen("RS256"), folder.keygen("ES256"));
    let set = set(&folder, &rsa.public_jwk, &elliptic.public_jwk);
    let config = folder.config_of_key(&set);
    let others = folder.path("others");
    run(&["keygen", "--alg", "ES256", "--out", &others]).expect_code(0);
    let token =
        |key: &str, kid: &str| issue(key, &["--kid", kid, "--claim", "sub=a", "--claim", "iss=https://x.example"]);
    let own = |kid: &str| token(&rsa.private, kid);
    let thumbprint = {
        let jwk: serde_json::Value = serde_json::from_str(&fs::read_to_string(&rsa.public_jwk).unwrap()).unwrap();
        jwk["kid"].as_str().unwrap().to_owned()
    };
    let other = format!("{others}/private.pem");
    for (token, words) in [
        (
            token(&other, "new"),
            &[
                "kid is 'new'",
                "iss is 'https://x.example'",
                "'Key+One=' (RSA 2048)",
                "'two' (EC P-256)",
                "one more is not used",
                "set.json",
            ][..],
        ),
        (own("key+one="), &["'Key+One='", "differ by case"]),
        (own("Key+One"), &["padding"]),
        (own("Key-One"), &["alphabet"]),
        (own(" Key+One="), &["white space"]),
        (own("renamed"), &["its signature was made with 'Key+One=' (RSA 2048)"]),
        (own(&thumbprint), &["thumbprint (RFC 7638)", "'Key+One='"]),
        (own("for-encryption"), &["it is not used", "its use is 'enc'"]),
        (own("bound"), &["RS256", "'bound' (RSA 2048)", "PS256 only"]),
        (own("two"), &["RS256", "'two' (EC P-256)", "was made with 'Key+One='"]),
        (token(&other, "two"), &["does not match the key 'two' (EC P-256)"]),
    ] {
        assert_hints(&set, &config, &token, words);
    }
    let nameless = issue(&rsa.private, &["--claim", "sub=a"]);
    let nameless = with_signature(
        &format!("{}.{}.x", encoded(r#"{"alg":"RS256"}"#), nameless.split('.').nth(1).unwrap()),
        &[7; 256],
    );
    let config = folder.config_of_key(&set);
    let two = fs::read_to_string(&set).unwrap().replace("\"PS256\"", "\"RS256\"");
    folder.write("set.json", two);
    assert_hints(&set, &config, &nameless, &["no kid", "2 keys of the set fit RS256"]);
}

#[test]
fn the_files_of_a_template_are_named() {
    let folder = Folder::new("hint_template");
    let keys = folder.keygen("ES256");
    fs::copy(&keys.public, folder.path("one.pem")).unwrap();
    let config = folder.config_of_key(&folder.path("${KID}.pem"));
    let check = |kid: &[&str]| {
        let token = issue(&keys.private, &[&["--claim", "sub=a"], kid].concat());
        run(&["check-token", "--config", &config, &token]).expect_code(1)
    };
    assert_hint(&check(&["--kid", "two/x"]), &["kid is 'two/x'", "two_x.pem' does not exist", "'one'"]);
    assert_hint(&check(&[]), &["no kid", "default-key.pem"]);
}

#[test]
fn a_failed_fetch_has_its_reason() {
    let folder = Folder::new("hint_fetch");
    let config = folder.config_of_key("http://127.0.0.1:1/jwks");
    let token = issue(&folder.keygen("ES256").private, &["--claim", "sub=a"]);
    let answer = run(&["check-token", "--config", &config, &token]).expect_code(1);
    assert_hint(&answer, &["the fetch from http://127.0.0.1:1/jwks failed"]);
}

#[test]
fn json_has_the_hint_and_warnings() {
    let folder = Folder::new("hint_json");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("groups-field", "groups")]);
    let late = issue(&keys.private, &["--claim", "sub=alice", "--claim", "exp=1795320245000"]);
    let accepted = verdict(&config, &late);
    assert_eq!(accepted["accepted"], true);
    let warnings = accepted["warnings"].to_string();
    assert!(warnings.contains("exp is in milliseconds") && warnings.contains("no claim 'groups'"), "{warnings}");
    let text = run(&["check-token", "--config", &config, &late]).expect_code(0).text();
    assert!(text.contains("WARN: exp is in milliseconds") && text.contains("expires in the year 58861"), "{text}");
    let early = issue(&keys.private, &["--claim", "sub=alice", "--claim", "nbf=1795316645000"]);
    let hint = verdict(&config, &early)["hint"].to_string();
    assert!(hint.contains("nbf is in milliseconds"), "{hint}");
    for call in [&["inspect", "--json", "a.b"][..], &["verify-jws", "--json", "--key", &keys.public, "a.b"]] {
        let hint = run(call).expect_code(1).json()["hint"].to_string();
        assert!(hint.contains("not a JWT"), "{hint}");
    }
}

#[test]
fn the_absence_of_groups_is_explained() {
    let folder = Folder::new("hint_groups");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("groups-field", "groups")]);
    let check = |claim: &str| {
        let token = issue(&keys.private, &["--claim", "sub=alice", "--claim", claim]);
        run(&["check-token", "--config", &config, &token]).expect_code(0).text()
    };
    for (claim, words) in
        [("hasgroups=true", "hasgroups"), (r#"Groups=["a"]"#, "groups-field=Groups"), ("x=1", "no claim 'groups'")]
    {
        let text = check(claim);
        assert!(text.contains("none: ") && text.contains(words), "{text}");
    }
}

// SPDX-License-Identifier: Apache-2.0
use serde_json::Value;

use crate::support::*;

#[test]
fn public_keys_in_every_form_become_one_set() {
    let folder = Folder::new("jwks_forms");
    let (rsa, ec, ed) = (folder.keygen("RS256"), folder.keygen("ES512"), folder.keygen("EdDSA"));
    let one: Value = run(&["jwks", "--json", &ec.public_jwk]).expect_code(0).json();
    assert_eq!(
        one["keys"][0],
        serde_json::from_str::<Value>(&std::fs::read_to_string(&ec.public_jwk).unwrap()).unwrap()
    );
    let inner = folder.write("inner.json", one.to_string());

    let set: Value =
        serde_json::from_str(&run(&["jwks", &rsa.public, &inner, &ed.public]).expect_code(0).text()).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let types: Vec<_> = keys.iter().map(|key| key["kty"].as_str().unwrap()).collect();
    assert_eq!(types, ["RSA", "EC", "OKP"]);
    for (key, file) in keys.iter().zip([&rsa.public_jwk, &ec.public_jwk, &ed.public_jwk]) {
        let jwk: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(key["kid"], jwk["kid"], "the thumbprint");
        for name in ["n", "e", "crv", "x", "y"] {
            assert_eq!(key.get(name), jwk.get(name), "{name}");
        }
        assert_eq!(key["use"], "sig");
    }
    assert_eq!(keys[0].get("alg"), None, "an RSA key in PEM serves six algorithms");
    assert_eq!(keys[1]["alg"], "ES512");
}

/// Made with `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=test`; x and y are the last
/// 64 bytes of `openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER`.
#[test]
fn a_certificate_gives_its_key() {
    let folder = Folder::new("jwks_certificate");
    let certificate = folder.write("certificate.pem", include_str!("certificate.pem"));
    let key = &run(&["jwks", "--json", &certificate]).expect_code(0).json()["keys"][0];
    assert_eq!((key["kty"].as_str(), key["crv"].as_str()), (Some("EC"), Some("P-256")));
    let numbers: Value = serde_json::from_str(include_str!("certificate.json")).unwrap();
    assert_eq!((&key["x"], &key["y"]), (&numbers["x"], &numbers["y"]));
}

#[test]
fn nothing_private_is_published() {
    let folder = Folder::new("jwks_private");
    let (rsa, secret) = (folder.keygen("RS256"), folder.keygen("HS256"));
    let set =
        folder.write("set.json", format!("{{\"keys\":[{}]}}", std::fs::read_to_string(&rsa.private_jwk).unwrap()));
    let both = folder.write(
        "both.pem",
        std::fs::read_to_string(&rsa.public).unwrap() + &std::fs::read_to_string(&rsa.private).unwrap(),
    );
    for (file, why) in [
        (&rsa.private, "private key"),
        (&both, "private key"),
        (&rsa.private_jwk, "it contains the private key (member 'd')"),
        (&set, "none of the keys of the JWK Set can be published: the key '"),
        (&secret.private, "must never be published"),
        (&secret.private_jwk, "shared secret (kty oct), which must never be published"),
    ] {
        let answer = run(&["jwks", &rsa.public, file]);
        answer.expect_error(why);
        answer.expect_error(file);
        assert!(answer.out.is_empty());
    }
}

#[test]
fn two_keys_with_one_key_id_are_an_error() {
    let folder = Folder::new("jwks_duplicate");
    for name in ["one", "two"] {
        run(&["keygen", "--alg", "ES256", "--kid", "same", "--out", &folder.path(name)]).expect_code(0);
    }
    let (one, two) = (folder.path("one/public.jwk"), folder.path("two/public.jwk"));
    let answer = run(&["jwks", &one, &two]);
    answer.expect_error("'same' is also that of a key in");
    answer.expect_error(&one);
    run(&["jwks", &one, &one]).expect_error("is also that of a key in");
}

#[test]
fn a_key_that_a_coordinator_does_not_load_is_an_error() {
    let folder = Folder::new("jwks_unusable");
    for (text, why) in [
        (r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "RFC 7518 section 3.3 requires 2048"),
        (
            r#"{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ","kid":"k"}"#,
            "the JWK 'k' cannot be used: the point is not on the curve",
        ),
        (r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, "X25519"),
        ("{}", "is an empty JSON object instead of a JWK"),
        (r#"{"kty":"RSA","kid":"k"}"#, "the JWK 'k' cannot be used: it has no n"),
        ("[]", ""),
        (r#"{"keys":[]}"#, "the JWK Set is empty"),
        ("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", "-----BEGIN PUBLIC KEY-----"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "SubjectPublicKeyInfo"),
    ] {
        run(&["jwks", &folder.write("key", text)]).expect_error(why);
    }
    run(&["jwks", &folder.path("missing")]).expect_error("missing: cannot be read");
}

#[test]
fn an_unusable_key_is_left_out() {
    let folder = Folder::new("jwks_partly");
    let (good, secret) = (folder.keygen("ES256"), folder.keygen("HS256"));
    let read = |file: &str| std::fs::read_to_string(file).unwrap();
    let jwk = read(&good.public_jwk);
    let private = read(&good.private_jwk).replace("\"kid\":\"", "\"kid\":\"private-");
    let encryption = jwk.replace("\"sig\"", "\"enc\"").replace("\"kid\":\"", "\"kid\":\"enc-");
    let set =
        folder.write("set.json", format!("{{\"keys\":[{encryption},{private},{},{jwk}]}}", read(&secret.public_jwk)));
    let answer = run(&["jwks", "--json", &set]).expect_code(0);
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys, [serde_json::from_str::<Value>(&jwk).unwrap()]);
    let lines: Vec<&str> = answer.err.lines().collect();
    assert_eq!(lines.len(), 3, "{}", answer.err);
    for (line, why) in
        lines.iter().zip(["its use is 'enc', not 'sig'", "it contains the private key", "must never be published"])
    {
        assert!(line.starts_with(&format!("warning: {set}: ")) && line.contains(why), "{line}");
    }
    assert!(lines[0].contains("the key 'enc-"), "{}", lines[0]);
}

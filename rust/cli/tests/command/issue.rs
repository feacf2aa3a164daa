// SPDX-License-Identifier: Apache-2.0
use serde_json::json;

use crate::support::*;

#[test]
fn claims_are_json_if_they_parse_and_strings_otherwise() {
    let folder = Folder::new("claims");
    let key = folder.keygen("HS256").private;
    let token = issue(
        &key,
        &[
            "--claim",
            "sub=alice",
            "--claim",
            "n=7",
            "--claim",
            "s=\"7\"",
            "--claim",
            "l=[\"a\", 1.50]",
            "--claim",
            "e=",
            "--claim",
            "q=a=b",
            "--claim",
            "iat=100",
            "--claim",
            "t=true",
            "--claim",
            "broken={\"a\":",
        ],
    );
    let payload = String::from_utf8(decoded(token.split('.').nth(1).unwrap())).unwrap();
    assert_eq!(
        payload,
        r#"{"sub":"alice","n":7,"s":"7","l":["a",1.50],"e":"","q":"a=b","iat":100,"t":true,"broken":"{\"a\":","exp":3700}"#
    );
}

#[test]
fn times_are_added_unless_they_are_given() {
    let folder = Folder::new("times");
    let key = folder.keygen("HS256").private;
    let times = |arguments: &[&str]| {
        let payload = part(&issue(&key, arguments), 1);
        (payload["iat"].as_i64(), payload["exp"].as_i64())
    };
    for (ttl, seconds) in [("30s", 30), ("15m", 900), ("2d", 172_800), ("0s", 0), ("-1h", -3600)] {
        let (iat, exp) = times(&["--ttl", ttl]);
        assert_eq!(exp.unwrap() - iat.unwrap(), seconds, "{ttl}");
    }
    assert_eq!(times(&["--claim", "exp=1"]).1, Some(1));
    assert_eq!(times(&["--claim", "iat=1000", "--ttl", "1m"]), (Some(1000), Some(1060)));
    let (iat, exp) = times(&["--ttl", "none"]);
    assert!(iat.is_some() && exp.is_none());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (iat, _) = times(&[]);
    assert!(now.abs_diff(u64::try_from(iat.unwrap()).unwrap()) < 600);
}

#[test]
fn the_header_names_algorithm_and_key() {
    let folder = Folder::new("header");
    let keys = folder.keygen("PS256");
    assert_eq!(part(&issue(&keys.private, &[]), 0), json!({"alg": "RS256", "typ": "JWT"}));
    assert_eq!(
        part(&issue(&keys.private, &["--alg", "PS384", "--kid", "a"]), 0),
        json!({"alg": "PS384", "typ": "JWT", "kid": "a"})
    );
    let of_jwk = part(&issue(&keys.private_jwk, &[]), 0);
    assert_eq!(of_jwk["alg"], "PS256");
    assert_eq!(of_jwk["kid"].as_str().unwrap().len(), 43, "the thumbprint");
    assert_eq!(part(&issue(&keys.private_jwk, &["--kid", "b"]), 0)["kid"], "b");
    for (algorithm, chosen) in
        [("ES256", "ES256"), ("ES384", "ES384"), ("ES512", "ES512"), ("EdDSA", "EdDSA"), ("HS512", "HS256")]
    {
        assert_eq!(part(&issue(&folder.keygen(algorithm).private, &[]), 0)["alg"], chosen);
    }
}

#[test]
fn a_key_that_does_not_fit_the_algorithm_does_not_sign() {
    let folder = Folder::new("misfit");
    let (rsa, ec, short) = (folder.keygen("RS256"), folder.keygen("ES256"), folder.keygen("HS256"));
    for (key, algorithm, why) in [
        (&rsa.private, "ES256", "is an RSA key"),
        (&rsa.private, "HS256", "is an RSA key"),
        (&ec.private, "ES384", "is a P-256 key"),
        (&short.private, "HS512", "has 32 bytes, but HS512 requires 64 or more"),
        (&short.private, "RS256", "is a shared secret"),
        (&rsa.private_jwk, "RS512", "its JWK allows RS256 only"),
        (&rsa.public, "RS256", "holds a 'PUBLIC KEY' but no private key"),
        (&rsa.public_jwk, "RS256", "is a public key"),
    ] {
        let answer = run(&["issue", "--key", key, "--alg", algorithm]);
        answer.expect_error(why);
        assert!(answer.out.is_empty());
    }
}

#[test]
fn keys_that_cannot_be_used_are_named_with_what_to_do() {
    let folder = Folder::new("unusable_keys");
    folder.keygen("ES256");
    let jwk = |text: &str| folder.write("key.jwk", text);
    for (file, why) in [
        (folder.path("missing"), "missing: cannot be read"),
        (folder.write("short", "c2hvcnQ=\n"), "RFC 7518 section 3.2 requires 256"),
        (folder.write("binary", [0x30, 0x82, 0xff]), "it contains binary data"),
        (
            folder.write("der", pem::parse(folder.read("ES256/private.pem")).unwrap().contents()),
            "openssl pkey -inform DER",
        ),
        (folder.write("prose", "this is no key!"), "neither PEM nor the base64"),
        (
            folder.write(
                "encrypted",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            ),
            "openssl pkey -in",
        ),
        (
            folder.write("ssh", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"),
            "ssh-keygen -p -m PKCS8",
        ),
        (
            folder.write("damaged", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "damaged, or not RSA of 2048",
        ),
        (folder.write("empty", ""), "the file is empty"),
    ] {
        run(&["issue", "--key", &file]).expect_error(why);
    }
    for (text, why) in [
        (r#"{"kty":"oct","k":"c2hvcnQ"}"#, "the secret has 5 bytes"),
        (r#"{"kty":"oct","k":"c2hvcnQ="}"#, "k is not base64url"),
        (r#"{"keys":[]}"#, "is a JWK Set"),
        (r#"{"kty":"EC","crv":"secp256k1","d":"AA","x":"AA","y":"AA"}"#, "curve 'secp256k1'"),
        (r#"{"kty":"EC","crv":"P-256","d":"AA","x":"AA","y":"AA"}"#, "do not have 32 bytes each"),
        (r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#, "has no p,"),
        (r#"{"kty":"oct","k":"","use":"enc"}"#, "use is not sig"),
        (r#"{"kty":"oct","alg":"dir"}"#, "cannot sign a token"),
        (r#"{"k":"AA"}"#, "has no kty"),
        ("{", "is not a JWK"),
    ] {
        run(&["issue", "--key", &jwk(text)]).expect_error(why);
    }
}

/// A key that is not secret must not sign as a shared secret.
#[test]
fn a_key_without_its_armour_is_not_a_secret() {
    let folder = Folder::new("bare_keys");
    let keys = folder.keygen("RS256");
    for (file, label) in [(&keys.public, "PUBLIC KEY"), (&keys.private, "PRIVATE KEY")] {
        let text = std::fs::read_to_string(file).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let der = pem::parse(&text).unwrap().into_contents();
        let digits: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = unsigned(r#"{"alg":"HS256"}"#, "{}");
        for (name, content) in [
            ("bare", body.clone()),
            ("digits", digits),
            ("jwk", json!({"kty": "oct", "k": encoded(&der)}).to_string()),
            ("jwk-of-text", json!({"kty": "oct", "k": encoded(&body)}).to_string()),
        ] {
            let file = folder.write(name, content);
            run(&["issue", "--key", &file]).expect_error(&format!("-----BEGIN {label}-----"));
            run(&["verify-jws", "--key", &file, &token]).expect_error(&format!("-----BEGIN {label}-----"));
        }
    }
}

#[test]
fn wrong_arguments_are_usage_errors() {
    let folder = Folder::new("issue_usage");
    let key = folder.keygen("HS256").private;
    for (arguments, why) in [
        (&["--claim", "sub"][..], "has no '='"),
        (&["--claim", "=x"], "has no name"),
        (&["--claim", "a=1", "--claim", "a=2"], "'a' is given twice"),
        (&["--ttl", "1"], "is not a duration"),
        (&["--ttl", "500ms"], "not a whole number of seconds"),
        (&["--alg", "none"], "is not one of HS256"),
        (&["--alg", "rs256"], "is not one of HS256"),
        (&["--claim", "iat=soon"], "iat is not a whole number"),
    ] {
        let answer = run(&[&["issue", "--key", &key], arguments].concat()).expect_code(2);
        assert!(answer.err.contains(why), "{arguments:?}: {}", answer.err);
        assert!(answer.out.is_empty());
    }
}

/// PKCS#1 and SEC 1, which other tools write. The keys are those of the PKCS#8 file.
#[test]
fn older_pem_forms_sign_too() {
    let folder = Folder::new("older_forms");
    for (algorithm, label) in [("RS256", "RSA PRIVATE KEY"), ("ES256", "EC PRIVATE KEY"), ("ES512", "EC PRIVATE KEY")] {
        let keys = folder.keygen(algorithm);
        let pkcs8 = pem::parse(std::fs::read(&keys.private).unwrap()).unwrap();
        let inner = inner_key(pkcs8.contents());
        let older = folder.write("older.pem", pem::encode(&pem::Pem::new(label, inner)));
        let token = issue(&older, &["--claim", "sub=alice"]);
        assert_eq!(verdict(&folder.config_of_key(&keys.public), &token)["accepted"], true, "{algorithm}");
    }
}

/// The OCTET STRING of a PKCS#8 document.
fn inner_key(pkcs8: &[u8]) -> Vec<u8> {
    use pkcs8::der::Decode as _;
    pkcs8::PrivateKeyInfoRef::from_der(pkcs8).unwrap().private_key.as_bytes().to_vec()
}

#[test]
fn json_holds_the_token() {
    let folder = Folder::new("issue_json");
    let key = folder.keygen("HS256").private;
    let answer = run(&["issue", "--json", "--key", &key, "--claim", "sub=alice"]).expect_code(0);
    assert_eq!(part(answer.json()["token"].as_str().unwrap(), 1)["sub"], "alice");
}

/// One in 64 thumbprints begins with a hyphen.
#[test]
fn a_kid_may_begin_with_a_hyphen() {
    let folder = Folder::new("issue_hyphen");
    let key = folder.keygen("ES256").private;
    assert_eq!(part(&issue(&key, &["--kid", "-B-x"]), 0)["kid"], "-B-x");
}

// SPDX-License-Identifier: Apache-2.0
use super::*;

const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const CERTIFICATE: &str = r"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

fn of(document: impl AsRef<[u8]>) -> String {
    describe_mismatch(document.as_ref(), Wanted::JwkSet, None, Excerpts::Shown)
}

/// Documents, what each of them is, and what to do.
fn documents() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    vec![
        (text(""), "empty", ""),
        (text("\u{feff}"), "empty", ""),
        (text(" \r\n"), "empty except for white space", ""),
        (vec![0x1f, 0x8b, 8, 0, 0], "compressed (gzip)", "only plain JSON is accepted"),
        (vec![0x78, 0x9c, 0xab, 0x56], "compressed (deflate)", "only plain JSON is accepted"),
        (vec![0x28, 0xb5, 0x2f, 0xfd, 4], "compressed (zstd)", "only plain JSON is accepted"),
        (text("PK\u{3}\u{4}"), "compressed (zip)", "only plain JSON is accepted"),
        (utf_16("{\"keys\":[]}"), "in UTF-16 or UTF-32, or binary data,", "JSON must be in UTF-8"),
        (utf_16("\u{feff}{\"keys\":[]}"), "in UTF-16 or UTF-32, or binary data,", "JSON must be in UTF-8"),
        (
            b"{\"keys\":[{\"kid\":\"\xe4\"}]}".to_vec(),
            "a text with bytes that are not UTF-8, the first after 17 bytes,",
            "UTF-8",
        ),
        (
            vec![0x30, 0x82, 1, 0xff],
            "binary data that looks like a key or certificate in DER,",
            "convert it to PEM and use it as a local file",
        ),
        (vec![0x80, 0x81], "binary data", ""),
        (
            text("<!DOCTYPE html><html><head><title>Sign in\n to Corp</title></head></html>"),
            "an HTML page (its title is 'Sign in to Corp')",
            "it may be a login or error page",
        ),
        (
            text("\u{feff}\n<HTML><body>502 Bad Gateway</body></HTML>"),
            "an HTML page",
            "it may be a login or error page",
        ),
        (
            text("<?xml version=\"1.0\"?><!-- x --><md:EntityDescriptor entityID=\"x\"/>"),
            "XML (its root is 'md:EntityDescriptor')",
            "SAML metadata",
        ),
        (text("<Error><Code>AccessDenied</Code></Error>"), "XML (its root is 'Error')", ""),
        (text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), "PEM ('CERTIFICATE')", "a local file"),
        (text("eyJhbGciOiJFUzI1NiJ9.eyJrZXlzIjpbXX0.AAAA\n"), "a signed token (JWT)", "plain JSON"),
        (text("eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA"), "an encrypted token (JWE)", "plain JSON"),
        (text(r#""{\"keys\":[]}""#), "a JSON string with JSON in it", "it was encoded twice"),
        (text("\"\""), "a JSON string", ""),
        (text("null"), "the JSON value null", ""),
        (text("17"), "a number", ""),
        (text("eyJrZXlzIjpbXX0=\n"), "the base64 of JSON", "decode it"),
        (text("no healthy upstream\n"), "plain text ('no healthy upstream')", ""),
        (text("keys:\n- kty: RSA\n"), "plain text ('keys:')", ""),
        (text("{\"keys\":[{\"kty\":"), "JSON that is cut off (it ends at line 1, column 16)", ""),
        (text("{'keys': []}"), "a text with single quotes", "JSON requires double quotes"),
        (text("{\"keys\":[]}\n200"), "JSON with more text after it (line 2, column 1)", ""),
        (text("{\"keys\":[],}"), "broken JSON (line 1, column 12)", ""),
        (text(&format!("[{JWK}]")), "a bare list of keys", "{\"keys\": [ … ]}"),
        (text(&format!(r#"[{{"keys":[{JWK}]}}]"#)), "a list that contains a JWK Set", "remove the list around"),
        (text("[]"), "an empty JSON list", ""),
        (text("[1]"), "a JSON list where an object is expected,", ""),
        (text(r#"{"keys":{"a":{}}}"#), "a JSON object whose 'keys' is an object where a list is expected,", ""),
        (
            text(r#"{"issuer":"https://idp.example/t","jwks_uri":"https://idp.example/t/keys?a=b"}"#),
            "a discovery document (OpenID Connect)",
            "set key-file to oidc:https://idp.example/t, or to its jwks_uri (https://idp.example/t/keys and its query)",
        ),
        (
            text(r#"{"issuer":"https://login.example/{tenantid}/v2.0","jwks_uri":"https://login.example/keys"}"#),
            "a discovery document (OpenID Connect)",
            "set key-file to its jwks_uri (https://login.example/keys)",
        ),
        (
            text(r#"{"error":"invalid_request","error_description":"no such realm"}"#),
            "an error reply ('invalid_request', 'no such realm')",
            "",
        ),
        (text(r#"{"error":{"code":404,"message":"Not found."}}"#), "an error reply ('Not found.')", ""),
        (
            text(r#"{"kind":"Status","message":"forbidden: x","reason":"Forbidden"}"#),
            "an error reply ('forbidden: x', 'Forbidden')",
            "",
        ),
        (text(r#"{"access_token":"s3cret"}"#), "a reply with a token", "the keys have another address"),
        (
            text(r#"{"realm":"r","public_key":"MII"}"#),
            "Keycloak's description of a realm",
            "/protocol/openid-connect/certs",
        ),
        (text(JWK), "a single JWK", "a JWK Set contains it in a list"),
        (
            text(&format!(r#"{{"a1":"{CERTIFICATE}","b2":"{CERTIFICATE}"}}"#)),
            "a map of certificates",
            "https://www.googleapis.com/oauth2/v3/certs",
        ),
        (text(r#"{"a":"-----BEGIN PUBLIC KEY-----"}"#), "a map of keys in PEM", "the JWK Set of the same provider"),
        (
            text(&format!(r#"{{"jwks":{{"keys":[{JWK}]}}}}"#)),
            "an object with the JWK Set in 'jwks'",
            "only the JWK Set itself",
        ),
        (
            text(r#"{"data":"{\"keys\":[]}"}"#),
            "an object with the JWK Set as a text in 'data'",
            "only the JWK Set itself",
        ),
        (
            text(&format!(r#"{{"Keys":[{JWK}]}}"#)),
            "an object with the list of keys in 'Keys'",
            "RFC 7517 requires the name 'keys'",
        ),
        (text(&format!(r#"{{"a":{JWK},"b":{JWK}}}"#)), "a map of keys", "each with its kid"),
        (text("{}"), "an empty JSON object", ""),
        (
            text(r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}"#),
            "a JSON object without 'keys' (it has 'a', 'b', 'c', 'd', 'e' …)",
            "",
        ),
    ]
}

#[test]
fn each_document_is_identified_with_a_way_out() {
    for (document, what, way_out) in documents() {
        let description = of(&document);
        let shown = String::from_utf8_lossy(&document);
        assert!(description.starts_with(&format!("is {what}")), "{shown}: {description}");
        assert!(description.contains(" instead of a JWK Set (RFC 7517)"), "{description}");
        assert!(description.contains(way_out), "{shown}: {description}");
        assert_eq!(way_out.is_empty(), description.ends_with("(RFC 7517)"), "{description}");
    }
}

#[test]
fn errors_of_the_strict_reader_are_reported_with_their_reason() {
    let twice = JsonError::DuplicateMember;
    let describe =
        |document: &str, error| describe_mismatch(document.as_bytes(), Wanted::JwkOrSet, Some(&error), Excerpts::Shown);
    assert_eq!(
        describe(r#"{"keys":[],"a":1,"\u006beys":[]}"#, twice),
        "is a JSON object that contains 'keys' twice, instead of a JWK or a JWK Set (RFC 7517): it is ambiguous which of the two is meant"
    );
    let many = JsonError::Malformed("'keys' has more than 2 elements".to_owned());
    assert_eq!(
        describe(r#"{"keys":[1,2,3]}"#, many),
        "is a JWK Set that is not accepted: 'keys' has more than 2 elements"
    );
    let blank = JsonError::Malformed("a member's name is empty".to_owned());
    assert!(describe(r#"{"":1}"#, blank).starts_with("is JSON that is not accepted (a member's name is empty)"));
}

#[test]
fn a_jwk_set_instead_of_a_discovery_document_has_another_way_out() {
    let of = |document: &str| describe_mismatch(document.as_bytes(), Wanted::Discovery, None, Excerpts::Shown);
    assert!(
        of(r#"{"keys":[]}"#)
            .starts_with("is a JWK Set instead of a discovery document: set key-file to its address without oidc:")
    );
    assert_eq!(
        of(r#"{"a":1}"#),
        "is a JSON object without 'issuer' and 'jwks_uri' (it has 'a') instead of a discovery document"
    );
    assert_eq!(of(r#"{"error":"x"}"#), "is an error reply ('x') instead of a discovery document");
}

#[test]
fn a_document_that_could_repeat_credentials_is_not_quoted() {
    let mut texts: Vec<_> = documents().into_iter().map(|(document, ..)| document).collect();
    texts.push(b"{\"s3cret\":{\"keys\":[]}}".to_vec());
    texts.push(b"<s3cret/>".to_vec());
    for document in texts {
        for wanted in [Wanted::JwkSet, Wanted::Discovery] {
            let description = describe_mismatch(&document, wanted, None, Excerpts::Hidden);
            for word in
                ["Sign in", "healthy", "realm'", "idp.example", "login.example", "s3cret", "'a'", "jwks'", "md:"]
            {
                assert!(!description.contains(word), "{description}");
            }
        }
        assert_eq!(said(&document, Excerpts::Hidden), None);
    }
    // A text that could be a token is not quoted, either.
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ";
    for document in [secret.to_owned(), format!(r#"{{"error":"{secret}"}}"#), format!("<html><title>{secret}</title>")]
    {
        assert!(!of(&document).contains(secret), "{}", of(&document));
    }
    assert!(!of(r#"{"access_token":"s3cret","error":"s3cret"}"#).contains("s3cret"));
}

#[test]
fn the_message_of_an_error_is_quoted_if_it_is_short() {
    for (body, words) in [
        (r#"{"error":"Realm does not exist"}"#, Some("'Realm does not exist'")),
        (r#"{"errorCode":"E0000007","errorSummary":"Not found"}"#, Some("'E0000007', 'Not found'")),
        (r#"{"title":"Not Found","status":404}"#, Some("'Not Found'")),
        ("<html><head><title>404 Not Found</title></head></html>", Some("'404 Not Found'")),
        ("404 page not found\n", Some("'404 page not found'")),
        ("\u{1b}[2Jx", Some("'\\u{1b}[2Jx'")),
        ("", None),
        ("{}", None),
        ("{\"error\":", None),
        ("<html></html>", None),
    ] {
        assert_eq!(said(body.as_bytes(), Excerpts::Shown).as_deref(), words, "{body}");
    }
}

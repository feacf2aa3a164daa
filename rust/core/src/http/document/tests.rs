use super::*;

const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const CERTIFICATE: &str = r"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

fn of(document: impl AsRef<[u8]>) -> String {
    refusal(document.as_ref(), Wanted::JwkSet, None, Excerpts::Shown)
}

/// What each document is, and the way out.
fn documents() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    vec![
        (text(""), "empty", ""),
        (text("\u{feff}"), "empty", ""),
        (text(" \r\n"), "empty but for white space", ""),
        (vec![0x1f, 0x8b, 8, 0, 0], "compressed (gzip)", "only plain JSON is read"),
        (vec![0x78, 0x9c, 0xab, 0x56], "compressed (deflate)", "only plain JSON is read"),
        (vec![0x28, 0xb5, 0x2f, 0xfd, 4], "compressed (zstd)", "only plain JSON is read"),
        (text("PK\u{3}\u{4}"), "compressed (zip)", "only plain JSON is read"),
        (utf_16("{\"keys\":[]}"), "in UTF-16 or UTF-32, or binary data,", "JSON is read in UTF-8"),
        (utf_16("\u{feff}{\"keys\":[]}"), "in UTF-16 or UTF-32, or binary data,", "JSON is read in UTF-8"),
        (
            b"{\"keys\":[{\"kid\":\"\xe4\"}]}".to_vec(),
            "a text with bytes that are no UTF-8, the first after 17 bytes,",
            "UTF-8",
        ),
        (
            vec![0x30, 0x82, 1, 0xff],
            "binary data that looks like DER",
            "as PEM, a key or certificate can be a local key-file",
        ),
        (vec![0x80, 0x81], "binary data", ""),
        (
            text("<!DOCTYPE html><html><head><title>Sign in\n to Corp</title></head></html>"),
            "an HTML page (its title is 'Sign in to Corp')",
            "this is a page for people, such as a login or an error page",
        ),
        (text("\u{feff}\n<HTML><body>502 Bad Gateway</body></HTML>"), "an HTML page", "a page for people"),
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
        (text("{'keys': []}"), "a text with single quotes", "JSON has double ones"),
        (text("{\"keys\":[]}\n200"), "JSON with more text behind it (line 2, column 1)", ""),
        (text("{\"keys\":[],}"), "broken JSON (line 1, column 12)", ""),
        (text(&format!("[{JWK}]")), "a bare list of keys", "{\"keys\": [ … ]}"),
        (text(&format!(r#"[{{"keys":[{JWK}]}}]"#)), "a list with a JWK set in it", "without the list around it"),
        (text("[]"), "an empty JSON list", ""),
        (text("[1]"), "a JSON list where an object is wanted,", ""),
        (text(r#"{"keys":{"a":{}}}"#), "a JSON object whose 'keys' is an object where a list is wanted,", ""),
        (
            text(r#"{"issuer":"https://idp.example/t","jwks_uri":"https://idp.example/t/keys?a=b"}"#),
            "a discovery document (OpenID Connect)",
            "write oidc:https://idp.example/t in key-file, or its jwks_uri (https://idp.example/t/keys and its query)",
        ),
        (
            text(r#"{"issuer":"https://login.example/{tenantid}/v2.0","jwks_uri":"https://login.example/keys"}"#),
            "a discovery document (OpenID Connect)",
            "write its jwks_uri (https://login.example/keys) in key-file",
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
        (text(r#"{"access_token":"s3cret"}"#), "a reply with a token", "the keys have another one"),
        (
            text(r#"{"realm":"r","public_key":"MII"}"#),
            "Keycloak's description of a realm",
            "/protocol/openid-connect/certs",
        ),
        (text(JWK), "a single JWK", "a JWK set has it in a list"),
        (
            text(&format!(r#"{{"a1":"{CERTIFICATE}","b2":"{CERTIFICATE}"}}"#)),
            "a map of certificates",
            "https://www.googleapis.com/oauth2/v3/certs",
        ),
        (text(r#"{"a":"-----BEGIN PUBLIC KEY-----"}"#), "a map of keys in PEM", "the JWK set of the same provider"),
        (text(&format!(r#"{{"jwks":{{"keys":[{JWK}]}}}}"#)), "an object with the JWK set in 'jwks'", "the set alone"),
        (text(r#"{"data":"{\"keys\":[]}"}"#), "an object with the JWK set as a text in 'data'", "the set alone"),
        (
            text(&format!(r#"{{"Keys":[{JWK}]}}"#)),
            "an object with the list of keys in 'Keys'",
            "RFC 7517 calls it 'keys'",
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
fn each_document_is_named_for_what_it_is_and_a_way_out_is_told() {
    for (document, what, way_out) in documents() {
        let refusal = of(&document);
        let shown = String::from_utf8_lossy(&document);
        assert!(refusal.starts_with(&format!("is {what}")), "{shown}: {refusal}");
        assert!(refusal.contains(" instead of a JWK set (RFC 7517)"), "{refusal}");
        assert!(refusal.contains(way_out), "{shown}: {refusal}");
        assert_eq!(way_out.is_empty(), refusal.ends_with("(RFC 7517)"), "{refusal}");
    }
}

#[test]
fn what_the_strict_reader_refuses_is_told_by_its_reason() {
    let twice = JsonError::DuplicateMember;
    let refused = |document: &str, error| refusal(document.as_bytes(), Wanted::JwkOrSet, Some(&error), Excerpts::Shown);
    assert_eq!(
        refused(r#"{"keys":[],"a":1,"\u006beys":[]}"#, twice),
        "is a JSON object that names 'keys' twice, instead of a JWK or a JWK set (RFC 7517): nothing says which of the two \
         counts, so it is refused"
    );
    let many = JsonError::Malformed("'keys' has more than 2 elements".to_owned());
    assert_eq!(refused(r#"{"keys":[1,2,3]}"#, many), "is a JWK set that is refused: 'keys' has more than 2 elements");
    let blank = JsonError::Malformed("a member's name is empty".to_owned());
    assert!(refused(r#"{"":1}"#, blank).starts_with("is JSON that is refused (a member's name is empty)"));
}

#[test]
fn in_the_place_of_a_discovery_document_a_jwk_set_has_another_way_out() {
    let of = |document: &str| refusal(document.as_bytes(), Wanted::Discovery, None, Excerpts::Shown);
    assert!(
        of(r#"{"keys":[]}"#)
            .starts_with("is a JWK set instead of a discovery document: name its address in key-file without oidc:")
    );
    assert_eq!(
        of(r#"{"a":1}"#),
        "is a JSON object without 'issuer' and 'jwks_uri' (it has 'a') instead of a discovery document"
    );
    assert_eq!(of(r#"{"error":"x"}"#), "is an error reply ('x') instead of a discovery document");
}

#[test]
fn nothing_of_a_document_is_shown_where_it_could_repeat_credentials() {
    let mut texts: Vec<_> = documents().into_iter().map(|(document, ..)| document).collect();
    texts.push(b"{\"s3cret\":{\"keys\":[]}}".to_vec());
    texts.push(b"<s3cret/>".to_vec());
    for document in texts {
        for wanted in [Wanted::JwkSet, Wanted::Discovery] {
            let refusal = refusal(&document, wanted, None, Excerpts::Hidden);
            for word in
                ["Sign in", "healthy", "realm'", "idp.example", "login.example", "s3cret", "'a'", "jwks'", "md:"]
            {
                assert!(!refusal.contains(word), "{refusal}");
            }
        }
        assert_eq!(said(&document, Excerpts::Hidden), None);
    }
    // Nor is what could be a token, wherever it stands.
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ";
    for document in [secret.to_owned(), format!(r#"{{"error":"{secret}"}}"#), format!("<html><title>{secret}</title>")]
    {
        assert!(!of(&document).contains(secret), "{}", of(&document));
    }
    assert!(!of(r#"{"access_token":"s3cret","error":"s3cret"}"#).contains("s3cret"));
}

#[test]
fn what_an_error_says_is_told_in_a_few_words() {
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

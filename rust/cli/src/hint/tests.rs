// SPDX-License-Identifier: Apache-2.0
//! Each row has a token, the rules of a configuration, and words that the hint must contain.

use nativejwt_core::ClaimPath;

use super::*;
use crate::jwk::base64url;

const NOW: UnixMillis = UnixMillis(1_795_316_645_000);

fn token(header: &str, claims: &str) -> String {
    format!("{}.{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()), base64url(&[7; 256]))
}

fn claims(claims: &str) -> String {
    token(r#"{"alg":"RS256","kid":"k"}"#, claims)
}

/// The hint about a token that was rejected for this reason under these rules.
fn advice(token: &str, rules: &IssuerRules, code: Reason) -> String {
    let mut case = Case::from_token(token.as_bytes(), NOW);
    case.issuers = rules.required_issuer.iter().cloned().collect();
    case.rules = Some(rules.clone());
    case.advice_for(code)
}

fn without_rules(token: &str, code: Reason) -> String {
    Case::from_token(token.as_bytes(), NOW).advice_for(code)
}

#[track_caller]
fn assert_words(advice: &str, words: &[&str], row: &str) {
    for word in words {
        assert!(advice.contains(word), "{row}\nno '{word}' in: {advice}");
    }
}

fn path(text: &str, delimiter: Option<&str>) -> ClaimPath {
    ClaimPath::parse(text, delimiter).unwrap()
}

#[test]
fn every_reason_has_advice_of_its_own() {
    for code in Reason::ALL {
        assert!(!general(*code).contains("docs/reasons.md"), "{code} has no advice");
    }
}

/// Whatever the text is, there is no panic, and no long piece of it in the hint.
#[test]
fn every_text_has_a_hint_without_the_token() {
    let good = claims(r#"{"sub":"alice"}"#);
    let mut texts: Vec<Vec<u8>> = (0..good.len()).map(|end| good.as_bytes()[..end].to_vec()).collect();
    for byte in 0..=255 {
        let mut text = good.clone().into_bytes();
        text[30] = byte;
        texts.push(text);
        texts.push(vec![byte; 5]);
        texts.push([&[byte], good.as_bytes()].concat());
        texts.push([good.as_bytes(), &[byte]].concat());
    }
    for text in texts {
        let case = Case::from_token(&text, NOW);
        case.remarks();
        for code in Reason::ALL {
            let advice = case.advice_for(*code);
            assert!(!advice.contains(&good[..20]) && !advice.contains(&good[40..60]), "{advice}");
        }
    }
}

#[test]
fn what_was_given_instead_of_a_token_is_named() {
    let good = claims(r#"{"sub":"alice"}"#);
    let jwe = |header: &str| format!("{}..iv.text.tag", base64url(header.as_bytes()));
    let inner = &good;
    for (text, words) in [
        (String::new(), &["empty"][..]),
        (" \n".to_owned(), &["white space"]),
        ("null".to_owned(), &["the word null"]),
        ("$TOKEN".to_owned(), &["variable"]),
        ("${env.TOKEN}".to_owned(), &["variable"]),
        ("{{token}}".to_owned(), &["placeholder"]),
        (format!("Bearer {good}"), &["the word Bearer", "use only the token"]),
        ("bearer ".to_owned(), &["no token after it"]),
        (format!("Authorization: Bearer {good}"), &["Authorization header"]),
        ("Basic YWxpY2U6cHc=".to_owned(), &["scheme Basic"]),
        (format!("\"{good}\""), &["quotation marks"]),
        (format!("“{good}”"), &["quotation marks"]),
        (format!("'{good}"), &["quotation marks"]),
        (
            format!(r#"{{"access_token":"{inner}","token_type":"Bearer"}}"#),
            &["JSON", "only the value of its member access_token"],
        ),
        (format!(r#"{{"id_token":"{inner}","access_token":"ya29.a0"}}"#), &["member id_token"]),
        (format!(r#"{{"status":{{"token":"{inner}"}}}}"#), &["status.token"]),
        (r#"{"access_token":"ya29.a0AfH6"}"#.to_owned(), &["access_token is not a JWT", "Google"]),
        (
            r#"{"error":"invalid_grant","error_description":"Bad password"}"#.to_owned(),
            &["'invalid_grant'", "Bad password"],
        ),
        (r#"{"kty":"RSA","n":"0vx7","e":"AQAB"}"#.to_owned(), &["a key (JWK)", "key-file"]),
        (r#"{"keys":[]}"#.to_owned(), &["JWK Set"]),
        (r#"{"payload":"e30","signatures":[]}"#.to_owned(), &["JSON Serialization"]),
        (r#"{"sub":"alice","iss":"i"}"#.to_owned(), &["decoded claims"]),
        (r#"{"alg":"RS256","typ":"JWT"}"#.to_owned(), &["decoded header"]),
        (format!(r#"{{"access_token":"{inner}"#), &["cut off", "access_token"]),
        ("-----BEGIN PUBLIC KEY-----\nMII".to_owned(), &["PUBLIC KEY in PEM", "key-file"]),
        ("-----BEGIN PRIVATE KEY-----\nMII".to_owned(), &["private key"]),
        ("MIIBIjANBgkqhkiG9w0BAQEFAAOC".to_owned(), &["DER in base64"]),
        ("<!DOCTYPE html><html>".to_owned(), &["web page"]),
        ("<saml2:Assertion>".to_owned(), &["SAML"]),
        ("PHNhbWwycDpSZXNwb25zZSB4bWxucz".to_owned(), &["SAML"]),
        (format!("https://app.example/cb#access_token={good}&token_type=bearer"), &["URL", "parameter access_token"]),
        ("https://app.example/cb?code=abc.def&state=x".to_owned(), &["authorization code"]),
        (format!("access_token={good}&expires_in=300"), &["only the value of access_token"]),
        (format!("session={good}; Path=/; HttpOnly"), &["cookie"]),
        (format!("TOKEN={good}"), &["equals sign"]),
        (format!("X-Auth: {good}"), &["a colon"]),
        (format!("token: {good}\nexpires: 3"), &["a colon"]),
        (format!("access_token={good}; Path=/; Secure"), &["cookie"]),
        (format!("<{good}>"), &["brackets around"]),
        (format!("[{good}]"), &["brackets around"]),
        (format!("[\"{good}\"]"), &["JSON array: use only the token in it"]),
        (format!("<token>{good}</token>"), &["XML with a token in it"]),
        (format!("curl -H \"Authorization: Bearer {good}\" https://x"), &["a longer text"]),
        (format!("{}%3D", good.replace('.', "%2E")), &["percent-encoded"]),
        (format!("{}…", &good[..30]), &["ellipsis"]),
        (format!("{}...{}", &good[..30], &good[60..]), &["ellipsis"]),
        (format!("{}***", &good[..30]), &["masked"]),
        (format!("{good} {good}"), &["two or more tokens"]),
        (format!("{good},{good}"), &["two or more tokens"]),
        (format!("{}\n{}", &good[..40], &good[40..]), &["a line break after character number 40"]),
        (format!("{} {}", &good[..40], &good[40..]), &["a space"]),
        (format!("{}\u{a0}{}", &good[..40], &good[40..]), &["U+00A0"]),
        (format!("{}\u{200b}{}", &good[..40], &good[40..]), &["U+200B"]),
        (format!("{good}\\n"), &["\\n"]),
        (format!("{good},"), &["at the end (',')"]),
        (format!("{good}."), &["at the end ('.')"]),
        (format!("xx{good}"), &["2 characters before"]),
        (format!("({good})"), &["one character before"]),
        (format!(" {good} \n\n"), &["before or after the token"]),
        (good.replacen('.', "", 1), &["a dot between its parts is missing"]),
        (good.replacen('.', ",", 1), &["the character ','"]),
        ("v4.public.eyJzdWIiOiJhIn0".to_owned(), &["PASETO"]),
        (format!("{good}~WyJzYWx0Il0~"), &["SD-JWT"]),
        ("ya29.a0AfH6SMB".to_owned(), &["Google", "id_token"]),
        ("ghp_abc".to_owned(), &["GitHub"]),
        ("3b1c6a9e-7a0b-4d6f-9a3e-0d9a6f1c2b3d".to_owned(), &["UUID", "opaque"]),
        ("8Zk2pXq9vT".to_owned(), &["10 characters without a dot", "opaque"]),
        (good.split('.').next().unwrap().to_owned(), &["only the header"]),
        (good.rsplit_once('.').unwrap().0.to_owned(), &["signature, is missing"]),
        (good.split_once('.').unwrap().1.to_owned(), &["header, is missing"]),
        (format!("{}.{}", base64url(br#"{"alg":"none"}"#), base64url(b"{}")), &["not signed"]),
        (format!("{good}.x"), &["4 parts"]),
        (base64url(good.as_bytes()), &["base64 once more"]),
        (
            jwe(r#"{"alg":"dir","enc":"A256GCM","iss":"https://t.auth0.com/"}"#),
            &["encrypted", "dir", "A256GCM", "https://t.auth0.com/", "audience"],
        ),
        (jwe(r#"{"alg":"RSA-OAEP","enc":"A256GCM","cty":"JWT"}"#), &["Cognito"]),
        (jwe(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k"}"#), &["encrypted", "without encrypting"]),
        (jwe(r#"{"alg":"RSA-OAEP","enc":"A256GCM","cty":"JWT","kid":"k"}"#), &["Keycloak"]),
        ("a.b.c.d.e".to_owned(), &["not the header of a JWE"]),
        (format!("{good}="), &["signature is padded"]),
        (good.replacen('.', "=.", 1), &["header is padded"]),
        (format!("{}.ab+/.x", good.split('.').next().unwrap()), &["payload is base64 with + or /"]),
        (format!("{}–{}", &good[..30], &good[31..]), &["U+2013", "word processors"]),
        (good[..good.len() - 1].to_owned(), &["signature has 341 characters", "lost"]),
        (format!("{}x", &good[..good.len() - 1]), &["last character of the signature"]),
    ] {
        let advice = without_rules(&text, Reason::MalformedToken);
        assert_words(&advice, words, &text);
        assert!(!advice.contains(&good[..20]), "the token is not shown: {advice}");
    }
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(good.bytes().flat_map(|byte| [byte, 0])).collect();
    for bytes in [&utf16[..], &utf16[2..]] {
        let advice = Case::from_token(bytes, NOW).advice_for(Reason::MalformedToken);
        assert!(advice.contains("UTF-16"), "{advice}");
    }
    let marked = [b"\xef\xbb\xbf", good.as_bytes()].concat();
    let advice = Case::from_token(&marked, NOW).advice_for(Reason::MalformedBase64);
    assert!(advice.contains("byte order mark"), "{advice}");
}

#[test]
fn what_is_wrong_with_a_header_is_named() {
    use Reason as C;
    for (header, code, words) in [
        (r#"{"alg":"RS256","kid":7}"#, C::MalformedHeader, &["kid is a number (7)"][..]),
        ("[1]", C::MalformedHeader, &["an array with one element"]),
        ("no json", C::MalformedHeader, &["7 bytes that are not JSON"]),
        (r#"{"alg":"RS256","x":{"y":1,"y":2}}"#, C::DuplicateMember, &["'y' twice", "header has"]),
        (r#"{"Alg":"RS256"}"#, C::MissingAlgorithm, &["'Alg'", "case-sensitive"]),
        (r#"{"typ":"JWT"}"#, C::MissingAlgorithm, &["no alg, only typ"]),
        (r#"{"sub":"a"}"#, C::MissingAlgorithm, &["has claims"]),
        (r#"{"alg":"none"}"#, C::UnsecuredToken, &["'none'"]),
        (r#"{"alg":"rs256"}"#, C::UnsupportedAlgorithm, &["instead of RS256", "case-sensitive"]),
        (r#"{"alg":"Ed25519"}"#, C::UnsupportedAlgorithm, &["EdDSA"]),
        (r#"{"alg":"ES256K"}"#, C::UnsupportedAlgorithm, &["secp256k1"]),
        (r#"{"alg":"SHA256withRSA"}"#, C::UnsupportedAlgorithm, &["Java"]),
        (r#"{"alg":"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}"#, C::UnsupportedAlgorithm, &[".NET"]),
        (r#"{"alg":"RSA-OAEP"}"#, C::UnsupportedAlgorithm, &["encryption"]),
        (r#"{"alg":"RS256","crit":["exp","b64"]}"#, C::CriticalHeader, &["'exp', 'b64'"]),
        (r#"{"alg":"RS256","zip":"DEF"}"#, C::CompressedToken, &["'DEF'"]),
        (r#"{"alg":"RS256","cty":"JWT"}"#, C::NestedToken, &["'JWT'"]),
        (r#"{"alg":"RS256"}"#, C::MissingSignature, &["second dot", "RS256"]),
    ] {
        assert_words(&without_rules(&token(header, "{}"), code), words, header);
    }
    let twice = token(r#"{"alg":"RS256"}"#, r#"{"aud":"a","groups":[],"aud":"b"}"#);
    assert_words(&without_rules(&twice, C::DuplicateMember), &["claims have 'aud' twice"], "claims");
    let rules = IssuerRules {
        allowed_algorithms: vec![nativejwt_core::Algorithm::Es256],
        required_token_type: Some("at+jwt".to_owned()),
        ..IssuerRules::default()
    };
    assert_words(&advice(&claims("{}"), &rules, C::AlgorithmNotAllowed), &["RS256", "has ES256"], "allowed");
    assert_words(&advice(&claims("{}"), &rules, C::WrongTokenType), &["no typ", "RFC 9068"], "type");
    assert_words(&advice(&claims(r#"{"typ":"ID"}"#), &rules, C::WrongTokenType), &["ID token"], "type");
}

#[test]
fn payloads_and_registered_claims_of_a_wrong_type_are_named() {
    for (payload, words) in [
        ("[1]", &["an array with one element"][..]),
        ("7", &["a number (7)"]),
        ("", &["empty"]),
        ("hello", &["5 bytes that are not JSON"]),
        (r#""a.b.c""#, &["another token"]),
        (r#"{"sub":"#, &["damaged or incomplete"]),
    ] {
        assert_words(&without_rules(&claims(payload), Reason::MalformedClaims), words, payload);
    }
    for (payload, words) in [
        (r#"{"sub":7}"#, &["sub is a number (7)", "string"][..]),
        (r#"{"iss":{"a":1}}"#, &["iss is an object"]),
        (r#"{"aud":["a",7]}"#, &["aud has a number (7)"]),
        (r#"{"exp":"1795316645"}"#, &["exp is the string '1795316645'", "without quotation marks"]),
        (r#"{"exp":"2026-11-22T03:04:05Z"}"#, &["date as a string", "1795316645"]),
        (r#"{"nbf":"tomorrow"}"#, &["nbf is the string 'tomorrow'"]),
        (r#"{"exp":null}"#, &["exp is null"]),
        (r#"{"exp":[1]}"#, &["exp is an array"]),
        (r#"{"exp":1e300}"#, &["out of range"]),
    ] {
        assert_words(&without_rules(&claims(payload), Reason::InvalidClaim), words, payload);
    }
}

#[test]
fn times_are_shown_with_their_unit() {
    use Reason as C;
    let strict =
        IssuerRules { max_token_lifetime: Some(std::time::Duration::from_secs(3600)), ..IssuerRules::default() };
    for (payload, code, words) in [
        (r#"{"nbf":1795316645000}"#, C::TokenNotYetValid, &["milliseconds", "the year 58861", "1795316645"][..]),
        (r#"{"nbf":1795316645000000}"#, C::TokenNotYetValid, &["microseconds"]),
        (r#"{"nbf":1795316645000000000}"#, C::TokenNotYetValid, &["nanoseconds"]),
        (r#"{"nbf":1795323845}"#, C::TokenNotYetValid, &["in 2h", "time zone"]),
        (r#"{"nbf":1795316655}"#, C::TokenNotYetValid, &["in 10s", "clock-skew is 0s"]),
        (r#"{"nbf":1795416645}"#, C::TokenNotYetValid, &["in 1d"]),
        (r#"{"exp":1795316640,"iat":1795316340}"#, C::TokenExpired, &["5s ago", "lifetime of 5m", "clock-skew"]),
        (r#"{"exp":1795216640,"iat":1795216340}"#, C::TokenExpired, &["1d 3h ago", "get a new one"]),
        (r#"{"exp":3600,"iat":1795316640}"#, C::TokenExpired, &["exp is 3600", "1795320240"]),
        (r#"{"exp":1795316640,"iat":1795316640000}"#, C::TokenExpired, &["iat is in milliseconds"]),
        (r#"{"expires_at":1795316640}"#, C::MissingExpiration, &["no exp, but it has expires_at"]),
        (r#"{"exp":1795320245000,"iat":1795316645000}"#, C::LifetimeTooLong, &["exp is in milliseconds"]),
        (r#"{"exp":1795403045,"iat":1795316645}"#, C::LifetimeTooLong, &["lifetime of 1d", "max-token-lifetime is 1h"]),
        (r#"{"exp":1795320245000,"iat":1795316645000}"#, C::IssuedInTheFuture, &["iat is in milliseconds"]),
        (r#"{"exp":1795320255,"iat":1795316655}"#, C::IssuedInTheFuture, &["in 10s", "clocks", "clock-skew is 0s"]),
        (
            r#"{"exp":1795316640,"iat":1795316645}"#,
            C::ExpiresBeforeIssued,
            &["exp is 2026-11-22T03:04:00.000Z", "iat is"],
        ),
        (r#"{"exp":1795316705}"#, C::LifetimeTooShort, &["in 1m"]),
    ] {
        assert_words(&advice(&claims(payload), &strict, code), words, payload);
    }
    let warnings = |payload: &str| Case::from_token(claims(payload).as_bytes(), NOW).warnings();
    assert_words(
        &warnings(r#"{"exp":1795320245000}"#)[0],
        &["exp is in milliseconds", "never expires", "58861"],
        "warning",
    );
    assert_eq!(warnings(r#"{"exp":1795320245000,"iat":1795316645000,"nbf":1795316645000}"#).len(), 3);
    for fine in [r#"{"exp":1795320245}"#, r#"{"exp":253402300799}"#, r#"{"exp":1.795320245e9}"#, "{}", r#"{"exp":0}"#] {
        assert_eq!(warnings(fine), [""; 0], "{fine}");
    }
}

#[test]
fn issuers_are_compared() {
    let entra = "11111111-2222-3333-4444-555555555555";
    let (v1, v2) =
        (format!("https://sts.windows.net/{entra}/"), format!("https://login.microsoftonline.com/{entra}/v2.0"));
    for (required, found, words) in [
        ("https://idp.example", r#""https://idp.example/""#, &["a slash at the end", "the token's has"][..]),
        ("https://idp.example/", r#""https://idp.example""#, &["a slash at the end", "required-issuer has"]),
        ("https://idp.example/x", r#""http://idp.example/x""#, &["one is https and the other http", "proxy"]),
        ("https://idp.example/realms/a", r#""http://keycloak:8080/realms/a""#, &["the host", "'keycloak:8080'"]),
        ("https://idp.example:8443/realms/a", r#""https://idp.example/realms/a""#, &["the port"]),
        ("https://idp.example/realms/a", r#""https://idp.example/realms/b""#, &["different realms, 'a' and 'b'"]),
        ("https://idp.example/realms/a", r#""https://idp.example/auth/realms/a""#, &["/auth"]),
        ("https://idp.example/Team", r#""https://idp.example/team""#, &["case"]),
        ("https://accounts.google.com", r#""accounts.google.com""#, &["only one of them begins with https://"]),
        (
            "https://idp.example/one/x",
            r#""https://idp.example/one/y""#,
            &["the first 24 characters are the same, then 'x' and 'y' follow"],
        ),
        (
            "https://idp.example/",
            r#""https://other.example/""#,
            &["'https://idp.example/'", "'https://other.example/'"],
        ),
        (&v2, &format!("\"{v1}\""), &["version 1", "requestedAccessTokenVersion"]),
        ("https://login.microsoftonline.com/common/v2.0", &format!("\"{v2}\""), &["'common' is not a tenant", entra]),
        ("i", r#""""#, &["iss is an empty string"]),
        ("i", "null", &["iss is null"]),
    ] {
        let rules = IssuerRules { required_issuer: Some(required.to_owned()), ..IssuerRules::default() };
        let token = claims(&format!(r#"{{"iss":{found}}}"#));
        assert_words(&advice(&token, &rules, Reason::WrongIssuer), words, found);
    }
    let discovered =
        IssuerRules { required_issuer: Some(v2.clone()), key_file: format!("oidc:{v2}"), ..IssuerRules::default() };
    let advice = advice(&claims(&format!(r#"{{"iss":"{v1}"}}"#)), &discovered, Reason::WrongIssuer);
    let way_out =
        format!("key-file=https://login.microsoftonline.com/{entra}/discovery/v2.0/keys and required-issuer={v1}");
    assert_words(&advice, &[&way_out], "discovery");
    let mut case = Case::from_token(b"", NOW);
    let token = claims(r#"{"iss":"https://b.example"}"#);
    case.seen = Seen::from_token(token.as_bytes());
    case.issuers = ["https://a.example", "https://b.example/"].map(str::to_owned).into();
    assert_words(&case.advice_for(Reason::UnknownIssuer), &["'https://b.example/'", "slash"], "of several");
    case.issuers = ["https://a.example/", "https://c.example/"].map(str::to_owned).into();
    let several = case.advice_for(Reason::UnknownIssuer);
    assert_words(&several, &["'https://b.example'", "'https://a.example/', 'https://c.example/'"], "of several");
}

#[test]
fn audiences_are_compared() {
    for (required, payload, words) in [
        ("trino", r#"{"sub":"a"}"#, &["no aud", "'trino'"][..]),
        ("trino", r#"{"aud":""}"#, &["aud is an empty string"]),
        ("trino", r#"{"aud":[]}"#, &["aud is an empty array"]),
        ("trino", r#"{"Aud":"trino"}"#, &["'Aud'"]),
        ("trino", r#"{"token_use":"access","client_id":"7abc"}"#, &["Cognito", "client_id ('7abc')", "ID token"]),
        ("trino", r#"{"aud":"account","azp":"trino"}"#, &["azp", "mapper"]),
        ("trino", r#"{"aud":"account","azp":"other","iss":"https://k/realms/a"}"#, &["Keycloak", "mapper"]),
        ("trino", r#"{"azp":"other","iss":"https://k/realms/a"}"#, &["azp ('other')", "mapper"]),
        ("trino", r#"{"aud":"x","scope":"openid trino"}"#, &["'trino' is one of the scopes"]),
        ("https://trino/", r#"{"aud":"https://trino"}"#, &["slash at the end"]),
        ("Trino", r#"{"aud":["trino","x"]}"#, &["case"]),
        ("api://guid", r#"{"aud":"guid"}"#, &["api://"]),
        ("trino", r#"{"aud":"x,trino"}"#, &["with a list"]),
        ("trino", r#"{"aud":"[\"trino\",\"x\"]"}"#, &["with a list"]),
        ("trino", r#"{"aud":"00000003-0000-0000-c000-000000000000"}"#, &["Microsoft Graph", "API of your own"]),
        ("trino", r#"{"aud":"client","nonce":"n"}"#, &["ID token"]),
        ("trino", r#"{"aud":"https://management.azure.com"}"#, &["issued for 'https://management.azure.com'"]),
    ] {
        let rules = IssuerRules { required_audience: Some(required.to_owned()), ..IssuerRules::default() };
        assert_words(&advice(&claims(payload), &rules, Reason::WrongAudience), words, payload);
    }
}

#[test]
fn a_missing_principal_is_found_elsewhere() {
    use Reason as C;
    for (field, delimiter, payload, code, words) in [
        ("sub", None, r#"{"sub":""}"#, C::MissingPrincipal, &["'sub' is empty"][..]),
        ("sub", None, r#"{"sub":" "}"#, C::MissingPrincipal, &["only white space"]),
        ("sub", None, r#"{"sub":null,"email":"a"}"#, C::MissingPrincipal, &["null", "'email'"]),
        ("sub", None, r#"{"email":"a","n":7}"#, C::MissingPrincipal, &["no claim 'sub'", "'email'", "principal-field"]),
        ("sub", None, r#"{"Sub":"a"}"#, C::MissingPrincipal, &["'Sub'", "must be identical", "principal-field=Sub"]),
        (
            "preferred_username",
            None,
            r#"{"preferredUsername":"a"}"#,
            C::MissingPrincipal,
            &["principal-field=preferredUsername"],
        ),
        ("sub", None, r#"{"iss":"https://k/realms/a"}"#, C::MissingPrincipal, &["scope basic"]),
        ("email", None, r#"{"gty":"client-credentials"}"#, C::MissingPrincipal, &["token of an application"]),
        ("email", None, r#"{"user":{"email":"a"}}"#, C::MissingPrincipal, &["principal-field=/user/email"]),
        ("user.email", None, r#"{"user":{"email":"a"}}"#, C::MissingPrincipal, &["principal-field=/user/email"]),
        ("user.mail", Some("."), r#"{"user":{"email":"a"}}"#, C::MissingPrincipal, &["'mail' is not in 'user'"]),
        (
            "https://corp.example/user",
            Some("."),
            r#"{"https://corp.example/user":"a"}"#,
            C::MissingPrincipal,
            &["nested-claim-delimiter splits", "principal-field=/https:~1~1corp.example~1user"],
        ),
        (
            "https://corp/user",
            Some("::"),
            r#"{"https://Corp/user":"a"}"#,
            C::MissingPrincipal,
            &["principal-field=https://Corp/user"],
        ),
        ("/corp/user", None, r#"{"/corp/user":"a"}"#, C::MissingPrincipal, &["JSON Pointer", "/~1corp~1user"]),
        ("users.name", Some("."), r#"{"users":[{"name":"a"}]}"#, C::MissingPrincipal, &["array", "/users/0"]),
        ("sub.name", Some("."), r#"{"sub":"a"}"#, C::MissingPrincipal, &["it cannot contain"]),
        ("uid", None, r#"{"uid":7}"#, C::PrincipalNotAString, &["'uid' is a number (7)"]),
        ("uid", None, r#"{"uid":["a"]}"#, C::PrincipalNotAString, &["principal-field=/uid/0"]),
        ("uid", None, r#"{"uid":{"name":"a"}}"#, C::PrincipalNotAString, &["members name", "/uid/name"]),
        ("uid", None, r#"{"uid":true}"#, C::PrincipalNotAString, &["a boolean (true)"]),
        ("aud", None, r#"{"aud":"a"}"#, C::PrincipalNotAString, &["the recipient of the token"]),
        (
            "uid",
            None,
            r#"{"uid":"alice "}"#,
            C::PrincipalUnusable,
            &["'uid' ('alice ') ends with a blank", "before the mapping"],
        ),
        ("uid", None, r#"{"uid":"alice\u0000"}"#, C::PrincipalUnusable, &["control character U+0000"]),
    ] {
        let rules = IssuerRules { principal_fields: vec![path(field, delimiter)], ..IssuerRules::default() };
        assert_words(&advice(&claims(payload), &rules, code), words, &format!("{field} {payload}"));
    }
}

#[test]
fn missing_groups_are_found_elsewhere() {
    for (field, payload, words) in [
        ("groups", r#"{"groups":{"admin":{"1":"x"}}}"#, &["an object with the members admin", "Zitadel"][..]),
        ("groups", r#"{"groups":{"list":["a"]}}"#, &["groups-field=/groups/list"]),
        ("groups", r#"{"groups":["a",null]}"#, &["element number 2", "null"]),
        ("groups", r#"{"groups":[{"name":"a"}]}"#, &["element number 1", "an object"]),
        ("groups", r#"{"groups":7}"#, &["a number (7)"]),
        ("groups", r#"{"groups":"a,b"}"#, &["more groups than groups-delimiter"]),
    ] {
        let rules = IssuerRules { groups_field: Some(path(field, None)), ..IssuerRules::default() };
        assert_words(&advice(&claims(payload), &rules, Reason::GroupsNotText), words, payload);
    }
    for (field, payload, words) in [
        ("groups", r#"{"hasgroups":true}"#, &["more groups", "hasgroups", "Entra"][..]),
        ("groups", r#"{"_claim_names":{"groups":"src1"}}"#, &["_claim_names"]),
        ("groups", r#"{"Groups":["a"]}"#, &["'Groups'", "groups-field=Groups"]),
        ("groups", r#"{"groups":[]}"#, &["an empty list"]),
        ("groups", r#"{"groups":null}"#, &["null"]),
        ("groups", r#"{"groups":""}"#, &["empty"]),
        ("groups", r#"{"groups":["",""]}"#, &["only empty strings"]),
        ("groups", "{}", &["no claim 'groups'"]),
        ("realm_access.roles", r#"{"realm_access":{"roles":["a"]}}"#, &["groups-field=/realm_access/roles"]),
    ] {
        let mut case = Case::from_token(b"", NOW);
        let token = claims(payload);
        case.seen = Seen::from_token(token.as_bytes());
        case.rules = Some(IssuerRules { groups_field: Some(path(field, None)), ..IssuerRules::default() });
        assert_words(&case.why_no_groups().unwrap(), words, payload);
    }
}

#[test]
fn the_hint_says_what_a_mapping_would_match() {
    for (pattern, principal, words) in [
        ("(.*)@corp\\.example", "alice@CORP.example", &["case-sensitive", "(?i)"][..]),
        ("([a-z]+)", "alice@corp.example", &["without '@corp.example'"]),
        ("([a-z]+)", "alice ", &["white space"]),
        ("([a-z]+)@corp", "alice@corp.example", &["a part of it"]),
        ("(.*)", "ali\\nce", &["line end (U+000A)"]),
        ("(x.*)", "alice", &["'(x.*)'", "'alice'", "map-user"]),
        ("(.*)@corp\\.example", "bob", &["'(.*)@corp\\.example' does not match"]),
    ] {
        let rules = IssuerRules {
            principal_fields: vec![path("sub", None)],
            user_mapping_pattern: Some(pattern.to_owned()),
            ..IssuerRules::default()
        };
        let token = claims(&format!(r#"{{"sub":"{principal}"}}"#));
        assert_words(&advice(&token, &rules, Reason::NoMappingMatches), words, pattern);
    }
}

#[test]
fn tokens_for_other_services_are_recognized() {
    for (header, payload, words) in [
        (
            r#"{"alg":"RS256","nonce":"n"}"#,
            r#"{"aud":"https://graph.microsoft.com"}"#,
            &["Microsoft Graph", "nonce"][..],
        ),
        (r#"{"alg":"RS256","nonce":"n"}"#, r#"{"aud":"https://x.sharepoint.com"}"#, &["'https://x.sharepoint.com'"]),
        (
            r#"{"alg":"RS256"}"#,
            r#"{"iss":"https://dev.okta.com","aud":"https://dev.okta.com","jti":"AT.x"}"#,
            &["org authorization server"],
        ),
        (r#"{"alg":"HS512"}"#, r#"{"typ":"Refresh"}"#, &["refresh token"]),
    ] {
        for code in [Reason::SignatureMismatch, Reason::UnknownKeyId, Reason::KeyAlgorithmMismatch] {
            assert_words(&without_rules(&token(header, payload), code), words, payload);
        }
        assert_words(&Case::from_token(token(header, payload).as_bytes(), NOW).remarks()[0], words, payload);
    }
    for (payload, words) in [
        (r#"{"typ":"ID"}"#, "typ is ID"),
        (r#"{"token_use":"id"}"#, "token_use is id"),
        (r#"{"at_hash":"x"}"#, "at_hash"),
    ] {
        assert_words(&Case::from_token(claims(payload).as_bytes(), NOW).remarks()[0], &["ID token", words], payload);
    }
    for plain in [
        r#"{"iss":"https://accounts.google.com","at_hash":"x"}"#,
        r#"{"sub":"a"}"#,
        r#"{"nonce":"n","scope":"openid"}"#,
        r#"{"typ":"Bearer","iss":"https://dev.okta.com/oauth2/default"}"#,
    ] {
        assert_eq!(Case::from_token(claims(plain).as_bytes(), NOW).remarks(), [""; 0], "{plain}");
    }
}

#[test]
fn a_large_token_names_its_largest_claims() {
    let payload = format!(r#"{{"sub":"a","groups":"{}"}}"#, "x".repeat(20_000));
    assert_words(&without_rules(&claims(&payload), Reason::TokenTooLarge), &["'groups' with 20002 bytes"], "large");
}

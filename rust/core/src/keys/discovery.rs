//! OpenID Connect Discovery 1.0: from an issuer to the address of its JWK set.

use super::fetch::{self, Bearer, Content, Endpoint, Failure, FailureKind, Query};
use super::transport::Transport;
use crate::json::{JsonError, Value, read_object};
use crate::reject::quoted;
use crate::signature::KeyError;

/// A longer document is not read; real ones have some 10 kB.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Section 4: what is put behind the issuer.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Checks that the text is an issuer, and gives the address of its document.
///
/// # Errors
/// It is no https or http address, or it holds what an issuer must not hold (section 2, "Issuer Identifier").
pub(crate) fn document_endpoint(issuer: &str) -> Result<Endpoint, KeyError> {
    let endpoint = Endpoint::parse(issuer)?;
    if !endpoint.is_plain() || issuer.contains(['?', '#', '@']) {
        return Err(KeyError("the issuer has a user, a query or a fragment".to_owned()));
    }
    Endpoint::parse(&format!("{}{WELL_KNOWN}", issuer.strip_suffix('/').unwrap_or(issuer)))
}

/// Asks the issuer for the address of its JWK set.
pub(crate) async fn jwk_set_endpoint(
    issuer: &str,
    transport: &Transport,
    bearer: Option<&Bearer>,
) -> Result<Endpoint, Failure> {
    let endpoint = document_endpoint(issuer).map_err(|KeyError(text)| Failure::new(FailureKind::Discovery, text))?;
    let of = |text: String| format!("the discovery document {endpoint}: {text}");
    let query = Query {
        endpoint: &endpoint,
        accept: "application/json, */*;q=0.1",
        max_bytes: MAX_DOCUMENT_BYTES,
        validator: None,
        bearer,
    };
    let answer = fetch::fetch(query, transport).await.map_err(|Failure { kind, text }| Failure::new(kind, of(text)))?;
    let Content::Document { bytes, .. } = answer.content else {
        return Err(Failure::new(FailureKind::Status, of("the server answered with status 304".to_owned())));
    };
    read(&bytes, issuer).map_err(|KeyError(text)| Failure::new(FailureKind::Discovery, of(text)))
}

/// Reads `jwks_uri` of a document that must be that of `issuer` (section 4.3). It may be on another host, as Google's is:
/// the document is trusted, since it came from the issuer itself.
fn read(document: &[u8], issuer: &str) -> Result<Endpoint, KeyError> {
    let refuse = |why: String| Err(KeyError(why));
    let members = read_object(document, |name| matches!(name, "issuer" | "jwks_uri")).map_err(|error| {
        KeyError(match error {
            JsonError::Malformed(place) => format!("it is no JSON object: {place}"),
            JsonError::DuplicateMember => "it names a member twice".to_owned(),
        })
    })?;
    let text = |name: &str| {
        members.iter().find_map(|(other, value)| match value {
            Value::String(text) if other == name => Some(&**text),
            _ => None,
        })
    };
    match text("issuer") {
        Some(named) if named == issuer => {}
        Some(named) => {
            let (named, issuer) = (quoted(named), quoted(issuer));
            return refuse(format!("its issuer is '{named}', not '{issuer}'; they must be equal to the letter"));
        }
        None => return refuse("it has no issuer".to_owned()),
    }
    let Some(jwks_uri) = text("jwks_uri") else { return refuse("it has no jwks_uri".to_owned()) };
    let endpoint = Endpoint::parse(jwks_uri).map_err(|KeyError(why)| KeyError(format!("of its jwks_uri, {why}")))?;
    let issuer_is_encrypted = Endpoint::parse(issuer).is_ok_and(|issuer| issuer.is_encrypted());
    if issuer_is_encrypted && !endpoint.is_encrypted() {
        return refuse("its jwks_uri is not https".to_owned());
    }
    Ok(endpoint.without_user())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lies_behind_the_issuer() {
        for (issuer, expected) in [
            ("https://idp.example", "https://idp.example/.well-known/openid-configuration"),
            ("https://idp.example/", "https://idp.example/.well-known/openid-configuration"),
            ("https://idp.example:8443/realms/r", "https://idp.example:8443/realms/r/.well-known/openid-configuration"),
            ("https://idp.example/t/", "https://idp.example/t/.well-known/openid-configuration"),
        ] {
            assert_eq!(document_endpoint(issuer).unwrap().to_string(), expected);
        }
        for issuer in ["", "idp.example", "ftp://a/", "https://a/?b", "https://a/#b", "https://a:b@c/", "https://a/?"] {
            assert!(document_endpoint(issuer).is_err(), "{issuer}");
        }
    }

    #[test]
    fn only_the_issuers_own_document_counts() {
        let issuer = "https://idp.example/t";
        let with = |issuer: &str, jwks_uri: &str| {
            format!(r#"{{"issuer":"{issuer}","authorization_endpoint":1,"jwks_uri":"{jwks_uri}"}}"#)
        };
        let read = |document: &str| read(document.as_bytes(), issuer).map(|e| e.to_string()).map_err(|error| error.0);
        for jwks_uri in ["https://idp.example/jwks", "https://keys.other.example/v3/certs"] {
            assert_eq!(read(&with(issuer, jwks_uri)), Ok(jwks_uri.to_owned()));
        }
        assert_eq!(read(&with(issuer, "https://a:b@c.example/d")), Ok("https://c.example/d".to_owned()));
        for (document, why) in [
            (with("https://idp.example/t/", "https://a/"), "they must be equal to the letter"),
            (with("https://evil.example\\u000a", "https://a/"), "its issuer is 'https://evil.example\\u{a}', not "),
            (with("HTTPS://idp.example/t", "https://a/"), "they must be equal"),
            (with(issuer, "http://idp.example/jwks"), "its jwks_uri is not https"),
            (with(issuer, "file:///etc/passwd"), "of its jwks_uri, the URL is neither https nor http"),
            (with(issuer, "/jwks"), "of its jwks_uri, the URL does not begin with https://"),
            (r#"{"jwks_uri":"https://a/"}"#.to_owned(), "it has no issuer"),
            (format!(r#"{{"issuer":"{issuer}"}}"#), "it has no jwks_uri"),
            (format!(r#"{{"issuer":"{issuer}","jwks_uri":["https://a/"]}}"#), "it has no jwks_uri"),
            (format!(r#"{{"issuer":"{issuer}","issuer":"{issuer}","jwks_uri":"https://a/"}}"#), "names a member twice"),
            ("<html>".to_owned(), "it is no JSON object: not valid JSON at line 1 column 1"),
        ] {
            let error = read(&document).unwrap_err();
            assert!(error.contains(why), "{document}: {error}");
        }
        let plain = r#"{"issuer":"http://idp.example","jwks_uri":"http://idp.example/jwks"}"#;
        assert!(super::read(plain.as_bytes(), "http://idp.example").is_ok());
    }
}

// SPDX-License-Identifier: Apache-2.0
//! OpenID Connect Discovery 1.0: finds the address of an issuer's JWK Set.

use crate::http::client::Transport;
use crate::http::document::{self, Excerpts, Wanted, without_byte_order_mark};
use crate::http::endpoint::Endpoint;
use crate::http::failure::{Failure, FailureKind};
use crate::http::get::{self, Bearer, Document, Fetched, Query};
use crate::json::{JsonError, Value, read_object};
use crate::keys::error::KeyError;
use crate::quoted::quoted;

/// The largest document that is read; real ones have some 10 kB.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Characters to show from the first difference of two issuers.
const SHOWN_DIFFERENCE: usize = 20;

/// Fetches the address of the issuer's JWK Set.
pub(crate) async fn jwk_set_endpoint(
    issuer: &str,
    transport: &Transport,
    bearer: Option<&Bearer>,
) -> Result<Endpoint, Failure> {
    let endpoint = Endpoint::for_discovery(issuer).map_err(|text| Failure::new(FailureKind::Discovery, text))?;
    let of = |text: String| format!("the discovery document {endpoint}: {text}");
    let query = Query {
        endpoint: &endpoint,
        wanted: Wanted::Discovery,
        accept: "application/json, */*;q=0.1",
        max_bytes: MAX_DOCUMENT_BYTES,
        validator: None,
        bearer,
    };
    let answer = get::fetch(query, transport).await.map_err(|Failure { kind, text }| Failure::new(kind, of(text)))?;
    let Fetched::Document(Document { bytes, .. }) = answer.fetched else {
        return Err(Failure::new(FailureKind::Status, of("the server answered with status 304".to_owned())));
    };
    read(&bytes, issuer, query.excerpts()).map_err(|KeyError(text)| Failure::new(FailureKind::Discovery, of(text)))
}

/// Reads `jwks_uri` of a document that must be that of `issuer` (section 4.3). The address may be on another host, as
/// with Google: the document is trusted, since it came from the issuer itself.
fn read(document: &[u8], issuer: &str, excerpts: Excerpts) -> Result<Endpoint, KeyError> {
    let wrong = |why: String| Err(KeyError(why));
    let mismatch = |error: Option<&JsonError>| {
        KeyError(format!("it {}", document::describe_mismatch(document, Wanted::Discovery, error, excerpts)))
    };
    let members = read_object(without_byte_order_mark(document), |name| matches!(name, "issuer" | "jwks_uri"))
        .map_err(|error| mismatch(Some(&error)))?;
    if members.is_empty() {
        return Err(mismatch(None));
    }
    let text = |name: &str| {
        members.iter().find_map(|(other, value)| match value {
            Value::String(text) if other == name => Some(&**text),
            _ => None,
        })
    };
    match text("issuer") {
        Some(named) if named == issuer => {}
        Some(named) => return wrong(other_issuer(named, issuer, text("jwks_uri"))),
        None => return wrong("it has no issuer".to_owned()),
    }
    let Some(jwks_uri) = text("jwks_uri") else { return wrong("it has no jwks_uri".to_owned()) };
    let endpoint = Endpoint::parse(jwks_uri).map_err(|why| KeyError(format!("its jwks_uri is not valid: {why}")))?;
    let issuer_is_encrypted = Endpoint::parse(issuer).is_ok_and(|issuer| issuer.is_encrypted());
    if issuer_is_encrypted && !endpoint.is_encrypted() {
        return wrong("its jwks_uri is not https".to_owned());
    }
    Ok(endpoint.without_user())
}

/// The message for a document with another issuer than `key-file`: the first difference and the way out. Tokens may
/// have either `iss`.
fn other_issuer(named: &str, issuer: &str, jwks_uri: Option<&str>) -> String {
    let is_pattern = named.contains(['{', '}']);
    let difference = if is_pattern {
        "the document's is a pattern for many tenants".to_owned()
    } else if named.strip_suffix('/') == Some(issuer) {
        "only the document's ends with a slash".to_owned()
    } else if issuer.strip_suffix('/') == Some(named) {
        "only that of key-file ends with a slash".to_owned()
    } else {
        let same = named.chars().zip(issuer.chars()).take_while(|(one, other)| one == other).count();
        let rest = |text: &str| match text.chars().skip(same).take(SHOWN_DIFFERENCE).collect::<String>() {
            rest if rest.is_empty() => "nothing more".to_owned(),
            rest => format!("'{}'", quoted(&rest)),
        };
        format!("after {same} equal characters, the document has {} and key-file has {}", rest(named), rest(issuer))
    };
    let set = jwks_uri.and_then(|jwks_uri| Endpoint::parse(jwks_uri).ok());
    let set = set.map_or_else(String::new, |set| format!(", {}", quoted(&set.to_string())));
    let by_url = format!(
        "set key-file to the URL of the JWK Set (its jwks_uri{set}) and required-issuer to the iss of the tokens"
    );
    let way_out = match Endpoint::for_discovery(named) {
        Ok(_) if !is_pattern => {
            format!("set key-file to oidc:{} if that is the iss of the tokens; otherwise {by_url}", quoted(named))
        }
        _ if is_pattern => format!("use oidc: with the issuer of your own tenant, or {by_url}"),
        _ => by_url,
    };
    let named = quoted(named);
    let issuer = quoted(issuer);
    format!(
        "its issuer is '{named}', not '{issuer}'; they must be exactly equal, but {difference}. Compare them with the iss of a token: {way_out}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_document_of_the_issuer_is_accepted() {
        let issuer = "https://idp.example/t";
        let with = |issuer: &str, jwks_uri: &str| {
            format!(r#"{{"issuer":"{issuer}","authorization_endpoint":1,"jwks_uri":"{jwks_uri}"}}"#)
        };
        let read = |document: &str| {
            let read = read(document.as_bytes(), issuer, Excerpts::Shown);
            read.map(|endpoint| endpoint.to_string()).map_err(|error| error.0)
        };
        for jwks_uri in ["https://idp.example/jwks", "https://keys.other.example/v3/certs"] {
            assert_eq!(read(&with(issuer, jwks_uri)), Ok(jwks_uri.to_owned()));
        }
        assert_eq!(read(&with(issuer, "https://a:b@c.example/d")), Ok("https://c.example/d".to_owned()));
        for (document, why) in [
            (with("https://idp.example/t/", "https://a/"), "they must be exactly equal"),
            (with("https://evil.example\\u000a", "https://a/"), "its issuer is 'https://evil.example\\u{a}', not "),
            (with("HTTPS://idp.example/t", "https://a/"), "they must be exactly equal"),
            (with(issuer, "http://idp.example/jwks"), "its jwks_uri is not https"),
            (with(issuer, "file:///etc/passwd"), "its jwks_uri is not valid: the URL is neither https nor http"),
            (with(issuer, "/jwks"), "its jwks_uri is not valid: the URL does not begin with https://"),
            (r#"{"jwks_uri":"https://a/"}"#.to_owned(), "it has no issuer"),
            (format!(r#"{{"issuer":"{issuer}"}}"#), "it has no jwks_uri"),
            (format!(r#"{{"issuer":"{issuer}","jwks_uri":["https://a/"]}}"#), "it has no jwks_uri"),
            (
                format!(r#"{{"issuer":"{issuer}","issuer":"{issuer}","jwks_uri":"https://a/"}}"#),
                "it is a JSON object that contains 'issuer' twice, instead of a discovery document",
            ),
            ("<html>".to_owned(), "it is an HTML page instead of a discovery document"),
            (
                r#"{"keys":[]}"#.to_owned(),
                "it is a JWK Set instead of a discovery document: set key-file to its address",
            ),
            ("{".to_owned(), "it is JSON that is cut off (it ends at line 1, column 1) instead of"),
        ] {
            let error = read(&document).unwrap_err();
            assert!(error.contains(why), "{document}: {error}");
        }
        let plain = "\u{feff}{\"issuer\":\"http://idp.example\",\"jwks_uri\":\"http://idp.example/jwks\"}";
        assert!(super::read(plain.as_bytes(), "http://idp.example", Excerpts::Hidden).is_ok(), "a byte order mark");
    }

    #[test]
    fn another_issuer_is_reported_with_the_first_difference_and_the_way_out() {
        const BY_URL: &str = "set key-file to the URL of the JWK Set (its jwks_uri, https://idp.example/keys) and required-issuer to the iss of the tokens";
        for (named, issuer, difference, way_out) in [
            (
                "https://idp.example/t/",
                "https://idp.example/t",
                "only the document's ends with a slash",
                "set key-file to oidc:https://idp.example/t/ if that is the iss of the tokens; otherwise set key-file to",
            ),
            (
                "https://idp.example/t",
                "https://idp.example/t/",
                "only that of key-file ends with a slash",
                "set key-file to oidc:https://idp.example/t if",
            ),
            (
                "https://login.example/{tenantid}/v2.0",
                "https://login.example/common/v2.0",
                "the document's is a pattern for many tenants",
                "use oidc: with the issuer of your own tenant, or set key-file",
            ),
            (
                "http://idp.example/t",
                "https://idp.example/t",
                "after 4 equal characters, the document has '://idp.example/t' and key-file has 's://idp.example/t'",
                "set key-file to oidc:http://idp.example/t if",
            ),
            (
                "https://idp.example/T",
                "https://idp.example/t",
                "after 20 equal characters, the document has 'T' and key-file has 't'",
                "otherwise",
            ),
            (
                "https://idp.example",
                "https://idp.example:443",
                "after 19 equal characters, the document has nothing more and key-file has ':443'",
                "otherwise",
            ),
            (
                "accounts.example",
                "https://accounts.example",
                "after 0 equal characters",
                "set key-file to the URL of the JWK Set",
            ),
        ] {
            let document = format!(r#"{{"issuer":"{named}","jwks_uri":"https://idp.example/keys"}}"#);
            let error = read(document.as_bytes(), issuer, Excerpts::Hidden).unwrap_err().0;
            let begin = format!("its issuer is '{named}', not '{issuer}'; they must be exactly equal, but ");
            assert!(error.starts_with(&begin), "{error}");
            for part in [difference, way_out, BY_URL] {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
    }
}

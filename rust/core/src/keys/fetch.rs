//! One GET of a key document. With `transport`, which makes the client, the only file that knows HTTP.

use std::error::Error;
use std::fmt;
use std::io;

use reqwest::header::{ACCEPT, LOCATION, USER_AGENT};
use reqwest::{Response, StatusCode, Url};

use super::transport::Transport;
use super::trust::tls_sentence;
use crate::reject::quoted;
use crate::signature::KeyError;

const MAX_REDIRECTS: usize = 3;
const PROXY_WANTS_CREDENTIALS: &str = "the proxy answered with status 407: it wants other credentials \
                                       (jwk.http-client.http-proxy.user and jwk.http-client.http-proxy.password)";

/// The address of a document: `http` or `https`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// True if the text is meant as an address rather than as a path.
    pub(crate) fn is_url(text: &str) -> bool {
        let begins_with =
            |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
        begins_with("https://") || begins_with("http://")
    }

    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        match Url::parse(text) {
            Ok(mut url) if matches!(url.scheme(), "http" | "https") => {
                url.set_fragment(None);
                Ok(Self(url))
            }
            Ok(_) => Err(KeyError("the URL is neither https nor http".to_owned())),
            Err(error) => Err(KeyError(format!("the URL is malformed: {error}"))),
        }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }
}

/// The address without user, password and query, which may be secrets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        // These fail for a URL without a host only.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_query(None);
        f.write_str(shown.as_str())
    }
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Unreachable,
    Untrusted,
    TimedOut,
    Status,
    Redirect,
    BrokenOff,
    TooLarge,
    /// The document came and is of no use.
    Document,
    /// A defect of ours.
    Defect,
}

impl FailureKind {
    /// For whoever tries to log in: it names no address and nothing that the server said.
    pub(crate) fn in_general_words(self) -> &'static str {
        match self {
            Self::Unreachable => "the issuer's server cannot be reached",
            Self::Untrusted => "no trusted connection to the issuer's server can be made",
            Self::TimedOut => "the issuer's server does not answer in time",
            Self::Status => "the issuer's server answers with an error",
            Self::Redirect => "the issuer's server points to an address that is not followed",
            Self::BrokenOff => "the issuer's server breaks its answer off",
            Self::TooLarge => "the issuer's answer is too large",
            Self::Document => "the issuer's answer is no usable set of keys",
            Self::Defect => "of an internal error",
        }
    }
}

/// Why there is no document. The text is for the operator's log: one line, without user, password and query of the URL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// Fetches the document. Nothing is kept from one fetch to the next, so that nothing goes stale: a renewed bundle of root
/// certificates or a changed address counts at once.
pub(crate) async fn fetch(endpoint: &Endpoint, transport: &Transport, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let Transport { total_timeout, .. } = transport;
    tokio::time::timeout(*total_timeout, get(endpoint, transport, max_bytes)).await.unwrap_or_else(|_| {
        Err(Failure::new(FailureKind::TimedOut, format!("no complete answer within {} s", total_timeout.as_secs_f64())))
    })
}

async fn get(endpoint: &Endpoint, transport: &Transport, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let client = transport.client(endpoint.is_encrypted())?;
    let mut url = endpoint.0.clone();
    for _ in 0..=MAX_REDIRECTS {
        let request = client
            .get(url.clone())
            .header(USER_AGENT, concat!("nativejwt/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/jwk-set+json, application/json;q=0.9, */*;q=0.1");
        let response = request.send().await.map_err(|error| explain(&error))?;
        match response.status() {
            StatusCode::OK => return body(response, max_bytes).await,
            status if status.is_redirection() && response.headers().contains_key(LOCATION) => {
                let location = response.headers().get(LOCATION).map_or(&[][..], |location| location.as_bytes());
                url = follow(&url, &String::from_utf8_lossy(location))?;
            }
            StatusCode::PROXY_AUTHENTICATION_REQUIRED if transport.proxy.is_some() => {
                return Err(Failure::new(FailureKind::Unreachable, PROXY_WANTS_CREDENTIALS));
            }
            status => {
                return Err(Failure::new(
                    FailureKind::Status,
                    format!("the server answered with status {}", status.as_u16()),
                ));
            }
        }
    }
    Err(Failure::new(FailureKind::Redirect, format!("more than {MAX_REDIRECTS} redirects")))
}

/// Where a redirect leads. Only the same host is asked, since it is the one that the operator trusts with the keys: at the
/// same port by the same scheme, or by `https` where it was `http`.
fn follow(from: &Url, location: &str) -> Result<Url, Failure> {
    let refuse = |why: String| Err(Failure::new(FailureKind::Redirect, why));
    let Ok(to) = from.join(location) else {
        return refuse("the server redirects to a malformed address".to_owned());
    };
    if !matches!(to.scheme(), "http" | "https") {
        return refuse(format!(
            "the server redirects to a URL of type '{}', which is not followed",
            quoted(to.scheme())
        ));
    }
    if to.host_str() != from.host_str() {
        let host = quoted(to.host_str().unwrap_or_default());
        return refuse(format!("the server redirects to another host, '{host}', which is not followed"));
    }
    match (from.scheme(), to.scheme()) {
        ("https", "http") => refuse("the server redirects from https to http, which is not followed".to_owned()),
        (before, after) if before == after && from.port_or_known_default() != to.port_or_known_default() => {
            refuse("the server redirects to another port, which is not followed".to_owned())
        }
        _ => Ok(to),
    }
}

/// Reads in pieces, so that an endless answer is cut off at `max_bytes`.
async fn body(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| explain(&error))? {
        if body.len() + piece.len() > max_bytes {
            return Err(Failure::new(FailureKind::TooLarge, format!("the answer is larger than {max_bytes} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What went wrong, in the words of the innermost error. The outer ones hold the URL with its secrets.
fn explain(error: &reqwest::Error) -> Failure {
    let (mut innermost, mut tls): (&dyn Error, Option<String>) = (error, None);
    loop {
        let custom = innermost.downcast_ref::<io::Error>().and_then(|error| error.get_ref());
        let inner = match custom {
            Some(custom) => Some(custom as &dyn Error),
            None => innermost.source(),
        };
        if let Some(error) = innermost.downcast_ref() {
            tls = Some(tls_sentence(error));
        }
        match inner {
            Some(inner) => innermost = inner,
            None => break,
        }
    }
    if error.is_timeout() {
        return Failure::new(FailureKind::TimedOut, "no connection in time");
    }
    let cause = if std::ptr::addr_eq(innermost, error) {
        "no reason is known".to_owned()
    } else {
        quoted(&innermost.to_string())
    };
    if let Some(sentence) = tls {
        Failure::new(FailureKind::Untrusted, format!("TLS failed: {sentence}"))
    } else if cause.contains("proxy authorization required") {
        // The error's type is private.
        Failure::new(FailureKind::Unreachable, PROXY_WANTS_CREDENTIALS)
    } else if error.is_connect() {
        Failure::new(FailureKind::Unreachable, format!("cannot connect: {cause}"))
    } else {
        Failure::new(FailureKind::BrokenOff, format!("the connection broke off: {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let endpoint = Endpoint::parse("https://user:hunter2@idp.example:8443/a/jwks?token=s3cret#part").unwrap();
        assert_eq!(endpoint.to_string(), "https://idp.example:8443/a/jwks");
        assert!(endpoint.is_encrypted());
        for malformed in ["https://", "http://a:99999/", "ftp://a/"] {
            assert!(Endpoint::parse(malformed).is_err(), "{malformed}");
        }
    }

    #[test]
    fn redirects_stay_with_the_host_and_never_lose_encryption() {
        let to = |from: &str, location: &str| follow(&Url::parse(from).unwrap(), location).map(String::from);
        for (from, location, expected) in [
            ("https://idp.example/jwks", "/keys/", "https://idp.example/keys/"),
            ("https://idp.example/jwks", "https://IDP.example:443/keys", "https://idp.example/keys"),
            ("http://idp.example/jwks", "https://idp.example/jwks", "https://idp.example/jwks"),
            ("http://idp.example:8080/jwks", "https://idp.example:8443/jwks", "https://idp.example:8443/jwks"),
        ] {
            assert_eq!(to(from, location).unwrap(), expected);
        }
        for (from, location, why) in [
            ("https://idp.example/jwks", "https://evil.example/jwks", "another host, 'evil.example'"),
            ("https://idp.example/jwks", "//evil.example/jwks", "another host"),
            ("https://idp.example/jwks", "https://idp.example@evil.example/jwks", "another host"),
            ("https://idp.example/jwks", "https://idp.example.evil.example/", "another host"),
            ("https://idp.example/jwks", "http://idp.example/jwks", "from https to http"),
            ("https://idp.example/jwks", "https://idp.example:8443/jwks", "another port"),
            ("http://idp.example:1/jwks", "http://idp.example:2/jwks", "another port"),
            ("https://idp.example/jwks", "file:///etc/passwd", "of type 'file'"),
            ("https://idp.example/jwks", "https://[", "malformed"),
        ] {
            let failure = to(from, location).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Redirect);
            assert!(failure.text.contains(why), "{location}: {}", failure.text);
        }
    }
}

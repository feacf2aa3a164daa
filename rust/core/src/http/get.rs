// SPDX-License-Identifier: Apache-2.0
//! Fetches one document by HTTP GET.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, DATE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, LOCATION, USER_AGENT,
};
use reqwest::{Response, StatusCode, Url};
use tokio::task::spawn_blocking;

use crate::clock::UnixMillis;
use crate::http::client::{ProxyAddress, Transport};
use crate::http::document::{self, Excerpts, Wanted};
use crate::http::endpoint::{Endpoint, drop_user, hex_digest, is_loopback};
use crate::http::failure::{Failure, FailureKind};
use crate::http::server_trust::tls_sentence;
use crate::quoted::quoted;

/// The User-Agent of every request.
pub(super) const AGENT: &str = concat!("nativejwt/", env!("CARGO_PKG_VERSION"));
const MAX_REDIRECTS: usize = 3;
/// Longer ETags are ignored.
const MAX_ETAG_BYTES: usize = 1024;
/// How much of an error's body is read, and for how long: enough for a sentence.
const MAX_ERROR_BYTES: usize = 16 * 1024;
const MAX_ERROR_TIME: Duration = Duration::from_secs(1);

/// A document to fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'q> {
    pub(crate) endpoint: &'q Endpoint,
    pub(crate) wanted: Wanted,
    /// Accepted media types, preferred first.
    pub(crate) accept: &'static str,
    pub(crate) max_bytes: usize,
    /// The validator of the last successfully fetched document.
    pub(crate) validator: Option<&'q Validator>,
    pub(crate) bearer: Option<&'q Bearer>,
}

impl Query<'_> {
    /// Whether the answer may be quoted: it could repeat secrets of the address or the token.
    pub(crate) fn excerpts(&self) -> Excerpts {
        if self.endpoint.is_plain() && self.bearer.is_none() { Excerpts::Shown } else { Excerpts::Hidden }
    }
}

/// The result of a fetch. `D` is first the document's bytes, then what further steps make of them.
#[derive(Clone, Debug)]
pub(crate) enum Fetched<D> {
    Document(D),
    /// The document has not changed since that of the [`Validator`].
    Unchanged,
}

impl<D> Fetched<D> {
    /// Applies a step to the document, if there is one.
    pub(crate) fn try_map<T, E>(self, read: impl FnOnce(D) -> Result<T, E>) -> Result<Fetched<T>, E> {
        match self {
            Self::Document(document) => read(document).map(Fetched::Document),
            Self::Unchanged => Ok(Fetched::Unchanged),
        }
    }
}

/// A document as the server sent it.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Vec<u8>,
    pub(crate) validator: Option<Validator>,
}

/// The result of a request, and how long the server declares it fresh.
#[derive(Debug)]
pub(crate) struct Answer<D> {
    pub(crate) fetched: Fetched<D>,
    pub(crate) max_age: Option<Duration>,
    /// The server's time when it sent the answer, to the second; `None` if it does not say.
    pub(crate) server_time: Option<UnixMillis>,
}

/// An ETag (RFC 9110, section 8.8.3), with its address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Validator {
    /// [`Endpoint::digest`] of the address.
    pub(crate) of: String,
    pub(crate) etag: String,
}

impl Validator {
    /// `None` if the text is too long or contains characters that a header cannot.
    pub(crate) fn new(of: impl Into<String>, etag: &str) -> Option<Self> {
        let fits = !etag.is_empty() && etag.len() <= MAX_ETAG_BYTES;
        let fits = fits && etag.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        fits.then(|| Self { of: of.into(), etag: etag.to_owned() })
    }
}

/// A bearer token that is sent to one server only.
pub(crate) struct Bearer {
    value: HeaderValue,
    origin: Url,
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(secret)")
    }
}

impl Bearer {
    /// `token` for the server of `endpoint`.
    pub(crate) fn new(token: &str, endpoint: &Endpoint) -> Result<Self, Failure> {
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut value = value.map_err(|_| {
            Failure::new(FailureKind::BearerToken, "the bearer token file does not contain a valid token")
        })?;
        value.set_sensitive(true);
        Ok(Self { value, origin: endpoint.url().clone() })
    }

    /// The header value for a request to this address; `None` for another server.
    fn for_url(&self, url: &Url) -> Result<Option<&HeaderValue>, Failure> {
        if url.origin() != self.origin.origin() {
            return Ok(None);
        }
        if url.scheme() != "https" && !is_loopback(url) {
            return Err(Failure::new(
                FailureKind::BearerToken,
                "the bearer token is not sent without encryption; use https",
            ));
        }
        Ok(Some(&self.value))
    }
}

/// Limits the total time of all requests of one refresh.
pub(crate) async fn within<T>(
    transport: &Transport,
    fetching: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Transport { total_timeout, .. } = transport;
    tokio::time::timeout(*total_timeout, fetching).await.unwrap_or_else(|_| {
        let text = format!("no complete answer within {} s{}", total_timeout.as_secs_f64(), through_proxy(transport));
        Err(Failure::new(FailureKind::TimedOut, text))
    })
}

/// Fetches the document. No client or connection is kept between fetches, so renewed root certificates or a changed
/// address take effect at once.
pub(crate) async fn fetch(query: Query<'_>, transport: &Transport) -> Result<Answer<Document>, Failure> {
    let files = transport.clone();
    let is_encrypted = query.endpoint.is_encrypted();
    // On another thread, since it reads certificates and decrypts stores: a slow disk must not delay the fetches of
    // other issuers.
    let client = spawn_blocking(move || files.client(is_encrypted))
        .await
        .unwrap_or_else(|_| Err(Failure::new(FailureKind::Defect, "an internal error stopped the fetch")))?;
    let mut url = query.endpoint.url().clone();
    for _ in 0..=MAX_REDIRECTS {
        let of = hex_digest(url.as_str());
        let etag = query.validator.filter(|validator| validator.of == of).map(|validator| validator.etag.as_str());
        let bearer = query.bearer.map(|bearer| bearer.for_url(&url)).transpose()?.flatten();
        if bearer.is_some() && url.scheme() != "https" && transport.proxy.is_some() {
            return Err(Failure::new(
                FailureKind::BearerToken,
                "the bearer token is not sent to a proxy without encryption; use https",
            ));
        }
        let mut asked = url.clone();
        if bearer.is_some() {
            // They would add a second Authorization header.
            drop_user(&mut asked);
        }
        let mut request = client
            .get(asked)
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, query.accept)
            // Without this header, any coding is acceptable (RFC 9110, section 12.5.3).
            .header(ACCEPT_ENCODING, "identity");
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(bearer) = bearer {
            request = request.header(AUTHORIZATION, bearer.clone());
        }
        let response = request.send().await.map_err(|error| explain(&error, transport))?;
        // Without encryption, the answer may be that of the server or that of the proxy.
        let proxy = transport.proxy.as_ref().filter(|_| url.scheme() != "https");
        let server_time = server_time(response.headers());
        match response.status() {
            StatusCode::OK => {
                if let Some(coding) = content_coding(response.headers()) {
                    let text = format!("the document {}", document::describe_compressed(&coding, query.wanted));
                    return Err(Failure::new(FailureKind::Document, text));
                }
                let max_age = max_age(response.headers());
                let etag = response.headers().get(ETAG);
                let validator = etag.and_then(|etag| etag.to_str().ok()).and_then(|etag| Validator::new(of, etag));
                let bytes = body(response, query.max_bytes, transport).await?;
                if let (Some(proxy), Some(b'<')) = (proxy, bytes.trim_ascii_start().first()) {
                    let text =
                        format!("the proxy {proxy}, or the server behind it, answered with a web page instead of JSON");
                    return Err(Failure::new(FailureKind::Document, text));
                }
                return Ok(Answer { fetched: Fetched::Document(Document { bytes, validator }), max_age, server_time });
            }
            StatusCode::NOT_MODIFIED if etag.is_some() => {
                let max_age = max_age(response.headers());
                return Ok(Answer { fetched: Fetched::Unchanged, max_age, server_time });
            }
            status if status.is_redirection() && response.headers().contains_key(LOCATION) => {
                let location = response.headers().get(LOCATION).map_or(&[][..], |location| location.as_bytes());
                url = follow(&url, &String::from_utf8_lossy(location))?;
            }
            status => {
                if let (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(proxy)) = (status, &transport.proxy) {
                    return Err(requires_credentials(proxy));
                }
                let who = proxy.map_or_else(
                    || "the server".to_owned(),
                    |proxy| format!("the proxy {proxy}, or the server behind it,"),
                );
                let mut text = format!("{who} answered with status {}", status.as_u16());
                if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && query.bearer.is_some() {
                    text.push_str(match bearer {
                        Some(_) => " to the bearer token",
                        None => " (the bearer token is sent only to the configured server, and this is another one)",
                    });
                }
                if let Some(said) = error_words(response, query.excerpts()).await {
                    text.push_str(&format!(" and says {said}"));
                }
                text.push_str(way_out(status, &query));
                return Err(Failure::new(FailureKind::Status, text));
            }
        }
    }
    Err(Failure::new(FailureKind::Redirect, format!("more than {MAX_REDIRECTS} redirects")))
}

/// The content codings, except `identity` (RFC 9110, section 8.4).
fn content_coding(headers: &HeaderMap) -> Option<String> {
    let codings = headers.get_all(CONTENT_ENCODING).iter().map(|coding| String::from_utf8_lossy(coding.as_bytes()));
    let codings: Vec<_> = codings.filter(|coding| !matches!(coding.trim(), "" | "identity")).collect();
    (!codings.is_empty()).then(|| codings.join(", "))
}

/// The message in the body of an error, if it arrives soon.
async fn error_words(mut response: Response, excerpts: Excerpts) -> Option<String> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(piece)) = response.chunk().await {
            body.extend(piece.iter().take(MAX_ERROR_BYTES - body.len()));
            if body.len() == MAX_ERROR_BYTES {
                break;
            }
        }
    };
    // Uses what arrived by then.
    let _ = tokio::time::timeout(MAX_ERROR_TIME, reading).await;
    document::said(&body, excerpts)
}

fn way_out(status: StatusCode, query: &Query<'_>) -> &'static str {
    match status {
        StatusCode::NO_CONTENT => ", which means that there is no document",
        _ if status.is_success() => ", but a document must come with status 200",
        StatusCode::NOT_FOUND | StatusCode::GONE if query.wanted == Wanted::Discovery => {
            ": for an issuer without a discovery document, set key-file to the URL of its JWK Set and required-issuer to the iss of its tokens"
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => ": there is nothing at this address",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if query.bearer.is_none() => {
            ": the server requires authentication; jwks.bearer-token-file sets the file with a bearer token"
        }
        _ => "",
    }
}

/// How long the answer is fresh from now on (RFC 9111, section 4.2): `max-age` minus `Age`. `no-cache` and `no-store`
/// without it are ignored: identity providers such as Keycloak send them with every response, and obeying them would
/// mean a fetch for each request.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let seconds = |text: &str| {
        // A number that does not fit means a long time (RFC 9111, section 1.2.2).
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::from(u32::MAX)))
    };
    let max_age = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|directive| directive.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("max-age"))
        .filter_map(|(_, value)| seconds(value.trim().trim_matches('"')))
        .min()?;
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()).and_then(|age| seconds(age.trim())).unwrap_or(0);
    Some(Duration::from_secs(max_age.saturating_sub(age)))
}

/// The time of the answer (RFC 9110, section 6.6.1), which a cache may have kept for `Age`.
fn server_time(headers: &HeaderMap) -> Option<UnixMillis> {
    let seconds = |text: &str| text.trim().parse::<i64>().ok().filter(|age| *age >= 0);
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = DateTimeParser::new().parse_timestamp(date).ok()?;
    let age = match headers.get(AGE) {
        Some(age) => seconds(age.to_str().ok()?)?,
        None => 0,
    };
    Some(UnixMillis(date.as_millisecond().saturating_add(age.saturating_mul(1000))))
}

/// The target of a redirect. Only the same host is followed, since the operator trusts this one: at the same port and
/// scheme, or from `http` to `https`.
fn follow(from: &Url, location: &str) -> Result<Url, Failure> {
    let failure = |why: String| Err(Failure::new(FailureKind::Redirect, why));
    let Ok(to) = from.join(location) else {
        return failure("the server redirects to a malformed address".to_owned());
    };
    if !matches!(to.scheme(), "http" | "https") {
        return failure(format!(
            "the server redirects to a URL of type '{}', which is not followed",
            quoted(to.scheme())
        ));
    }
    if to.host_str() != from.host_str() {
        let host = quoted(to.host_str().unwrap_or_default());
        return failure(format!(
            "the server redirects to another host, '{host}', which is not followed: set key-file to the address of the keys on that host, unless it is a login page"
        ));
    }
    match (from.scheme(), to.scheme()) {
        ("https", "http") => failure("the server redirects from https to http, which is not followed".to_owned()),
        (before, after) if before == after && from.port_or_known_default() != to.port_or_known_default() => {
            failure("the server redirects to another port, which is not followed".to_owned())
        }
        _ => Ok(to),
    }
}

/// Reads the body in chunks, so that an endless one is cut off at `max_bytes`.
pub(super) async fn body(mut response: Response, max_bytes: usize, transport: &Transport) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| explain(&error, transport))? {
        if body.len() + piece.len() > max_bytes {
            return Err(Failure::new(FailureKind::TooLarge, format!("the answer is larger than {max_bytes} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Added to failures behind a proxy, which may be those of the proxy or of the server.
fn through_proxy(transport: &Transport) -> String {
    transport.proxy.as_ref().map_or_else(String::new, |proxy| format!(" (through the proxy {proxy})"))
}

fn requires_credentials(proxy: &ProxyAddress) -> Failure {
    let text = format!(
        "the proxy {proxy} answered with status 407: it requires other credentials (jwk.http-client.http-proxy.user and jwk.http-client.http-proxy.password)"
    );
    Failure::new(FailureKind::Unreachable, text)
}

/// The failure, in the words of the innermost error. The outer errors contain the URL with its secrets.
pub(super) fn explain(error: &reqwest::Error, transport: &Transport) -> Failure {
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
        return Failure::new(FailureKind::TimedOut, format!("no connection in time{}", through_proxy(transport)));
    }
    let cause = if std::ptr::addr_eq(innermost, error) {
        "the reason is unknown".to_owned()
    } else {
        quoted(&innermost.to_string())
    };
    if let Some(sentence) = tls {
        Failure::new(FailureKind::Untrusted, format!("TLS failed: {sentence}{}", through_proxy(transport)))
    } else if error.is_connect() {
        // The types of these errors are private.
        let is_answer = cause.contains("tunnel error") || cause.contains("SOCKS error");
        let is_answer = is_answer && !cause.contains("underlying connection");
        let text = match &transport.proxy {
            None => format!("cannot connect: {cause}"),
            Some(proxy) if cause.contains("proxy authorization required") => return requires_credentials(proxy),
            Some(proxy) if is_answer => {
                format!(
                    "the proxy {proxy} was reached but does not connect to the server; see the log of the proxy ({cause})"
                )
            }
            Some(proxy) => format!("cannot connect to the proxy {proxy}: {cause}"),
        };
        Failure::new(FailureKind::Unreachable, text)
    } else {
        Failure::new(FailureKind::BrokenOff, format!("the connection broke off: {cause}{}", through_proxy(transport)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_answer_is_read_with_its_age() {
        let read = |date: &'static str, age: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, HeaderValue::from_static(date));
            if !age.is_empty() {
                headers.insert(AGE, HeaderValue::from_static(age));
            }
            server_time(&headers).map(|time| time.0)
        };
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT", ""), Some(784_111_777_000));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT", "60"), Some(784_111_837_000));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT", "9223372036854775807"), Some(i64::MAX));
        for (date, age) in [("yesterday", ""), ("", ""), ("Sun, 06 Nov 1994 08:49:37 GMT", "-1")] {
            assert_eq!(read(date, age), None, "{date} {age}");
        }
        assert_eq!(server_time(&HeaderMap::new()), None);
    }

    #[test]
    fn max_age_is_read_and_other_directives_are_ignored() {
        for (cache_control, age, expected) in [
            (&["max-age=600"][..], "", Some(600)),
            (&["public, Max-Age=\"600\" , must-revalidate"], "", Some(600)),
            (&["max-age=600"], "100", Some(500)),
            (&["max-age=600"], "601", Some(0)),
            (&["max-age=600"], "-1", Some(600)),
            (&["no-store", "max-age=600", "max-age=60"], "", Some(60)),
            (&["max-age=99999999999999999999"], "", Some(u64::from(u32::MAX))),
            (&["no-cache"], "", None),
            (&["no-cache, no-store, must-revalidate"], "5", None),
            (&["s-maxage=60, x-max-age=60, max-age, max-age=, max-age=-1, max-age=1.5"], "", None),
            (&[], "", None),
        ] {
            let mut headers = HeaderMap::new();
            for value in cache_control {
                headers.append(CACHE_CONTROL, value.parse().unwrap());
            }
            if !age.is_empty() {
                headers.insert(AGE, age.parse().unwrap());
            }
            assert_eq!(max_age(&headers), expected.map(Duration::from_secs), "{cache_control:?} {age}");
        }
    }

    #[test]
    fn a_bearer_token_is_sent_to_its_own_server_by_https_or_on_this_machine_only() {
        let sent = |configured: &str, url: &str| {
            let bearer = Bearer::new("t", &Endpoint::parse(configured).unwrap()).unwrap();
            bearer.for_url(&Url::parse(url).unwrap()).map(|value| value.is_some()).map_err(|failure| failure.text)
        };
        for (configured, url, expected) in [
            ("https://k8s.example/a", "https://k8s.example:443/b?c", true),
            ("https://k8s.example/a", "https://other.example/a", false),
            ("https://k8s.example/a", "https://k8s.example:8443/a", false),
            ("https://k8s.example/a", "https://a.k8s.example/a", false),
            ("http://127.0.0.1:1/a", "http://127.0.0.1:1/a", true),
            ("http://[::1]/a", "http://[::1]/b", true),
            ("http://localhost/a", "http://localhost/b", true),
            ("http://localhost/a", "https://localhost/b", false),
        ] {
            assert_eq!(sent(configured, url), Ok(expected), "{configured} {url}");
        }
        for url in
            ["http://k8s.example/a", "http://127.0.0.1.example/", "http://10.0.0.1/", "http://localhost.example/"]
        {
            assert_eq!(sent(url, url).unwrap_err(), "the bearer token is not sent without encryption; use https");
        }
        let bearer = Bearer::new("s3cret", &Endpoint::parse("https://k8s.example/").unwrap()).unwrap();
        assert!(!format!("{bearer:?} {:?}", bearer.value).contains("s3cret"));
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

// SPDX-License-Identifier: Apache-2.0
//! One request and its answer, for callers outside this crate: the endpoints of an identity provider that have nothing to
//! do with keys.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, HeaderValue, USER_AGENT};

use crate::config::ConfigurationErrors;
use crate::config::Properties;
use crate::config::http_client::HttpClientSettings;
use crate::events::Events;
use crate::host::JvmTrust;
use crate::http::client::Transport;
use crate::http::endpoint::Endpoint;
use crate::http::failure::{Failure, FailureKind};
use crate::http::get::{AGENT, body, explain, within};

/// A longer answer is an error. The longest ones are tokens with thousands of groups.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A renewed trust store is in use after this time.
const CLIENT_LIFE: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeErrorKind {
    /// The server or the proxy cannot be reached.
    Unreachable,
    /// TLS failed: the certificate is not trusted, not valid now, or for another host.
    Untrusted,
    /// No complete answer arrived within `jwk.http-client.request-timeout`.
    TimedOut,
    /// Anything else: the connection broke off, or the answer is too large.
    Other,
}

/// Why there is no answer, as a part of a sentence. The text has neither user, password nor query of the URL.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeError {
    /// The kind, for advice.
    pub kind: ExchangeErrorKind,
    text: String,
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ExchangeError {}

impl From<Failure> for ExchangeError {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind {
            FailureKind::Unreachable => ExchangeErrorKind::Unreachable,
            FailureKind::Untrusted => ExchangeErrorKind::Untrusted,
            FailureKind::TimedOut => ExchangeErrorKind::TimedOut,
            _ => ExchangeErrorKind::Other,
        };
        Self { kind, text: failure.text }
    }
}

/// An HTTP client with the trust, the proxy and the timeouts with which keys are fetched: `jwk.http-client.*`.
pub struct HttpExchange {
    transport: Transport,
    runtime: tokio::runtime::Runtime,
    made: Mutex<Arc<Made>>,
}

/// A client, made at its first use. It holds the certificates that were trusted then.
struct Made {
    at: Instant,
    /// A failure is not kept: the next request tries again.
    client: OnceCell<Client>,
}

impl Made {
    fn now() -> Mutex<Arc<Self>> {
        Mutex::new(Arc::new(Self { at: Instant::now(), client: OnceCell::new() }))
    }
}

impl HttpExchange {
    /// Reads `jwk.http-client.*`, and the stores that they name. Other properties are ignored.
    ///
    /// # Errors
    /// A property of the client is invalid, or a file that it names cannot be used.
    pub fn open(
        properties: &Properties,
        jvm_trust: &JvmTrust,
        events: &Events,
    ) -> Result<io::Result<Self>, ConfigurationErrors> {
        let mut errors = ConfigurationErrors::default();
        let settings = HttpClientSettings::read(properties, &mut errors);
        let transport = Transport::open(&settings, jvm_trust, events, &mut errors);
        if !errors.problems().is_empty() {
            return Err(errors);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(runtime.map(|runtime| Self { transport, runtime, made: Made::now() }))
    }

    /// The same with another limit for the whole of a request, in place of `jwk.http-client.request-timeout`.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.transport.total_timeout = timeout;
        self.transport.connect_timeout = self.transport.connect_timeout.min(timeout);
        self.made = Made::now();
        self
    }

    /// The present client. Reading the trusted certificates takes milliseconds, so they are read once a minute.
    fn client(&self, is_encrypted: bool) -> Result<Client, Failure> {
        let made = {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            if made.at.elapsed() > CLIENT_LIFE {
                *made = Arc::new(Made { at: Instant::now(), client: OnceCell::new() });
            }
            Arc::clone(&made)
        };
        made.client.get_or_try_init(|| self.transport.client(is_encrypted)).cloned()
    }

    /// The address of an issuer's discovery document (OpenID Connect Discovery 1.0, section 4).
    ///
    /// # Errors
    /// The text cannot be an issuer; the sentence continues "the issuer".
    pub fn discovery_url(issuer: &str) -> Result<String, String> {
        Endpoint::for_discovery(issuer).map(|endpoint| endpoint.url().to_string())
    }

    /// Sends a request and returns the answer, whatever its status. Redirects are answers. No connection is kept.
    ///
    /// # Errors
    /// There is no complete answer.
    pub fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, ExchangeError> {
        let is_encrypted = request.uri().scheme_str() == Some("https");
        let client = self.client(is_encrypted)?;
        let mut request = reqwest::Request::try_from(request).map_err(|error| {
            Failure::new(FailureKind::Defect, format!("the request cannot be built: {}", error.without_url()))
        })?;
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
        // Without this header, any coding is acceptable (RFC 9110, section 12.5.3).
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let exchange = async {
            let response = client.execute(request).await.map_err(|error| explain(&error, &self.transport))?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok((status, headers, body(response, MAX_ANSWER_BYTES, &self.transport).await?))
        };
        let (status, headers, bytes) = self.runtime.block_on(within(&self.transport, exchange))?;
        let mut answer = http::Response::new(bytes);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

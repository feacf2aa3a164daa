// SPDX-License-Identifier: Apache-2.0
//! An identity provider: its discovery document, and requests to its endpoints.

use std::cell::Cell;
use std::fmt;

use http::header::{ACCEPT, CONTENT_TYPE, DATE};
use http::{Method, StatusCode};
use nativejwt_core::{HttpExchange, quoted};
use oauth2::url::Url;
use oauth2::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::clock;
use crate::error::LoginError;

const FORM: &str = "application/x-www-form-urlencoded";

/// The members of a discovery document that a login needs (OpenID Connect Discovery 1.0, section 3; RFC 8414; RFC 8628,
/// section 4; RFC 9207, section 3).
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Option<String>,
    pub(crate) token_endpoint: Option<String>,
    pub(crate) device_authorization_endpoint: Option<String>,
    pub(crate) revocation_endpoint: Option<String>,
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// An identity provider.
pub struct Provider {
    exchange: HttpExchange,
    pub(crate) metadata: Metadata,
    /// Seconds by which this machine's clock is ahead of the provider's, at its last answer.
    ahead: Cell<Option<i64>>,
}

/// Why an endpoint has no usable answer. `oauth2` hands it through.
#[derive(Debug)]
pub(crate) struct CallError(pub(crate) LoginError);

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for CallError {}

impl Provider {
    /// Fetches the issuer's discovery document.
    ///
    /// # Errors
    /// The text cannot be an issuer, there is no answer, or the document is not that of this issuer.
    pub fn discover(exchange: HttpExchange, issuer: &str) -> Result<Self, LoginError> {
        let shown = quoted(issuer);
        let address = HttpExchange::discovery_url(issuer)
            .map_err(|what| LoginError::failed(format!("The issuer '{shown}' is not usable: {what}")))?;
        let failed = |what: &str| LoginError::failed(format!("The discovery document {address}: {what}"));
        let is_encrypted = address.starts_with("https:");
        checked(&address, is_encrypted).map_err(|what| failed(&what))?;
        let request = http::Request::builder().uri(&address).header(ACCEPT, "application/json").body(Vec::new());
        let request = request.map_err(|error| failed(&error.to_string()))?;
        let answer = exchange.send(request).map_err(|error| LoginError::no_answer(&address, &error))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(failed(
                    "there is none (status 404). Check the issuer: it is the iss of the provider's tokens, for Keycloak https://HOST/realms/REALM",
                ));
            }
            status if status.is_redirection() => {
                return Err(failed(&format!(
                    "the server redirects (status {}), which is not followed: give the issuer exactly as its tokens have it",
                    status.as_u16()
                )));
            }
            status => return Err(failed(&format!("the server answered with status {}", status.as_u16()))),
        }
        let mut metadata: Metadata = serde_json::from_slice(answer.body()).map_err(|_| {
            failed("the answer is no discovery document (JSON with issuer and the endpoints). Check the issuer")
        })?;
        if metadata.issuer != issuer {
            return Err(failed(&format!(
                "its issuer is '{}', not '{shown}': both must be exactly equal. Give --issuer as the document has it",
                quoted(&metadata.issuer)
            )));
        }
        let endpoints = [
            ("authorization_endpoint", &mut metadata.authorization_endpoint),
            ("token_endpoint", &mut metadata.token_endpoint),
            ("device_authorization_endpoint", &mut metadata.device_authorization_endpoint),
            ("revocation_endpoint", &mut metadata.revocation_endpoint),
        ];
        for (name, endpoint) in endpoints {
            if let Some(text) = endpoint {
                *text = checked(text, is_encrypted).map_err(|what| failed(&format!("its {name} {what}")))?;
            }
        }
        let ahead = Cell::new(ahead_of(&answer));
        Ok(Self { exchange, metadata, ahead })
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.metadata.issuer
    }

    /// Whether the provider offers the device flow.
    #[must_use]
    pub fn has_device_flow(&self) -> bool {
        self.metadata.device_authorization_endpoint.is_some()
    }

    /// A sentence if this machine's clock differs from the provider's.
    #[must_use]
    pub fn clock_remark(&self) -> Option<String> {
        clock::remark(self.ahead.get()?)
    }

    /// Checks an address that the provider wants a person to open.
    pub(crate) fn checked_page(&self, address: &str) -> Result<String, LoginError> {
        checked(address, self.metadata.issuer.starts_with("https:"))
            .map_err(|what| LoginError::failed(format!("The page for the sign-in that the provider names {what}")))
    }

    /// The time at the provider, in seconds since 1970, as far as it can be known here.
    pub(crate) fn its_now(&self) -> i64 {
        clock::now().saturating_sub(self.ahead.get().unwrap_or(0))
    }

    pub(crate) fn token_endpoint(&self) -> Result<&str, LoginError> {
        self.metadata.token_endpoint.as_deref().ok_or_else(|| self.lacks("token_endpoint"))
    }

    pub(crate) fn lacks(&self, endpoint: &str) -> LoginError {
        LoginError::failed(format!(
            "The provider offers no {endpoint}: the discovery document of {} has none",
            quoted(&self.metadata.issuer)
        ))
    }

    /// Carries one request of `oauth2` out. An answer that is not JSON is an error here, because `oauth2` would show it.
    pub(crate) fn call(&self, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let address = without_query(&request.uri().to_string());
        let answer = self.exchange.send(request).map_err(|error| CallError(LoginError::no_answer(&address, &error)))?;
        self.ahead.set(ahead_of(&answer).or(self.ahead.get()));
        if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(answer.body()).is_err() {
            return Err(CallError(LoginError::failed(format!(
                "{address}: the server answered with status {} and not with JSON, as OAuth 2.0 requires. Is the issuer right, and no proxy in between?",
                answer.status().as_u16()
            ))));
        }
        Ok(answer)
    }

    /// Posts a form to an endpoint and returns the answer's status.
    pub(crate) fn post(
        &self,
        address: &str,
        form: String,
        authorization: Option<&str>,
    ) -> Result<StatusCode, LoginError> {
        let mut request = http::Request::builder().method(Method::POST).uri(address).header(CONTENT_TYPE, FORM);
        if let Some(authorization) = authorization {
            request = request.header(http::header::AUTHORIZATION, authorization);
        }
        let request =
            request.body(form.into_bytes()).map_err(|error| LoginError::failed(format!("{address}: {error}")))?;
        let answer =
            self.exchange.send(request).map_err(|error| LoginError::no_answer(&without_query(address), &error))?;
        Ok(answer.status())
    }
}

fn ahead_of(answer: &HttpResponse) -> Option<i64> {
    clock::ahead_of(answer.headers().get(DATE)?.to_str().ok()?, clock::now())
}

fn without_query(address: &str) -> String {
    address.split('?').next().unwrap_or_default().to_owned()
}

/// An address to which codes, secrets and tokens go, in the form without control characters. It is encrypted; or it is within
/// this machine, as the issuer itself is, since any user of the machine can listen there.
fn checked(address: &str, is_encrypted: bool) -> Result<String, String> {
    let Ok(url) = Url::parse(address) else {
        return Err(format!("is not an address: '{}'", quoted(address)));
    };
    match (url.scheme(), is_encrypted) {
        ("https", _) => Ok(url.into()),
        ("http", false) if is_loopback(url.host_str().unwrap_or_default()) => Ok(url.into()),
        _ => Err("is not https: a token and a secret must not travel without encryption".to_owned()),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_and_local_addresses_get_secrets() {
        for fine in ["https://idp.example/t", "http://127.0.0.1:8080/t", "http://[::1]/t", "http://localhost/t"] {
            assert_eq!(checked(fine, false).as_deref(), Ok(fine));
        }
        for bad in [
            "http://idp.example/t",
            "http://127.0.0.1.example/t",
            "ftp://idp.example/",
            "",
            "idp.example",
            "javascript:a",
        ] {
            assert!(checked(bad, false).is_err(), "{bad}");
        }
        assert!(checked("http://127.0.0.1:8080/t", true).is_err(), "any user can listen there");
        assert_eq!(
            checked("https://idp.example/\u{9b}a\u{202e}", true).unwrap(),
            "https://idp.example/%C2%9Ba%E2%80%AE"
        );
    }
}

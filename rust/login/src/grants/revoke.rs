// SPDX-License-Identifier: Apache-2.0
//! Ends a login at the provider (RFC 7009).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::AuthType;
use oauth2::url::{Origin, Url};

use crate::client::{ClientAuthentication, Credentials};
use crate::error::LoginError;
use crate::grants::{Grant, JWT_BEARER};
use crate::token::Tokens;

/// Revokes the refresh token, with which most providers also end the session; or else the token itself. Returns false if the
/// provider has no address for it.
///
/// # Errors
/// There is no answer, or the provider refuses.
pub fn revoke(grant: Grant<'_>, tokens: &Tokens) -> Result<bool, LoginError> {
    let Grant { provider, profile, signer } = grant;
    let Some(address) = provider.metadata.revocation_endpoint.as_deref() else { return Ok(false) };
    if matches!(profile.client_authentication, ClientAuthentication::KeyFile { .. })
        && origin(address) != origin(provider.token_endpoint()?)
    {
        // An assertion is for the token endpoint. Another server could use it there.
        return Ok(false);
    }
    let (token, hint) = match &tokens.refresh_token {
        Some(refresh_token) => (refresh_token, "refresh_token"),
        None => (&tokens.token, "access_token"),
    };
    // By hand, since oauth2 refuses an address on this machine that is not https.
    let mut form = form_urlencoded(&[("token", token), ("token_type_hint", hint)]);
    let mut also = |parameters: &[(&str, &str)]| {
        form.push('&');
        form.push_str(&form_urlencoded(parameters));
    };
    let id = profile.client_id.as_str();
    let mut authorization = None;
    match profile.client_authentication.credentials(id, provider.token_endpoint()?, signer)? {
        Credentials::None => also(&[("client_id", id)]),
        Credentials::Secret(secret) => match grant.authentication_method() {
            AuthType::RequestBody => also(&[("client_id", id), ("client_secret", &secret)]),
            _ => {
                // RFC 6749, section 2.3.1.
                let pair = format!("{}:{}", encoded(id), encoded(&secret));
                authorization = Some(format!("Basic {}", STANDARD.encode(pair)));
            }
        },
        Credentials::Assertion(assertion) => {
            also(&[("client_id", id), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)])
        }
    }
    let status = provider.post(address, form, authorization.as_deref())?;
    if status.is_success() {
        return Ok(true);
    }
    Err(LoginError::refused(format!(
        "The provider did not revoke the token: it answered with status {}",
        status.as_u16()
    )))
}

fn origin(address: &str) -> Option<Origin> {
    Url::parse(address).ok().map(|url| url.origin())
}

fn form_urlencoded(parameters: &[(&str, &str)]) -> String {
    let fields: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    fields.join("&")
}

fn encoded(text: &str) -> String {
    oauth2::url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

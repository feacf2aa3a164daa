// SPDX-License-Identifier: Apache-2.0
//! Device authorization (RFC 8628), for machines without a browser.

use std::thread;
use std::time::{Duration, Instant};

use nativejwt_core::quoted;
use oauth2::{DeviceAuthorizationUrl, PkceCodeChallenge, StandardDeviceAuthorizationResponse};

use crate::answer::{explain, tokens};
use crate::client::ClientAuthentication;
use crate::error::LoginError;
use crate::grants::{Grant, Person};
use crate::refusal::Request;
use crate::token::Tokens;

/// Shows the person an address and a code, and waits until the person has signed in there.
///
/// # Errors
/// The provider has no device flow or refuses, the person refuses, or the time is over.
pub fn log_in(grant: Grant<'_>, person: &mut Person<'_>) -> Result<Tokens, LoginError> {
    let Grant { provider, profile, .. } = grant;
    let Some(endpoint) = &provider.metadata.device_authorization_endpoint else {
        return Err(LoginError::failed(
            "The provider has no device flow: its discovery document names no device_authorization_endpoint. Log in with --browser; over SSH, give a port with --redirect-port and forward it with ssh -L",
        ));
    };
    if matches!(profile.client_authentication, ClientAuthentication::KeyFile { .. }) {
        // Each poll would repeat the assertion, which providers accept once.
        return Err(LoginError::failed("--client-key-file cannot be used with the device flow: log in with --browser"));
    }
    let url = DeviceAuthorizationUrl::new(endpoint.clone())
        .map_err(|_| LoginError::failed("The device_authorization_endpoint of the discovery document is not a URL"))?;
    let (client, _) = grant.client()?;
    let client = client.set_device_authorization_url(url);
    // Clients that must use PKCE must use it here, too; RFC 8628 does not know it, and other providers ignore it.
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .exchange_device_code()
        .add_scopes(grant.scopes())
        .add_extra_param("code_challenge", challenge.as_str().to_owned())
        .add_extra_param("code_challenge_method", challenge.method().as_str().to_owned());
    for (name, value) in grant.target() {
        request = request.add_extra_param(name, value);
    }
    let details: StandardDeviceAuthorizationResponse = request
        .request(&|request| provider.call(request))
        .map_err(|error| explain(error, Request::Device, profile, provider))?;

    // Whole, however long they are; as URLs, they have no control characters.
    let plain = provider.checked_page(details.verification_uri().as_str())?;
    let complete = details.verification_uri_complete().map(|uri| provider.checked_page(uri.secret())).transpose()?;
    let code = quoted(details.user_code().secret()).to_string();
    (person.tell)("Open this page in a browser, on any machine:");
    (person.tell)(&format!("  {}", complete.as_ref().unwrap_or(&plain)));
    (person.tell)(&match complete {
        Some(_) => format!("and check that it shows the code {code}"),
        None => format!("and enter the code {code}"),
    });
    let patience = person.patience.min(details.expires_in());
    (person.tell)(&format!("Waiting for your sign-in, for {} at most.", in_words(patience)));

    let deadline = Instant::now() + patience;
    let left = || deadline.saturating_duration_since(Instant::now());
    let answer = client
        .exchange_device_access_token(&details)
        .add_extra_param("code_verifier", verifier.secret().clone())
        .request(&|request| provider.call(request), |pause| thread::sleep(pause.min(left())), Some(patience))
        .map_err(|error| match left().is_zero() {
            // The crate's error names the provider.
            true => LoginError::refused(format!(
                "Nobody signed in within {}. Log in again, and open the page before the code ends",
                in_words(patience)
            )),
            false => explain(error, Request::Device, profile, provider),
        })?;
    tokens(&answer, profile, provider, None)
}

/// A time for a person.
pub(super) fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

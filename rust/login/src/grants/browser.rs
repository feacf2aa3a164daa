// SPDX-License-Identifier: Apache-2.0
//! Authorization code with PKCE (RFC 6749, section 4.1; RFC 7636), whose redirect arrives on a loopback address (RFC 8252).

use std::thread;

use nativejwt_core::quoted;
use oauth2::{AuthUrl, AuthorizationCode, CsrfToken, PkceCodeChallenge, RedirectUrl};

use crate::answer::{explain, tokens};
use crate::error::LoginError;
use crate::grants::device::in_words;
use crate::grants::loopback::{Expected, Loopback, Redirect};
use crate::grants::{Grant, Person};
use crate::refusal::{Request, not_registered, refusal};
use crate::token::Tokens;

/// Shows the person an address, opens it in a browser, and waits for the redirect.
///
/// # Errors
/// No port can be had, the provider or the person refuses, or the time is over.
pub fn log_in(grant: Grant<'_>, person: &mut Person<'_>) -> Result<Tokens, LoginError> {
    let Grant { provider, profile, .. } = grant;
    let endpoint = provider.metadata.authorization_endpoint.clone();
    let endpoint = endpoint.ok_or_else(|| provider.lacks("authorization_endpoint"))?;
    let url = AuthUrl::new(endpoint)
        .map_err(|_| LoginError::failed("The authorization_endpoint of the discovery document is not a URL"))?;
    let loopback = Loopback::bind(&profile.redirect)?;
    let redirect_uri = loopback.redirect_uri();
    let redirect = RedirectUrl::new(redirect_uri.to_owned())
        .map_err(|_| LoginError::failed(format!("The redirect URI '{redirect_uri}' is not a URL")))?;
    let (client, authentication) = grant.client()?;
    let client = client.set_auth_uri(url).set_redirect_uri(redirect);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request =
        client.authorize_url(CsrfToken::new_random).add_scopes(grant.scopes()).set_pkce_challenge(challenge);
    for (name, value) in grant.target() {
        request = request.add_extra_param(name, value);
    }
    let (address, state) = request.url();
    let address = address.to_string();

    (person.tell)("Open this page in a browser:");
    // Whole, however long it is; a URL has no control characters.
    (person.tell)(&format!("  {address}"));
    if person.opens_browser {
        // It may be a browser in a terminal, which ends only when the person is done.
        let opened = address.clone();
        thread::spawn(move || webbrowser::open(&opened));
    }
    (person.tell)(&format!(
        "Waiting for your sign-in, for {} at most. An error page about the redirect URI means that the client '{}' may not use {redirect_uri}.",
        in_words(person.patience),
        quoted(&profile.client_id)
    ));
    let expected = Expected {
        state: state.secret(),
        issuer: &provider.metadata.issuer,
        issuer_is_required: provider.metadata.authorization_response_iss_parameter_supported,
    };
    let code = match loopback.wait(&expected, person.patience)? {
        Some(Redirect::Code(code)) => code,
        Some(Redirect::Refused { error, description }) => {
            let request = Request::Consent { redirect_uri };
            return Err(refusal(&error, description.as_deref(), request, profile, provider));
        }
        None => {
            return Err(LoginError::refused(format!(
                "No sign-in arrived within {}. {} If the browser runs on another machine than this command, log in with --device; or give a port with --redirect-port and forward it with ssh -L.",
                in_words(person.patience),
                not_registered(redirect_uri, &quoted(&profile.client_id).to_string())
            )));
        }
    };
    let mut request = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier);
    for (name, value) in authentication {
        request = request.add_extra_param(name, value);
    }
    let answer = request
        .request(&|request| provider.call(request))
        .map_err(|error| explain(error, Request::Code, profile, provider))?;
    tokens(&answer, profile, provider, None)
}

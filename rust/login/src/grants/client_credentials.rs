// SPDX-License-Identifier: Apache-2.0
//! A job's own token (RFC 6749, section 4.4).

use crate::answer::{explain, tokens};
use crate::error::LoginError;
use crate::grants::Grant;
use crate::refusal::Request;
use crate::token::Tokens;

/// Gets a token with the client's own credentials.
///
/// # Errors
/// The secret cannot be read, there is no answer, or the provider refuses.
pub fn log_in(grant: Grant<'_>) -> Result<Tokens, LoginError> {
    let Grant { provider, profile, .. } = grant;
    if !profile.client_authentication.is_confidential() {
        return Err(LoginError::failed(
            "A job needs credentials: name them by --client-secret-file, --client-secret-env or --client-key-file",
        ));
    }
    let (client, authentication) = grant.client()?;
    let mut request = client.exchange_client_credentials().add_scopes(grant.scopes());
    for (name, value) in authentication.into_iter().chain(grant.target()) {
        request = request.add_extra_param(name, value);
    }
    let answer = request
        .request(&|request| provider.call(request))
        .map_err(|error| explain(error, Request::ClientCredentials, profile, provider))?;
    tokens(&answer, profile, provider, None)
}

// SPDX-License-Identifier: Apache-2.0
//! A new token for a refresh token (RFC 6749, section 6).

use oauth2::RefreshToken;

use crate::answer::{explain, tokens};
use crate::error::LoginError;
use crate::grants::Grant;
use crate::refusal::Request;
use crate::token::Tokens;

/// Gets the next token. Providers that rotate refresh tokens end the login when an earlier one is used again, so the caller
/// holds the profile's lock and keeps the answer before anything else.
///
/// # Errors
/// There is no answer, or the login has ended.
pub fn refresh(grant: Grant<'_>, refresh_token: &str) -> Result<Tokens, LoginError> {
    let Grant { provider, profile, .. } = grant;
    let (client, authentication) = grant.client()?;
    let spent = RefreshToken::new(refresh_token.to_owned());
    let mut request = client.exchange_refresh_token(&spent);
    for (name, value) in authentication {
        request = request.add_extra_param(name, value);
    }
    let answer = request
        .request(&|request| provider.call(request))
        .map_err(|error| explain(error, Request::Refresh, profile, provider))?;
    tokens(&answer, profile, provider, Some(refresh_token))
}

// SPDX-License-Identifier: Apache-2.0
//! What `oauth2` made of a provider's answer.

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    EndpointNotSet, EndpointSet, ErrorResponse, ErrorResponseType, ExtraTokenFields, RequestTokenError,
    StandardErrorResponse, StandardRevocableToken, StandardTokenResponse, TokenResponse as _,
};
use serde::{Deserialize, Serialize};

use crate::error::LoginError;
use crate::profile::{Profile, WantedToken};
use crate::provider::{CallError, Provider};
use crate::refusal::{Request, refusal};
use crate::token::{Tokens, describe_unusable};

/// The member of a token answer that OpenID Connect adds (Core 1.0, section 3.1.3.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

/// A token answer (RFC 6749, section 5.1).
pub(crate) type TokenAnswer = StandardTokenResponse<IdTokenField, BasicTokenType>;

/// A client whose token endpoint is known. Each grant adds the endpoint that it needs.
pub(crate) type OAuthClient = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Takes the wanted token. `earlier` is the refresh token that stays in use if the provider sends no new one.
pub(crate) fn tokens(
    answer: &TokenAnswer,
    profile: &Profile,
    provider: &Provider,
    earlier: Option<&str>,
) -> Result<Tokens, LoginError> {
    let refresh_token = answer.refresh_token().map(|token| token.secret().as_str()).or(earlier).map(str::to_owned);
    let expires_in = answer.expires_in().and_then(|left| i64::try_from(left.as_secs()).ok());
    let its_now = provider.its_now();
    let (which, token, expires_in) = match (profile.token, &answer.extra_fields().id_token) {
        (WantedToken::AccessToken, _) => ("access", answer.access_token().secret(), expires_in),
        // expires_in is the access token's.
        (WantedToken::IdToken, Some(id_token)) => ("ID", id_token, None),
        (WantedToken::IdToken, None) => {
            return Err(LoginError::refused(
                "The provider sent no ID token: the scope must contain openid, and the client must be one of OpenID Connect",
            ));
        }
    };
    if let Some(what) = describe_unusable(token) {
        return Err(LoginError::refused(format!("The provider's {which} token {what}. Nothing was kept")));
    }
    Ok(Tokens::received(profile, token.clone(), expires_in, its_now, refresh_token))
}

/// The error in a person's words. Nothing of the answer is shown but the provider's error and its description, since an
/// answer may hold tokens.
pub(crate) fn explain<T: ErrorResponseType + AsErrorText + 'static>(
    error: RequestTokenError<CallError, StandardErrorResponse<T>>,
    request: Request<'_>,
    profile: &Profile,
    provider: &Provider,
) -> LoginError
where
    StandardErrorResponse<T>: ErrorResponse,
{
    match error {
        RequestTokenError::ServerResponse(said) => refusal(
            &said.error().as_error_text(),
            said.error_description().map(String::as_str),
            request,
            profile,
            provider,
        ),
        RequestTokenError::Request(CallError(error)) => error,
        RequestTokenError::Parse(error, _) => LoginError::failed(format!(
            "The provider's answer is not one of OAuth 2.0: its member '{}' is missing or has another form",
            error.path()
        )),
        RequestTokenError::Other(_) => {
            LoginError::failed("The provider's answer is not one of OAuth 2.0: it is empty or not declared as JSON")
        }
    }
}

/// The `error` of an answer as the provider wrote it.
pub(crate) trait AsErrorText {
    fn as_error_text(&self) -> String;
}

impl AsErrorText for oauth2::basic::BasicErrorResponseType {
    fn as_error_text(&self) -> String {
        self.as_ref().to_owned()
    }
}

impl AsErrorText for oauth2::DeviceCodeErrorResponseType {
    fn as_error_text(&self) -> String {
        match self {
            // Debug and Display write the basic ones as they came.
            Self::Basic(basic) => basic.as_error_text(),
            Self::AccessDenied => "access_denied".to_owned(),
            Self::ExpiredToken => "expired_token".to_owned(),
            Self::AuthorizationPending => "authorization_pending".to_owned(),
            Self::SlowDown => "slow_down".to_owned(),
        }
    }
}

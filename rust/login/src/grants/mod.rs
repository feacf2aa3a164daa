// SPDX-License-Identifier: Apache-2.0
//! The ways to a token: one module for each grant of OAuth 2.0.

pub mod browser;
pub mod client_credentials;
pub mod device;
mod loopback;
pub mod refresh;
pub mod revoke;

use std::borrow::Cow;
use std::env;
use std::time::Duration;

use oauth2::{AuthType, ClientId, ClientSecret, Scope, TokenUrl};

use crate::answer::OAuthClient;
use crate::client::{AssertionSigner, Credentials};
use crate::error::LoginError;
use crate::profile::{Flow, Profile};
use crate::provider::Provider;

/// RFC 7523, section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client at a provider.
#[derive(Clone, Copy)]
pub struct Grant<'g> {
    /// The provider.
    pub provider: &'g Provider,
    /// Which client asks for what.
    pub profile: &'g Profile,
    /// Signs assertions, for clients with a key.
    pub signer: &'g dyn AssertionSigner,
}

/// What a person sees of a login, and how long a login waits for the person.
pub struct Person<'p> {
    /// Shows one line.
    pub tell: &'p mut dyn FnMut(&str),
    /// How long to wait.
    pub patience: Duration,
    /// Whether to open a browser.
    pub opens_browser: bool,
}

/// A parameter of a request.
type Parameter<'p> = (Cow<'p, str>, Cow<'p, str>);

impl Grant<'_> {
    /// The client, and what it has to add to each request to the token endpoint in order to authenticate itself.
    fn client(&self) -> Result<(OAuthClient, Vec<Parameter<'static>>), LoginError> {
        let endpoint = self.provider.token_endpoint()?;
        let url = TokenUrl::new(endpoint.to_owned())
            .map_err(|_| LoginError::failed("The token_endpoint of the discovery document is not a URL"))?;
        let client = oauth2::Client::new(ClientId::new(self.profile.client_id.clone())).set_token_uri(url);
        let authentication = &self.profile.client_authentication;
        Ok(match authentication.credentials(&self.profile.client_id, endpoint, self.signer)? {
            Credentials::None => (client, Vec::new()),
            Credentials::Secret(secret) => {
                let client = client.set_client_secret(ClientSecret::new(secret.to_string()));
                (client.set_auth_type(self.authentication_method()), Vec::new())
            }
            Credentials::Assertion(assertion) => (
                client,
                vec![
                    ("client_assertion_type".into(), JWT_BEARER.into()),
                    ("client_assertion".into(), assertion.to_string().into()),
                ],
            ),
        })
    }

    /// Basic, unless the provider only takes the secret in the body (OpenID Connect Core 1.0, section 9).
    fn authentication_method(&self) -> AuthType {
        match &self.provider.metadata.token_endpoint_auth_methods_supported {
            Some(methods)
                if !methods.iter().any(|method| method == "client_secret_basic")
                    && methods.iter().any(|method| method == "client_secret_post") =>
            {
                AuthType::RequestBody
            }
            _ => AuthType::BasicAuth,
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        self.profile.scope.split_ascii_whitespace().map(|scope| Scope::new(scope.to_owned())).collect()
    }

    /// For whom the token is to be made.
    fn target(&self) -> Vec<Parameter<'_>> {
        let audience = self.profile.audience.as_deref().map(|audience| ("audience".into(), audience.into()));
        let resource = self.profile.resource.as_deref().map(|resource| ("resource".into(), resource.into()));
        audience.into_iter().chain(resource).collect()
    }
}

/// What decides about the flow where nobody forces one.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// A graphical session is there.
    pub has_display: bool,
    /// The shell runs over SSH: a browser would open on another screen than the person's.
    pub is_remote: bool,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            has_display: is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
            is_remote: is_set("SSH_CONNECTION") || is_set("SSH_TTY"),
        }
    }

    /// The flow for a person. `kept` is the one that an option of this login or of the last one forced.
    #[must_use]
    pub fn flow(self, kept: Option<Flow>, provider: &Provider) -> Flow {
        self.choose(kept, provider.has_device_flow())
    }

    fn choose(self, kept: Option<Flow>, has_device_flow: bool) -> Flow {
        match kept {
            Some(kept) => kept,
            None if self.has_display && !self.is_remote => Flow::Browser,
            None if has_device_flow => Flow::Device,
            // The person can open the printed URL by hand.
            None => Flow::Browser,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flow_fits_the_surroundings() {
        let flow = |has_display, is_remote, kept, has_device_flow| {
            Surroundings { has_display, is_remote }.choose(kept, has_device_flow)
        };
        assert_eq!(flow(true, false, None, true), Flow::Browser);
        assert_eq!(flow(true, true, None, true), Flow::Device);
        assert_eq!(flow(false, false, None, true), Flow::Device);
        assert_eq!(flow(false, false, None, false), Flow::Browser);
        assert_eq!(flow(false, false, Some(Flow::Browser), true), Flow::Browser);
        assert_eq!(flow(true, false, Some(Flow::Device), true), Flow::Device);
    }
}

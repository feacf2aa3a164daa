// SPDX-License-Identifier: Apache-2.0
//! What a later call needs to know about a login. A profile has no secret in it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::client::ClientAuthentication;
use crate::storage::StorageKind;

/// The way to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// Authorization code with PKCE on a loopback address (RFC 8252, RFC 7636).
    Browser,
    /// Device authorization (RFC 8628): the browser may run on any machine.
    Device,
    /// A job's own credentials (RFC 6749, section 4.4). There is no person.
    ClientCredentials,
}

/// The option of `login` that forces the flow.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Browser => "--browser",
            Self::Device => "--device",
            Self::ClientCredentials => "--client-credentials",
        })
    }
}

/// Which of the provider's tokens is kept for coordinators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WantedToken {
    /// The access token (RFC 6749).
    #[default]
    AccessToken,
    /// The ID token (OpenID Connect Core 1.0), where access tokens are opaque.
    IdToken,
}

impl WantedToken {
    /// Its name in answers of a provider.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::IdToken => "id_token",
        }
    }
}

/// Where the browser's redirect arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectAddress {
    /// The host in the redirect URI: `127.0.0.1`, `::1` or `localhost`.
    pub host: String,
    /// The port; 0 takes a free one at each login.
    pub port: u16,
}

impl Default for RedirectAddress {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 0 }
    }
}

/// What a later call needs to know about a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// The issuer, exactly as its discovery document has it.
    pub issuer: String,
    /// The client's ID at the provider (RFC 6749, section 2.2).
    pub client_id: String,
    /// The requested scope: words separated by blanks.
    pub scope: String,
    /// The parameter `audience`, which some providers need in order to issue JWTs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The parameter `resource` (RFC 8707).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// How the last login was done.
    pub flow: Flow,
    /// Whether an option forced the flow, so that the next login takes it, too.
    #[serde(default)]
    pub flow_is_forced: bool,
    /// Which token is kept.
    #[serde(default)]
    pub token: WantedToken,
    /// How the client authenticates itself. The secret itself is read at each use.
    #[serde(default)]
    pub client_authentication: ClientAuthentication,
    /// Where the browser's redirect arrives.
    #[serde(default)]
    pub redirect: RedirectAddress,
    /// The coordinator's configuration whose `jwk.http-client.*` is used. Absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<PathBuf>,
    /// A file with the certificates that are trusted for the provider. Absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_store: Option<PathBuf>,
    /// The HTTP proxy as `host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Where the tokens are.
    pub storage: StorageKind,
    /// Whether an option forced it, so that the next login takes it, too.
    #[serde(default)]
    pub storage_is_forced: bool,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A profile of a public client.
    pub(crate) fn profile() -> Profile {
        Profile {
            issuer: "https://idp.example".to_owned(),
            client_id: "cli".to_owned(),
            scope: "openid lake".to_owned(),
            audience: None,
            resource: None,
            flow: Flow::Browser,
            flow_is_forced: false,
            token: WantedToken::AccessToken,
            client_authentication: ClientAuthentication::None,
            redirect: RedirectAddress::default(),
            config: None,
            trust_store: None,
            proxy: None,
            storage: StorageKind::File,
            storage_is_forced: false,
        }
    }
}

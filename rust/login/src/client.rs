// SPDX-License-Identifier: Apache-2.0
//! How the client authenticates itself to the provider.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::CsrfToken;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock;
use crate::error::LoginError;

/// How long an assertion is valid, in seconds. It is used at once.
const ASSERTION_LIFETIME: i64 = 60;
const MAX_SECRET_BYTES: usize = 64 * 1024;

/// How the client authenticates itself: where its secret is, never the secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuthentication {
    /// A public client (RFC 6749, section 2.1).
    #[default]
    None,
    /// A client secret in a file. One final line end is dropped.
    SecretFile(PathBuf),
    /// A client secret in an environment variable.
    SecretEnvironment(String),
    /// A JWT assertion (RFC 7523, section 2.2), signed with a private key.
    #[serde(rename_all = "kebab-case")]
    KeyFile {
        /// A private key as PEM or JWK.
        path: PathBuf,
        /// The `kid` of the assertion; by default that of the JWK.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_id: Option<String>,
    },
}

/// Signs a client's assertions. The command has private keys; this crate has no cryptography.
pub trait AssertionSigner {
    /// A compact JWS (RFC 7515) with the key of the file over `claims`, a JSON object.
    ///
    /// # Errors
    /// The key cannot be read, or cannot sign. The sentence names the file.
    fn sign(&self, key_file: &Path, key_id: Option<&str>, claims: &str) -> Result<String, String>;
}

/// What the client sends to authenticate itself.
pub(crate) enum Credentials {
    None,
    Secret(Zeroizing<String>),
    /// RFC 7523, section 2.2.
    Assertion(Zeroizing<String>),
}

impl ClientAuthentication {
    /// Reads the secret, or signs an assertion for the token endpoint.
    pub(crate) fn credentials(
        &self,
        client_id: &str,
        token_endpoint: &str,
        signer: &dyn AssertionSigner,
    ) -> Result<Credentials, LoginError> {
        match self {
            Self::None => Ok(Credentials::None),
            Self::SecretFile(path) => {
                let failed = |what: String| LoginError::failed(format!("{}: {what}", path.display()));
                let bytes = Zeroizing::new(fs::read(path).map_err(|error| failed(error.to_string()))?);
                if bytes.len() > MAX_SECRET_BYTES {
                    return Err(failed(format!("is larger than {MAX_SECRET_BYTES} bytes, so it is no client secret")));
                }
                let text = str::from_utf8(&bytes).map_err(|_| failed("the client secret is not UTF-8".to_owned()))?;
                let secret = text.strip_suffix('\n').unwrap_or(text);
                secret_of(secret.strip_suffix('\r').unwrap_or(secret)).map_err(failed)
            }
            Self::SecretEnvironment(name) => match env::var(name) {
                Ok(secret) => secret_of(&secret).map_err(|what| LoginError::failed(format!("{name}: {what}"))),
                Err(_) => Err(LoginError::failed(format!(
                    "The environment variable {name}, which holds the client secret of this profile, is not set"
                ))),
            },
            Self::KeyFile { path, key_id } => {
                let now = clock::now();
                let quoted = |text: &str| serde_json::Value::from(text).to_string();
                let claims = format!(
                    r#"{{"iss":{id},"sub":{id},"aud":{audience},"jti":{unique},"iat":{now},"exp":{end}}}"#,
                    id = quoted(client_id),
                    audience = quoted(token_endpoint),
                    // A random number as any: no assertion is accepted twice.
                    unique = quoted(CsrfToken::new_random().secret()),
                    end = now + ASSERTION_LIFETIME,
                );
                let assertion = signer.sign(path, key_id.as_deref(), &claims).map_err(LoginError::failed)?;
                Ok(Credentials::Assertion(Zeroizing::new(assertion)))
            }
        }
    }

    /// True if there is a secret or a key.
    pub(crate) fn is_confidential(&self) -> bool {
        *self != Self::None
    }
}

fn secret_of(text: &str) -> Result<Credentials, String> {
    if text.is_empty() {
        return Err("the client secret is empty".to_owned());
    }
    Ok(Credentials::Secret(Zeroizing::new(text.to_owned())))
}

/// The payload of a JWT without verification; only for what is shown or counted.
pub(crate) fn unverified_payload(token: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    let mut parts = token.split('.');
    let (_, payload) = (parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

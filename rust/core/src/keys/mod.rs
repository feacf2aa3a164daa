//! Which key may verify this header.

mod fetch;
mod file;
mod hmac_file;
mod jwk;
mod jwks;
mod pem;
mod public;
mod refresh;
mod schedule;

use std::path::Path;
use std::sync::Arc;

use crate::events::{Events, Level};
use crate::reject::Reject;
use crate::signature::{KeyError, VerifyingKey};
use crate::token_header::TokenHeader;
use fetch::Endpoint;
use file::{KeyFileTemplate, LoadError};
pub use hmac_file::hmac_secret;
use jwk::Origin;
use jwks::KeySet;
pub use public::{PublicKey, public_keys};
pub(crate) use refresh::{Refresher, RemoteKeySet};

/// Where keys come from, as `key-file` says.
pub(crate) enum KeySource {
    /// One key for every token, whatever its key ID.
    Single(Arc<VerifyingKey>),
    /// A file for each key ID.
    Template(KeyFileTemplate),
    /// A JWK set from a file of this machine.
    Set(KeySet),
    /// The JWK set of a URL; a [`Refresher`] fetches it.
    Remote(Arc<RemoteKeySet>),
}

impl KeySource {
    /// Opens what `key-file` names: the URL of a JWK set, a path with `${KID}` or `$KEYID`, else one file with a PEM or
    /// HMAC key, a JWK or a JWK set. What an operator should know of it goes to `events`.
    pub(crate) fn open(key_file: &str, events: &Events) -> Result<Self, KeyError> {
        if Endpoint::is_url(key_file) {
            return refresh::open(key_file, events).map(Self::Remote);
        }
        if let Some(template) = KeyFileTemplate::new(key_file) {
            return Ok(Self::Template(template));
        }
        Self::open_file(key_file, events).map_err(|error| KeyError(format!("the key file '{key_file}' {error}")))
    }

    /// Reads one file, whatever its name.
    pub(crate) fn open_file(path: &str, events: &Events) -> Result<Self, LoadError> {
        let text = file::read(Path::new(path))?;
        if !jwks::is_set(&text) {
            return file::key(&text).map(Arc::new).map(Self::Single).map_err(LoadError::Unusable);
        }
        let reading = KeySet::read(text.as_bytes(), Origin::LocalFile).map_err(LoadError::Unusable)?;
        for line in reading.skipped.iter().take(jwks::MAX_SKIPPED_LINES) {
            events.push(Level::Warning, format!("{path}: {line}"));
        }
        reading.usable().map(Self::Set).map_err(LoadError::Unusable)
    }

    /// The key set that a [`Refresher`] must fetch, if the source is one.
    pub(crate) fn remote(&self) -> Option<&Arc<RemoteKeySet>> {
        match self {
            Self::Remote(key_set) => Some(key_set),
            Self::Single(_) | Self::Template(_) | Self::Set(_) => None,
        }
    }

    /// Lets `verify` try the keys that may have signed a token with this header, until one is right.
    pub(crate) fn verify_with<T>(
        &self,
        header: &TokenHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        match self {
            Self::Single(key) => verify(key),
            Self::Set(keys) => keys.verify_with(header, verify),
            Self::Remote(key_set) => key_set.verify_with(header, verify),
            Self::Template(template) => verify(&*template.key(header.key_id.as_deref())?),
        }
    }
}

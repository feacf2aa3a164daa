//! Which key may verify this header.

mod file;
mod hmac_file;
mod pem;

use std::path::Path;
use std::sync::Arc;

use crate::reject::Reject;
use crate::signature::{KeyError, VerifyingKey};
use crate::token_header::TokenHeader;
use file::KeyFileTemplate;
pub use hmac_file::hmac_secret;
pub use pem::public_key as public_key_of_pem;

/// Where keys come from, as `key-file` says.
pub(crate) enum KeySource {
    /// One key for every token, whatever its key ID.
    Single(Arc<VerifyingKey>),
    /// A file for each key ID.
    Template(KeyFileTemplate),
}

impl KeySource {
    /// Opens what `key-file` names: a path with `${KID}` or `$KEYID`, else one PEM or HMAC file.
    pub(crate) fn open(key_file: &str) -> Result<Self, KeyError> {
        if let Some(template) = KeyFileTemplate::new(key_file) {
            return Ok(Self::Template(template));
        }
        Self::open_file(Path::new(key_file)).map_err(|error| KeyError(format!("the key file '{key_file}' {error}")))
    }

    /// Reads one file, whatever its name.
    pub(crate) fn open_file(path: &Path) -> Result<Self, KeyError> {
        match file::load(path) {
            Ok(key) => Ok(Self::Single(Arc::new(key))),
            Err(error) => Err(KeyError(error.to_string())),
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
            Self::Template(template) => verify(&*template.key(header.key_id.as_deref())?),
        }
    }
}

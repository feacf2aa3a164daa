//! Key files: one file, or a path with the key ID in it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::jwk::{self, Jwk, Origin};
use super::{hmac_file, jwks, pem};
use crate::reject::{Reject, RejectCode};
use crate::signature::{KeyError, VerifyingKey};

/// No key file is as large as this.
const MAX_FILE_BYTES: u64 = jwks::MAX_DOCUMENT_BYTES as u64;

/// Reads a file with one key.
pub(crate) fn load(path: &Path) -> Result<VerifyingKey, LoadError> {
    key(&read(path)?).map_err(LoadError::Unusable)
}

/// Reads the text of a key file; it may be a secret.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, LoadError> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(LoadError::Unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(LoadError::Unusable(KeyError(format!("the file is larger than {MAX_FILE_BYTES} bytes"))));
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        // What stands around a PEM text may be in any encoding.
        Err(error) => match String::from_utf8_lossy(&Zeroizing::new(error.into_bytes())) {
            text if pem::is_pem(&text) => Ok(Zeroizing::new(text.into_owned())),
            _ => Err(LoadError::Unusable(KeyError(
                "the file is neither PEM nor base64: it holds binary data; convert DER or UTF-16 to PEM".to_owned(),
            ))),
        },
    }
}

/// The one key of a PEM text, a JWK or the base64 of an HMAC key.
pub(crate) fn key(text: &str) -> Result<VerifyingKey, KeyError> {
    if jwk::is_json(text) {
        return Jwk::read(text, Origin::LocalFile).map(|jwk| jwk.key).map_err(|skipped| skipped.why);
    }
    if pem::is_pem(text) { pem::public_key(text) } else { hmac_file::secret(text) }
}

/// Why a key file gave no key.
#[derive(Debug)]
pub(crate) enum LoadError {
    Unreadable(io::Error),
    Unusable(KeyError),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Unreadable(error) => write!(f, "cannot be read: {error}"),
            LoadError::Unusable(error) => write!(f, "is refused: {error}"),
        }
    }
}

/// A path with `${KID}` (what stock's code knows) or `$KEYID` (what its documentation says) in it. The file of a key ID
/// is read when the first token with it comes, and kept.
pub(crate) struct KeyFileTemplate {
    path: String,
    loaded: ArcSwap<HashMap<String, Arc<VerifyingKey>>>,
}

impl KeyFileTemplate {
    const VARIABLES: [&'static str; 2] = ["${KID}", "$KEYID"];
    /// As stock, for tokens of systems that use no key ID.
    const DEFAULT_KEY: &'static str = "default-key";
    /// A longer key ID names no file.
    const MAX_KEY_ID_BYTES: usize = 256;
    /// More keys than this are read again for each token rather than kept.
    const MAX_KEPT: usize = 10_000;

    /// `None` if the path has no variable in it.
    pub(crate) fn new(path: &str) -> Option<Self> {
        Self::VARIABLES
            .iter()
            .any(|variable| path.contains(variable))
            .then(|| Self { path: path.to_owned(), loaded: ArcSwap::default() })
    }

    pub(crate) fn key(&self, key_id: Option<&str>) -> Result<Arc<VerifyingKey>, Reject> {
        let unknown = || Reject::new(RejectCode::UnknownKeyId, "Unknown signing key ID");
        let name = match key_id {
            None => Self::DEFAULT_KEY.to_owned(),
            Some(key_id) if key_id.len() > Self::MAX_KEY_ID_BYTES => return Err(unknown()),
            Some(key_id) => sanitized(key_id),
        };
        if let Some(key) = self.loaded.load().get(&name) {
            return Ok(Arc::clone(key));
        }
        let path = Self::VARIABLES.iter().fold(self.path.clone(), |path, variable| path.replace(variable, &name));
        let key = load(Path::new(&path)).map(Arc::new).map_err(|error| match error {
            LoadError::Unreadable(_) => unknown(),
            LoadError::Unusable(why) => Reject::new(
                RejectCode::UnusableKeyFile,
                format!("Unable to decode the signing key of this key ID: {why}"),
            ),
        })?;
        self.loaded.rcu(|loaded| {
            let mut loaded = HashMap::clone(loaded);
            if loaded.len() < Self::MAX_KEPT {
                loaded.insert(name.clone(), Arc::clone(&key));
            }
            loaded
        });
        Ok(key)
    }
}

/// Stock's rule (`FileSigningKeyLocator.INVALID_KID_CHARS`): every UTF-16 unit outside `[A-Za-z0-9_-]` becomes `_`, so
/// that no key ID leaves the folder.
fn sanitized(key_id: &str) -> String {
    let mut name = String::with_capacity(key_id.len());
    for character in key_id.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '_' | '-') {
            name.push(character);
        } else {
            name.extend(std::iter::repeat_n('_', character.len_utf16()));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_cannot_leave_the_folder() {
        assert_eq!(sanitized("../../etc/passwd"), "______etc_passwd");
        assert_eq!(sanitized("a b\0c'--"), "a_b_c_--");
        assert_eq!(sanitized("ключ😀"), "______");
    }
}

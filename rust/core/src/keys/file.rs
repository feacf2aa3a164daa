//! Key files: one file, or a path with the key ID in it.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::document::{self, Excerpts, Wanted};
use super::jwk::{self, Jwk, Origin};
use super::jwks::{self, KeySet};
use super::{KeyLife, hmac_file, pem};
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::issuer_view::{OfferedKey, UnusedKey};
use crate::reject::{Reject, RejectCode};
use crate::signature::{KeyError, VerifyingKey};
use crate::token_header::TokenHeader;
use crate::watched_file::{Reloaded, WatchedFile, tell_refused};

/// No key file is as large as this.
pub(crate) const MAX_FILE_BYTES: u64 = jwks::MAX_DOCUMENT_BYTES as u64;

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

/// What one document of the operator holds: a key for every token, or a JWK set.
pub(crate) enum Keys {
    One(VerifyingKey),
    Set(KeySet),
}

impl Keys {
    /// Reads a PEM text, a JWK, a JWK set or the base64 of an HMAC key. A line for each key of a set that is not used goes
    /// to `events`, after `name`.
    pub(crate) fn read(bytes: &[u8], origin: Origin, name: &str, events: &Events) -> Result<Self, KeyError> {
        let text = text(bytes)?;
        if !jwks::is_set(&text) {
            return one_key(&text, origin).map(Self::One);
        }
        let reading = KeySet::read(text.as_bytes(), origin)?;
        for line in reading.skipped.iter().take(jwks::MAX_SKIPPED_LINES) {
            events.push(Level::Warning, format!("{name}: {line}"));
        }
        reading.usable().map(Self::Set)
    }

    pub(crate) fn for_each_key(&self, show: &mut dyn FnMut(OfferedKey<'_>)) {
        match self {
            Self::One(key) => show(OfferedKey { key_id: None, key }),
            Self::Set(keys) => keys.for_each_key(show),
        }
    }

    pub(crate) fn unused(&self) -> &[UnusedKey] {
        match self {
            Self::One(_) => &[],
            Self::Set(keys) => keys.unused(),
        }
    }

    pub(crate) fn verify_with<T>(
        &self,
        header: &TokenHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        match self {
            Self::One(key) => verify(key),
            Self::Set(keys) => keys.verify_with(header, verify),
        }
    }
}

/// Opens a key file, whatever its name.
pub(crate) fn open(path: &str, events: &Events) -> Result<Reloaded<Keys>, LoadError> {
    let (file, bytes) = WatchedFile::open(Path::new(path), MAX_FILE_BYTES).map_err(LoadError::Unreadable)?;
    let keys = Keys::read(&bytes, Origin::LocalFile, path, events).map_err(LoadError::Unusable)?;
    Ok(Reloaded::of_file(file, keys))
}

/// Takes a change of the key file in.
pub(crate) fn look(keys: &Reloaded<Keys>, events: &Events, epoch: &Epoch) {
    keys.look("The key file", events, epoch, |path, bytes| {
        let name = path.to_string_lossy();
        Keys::read(bytes, Origin::LocalFile, &name, events).map_err(|why| vec![why.to_string()])
    });
}

/// The text of a key file; it may be a secret.
fn text(bytes: &[u8]) -> Result<Zeroizing<String>, KeyError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        // What stands around a PEM text may be in any encoding.
        Err(_) => match String::from_utf8_lossy(bytes) {
            text if pem::is_pem(&text) => Ok(Zeroizing::new(text.into_owned())),
            _ => Err(KeyError(
                "the file is neither PEM nor base64: it holds binary data; convert DER or UTF-16 to PEM".to_owned(),
            )),
        },
    }
}

/// The one key of a PEM text, a JWK or the base64 of an HMAC key.
fn one_key(text: &str, origin: Origin) -> Result<VerifyingKey, KeyError> {
    if jwk::is_json(text) {
        if !document::is_single_jwk(text) {
            let refusal = document::refusal(text.as_bytes(), Wanted::JwkOrSet, None, Excerpts::Hidden);
            return Err(KeyError(format!("the document {refusal}")));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        return Jwk::read(text, origin).map(|jwk| jwk.key).map_err(|skipped| skipped.why);
    }
    if pem::is_pem(text) { pem::public_key(text) } else { hmac_file::secret(text) }
}

/// A path with `${KID}` (what stock's code knows) or `$KEYID` (what its documentation says) in it. The file of a key ID
/// is read when the first token with it comes, and kept until it changes or goes away.
pub(crate) struct KeyFileTemplate {
    path: String,
    loaded: ArcSwap<HashMap<String, KeyFile>>,
    /// The files of `loaded`. Touched by the watching thread only.
    watched: Mutex<HashMap<String, WatchedFile>>,
}

#[derive(Clone)]
struct KeyFile {
    key: Arc<VerifyingKey>,
    /// As it was when the key was read.
    file: Arc<WatchedFile>,
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
        Self::VARIABLES.iter().any(|variable| path.contains(variable)).then(|| Self {
            path: path.to_owned(),
            loaded: ArcSwap::default(),
            watched: Mutex::default(),
        })
    }

    pub(crate) fn key(&self, key_id: Option<&str>) -> Result<(Arc<VerifyingKey>, KeyLife), Reject> {
        let unknown = || Reject::new(RejectCode::UnknownKeyId, "Unknown signing key ID");
        let name = match key_id {
            None => Self::DEFAULT_KEY.to_owned(),
            Some(key_id) if key_id.len() > Self::MAX_KEY_ID_BYTES => return Err(unknown()),
            Some(key_id) => sanitized(key_id),
        };
        if let Some(KeyFile { key, .. }) = self.loaded.load().get(&name) {
            return Ok((Arc::clone(key), KeyLife::UntilChanged));
        }
        let (file, bytes) =
            WatchedFile::open(Path::new(&self.path_of(&name)), MAX_FILE_BYTES).map_err(|_| unknown())?;
        let key = Self::read(&bytes).map_err(|why| {
            let message = format!("Unable to decode the signing key of this key ID: {why}");
            Reject::new(RejectCode::UnusableKeyFile, message)
        })?;
        let loaded = KeyFile { key: Arc::new(key), file: Arc::new(file) };
        let is_kept = self.keep(&name, &loaded);
        Ok((loaded.key, if is_kept { KeyLife::UntilChanged } else { KeyLife::Unwatched }))
    }

    pub(crate) fn for_each_key(&self, show: &mut dyn FnMut(OfferedKey<'_>)) {
        for (name, KeyFile { key, .. }) in self.loaded.load().iter() {
            show(OfferedKey { key_id: Some(name), key });
        }
    }

    /// Another login may have read the file before, and the watching thread a newer one since then: that one stays. True if
    /// it is this one that is kept. No kept verdict hangs on the absence of a key, so the epoch stays.
    fn keep(&self, name: &str, loaded: &KeyFile) -> bool {
        self.update(|files| {
            if files.len() < Self::MAX_KEPT && !files.contains_key(name) {
                files.insert(name.to_owned(), loaded.clone());
            }
        });
        self.loaded.load().get(name).is_some_and(|kept| Arc::ptr_eq(&kept.key, &loaded.key))
    }

    fn path_of(&self, name: &str) -> String {
        Self::VARIABLES.iter().fold(self.path.clone(), |path, variable| path.replace(variable, name))
    }

    fn read(bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
        one_key(&text(bytes)?, Origin::LocalFile)
    }

    fn update(&self, change: impl Fn(&mut HashMap<String, KeyFile>)) {
        self.loaded.rcu(|loaded| {
            let mut loaded = HashMap::clone(loaded);
            change(&mut loaded);
            loaded
        });
    }

    /// Takes changes of the files in that were read. A file that is gone takes its key with it.
    pub(crate) fn look(&self, events: &Events, epoch: &Epoch) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, loaded) in self.loaded.load().iter() {
            let file = watched.entry(name.clone()).or_insert_with(|| WatchedFile::clone(&loaded.file));
            let Some(change) = file.changed() else { continue };
            let what = format!("The key file '{}'", file.path().display());
            match change.map(|bytes| Self::read(&bytes)) {
                Ok(Ok(key)) => {
                    let loaded = KeyFile { key: Arc::new(key), file: Arc::new(file.clone()) };
                    epoch.change(|| self.update(|files| drop(files.insert(name.clone(), loaded.clone()))));
                    events.push(Level::Info, format!("{what} has changed and is in use"));
                }
                Ok(Err(why)) => tell_refused(events, &what, &[why.to_string()]),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    watched.remove(name);
                    epoch.change(|| self.update(|files| drop(files.remove(name))));
                    events.push(Level::Warning, format!("{what} is gone: tokens of this key ID are refused"));
                }
                Err(error) => tell_refused(events, &what, &[format!("it cannot be read: {error}")]),
            }
        }
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

    #[test]
    fn a_login_that_read_a_file_long_ago_does_not_bring_its_key_back() {
        let folder = std::env::temp_dir().join(format!("nativejwt-{}-template-race", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let template = KeyFileTemplate::new(folder.join("${KID}").to_str().unwrap()).unwrap();
        let read = |secret: &str| {
            std::fs::write(folder.join("a"), secret.repeat(64)).unwrap();
            let (file, bytes) = WatchedFile::open(&folder.join("a"), MAX_FILE_BYTES).unwrap();
            KeyFile { key: Arc::new(KeyFileTemplate::read(&bytes).unwrap()), file: Arc::new(file) }
        };
        let (old, new) = (read("A"), read("B"));
        assert!(template.keep("a", &new));
        assert!(!template.keep("a", &old), "no verdict by it may be kept");
        let (key, life) = template.key(Some("a")).unwrap();
        assert!(Arc::ptr_eq(&key, &new.key) && life == KeyLife::UntilChanged);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

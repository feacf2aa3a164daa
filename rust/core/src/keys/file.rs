// SPDX-License-Identifier: Apache-2.0
//! Key files: one file, or a path with the key ID in it.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use crate::config::Finding;
use crate::epoch::Epoch;
use crate::events::{Event, Events, Level};
use crate::http::document::{self, Excerpts, Wanted};
use crate::keys::error::KeyError;
use crate::keys::forms::Form;
use crate::keys::jwk::{self, Jwk, Origin, SkippedJwk};
use crate::keys::jwk_set::{self, JwkSet};
use crate::keys::offered::{OfferedKey, UnusedKey};
use crate::keys::verifying_key::VerifyingKey;
use crate::keys::{KeyLife, forms, hmac_file, pem};
use crate::metrics::FileKind;
use crate::rejection::{Reason, Rejection};
use crate::token::protected_header::ProtectedHeader;
use crate::watched_file::{Reloadable, Stamp, WatchedFile, log_rejected_change};

/// The largest key file that is read.
pub(crate) const MAX_FILE_BYTES: u64 = jwk_set::MAX_DOCUMENT_BYTES as u64;

/// Why a key file could not be loaded.
#[derive(Debug)]
pub(crate) enum LoadError {
    Unreadable(io::Error),
    Unusable(KeyError),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Unreadable(error) => write!(f, "cannot be read: {error}"),
            LoadError::Unusable(error) => write!(f, "cannot be used: {error}"),
        }
    }
}

/// The content of one local document: a key for every token, or a JWK Set.
pub(crate) enum LocalKeys {
    One(VerifyingKey),
    Set(JwkSet),
}

impl LocalKeys {
    /// Reads a PEM text, a JWK, a JWK Set or the base64 of an HMAC key. Warnings go to `events`, prefixed with `name`:
    /// a line for each unused key of a set, and doubts about a key.
    pub(crate) fn read(bytes: &[u8], origin: Origin, name: &str, events: &Events) -> Result<Self, KeyError> {
        let text = key_text(bytes)?;
        if !jwk_set::is_set(&text) {
            let (key, notes) = one_key(&text, origin)?;
            log_notes(&notes, name, events);
            return Ok(Self::One(key));
        }
        let reading = JwkSet::read(text.as_bytes(), origin)?;
        let skipped = reading.skipped.clone();
        let (shown, not_shown) = skipped.split_at(skipped.len().min(jwk_set::MAX_SKIPPED_LINES));
        // Without a usable key the coordinator fails to start and does not log events, so the error contains the
        // reasons.
        let keys = reading.usable().map_err(|KeyError(why)| {
            let reasons = if shown.is_empty() { String::new() } else { format!(": {}", shown.join("; ")) };
            KeyError(format!("{why}{reasons}"))
        })?;
        for line in shown {
            events.warn(Finding::KeyNotUsed, format!("{name}: {line}"));
        }
        if !not_shown.is_empty() {
            events.warn(Finding::KeyNotUsed, format!("{name}: {} more keys are not used", not_shown.len()));
        }
        Ok(Self::Set(keys))
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
        header: &ProtectedHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        match self {
            Self::One(key) => verify(key),
            Self::Set(keys) => keys.verify_with(header, verify),
        }
    }
}

/// Opens a key file, even if its path looks like another kind of source.
pub(crate) fn open(path: &str, events: &Events) -> Result<Reloadable<LocalKeys>, LoadError> {
    let (file, bytes) = WatchedFile::open(Path::new(path), MAX_FILE_BYTES).map_err(LoadError::Unreadable)?;
    let keys = LocalKeys::read(&bytes, Origin::LocalFile, path, events).map_err(LoadError::Unusable)?;
    Ok(Reloadable::of_file(file, keys))
}

/// Polls the key file and applies its change.
pub(crate) fn poll(keys: &Reloadable<LocalKeys>, events: &Events, epoch: &Epoch) {
    keys.poll(FileKind::Keys, events, epoch, |path, bytes| {
        let name = path.to_string_lossy();
        LocalKeys::read(bytes, Origin::LocalFile, &name, events).map_err(|why| vec![why.to_string()])
    });
}

fn log_notes(notes: &[Event], name: &str, events: &Events) {
    for Event { level, text, finding } in notes {
        events.add(*level, format!("{name}: {text}"), *finding);
    }
}

/// Decodes the text of a key file, which may be a secret.
///
/// # Errors
/// The file is not text. The message says what it is, as far as its bytes show, and what to do.
pub fn key_text(bytes: &[u8]) -> Result<Zeroizing<String>, KeyError> {
    if let (false, Ok(text)) = (forms::is_utf16(bytes), str::from_utf8(bytes)) {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    if forms::is_utf16(bytes) {
        return Err(KeyError(
            "the file is in UTF-16, as Notepad and the '>' of older PowerShells write it; save it in UTF-8".to_owned(),
        ));
    }
    if let Some(what) = forms::recognise(bytes).filter(|found| found.form != Form::Pem) {
        return Err(KeyError(format!("the file {what}")));
    }
    // Text around PEM sections may be in any encoding.
    match String::from_utf8_lossy(bytes) {
        text if pem::is_pem(&text) => Ok(Zeroizing::new(text.into_owned())),
        _ => Err(KeyError(format!(
            "the file is neither PEM nor base64: it contains binary data{}. If these bytes are a shared secret, store their base64 ('base64 FILE')",
            forms::other_binary(bytes).map_or(String::new(), |what| format!("; {what}"))
        ))),
    }
}

/// The one key of a PEM text, a JWK or the base64 of an HMAC key, with notes for the log, to follow the file's name.
fn one_key(text: &str, origin: Origin) -> Result<(VerifyingKey, Vec<Event>), KeyError> {
    if jwk::is_json(text) {
        return single_jwk(text, origin).map_err(SkippedJwk::alone).map(|jwk| (jwk.key, Vec::new()));
    }
    if pem::is_pem(text) {
        return pem::public_key(text);
    }
    let key = hmac_file::secret(text)?;
    let doubt = hmac_file::doubt(text).map(|doubt| Event {
        level: Level::Warning,
        text: doubt.to_owned(),
        finding: Some(Finding::SecretDoubtful),
    });
    Ok((key, doubt.into_iter().collect()))
}

/// Reads a document that is not a set as a single JWK.
pub(super) fn single_jwk(text: &str, origin: Origin) -> Result<Jwk, SkippedJwk> {
    if document::is_single_jwk(text) {
        return Jwk::read(text.strip_prefix('\u{feff}').unwrap_or(text), origin);
    }
    let mismatch = document::describe_mismatch(text.as_bytes(), Wanted::JwkOrSet, None, Excerpts::Hidden);
    let inside = match pem::is_pem(text) && !mismatch.contains("certificates") {
        true => ". This JSON contains a PEM text: store only that text in the file, with line breaks instead of \\n",
        false => "",
    };
    Err(SkippedJwk { key_id: None, why: KeyError(format!("the document {mismatch}{inside}")) })
}

/// A path with `${KID}` (as in Trino's code) or `$KEYID` (as in Trino's documentation). The file of a key ID is read
/// for the first token with that ID, and kept until it changes or is removed.
pub(crate) struct KeyFileTemplate {
    path: String,
    loaded: ArcSwap<HashMap<String, KeyFile>>,
    /// The files of `loaded`. Only the polling thread uses them.
    watched: Mutex<HashMap<String, WatchedFile>>,
    /// Files without a usable key, with their state when they were read. Clients choose key IDs, so such a file is read
    /// again only after it changed.
    unusable_files: Mutex<HashMap<String, Stamp>>,
    events: Arc<Events>,
}

#[derive(Clone)]
struct KeyFile {
    key: Arc<VerifyingKey>,
    /// The state of the file when the key was read.
    file: Arc<WatchedFile>,
}

impl KeyFileTemplate {
    const VARIABLES: [&'static str; 2] = ["${KID}", "$KEYID"];
    /// As in Trino, for tokens without a key ID.
    const DEFAULT_KEY: &'static str = "default-key";
    /// Longer key IDs are unknown.
    const MAX_KEY_ID_BYTES: usize = 256;
    /// Further keys are not kept, but read for each token.
    const MAX_KEPT: usize = 10_000;
    /// Further unusable files are read for each token and not logged.
    const MAX_UNUSABLE: usize = 1_000;

    /// True if the path contains a variable.
    pub(crate) fn is_template(path: &str) -> bool {
        Self::VARIABLES.iter().any(|variable| path.contains(variable))
    }

    /// `None` if the path contains no variable.
    pub(crate) fn new(path: &str, events: &Arc<Events>) -> Option<Self> {
        Self::is_template(path).then(|| Self {
            path: path.to_owned(),
            loaded: ArcSwap::default(),
            watched: Mutex::default(),
            unusable_files: Mutex::default(),
            events: Arc::clone(events),
        })
    }

    /// The key of a key ID. The rejection says nothing about files: neither whether one exists, nor what it contains.
    pub(crate) fn key(&self, key_id: Option<&str>) -> Result<(Arc<VerifyingKey>, KeyLife), Rejection> {
        let reject = |code| Rejection::new(code, "Unknown signing key ID");
        let unknown = || reject(Reason::UnknownKeyId);
        let name = match key_id {
            None => Self::DEFAULT_KEY.to_owned(),
            Some(key_id) if key_id.len() > Self::MAX_KEY_ID_BYTES => return Err(unknown()),
            Some(key_id) => sanitized(key_id),
        };
        if let Some(KeyFile { key, .. }) = self.loaded.load().get(&name) {
            return Ok((Arc::clone(key), KeyLife::UntilChanged));
        }
        let path = self.path_of(&name);
        // A name without a file costs one `stat` and no `open`. Anything but a regular file, such as a pipe, is never
        // opened.
        let stamp = Stamp::of_file(Path::new(&path)).ok_or_else(unknown)?;
        let unusable = || reject(Reason::UnusableKeyFile);
        if self.unusable_files().get(&name) == Some(&stamp) {
            return Err(unusable());
        }
        let (file, bytes) = WatchedFile::open(Path::new(&path), MAX_FILE_BYTES).map_err(|error| {
            self.log_unusable(&name, stamp, &path, &format!("it cannot be read: {error}"));
            unusable()
        })?;
        let (key, notes) = Self::read(&bytes).map_err(|KeyError(why)| {
            self.log_unusable(&name, file.stamp().unwrap_or(stamp), &path, &why);
            unusable()
        })?;
        if self.unusable_files().remove(&name).is_some() {
            self.events.push(Level::Info, format!("The key file '{path}' has changed and is in use"));
        }
        let loaded = KeyFile { key: Arc::new(key), file: Arc::new(file) };
        let is_kept = self.keep(&name, &loaded);
        if is_kept {
            log_notes(&notes, &path, &self.events);
        }
        Ok((loaded.key, if is_kept { KeyLife::UntilChanged } else { KeyLife::Unwatched }))
    }

    pub(crate) fn for_each_key(&self, show: &mut dyn FnMut(OfferedKey<'_>)) {
        for (name, KeyFile { key, .. }) in self.loaded.load().iter() {
            show(OfferedKey { key_id: Some(name), key });
        }
    }

    /// The bytes of the file of a key ID now; `None` if there is none. For explanations, not for verdicts.
    pub(crate) fn content(&self, key_id: Option<&str>) -> Option<Zeroizing<Vec<u8>>> {
        let name = key_id.map_or_else(|| Self::DEFAULT_KEY.to_owned(), sanitized);
        let path = self.path_of(&name);
        // Anything but a regular file, such as a pipe, is never opened.
        Stamp::of_file(Path::new(&path))?;
        WatchedFile::open(Path::new(&path), MAX_FILE_BYTES).ok().map(|(_, bytes)| bytes)
    }

    /// Why these bytes of a file are no key; `None` if they are one.
    pub(crate) fn why_unusable(bytes: &[u8]) -> Option<String> {
        Self::read(bytes).err().map(|KeyError(why)| why)
    }

    fn unusable_files(&self) -> MutexGuard<'_, HashMap<String, Stamp>> {
        self.unusable_files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an unusable file, and logs it if this state of it is new.
    fn log_unusable(&self, name: &str, stamp: Stamp, path: &str, why: &str) {
        let mut unusable_files = self.unusable_files();
        if unusable_files.len() >= Self::MAX_UNUSABLE && !unusable_files.contains_key(name) {
            return;
        }
        if unusable_files.insert(name.to_owned(), stamp) != Some(stamp) {
            let text = format!("The key file '{path}' cannot be used, so tokens with this key ID are rejected: {why}");
            self.events.push(Level::Error, text);
        }
    }

    /// Keeps the key, unless another request or the polling thread did so first: their key may be newer. True if this
    /// key is kept. Cached verdicts do not depend on the absence of a key, so the epoch stays.
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

    fn read(bytes: &[u8]) -> Result<(VerifyingKey, Vec<Event>), KeyError> {
        one_key(&key_text(bytes)?, Origin::LocalFile)
    }

    fn update(&self, change: impl Fn(&mut HashMap<String, KeyFile>)) {
        self.loaded.rcu(|loaded| {
            let mut loaded = HashMap::clone(loaded);
            change(&mut loaded);
            loaded
        });
    }

    /// Polls the files that were read and applies their changes. A removed file takes its key with it.
    pub(crate) fn poll(&self, events: &Events, epoch: &Epoch) {
        // The next token that names a changed file reads it again. Removed files are dropped from the list.
        let unusable_files = self.unusable_files().clone();
        for (name, stamp) in unusable_files {
            if Stamp::of_file(Path::new(&self.path_of(&name))).is_none() {
                let mut unusable_files = self.unusable_files();
                if unusable_files.get(&name) == Some(&stamp) {
                    unusable_files.remove(&name);
                }
            }
        }
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, loaded) in self.loaded.load().iter() {
            let file = watched.entry(name.clone()).or_insert_with(|| WatchedFile::clone(&loaded.file));
            let Some(change) = file.changed() else { continue };
            let what = format!("The key file '{}'", file.path().display());
            match change.map(|bytes| Self::read(&bytes)) {
                Ok(Ok((key, notes))) => {
                    let loaded = KeyFile { key: Arc::new(key), file: Arc::new(file.clone()) };
                    epoch.change(|| self.update(|files| drop(files.insert(name.clone(), loaded.clone()))));
                    events.happenings().reloaded(FileKind::Keys, true);
                    events.push(Level::Info, format!("{what} has changed and is in use"));
                    log_notes(&notes, &file.path().to_string_lossy(), events);
                }
                Ok(Err(why)) => log_rejected_change(events, FileKind::Keys, &what, &[why.to_string()]),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    watched.remove(name);
                    epoch.change(|| self.update(|files| drop(files.remove(name))));
                    events.push(Level::Warning, format!("{what} was removed, so tokens with this key ID are rejected"));
                }
                Err(error) => {
                    log_rejected_change(events, FileKind::Keys, &what, &[format!("it cannot be read: {error}")])
                }
            }
        }
    }
}

/// Trino's rule (`FileSigningKeyLocator.INVALID_KID_CHARS`): every UTF-16 unit outside `[A-Za-z0-9_-]` becomes `_`, so
/// a key ID cannot leave the folder.
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
    fn a_request_that_read_an_older_file_does_not_replace_a_newer_key() {
        let folder = std::env::temp_dir().join(format!("nativejwt-{}-template-race", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let template = KeyFileTemplate::new(folder.join("${KID}").to_str().unwrap(), &Arc::default()).unwrap();
        let read = |secret: &str| {
            std::fs::write(folder.join("a"), secret.repeat(64)).unwrap();
            let (file, bytes) = WatchedFile::open(&folder.join("a"), MAX_FILE_BYTES).unwrap();
            KeyFile { key: Arc::new(KeyFileTemplate::read(&bytes).unwrap().0), file: Arc::new(file) }
        };
        let old = read("A");
        let new = read("B");
        assert!(template.keep("a", &new));
        assert!(!template.keep("a", &old), "its verdicts must not be cached");
        let (key, life) = template.key(Some("a")).unwrap();
        assert!(Arc::ptr_eq(&key, &new.key) && life == KeyLife::UntilChanged);
        std::fs::remove_dir_all(folder).unwrap();
    }

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("nativejwt-{}-{name}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir(&folder).unwrap();
            Self(folder)
        }

        fn write(&self, name: &str, text: impl AsRef<[u8]>) {
            // Renamed into place, so that each state has an inode of its own.
            std::fs::write(self.0.join("new"), text).unwrap();
            std::fs::rename(self.0.join("new"), self.0.join(name)).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn logged(events: &Events) -> Vec<String> {
        std::iter::from_fn(|| events.pop()).map(|event| event.text).collect()
    }

    #[test]
    fn an_unusable_file_is_logged_once_per_change_and_clients_learn_nothing() {
        let folder = Folder::new("template-unusable_files");
        let events = Arc::new(Events::default());
        let template = KeyFileTemplate::new(folder.0.join("${KID}").to_str().unwrap(), &events).unwrap();
        let rejected = |name: &str| {
            let rejection = template.key(Some(name)).unwrap_err();
            assert_eq!(rejection.message(), "Unknown signing key ID");
            rejection.code()
        };
        assert_eq!(rejected("a"), Reason::UnknownKeyId);
        assert_eq!(logged(&events), [""; 0]);

        folder.write("a", "no key");
        for _ in 0..3 {
            assert_eq!(rejected("a"), Reason::UnusableKeyFile);
        }
        let lines = logged(&events);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("/a' cannot be used") && lines[0].contains("neither PEM nor"), "{lines:?}");

        folder.write("a", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assert_eq!(rejected("a"), Reason::UnusableKeyFile);
        assert!(logged(&events)[0].contains("contains a private key"));

        folder.write("a", "A".repeat(64));
        assert!(template.key(Some("a")).is_ok(), "a corrected file is used at once");
        assert!(logged(&events)[0].contains("has changed and is in use"));
    }

    /// The file changes, but its stamp does not, so the remembered result shows that the file was not read again.
    #[test]
    fn an_unusable_file_is_not_read_again() {
        let folder = Folder::new("template-unread");
        let events = Arc::new(Events::default());
        let template = KeyFileTemplate::new(folder.0.join("${KID}").to_str().unwrap(), &events).unwrap();
        folder.write("a", "A".repeat(64));
        let stamp = Stamp::of_file(&folder.0.join("a")).unwrap();
        template.unusable_files().insert("a".to_owned(), stamp);
        assert_eq!(template.key(Some("a")).unwrap_err().code(), Reason::UnusableKeyFile);
        folder.write("a", "A".repeat(64));
        assert!(template.key(Some("a")).is_ok());
    }

    #[test]
    fn the_list_of_unusable_files_is_bounded_and_forgets_removed_files() {
        let folder = Folder::new("template-bounded");
        let events = Arc::new(Events::default());
        let template = KeyFileTemplate::new(folder.0.join("${KID}").to_str().unwrap(), &events).unwrap();
        for number in 0..=KeyFileTemplate::MAX_UNUSABLE {
            folder.write(&number.to_string(), "");
            let rejection = template.key(Some(&number.to_string())).unwrap_err();
            assert_eq!(rejection.code(), Reason::UnusableKeyFile);
        }
        assert_eq!(template.unusable_files().len(), KeyFileTemplate::MAX_UNUSABLE);
        std::fs::remove_file(folder.0.join("7")).unwrap();
        template.poll(&events, &Epoch::default());
        assert_eq!(template.unusable_files().len(), KeyFileTemplate::MAX_UNUSABLE - 1);
        assert!(!template.unusable_files().contains_key("7"));
    }

    #[test]
    fn a_pipe_or_folder_instead_of_a_key_file_is_not_opened() {
        let folder = Folder::new("template-pipe");
        let template = KeyFileTemplate::new(folder.0.join("${KID}").to_str().unwrap(), &Arc::default()).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(folder.0.join("pipe")).status().unwrap().success());
        std::fs::create_dir(folder.0.join("folder")).unwrap();
        for name in ["pipe", "folder"] {
            assert_eq!(template.key(Some(name)).unwrap_err().code(), Reason::UnknownKeyId, "{name}");
        }
    }

    #[test]
    fn pem_inside_json_is_reported() {
        let why = one_key(r#"{"key":"-----BEGIN PUBLIC KEY-----\nAAAA"}"#, Origin::LocalFile).unwrap_err().0;
        assert!(why.starts_with("the document is") && why.contains(". This JSON contains a PEM text"), "{why}");
    }

    #[test]
    fn files_that_are_not_text_are_identified() {
        let utf16: Vec<u8> = "-----BEGIN PUBLIC KEY-----".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, part) in [
            (&utf16[..], "UTF-16"),
            (b"\x1f\x8b\x08\x00", "gzip"),
            (b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01", "is a Java key store (JKS)"),
            (b"\xff\x00\xfe", "If these bytes are a shared secret, store their base64"),
        ] {
            let why = key_text(bytes).unwrap_err().0;
            assert!(why.contains(part), "{why}");
        }
        assert!(key_text(b"\xe4 comment\n-----BEGIN PUBLIC KEY-----").is_ok());
    }
}

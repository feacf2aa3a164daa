//! What the test binaries share: the case files, the test keys and a signer.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test support")]

pub(crate) mod case;
pub(crate) mod random;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod token;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use nativejwt_core::{Authenticator, Properties, Property};

/// What stock's keys begin with.
pub(crate) const PREFIX: &str = "http-server.authentication.jwt.";

/// The folder `tests/` of the repository.
pub(crate) fn tests_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

/// The folder of the test keys.
pub(crate) fn keys_folder() -> PathBuf {
    tests_folder().join("cases/keys")
}

/// A configuration of the given keys, named without their prefix.
pub(crate) fn properties<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Properties {
    let entries = entries
        .into_iter()
        .enumerate()
        .map(|(index, (key, value))| Property {
            name: if key.starts_with("http") { key.to_owned() } else { format!("{PREFIX}{key}") },
            value: value.to_owned(),
            line: index + 1,
        })
        .collect();
    Properties { source: "case".to_owned(), entries }
}

/// An authenticator with nothing but a key file.
pub(crate) fn with_key_file(path: &Path) -> Authenticator {
    Authenticator::open(&properties([("key-file", path.to_str().unwrap())]))
        .unwrap_or_else(|errors| panic!("{}: {errors}", path.display()))
}

/// A folder that is removed with everything in it.
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nativejwt-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// No message holds token text, more than one line, or more than a screen.
pub(crate) fn harmless(message: &str, authorization: &[u8]) -> Result<(), String> {
    if message.chars().any(char::is_control) {
        return Err(format!("the message has control characters: {message:?}"));
    }
    if message.len() > 1000 {
        return Err(format!("the message is {} bytes long", message.len()));
    }
    let text = String::from_utf8_lossy(authorization);
    let token = text.split_once(' ').map_or("", |(_, token)| token.trim());
    match token.split('.').find(|part| part.len() > 12 && message.contains(*part)) {
        Some(part) => Err(format!("the message shows token text: {part}")),
        None => Ok(()),
    }
}

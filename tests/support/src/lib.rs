// SPDX-License-Identifier: Apache-2.0
//! Shared by the test binaries: the case files, the test keys and a signer.

#![allow(missing_docs, reason = "fields and variants are what tests/cases/README.md describes")]
#![allow(clippy::new_without_default, reason = "a folder and a server are made on purpose")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test support")]

pub mod case;
pub mod claim_rules;
pub mod random;
pub mod serve;
pub mod sign;
pub mod token;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use nativejwt_core::{Authenticator, Properties, Property};

/// The prefix of Trino's properties.
pub const PREFIX: &str = "http-server.authentication.jwt.";

/// The folder `tests/` of the repository.
pub fn tests_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of the test keys.
pub fn keys_folder() -> PathBuf {
    tests_folder().join("cases/keys")
}

/// A configuration of properties, which may be named without their prefix.
pub fn properties<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Properties {
    let entries = entries
        .into_iter()
        .enumerate()
        .map(|(index, (name, value))| Property {
            name: if name.starts_with("http") { name.to_owned() } else { format!("{PREFIX}{name}") },
            value: value.to_owned(),
            line: index + 1,
        })
        .collect();
    Properties { source: "case".to_owned(), entries }
}

/// An authenticator whose only property is the key file.
pub fn with_key_file(path: &Path) -> Authenticator {
    Authenticator::open(&properties([("key-file", path.to_str().unwrap())]))
        .unwrap_or_else(|errors| panic!("{}: {errors}", path.display()))
}

/// A folder that is removed on drop, with everything in it.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nativejwt-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Checks that a message contains no token text, and is one line of limited length.
pub fn harmless(message: &str, authorization: &[u8]) -> Result<(), String> {
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

//! What the test binaries share: the case files, the test keys and a signer.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test support")]

pub(crate) mod case;
pub(crate) mod sign;
pub(crate) mod token;

use std::path::PathBuf;

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
            key: if key.starts_with("http") { key.to_owned() } else { format!("{PREFIX}{key}") },
            value: value.to_owned(),
            line: index + 1,
        })
        .collect();
    Properties { source: "case".to_owned(), entries }
}

/// An authenticator with nothing but a key file.
pub(crate) fn with_key_file(path: &std::path::Path) -> Authenticator {
    Authenticator::open(&properties([("key-file", path.to_str().unwrap())]))
        .unwrap_or_else(|errors| panic!("{}: {errors}", path.display()))
}

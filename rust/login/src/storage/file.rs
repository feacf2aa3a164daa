// SPDX-License-Identifier: Apache-2.0
//! Tokens in a file that only its owner can read.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{ErrorKind, LoginError};
use crate::profiles::{read_own, remove_file, write_private};

/// The rights of others than the owner.
const OTHERS: u32 = 0o077;

pub(super) fn store(path: &Path, text: &str) -> Result<(), LoginError> {
    write_private(path, text.as_bytes())
}

pub(super) fn load(profile: &str, path: &Path) -> Result<Zeroizing<String>, LoginError> {
    let failed = |what: String| LoginError::failed(format!("{}: {what}", path.display()));
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LoginError::new(
            ErrorKind::NotLoggedIn,
            format!("The tokens of the profile '{profile}' are gone from {}: log in again", path.display()),
        ),
        _ => failed(format!("cannot be read: {error}")),
    })?;
    if metadata.mode() & OTHERS != 0 {
        return Err(failed(format!(
            "has mode {:o}, so others may have read the tokens: log out and in again, or, if that cannot be, run chmod 600",
            metadata.mode() & 0o777
        )));
    }
    let bytes = read_own(path)?.unwrap_or_default();
    // What is not UTF-8 is damaged, which the caller says.
    Ok(Zeroizing::new(str::from_utf8(&bytes).unwrap_or_default().to_owned()))
}

pub(super) fn remove(path: &Path) -> Result<(), LoginError> {
    remove_file(path)
}

// SPDX-License-Identifier: Apache-2.0
//! Where tokens are kept: the desktop's key ring, or a file.

mod file;
mod key_ring;

use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::LoginError;

/// Where tokens are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageKind {
    /// The desktop's key ring (Secret Service), through `secret-tool`.
    KeyRing,
    /// A file of mode 0600.
    File,
}

/// Keeps the text. Without a wish, the key ring is tried first. Returns where the text is, and a sentence about it.
pub(crate) fn store(
    wanted: Option<StorageKind>,
    profile: &str,
    path: &Path,
    text: &str,
) -> Result<(StorageKind, String), LoginError> {
    let in_file = |why: &str| {
        file::store(path, text)?;
        Ok((StorageKind::File, format!("The tokens are in {}, which only you can read{why}", path.display())))
    };
    match wanted {
        Some(StorageKind::File) => in_file("."),
        _ => match key_ring::Entry::of(profile, path.parent()).store(text) {
            Ok(()) => {
                file::remove(path)?;
                Ok((StorageKind::KeyRing, "The tokens are in your key ring.".to_owned()))
            }
            Err(what) if wanted.is_none() => in_file(&format!(": {what}.")),
            Err(what) => Err(LoginError::failed(format!(
                "The key ring cannot be used: {what}. With --storage file the tokens go into a file that only you can read"
            ))),
        },
    }
}

/// The kept text.
pub(crate) fn load(kind: StorageKind, profile: &str, path: &Path) -> Result<Zeroizing<String>, LoginError> {
    match kind {
        StorageKind::KeyRing => key_ring::Entry::of(profile, path.parent()).load(),
        StorageKind::File => file::load(profile, path),
    }
}

/// Removes the text: from the file, if there is one, and from the key ring, if it is there.
pub(crate) fn remove(kind: StorageKind, profile: &str, path: Option<&Path>, folder: &Path) -> Result<(), LoginError> {
    path.map_or(Ok(()), file::remove)?;
    match kind {
        StorageKind::KeyRing => key_ring::Entry::of(profile, Some(folder)).remove(),
        StorageKind::File => Ok(()),
    }
}

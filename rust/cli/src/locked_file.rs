// SPDX-License-Identifier: Apache-2.0
//! A file that is replaced as a whole, while other calls of the command wait.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// The right of a group to write.
const GROUP_WRITE: u32 = 0o020;

/// A file that no other call of the command changes.
pub(crate) struct LockedFile {
    /// Without symbolic links: a link stays, and the file behind it is replaced.
    path: PathBuf,
    file: File,
    metadata: Metadata,
}

impl LockedFile {
    /// Opens a file for a change, and waits until no other call changes it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        loop {
            let path = path.canonicalize()?;
            if !fs::metadata(&path)?.is_file() {
                return Err(io::Error::other("it is not a regular file"));
            }
            let file = OpenOptions::new().read(true).write(true).open(&path)?;
            file.lock()?;
            // While this call waited, another one may have put a new file in the place of this one.
            let (metadata, present) = (file.metadata()?, fs::metadata(&path)?);
            if (metadata.dev(), metadata.ino()) == (present.dev(), present.ino()) {
                return Ok(Self { path, file, metadata });
            }
        }
    }

    pub(crate) fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Replaces the file: readers, and a restart after a crash, find the previous content or the new one. Returns false if
    /// owner and group could not be kept.
    pub(crate) fn replace(&self, content: &[u8]) -> io::Result<bool> {
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(".new");
        let temporary = self.path.with_file_name(name);
        let written = self.write_new(&temporary, content).and_then(|kept| {
            fs::rename(&temporary, &self.path)?;
            Ok(kept)
        });
        if written.is_err() {
            // Removes what a full disk left.
            let _ = fs::remove_file(&temporary);
        }
        // The name must survive a crash, too. Some file systems cannot sync a folder; the content is already safe.
        let _ = self.path.parent().map(|folder| File::open(folder).and_then(|folder| folder.sync_all()));
        written
    }

    /// Creates the new file beside the old one. A file that a crash left is removed, never reused, since another user could
    /// have created it.
    fn write_new(&self, path: &Path, content: &[u8]) -> io::Result<bool> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        let (owner, group) = (self.metadata.uid(), self.metadata.gid());
        let has_group = fchown(&file, None, Some(group)).is_ok();
        let has_owner = fchown(&file, Some(owner), None).is_ok();
        // Another group does not get the right to write.
        let mode = self.metadata.mode() & 0o777 & if has_group { !0 } else { !GROUP_WRITE };
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        Ok(has_group && has_owner)
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The folder of the profiles.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use zeroize::Zeroizing;

use crate::error::{ErrorKind, LoginError};
use crate::lock::ProfileLock;
use crate::profile::Profile;
use crate::storage::{self, StorageKind};
use crate::token::Tokens;

/// The rights of others to write.
const OTHERS_WRITE: u32 = 0o022;
/// A profile's name is also the name of its files.
const MAX_NAME: usize = 64;

/// The folder of the profiles: `nativejwt/login` below `XDG_STATE_HOME` or `~/.local/state`.
pub struct Profiles {
    folder: PathBuf,
}

impl Profiles {
    /// Finds the folder.
    ///
    /// # Errors
    /// Neither `XDG_STATE_HOME` nor `HOME` names one.
    pub fn open() -> Result<Self, LoginError> {
        let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
        let state = state.ok_or_else(|| {
            LoginError::failed("Neither XDG_STATE_HOME nor HOME is set to a folder, so logins cannot be kept")
        })?;
        Ok(Self { folder: state.join("nativejwt/login") })
    }

    /// Checks a profile's name.
    ///
    /// # Errors
    /// The name is empty, too long, or has other characters than letters, digits, `.`, `_` and `-`.
    pub fn check_name(name: &str) -> Result<(), String> {
        let fits = !name.is_empty() && name.len() <= MAX_NAME && !name.starts_with(['.', '-']);
        if fits && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return Ok(());
        }
        Err(format!(
            "a profile's name has up to {MAX_NAME} letters, digits, '.', '_' or '-', and begins with a letter, a digit or '_'"
        ))
    }

    /// Waits until no other call changes the profile.
    ///
    /// # Errors
    /// The folder cannot be made, or another call holds the profile for minutes.
    pub fn lock(&self, name: &str) -> Result<ProfileLock, LoginError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|error| LoginError::failed(format!("{}: cannot be made: {error}", self.folder.display())))?;
        self.check_folder()?;
        ProfileLock::wait(&self.file(name, "lock"))
    }

    /// What is in a folder that others can change would decide where secrets go.
    fn check_folder(&self) -> Result<(), LoginError> {
        let failed = |what: String| Err(LoginError::failed(format!("{}: {what}", self.folder.display())));
        match fs::metadata(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => failed(format!("cannot be read: {error}")),
            Ok(metadata) if metadata.uid() != geteuid().as_raw() => failed(format!(
                "belongs to the user with the number {}, and you are {}: set HOME or XDG_STATE_HOME to a folder of yours",
                metadata.uid(),
                geteuid().as_raw()
            )),
            Ok(metadata) if metadata.mode() & OTHERS_WRITE != 0 => failed(format!(
                "has mode {:o}, so others could replace your logins: run chmod 700 on it, and log in again",
                metadata.mode() & 0o777
            )),
            Ok(_) => Ok(()),
        }
    }

    /// The profile.
    ///
    /// # Errors
    /// There is none, or its file cannot be read.
    pub fn profile(&self, name: &str) -> Result<Profile, LoginError> {
        self.find(name)?.ok_or_else(|| {
            let option = if name == "default" { String::new() } else { format!(" --profile {name}") };
            LoginError::new(
                ErrorKind::NotLoggedIn,
                format!(
                    "There is no login in the profile '{name}': log in with 'nativejwt login{option} --issuer URL --client-id ID'"
                ),
            )
        })
    }

    /// The profile, if there is one.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Profile>, LoginError> {
        let path = self.file(name, "json");
        self.check_folder()?;
        let Some(bytes) = read_own(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            LoginError::failed(format!(
                "{}: is not a profile that this version wrote ({error}): remove it, and log in again",
                path.display()
            ))
        })
    }

    /// The tokens of a profile.
    ///
    /// # Errors
    /// They are gone, or cannot be read.
    pub fn tokens(&self, name: &str, profile: &Profile) -> Result<Tokens, LoginError> {
        let text = storage::load(profile.storage, name, &self.token_file(name))?;
        let again = |what: &str| {
            LoginError::new(ErrorKind::NotLoggedIn, format!("The tokens of the profile '{name}' {what}: log in again"))
        };
        let tokens: Tokens = serde_json::from_str(&text).map_err(|_| again("are damaged"))?;
        // A crash in the middle of a login, or another folder with the same key ring.
        if (&tokens.issuer, &tokens.client_id) != (&profile.issuer, &profile.client_id) {
            return Err(again("belong to another login"));
        }
        Ok(tokens)
    }

    /// Writes what is there once more, so that a full disk is found before a refresh token is spent. A key ring is not asked:
    /// a file takes its place.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn check_that_it_can_keep(
        &self,
        name: &str,
        profile: &Profile,
        tokens: &Tokens,
    ) -> Result<(), LoginError> {
        match profile.storage {
            StorageKind::KeyRing => Ok(()),
            StorageKind::File => {
                storage::store(Some(StorageKind::File), name, &self.token_file(name), &text_of(tokens)?).map(drop)
            }
        }
    }

    /// Keeps a profile with its tokens, in the key ring where `wanted` says so or one answers. Returns the profile as it was
    /// kept, and where.
    ///
    /// # Errors
    /// Neither a key ring nor a file can keep them, or the wanted one cannot.
    pub fn keep(
        &self,
        name: &str,
        profile: &Profile,
        tokens: &Tokens,
        wanted: Option<StorageKind>,
    ) -> Result<(Profile, String), LoginError> {
        let earlier = self.find(name).ok().flatten();
        let (kind, mut how) = storage::store(wanted, name, &self.token_file(name), &text_of(tokens)?)?;
        if kind == StorageKind::File
            && earlier.as_ref().is_some_and(|earlier| earlier.storage == StorageKind::KeyRing)
            && let Err(error) = storage::remove(StorageKind::KeyRing, name, None, &self.folder)
        {
            how = format!("{how} {error}");
        }
        let profile = Profile { storage: kind, ..profile.clone() };
        if earlier.as_ref() != Some(&profile) {
            let json = serde_json::to_string_pretty(&profile)
                .map_err(|error| LoginError::failed(format!("The profile cannot be written: {error}")))?;
            write_private(&self.file(name, "json"), json.as_bytes())?;
        }
        Ok((profile, how))
    }

    /// Removes a profile and its tokens.
    ///
    /// # Errors
    /// Something of it cannot be removed.
    pub fn forget(&self, name: &str, profile: &Profile) -> Result<(), LoginError> {
        storage::remove(profile.storage, name, Some(&self.token_file(name)), &self.folder)?;
        remove_file(&self.file(name, "json"))
    }

    fn token_file(&self, name: &str) -> PathBuf {
        self.file(name, "tokens.json")
    }

    fn file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }
}

/// The tokens as they are kept.
fn text_of(tokens: &Tokens) -> Result<Zeroizing<String>, LoginError> {
    serde_json::to_string(tokens)
        .map(Zeroizing::new)
        .map_err(|error| LoginError::failed(format!("The tokens cannot be written: {error}")))
}

/// The content of a file of this user; `None` if there is no file.
pub(crate) fn read_own(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, LoginError> {
    let failed = |what: String| LoginError::failed(format!("{}: {what}", path.display()));
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(format!("cannot be read: {error}"))),
    };
    let metadata = file.metadata().map_err(|error| failed(format!("cannot be read: {error}")))?;
    if metadata.uid() != geteuid().as_raw() {
        return Err(failed(format!(
            "belongs to the user with the number {}, so it is not used: remove it, and log in again",
            metadata.uid()
        )));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes).map_err(|error| failed(format!("cannot be read: {error}")))?;
    Ok(Some(bytes))
}

/// Replaces a file by one that only its owner can read. After a crash there is the previous content or the new one.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), LoginError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let temporary = path.with_file_name(name);
    let write = || {
        // A crash may have left one.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // A spent refresh token must not come back after a crash. Some file systems cannot sync a folder.
        let _ = path.parent().map(|folder| File::open(folder).and_then(|folder| folder.sync_all()));
        Ok(())
    };
    write().map_err(|error| {
        // Removes what a full disk left.
        let _ = fs::remove_file(&temporary);
        LoginError::failed(format!("{}: cannot be written: {error}", path.display()))
    })
}

/// Removes a file that may be gone already.
pub(crate) fn remove_file(path: &Path) -> Result<(), LoginError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LoginError::failed(format!("{}: cannot be removed: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_the_folder() {
        for fine in ["default", "prod-1", "a.b", "_x"] {
            assert_eq!(Profiles::check_name(fine), Ok(()), "{fine}");
        }
        for bad in ["", "..", ".hidden", "-x", "a/b", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(Profiles::check_name(bad).is_err(), "{bad}");
        }
    }
}

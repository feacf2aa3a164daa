// SPDX-License-Identifier: Apache-2.0
//! Keeps the last successfully fetched JWK Set on disk, so that a restart works while the issuer is down.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::fs::OFlags;
use serde::Serialize;

use crate::clock::UnixMillis;
use crate::events::{Events, Level};
use crate::http::get::Validator;
use crate::json::{JsonError, Value, read_object};
use crate::keys::jwk_set::MAX_DOCUMENT_BYTES;

/// The only version of the format.
const VERSION: i64 = 1;
/// The longest document as a JSON string, and the other members.
const MAX_FILE_BYTES: u64 = 2 * MAX_DOCUMENT_BYTES as u64 + 16 * 1024;
/// A file may be this much newer than the clock, since clocks are sometimes set back a little.
const MAX_AHEAD: Duration = Duration::from_secs(5 * 60);

/// The file for one JWK Set.
#[derive(Debug)]
pub(crate) struct CacheFile {
    pub(crate) path: PathBuf,
    /// SHA-256 of the address, which may contain secrets.
    source: String,
    /// The address without secrets.
    address: String,
    /// Locked while the file is written; true while writing fails.
    writing: Mutex<bool>,
}

/// The content of the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cached {
    pub(crate) document: Arc<str>,
    pub(crate) validator: Option<Validator>,
    pub(crate) fetched_at: UnixMillis,
}

/// The members of the file, in this order; `fetched_at` and `address` are for human readers.
#[derive(Serialize)]
struct Members<'m> {
    version: i64,
    source: &'m str,
    address: &'m str,
    fetched_at_ms: i64,
    fetched_at: &'m str,
    etag: Option<&'m str>,
    etag_of: Option<&'m str>,
    document: &'m str,
}

impl CacheFile {
    /// `source` is a digest of the set's location, `address` the location without secrets.
    pub(crate) fn new(path: PathBuf, source: String, address: String) -> Self {
        Self { path, source, address, writing: Mutex::new(false) }
    }

    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read or must not be trusted.
    pub(crate) fn read(&self) -> Result<Option<Cached>, String> {
        // The first write would replace a link, and opening a pipe must not block.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(&self.path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                return Err("it is a symbolic link".to_owned());
            }
            Err(error) => return Err(format!("it cannot be read: {error}")),
        };
        let metadata = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
        check_trusted(metadata.is_file(), metadata.uid(), metadata.mode(), rustix::process::geteuid().as_raw())?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(format!("it is larger than {MAX_FILE_BYTES} bytes"));
        }
        self.parse(&bytes).map(Some)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Cached, String> {
        let members = read_object(bytes, |_| true).map_err(|error| match error {
            JsonError::Malformed(place) => format!("it is not a JSON object: {place}"),
            JsonError::DuplicateMember => "it contains a duplicate member".to_owned(),
        })?;
        let value = |name: &str| members.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        let text = |name: &str| match value(name) {
            Some(Value::String(text)) => Some(&**text),
            _ => None,
        };
        match value("version") {
            Some(Value::Integer(VERSION)) => {}
            Some(Value::Integer(other)) => {
                return Err(format!("its version is {other}, but only {VERSION} is supported"));
            }
            _ => return Err("it has no version".to_owned()),
        }
        if text("source") != Some(&*self.source) {
            return Err(format!("its keys were fetched from another address than {}", self.address));
        }
        let (Some(Value::Integer(fetched_at)), Some(document)) = (value("fetched_at_ms"), text("document")) else {
            return Err("it has no fetched_at_ms or no document".to_owned());
        };
        let validator = text("etag").zip(text("etag_of")).and_then(|(etag, of)| Validator::new(of, etag));
        Ok(Cached { document: document.into(), validator, fetched_at: UnixMillis(*fetched_at) })
    }

    /// Writes the file and logs when writing begins to fail and when it works again. Skipped while another write is
    /// still running, as on a stuck disk: a later fetch writes again.
    pub(crate) fn save(&self, cached: &Cached, events: &Events) {
        let Ok(mut failing) = self.writing.try_lock() else { return };
        let path = self.path.display();
        let address = &self.address;
        match self.write(cached) {
            Ok(()) if *failing => {
                events.push(Level::Info, format!("The keys of {address} are saved to the cache file '{path}' again"));
                *failing = false;
            }
            Ok(()) => {}
            Err(error) if !*failing => {
                let text = format!(
                    "The keys of {address} cannot be saved to the cache file '{path}': {error}. The file keeps its previous content. Saving is retried after each fetch."
                );
                events.push(Level::Warning, text);
                *failing = true;
            }
            Err(_) => {}
        }
    }

    /// Writes the file as a whole or not at all: readers, and a restart after a crash, find the previous one.
    ///
    /// # Errors
    /// Writing failed; the previous file is unchanged.
    pub(crate) fn write(&self, cached: &Cached) -> io::Result<()> {
        let Cached { document, validator, fetched_at } = cached;
        let text = serde_json::to_string(&Members {
            version: VERSION,
            source: &self.source,
            address: &self.address,
            fetched_at_ms: fetched_at.0,
            fetched_at: &fetched_at.to_string(),
            etag: validator.as_ref().map(|validator| &*validator.etag),
            etag_of: validator.as_ref().map(|validator| &*validator.of),
            document,
        })?;
        let name = self.path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(".new");
        let temporary = self.path.with_file_name(temporary);
        let written = write_new(&temporary, text.as_bytes()).and_then(|()| fs::rename(&temporary, &self.path));
        if written.is_err() {
            // Removes what a full disk left.
            let _ = fs::remove_file(&temporary);
        }
        written?;
        // The name must survive a crash, too. Some file systems cannot sync a folder; the content is already safe.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Creates the file, accessible to its owner only. A file that a crash left is removed, never reused, since another
/// user could have created it.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Anyone who can write to the file can substitute keys and authenticate as any user.
fn check_trusted(is_file: bool, owner: u32, mode: u32, user: u32) -> Result<(), String> {
    if !is_file {
        return Err("it is not a regular file".to_owned());
    }
    if owner != user {
        return Err(format!("it belongs to the user with ID {owner}, but this process runs as {user}"));
    }
    if mode & 0o022 != 0 {
        return Err(format!("other users can write it (mode {:04o}); change its mode to 0600", mode & 0o7777));
    }
    Ok(())
}

/// The age of keys that were fetched at `fetched_at`.
///
/// # Errors
/// They are too old, or their time is in the future, so that their age is unknown.
pub(crate) fn age(fetched_at: UnixMillis, now: UnixMillis, max_stale: Duration) -> Result<Duration, String> {
    let ahead = fetched_at.0.saturating_sub(now.0);
    if u128::try_from(ahead).is_ok_and(|ahead| ahead > MAX_AHEAD.as_millis()) {
        return Err(format!("its keys were fetched at {fetched_at}, which is in the future"));
    }
    let age = Duration::from_millis(u64::try_from(now.0.saturating_sub(fetched_at.0)).unwrap_or(0));
    if age >= max_stale {
        return Err(format!("its keys were fetched at {fetched_at}, which is too long ago"));
    }
    Ok(age)
}

#[cfg(test)]
mod tests;

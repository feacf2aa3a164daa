// SPDX-License-Identifier: Apache-2.0
//! The logouts that are in force, in memory and on disk. The file has the format of a revocation file.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::UnixMillis;
use crate::config::{ConfigurationErrors, Setting};
use crate::revocation::{Logouts, Revocation, RevocationEntry, RevocationList, revocation_lines};

/// The number of new logouts after which all of them become one list.
pub(super) const MAX_RECENT: usize = 256;
/// The maximum number of logouts in force.
const MAX_ENTRIES: usize = 1_000_000;
const OWNER_ONLY: u32 = 0o600;

/// The file of logouts.
pub(super) struct LogoutStore {
    path: PathBuf,
    written: Mutex<Written>,
}

/// The file, and what of it is in the small list.
struct Written {
    /// None in a command, which writes nothing.
    file: Option<File>,
    /// The bytes of whole lines.
    length: u64,
    /// Lines that could not be written. The next logout writes them as well.
    unwritten: String,
    entries: usize,
    /// The lines of the small list.
    recent: String,
    recent_entries: usize,
}

impl LogoutStore {
    /// Reads the file. A coordinator creates it, and drops entries that have ended.
    pub(super) fn open(
        path: PathBuf,
        writes: bool,
        setting: &Setting,
        errors: &mut ConfigurationErrors,
    ) -> Option<(Self, Logouts)> {
        let unusable = |error: io::Error| {
            setting.problem(format!(
                "names '{}', which cannot be {}: {error}",
                path.display(),
                if writes { "read and written" } else { "read" }
            ))
        };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                errors.push(unusable(error));
                return None;
            }
        };
        let read = in_force(&bytes, &setting.value, UnixMillis::now())
            .and_then(|(text, entries)| Ok((RevocationList::read(text.as_bytes(), "")?, text, entries)));
        let (older, text, entries) = read
            .map_err(|problems| {
                errors.push(setting.problem(format!("names '{}', which cannot be used:", path.display())));
                errors.extend(problems);
            })
            .ok()?;
        let file = match writes.then(|| replace(&path, &text)).transpose() {
            Ok(file) => file,
            Err(error) => {
                errors.push(unusable(error));
                return None;
            }
        };
        let written = Written::new(file, text.len(), entries);
        let recent = Arc::new(RevocationList::default());
        Some((Self { path, written: Mutex::new(written) }, Logouts { older: Arc::new(older), recent }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a logout. It is in force in any case, and on disk if this succeeds.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn add(&self, entry: &RevocationEntry<'_>, now: UnixMillis, revocation: &Revocation) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.entries >= MAX_ENTRIES {
            self.compact(&mut written, now, revocation)?;
            if written.entries >= MAX_ENTRIES {
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "it has a million logouts that are in force"));
            }
        }
        let line = format!("{entry}\n");
        written.recent.push_str(&line);
        written.recent_entries += 1;
        written.entries += 1;
        if let Some(logouts) = revocation.logouts() {
            let recent = Arc::new(read(&written.recent)?);
            revocation.set_logouts(Logouts { recent, ..Logouts::clone(&logouts) });
        }
        written.append(&line)?;
        if written.recent_entries >= MAX_RECENT {
            self.compact(&mut written, now, revocation)?;
        }
        Ok(())
    }

    /// Makes one list of all logouts, without those that have ended. What is revoked does not change by that.
    fn compact(&self, written: &mut Written, now: UnixMillis, revocation: &Revocation) -> io::Result<()> {
        let mut bytes = fs::read(&self.path)?;
        bytes.extend_from_slice(written.unwritten.as_bytes());
        let (text, entries) = in_force(&bytes, "", now).map_err(io::Error::other)?;
        let older = Arc::new(read(&text)?);
        *written = Written::new(Some(replace(&self.path, &text)?), text.len(), entries);
        revocation.set_logouts(Logouts { older, recent: Arc::new(RevocationList::default()) });
        Ok(())
    }
}

impl Written {
    fn new(file: Option<File>, length: usize, entries: usize) -> Self {
        let (unwritten, recent) = Default::default();
        Self { file, length: length as u64, unwritten, entries, recent, recent_entries: 0 }
    }

    /// Appends a line, and those that could not be written before. If it fails, the file stays as it was.
    fn append(&mut self, line: &str) -> io::Result<()> {
        self.unwritten.push_str(line);
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("this process writes no files"))?;
        let appended = file.write_all(self.unwritten.as_bytes()).and_then(|()| file.sync_data());
        match appended {
            Ok(()) => {
                self.length += self.unwritten.len() as u64;
                self.unwritten.clear();
            }
            // Half a line would make the file unusable at the next start.
            Err(_) => file.set_len(self.length)?,
        }
        appended
    }
}

/// The lines of the entries that have not ended, and their number.
fn in_force(bytes: &[u8], source: &str, now: UnixMillis) -> Result<(String, usize), ConfigurationErrors> {
    let (mut text, mut entries) = (String::new(), 0);
    revocation_lines(bytes, source, |line| {
        if let Some(entry) = line.entry.filter(|entry| !entry.has_ended(now)) {
            let _ = writeln!(text, "{entry}");
            entries += 1;
        }
    })?;
    Ok((text, entries))
}

fn read(text: &str) -> io::Result<RevocationList> {
    RevocationList::read(text.as_bytes(), "").map_err(io::Error::other)
}

/// Replaces the file atomically, and opens it for appending.
fn replace(path: &Path, text: &str) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(OWNER_ONLY).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    OpenOptions::new().append(true).open(path)
}

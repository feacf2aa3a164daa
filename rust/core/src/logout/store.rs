// SPDX-License-Identifier: Apache-2.0
//! The logouts that are in force, in memory and on disk. The file has the format of a revocation file.
//!
//! Memory decides: the file is read once, at the start. If somebody replaces or empties it, the next logout writes all of it
//! again. One process has the file, which a lock beside it ensures.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::UnixMillis;
use crate::config::{ConfigurationErrors, Setting};
use crate::events::{Events, Level};
use crate::revocation::{Logouts, Revocation, RevocationEntry, RevocationList};

/// The number of new logouts after which all of them become one list.
pub(super) const MAX_RECENT: usize = 256;
/// The maximum number of logouts in force.
const MAX_ENTRIES: usize = 1_000_000;
const OWNER_ONLY: u32 = 0o600;

/// The file of logouts.
pub(super) struct LogoutStore {
    path: PathBuf,
    written: Mutex<Written>,
    /// Held as long as this exists. None in a command, which writes nothing.
    _lock: Option<File>,
}

/// What is on disk, and what of it is in the small list.
struct Written {
    /// Opened for appending. None in a command.
    file: Option<File>,
    /// The bytes of whole lines.
    length: u64,
    /// Lines that could not be written. The next logout writes them as well.
    unwritten: String,
    entries: usize,
    /// The lines of the small list.
    recent: String,
    /// The number of them, and the number at which all logouts become one list.
    recent_entries: usize,
    merge_at: usize,
}

impl LogoutStore {
    /// Reads the file. A coordinator creates it if it does not exist.
    pub(super) fn open(
        path: &Path,
        writes: bool,
        setting: &Setting,
        events: &Events,
        errors: &mut ConfigurationErrors,
    ) -> Option<(Self, Logouts)> {
        let opened = if writes { OpenFile::for_coordinator(path) } else { OpenFile::for_command(path) };
        let OpenFile { path, bytes, file, lock } =
            opened.map_err(|why| errors.push(setting.problem(format!("names '{}', {why}", path.display())))).ok()?;
        // A line that was not written to its end was never confirmed to the issuer.
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let (lines, rest) = bytes.split_at_checked(whole).unwrap_or((&bytes, &[]));
        if !rest.is_empty() {
            let text = format!("The last line of '{}' is incomplete, and is dropped", path.display());
            events.push(Level::Warning, text);
        }
        let older = RevocationList::read(lines, &setting.value)
            .map_err(|problems| {
                errors.push(setting.problem(format!("names '{}', which cannot be used:", path.display())));
                errors.extend(problems);
            })
            .ok()?;
        if let (Some(file), false) = (&file, rest.is_empty()) {
            let cut = file.set_len(whole as u64);
            cut.map_err(|error| errors.push(setting.problem(format!("cannot be written: {error}")))).ok()?;
        }
        let written = Written::new(file, whole, older.entries().count());
        let recent = Arc::new(RevocationList::default());
        let store = Self { path, written: Mutex::new(written), _lock: lock };
        Some((store, Logouts { older: Arc::new(older), recent }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a logout. It is in force in any case, and on disk if this succeeds.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn add(
        &self,
        entry: &RevocationEntry<'_>,
        now: UnixMillis,
        revocation: &Revocation,
        events: &Events,
    ) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{entry}\n");
        written.recent.push_str(&line);
        written.recent_entries += 1;
        written.entries += 1;
        if let Some(logouts) = revocation.logouts() {
            let recent = Arc::new(read(&written.recent)?);
            revocation.set_logouts(Logouts { recent, ..Logouts::clone(&logouts) });
        }
        let on_disk = match written.is_still_at(&self.path) {
            true => written.append(&line),
            false => {
                events.push(
                    Level::Warning,
                    format!("'{}' was replaced or removed. It is written again", self.path.display()),
                );
                self.rewrite(&mut written, now, revocation)
            }
        };
        if on_disk.is_ok() && (written.recent_entries >= written.merge_at || written.entries > MAX_ENTRIES) {
            // The logout is on disk already. If this fails, it is tried again later.
            written.merge_at = written.recent_entries + MAX_RECENT;
            if let Err(error) = self.rewrite(&mut written, now, revocation) {
                events.push(Level::Warning, format!("'{}' cannot be shortened: {error}", self.path.display()));
            }
        }
        on_disk
    }

    /// Makes one list and a new file of all logouts, without those that have ended. What is revoked does not change by that.
    fn rewrite(&self, written: &mut Written, now: UnixMillis, revocation: &Revocation) -> io::Result<()> {
        if written.file.is_none() {
            return Err(writes_nothing());
        }
        let Some(logouts) = revocation.logouts() else { return Ok(()) };
        let entries = logouts.older.entries().chain(logouts.recent.entries());
        let (text, entries) = merged(entries.filter(|entry| !entry.has_ended(now)));
        if entries > MAX_ENTRIES {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "more than a million logouts are in force"));
        }
        let older = Arc::new(read(&text)?);
        *written = Written::new(Some(replace(&self.path, &text)?), text.len(), entries);
        revocation.set_logouts(Logouts { older, recent: Arc::new(RevocationList::default()) });
        Ok(())
    }
}

impl Written {
    fn new(file: Option<File>, length: usize, entries: usize) -> Self {
        let (unwritten, recent) = Default::default();
        let length = length as u64;
        Self { file, length, unwritten, entries, recent, recent_entries: 0, merge_at: MAX_RECENT }
    }

    /// False if the path is that of another file, or if somebody shortened the file.
    fn is_still_at(&self, path: &Path) -> bool {
        let Some(file) = &self.file else { return true };
        match (file.metadata(), fs::metadata(path)) {
            (Ok(mine), Ok(found)) => {
                (mine.dev(), mine.ino()) == (found.dev(), found.ino()) && mine.len() == self.length
            }
            _ => false,
        }
    }

    /// Appends a line, and those that could not be written before. If it fails, the file stays as it was.
    fn append(&mut self, line: &str) -> io::Result<()> {
        self.unwritten.push_str(line);
        let file = self.file.as_mut().ok_or_else(writes_nothing)?;
        let appended = file.write_all(self.unwritten.as_bytes()).and_then(|()| file.sync_data());
        match appended {
            Ok(()) => {
                self.length += self.unwritten.len() as u64;
                self.unwritten.clear();
            }
            // Half a line would be lost.
            Err(_) => file.set_len(self.length)?,
        }
        appended
    }
}

fn writes_nothing() -> io::Error {
    io::Error::other("this process writes no files")
}

/// The file, as it was found.
struct OpenFile {
    /// Through all symbolic links.
    path: PathBuf,
    bytes: Vec<u8>,
    file: Option<File>,
    lock: Option<File>,
}

impl OpenFile {
    /// Locks the file and opens it for appending.
    ///
    /// # Errors
    /// Why it cannot be used, as the rest of a sentence about the file.
    fn for_coordinator(path: &Path) -> Result<Self, String> {
        let unusable = |error: io::Error| format!("which cannot be read and written: {error}");
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(OWNER_ONLY);
        options.open(path).map_err(unusable)?;
        let path = fs::canonicalize(path).map_err(unusable)?;
        let lock = options.open(beside(&path, "lock")).map_err(unusable)?;
        lock.try_lock().map_err(|_| {
            "which another process uses: stop that coordinator, or give each one a file of its own".to_owned()
        })?;
        // After the lock, since the process that had it may have replaced the file.
        let file = options.open(&path).map_err(unusable)?;
        let bytes = fs::read(&path).map_err(unusable)?;
        Ok(Self { path, bytes, file: Some(file), lock: Some(lock) })
    }

    /// Reads the file, if it exists.
    fn for_command(path: &Path) -> Result<Self, String> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(format!("which cannot be read: {error}")),
        };
        Ok(Self { path: path.to_owned(), bytes, file: None, lock: None })
    }
}

/// A file in the same folder.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The lines of the entries, and their number. Of several logouts of one user the last one counts.
fn merged(entries: impl Iterator<Item = RevocationEntry<'static>>) -> (String, usize) {
    let mut latest: HashMap<_, RevocationEntry<'static>> = HashMap::new();
    for entry in entries {
        let name = (entry.kind, entry.value.clone(), entry.issuer.clone());
        latest
            .entry(name)
            .and_modify(|present| {
                // `None` is later than every time.
                let later = |one: Option<UnixMillis>, other: Option<UnixMillis>| Some(one?.max(other?));
                present.issued_before = later(present.issued_before, entry.issued_before);
                present.until = later(present.until, entry.until);
            })
            .or_insert(entry);
    }
    let mut text = String::new();
    for entry in latest.values() {
        let _ = writeln!(text, "{entry}");
    }
    (text, latest.len())
}

fn read(text: &str) -> io::Result<RevocationList> {
    RevocationList::read(text.as_bytes(), "").map_err(io::Error::other)
}

/// Replaces the file atomically. Returns the new one, opened for appending.
fn replace(path: &Path, text: &str) -> io::Result<File> {
    let new = beside(path, "new");
    // It may be left of a process that was killed. What somebody else put there is not followed.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).append(true).mode(OWNER_ONLY).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

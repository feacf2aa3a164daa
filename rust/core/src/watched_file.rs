// SPDX-License-Identifier: Apache-2.0
//! Local files whose changes take effect without a restart.
//!
//! One thread polls the files every [`POLL_INTERVAL`]; the request path reads snapshots. The thread compares the metadata
//! of a file, through all symbolic links, so it detects when Kubernetes swaps a folder behind a link. A change is read
//! after two polls have seen the same metadata, so that a file is not read while it is being written. A file that takes the
//! place of another one is whole, and is read at the second poll even if it changes at every poll.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::in_force::Fingerprint;
use crate::metrics::FileKind;
use crate::stoppable_thread::StoppableThread;

/// The time between two polls. A change takes effect within two of them.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// The name of the thread. Linux shows 15 characters of it in a thread dump.
const THREAD_NAME: &str = "nativejwt-files";

/// Identifies one state of a file. `ctime` changes with each write and each rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// True if this state is that of a whole file, and not of one that is being written since `earlier`: another file took
    /// its place, or it was renamed after the last write.
    fn is_whole_since(&self, earlier: &Self) -> bool {
        (self.device, self.inode) != (earlier.device, earlier.inode) || self.changed > self.modified
    }

    /// `None` if nothing exists at the path.
    fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::from_metadata(&metadata))
    }

    /// `None` if no regular file exists at the path.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().filter(Metadata::is_file).map(|metadata| Self::from_metadata(&metadata))
    }
}

/// A file, and the state of it that was read last.
#[derive(Clone, Debug)]
pub(crate) struct WatchedFile {
    path: PathBuf,
    max_bytes: u64,
    /// The state and the content that were read last; `None` if the file did not exist.
    last_read: Option<(Stamp, Digest)>,
    /// A state that one poll has seen, and that is read if the next poll sees it too.
    pending: Option<Option<Stamp>>,
}

type Digest = Vec<u8>;

impl WatchedFile {
    /// Reads the file for the first time.
    pub(crate) fn open(path: &Path, max_bytes: u64) -> io::Result<(Self, Zeroizing<Vec<u8>>)> {
        let mut file = Self { path: path.to_owned(), max_bytes, last_read: None, pending: None };
        let bytes = file.read()?;
        Ok((file, bytes))
    }

    /// The fingerprint of the content that was read last.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.last_read.as_ref().map_or_else(Fingerprint::default, |(_, digest)| Fingerprint::of_digest(digest))
    }

    /// The state that was read last.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.last_read.as_ref().map(|(stamp, _)| *stamp)
    }

    /// The path in the configuration.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn read(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        let file = File::open(&self.path)?;
        let stamp = Stamp::from_metadata(&file.metadata()?);
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(usize::try_from(stamp.size.min(self.max_bytes)).unwrap_or(0)));
        file.take(self.max_bytes + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.max_bytes {
            self.last_read = Some((stamp, Vec::new()));
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it is larger than {} bytes", self.max_bytes),
            ));
        }
        self.last_read = Some((stamp, digest(&SHA256, &bytes).as_ref().to_vec()));
        Ok(bytes)
    }

    /// Polls the file. Returns its new content, or why it can no longer be read, once for each change.
    pub(crate) fn changed(&mut self) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
        let found = Stamp::at(&self.path);
        if found == self.last_read.as_ref().map(|(stamp, _)| *stamp) {
            self.pending = None;
            return None;
        }
        if self.pending != Some(found) {
            let is_whole = match (&self.pending, &found) {
                (Some(Some(earlier)), Some(found)) => found.is_whole_since(earlier),
                _ => false,
            };
            if !is_whole {
                self.pending = Some(found);
                return None;
            }
        }
        self.pending = None;
        let before = self.last_read.take();
        // Opening a pipe would wait for a process that writes into it, and the thread would no longer poll other files.
        let is_other = fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file());
        let content = if is_other { Err(io::Error::other("it is not a regular file")) } else { self.read() };
        match content {
            Ok(bytes) => {
                let is_same = matches!((&before, &self.last_read), (Some((_, old)), Some((_, new))) if old == new);
                (!is_same).then_some(Ok(bytes))
            }
            // A file that exists but is unreadable is not read again before it changes.
            Err(error) => {
                if self.last_read.is_none() {
                    self.last_read = found.map(|stamp| (stamp, Vec::new()));
                }
                Some(Err(error))
            }
        }
    }
}

/// A value that is read from a file and reloaded when the file changes, or a value that never changes.
pub(crate) struct Reloadable<T> {
    value: ArcSwap<T>,
    /// The fingerprint of the content that `value` was read from; 0 without a file.
    in_use: AtomicU64,
    /// Only the polling thread uses it.
    file: Option<Mutex<WatchedFile>>,
}

impl<T> Reloadable<T> {
    pub(crate) fn fixed(value: T) -> Self {
        Self { value: ArcSwap::from_pointee(value), in_use: AtomicU64::new(0), file: None }
    }

    pub(crate) fn of_file(file: WatchedFile, value: T) -> Self {
        let in_use = AtomicU64::new(file.fingerprint().number());
        Self { value: ArcSwap::from_pointee(value), in_use, file: Some(Mutex::new(file)) }
    }

    /// The present value. It takes no lock.
    pub(crate) fn load(&self) -> Guard<Arc<T>> {
        self.value.load()
    }

    /// The fingerprint of the content that is in use.
    pub(crate) fn in_use(&self) -> Fingerprint {
        Fingerprint::of_number(self.in_use.load(Ordering::Acquire))
    }

    pub(crate) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Polls the file and puts a change in use. `read` makes the new
    /// value, or returns the lines of an error; the previous value then stays in use.
    pub(crate) fn poll(
        &self,
        kind: FileKind,
        events: &Events,
        epoch: &Epoch,
        read: impl FnOnce(&Path, &[u8]) -> Result<T, Vec<String>>,
    ) {
        let Some(file) = &self.file else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(change) = file.changed() else { return };
        let what = format!("{} '{}'", kind.sentence(), file.path().display());
        match change.map(|bytes| read(file.path(), &bytes)) {
            Ok(Ok(value)) => {
                epoch.change(|| self.value.store(Arc::new(value)));
                // Afterwards: whoever sees it must not meet the previous value any more.
                self.in_use.store(file.fingerprint().number(), Ordering::Release);
                events.happenings().reloaded(kind, true);
                events.push(Level::Info, format!("{what} has changed and is in use"));
            }
            Ok(Err(why)) => log_rejected_change(events, kind, &what, &why),
            Err(error) => log_rejected_change(events, kind, &what, &[format!("it cannot be read: {error}")]),
        }
    }
}

/// The maximum number of log lines about one change that cannot be used.
const MAX_REASONS: usize = 10;

/// Logs that a change cannot be used, and why; counts it.
pub(crate) fn log_rejected_change(events: &Events, kind: FileKind, what: &str, why: &[String]) {
    events.happenings().reloaded(kind, false);
    for reason in why.iter().take(MAX_REASONS) {
        let text = format!("{what} has changed but cannot be used, so its previous content stays in use: {reason}");
        events.push(Level::Error, text);
    }
    if why.len() > MAX_REASONS {
        events.push(Level::Error, format!("{what} has {} more errors", why.len() - MAX_REASONS));
    }
}

/// The thread that polls files until this is dropped.
pub(crate) struct FileWatcher {
    _thread: StoppableThread<mpsc::Sender<()>>,
}

impl FileWatcher {
    /// Calls `poll` every `interval`. A panic in it is logged, and the next call follows as usual.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(crate) fn start(
        interval: Duration,
        events: &Arc<Events>,
        poll: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let events = Arc::clone(events);
        let thread = StoppableThread::start(THREAD_NAME, stop, move || {
            while stopped.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout) {
                // After a panic, shared state is consistent: it consists of atomic snapshots.
                if catch_unwind(AssertUnwindSafe(&poll)).is_err() {
                    events.defect("internal error while polling files");
                }
            }
        })?;
        Ok(Self { _thread: thread })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("nativejwt-{}-watched-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).unwrap();
            Self(folder)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            path
        }

        /// Replaces a file as editors and configuration tools do.
        fn replace(&self, name: &str, text: &str) {
            fs::rename(self.write("new", text), self.0.join(name)).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn open(path: &Path) -> WatchedFile {
        WatchedFile::open(path, 10).unwrap().0
    }

    /// The result of the two polls that a change needs.
    fn poll_twice(file: &mut WatchedFile) -> Option<Result<String, String>> {
        assert!(file.changed().is_none(), "the second poll reads a change");
        let change = file.changed()?;
        Some(change.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).map_err(|error| error.to_string()))
    }

    #[test]
    fn a_file_that_stays_is_not_read_again() {
        let folder = Folder::new("stays");
        let mut file = open(&folder.write("a", "one"));
        assert_eq!(poll_twice(&mut file), None);
        // Touched, with the same content.
        folder.replace("a", "one");
        assert_eq!(poll_twice(&mut file), None);
    }

    #[test]
    fn a_file_that_is_replaced_is_read_once() {
        let folder = Folder::new("replaced");
        let mut file = open(&folder.write("a", "one"));
        folder.replace("a", "two");
        assert_eq!(poll_twice(&mut file), Some(Ok("two".to_owned())));
        assert_eq!(poll_twice(&mut file), None);
    }

    #[test]
    fn a_replaced_file_of_the_same_size_and_time_is_read() {
        let folder = Folder::new("same-size");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        folder.replace("a", "two");
        File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert_eq!(poll_twice(&mut file), Some(Ok("two".to_owned())));
    }

    #[test]
    fn a_file_is_not_read_while_it_is_being_written() {
        let folder = Folder::new("half-written");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        for half_written in ["t", "tw", "two"] {
            // The size differs each time, so the test does not depend on the resolution of the file system's clock.
            fs::write(&path, half_written.repeat(2)).unwrap();
            assert!(file.changed().is_none());
        }
        assert_eq!(&**file.changed().unwrap().unwrap(), b"twotwo");
    }

    #[test]
    fn a_file_that_is_replaced_before_every_poll_is_read_at_every_second_one() {
        let folder = Folder::new("busy");
        let mut file = open(&folder.write("a", "0"));
        let mut read = Vec::new();
        for number in 1..=9 {
            folder.replace("a", &number.to_string());
            read.extend(file.changed().map(|content| String::from_utf8(content.unwrap().to_vec()).unwrap()));
        }
        assert_eq!(read, ["2", "4", "6", "8"]);
    }

    #[test]
    fn a_link_to_another_target_is_a_change() {
        let folder = Folder::new("link");
        for (name, text) in [("1", "one"), ("2", "two")] {
            fs::create_dir(folder.0.join(name)).unwrap();
            folder.write(&format!("{name}/key"), text);
        }
        // Kubernetes mounts a secret in this way: key -> ..data/key, ..data -> 1.
        symlink("1", folder.0.join("..data")).unwrap();
        symlink("..data/key", folder.0.join("key")).unwrap();
        let mut file = open(&folder.0.join("key"));
        symlink("2", folder.0.join("..new")).unwrap();
        fs::rename(folder.0.join("..new"), folder.0.join("..data")).unwrap();
        assert_eq!(poll_twice(&mut file), Some(Ok("two".to_owned())));
    }

    #[test]
    fn an_error_is_reported_once_and_its_end_is_detected() {
        let folder = Folder::new("wrong");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        fs::remove_file(&path).unwrap();
        assert!(poll_twice(&mut file).unwrap().unwrap_err().contains("No such file"));
        assert_eq!(poll_twice(&mut file), None);
        folder.write("a", "much too long");
        assert_eq!(poll_twice(&mut file), Some(Err("it is larger than 10 bytes".to_owned())));
        assert_eq!(poll_twice(&mut file), None);
        folder.replace("a", "one");
        assert_eq!(poll_twice(&mut file), Some(Ok("one".to_owned())), "its content is reported again after an error");
    }

    #[test]
    fn a_pipe_instead_of_a_file_is_not_opened() {
        let folder = Folder::new("pipe");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(poll_twice(&mut file), Some(Err("it is not a regular file".to_owned())));
        assert_eq!(poll_twice(&mut file), None);
        folder.replace("a", "one");
        assert_eq!(poll_twice(&mut file), Some(Ok("one".to_owned())));
    }

    /// Drops note whether the epoch is settled. A value is dropped when the next one is in its place.
    struct Replaced(Arc<Epoch>, mpsc::Sender<bool>);

    impl Drop for Replaced {
        fn drop(&mut self) {
            let _ = self.1.send(self.0.settled().is_some());
        }
    }

    #[test]
    fn a_value_is_replaced_while_its_change_is_in_progress() {
        let folder = Folder::new("epoch");
        let path = folder.write("a", "1");
        let (epoch, events) = (Arc::new(Epoch::default()), Events::default());
        let (sender, settled) = mpsc::channel();
        let value = || Replaced(Arc::clone(&epoch), sender.clone());
        let (file, _) = WatchedFile::open(&path, 10).unwrap();
        let reloaded = Reloadable::of_file(file, value());
        folder.replace("a", "2");
        for _ in 0..2 {
            reloaded.poll(FileKind::Keys, &events, &epoch, |_, _| Ok(value()));
        }
        assert_eq!((settled.try_recv(), epoch.settled().is_some()), (Ok(false), true));
    }

    #[test]
    fn the_previous_value_stays_if_the_new_one_cannot_be_read() {
        let folder = Folder::new("value");
        let path = folder.write("a", "1");
        let events = Events::default();
        let number = |_: &Path, bytes: &[u8]| {
            std::str::from_utf8(bytes).unwrap().parse::<u8>().map_err(|error| vec![error.to_string()])
        };
        let (file, bytes) = WatchedFile::open(&path, 10).unwrap();
        let reloaded = Reloadable::of_file(file, number(&path, &bytes).unwrap());
        let poll = || {
            reloaded.poll(FileKind::Keys, &events, &Epoch::default(), number);
            reloaded.poll(FileKind::Keys, &events, &Epoch::default(), number);
            (**reloaded.load(), events.pop().map(|event| (event.level, event.text)))
        };
        assert_eq!(poll(), (1, None));
        folder.replace("a", "two");
        let (value, event) = poll();
        let (level, text) = event.unwrap();
        assert_eq!((value, level), (1, Level::Error));
        let path = path.display();
        assert_eq!(
            text,
            format!(
                "The key file '{path}' has changed but cannot be used, so its previous content stays in use: invalid digit found in string"
            )
        );
        folder.replace("a", "3");
        assert_eq!(poll(), (3, Some((Level::Info, format!("The key file '{path}' has changed and is in use")))));
    }

    #[test]
    fn the_thread_polls_until_it_is_dropped_even_after_a_panic() {
        let (polled, polls) = mpsc::channel();
        let events = Arc::new(Events::default());
        let watcher = FileWatcher::start(Duration::from_millis(1), &events, move || {
            polled.send(()).unwrap();
            panic!("a test asked for this panic");
        });
        let bound = Duration::from_secs(30);
        for _ in 0..3 {
            polls.recv_timeout(bound).unwrap();
        }
        drop(watcher);
        assert!(matches!(polls.iter().count(), 0..1000), "the sender is gone");
        assert!(events.pop().unwrap().text.contains("internal error"));
    }
}

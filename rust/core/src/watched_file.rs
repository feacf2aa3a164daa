//! Local files that count from the moment they change, without a restart.
//!
//! The request path reads snapshots; one thread looks at the files every [`POLL_INTERVAL`]. A file is judged by its
//! metadata, through all symbolic links, so that Kubernetes' exchange of a folder behind a link is a change like any
//! other. A change counts once two looks saw it the same: nobody's half-written file becomes a key.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::stoppable_thread::StoppableThread;

/// The time between two looks: a change is taken within two of them and the time to read it.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// What the thread is called in a thread dump; Linux shows 15 characters.
const THREAD_NAME: &str = "nativejwt-files";

/// What tells one state of a file from another; `ctime` changes with each write and each rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// `None` if there is no file that can be read.
    fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    /// `None` if there is no regular file.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().filter(Metadata::is_file).map(|metadata| Self::of(&metadata))
    }
}

/// A file, and which state of it was read last.
#[derive(Clone, Debug)]
pub(crate) struct WatchedFile {
    path: PathBuf,
    max_bytes: u64,
    /// What the last reading found; `None` if there was nothing to read.
    read: Option<(Stamp, Digest)>,
    /// A state that one look has seen and that was not read yet.
    pending: Option<Option<Stamp>>,
}

type Digest = Vec<u8>;

impl WatchedFile {
    /// Reads the file for the first time.
    pub(crate) fn open(path: &Path, max_bytes: u64) -> io::Result<(Self, Zeroizing<Vec<u8>>)> {
        let mut file = Self { path: path.to_owned(), max_bytes, read: None, pending: None };
        let bytes = file.take()?;
        Ok((file, bytes))
    }

    /// The state that was read last.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.read.as_ref().map(|(stamp, _)| *stamp)
    }

    /// The path, as the configuration names it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn take(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        let file = File::open(&self.path)?;
        let stamp = Stamp::of(&file.metadata()?);
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(usize::try_from(stamp.size.min(self.max_bytes)).unwrap_or(0)));
        file.take(self.max_bytes + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.max_bytes {
            self.read = Some((stamp, Vec::new()));
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it is larger than {} bytes", self.max_bytes),
            ));
        }
        self.read = Some((stamp, digest(&SHA256, &bytes).as_ref().to_vec()));
        Ok(bytes)
    }

    /// Looks at the file. `Some` if it is another than at the last reading: its new text, or why it cannot be read any
    /// more; each change is told once.
    pub(crate) fn changed(&mut self) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
        let found = Stamp::at(&self.path);
        if found == self.read.as_ref().map(|(stamp, _)| *stamp) {
            self.pending = None;
            return None;
        }
        if self.pending != Some(found) {
            self.pending = Some(found);
            return None;
        }
        self.pending = None;
        let before = self.read.take();
        // To open a pipe would wait for whoever writes into it, and nobody would look at the other files.
        let is_other = fs::metadata(&self.path).is_ok_and(|metadata| !metadata.is_file());
        let taken = if is_other { Err(io::Error::other("it is no regular file")) } else { self.take() };
        match taken {
            Ok(bytes) => {
                let is_same = matches!((&before, &self.read), (Some((_, old)), Some((_, new))) if old == new);
                (!is_same).then_some(Ok(bytes))
            }
            // It can be there and unreadable; then it is not looked at again before it changes.
            Err(error) => {
                if self.read.is_none() {
                    self.read = found.map(|stamp| (stamp, Vec::new()));
                }
                Some(Err(error))
            }
        }
    }
}

/// What was made of a file, or of a text that never changes.
pub(crate) struct Reloadable<T> {
    value: ArcSwap<T>,
    /// Touched by the watching thread only.
    file: Option<Mutex<WatchedFile>>,
}

impl<T> Reloadable<T> {
    pub(crate) fn fixed(value: T) -> Self {
        Self { value: ArcSwap::from_pointee(value), file: None }
    }

    pub(crate) fn of_file(file: WatchedFile, value: T) -> Self {
        Self { value: ArcSwap::from_pointee(value), file: Some(Mutex::new(file)) }
    }

    /// The present value. It takes no lock.
    pub(crate) fn load(&self) -> Guard<Arc<T>> {
        self.value.load()
    }

    pub(crate) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Takes a change of the file in. `name` says what the file is ("The key file"); `read` makes the new value, or says
    /// line by line why it is none. Then the old value stays.
    pub(crate) fn poll(
        &self,
        name: &str,
        events: &Events,
        epoch: &Epoch,
        read: impl FnOnce(&Path, &[u8]) -> Result<T, Vec<String>>,
    ) {
        let Some(file) = &self.file else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(change) = file.changed() else { return };
        let what = format!("{name} '{}'", file.path().display());
        match change.map(|bytes| read(file.path(), &bytes)) {
            Ok(Ok(value)) => {
                epoch.change(|| self.value.store(Arc::new(value)));
                events.push(Level::Info, format!("{what} has changed and is in use"));
            }
            Ok(Err(why)) => log_rejected_change(events, &what, &why),
            Err(error) => log_rejected_change(events, &what, &[format!("it cannot be read: {error}")]),
        }
    }
}

/// Lines for one refused change; a file can be wrong in many places.
const MAX_REASONS: usize = 10;

/// Tells that a change was not taken, and why.
pub(crate) fn log_rejected_change(events: &Events, what: &str, why: &[String]) {
    for reason in why.iter().take(MAX_REASONS) {
        events.push(Level::Error, format!("{what} has changed and cannot be used, so the old one stays: {reason}"));
    }
    if why.len() > MAX_REASONS {
        events.push(Level::Error, format!("{what} has {} more errors", why.len() - MAX_REASONS));
    }
}

/// The thread that looks at files until this is dropped.
pub(crate) struct FileWatcher {
    _thread: StoppableThread<mpsc::Sender<()>>,
}

impl FileWatcher {
    /// Calls `look` every `interval`. A panic in it is told, and the next look goes on.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn start(
        interval: Duration,
        events: &Arc<Events>,
        look: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let events = Arc::clone(events);
        let thread = StoppableThread::start(THREAD_NAME, stop, move || {
            while stopped.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout) {
                // Whatever a look leaves half-done is either its own or an atomic snapshot.
                if catch_unwind(AssertUnwindSafe(&look)).is_err() {
                    events.push(Level::Error, "internal error while looking at changed files. Please report this.");
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

        /// As editors and configuration tools replace a file.
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

    /// What two looks, which a change needs, find together.
    fn looks(file: &mut WatchedFile) -> Option<Result<String, String>> {
        assert!(file.changed().is_none(), "a change counts at the second look");
        let change = file.changed()?;
        Some(change.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).map_err(|error| error.to_string()))
    }

    #[test]
    fn a_file_that_stays_is_not_read_again() {
        let folder = Folder::new("stays");
        let mut file = open(&folder.write("a", "one"));
        assert_eq!(looks(&mut file), None);
        // Touched, with the same content.
        folder.replace("a", "one");
        assert_eq!(looks(&mut file), None);
    }

    #[test]
    fn a_file_that_is_replaced_is_read_once() {
        let folder = Folder::new("replaced");
        let mut file = open(&folder.write("a", "one"));
        folder.replace("a", "two");
        assert_eq!(looks(&mut file), Some(Ok("two".to_owned())));
        assert_eq!(looks(&mut file), None);
    }

    #[test]
    fn a_file_of_the_same_size_and_time_is_another_one() {
        let folder = Folder::new("same-size");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        folder.replace("a", "two");
        File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert_eq!(looks(&mut file), Some(Ok("two".to_owned())));
    }

    #[test]
    fn a_file_that_is_being_written_is_waited_for() {
        let folder = Folder::new("half-written");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        for half_written in ["t", "tw", "two"] {
            // Another size each time, so that the test does not hang on the clock of the file system.
            fs::write(&path, half_written.repeat(2)).unwrap();
            assert!(file.changed().is_none());
        }
        assert_eq!(&**file.changed().unwrap().unwrap(), b"twotwo");
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_a_change() {
        let folder = Folder::new("link");
        for (name, text) in [("1", "one"), ("2", "two")] {
            fs::create_dir(folder.0.join(name)).unwrap();
            folder.write(&format!("{name}/key"), text);
        }
        // As Kubernetes mounts a secret: key -> ..data/key, ..data -> 1.
        symlink("1", folder.0.join("..data")).unwrap();
        symlink("..data/key", folder.0.join("key")).unwrap();
        let mut file = open(&folder.0.join("key"));
        symlink("2", folder.0.join("..new")).unwrap();
        fs::rename(folder.0.join("..new"), folder.0.join("..data")).unwrap();
        assert_eq!(looks(&mut file), Some(Ok("two".to_owned())));
    }

    #[test]
    fn what_goes_wrong_is_told_once_and_its_end_is_seen() {
        let folder = Folder::new("wrong");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        fs::remove_file(&path).unwrap();
        assert!(looks(&mut file).unwrap().unwrap_err().contains("No such file"));
        assert_eq!(looks(&mut file), None);
        folder.write("a", "much too long");
        assert_eq!(looks(&mut file), Some(Err("it is larger than 10 bytes".to_owned())));
        assert_eq!(looks(&mut file), None);
        folder.replace("a", "one");
        assert_eq!(looks(&mut file), Some(Ok("one".to_owned())), "it was away");
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let folder = Folder::new("pipe");
        let path = folder.write("a", "one");
        let mut file = open(&path);
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(looks(&mut file), Some(Err("it is no regular file".to_owned())));
        assert_eq!(looks(&mut file), None);
        folder.replace("a", "one");
        assert_eq!(looks(&mut file), Some(Ok("one".to_owned())));
    }

    #[test]
    fn a_value_that_cannot_be_read_leaves_the_old_one() {
        let folder = Folder::new("value");
        let path = folder.write("a", "1");
        let events = Events::default();
        let number = |_: &Path, bytes: &[u8]| {
            std::str::from_utf8(bytes).unwrap().parse::<u8>().map_err(|error| vec![error.to_string()])
        };
        let (file, bytes) = WatchedFile::open(&path, 10).unwrap();
        let reloaded = Reloadable::of_file(file, number(&path, &bytes).unwrap());
        let look = || {
            reloaded.poll("The number", &events, &Epoch::default(), number);
            reloaded.poll("The number", &events, &Epoch::default(), number);
            (**reloaded.load(), events.pop().map(|event| (event.level, event.text)))
        };
        assert_eq!(look(), (1, None));
        folder.replace("a", "two");
        let (value, told) = look();
        let (level, text) = told.unwrap();
        assert_eq!((value, level), (1, Level::Error));
        let path = path.display();
        assert_eq!(
            text,
            format!(
                "The number '{path}' has changed and cannot be used, so the old one stays: invalid digit found in string"
            )
        );
        folder.replace("a", "3");
        assert_eq!(look(), (3, Some((Level::Info, format!("The number '{path}' has changed and is in use")))));
    }

    #[test]
    fn a_thread_looks_until_it_is_dropped_even_after_a_panic() {
        let (looked, seen) = mpsc::channel();
        let events = Arc::new(Events::default());
        let watcher = FileWatcher::start(Duration::from_millis(1), &events, move || {
            looked.send(()).unwrap();
            panic!("a test asked for this panic");
        });
        let bound = Duration::from_secs(30);
        for _ in 0..3 {
            seen.recv_timeout(bound).unwrap();
        }
        drop(watcher);
        assert!(matches!(seen.iter().count(), 0..1000), "the sender is gone");
        assert!(events.pop().unwrap().text.contains("internal error"));
    }
}

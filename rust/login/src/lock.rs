// SPDX-License-Identifier: Apache-2.0
//! One call at a time changes a profile: two calls at once must not spend one refresh token twice.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::error::LoginError;

/// Calls that wait for one provider that does not answer take their turns, each of some twenty seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// Holds a profile until it is dropped, or its process ends.
pub struct ProfileLock {
    _file: File,
}

impl ProfileLock {
    /// Waits until no other call holds the file.
    pub(crate) fn wait(path: &Path) -> Result<Self, LoginError> {
        let failed = |what: &str| LoginError::failed(format!("{}: {what}", path.display()));
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = file.map_err(|error| failed(&format!("cannot be opened: {error}")))?;
        match file.try_lock() {
            Ok(()) => return Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => {}
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(&format!("cannot be locked: {error}"))),
        }
        // The kernel's lock has no time limit of its own. The thread ends with the process.
        let (locked, waiting) = mpsc::channel();
        thread::spawn(move || {
            let result = file.lock().map(|()| file);
            // Nobody waits any longer.
            let _ = locked.send(result);
        });
        match waiting.recv_timeout(PATIENCE) {
            Ok(Ok(file)) => Ok(Self { _file: file }),
            Ok(Err(error)) => Err(failed(&format!("cannot be locked: {error}"))),
            Err(_) => Err(failed(&format!(
                "another call of nativejwt has held the lock for {} s: end it, and try again",
                PATIENCE.as_secs()
            ))),
        }
    }
}

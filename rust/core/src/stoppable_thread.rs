// SPDX-License-Identifier: Apache-2.0
//! A thread that ends when its owner drops it.

use std::io;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The maximum time that a drop waits for the thread. The thread ends at once, unless the system blocks it.
pub(crate) const LONGEST_STOP: Duration = Duration::from_secs(2);

/// A running thread. `S` is the sending half of a channel that the thread receives from. Dropping it is the signal to
/// stop.
pub(crate) struct StoppableThread<S> {
    stop: Option<S>,
    /// Only the drop uses it. The mutex makes the struct `Sync`, which a receiver is not.
    ended: Mutex<mpsc::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<S> StoppableThread<S> {
    /// Runs `work` on a thread of this name; a thread dump on Linux shows 15 characters of it. `work` must return soon
    /// after `stop` was dropped.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(crate) fn start(name: &str, stop: S, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (running, ended) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _running = running;
            work();
        })?;
        Ok(Self { stop: Some(stop), ended: Mutex::new(ended), thread: Some(thread) })
    }
}

impl<S> Drop for StoppableThread<S> {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let is_stuck = ended.recv_timeout(LONGEST_STOP) == Err(mpsc::RecvTimeoutError::Timeout);
        if let Some(thread) = self.thread.take().filter(|_| !is_stuck) {
            // The panic hook has already reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

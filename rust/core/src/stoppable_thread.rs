//! A thread that ends when its owner drops it.

use std::io;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a drop waits for the thread to end. It ends at once, unless the system blocks it.
pub(crate) const LONGEST_STOP: Duration = Duration::from_secs(2);

/// A running thread. `S` is the sending half of a channel whose receiving half the thread watches: dropping it is the
/// signal to stop.
pub(crate) struct StoppableThread<S> {
    stop: Option<S>,
    /// Only the drop locks it. The lock is there because threads may not share a receiver.
    ended: Mutex<mpsc::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<S> StoppableThread<S> {
    /// Starts `work` on a thread of this name, of which a thread dump on Linux shows 15 characters. `work` returns soon
    /// after `stop` was dropped.
    ///
    /// # Errors
    /// The system cannot start another thread.
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
            // The panic hook has reported a panic in the thread, and there is nothing left to save.
            let _ = thread.join();
        }
    }
}

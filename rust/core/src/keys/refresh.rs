//! JWK sets of URLs: kept as a snapshot for the request path, and refreshed on a thread of their own.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::oneshot;

use super::fetch::{self, Endpoint, Failure, FailureKind};
use super::jwk::Origin;
use super::jwks::{KeySet, MAX_DOCUMENT_BYTES, MAX_SKIPPED_LINES, Reading};
use super::schedule::{News, Schedule, Step, Timing};
use super::transport::Transport;
use crate::clock::UnixMillis;
use crate::events::{Events, Level};
use crate::reject::{Reject, RejectCode};
use crate::signature::{KeyError, VerifyingKey};
use crate::token_header::TokenHeader;

/// What the thread is called in a thread dump; Linux shows 15 characters.
const THREAD_NAME: &str = "nativejwt-jwks";
/// How long a drop waits for the thread. It ends at once, unless the system does not let it.
const LONGEST_STOP: Duration = Duration::from_secs(2);

/// The keys of one URL. The request path reads a snapshot; only the [`Refresher`] replaces it.
pub(crate) struct RemoteKeySet {
    endpoint: Endpoint,
    transport: Transport,
    timing: Timing,
    snapshot: ArcSwap<Snapshot>,
    progress: Mutex<Progress>,
    progressed: Condvar,
}

/// What the request path sees.
enum Snapshot {
    /// There was no good fetch yet; the sentence for whoever tries to log in.
    Unavailable(String),
    Keys(KeySet),
}

/// What those who wait for a fetch see.
#[derive(Default)]
struct Progress {
    /// Fetches that came to an end.
    fetches: u64,
    /// Why the last one gave no keys.
    failure: Option<String>,
}

impl RemoteKeySet {
    /// Nothing is fetched before a [`Refresher`] takes the set.
    pub(crate) fn new(endpoint: Endpoint, transport: Transport, events: &Events) -> Self {
        if !endpoint.is_encrypted() {
            events.push(
                Level::Warning,
                format!(
                    "The keys come from {endpoint} without encryption: anybody on the network path can put in a key of \
                     their own and log in as any user. Use https."
                ),
            );
        }
        Self::with(endpoint, transport, Timing::DEFAULT)
    }

    fn with(endpoint: Endpoint, transport: Transport, timing: Timing) -> Self {
        let unavailable = Snapshot::Unavailable("The signing keys are not fetched yet; try again shortly".to_owned());
        Self {
            endpoint,
            transport,
            timing,
            snapshot: ArcSwap::from_pointee(unavailable),
            progress: Mutex::default(),
            progressed: Condvar::new(),
        }
    }

    /// As [`KeySet::verify_with`], with the keys of the last good fetch.
    pub(crate) fn verify_with<T>(
        &self,
        header: &TokenHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Reject>,
    ) -> Result<T, Reject> {
        match &**self.snapshot.load() {
            Snapshot::Keys(keys) => keys.verify_with(header, verify),
            Snapshot::Unavailable(message) => Err(Reject::new(RejectCode::KeysUnavailable, message.clone())),
        }
    }

    /// Waits until the first fetch came to its end, good or bad. `Err` says why there are no keys by then.
    pub(crate) fn wait_until_fetched(&self, timeout: Duration) -> Result<(), String> {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let (progress, _) = self
            .progressed
            .wait_timeout_while(progress, timeout, |progress| progress.fetches == 0)
            .unwrap_or_else(PoisonError::into_inner);
        match (&**self.snapshot.load(), &progress.failure) {
            (Snapshot::Keys(_), _) => Ok(()),
            (Snapshot::Unavailable(_), Some(failure)) => Err(failure.clone()),
            (Snapshot::Unavailable(_), None) => {
                Err(format!("no answer from {} within {:.1} s", self.endpoint, timeout.as_secs_f64()))
            }
        }
    }

    fn publish(&self, snapshot: Option<Snapshot>, failure: Option<String>) {
        if let Some(snapshot) = snapshot {
            self.snapshot.store(Arc::new(snapshot));
        }
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.fetches += 1;
        progress.failure = failure;
        self.progressed.notify_all();
    }
}

/// The thread that fetches for all key sets of an authenticator, each at its own times, so that a slow server delays no
/// other one. Dropped, it stops, whatever is under way.
pub(crate) struct Refresher {
    stop: Option<oneshot::Sender<()>>,
    ended: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Refresher {
    /// Starts the thread and the first fetches; waits for none of them.
    ///
    /// # Errors
    /// The system has no thread or no file descriptor left.
    pub(crate) fn start(key_sets: Vec<Arc<RemoteKeySet>>, events: &Arc<Events>) -> io::Result<Self> {
        // Current-thread: the fetches run on our thread. Names are looked up by the C library on helper threads, which
        // end by themselves.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().thread_name(THREAD_NAME).build()?;
        let (stop, stopped) = oneshot::channel();
        let (running, ended) = mpsc::channel();
        let events = Arc::clone(events);
        let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || {
            let _running: mpsc::Sender<()> = running;
            runtime.block_on(async {
                for key_set in key_sets {
                    tokio::spawn(Refreshing::new(key_set, Arc::clone(&events)).run());
                }
                // Dropping the sender is the signal.
                let _ = stopped.await;
            });
            // A look-up of a name cannot be interrupted, so it is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { stop: Some(stop), ended, thread: Some(thread) })
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        drop(self.stop.take());
        let stuck = self.ended.recv_timeout(LONGEST_STOP) == Err(mpsc::RecvTimeoutError::Timeout);
        if let Some(thread) = self.thread.take().filter(|_| !stuck) {
            // A panic in it was shown by the panic hook, and there is nothing left to save.
            let _ = thread.join();
        }
    }
}

/// The refreshing of one key set: the decisions are [`Schedule`]'s, the request is [`fetch`]'s.
struct Refreshing {
    key_set: Arc<RemoteKeySet>,
    events: Arc<Events>,
    schedule: Schedule,
    since: UnixMillis,
    skipped: Vec<String>,
    random: RandomState,
}

impl Refreshing {
    fn new(key_set: Arc<RemoteKeySet>, events: Arc<Events>) -> Self {
        let schedule = Schedule::new(key_set.timing, Instant::now());
        Self { key_set, events, schedule, since: UnixMillis::now(), skipped: Vec::new(), random: RandomState::new() }
    }

    async fn run(mut self) {
        loop {
            match self.schedule.next(Instant::now()) {
                Step::WaitUntil(due) => tokio::time::sleep_until(due.into()).await,
                Step::Fetch | Step::Fetching => {
                    let key_set = Arc::clone(&self.key_set);
                    // A task of its own, so that a panic is a failed fetch and not the end of all refreshing.
                    let fetched = tokio::spawn(async move {
                        let document = fetch::fetch(&key_set.endpoint, &key_set.transport, MAX_DOCUMENT_BYTES).await?;
                        KeySet::read(&document, Origin::Fetched)
                            .map_err(|error| Failure::new(FailureKind::Document, error.0))
                    });
                    let fetched = fetched.await.unwrap_or_else(|_| {
                        Err(Failure::new(FailureKind::Defect, "a defect in this software stopped the fetch"))
                    });
                    self.take(fetched, Instant::now(), UnixMillis::now());
                }
            }
        }
    }

    /// Takes the end of a fetch in.
    fn take(&mut self, fetched: Result<Reading, Failure>, now: Instant, wall_clock: UnixMillis) {
        let fetched = fetched.and_then(|reading| {
            self.tell_skipped(&reading.skipped);
            reading.usable().map_err(|error| Failure::new(FailureKind::Document, error.0))
        });
        match fetched {
            Ok(keys) => self.loaded(keys, now, wall_clock),
            Err(failure) => self.failed(&failure, now),
        }
    }

    fn loaded(&mut self, keys: KeySet, now: Instant, wall_clock: UnixMillis) {
        let endpoint = &self.key_set.endpoint;
        let news = self.schedule.succeeded(now);
        if let News::Recovered { failures } = news {
            let times = if failures == 1 { "once".to_owned() } else { format!("{failures} times") };
            let text =
                format!("The fetch of keys from {endpoint} works again; it had failed {times} since {}", self.since);
            self.events.push(Level::Info, text);
        }
        match &**self.key_set.snapshot.load() {
            Snapshot::Unavailable(_) => {
                self.events.push(Level::Info, format!("Loaded {} from {endpoint}", keys.describe()));
            }
            Snapshot::Keys(older) => {
                if let Some(changes) = keys.changes_since(older) {
                    let text = format!("The keys of {endpoint} changed: {changes}; now {}", keys.describe());
                    self.events.push(Level::Info, text);
                }
            }
        }
        // Failures from now on count from this moment.
        self.since = wall_clock;
        self.key_set.publish(Some(Snapshot::Keys(keys)), None);
    }

    fn failed(&mut self, failure: &Failure, now: Instant) {
        let Failure { kind, text } = failure;
        let endpoint = &self.key_set.endpoint;
        let random = self.random.hash_one(now);
        let news = self.schedule.failed(now, *kind, random);
        let without_keys = matches!(&**self.key_set.snapshot.load(), Snapshot::Unavailable(_));
        if let News::Failing { failures } = news {
            let consequence = match without_keys {
                true => "no token can be verified until it works".to_owned(),
                false => format!("the keys fetched at {} stay in use", self.since),
            };
            let attempts = if failures == 1 { String::new() } else { format!(" {failures} times, most recently") };
            self.events.push(
                Level::Warning,
                format!(
                    "The fetch of keys from {endpoint} failed{attempts}: {text}. It is tried again; {consequence}."
                ),
            );
        }
        let unavailable = without_keys.then(|| {
            let why = kind.in_general_words();
            Snapshot::Unavailable(format!("The signing keys could not be fetched since {}, because {why}", self.since))
        });
        self.key_set.publish(unavailable, Some(format!("the fetch from {endpoint} failed: {text}")));
    }

    /// Names the keys that are not used, but not again at each refresh.
    fn tell_skipped(&mut self, skipped: &[String]) {
        if skipped == self.skipped {
            return;
        }
        let endpoint = &self.key_set.endpoint;
        for line in skipped.iter().take(MAX_SKIPPED_LINES) {
            self.events.push(Level::Warning, format!("{endpoint}: {line}"));
        }
        if skipped.len() > MAX_SKIPPED_LINES {
            let more = skipped.len() - MAX_SKIPPED_LINES;
            self.events.push(Level::Warning, format!("{endpoint}: {more} more keys are not used"));
        }
        self.skipped = skipped.to_vec();
    }
}

/// Opens the key set of a URL.
pub(crate) fn open(url: &str, transport: Transport, events: &Events) -> Result<Arc<RemoteKeySet>, KeyError> {
    Ok(Arc::new(RemoteKeySet::new(Endpoint::parse(url)?, transport, events)))
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: Apache-2.0
//! The thread that fetches remote JWK Sets.

use std::future::poll_fn;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinSet, spawn_blocking};

use crate::clock::{Moment, UnixMillis};
use crate::config::Finding;
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::http::document::{Excerpts, Wanted};
use crate::http::endpoint::Endpoint;
use crate::http::failure::{Failure, FailureKind};
use crate::http::get::{self, Answer, Bearer, Document, Query, Validator};
use crate::keys::error::KeyError;
use crate::keys::jwk::Origin;
use crate::keys::jwk_set::{JwkSet, MAX_DOCUMENT_BYTES, MAX_SKIPPED_LINES, Reading, RemovedKey};
use crate::keys::remote::bearer_file;
use crate::keys::remote::cache_file::Cached;
use crate::keys::remote::discovery;
use crate::keys::remote::keyring::{Expiry, FetchedKeySet};
use crate::keys::remote::schedule::{FetchStep, LogNote};
use crate::keys::remote::server_clock::ServerClock;
use crate::keys::remote::state::{KeySetState, NothingToRenew, Success};
use crate::keys::remote::{Location, RemoteKeySet, RemoteSettings, Snapshot, later_by};
use crate::stoppable_thread::StoppableThread;

/// The thread's name in thread dumps; Linux shows 15 characters.
const THREAD_NAME: &str = "nativejwt-jwks";
/// The longest sleep. Timers stop while the machine is suspended, so work that became due meanwhile is at most this
/// late.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// The pause before work restarts after a panic; it doubles with each further panic.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The thread that fetches all JWK Sets of an authenticator, each at its own times: a slow server does not delay the
/// others. When it is dropped, the thread stops, even during a fetch.
pub(crate) struct Refresher {
    runtime: Handle,
    events: Arc<Events>,
    epoch: Arc<Epoch>,
    _thread: StoppableThread<oneshot::Sender<()>>,
}

impl Refresher {
    /// Starts the thread, without any set to fetch.
    ///
    /// # Errors
    /// The system has no thread or no file descriptor left.
    pub(crate) fn start(events: &Arc<Events>, epoch: &Arc<Epoch>) -> io::Result<Self> {
        // Current-thread: fetches run on our thread. The C library resolves names on helper threads, which end by
        // themselves; slow file access happens on such threads, too.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().thread_name(THREAD_NAME).build()?;
        let handle = runtime.handle().clone();
        let events = Arc::clone(events);
        let epoch = Arc::clone(epoch);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = StoppableThread::start(THREAD_NAME, stop, move || {
            // The sender is dropped to stop the thread.
            let _ = runtime.block_on(stopped);
            // Resolving a name cannot be interrupted, so it is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, events, epoch, _thread: thread })
    }

    /// Fetches the set from now on, until all other references to it are dropped; does not block. The first refresher
    /// that takes a set keeps it.
    pub(crate) fn add(&self, key_set: &Arc<RemoteKeySet>) {
        self.run(key_set, Refreshing::new(key_set, &self.events, &self.epoch));
    }

    fn run(&self, key_set: &RemoteKeySet, refreshing: Refreshing) {
        key_set.refreshing.get_or_init(|| self.runtime.spawn(refreshing.run()).abort_handle());
    }
}

/// A document that was read as a JWK Set. Its keys are not in use yet.
#[derive(Debug)]
struct ReadDocument {
    reading: Box<Reading>,
    validator: Option<Validator>,
    /// The text, if there is a cache file.
    text: Option<Arc<str>>,
}

/// Refreshes one set: [`KeySetState`] decides, [`get`] fetches. Between two turns it holds no strong reference to the
/// set, so refreshing ends with the last user.
struct Refreshing {
    key_set: Weak<RemoteKeySet>,
    settings: Arc<RemoteSettings>,
    refresh_requested: Arc<Notify>,
    server_clock: Arc<ServerClock>,
    events: Arc<Events>,
    epoch: Arc<Epoch>,
    /// The time from which failures are counted.
    since: UnixMillis,
    skipped: Vec<String>,
    random: RandomState,
    #[cfg(test)]
    defects: tests::Defects,
}

/// What follows a turn.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Next,
    /// The set has no users any more.
    End,
}

/// The parts of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Begin,
    EndKeys,
    Fetch,
    Wait,
    Take,
    /// The state has the keys, but they are not published yet.
    Success,
    Save,
    Failure,
}

/// `None` if the future panics. The caller must handle what remains unfinished.
async fn survived<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

fn defect() -> Failure {
    Failure::new(FailureKind::Defect, "an internal error stopped the fetch")
}

impl Refreshing {
    fn new(key_set: &Arc<RemoteKeySet>, events: &Arc<Events>, epoch: &Arc<Epoch>) -> Self {
        Self {
            key_set: Arc::downgrade(key_set),
            settings: Arc::clone(&key_set.settings),
            refresh_requested: Arc::clone(&key_set.refresh_requested),
            server_clock: Arc::clone(&key_set.server_clock),
            events: Arc::clone(events),
            epoch: Arc::clone(epoch),
            since: UnixMillis::now(),
            skipped: Vec::new(),
            random: RandomState::new(),
            #[cfg(test)]
            defects: tests::Defects::default(),
        }
    }

    async fn run(mut self) {
        // A separate task, so that a panic becomes a failed fetch.
        let mut fetching = JoinSet::new();
        let mut pause = FIRST_PAUSE;
        loop {
            match survived(self.turn(&mut fetching)).await {
                Some(Turn::Next) => pause = FIRST_PAUSE,
                Some(Turn::End) => return,
                None => {
                    self.recover(&fetching, pause);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Does what is due, then waits for the end of a fetch, a request for one, or a time.
    async fn turn(&mut self, fetching: &mut JoinSet<Result<Answer<ReadDocument>, Failure>>) -> Turn {
        let now = Moment::now();
        let Some(key_set) = self.key_set.upgrade() else { return Turn::End };
        key_set.refreshed_at.store(UnixMillis::now().0, Ordering::Relaxed);
        self.reaches(Part::Begin);
        self.end_keys(&key_set, now);
        let (step, next_end, validator) =
            key_set.change(&self.epoch, |state| (None, (state.next(now), state.next_end(), state.validator())));
        drop(key_set);
        let wake = match step {
            FetchStep::Fetch => {
                self.reaches(Part::Fetch);
                fetching.spawn(obtain(Arc::clone(&self.settings), validator, Arc::clone(&self.server_clock)));
                return Turn::Next;
            }
            FetchStep::WaitUntil(due) => next_end.map_or(due, |end| end.min(due)),
            FetchStep::Fetching => next_end.unwrap_or(now + LONGEST_SLEEP),
        };
        self.reaches(Part::Wait);
        let sleep = (wake - now).min(LONGEST_SLEEP);
        if fetching.is_empty() {
            // After a timeout, too, there may be something to do.
            let _ = tokio::time::timeout(sleep, self.refresh_requested.notified()).await;
        } else if let Ok(Some(fetched)) = tokio::time::timeout(sleep, fetching.join_next()).await {
            let fetched = fetched.unwrap_or_else(|_| Err(defect()));
            let Some(key_set) = self.key_set.upgrade() else { return Turn::End };
            self.take(&key_set, fetched, Moment::now(), UnixMillis::now());
        }
        Turn::Next
    }

    /// Restores a consistent state after a panic, which may be a defect of ours or a failure to start a thread. The
    /// state is kept, and a fetch that has no task any more counts as failed. Otherwise keys would neither be renewed
    /// nor expire.
    fn recover(&mut self, fetching: &JoinSet<Result<Answer<ReadDocument>, Failure>>, pause: Duration) {
        let RemoteSettings { location, .. } = &*self.settings;
        let text =
            format!("Internal error while fetching keys from {location}. Fetching restarts in {} s", pause.as_secs());
        self.events.defect(&text);
        let Some(key_set) = self.key_set.upgrade() else { return };
        let now = Moment::now();
        let random = self.random.hash_one(now);
        // If this panics, too, the next turn does the rest.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            key_set.change(&self.epoch, |state| {
                if fetching.is_empty() && state.due().is_none() {
                    state.failed(&defect(), now, random);
                }
                (Some(Snapshot::serving(state).unwrap_or_else(|| self.unavailable(state))), ())
            });
        }));
        // A fetch may have ended without waking the waiting requests.
        key_set.wake_all();
    }

    /// Tests provoke a panic in each part.
    #[cfg(not(test))]
    fn reaches(&self, _: Part) {}

    /// Applies the result of a fetch.
    fn take(
        &mut self,
        key_set: &RemoteKeySet,
        fetched: Result<Answer<ReadDocument>, Failure>,
        now: Moment,
        wall_clock: UnixMillis,
    ) {
        self.reaches(Part::Take);
        self.end_keys(key_set, now);
        let fetched = fetched.and_then(|Answer { fetched, max_age, .. }| {
            let fetched = fetched.try_map(|ReadDocument { reading, validator, text }| {
                self.log_skipped_keys(&reading.skipped);
                let keys = reading.usable().map_err(|error| Failure::new(FailureKind::Document, error.0))?;
                Ok(FetchedKeySet { keys: Arc::new(keys), validator, text })
            })?;
            Ok((fetched, max_age))
        });
        let failure = match fetched {
            Ok((fetched, max_age)) => {
                // Logged before the keys are published, so that a request that waited for the fetch finds the line.
                let epoch = Arc::clone(&self.epoch);
                let good = key_set.change(&epoch, |state| match state.succeeded(fetched, max_age, now, wall_clock) {
                    Ok(success) => {
                        self.reaches(Part::Success);
                        self.log_success(state, &success, wall_clock);
                        (Snapshot::serving(state), Ok(state.document().map(|(good, _)| good.clone())))
                    }
                    Err(NothingToRenew) => (None, Err(NothingToRenew)),
                });
                match good {
                    Ok(good) => return self.save(key_set, good, wall_clock),
                    Err(NothingToRenew) => Failure::new(
                        FailureKind::Document,
                        "the server answered that the keys have not changed, but the keys of the last fetch have expired",
                    ),
                }
            }
            Err(failure) => failure,
        };
        self.failed(key_set, &failure, now);
    }

    fn log_success(&mut self, state: &KeySetState, success: &Success, wall_clock: UnixMillis) {
        let RemoteSettings { location, timing, .. } = &*self.settings;
        if let LogNote::Recovered { failures } = success.news {
            let times = if failures == 1 { "once".to_owned() } else { format!("{failures} times") };
            let text =
                format!("The fetch of keys from {location} works again; it had failed {times} since {}", self.since);
            self.events.push(Level::Info, text);
        }
        // Later failures are counted from now on.
        self.since = wall_clock;
        let Some((FetchedKeySet { keys, .. }, _)) = state.document() else { return };
        let older = success.replaced.as_ref().map(|replaced| replaced.older.as_ref());
        if let Some(changes) = older.flatten().and_then(|older| keys.changes_since(older)) {
            let mut text = format!("The keys of {location} changed: {changes}; now {}", keys.describe());
            if success.replaced.as_ref().is_some_and(|replaced| replaced.retires) {
                let until = later_by(wall_clock, timing.removed_key_grace);
                text.push_str(&format!("; removed and replaced keys stay in use until {until}"));
            }
            self.events.push(Level::Info, text);
        } else if success.news == LogNote::Loaded || matches!(older, Some(None)) {
            self.events.push(Level::Info, format!("Loaded {} from {location}", keys.describe()));
        }
    }

    /// Writes the cache file without waiting for it: a slow disk must not delay fetches.
    fn save(&self, key_set: &RemoteKeySet, good: Option<FetchedKeySet>, fetched_at: UnixMillis) {
        self.reaches(Part::Save);
        let Some(FetchedKeySet { text: Some(document), validator, .. }) = good else { return };
        if let Some(cache_file) = &key_set.cache_file {
            let cache_file = Arc::clone(cache_file);
            let events = Arc::clone(&self.events);
            spawn_blocking(move || cache_file.save(&Cached { document, validator, fetched_at }, &events));
        }
    }

    fn failed(&mut self, key_set: &RemoteKeySet, failure: &Failure, now: Moment) {
        let random = self.random.hash_one(now);
        key_set.change(&self.epoch, |state| {
            let news = state.failed(failure, now, random);
            self.reaches(Part::Failure);
            self.log_failure(state, news, failure);
            (state.document().is_none().then(|| self.unavailable(state)), ())
        });
    }

    fn log_failure(&self, state: &KeySetState, news: LogNote, Failure { text, .. }: &Failure) {
        let RemoteSettings { location, timing, .. } = &*self.settings;
        let LogNote::Failing { failures } = news else { return };
        let consequence = match state.document() {
            None => "tokens are rejected until it succeeds".to_owned(),
            Some((_, time)) => {
                format!("the keys fetched at {time} stay in use until {}", later_by(time, timing.max_stale))
            }
        };
        let attempts = if failures == 1 { String::new() } else { format!(" {failures} times, most recently") };
        self.events.push(
            Level::Warning,
            format!("The fetch of keys from {location} failed{attempts}: {text}. It will be retried; {consequence}."),
        );
    }

    /// The snapshot without keys, with its message for clients.
    fn unavailable(&self, state: &KeySetState) -> Snapshot {
        let since = self.since;
        Snapshot::Unavailable(match state.failure() {
            Some(Failure { kind, .. }) => {
                let why = kind.in_general_words();
                format!("The signing keys could not be fetched since {since}, because {why}")
            }
            None => format!("The signing keys could not be fetched since {since}"),
        })
    }

    /// Removes and logs expired keys.
    fn end_keys(&self, key_set: &RemoteKeySet, now: Moment) {
        key_set.change(&self.epoch, |state| {
            let ending = state.end_keys(now);
            self.reaches(Part::EndKeys);
            let serving = || Snapshot::serving(state).unwrap_or_else(|| self.unavailable(state));
            let snapshot = ending.is_some().then(serving);
            if let Some(ending) = ending {
                self.log_expiry(state, ending);
            }
            (snapshot, ())
        });
    }

    fn log_expiry(&self, state: &KeySetState, ending: Expiry) {
        let location = &self.settings.location;
        match ending {
            Expiry::Retired(keys) => {
                let keys = RemovedKey::describe(&keys);
                self.events.push(Level::Info, format!("Keys removed from {location} are no longer used: {keys}"));
            }
            Expiry::All { fetched_at } => {
                let why = state
                    .failure()
                    .map_or_else(String::new, |failure| format!("; the last one failed: {}", failure.text));
                self.events.push(
                    Level::Error,
                    format!(
                        "The keys of {location} have expired: they were fetched at {fetched_at}, and no fetch has succeeded since then{why}. Tokens are rejected until one succeeds."
                    ),
                );
            }
        }
    }

    /// Logs the unused keys, but not again at each refresh.
    fn log_skipped_keys(&mut self, skipped: &[String]) {
        if skipped == self.skipped {
            return;
        }
        let location = &self.settings.location;
        for line in skipped.iter().take(MAX_SKIPPED_LINES) {
            self.events.warn(Finding::KeyNotUsed, format!("{location}: {line}"));
        }
        if skipped.len() > MAX_SKIPPED_LINES {
            let more = skipped.len() - MAX_SKIPPED_LINES;
            self.events.warn(Finding::KeyNotUsed, format!("{location}: {more} more keys are not used"));
        }
        self.skipped = skipped.to_vec();
    }
}

/// One complete fetch.
async fn obtain(
    settings: Arc<RemoteSettings>,
    validator: Option<Validator>,
    server_clock: Arc<ServerClock>,
) -> Result<Answer<ReadDocument>, Failure> {
    let RemoteSettings { location, transport, cache_file, bearer_token_file, .. } = &*settings;
    let take_time = |answer: &Answer<Document>, asked_at| {
        if let Some(server_time) = answer.server_time {
            server_clock.showed(server_time, asked_at, UnixMillis::now());
        }
    };
    let answer = get::within(transport, async {
        let bearer = match bearer_token_file {
            Some(path) => Some(bearer_for(location, path.clone()).await?),
            None => None,
        };
        let query = |endpoint| Query {
            endpoint,
            wanted: Wanted::JwkSet,
            accept: "application/jwk-set+json, application/json;q=0.9, */*;q=0.1",
            max_bytes: MAX_DOCUMENT_BYTES,
            validator: validator.as_ref(),
            bearer: bearer.as_ref(),
        };
        match location {
            Location::JwkSet(endpoint) => {
                let query = query(endpoint);
                let asked_at = UnixMillis::now();
                let answer = get::fetch(query, transport).await?;
                take_time(&answer, asked_at);
                Ok((answer, query.excerpts()))
            }
            Location::Discovery { issuer } => {
                let endpoint = discovery::jwk_set_endpoint(issuer, transport, bearer.as_ref()).await?;
                let query = query(&endpoint);
                let asked_at = UnixMillis::now();
                let answer = get::fetch(query, transport).await.map_err(|Failure { kind, text }| {
                    Failure::new(kind, format!("the JWK Set {endpoint} of the discovery document: {text}"))
                })?;
                take_time(&answer, asked_at);
                Ok((answer, query.excerpts()))
            }
        }
    });
    let (Answer { fetched, max_age, server_time }, excerpts): (_, Excerpts) = answer.await?;
    let fetched = fetched.try_map(|Document { bytes, validator }| {
        let broken = |KeyError(text): KeyError| Failure::new(FailureKind::Document, text);
        let reading = JwkSet::read_with(&bytes, Origin::Fetched, excerpts).map_err(broken)?;
        let text = cache_file.as_ref().and_then(|_| str::from_utf8(&bytes).ok()).map(Arc::from);
        Ok(ReadDocument { reading: Box::new(reading), validator, text })
    })?;
    Ok(Answer { fetched, max_age, server_time })
}

async fn bearer_for(location: &Location, path: PathBuf) -> Result<Bearer, Failure> {
    let token = spawn_blocking(move || bearer_file::read(&path)).await.unwrap_or_else(|_| Err(defect()))?;
    match location {
        Location::JwkSet(endpoint) => Bearer::new(&token, endpoint),
        Location::Discovery { issuer } => {
            let endpoint = Endpoint::parse(issuer).map_err(|error| Failure::new(FailureKind::Discovery, error))?;
            Bearer::new(&token, &endpoint)
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

//! The thread that fetches remote JWK sets.

use std::future::poll_fn;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinSet, spawn_blocking};

use crate::clock::{Moment, UnixMillis};
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
use crate::keys::remote::state::{KeySetState, NothingToRenew, Success};
use crate::keys::remote::{Location, RemoteKeySet, RemoteSettings, Snapshot, later_by};
use crate::stoppable_thread::StoppableThread;

/// What the thread is called in a thread dump; Linux shows 15 characters.
const THREAD_NAME: &str = "nativejwt-jwks";
/// The longest sleep. A timer stands still while the machine is suspended, and what was due meanwhile is this late at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// After a panic the work begins anew after this long; the time doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The thread that fetches for all key sets of an authenticator, each at its own times, so that a slow server delays no
/// other one. Dropped, it stops, whatever is under way.
pub(crate) struct Refresher {
    runtime: Handle,
    events: Arc<Events>,
    epoch: Arc<Epoch>,
    _thread: StoppableThread<oneshot::Sender<()>>,
}

impl Refresher {
    /// Starts the thread, which has nothing to do yet.
    ///
    /// # Errors
    /// The system has no thread or no file descriptor left.
    pub(crate) fn start(events: &Arc<Events>, epoch: &Arc<Epoch>) -> io::Result<Self> {
        // Current-thread: the fetches run on our thread. Names are looked up by the C library on helper threads, which
        // end by themselves; files that a disk could keep us waiting for are read and written on such, too.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().thread_name(THREAD_NAME).build()?;
        let (handle, events, epoch) = (runtime.handle().clone(), Arc::clone(events), Arc::clone(epoch));
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = StoppableThread::start(THREAD_NAME, stop, move || {
            // Dropping the sender is the signal.
            let _ = runtime.block_on(stopped);
            // A look-up of a name cannot be interrupted, so it is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, events, epoch, _thread: thread })
    }

    /// Fetches for the key set from now on, until nobody else holds it; waits for nothing. A key set belongs to the first
    /// refresher that takes it.
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
    /// The text for the cache file, where there is one.
    text: Option<Arc<str>>,
}

/// The refreshing of one key set: the decisions are [`KeySetState`]'s, the requests are [`fetch`]'s. Between two steps it does not
/// hold the key set, so that this ends with its last user.
struct Refreshing {
    key_set: Weak<RemoteKeySet>,
    settings: Arc<RemoteSettings>,
    demand: Arc<Notify>,
    events: Arc<Events>,
    epoch: Arc<Epoch>,
    /// Failures count from here.
    since: UnixMillis,
    skipped: Vec<String>,
    random: RandomState,
    #[cfg(test)]
    defects: tests::Defects,
}

/// What comes after a turn.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Next,
    /// Nobody holds the key set any more.
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
    /// The life knows of the keys, and nobody else does yet.
    Success,
    Save,
    Failure,
}

/// `None` if it panics. What that leaves half-done is for the caller to look at.
async fn survived<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

fn defect() -> Failure {
    Failure::new(FailureKind::Defect, "a defect in this software stopped the fetch")
}

impl Refreshing {
    fn new(key_set: &Arc<RemoteKeySet>, events: &Arc<Events>, epoch: &Arc<Epoch>) -> Self {
        Self {
            key_set: Arc::downgrade(key_set),
            settings: Arc::clone(&key_set.settings),
            demand: Arc::clone(&key_set.demand),
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
        // A task of its own, so that a panic is a failed fetch.
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

    /// Does what is due, then waits for what comes next: the end of a fetch, a wish of a login, or a time.
    async fn turn(&mut self, fetching: &mut JoinSet<Result<Answer<ReadDocument>, Failure>>) -> Turn {
        let now = Moment::now();
        let Some(key_set) = self.key_set.upgrade() else { return Turn::End };
        self.reaches(Part::Begin);
        self.end_keys(&key_set, now);
        let (step, next_end, validator) =
            key_set.change(&self.epoch, |life| (None, (life.next(now), life.next_end(), life.validator())));
        drop(key_set);
        let wake = match step {
            FetchStep::Fetch => {
                self.reaches(Part::Fetch);
                fetching.spawn(obtain(Arc::clone(&self.settings), validator));
                return Turn::Next;
            }
            FetchStep::WaitUntil(due) => next_end.map_or(due, |end| end.min(due)),
            FetchStep::Fetching => next_end.unwrap_or(now + LONGEST_SLEEP),
        };
        self.reaches(Part::Wait);
        let sleep = (wake - now).min(LONGEST_SLEEP);
        if fetching.is_empty() {
            // Either way there may be something to do now.
            let _ = tokio::time::timeout(sleep, self.demand.notified()).await;
        } else if let Ok(Some(fetched)) = tokio::time::timeout(sleep, fetching.join_next()).await {
            let fetched = fetched.unwrap_or_else(|_| Err(defect()));
            let Some(key_set) = self.key_set.upgrade() else { return Turn::End };
            self.take(&key_set, fetched, Moment::now(), UnixMillis::now());
        }
        Turn::Next
    }

    /// After a defect of ours, or of a system without a thread for the cache file, which cut a turn short wherever it was:
    /// the life of the set goes on as it is, and a fetch that nobody waits for any more has failed. Without this, no key
    /// would be renewed, and none would end.
    fn recover(&mut self, fetching: &JoinSet<Result<Answer<ReadDocument>, Failure>>, pause: Duration) {
        let RemoteSettings { location, .. } = &*self.settings;
        let text = format!(
            "internal error in the fetching of keys from {location}. It begins anew in {} s. Please report this.",
            pause.as_secs()
        );
        self.events.push(Level::Error, text);
        let Some(key_set) = self.key_set.upgrade() else { return };
        let now = Moment::now();
        let random = self.random.hash_one(now);
        // What it does not come to is done by the next turn.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            key_set.change(&self.epoch, |life| {
                if fetching.is_empty() && life.due().is_none() {
                    life.failed(&defect(), now, random);
                }
                (Some(Snapshot::serving(life).unwrap_or_else(|| self.unavailable(life))), ())
            });
        }));
        // The end of a fetch may have come and not been told.
        key_set.wake_all();
    }

    /// A test has a defect in each part.
    #[cfg(not(test))]
    fn reaches(&self, _: Part) {}

    /// Takes the end of a fetch in.
    fn take(
        &mut self,
        key_set: &RemoteKeySet,
        fetched: Result<Answer<ReadDocument>, Failure>,
        now: Moment,
        wall_clock: UnixMillis,
    ) {
        self.reaches(Part::Take);
        self.end_keys(key_set, now);
        let fetched = fetched.and_then(|Answer { fetched, max_age }| {
            let fetched = fetched.try_map(|ReadDocument { reading, validator, text }| {
                self.log_skipped_keys(&reading.skipped);
                let keys = reading.usable().map_err(|error| Failure::new(FailureKind::Document, error.0))?;
                Ok(FetchedKeySet { keys: Arc::new(keys), validator, text })
            })?;
            Ok((fetched, max_age))
        });
        let failure = match fetched {
            Ok((fetched, max_age)) => {
                // The log line comes before the keys, so that a request that waited for the fetch finds it there.
                let epoch = Arc::clone(&self.epoch);
                let good = key_set.change(&epoch, |life| match life.succeeded(fetched, max_age, now, wall_clock) {
                    Ok(success) => {
                        self.reaches(Part::Success);
                        self.log_success(life, &success, wall_clock);
                        (Snapshot::serving(life), Ok(life.document().map(|(good, _)| good.clone())))
                    }
                    Err(NothingToRenew) => (None, Err(NothingToRenew)),
                });
                match good {
                    Ok(good) => return self.save(key_set, good, wall_clock),
                    Err(NothingToRenew) => Failure::new(
                        FailureKind::Document,
                        "the server says that the keys are those of the last fetch, but they are too old by now",
                    ),
                }
            }
            Err(failure) => failure,
        };
        self.failed(key_set, &failure, now);
    }

    fn log_success(&mut self, life: &KeySetState, success: &Success, wall_clock: UnixMillis) {
        let RemoteSettings { location, timing, .. } = &*self.settings;
        if let LogNote::Recovered { failures } = success.news {
            let times = if failures == 1 { "once".to_owned() } else { format!("{failures} times") };
            let text =
                format!("The fetch of keys from {location} works again; it had failed {times} since {}", self.since);
            self.events.push(Level::Info, text);
        }
        // Failures from now on count from this moment.
        self.since = wall_clock;
        let Some((FetchedKeySet { keys, .. }, _)) = life.document() else { return };
        let older = success.replaced.as_ref().map(|replaced| replaced.older.as_ref());
        if let Some(changes) = older.flatten().and_then(|older| keys.changes_since(older)) {
            let mut text = format!("The keys of {location} changed: {changes}; now {}", keys.describe());
            if success.replaced.as_ref().is_some_and(|replaced| replaced.retires) {
                let until = later_by(wall_clock, timing.removed_key_grace);
                text.push_str(&format!("; what was removed or replaced serves until {until}"));
            }
            self.events.push(Level::Info, text);
        } else if success.news == LogNote::Loaded || matches!(older, Some(None)) {
            self.events.push(Level::Info, format!("Loaded {} from {location}", keys.describe()));
        }
    }

    /// Writes the cache file, and does not wait for it: a slow disk delays no fetch.
    fn save(&self, key_set: &RemoteKeySet, good: Option<FetchedKeySet>, fetched_at: UnixMillis) {
        self.reaches(Part::Save);
        let Some(FetchedKeySet { text: Some(document), validator, .. }) = good else { return };
        if let Some(cache_file) = &key_set.cache_file {
            let (cache_file, events) = (Arc::clone(cache_file), Arc::clone(&self.events));
            spawn_blocking(move || cache_file.save(&Cached { document, validator, fetched_at }, &events));
        }
    }

    fn failed(&mut self, key_set: &RemoteKeySet, failure: &Failure, now: Moment) {
        let random = self.random.hash_one(now);
        key_set.change(&self.epoch, |life| {
            let news = life.failed(failure, now, random);
            self.reaches(Part::Failure);
            self.log_failure(life, news, failure);
            (life.document().is_none().then(|| self.unavailable(life)), ())
        });
    }

    fn log_failure(&self, life: &KeySetState, news: LogNote, Failure { text, .. }: &Failure) {
        let RemoteSettings { location, timing, .. } = &*self.settings;
        let LogNote::Failing { failures } = news else { return };
        let consequence = match life.document() {
            None => "no token can be verified until it works".to_owned(),
            Some((_, time)) => {
                format!("the keys fetched at {time} stay in use until {}", later_by(time, timing.max_stale))
            }
        };
        let attempts = if failures == 1 { String::new() } else { format!(" {failures} times, most recently") };
        self.events.push(
            Level::Warning,
            format!("The fetch of keys from {location} failed{attempts}: {text}. It is tried again; {consequence}."),
        );
    }

    /// For whoever tries to log in while there are no keys.
    fn unavailable(&self, life: &KeySetState) -> Snapshot {
        let since = self.since;
        Snapshot::Unavailable(match life.failure() {
            Some(Failure { kind, .. }) => {
                let why = kind.in_general_words();
                format!("The signing keys could not be fetched since {since}, because {why}")
            }
            None => format!("The signing keys could not be fetched since {since}"),
        })
    }

    /// Ends the keys whose time is over.
    fn end_keys(&self, key_set: &RemoteKeySet, now: Moment) {
        key_set.change(&self.epoch, |life| {
            let ending = life.end_keys(now);
            self.reaches(Part::EndKeys);
            let serving = || Snapshot::serving(life).unwrap_or_else(|| self.unavailable(life));
            let snapshot = ending.is_some().then(serving);
            if let Some(ending) = ending {
                self.log_expiry(life, ending);
            }
            (snapshot, ())
        });
    }

    fn log_expiry(&self, life: &KeySetState, ending: Expiry) {
        let location = &self.settings.location;
        match ending {
            Expiry::Retired(keys) => {
                let keys = RemovedKey::describe(&keys);
                self.events.push(Level::Info, format!("Keys removed from {location} serve no more: {keys}"));
            }
            Expiry::All { fetched_at } => {
                let why =
                    life.failure().map_or_else(String::new, |failure| format!("; the last failed: {}", failure.text));
                self.events.push(
                    Level::Error,
                    format!(
                        "The keys of {location} have ended: they were fetched at {fetched_at}, and no fetch since then \
                         was good{why}. No token can be verified until one is."
                    ),
                );
            }
        }
    }

    /// Names the keys that are not used, but not again at each refresh.
    fn log_skipped_keys(&mut self, skipped: &[String]) {
        if skipped == self.skipped {
            return;
        }
        let location = &self.settings.location;
        for line in skipped.iter().take(MAX_SKIPPED_LINES) {
            self.events.push(Level::Warning, format!("{location}: {line}"));
        }
        if skipped.len() > MAX_SKIPPED_LINES {
            let more = skipped.len() - MAX_SKIPPED_LINES;
            self.events.push(Level::Warning, format!("{location}: {more} more keys are not used"));
        }
        self.skipped = skipped.to_vec();
    }
}

/// One fetch, with everything it takes.
async fn obtain(settings: Arc<RemoteSettings>, validator: Option<Validator>) -> Result<Answer<ReadDocument>, Failure> {
    let RemoteSettings { location, transport, cache_file, bearer_token_file, .. } = &*settings;
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
                Ok((get::fetch(query, transport).await?, query.excerpts()))
            }
            Location::Discovery { issuer } => {
                let endpoint = discovery::jwk_set_endpoint(issuer, transport, bearer.as_ref()).await?;
                let query = query(&endpoint);
                let answer = get::fetch(query, transport).await.map_err(|Failure { kind, text }| {
                    Failure::new(kind, format!("the JWK set {endpoint} of the discovery document: {text}"))
                });
                Ok((answer?, query.excerpts()))
            }
        }
    });
    let (Answer { fetched, max_age }, excerpts): (_, Excerpts) = answer.await?;
    let fetched = fetched.try_map(|Document { bytes, validator }| {
        let broken = |KeyError(text): KeyError| Failure::new(FailureKind::Document, text);
        let reading = JwkSet::read_with(&bytes, Origin::Fetched, excerpts).map_err(broken)?;
        let text = cache_file.as_ref().and_then(|_| str::from_utf8(&bytes).ok()).map(Arc::from);
        Ok(ReadDocument { reading: Box::new(reading), validator, text })
    })?;
    Ok(Answer { fetched, max_age })
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

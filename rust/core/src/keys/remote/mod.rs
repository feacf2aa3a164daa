//! The keys of a remote JWK set, as a snapshot for the request path.

mod bearer_file;
mod cache_file;
mod discovery;
mod keyring;
mod on_demand;
pub(crate) mod refresh;
pub(crate) mod schedule;
mod state;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::clock::{Moment, UnixMillis};
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::http::client::Transport;
use crate::http::endpoint::{Endpoint, hex_digest};
use crate::keys::error::KeyError;
use crate::keys::jwk::Origin;
use crate::keys::jwk_set::{JwkSet, Reading};
use crate::keys::offered::{OfferedKey, UnusedKey};
use crate::keys::remote::cache_file::CacheFile;
use crate::keys::remote::keyring::FetchedKeySet;
use crate::keys::remote::on_demand::{FetchWaiters, MAX_KEY_ID_BYTES};
use crate::keys::remote::schedule::Timing;
use crate::keys::remote::state::{Gate, KeySetState, Ticket, UnknownKeyAnswer};
use crate::keys::verifying_key::VerifyingKey;
use crate::rejection::{Reason, Rejection};
use crate::token::protected_header::ProtectedHeader;

/// Values of [`RemoteKeySet::gate`]; a greater one is a time.
const GATE_OPEN: u64 = 0;
const GATE_FETCHING: u64 = 1;

/// The thread that ends keys, and says so, may be late by this much.
pub(super) const LATEST_END: Duration = Duration::from_secs(1);

/// Where a remote set lies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Location {
    /// At this address.
    JwkSet(Endpoint),
    /// Where the discovery document of this issuer says.
    Discovery {
        /// As `iss` of the tokens has it, to the letter.
        issuer: String,
    },
}

impl Location {
    /// What `key-file` begins with where the keys are found by OpenID Connect Discovery; the issuer follows.
    const DISCOVERY: &'static str = "oidc:";

    /// True if the text is meant as a remote set rather than as a path.
    pub(crate) fn is_remote(text: &str) -> bool {
        Endpoint::is_url(text) || Self::discovery_issuer(text).is_some()
    }

    /// The issuer after `oidc:`, which may be in capitals, as the name of a URI's scheme (RFC 3986, section 3.1).
    pub(crate) fn discovery_issuer(text: &str) -> Option<&str> {
        let (begin, issuer) = text.split_at_checked(Self::DISCOVERY.len())?;
        begin.eq_ignore_ascii_case(Self::DISCOVERY).then_some(issuer)
    }

    /// Reads a URL, or `oidc:` and an issuer.
    ///
    /// # Errors
    /// The address is malformed or of another kind than https and http.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let parsed = match Self::discovery_issuer(text) {
            Some(issuer) => Endpoint::of_discovery(issuer).map(|_| Self::Discovery { issuer: issuer.to_owned() }),
            None => Endpoint::parse(text).map(Self::JwkSet),
        };
        parsed.map_err(KeyError)
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        match self {
            Self::JwkSet(endpoint) => endpoint.is_encrypted(),
            Self::Discovery { issuer } => Endpoint::parse(issuer).is_ok_and(|issuer| issuer.is_encrypted()),
        }
    }

    /// What a cache file is bound to.
    fn digest(&self) -> String {
        match self {
            Self::JwkSet(endpoint) => endpoint.digest(),
            Self::Discovery { issuer } => hex_digest(&format!("{}{issuer}", Self::DISCOVERY)),
        }
    }
}

/// The location without what may be a secret.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JwkSet(endpoint) => endpoint.fmt(f),
            Self::Discovery { issuer } => write!(f, "{}{issuer}", Self::DISCOVERY),
        }
    }
}

/// A remote set, as configured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RemoteSettings {
    pub(crate) location: Location,
    pub(crate) timing: Timing,
    pub(crate) transport: Transport,
    /// Keeps the last good set over a restart.
    pub(crate) cache_file: Option<PathBuf>,
    /// Holds the token to show to the server.
    pub(crate) bearer_token_file: Option<PathBuf>,
}

#[cfg(test)]
impl RemoteSettings {
    /// The defaults for a location.
    pub(crate) fn new(location: Location) -> Self {
        Self {
            location,
            timing: Timing::DEFAULT,
            transport: Transport::DEFAULT,
            cache_file: None,
            bearer_token_file: None,
        }
    }
}

/// The keys of one location. The request path reads a snapshot; only the [`Refresher`](super::refresh::Refresher)
/// replaces it.
pub(crate) struct RemoteKeySet {
    pub(super) settings: Arc<RemoteSettings>,
    snapshot: ArcSwap<Snapshot>,
    life: Mutex<KeySetState>,
    /// [`KeySetState::gate`], read without the lock; a time is in nanoseconds since `opened`.
    gate: AtomicU64,
    opened: Moment,
    /// A fetch came to its end.
    fetch_ended: Condvar,
    /// The refresher is to look at `life` again.
    pub(super) demand: Arc<Notify>,
    pub(super) cache_file: Option<Arc<CacheFile>>,
    pub(super) places: FetchWaiters,
    /// Set when a refresher takes the set.
    pub(super) refreshing: OnceLock<AbortHandle>,
    seed: RandomState,
}

/// What the request path sees.
#[derive(Clone, Debug)]
pub(super) enum Snapshot {
    /// There are no keys; the sentence for whoever tries to log in.
    Unavailable(String),
    /// There are keys, whatever becomes of the thread that ends them.
    Keys {
        /// All that serve, until the first of them ends.
        keys: Arc<JwkSet>,
        next_end: Moment,
        /// Those of the last good document, until they are too old: the same ones, unless removed keys serve on for a while.
        lasting: Arc<JwkSet>,
        until: Moment,
    },
}

impl Snapshot {
    /// The keys that serve now.
    pub(super) fn serving(life: &KeySetState) -> Option<Self> {
        let (keys, end) = life.serving().zip(life.keys_end())?;
        let lasting = Arc::clone(&life.document()?.0.keys);
        let next_end = life.next_end().map_or(end, |next_end| next_end.min(end));
        Some(Self::Keys { keys, next_end: next_end + LATEST_END, lasting, until: end + LATEST_END })
    }

    /// The keys that serve at this moment, and when the first of them ends. Removed keys end together with the first of
    /// them where the thread does not come to take them out one by one.
    pub(super) fn keys_at(&self, now: Moment) -> Option<(&Arc<JwkSet>, Moment)> {
        match self {
            Self::Keys { keys, next_end, .. } if now < *next_end => Some((keys, *next_end)),
            Self::Keys { lasting, until, .. } if now < *until => Some((lasting, *until)),
            Self::Keys { .. } | Self::Unavailable(_) => None,
        }
    }

    /// True if no token that was accepted by the older snapshot, and is kept until the first key of that ends, would be
    /// judged otherwise by this one. Once that end is past, tokens are kept until another one, of which nothing is known here.
    pub(super) fn continues(&self, older: &Self, now: Moment) -> bool {
        match (self, older) {
            (Self::Keys { keys, next_end, .. }, Self::Keys { keys: others, next_end: others_end, .. }) => {
                now < *others_end && next_end >= others_end && keys.is_same(others)
            }
            (Self::Unavailable(_), Self::Unavailable(_)) => true,
            _ => false,
        }
    }
}

impl RemoteKeySet {
    /// Begins with the keys of the cache file, if there are good ones. Nothing is fetched before a
    /// [`Refresher`](super::refresh::Refresher) takes the set.
    pub(crate) fn open(settings: RemoteSettings, events: &Events) -> Arc<Self> {
        let RemoteSettings { location, timing, cache_file, .. } = &settings;
        if !location.is_encrypted() {
            events.push(
                Level::Warning,
                format!(
                    "The keys come from {location} without encryption: anybody on the network path can put in a key of \
                     their own and log in as any user. Use https."
                ),
            );
        }
        let cache_file =
            cache_file.as_ref().map(|path| CacheFile::new(path.clone(), location.digest(), location.to_string()));
        let (now, wall_clock) = (Moment::now(), UnixMillis::now());
        let life = cache_file
            .as_ref()
            .and_then(|cache_file| restore(cache_file, location, timing, now, wall_clock, events))
            .unwrap_or_else(|| KeySetState::new(timing, now));
        let unavailable =
            || Snapshot::Unavailable("The signing keys are not fetched yet; try again shortly".to_owned());
        Arc::new(Self {
            snapshot: ArcSwap::from_pointee(Snapshot::serving(&life).unwrap_or_else(unavailable)),
            life: Mutex::new(life),
            gate: AtomicU64::new(0),
            opened: now,
            fetch_ended: Condvar::new(),
            demand: Arc::default(),
            cache_file: cache_file.map(Arc::new),
            places: FetchWaiters::default(),
            refreshing: OnceLock::new(),
            seed: RandomState::new(),
            settings: Arc::new(settings),
        })
    }

    /// As [`JwkSet::verify_with`], with the keys of the last good fetch, and says when the first of them ends. A `kid` or
    /// thumbprint that they lack may lead to a fetch, which is waited for within bounds.
    pub(crate) fn verify_with<T>(
        &self,
        header: &ProtectedHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Result<(T, Moment), Rejection> {
        let verdict = self.verify_now(header, &verify);
        match header.key_name() {
            Some(name) if lacks_key(&verdict) && name.len() <= MAX_KEY_ID_BYTES => {
                self.verify_after_fetch(header, name, &verify).unwrap_or(verdict)
            }
            _ => verdict,
        }
    }

    pub(crate) fn for_each_key(&self, show: &mut dyn FnMut(OfferedKey<'_>)) {
        if let Snapshot::Keys { keys, .. } = &**self.snapshot.load() {
            keys.for_each_key(show);
        }
    }

    pub(crate) fn unused_keys(&self) -> Vec<UnusedKey> {
        match &**self.snapshot.load() {
            Snapshot::Keys { keys, .. } => keys.unused().to_vec(),
            Snapshot::Unavailable(_) => Vec::new(),
        }
    }

    /// False as long as every token is refused for want of keys.
    pub(crate) fn has_keys(&self) -> bool {
        self.snapshot.load().keys_at(Moment::now()).is_some()
    }

    /// True if both come from the same place in the same way.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        self.settings == other.settings
    }

    /// No fetch takes longer.
    pub(crate) fn longest_fetch(&self) -> Duration {
        self.settings.transport.total_timeout + Duration::from_secs(1)
    }

    fn verify_now<T>(
        &self,
        header: &ProtectedHeader<'_>,
        verify: &impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Result<(T, Moment), Rejection> {
        let snapshot = self.snapshot.load();
        if let Some((keys, end)) = snapshot.keys_at(Moment::now()) {
            return keys.verify_with(header, verify).map(|verified| (verified, end));
        }
        let why = match &**snapshot {
            Snapshot::Keys { .. } => "The signing keys are too old to be used; try again shortly",
            Snapshot::Unavailable(message) => message,
        };
        Err(Rejection::new(Reason::KeysUnavailable, why.to_owned()))
    }

    /// The verdict by keys that were waited for; `None` if there was nothing to wait for, or not long enough.
    #[cold]
    fn verify_after_fetch<T>(
        &self,
        header: &ProtectedHeader<'_>,
        key_name: &[u8],
        verify: &impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Option<Result<(T, Moment), Rejection>> {
        // Without a refresher nothing will be fetched.
        self.refreshing.get()?;
        let begin = Moment::now();
        if !self.is_worth_asking(begin) {
            return None;
        }
        let deadline = begin + self.settings.timing.unknown_kid_wait;
        let key_hash = self.seed.hash_one(key_name);
        // The fetch that is under way may have had its answer before the issuer had the key; the one after it has not.
        let ticket = self.wait(key_hash, begin, deadline)?;
        let verdict = self.verify_now(header, verify);
        if ticket.settles || !lacks_key(&verdict) {
            return Some(verdict);
        }
        match self.wait(key_hash, Moment::now(), deadline) {
            Some(_) => Some(self.verify_now(header, verify)),
            None => Some(verdict),
        }
    }

    /// Without a lock, so that a flood of unknown kids costs next to nothing.
    fn is_worth_asking(&self, now: Moment) -> bool {
        match self.gate.load(Ordering::Relaxed) {
            GATE_OPEN => true,
            GATE_FETCHING => !self.places.is_full(),
            closed_until => u128::from(closed_until) <= (now - self.opened).as_nanos(),
        }
    }

    /// Asks for a fetch and waits for the end of it; `None` if it is not to be had before the deadline.
    fn wait(&self, key_hash: u64, now: Moment, deadline: Moment) -> Option<Ticket> {
        let mut life = self.life();
        let due = life.due();
        let answer = life.ask(key_hash, now);
        if life.due() != due {
            self.show_gate(&life);
            self.demand.notify_one();
        }
        let UnknownKeyAnswer::Wait(ticket) = answer else { return None };
        let _place = self.places.take()?;
        life.waits(key_hash, now);
        let (life, _) = self
            .fetch_ended
            .wait_timeout_while(life, deadline - now, |life| !life.is_over(ticket))
            .unwrap_or_else(PoisonError::into_inner);
        life.is_over(ticket).then_some(ticket)
    }

    /// Waits until the first fetch came to its end, good or bad. `Err` says why there are no keys by then.
    pub(crate) fn wait_until_fetched(&self, timeout: Duration) -> Result<(), String> {
        let (life, _) = self
            .fetch_ended
            .wait_timeout_while(self.life(), timeout, |life| life.fetches() == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let location = &self.settings.location;
        match (&**self.snapshot.load(), life.failure()) {
            (Snapshot::Keys { .. }, _) => Ok(()),
            (Snapshot::Unavailable(_), Some(failure)) => {
                Err(format!("the fetch from {location} failed: {}", failure.text))
            }
            (Snapshot::Unavailable(_), None) => {
                Err(format!("no answer from {location} within {:.1} s", timeout.as_secs_f64()))
            }
        }
    }

    /// Changes the life. The request path sees what came of it before anybody who waits is woken; verdicts by keys that
    /// are others now are of another epoch.
    pub(super) fn change<R>(&self, epoch: &Epoch, change: impl FnOnce(&mut KeySetState) -> (Option<Snapshot>, R)) -> R {
        let mut life = self.life();
        let fetches = life.fetches();
        let (snapshot, result) = change(&mut life);
        if let Some(snapshot) = snapshot {
            let continues = snapshot.continues(&self.snapshot.load(), Moment::now());
            let store = || self.snapshot.store(Arc::new(snapshot));
            if continues { store() } else { epoch.change(store) }
        }
        self.show_gate(&life);
        if life.fetches() != fetches {
            self.wake_all();
        }
        result
    }

    /// Has every login that waits look whether its fetch has ended.
    pub(super) fn wake_all(&self) {
        self.fetch_ended.notify_all();
    }

    pub(super) fn life(&self) -> MutexGuard<'_, KeySetState> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show_gate(&self, life: &KeySetState) {
        let gate = match life.gate() {
            Gate::Open => GATE_OPEN,
            Gate::Fetching => GATE_FETCHING,
            Gate::ClosedUntil(time) => {
                let nanos = (time - self.opened).as_nanos();
                u64::try_from(nanos).unwrap_or(u64::MAX).max(GATE_FETCHING + 1)
            }
        };
        self.gate.store(gate, Ordering::Relaxed);
    }
}

/// Nobody fetches for nobody.
impl Drop for RemoteKeySet {
    fn drop(&mut self) {
        if let Some(refreshing) = self.refreshing.get() {
            refreshing.abort();
        }
    }
}

fn lacks_key<T>(verdict: &Result<T, Rejection>) -> bool {
    verdict.as_ref().is_err_and(|reject| reject.code() == Reason::UnknownKeyId)
}

/// The life that begins with the keys of the cache file.
fn restore(
    cache_file: &CacheFile,
    location: &Location,
    timing: &Timing,
    now: Moment,
    wall_clock: UnixMillis,
    events: &Events,
) -> Option<KeySetState> {
    let path = cache_file.path.display();
    let restored = cache_file.read().and_then(|cached| {
        let Some(cached) = cached else { return Ok(None) };
        let age = cache_file::age(cached.fetched_at, wall_clock, timing.max_stale)?;
        let keys = JwkSet::read(cached.document.as_bytes(), Origin::Fetched).and_then(Reading::usable);
        let keys = keys.map_err(|error| format!("its keys are of no use: {error}"))?;
        Ok(Some((cached, age, keys)))
    });
    match restored {
        Ok(Some((cached, age, keys))) => {
            let (described, fetched_at) = (keys.describe(), cached.fetched_at);
            let until = later_by(fetched_at, timing.max_stale);
            events.push(
                Level::Info,
                format!(
                    "Loaded {described} from the cache file '{path}', fetched from {location} at {fetched_at}; they \
                     serve until {until}, unless a fetch brings newer ones"
                ),
            );
            let text = Some(cached.document);
            let good = FetchedKeySet { keys: Arc::new(keys), validator: cached.validator, text };
            Some(KeySetState::restored(timing, good, fetched_at, age, now))
        }
        Ok(None) => None,
        Err(why) => {
            events.push(
                Level::Warning,
                format!(
                    "The cache file '{path}' is not used: {why}. The next good fetch from {location} writes it anew."
                ),
            );
            None
        }
    }
}

/// `after` from a time of the clock on the wall.
pub(super) fn later_by(time: UnixMillis, after: Duration) -> UnixMillis {
    UnixMillis(time.0.saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests;

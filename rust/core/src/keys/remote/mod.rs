// SPDX-License-Identifier: Apache-2.0
//! A remote JWK Set and the snapshot of its keys that the request path reads.

mod bearer_file;
mod cache_file;
mod discovery;
pub(crate) mod history;
mod keyring;
mod on_demand;
pub(crate) mod refresh;
pub(crate) mod schedule;
mod server_clock;
mod state;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::clock::{Moment, UnixMillis};
use crate::config::Finding;
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::http::client::Transport;
use crate::http::endpoint::{Endpoint, hex_digest};
use crate::keys::error::KeyError;
use crate::keys::jwk::Origin;
use crate::keys::jwk_set::{JwkSet, Reading};
use crate::keys::offered::{OfferedKey, UnusedKey};
use crate::keys::remote::cache_file::CacheFile;
use crate::keys::remote::history::{KeyChange, KeyHistory};
use crate::keys::remote::keyring::FetchedKeySet;
use crate::keys::remote::on_demand::{FetchWaiters, MAX_KEY_ID_BYTES};
use crate::keys::remote::schedule::Timing;
use crate::keys::remote::server_clock::ServerClock;
use crate::keys::remote::state::{Gate, KeySetState, Ticket, UnknownKeyAnswer};
use crate::keys::verifying_key::VerifyingKey;
use crate::rejection::{Reason, Rejection};
use crate::token::protected_header::ProtectedHeader;

/// Values of [`RemoteKeySet::gate`]; a greater one is a time.
const GATE_OPEN: u64 = 0;
const GATE_FETCHING: u64 = 1;

/// The refresher may expire and log keys this much late.
pub(super) const MAX_EXPIRY_DELAY: Duration = Duration::from_secs(1);

/// Where a remote set comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Location {
    /// The address of the set.
    JwkSet(Endpoint),
    /// The address in the discovery document of an issuer.
    Discovery {
        /// Exactly the `iss` of the tokens.
        issuer: String,
    },
}

impl Location {
    /// The prefix of a `key-file` that names an issuer with OpenID Connect Discovery.
    const DISCOVERY: &'static str = "oidc:";

    /// True if the text is meant as a remote set, not as a path.
    pub(crate) fn is_remote(text: &str) -> bool {
        Endpoint::is_url(text) || Self::discovery_issuer(text).is_some()
    }

    /// The issuer after `oidc:`, which may be in upper case like a URI scheme (RFC 3986, section 3.1).
    pub(crate) fn discovery_issuer(text: &str) -> Option<&str> {
        let (begin, issuer) = text.split_at_checked(Self::DISCOVERY.len())?;
        begin.eq_ignore_ascii_case(Self::DISCOVERY).then_some(issuer)
    }

    /// Reads a URL, or `oidc:` and an issuer.
    ///
    /// # Errors
    /// The address is malformed or neither https nor http.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyError> {
        let parsed = match Self::discovery_issuer(text) {
            Some(issuer) => Endpoint::for_discovery(issuer).map(|_| Self::Discovery { issuer: issuer.to_owned() }),
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

    /// Identifies the source in a cache file.
    fn digest(&self) -> String {
        match self {
            Self::JwkSet(endpoint) => endpoint.digest(),
            Self::Discovery { issuer } => hex_digest(&format!("{}{issuer}", Self::DISCOVERY)),
        }
    }
}

/// The location without user, password and query, which may be secrets.
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
    /// Keeps the last successfully fetched set for a restart.
    pub(crate) cache_file: Option<PathBuf>,
    /// Contains the bearer token for the server.
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
    /// Only in shadow mode.
    history: OnceLock<Mutex<KeyHistory>>,
    state: Mutex<KeySetState>,
    /// [`KeySetState::gate`], read without the lock; times are in nanoseconds since `opened`.
    gate: AtomicU64,
    opened: Moment,
    /// Notified when a fetch has ended.
    fetch_ended: Condvar,
    /// Notified when the refresher must check `state` again.
    pub(super) refresh_requested: Arc<Notify>,
    pub(super) cache_file: Option<Arc<CacheFile>>,
    pub(crate) server_clock: Arc<ServerClock>,
    pub(super) waiters: FetchWaiters,
    /// Set when a refresher starts to fetch the set.
    pub(super) refreshing: OnceLock<AbortHandle>,
    seed: RandomState,
    /// When the refresher looked after this set last, in milliseconds since 1970; 0 for never.
    pub(super) refreshed_at: AtomicI64,
    /// Tokens with an unknown `kid` that waited for a fetch, and those that were rejected at once.
    unknown_waited: AtomicU64,
    unknown_rejected: AtomicU64,
}

/// How the fetching of a set goes.
pub(crate) struct Health {
    /// When the keys were fetched or confirmed last.
    pub(crate) fetched_at: Option<UnixMillis>,
    /// When all of them end; zero without any.
    pub(crate) end_after: Duration,
    /// The fetches that have ended, and those of them that failed.
    pub(crate) fetches: u64,
    pub(crate) failed: u64,
    /// When the refresher looked after the set last.
    pub(crate) refreshed_at: Option<UnixMillis>,
    /// Tokens with an unknown `kid` that waited for a fetch.
    pub(crate) unknown_waited: u64,
    /// Those that the limits on fetches rejected at once.
    pub(crate) unknown_rejected: u64,
}

/// The keys as the request path sees them.
#[derive(Clone, Debug)]
pub(super) enum Snapshot {
    /// There are no keys; the message for clients.
    Unavailable(String),
    /// There are keys, with their own expiry: they expire even if the refresher thread hangs or has ended.
    Keys {
        /// All valid keys, until the first of them expires.
        keys: Arc<JwkSet>,
        next_end: Moment,
        /// The keys of the last successfully fetched document, until `max-stale` has passed. They differ from `keys`
        /// while removed keys are still valid.
        lasting: Arc<JwkSet>,
        until: Moment,
    },
}

impl Snapshot {
    /// A snapshot of the valid keys.
    pub(super) fn serving(state: &KeySetState) -> Option<Self> {
        let (keys, end) = state.serving().zip(state.keys_end())?;
        let lasting = Arc::clone(&state.document()?.0.keys);
        let next_end = state.next_end().map_or(end, |next_end| next_end.min(end));
        Some(Self::Keys { keys, next_end: next_end + MAX_EXPIRY_DELAY, lasting, until: end + MAX_EXPIRY_DELAY })
    }

    /// The keys that are valid at this moment, and when the first of them expires. If the refresher does not take
    /// removed keys out one by one, all of them expire together with the first.
    pub(super) fn keys_at(&self, now: Moment) -> Option<(&Arc<JwkSet>, Moment)> {
        match self {
            Self::Keys { keys, next_end, .. } if now < *next_end => Some((keys, *next_end)),
            Self::Keys { lasting, until, .. } if now < *until => Some((lasting, *until)),
            Self::Keys { .. } | Self::Unavailable(_) => None,
        }
    }

    /// True if this snapshot gives the same verdict as `older` for every token that was cached with `older`, which is
    /// at most until its first key expires. After that, tokens are cached until a later expiry, of which nothing is
    /// known here.
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
    /// Begins with the keys of the cache file, if it is usable. Fetching begins when a
    /// [`Refresher`](super::refresh::Refresher) takes the set.
    pub(crate) fn open(settings: RemoteSettings, events: &Events) -> Arc<Self> {
        let RemoteSettings { location, timing, cache_file, .. } = &settings;
        if !location.is_encrypted() {
            events.warn(
                Finding::KeysOverHttp,
                format!(
                    "The keys are fetched from {location} without encryption: an attacker on the network path can substitute keys and authenticate as any user. Use https."
                ),
            );
        }
        let cache_file =
            cache_file.as_ref().map(|path| CacheFile::new(path.clone(), location.digest(), location.to_string()));
        let now = Moment::now();
        let wall_clock = UnixMillis::now();
        let state = cache_file
            .as_ref()
            .and_then(|cache_file| restore(cache_file, location, timing, now, wall_clock, events))
            .unwrap_or_else(|| KeySetState::new(timing, now));
        let unavailable =
            || Snapshot::Unavailable("The signing keys have not been fetched yet; try again shortly".to_owned());
        Arc::new(Self {
            snapshot: ArcSwap::from_pointee(Snapshot::serving(&state).unwrap_or_else(unavailable)),
            history: OnceLock::new(),
            state: Mutex::new(state),
            gate: AtomicU64::new(0),
            opened: now,
            fetch_ended: Condvar::new(),
            refresh_requested: Arc::default(),
            cache_file: cache_file.map(Arc::new),
            server_clock: Arc::default(),
            waiters: FetchWaiters::default(),
            refreshing: OnceLock::new(),
            seed: RandomState::new(),
            refreshed_at: AtomicI64::new(0),
            unknown_waited: AtomicU64::new(0),
            unknown_rejected: AtomicU64::new(0),
            settings: Arc::new(settings),
        })
    }

    /// As [`JwkSet::verify_with`], with the keys of the last successful fetch; also returns when the first of them
    /// expires. An unknown `kid` or thumbprint may trigger a fetch, for which the request waits within limits.
    pub(crate) fn verify_with<T>(
        &self,
        header: &ProtectedHeader<'_>,
        verify: impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Result<(T, Moment), Rejection> {
        let verdict = self.verify_now(header, &verify);
        match header.key_name() {
            Some(name) if lacks_key(&verdict) && name.len() <= MAX_KEY_ID_BYTES => {
                let after = self.verify_after_fetch(header, name, &verify);
                let counter = if after.is_some() { &self.unknown_waited } else { &self.unknown_rejected };
                counter.fetch_add(1, Ordering::Relaxed);
                after.unwrap_or(verdict)
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

    /// False while every token is rejected because there are no keys.
    pub(crate) fn has_keys(&self) -> bool {
        self.snapshot.load().keys_at(Moment::now()).is_some()
    }

    /// How the fetching goes.
    pub(crate) fn health(&self) -> Health {
        let now = Moment::now();
        let state = self.state();
        let refreshed_at = self.refreshed_at.load(Ordering::Relaxed);
        Health {
            fetched_at: state.document().map(|(_, at)| at),
            end_after: state.keys_end().map_or(Duration::ZERO, |end| end - now),
            fetches: state.fetches(),
            failed: state.failures(),
            refreshed_at: (refreshed_at != 0).then_some(UnixMillis(refreshed_at)),
            unknown_waited: self.unknown_waited.load(Ordering::Relaxed),
            unknown_rejected: self.unknown_rejected.load(Ordering::Relaxed),
        }
    }

    /// Asks for a fetch now, unless one is running.
    pub(crate) fn request_refresh(&self) {
        let mut state = self.state();
        state.refresh(Moment::now());
        self.show_gate(&state);
        self.refresh_requested.notify_one();
    }

    /// True if both sets have the same settings.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        self.settings == other.settings
    }

    /// Remembers from now on what becomes of key IDs, for [`RemoteKeySet::has_changed_lately`].
    pub(crate) fn remember_changes(&self) {
        self.history.get_or_init(Mutex::default);
    }

    fn remember(&self, newer: &Snapshot) {
        if let (Some(history), Snapshot::Keys { keys: newer, .. }) = (self.history.get(), newer)
            && let Snapshot::Keys { keys: older, .. } = &**self.snapshot.load()
        {
            history.lock().unwrap_or_else(PoisonError::into_inner).record(older, newer, Moment::now());
        }
    }

    /// True if one of these changes happened to the key ID so lately that the built-in authenticator may not know it.
    pub(crate) fn has_changed_lately(&self, key_id: &str, changes: &[KeyChange]) -> bool {
        self.history.get().is_some_and(|history| {
            history.lock().unwrap_or_else(PoisonError::into_inner).has(key_id, changes, Moment::now())
        })
    }

    /// True if the set has keys for which the built-in authenticator rejects the whole set: two of one ID, or one without `kty`.
    pub(crate) fn has_bad_keys(&self) -> bool {
        self.unused_keys().iter().any(|key| key.why.contains("has no kty"))
            || self.state().document().is_some_and(|(fetched, _)| fetched.keys.has_shared_key_id())
    }

    /// True if no document could be used so far, although the last one is a JWK Set with keys.
    pub(crate) fn has_unusable_document(&self) -> bool {
        self.state().failure().is_some_and(|failure| failure.text.contains("of the JWK Set can"))
    }

    /// True if certificates of keys are known.
    pub(crate) fn has_thumbprints(&self) -> bool {
        self.state().document().is_some_and(|(fetched, _)| fetched.keys.has_thumbprints())
    }

    /// Asks the server whether it still offers a key ID that is in use; false also if it cannot be asked now. It waits as long
    /// as a token with an unknown key ID.
    pub(crate) fn is_gone_from_server(&self, key_id: &str) -> bool {
        let begin = Moment::now();
        if self.refreshing.get().is_none() || !self.may_request_fetch(begin) {
            return false;
        }
        let deadline = begin + self.settings.timing.unknown_kid_wait;
        let hash = self.seed.hash_one(key_id.as_bytes());
        let fetched = self.wait(hash, begin, deadline).and_then(|ticket| match ticket.is_conclusive {
            true => Some(ticket),
            false => self.wait(hash, Moment::now(), deadline),
        });
        fetched.is_some() && self.state().document().is_some_and(|(fetched, _)| !fetched.keys.has_key_id(key_id))
    }

    /// True if the last document that was fetched has a key of this ID, so that none was kept beyond its removal.
    pub(crate) fn is_in_document(&self, key_id: &str) -> bool {
        self.state().document().is_some_and(|(fetched, _)| fetched.keys.has_key_id(key_id))
    }

    /// The longest time that a fetch takes.
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
            Snapshot::Keys { .. } => "The signing keys have expired and could not be refreshed; try again shortly",
            Snapshot::Unavailable(message) => message,
        };
        Err(Rejection::new(Reason::KeysUnavailable, why.to_owned()))
    }

    /// The verdict after waiting for a fetch; `None` if there was no fetch to wait for, or it took too long.
    #[cold]
    fn verify_after_fetch<T>(
        &self,
        header: &ProtectedHeader<'_>,
        key_name: &[u8],
        verify: &impl Fn(&VerifyingKey) -> Result<T, Rejection>,
    ) -> Option<Result<(T, Moment), Rejection>> {
        // Without a refresher, nothing is fetched.
        self.refreshing.get()?;
        let begin = Moment::now();
        if !self.may_request_fetch(begin) {
            return None;
        }
        let deadline = begin + self.settings.timing.unknown_kid_wait;
        let key_hash = self.seed.hash_one(key_name);
        // The current fetch may have been answered before the issuer had the key. The next one is conclusive.
        let ticket = self.wait(key_hash, begin, deadline)?;
        let verdict = self.verify_now(header, verify);
        if ticket.is_conclusive || !lacks_key(&verdict) {
            return Some(verdict);
        }
        match self.wait(key_hash, Moment::now(), deadline) {
            Some(_) => Some(self.verify_now(header, verify)),
            None => Some(verdict),
        }
    }

    /// Without a lock, so that a flood of unknown kids costs little.
    fn may_request_fetch(&self, now: Moment) -> bool {
        match self.gate.load(Ordering::Relaxed) {
            GATE_OPEN => true,
            GATE_FETCHING => !self.waiters.is_full(),
            closed_until => u128::from(closed_until) <= (now - self.opened).as_nanos(),
        }
    }

    /// Requests a fetch and waits for its end; `None` if there is none before the deadline.
    fn wait(&self, key_hash: u64, now: Moment, deadline: Moment) -> Option<Ticket> {
        let mut state = self.state();
        let due = state.due();
        let answer = state.ask(key_hash, now);
        if state.due() != due {
            self.show_gate(&state);
            self.refresh_requested.notify_one();
        }
        let UnknownKeyAnswer::Wait(ticket) = answer else { return None };
        let _permit = self.waiters.try_acquire()?;
        state.waits(key_hash, now);
        let (state, _) = self
            .fetch_ended
            .wait_timeout_while(state, deadline - now, |state| !state.is_over(ticket))
            .unwrap_or_else(PoisonError::into_inner);
        state.is_over(ticket).then_some(ticket)
    }

    /// Waits until the first fetch has ended. `Err` says why there are no keys.
    pub(crate) fn wait_until_fetched(&self, timeout: Duration) -> Result<(), String> {
        let (state, _) = self
            .fetch_ended
            .wait_timeout_while(self.state(), timeout, |state| state.fetches() == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let location = &self.settings.location;
        match (&**self.snapshot.load(), state.failure()) {
            (Snapshot::Keys { .. }, _) => Ok(()),
            (Snapshot::Unavailable(_), Some(failure)) => {
                Err(format!("the fetch from {location} failed: {}", failure.text))
            }
            (Snapshot::Unavailable(_), None) => {
                Err(format!("no answer from {location} within {:.1} s", timeout.as_secs_f64()))
            }
        }
    }

    /// Changes the state. The request path sees the new snapshot before waiting requests are woken. If verdicts may
    /// change, the epoch is bumped.
    pub(super) fn change<R>(&self, epoch: &Epoch, change: impl FnOnce(&mut KeySetState) -> (Option<Snapshot>, R)) -> R {
        let mut state = self.state();
        let fetches = state.fetches();
        let (snapshot, result) = change(&mut state);
        if let Some(snapshot) = snapshot {
            self.remember(&snapshot);
            let continues = snapshot.continues(&self.snapshot.load(), Moment::now());
            let store = || self.snapshot.store(Arc::new(snapshot));
            if continues { store() } else { epoch.change(store) }
        }
        self.show_gate(&state);
        if state.fetches() != fetches {
            self.wake_all();
        }
        result
    }

    /// Makes every waiting request check whether its fetch has ended.
    pub(super) fn wake_all(&self) {
        self.fetch_ended.notify_all();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, KeySetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show_gate(&self, state: &KeySetState) {
        let gate = match state.gate() {
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

/// Stops refreshing when the last user of the set is gone.
impl Drop for RemoteKeySet {
    fn drop(&mut self) {
        if let Some(refreshing) = self.refreshing.get() {
            refreshing.abort();
        }
    }
}

fn lacks_key<T>(verdict: &Result<T, Rejection>) -> bool {
    verdict.as_ref().is_err_and(|rejection| rejection.code() == Reason::UnknownKeyId)
}

/// The state that begins with the keys of the cache file.
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
        let keys = keys.map_err(|error| format!("its keys cannot be used: {error}"))?;
        Ok(Some((cached, age, keys)))
    });
    match restored {
        Ok(Some((cached, age, keys))) => {
            let described = keys.describe();
            let fetched_at = cached.fetched_at;
            let until = later_by(fetched_at, timing.max_stale);
            events.push(
                Level::Info,
                format!(
                    "Loaded {described} from the cache file '{path}', fetched from {location} at {fetched_at}; they stay in use until {until}, unless a fetch succeeds earlier"
                ),
            );
            let text = Some(cached.document);
            let fetched = FetchedKeySet { keys: Arc::new(keys), validator: cached.validator, text };
            Some(KeySetState::restored(timing, fetched, fetched_at, age, now))
        }
        Ok(None) => None,
        Err(why) => {
            events.push(
                Level::Warning,
                format!(
                    "The cache file '{path}' is not used: {why}. The next successful fetch from {location} replaces it."
                ),
            );
            None
        }
    }
}

/// The time `after` later, in wall-clock time.
pub(super) fn later_by(time: UnixMillis, after: Duration) -> UnixMillis {
    UnixMillis(time.0.saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests;

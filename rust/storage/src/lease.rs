// SPDX-License-Identifier: Apache-2.0
//! Leases: credentials for one token and one role, which every request of that token shares.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};
use nativejwt_core::{
    Authenticator, HttpExchange, Identity, JvmTrust, Level, Metric, Properties, Reason, Rejection, Snapshot,
    StorageSettings, UnixMillis, WhenUnavailable, quoted,
};
use zeroize::Zeroizing;

use crate::answer::{Refused, StorageCredentials};
use crate::exchange::{Exchanger, Wanted};

/// How long it is remembered that STS gives no credentials for a token.
const REFUSED_FOR: Duration = Duration::from_secs(30);
/// So many requests may wait for STS at the same time. Each of them occupies a thread of the coordinator, which has 200 for all
/// requests.
const MAX_WAITING: usize = 64;
/// That more requests wanted to wait is logged this often.
const LOG_INTERVAL: Duration = Duration::from_secs(60);
/// How often leases are looked at.
const ROUND: Duration = Duration::from_secs(1);
/// A lease that nobody used for so long is dropped.
const IDLE_MILLIS: i64 = 10 * 60 * 1000;
/// More leases are not kept. A lease takes some 5 kB.
const MAX_LEASES: usize = 50_000;
/// So many go at once if there is no room: first those without credentials, then those that were unused for the longest time.
const EVICTED: usize = 1000;
/// The name of the thread. Linux shows 15 characters of it in a thread dump.
const THREAD_NAME: &str = "nativejwt-store";

/// The MBean of the metrics.
const METRICS_BEAN: &str = "name=Storage";

/// SHA-256 of the token, its role, and its user, who is a part of the session's name. Never the user alone: the claims decide at
/// STS, and a new token may have fewer.
type Key = [u8; 32];

/// What a session gets.
#[derive(Debug)]
pub enum Leased {
    /// The credentials of the caller.
    Credentials(Arc<StorageCredentials>),
    /// No credentials: the caller gets values that every store refuses.
    Withheld,
}

impl Leased {
    /// The credentials, if there are any.
    #[must_use]
    pub fn credentials(&self) -> Option<&StorageCredentials> {
        match self {
            Self::Credentials(credentials) => Some(credentials),
            Self::Withheld => None,
        }
    }
}

/// The leases of an authenticator.
pub struct StorageLeases {
    table: Arc<Table>,
    renewer: Option<JoinHandle<()>>,
}

struct Table {
    leases: RwLock<HashMap<Key, Arc<Lease>>>,
    exchanger: Exchanger,
    authenticator: Arc<Authenticator>,
    /// The warning about short sessions was given.
    warned_of_short: AtomicBool,
    /// Requests that wait for STS.
    waiting: AtomicUsize,
    /// When it was logged last that too many requests wanted to wait.
    full_logged_at: Mutex<Option<Instant>>,
    /// Set when the renewer must end.
    ends: Mutex<bool>,
    ending: Condvar,
}

/// The credentials for one token and role.
struct Lease {
    token: Zeroizing<String>,
    role: String,
    user: String,
    token_expires_at: Option<UnixMillis>,
    /// When a request asked for it last.
    used_at: AtomicI64,
    state: Mutex<State>,
    /// An exchange has ended.
    exchanged: Condvar,
}

#[derive(Default)]
struct State {
    credentials: Option<Arc<StorageCredentials>>,
    /// STS gave no credentials, and is not asked before then.
    refused: Option<(Instant, Refusal)>,
    /// One caller is asking STS; the others wait.
    is_exchanging: bool,
    /// Whether credentials were used since they were obtained.
    was_used: bool,
}

/// Why STS gave no credentials for this token.
enum Refusal {
    /// STS said no, with this code.
    Denied(String),
    /// Its answer was of no use.
    Failed,
}

/// A request that waits for STS.
struct Waiting<'t>(&'t AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How an exchange ended.
enum Outcome {
    Credentials(Arc<StorageCredentials>),
    Denied(String),
    Unavailable,
}

impl StorageLeases {
    /// Opens the leases of an authenticator, if its configuration has `storage.sts-endpoint`. `properties` gives
    /// `jwk.http-client.*`. The authenticator decides whether the token of a lease is still accepted.
    ///
    /// # Errors
    /// A sentence for each error of the configuration, one a line; or the system cannot start a thread.
    pub fn open(
        properties: &Properties,
        jvm_trust: &JvmTrust,
        authenticator: &Arc<Authenticator>,
    ) -> Result<Option<Self>, String> {
        let Some(settings) = authenticator.storage() else { return Ok(None) };
        let cannot_start = |error: io::Error| format!("Storage credentials cannot be served: {error}");
        let http = HttpExchange::open(properties, jvm_trust, authenticator.events())
            .map_err(|errors| errors.to_string())?
            .map_err(cannot_start)?;
        Self::start(settings, http, Arc::clone(authenticator)).map(Some).map_err(cannot_start)
    }

    /// Starts the thread that renews leases.
    fn start(settings: &StorageSettings, http: HttpExchange, authenticator: Arc<Authenticator>) -> io::Result<Self> {
        let http = http.with_timeout(settings.timeout);
        let table = Arc::new(Table {
            leases: RwLock::default(),
            exchanger: Exchanger::new(http, settings.clone()),
            authenticator,
            warned_of_short: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            full_logged_at: Mutex::default(),
            ends: Mutex::new(false),
            ending: Condvar::new(),
        });
        let renewing = Arc::clone(&table);
        let renewer =
            thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || renewing.renew_until_the_end())?;
        Ok(Self { table, renewer: Some(renewer) })
    }

    /// The credentials for an accepted token. The first request of a token waits for the exchange.
    ///
    /// # Errors
    /// STS refuses; or it cannot be reached, no lease lives, and the configuration says refuse.
    pub fn lease(&self, token: &[u8], identity: &Identity) -> Result<Leased, Rejection> {
        let Some(role) = identity.storage_role.as_deref() else { return Ok(Leased::Withheld) };
        // An accepted token is ASCII.
        let Ok(token) = str::from_utf8(token) else { return Ok(Leased::Withheld) };
        let (key, lease) = self.table.find_or_insert(token, role, identity);
        let outcome = self.table.credentials(&lease);
        if matches!(outcome, Outcome::Unavailable) {
            self.table.forget_empty(&key, &lease);
        }
        match outcome {
            Outcome::Credentials(credentials) => Ok(Leased::Credentials(credentials)),
            Outcome::Denied(code) => Err(Rejection::new(
                Reason::StorageDenied,
                format!("The object store does not accept this token: {}", quoted(&code)),
            )),
            Outcome::Unavailable => match self.table.exchanger.settings().when_unavailable {
                WhenUnavailable::Withhold => Ok(Leased::Withheld),
                WhenUnavailable::Refuse => Err(Rejection::new(
                    Reason::StorageUnavailable,
                    "The credentials for the object store cannot be obtained now: try again in a moment",
                )),
            },
        }
    }

    /// Adds what was counted.
    pub fn add_metrics(&self, snapshot: &mut Snapshot) {
        let exchanger = &self.table.exchanger;
        let counts = exchanger.counts();
        for (result, attribute, count) in [
            ("granted", "ExchangesGranted", &counts.granted),
            ("denied", "ExchangesDenied", &counts.denied),
            ("unavailable", "ExchangesUnavailable", &counts.unavailable),
        ] {
            let count = count.load(Ordering::Relaxed) as f64;
            snapshot.add(Metric::StorageExchanges, &[result], METRICS_BEAN, attribute, count);
        }
        snapshot.add(Metric::StorageLeases, &[], METRICS_BEAN, "Leases", self.count() as f64);
        let outage = f64::from(u8::from(exchanger.is_outage()));
        snapshot.add(Metric::StorageOutage, &[], METRICS_BEAN, "Outage", outage);
    }

    /// The number of leases that are kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table.leases.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for StorageLeases {
    fn drop(&mut self) {
        *self.table.ends.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.table.ending.notify_all();
        if let Some(renewer) = self.renewer.take() {
            // A panic of the thread was reported by it.
            let _ = renewer.join();
        }
    }
}

impl Lease {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if its credentials have ended, and nobody waits for others.
    fn is_dead(&self, now: UnixMillis) -> bool {
        let state = self.lock();
        !state.is_exchanging && state.credentials.as_ref().is_some_and(|credentials| credentials.expires_at.0 <= now.0)
    }

    /// True if it has credentials that have not ended.
    fn lives(&self, now: UnixMillis) -> bool {
        self.lock().credentials.as_ref().is_some_and(|credentials| credentials.expires_at.0 > now.0)
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { token: &self.token, role: &self.role, user: &self.user }
    }
}

impl Table {
    fn find_or_insert(&self, token: &str, role: &str, identity: &Identity) -> (Key, Arc<Lease>) {
        let mut context = Context::new(&SHA256);
        // No token and no role has the byte between them.
        for part in [token.as_bytes(), &[0], role.as_bytes(), &[0], identity.user.as_bytes()] {
            context.update(part);
        }
        let mut key = Key::default();
        key.copy_from_slice(context.finish().as_ref());
        let now = UnixMillis::now().0;
        if let Some(lease) = self.leases.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            lease.used_at.store(now, Ordering::Relaxed);
            return (key, Arc::clone(lease));
        }
        let mut leases = self.leases.write().unwrap_or_else(PoisonError::into_inner);
        if leases.len() >= MAX_LEASES {
            evict(&mut leases, EVICTED, UnixMillis(now));
        }
        let lease = leases.entry(key).or_insert_with(|| {
            Arc::new(Lease {
                token: Zeroizing::new(token.to_owned()),
                role: role.to_owned(),
                user: identity.user.clone(),
                token_expires_at: identity.expires_at,
                used_at: AtomicI64::new(now),
                state: Mutex::default(),
                exchanged: Condvar::new(),
            })
        });
        (key, Arc::clone(lease))
    }

    /// Drops a lease that has nothing to remember, so that those of an outage do not drive out others.
    fn forget_empty(&self, key: &Key, lease: &Arc<Lease>) {
        let mut leases = self.leases.write().unwrap_or_else(PoisonError::into_inner);
        let is_empty = |state: &State| state.credentials.is_none() && state.refused.is_none() && !state.is_exchanging;
        if leases.get(key).is_some_and(|present| Arc::ptr_eq(present, lease)) && is_empty(&lease.lock()) {
            leases.remove(key);
        }
    }

    /// The place of a request that waits for STS; `None` if too many wait.
    fn begin_to_wait(&self) -> Option<Waiting<'_>> {
        let waiting = Waiting(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING {
            return Some(waiting);
        }
        drop(waiting);
        let mut logged_at = self.full_logged_at.lock().unwrap_or_else(PoisonError::into_inner);
        if logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            *logged_at = Some(Instant::now());
            let text = format!(
                "STS at {} answers slowly: {MAX_WAITING} requests wait for it, and further requests of new tokens get no credentials",
                self.exchanger.settings().sts_endpoint
            );
            self.authenticator.events().push(Level::Warning, text);
        }
        None
    }

    /// The lease's credentials, after an exchange if there are none that live long enough.
    fn credentials(&self, lease: &Lease) -> Outcome {
        let begin = Instant::now();
        let timeout = self.exchanger.settings().timeout;
        let mut place = None;
        let mut state = lease.lock();
        loop {
            state.was_used = true;
            if let Some(credentials) = &state.credentials
                && self.lives_long_enough(credentials)
            {
                return Outcome::Credentials(Arc::clone(credentials));
            }
            if let Some((until, refusal)) = &state.refused
                && Instant::now() < *until
            {
                return match refusal {
                    Refusal::Denied(code) => Outcome::Denied(code.clone()),
                    Refusal::Failed => living(&state),
                };
            }
            if place.is_none() {
                place = self.begin_to_wait();
                if place.is_none() {
                    return living(&state);
                }
            }
            if !state.is_exchanging {
                break;
            }
            let Some(left) = timeout.checked_sub(begin.elapsed()) else { return living(&state) };
            state = lease.exchanged.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_exchanging = true;
        drop(state);
        self.exchange(lease)
    }

    /// Exchanges the lease's token. The caller has set `is_exchanging`.
    fn exchange(&self, lease: &Lease) -> Outcome {
        /// Also after a panic, so that nobody waits for an exchange that ended.
        struct Ended<'l>(&'l Lease);
        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                self.0.lock().is_exchanging = false;
                self.0.exchanged.notify_all();
            }
        }
        let ended = Ended(lease);
        let result = self.exchanger.exchange(lease.wanted(), self.authenticator.events());
        let result = result.and_then(|credentials| self.check_life(credentials));
        let mut state = lease.lock();
        let outcome = match result {
            Ok(credentials) => {
                let credentials = Arc::new(credentials);
                state.credentials = Some(Arc::clone(&credentials));
                state.refused = None;
                state.was_used = false;
                Outcome::Credentials(credentials)
            }
            Err(Refused::Denied(code)) => {
                state.credentials = None;
                state.refused = Some((Instant::now() + REFUSED_FOR, Refusal::Denied(code.clone())));
                Outcome::Denied(code)
            }
            Err(Refused::Failed(_)) => {
                state.refused = Some((Instant::now() + REFUSED_FOR, Refusal::Failed));
                living(&state)
            }
            Err(Refused::Unavailable(_)) => living(&state),
        };
        drop(state);
        drop(ended);
        outcome
    }

    /// Warns once if STS gives a shorter session than it was asked for; refuses one that is shorter than the minimum.
    fn check_life(&self, credentials: StorageCredentials) -> Result<StorageCredentials, Refused> {
        let settings = self.exchanger.settings();
        let life = credentials.expires_at.0.saturating_sub(credentials.obtained_at.0);
        let asked = i64::try_from(settings.session_duration.as_millis()).unwrap_or(i64::MAX);
        // A minute for the way and the clocks.
        if life < asked.saturating_sub(60_000) && !self.warned_of_short.swap(true, Ordering::Relaxed) {
            self.authenticator.events().push(
                Level::Warning,
                format!(
                    "STS at {} gives sessions of {} s, but storage.session-duration asks for {} s",
                    settings.sts_endpoint,
                    life / 1000,
                    asked / 1000
                ),
            );
        }
        if self.lives_long_enough(&credentials) {
            return Ok(credentials);
        }
        Err(Refused::Denied("the session is shorter than storage.minimum-lifetime".to_owned()))
    }

    fn lives_long_enough(&self, credentials: &StorageCredentials) -> bool {
        let minimum = i64::try_from(self.exchanger.settings().minimum_lifetime.as_millis()).unwrap_or(i64::MAX);
        credentials.expires_at.0.saturating_sub(UnixMillis::now().0) > minimum
    }

    fn renew_until_the_end(&self) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ends {
            drop(ends);
            // A panic must not end the renewals.
            let round = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.renew()));
            if round.is_err() {
                let text = "internal error while storage credentials were renewed; the next round follows";
                self.authenticator.events().defect(text);
            }
            ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
            if !*ends {
                ends = self.ending.wait_timeout(ends, ROUND).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    /// Drops leases that ended, and renews those that are in use and end soon.
    fn renew(&self) {
        let leases: Vec<(Key, Arc<Lease>)> = {
            let leases = self.leases.read().unwrap_or_else(PoisonError::into_inner);
            leases.iter().map(|(key, lease)| (*key, Arc::clone(lease))).collect()
        };
        for (key, lease) in leases {
            if *self.ends.lock().unwrap_or_else(PoisonError::into_inner) {
                return;
            }
            // An exchange may have taken a while.
            let now = UnixMillis::now();
            let is_idle = now.0.saturating_sub(lease.used_at.load(Ordering::Relaxed)) > IDLE_MILLIS;
            let is_over = lease.token_expires_at.is_some_and(|at| at.0 <= now.0)
                // During an outage nobody could get its credentials again.
                || is_idle && !(self.exchanger.is_outage() && lease.lives(now))
                || lease.is_dead(now);
            if is_over || (self.is_due(&lease, now) && !self.renew_one(&lease, now)) {
                self.leases.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
            }
        }
    }

    /// True if the lease's credentials were used, and four fifths of the time are over in which sessions get them.
    fn is_due(&self, lease: &Lease, now: UnixMillis) -> bool {
        let state = lease.lock();
        let Some(credentials) = state.credentials.as_ref().filter(|_| state.was_used && !state.is_exchanging) else {
            return false;
        };
        let minimum = i64::try_from(self.exchanger.settings().minimum_lifetime.as_millis()).unwrap_or(i64::MAX);
        let usable = credentials.expires_at.0.saturating_sub(credentials.obtained_at.0).saturating_sub(minimum);
        now.0 >= credentials.obtained_at.0.saturating_add(usable / 5 * 4)
    }

    /// Renews a lease. False if its token is no longer accepted, or has another role now.
    fn renew_one(&self, lease: &Lease, now: UnixMillis) -> bool {
        match self.authenticator.authenticate_token(lease.token.as_bytes(), now) {
            Ok(identity) if identity.storage_role.as_deref() == Some(&lease.role) && identity.user == lease.user => {}
            // While keys cannot be fetched, tokens are not rejected for good.
            Err(rejection) if rejection.code() == Reason::KeysUnavailable => return true,
            _ => return false,
        }
        let mut state = lease.lock();
        if state.is_exchanging {
            return true;
        }
        state.is_exchanging = true;
        drop(state);
        self.exchange(lease);
        true
    }
}

/// Drops so many leases: those without living credentials first, then those that were unused for the longest time.
fn evict(leases: &mut HashMap<Key, Arc<Lease>>, count: usize, now: UnixMillis) {
    let mut all: Vec<_> =
        leases.iter().map(|(key, lease)| (lease.lives(now), lease.used_at.load(Ordering::Relaxed), *key)).collect();
    let count = count.min(all.len());
    if count < all.len() {
        all.select_nth_unstable(count);
    }
    for (_, _, key) in all.iter().take(count) {
        leases.remove(key);
    }
}

/// During an outage, credentials are used while they live.
fn living(state: &State) -> Outcome {
    match &state.credentials {
        Some(credentials) if credentials.expires_at.0 > UnixMillis::now().0 => {
            Outcome::Credentials(Arc::clone(credentials))
        }
        _ => Outcome::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(used_at: i64, expires_at: Option<i64>) -> Arc<Lease> {
        let credentials = expires_at.map(|at| {
            Arc::new(StorageCredentials {
                access_key_id: String::new(),
                secret_access_key: Zeroizing::default(),
                session_token: Zeroizing::default(),
                obtained_at: UnixMillis(0),
                expires_at: UnixMillis(at),
            })
        });
        Arc::new(Lease {
            token: Zeroizing::default(),
            role: String::new(),
            user: String::new(),
            token_expires_at: None,
            used_at: AtomicI64::new(used_at),
            state: Mutex::new(State { credentials, ..State::default() }),
            exchanged: Condvar::new(),
        })
    }

    #[test]
    fn leases_without_living_credentials_go_before_those_that_were_unused_for_long() {
        let key = |number: u8| [number; 32];
        let mut leases = HashMap::from([
            (key(1), lease(100, Some(1000))),
            (key(2), lease(10, Some(1000))),
            (key(3), lease(900, None)),
            (key(4), lease(901, Some(400))),
        ]);
        evict(&mut leases, 2, UnixMillis(500));
        assert!(leases.contains_key(&key(1)) && leases.contains_key(&key(2)));
        evict(&mut leases, 1, UnixMillis(500));
        assert_eq!(leases.keys().collect::<Vec<_>>(), [&key(1)]);
        evict(&mut leases, 5, UnixMillis(500));
        assert!(leases.is_empty());
    }
}

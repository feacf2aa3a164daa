// SPDX-License-Identifier: Apache-2.0
//! The path of a request, from top to bottom.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use java_regex::Budget;

use crate::audit::{Audit, AuditedToken, RecentRejection, TraceId};
use crate::claim_rules::{Facts, Granted, GrantedUser, RulesInUse, WatchedRules};
use crate::claims::principal::principal;
use crate::claims::{self, Validity};
use crate::clock::{Clock, UnixMillis};
use crate::config::{ConfigurationErrors, Finding, GlobalConfiguration, Problem, Properties, StorageSettings};
use crate::events::Events;
use crate::host::HostProcess;
use crate::identity::Identity;
use crate::in_force::{Fingerprint, InForce};
use crate::issuers::Issuers;
use crate::issuers::view::IssuerView;
use crate::keys::KeyLife;
use crate::logout::{BackchannelLogout, LogoutError};
use crate::metrics::{IssuerCounters, IssuerSeen, RequestCounters};
use crate::rejection::{Reason, Rejection};
use crate::revocation::{Names, Revocation, RevocationEntry};
use crate::shadow::Shadow;
use crate::signature;
use crate::storage_role::StorageRoles;
use crate::token::CompactJws;
use crate::token::bearer::{BearerToken, bearer_token};
use crate::token_cache::{CachePlace, Hit, Terms, TokenCache, java_bytes};
use crate::trace::{Journal, KeyDescription, Observer, Step, StepName, StepRejection};
use crate::unverified_token::UnverifiedToken;
use crate::watched_file::{FileWatcher, POLL_INTERVAL};

/// The time between the two looks at a file that [`Authenticator::reload`] takes.
const WRITING: Duration = Duration::from_millis(200);

/// Foreign callers share it across threads through a raw pointer, so assert `Send + Sync` here.
const _: () = {
    const fn is_shared_by_threads<T: Send + Sync>() {}
    is_shared_by_threads::<Authenticator>();
};

/// An accepted token.
#[derive(Clone, Debug)]
pub struct Accepted<'a> {
    /// The identity of its bearer.
    pub identity: &'a Identity,
    /// Its place in the cache, if it is cached.
    pub place: Option<CachePlace>,
    /// True if it was cached before this request. A caller that remembers identities by their place may know this one.
    pub was_known: bool,
    /// Where the token is in the Authorization value. Connectors get it if
    /// [`Authenticator::passes_tokens_through`] says so.
    pub token: Range<usize>,
    counters: &'a IssuerCounters,
}

impl<'a> Accepted<'a> {
    /// A token that is not cached.
    fn uncached(identity: &'a Identity, counters: &'a IssuerCounters, token: Range<usize>) -> Self {
        Self { identity, place: None, was_known: false, token, counters }
    }

    /// Bytes that the identity takes in a JVM that remembers it.
    #[must_use]
    pub fn java_bytes(&self) -> usize {
        java_bytes(self.identity)
    }
}

impl Hit {
    /// The accepted token.
    fn accepted(&self, token: Range<usize>) -> Option<Accepted<'_>> {
        let ((identity, place), counters) = self.verdict().zip(self.counters())?;
        Some(Accepted { identity, place: Some(place), was_known: true, token, counters })
    }
}

/// Decides about bearer tokens. It is built once from a configuration and then shared by all threads.
pub struct Authenticator {
    /// Polls the files of `issuers` and `revocation`. The first field, so it is dropped before them.
    _watcher: Option<FileWatcher>,
    issuers: Arc<Issuers>,
    revocation: Arc<Revocation>,
    logout: Option<BackchannelLogout>,
    claim_rules: Option<Arc<WatchedRules>>,
    storage_roles: Option<Arc<StorageRoles>>,
    cache: Option<TokenCache>,
    global: GlobalConfiguration,
    events: Arc<Events>,
    counters: RequestCounters,
    audit: Audit,
    /// The fingerprint of the properties that it was opened with.
    configuration: Fingerprint,
    /// Only in shadow mode.
    shadow: Option<Shadow>,
}

/// What the validation of a token found.
struct Validated {
    identity: Identity,
    /// The times at which the same validation succeeds.
    validity: Validity,
    /// How long the keys stay valid that verified it.
    key_life: KeyLife,
    counters: Arc<IssuerCounters>,
}

impl Authenticator {
    /// Reads the configuration and opens everything that it names.
    ///
    /// # Errors
    /// All errors of the configuration, at once.
    pub fn open(properties: &Properties) -> Result<Self, ConfigurationErrors> {
        Self::open_with(properties, &HostProcess::default())
    }

    /// As [`Authenticator::open`], with what the surrounding process provides.
    ///
    /// # Errors
    /// As [`Authenticator::open`].
    pub fn open_with(properties: &Properties, host: &HostProcess) -> Result<Self, ConfigurationErrors> {
        let events = Arc::new(Events::default());
        let mut errors = ConfigurationErrors::default();
        let global = GlobalConfiguration::read(properties, host, &mut errors);
        let logout =
            global.logout.as_ref().and_then(|logout| BackchannelLogout::open(logout, host, &events, &mut errors));
        let (logout, logouts) = logout.unzip();
        let revocation = Revocation::open(global.revocation_file.as_ref(), logouts, &events, &mut errors);
        let revocation = Arc::new(revocation);
        let claim_rules = global.claim_rules_file.as_ref().and_then(|file| WatchedRules::open(file, host, &mut errors));
        let claim_rules = claim_rules.map(Arc::new);
        let storage_roles = global.storage.as_ref().and_then(|settings| StorageRoles::open(settings, &mut errors));
        let storage_roles = storage_roles.map(Arc::new);
        for warning in global.storage.iter().flat_map(|settings| &settings.warnings) {
            events.warn(Finding::StorageOverHttp, warning.clone());
        }
        let issuers = Arc::new(Issuers::open(properties, host, &events, errors)?);
        let shadow = global.shadow.as_ref().map(|_| Shadow::new(properties, &issuers.load().issuers()));
        if let Some(setting) = &global.shadow {
            let mut errors = ConfigurationErrors::default();
            shadow::prepare(setting, &issuers.load().issuers(), host.beside_built_in, &mut errors);
            errors.or(())?;
        }
        let watched = Watched {
            revocation: Arc::clone(&revocation),
            issuers: Arc::clone(&issuers),
            claim_rules: claim_rules.clone(),
            storage_roles: storage_roles.clone(),
        };
        let watcher = watched.has_files().then(|| {
            let log = Arc::clone(&events);
            FileWatcher::start(POLL_INTERVAL, &events, move || watched.poll(&log))
        });
        let watcher = watcher.transpose().map_err(|error| {
            Problem::for_file(&properties.source, format!("cannot start the thread that polls files: {error}"))
        })?;
        let cache = global.token_cache_size.map(TokenCache::new);
        let audit = Audit::new(global.max_token_size).map_err(|why| {
            Problem::for_file(&properties.source, format!("the authenticator cannot be opened: {why}"))
        })?;
        let configuration = Fingerprint::of_properties(properties);
        Ok(Self {
            _watcher: watcher,
            issuers,
            revocation,
            logout,
            claim_rules,
            storage_roles,
            cache,
            global,
            events,
            counters: RequestCounters::default(),
            audit,
            configuration,
            shadow,
        })
    }

    /// Log lines for the operator. The caller drains them regularly.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// One sentence for each issuer that says where its keys come from. URLs are without user, password and query.
    #[must_use]
    pub fn key_sources(&self) -> Vec<String> {
        self.issuers.key_sources()
    }

    /// Waits until every remote JWK Set was fetched once, with or without success. Commands that check one token need it;
    /// a coordinator does not.
    ///
    /// # Errors
    /// Why keys are missing, for the operator.
    pub fn wait_until_fetched(&self, timeout: Duration) -> Result<(), String> {
        self.issuers.wait_until_fetched(timeout)
    }

    /// Polls the files once, as the thread does.
    #[cfg(test)]
    pub(crate) fn poll(&self) {
        self.watched().poll(&self.events);
    }

    /// Back-channel logout, and what it changes.
    #[cfg(test)]
    pub(crate) fn logout_parts(&self) -> (&BackchannelLogout, &Revocation) {
        (self.logout.as_ref().unwrap(), &self.revocation)
    }

    /// How often each claim rule decided since the file was read; the last number counts the tokens that no rule matched.
    /// Empty without claim rules. Cached tokens are not counted.
    #[must_use]
    pub fn claim_rule_hits(&self) -> Vec<u64> {
        self.claim_rules.as_ref().map_or_else(Vec::new, |rules| rules.load().hits().collect())
    }

    /// The maximum number of cached tokens. Each [`CachePlace::slot`] is less than it. 0 without a cache.
    #[must_use]
    pub fn cache_slots(&self) -> usize {
        self.cache.as_ref().map_or(0, TokenCache::slots)
    }

    /// Bytes that a caller may use now for all identities that it remembers by their [`CachePlace`], each counted as
    /// [`Accepted::java_bytes`]. Both sides together then stay below `token-cache.max-size`. 0 without a cache.
    #[must_use]
    pub fn java_room(&self) -> u64 {
        self.cache.as_ref().map_or(0, TokenCache::java_room)
    }

    /// Removes all tokens from the cache, and returns their number. A token whose validation is in progress is not cached either.
    pub fn forget_tokens(&self) -> usize {
        self.issuers.epoch().change(|| ());
        self.cache.as_ref().map_or(0, TokenCache::clear_all)
    }

    /// Authenticates the value of an Authorization header at the time `now`.
    ///
    /// # Errors
    /// The first reason, in Trino's order: form, header, key, signature, times, issuer, audience, then
    /// requirements and claim rules, principal, mapping.
    pub fn authenticate(&self, authorization: &[u8], now: UnixMillis) -> Result<Identity, Rejection> {
        self.authenticate_with(authorization, now, |verdict| verdict.map(|accepted| accepted.identity.clone()))
    }

    /// Authenticates a bare token at the time `now`.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    pub fn authenticate_token(&self, token: &[u8], now: UnixMillis) -> Result<Identity, Rejection> {
        let token = BearerToken { bytes: token, start: 0 };
        self.find_or_validate(token, now, &(), |verdict| verdict.map(|accepted| accepted.identity.clone()))
    }

    /// As [`Authenticator::authenticate`], at the time of `clock`. It lends the identity to `answer`, so a cached token
    /// costs no allocation.
    pub fn authenticate_with<R>(
        &self,
        authorization: &[u8],
        clock: impl Into<Clock>,
        answer: impl FnOnce(Result<Accepted<'_>, Rejection>) -> R,
    ) -> R {
        self.authenticate_and(
            authorization,
            clock,
            |_, _| Ok(()),
            |verdict| answer(verdict.map(|(accepted, ())| accepted)),
        )
    }

    /// As [`Authenticator::authenticate_with`], with a last check of an accepted token, such as the exchange of the token for
    /// something that the caller gets. If it fails, the request counts as rejected.
    pub fn authenticate_and<T, R>(
        &self,
        authorization: &[u8],
        clock: impl Into<Clock>,
        check: impl FnOnce(&[u8], &Identity) -> Result<T, Rejection>,
        answer: impl FnOnce(Result<(Accepted<'_>, T), Rejection>) -> R,
    ) -> R {
        self.authenticate_counting::<true, T, R>(authorization, clock.into(), check, answer)
    }

    #[inline]
    fn authenticate_counting<const COUNTS_CACHED: bool, T, R>(
        &self,
        authorization: &[u8],
        clock: Clock,
        check: impl FnOnce(&[u8], &Identity) -> Result<T, Rejection>,
        answer: impl FnOnce(Result<(Accepted<'_>, T), Rejection>) -> R,
    ) -> R {
        let token = match bearer_token(authorization) {
            Ok(token) => token,
            Err(rejection) => return answer(Err(self.reject(rejection, None, None, clock))),
        };
        let found = self.find(token.bytes, clock);
        match found
            .as_ref()
            .filter(|hit| hit.is_checked_in(self.revocation.epoch()))
            .and_then(|hit| hit.accepted(token.range()))
        {
            Some(accepted) => match check(token.bytes, accepted.identity) {
                Ok(more) => {
                    if COUNTS_CACHED {
                        accepted.counters.was_cached();
                    }
                    answer(Ok((accepted, more)))
                }
                Err(rejection) => {
                    answer(Err(self.reject(rejection, Some(token.bytes), Some(accepted.counters), clock)))
                }
            },
            None => self.decide_and_count(found, token, clock, check, answer),
        }
    }

    /// As [`Authenticator::authenticate_with`], but does not count a cached token. Only the benchmark of what counting costs calls
    /// it.
    #[doc(hidden)]
    pub fn authenticate_uncounted<R>(
        &self,
        authorization: &[u8],
        clock: impl Into<Clock>,
        answer: impl FnOnce(Result<Accepted<'_>, Rejection>) -> R,
    ) -> R {
        self.authenticate_counting::<false, (), R>(
            authorization,
            clock.into(),
            |_, _| Ok(()),
            |verdict| answer(verdict.map(|(accepted, ())| accepted)),
        )
    }

    /// The part of [`Authenticator::authenticate_and`] for tokens that have to be validated, or looked up in a changed
    /// revocation list. Apart, so that the other tokens do not pay for it.
    #[inline(never)]
    fn decide_and_count<T, R>(
        &self,
        found: Option<Hit>,
        token: BearerToken<'_>,
        clock: Clock,
        check: impl FnOnce(&[u8], &Identity) -> Result<T, Rejection>,
        answer: impl FnOnce(Result<(Accepted<'_>, T), Rejection>) -> R,
    ) -> R {
        let bytes = token.bytes;
        let seen = IssuerSeen::default();
        self.decide(found, token, clock, &seen, |verdict| {
            if let Some(time) = seen.time() {
                self.counters.verified(time);
            }
            let accepted = match verdict {
                Ok(accepted) => accepted,
                Err(rejection) => return answer(Err(self.reject(rejection, Some(bytes), seen.counters(), clock))),
            };
            match check(bytes, accepted.identity) {
                Ok(more) => {
                    let counters = accepted.counters;
                    if accepted.was_known {
                        counters.was_cached()
                    } else {
                        counters.was_verified()
                    }
                    answer(Ok((accepted, more)))
                }
                Err(rejection) => answer(Err(self.reject(rejection, Some(bytes), Some(accepted.counters), clock))),
            }
        })
    }

    /// Counts a rejection, and remembers it among the last ones unless there are too many of its reason.
    #[cold]
    fn reject(
        &self,
        rejection: Rejection,
        token: Option<&[u8]>,
        issuer: Option<&IssuerCounters>,
        clock: Clock,
    ) -> Rejection {
        self.counters.rejected(rejection.code());
        if let Some(issuer) = issuer {
            issuer.was_rejected();
        }
        self.audit.rejected(rejection.code(), token, clock.now());
        rejection
    }

    /// Counts a request that the caller rejected, without asking this authenticator or after it accepted the token.
    pub fn count_rejection_by_caller(&self, reason: Reason) {
        self.counters.rejected(reason);
        self.audit.rejected(reason, None, UnixMillis::now());
    }

    /// What a line for the operator says about the token of an Authorization value: what the token says about itself, and its
    /// trace ID. `None` without a token.
    #[must_use]
    pub fn describe(&self, authorization: &[u8]) -> Option<AuditedToken> {
        bearer_token(authorization).ok().map(|token| self.audit.describe(token.bytes))
    }

    /// The name of a token in lines for the operator.
    #[must_use]
    pub fn trace_id(&self, token: &[u8]) -> TraceId {
        self.audit.trace_id(token)
    }

    /// The last tokens that were rejected, the newest first.
    #[must_use]
    pub fn recent_rejections(&self) -> Vec<RecentRejection> {
        self.audit.recent()
    }

    /// The same as a JSON array of objects with `at` (RFC 3339), `reason`, `number`, `issuer`, `kid`, `algorithm`, `trace` and
    /// `count`. Issuer, `kid` and algorithm are what the tokens say, and `null` where they say nothing.
    #[must_use]
    pub fn recent_rejections_json(&self) -> String {
        self.audit.recent_json()
    }

    /// The entry of a revocation file that shuts the token with this name out, if it was rejected lately or is cached.
    #[must_use]
    pub fn revocation_entry(&self, trace: TraceId) -> Option<RevocationEntry<'static>> {
        let rejected = || {
            let recent = self.audit.recent();
            recent
                .iter()
                .filter(|rejection| rejection.trace() == Some(trace))
                .find_map(|it| it.revocation_entry().cloned())
        };
        let cached = || {
            let entry = |token: &[u8]| {
                (self.audit.trace_id(token) == trace).then(|| RevocationEntry::of_token(token).ok()).flatten()
            };
            self.cache.as_ref()?.find_map(entry)
        };
        rejected().or_else(cached)
    }

    /// `revocation-file`; `None` if it is not set.
    #[must_use]
    pub fn revocation_file(&self) -> Option<&Path> {
        self.global.revocation_file.as_ref().map(|setting| Path::new(&setting.value))
    }

    /// What is in force: fingerprints that a change alters once it counts.
    #[must_use]
    pub fn in_force(&self) -> InForce {
        let mut files: Vec<_> = self
            .issuers
            .load()
            .issuers()
            .iter()
            .map(|issuer| (issuer.counters.name.clone(), issuer.properties, issuer.user_mapping.in_use()))
            .collect();
        files.sort();
        let of_all = [
            ("claim rules", self.claim_rules.as_ref().map(|rules| rules.in_use())),
            ("storage roles", self.storage_roles.as_ref().and_then(|roles| roles.in_use())),
        ];
        let of_all = of_all.into_iter().filter_map(|(name, print)| Some((name, print?)));
        let configurations = files.iter().map(|(name, properties, _)| (name.as_str(), *properties));
        let mappings = files.iter().map(|(name, _, mapping)| (name.as_str(), *mapping));
        InForce {
            configuration: Fingerprint::of_parts([("", self.configuration)].into_iter().chain(configurations)),
            rules: Fingerprint::of_parts(mappings.chain(of_all)),
            revocations: self.revocation.in_use(),
        }
    }

    /// Reads files that have changed, and puts them in force, as the thread that polls files does within seconds. It takes two
    /// fifths of a second, in which a file that is being written would be seen to change.
    /// Returns the number of changes that are in use now, and of those that cannot be used.
    pub fn reload(&self) -> (u64, u64) {
        let changes = || self.events.happenings().all_reloads();
        let before = changes();
        let watched = self.watched();
        // Also before the first look: the thread that polls files may just have had its first one.
        std::thread::sleep(WRITING);
        watched.poll(&self.events);
        std::thread::sleep(WRITING);
        watched.poll(&self.events);
        let [in_use, unusable] = changes();
        (in_use - before[0], unusable - before[1])
    }

    /// Asks for a fetch of all JWK Sets, and returns their number. Callers limit how often they do.
    pub fn refresh_keys(&self) -> usize {
        let rules = self.issuers.load();
        let issuers = rules.issuers();
        issuers.into_iter().filter_map(|issuer| issuer.remote()).map(|keys| keys.request_refresh()).count()
    }

    /// `control-socket`; `None` if it is not set.
    #[must_use]
    pub fn control_socket(&self) -> Option<&Path> {
        self.global.control_socket.as_ref().map(|setting| Path::new(&setting.value))
    }

    /// What is wrong with `control-socket`, with its file and line.
    #[must_use]
    pub fn control_socket_problem(&self, message: &str) -> Option<Problem> {
        self.global.control_socket.as_ref().map(|setting| setting.problem(message))
    }

    fn watched(&self) -> Watched {
        Watched {
            revocation: Arc::clone(&self.revocation),
            issuers: Arc::clone(&self.issuers),
            claim_rules: self.claim_rules.clone(),
            storage_roles: self.storage_roles.clone(),
        }
    }

    /// Counts lines that the caller left out of its log.
    pub fn count_swallowed_lines(&self, lines: u64) {
        self.events.happenings().lines_were_swallowed(lines);
    }

    /// As [`Authenticator::authenticate`], without the cache. Calls `passed` for each step that succeeded, in order.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`], with the step that failed.
    pub fn explain(
        &self,
        authorization: &[u8],
        now: UnixMillis,
        passed: impl FnMut(Step<'_>),
    ) -> Result<Identity, StepRejection> {
        let journal = Journal::new(passed);
        let validated = bearer_token(authorization).and_then(|token| {
            journal.passed(Step::BearerToken { bytes: token.bytes.len() });
            self.validate(token.bytes, now, &journal)
        });
        validated.map(|token| token.identity).map_err(|rejection| journal.rejection(rejection))
    }

    /// True if connectors get the caller's token (`pass-through.credential-name`).
    #[must_use]
    pub fn passes_tokens_through(&self) -> bool {
        self.global.pass_through.is_some()
    }

    /// What the configuration says about storage credentials; `None` if they are off.
    #[must_use]
    pub fn storage(&self) -> Option<&StorageSettings> {
        self.global.storage.as_ref()
    }

    /// The issuer whose rules apply to this token; with `config-files` its unverified `iss` chooses it. `None` if no
    /// issuer matches. A token that cannot be decoded counts as one with an empty payload.
    #[must_use]
    pub fn issuer_of(&self, token: &[u8]) -> Option<IssuerView> {
        let rules = self.issuers.load();
        let payload = UnverifiedToken::decode(token, usize::MAX).map(|token| token.payload).unwrap_or_default();
        rules.select(&payload).ok().map(|issuer| IssuerView(Arc::clone(issuer)))
    }

    /// The entry of `revocation-file` that revokes this token, and its line. The token is not verified.
    #[must_use]
    pub fn revoked_by(&self, token: &[u8], now: UnixMillis) -> Option<(usize, RevocationEntry<'static>)> {
        self.revocation.explain(token, now)
    }

    /// All issuers, in an unspecified order.
    #[must_use]
    pub fn issuers(&self) -> Vec<IssuerView> {
        self.issuers.load().issuers().into_iter().map(|issuer| IssuerView(Arc::clone(issuer))).collect()
    }

    /// Carries out the logout that a logout token of OpenID Connect asks for. If this succeeds, the tokens of the session or
    /// user are rejected from now on, also after a restart.
    ///
    /// # Errors
    /// The token is not a valid logout token, or the logout cannot be carried out now.
    pub fn log_out(&self, token: &[u8], now: UnixMillis) -> Result<(), LogoutError> {
        match &self.logout {
            Some(logout) => logout.log_out(token, &self.issuers, now, &self.revocation, &self.events),
            None => Err(LogoutError::off()),
        }
    }

    /// Finds the token in the cache, or validates it and caches it.
    ///
    /// `observer` is a hook for tests, which replace a key in the middle of a validation. The product passes `()`.
    fn find_or_validate<R>(
        &self,
        token: BearerToken<'_>,
        clock: impl Into<Clock>,
        observer: &impl Observer,
        answer: impl FnOnce(Result<Accepted<'_>, Rejection>) -> R,
    ) -> R {
        let clock = clock.into();
        self.decide(self.find(token.bytes, clock), token, clock, observer, answer)
    }

    /// Finds a token in the cache whose verdict is still valid, but for the revocation list.
    fn find(&self, token: &[u8], clock: Clock) -> Option<Hit> {
        self.cache.as_ref()?.find(token, self.issuers.epoch(), clock)
    }

    /// Decides about a token that was found in the cache, or has to be validated.
    fn decide<R>(
        &self,
        found: Option<Hit>,
        token: BearerToken<'_>,
        clock: Clock,
        observer: &impl Observer,
        answer: impl FnOnce(Result<Accepted<'_>, Rejection>) -> R,
    ) -> R {
        let epoch = self.issuers.epoch();
        let range = token.range();
        let token = token.bytes;
        let Some(cache) = &self.cache else {
            return match self.validate(token, clock.now(), observer) {
                Ok(Validated { identity, counters, .. }) => answer(Ok(Accepted::uncached(&identity, &counters, range))),
                Err(rejection) => answer(Err(rejection)),
            };
        };
        if let Some(hit) = &found
            && let Some(accepted) = hit.accepted(range.clone())
        {
            if !hit.is_checked_in(self.revocation.epoch())
                && let Err(rejection) = self.check_revocation_again(hit, token, clock, observer)
            {
                return answer(Err(rejection));
            }
            return answer(Ok(accepted));
        }
        // Before anything is loaded that the verdict depends on.
        let settled = epoch.settled().zip(self.revocation.epoch().settled());
        let now = clock.now();
        let Validated { identity, validity, key_life, counters } = match self.validate(token, now, observer) {
            Ok(validated) => validated,
            Err(rejection) => return answer(Err(rejection)),
        };
        let keys_end = match key_life {
            KeyLife::UntilChanged => None,
            KeyLife::Until(end) => Some(end),
            KeyLife::Unwatched => return answer(Ok(Accepted::uncached(&identity, &counters, range))),
        };
        let Some((epoch_before, revocation)) = settled else {
            return answer(Ok(Accepted::uncached(&identity, &counters, range)));
        };
        let terms = Terms { epoch: epoch_before, revocation, validity, keys_end };
        let entry = cache.entry(token, terms, identity, counters);
        let place = cache.keep(&entry, epoch, now);
        let (identity, counters) = (entry.identity(), entry.counters());
        answer(Ok(Accepted { identity, place, was_known: false, token: range, counters }))
    }

    /// Looks a cached token up in a revocation list that changed since. Its signature is not verified again.
    #[cold]
    fn check_revocation_again(
        &self,
        hit: &Hit,
        token: &[u8],
        clock: Clock,
        observer: &impl Observer,
    ) -> Result<(), Rejection> {
        // Before the list is loaded, which is then the one of this epoch or a newer one.
        let settled = self.revocation.epoch().settled();
        Names::with(token, |names| self.revocation.check(names, clock.now(), observer))??;
        settled.into_iter().for_each(|epoch| hit.was_checked_in(epoch));
        Ok(())
    }

    /// Validates a token. Every token takes this path.
    fn validate(&self, token: &[u8], now: UnixMillis, observer: &impl Observer) -> Result<Validated, Rejection> {
        observer.begins(StepName::Parts);
        let token = CompactJws::parse(token, self.global.max_token_size)?;
        let [header, payload, signature] = token.lengths();
        observer.passed(Step::Parts { header, payload, signature });

        observer.begins(StepName::Base64url);
        let header_bytes = token.decode_header()?;
        observer.begins(StepName::Header);
        let header = header_bytes.parse()?;
        observer.passed(Step::Header { algorithm: header.algorithm, key_id: header.key_id.as_deref() });
        observer.begins(StepName::Base64url);
        let token = header_bytes.decode_rest()?;

        observer.begins(StepName::Issuer);
        let issuers = self.issuers.load();
        let issuer = issuers.select(token.unverified_payload())?;
        observer.chose(issuer);
        if issuers.are_several() {
            observer.passed(Step::Issuer { required: issuer.claims.required_issuer.as_deref() });
        }
        observer.begins(StepName::HeaderRules);
        issuer.header.check(&header)?;

        observer.begins(StepName::Key);
        let (payload, key_life) = issuer.keys.verify_with(&header, |key| {
            observer.begins(StepName::Key);
            let fitting = key.for_algorithm(header.algorithm)?;
            observer.passed(Step::Key(KeyDescription(key)));
            observer.begins(StepName::Signature);
            signature::verify(&fitting, &token)
        })?;
        observer.passed(Step::Signature);

        observer.begins(StepName::Claims);
        let claim_rules = self.claim_rules.as_ref().map(|rules| rules.load());
        let for_rules = claim_rules.as_ref().map(|rules| rules.reads());
        let role_field = self.storage_roles.as_ref().and_then(|roles| roles.field());
        let claims = claims::verify(&payload, &issuer.claims, for_rules, role_field, now)?;
        observer.passed(Step::Claims { issuer: claims.issuer.as_deref(), expires_at: claims.expires_at });
        let names = Names {
            signing_input: token.signing_input(),
            key_id: header.key_id.as_deref(),
            issuer: claims.issuer.as_deref(),
            identifiers: &claims.identifiers,
            issued_at: claims.issued_at,
        };
        self.revocation.check(&names, now, observer)?;
        if claims.has_logout_event {
            return Err(Rejection::new(Reason::LogoutToken, "A logout token is not a bearer token"));
        }
        if issuer.claims.requires_claims() {
            observer.begins(StepName::Required);
            issuer.claims.check_required(&claims)?;
            observer.passed(Step::Required);
        }
        // All patterns of the request together may take so many steps.
        let mut budget = Budget::default();
        let (granted, validity) = match &claim_rules {
            Some(rules) => {
                let facts = Facts::new(&claims, now, issuer.claims.skew());
                observer.begins(StepName::ClaimRules);
                observer.passed(Step::ClaimRules(RulesInUse { rules, facts: &facts }));
                let granted = rules.decide(&facts, &mut budget)?;
                (granted, claims.validity.and(facts.validity()))
            }
            None => (Granted::default(), claims.validity),
        };
        observer.begins(StepName::PassThrough);
        let pass_through = self.global.pass_through.as_ref();
        pass_through.map_or(Ok(()), |rules| rules.check_lifetime(claims.expires_at, now))?;
        let last_start = pass_through.and_then(|rules| rules.last_start(claims.expires_at));

        let (principal, user) = match granted.user {
            Some(GrantedUser { principal, user }) => (Cow::Owned(principal), user),
            None => {
                observer.begins(StepName::Principal);
                let principal = principal(&claims, &issuer.claims.principal_fields)?;
                observer.passed(Step::Principal(&principal));
                observer.begins(StepName::User);
                let user = issuer.user_mapping.load().map_user_within(&principal, &mut budget)?;
                (principal, user)
            }
        };
        observer.passed(Step::User(&user));
        if let Some(rules) = pass_through {
            observer.begins(StepName::PassThrough);
            rules.check_user(&user)?;
            observer.passed(Step::PassThrough);
        }
        let groups = match (granted.groups, &issuer.claims.groups_field) {
            (Some(groups), _) => {
                observer.passed(Step::Groups(&groups));
                groups
            }
            (None, Some(field)) => {
                observer.begins(StepName::Groups);
                let groups = field.groups(&claims)?;
                observer.passed(Step::Groups(&groups));
                groups
            }
            (None, None) => Vec::new(),
        };
        let storage_role = self.storage_roles.as_ref().and_then(|roles| {
            let role = roles.role(&user, &groups, &claims);
            observer.passed(Step::StorageRole(role.as_deref()));
            role.map(Into::into)
        });
        let identity = Identity {
            principal: principal.into_owned(),
            user,
            groups,
            issuer: claims.issuer.map(Into::into),
            key_id: header.key_id.map(Into::into),
            algorithm: header.algorithm,
            storage_role,
            expires_at: claims.expires_at,
        };
        let counters = Arc::clone(&issuer.counters);
        Ok(Validated { identity, validity: validity.and_until(last_start), key_life, counters })
    }
}

/// What the files are for that are polled.
struct Watched {
    revocation: Arc<Revocation>,
    issuers: Arc<Issuers>,
    claim_rules: Option<Arc<WatchedRules>>,
    storage_roles: Option<Arc<StorageRoles>>,
}

impl Watched {
    fn has_files(&self) -> bool {
        self.revocation.has_file()
            || self.issuers.has_files()
            || self.claim_rules.is_some()
            || self.storage_roles.as_ref().is_some_and(|roles| roles.has_file())
    }

    /// Polls all files, and puts their changes in use.
    fn poll(&self, events: &Events) {
        self.revocation.poll(events);
        self.issuers.poll();
        if let Some(rules) = &self.claim_rules {
            rules.poll(events, self.issuers.epoch());
        }
        if let Some(roles) = &self.storage_roles {
            roles.poll(events, self.issuers.epoch());
        }
        events.happenings().files_were_polled();
    }
}

mod metrics;
pub(crate) mod shadow;
#[cfg(test)]
mod tests;

//! The path of a request, top to bottom.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::claims::principal::principal;
use crate::claims::{self, Validity};
use crate::clock::{Clock, UnixMillis};
use crate::config::{ConfigurationErrors, GlobalConfiguration, Problem, Properties};
use crate::events::Events;
use crate::host::HostProcess;
use crate::identity::Identity;
use crate::issuers::Issuers;
use crate::issuers::view::IssuerView;
use crate::keys::KeyLife;
use crate::rejection::Rejection;
use crate::signature;
use crate::token::CompactJws;
use crate::token::bearer::{bearer_token, bearer_token_range};
use crate::token_cache::{CachePlace, Hit, Terms, TokenCache, java_bytes};
use crate::trace::{Journal, KeyDescription, Onlooker, Step, StepName, StepRejection};
use crate::unverified_token::UnverifiedToken;
use crate::watched_file::{FileWatcher, POLL_INTERVAL};

/// Callers in other languages share it by its address, where no compiler looks.
const _: () = {
    const fn is_shared_by_threads<T: Send + Sync>() {}
    is_shared_by_threads::<Authenticator>();
};

/// An accepted token.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// Whose it is.
    pub identity: &'a Identity,
    /// Where it is kept, if it is.
    pub place: Option<CachePlace>,
    /// True if it stood there before, so that whoever remembers the place may know the identity.
    pub was_known: bool,
}

impl<'a> Accepted<'a> {
    /// One that is not kept.
    fn new(identity: &'a Identity) -> Self {
        Self { identity, place: None, was_known: false }
    }

    /// Bytes that the identity takes in a JVM that remembers it.
    #[must_use]
    pub fn java_bytes(&self) -> usize {
        java_bytes(self.identity)
    }
}

/// Decides about bearer tokens. Built once from a configuration; then shared by all threads.
pub struct Authenticator {
    /// Looks at `issuers`' files until it is dropped; dropped first.
    _watcher: Option<FileWatcher>,
    issuers: Arc<Issuers>,
    cache: Option<TokenCache>,
    whole: GlobalConfiguration,
    events: Arc<Events>,
}

impl Authenticator {
    /// Reads the configuration and opens all that it names.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn open(properties: &Properties) -> Result<Self, ConfigurationErrors> {
        Self::open_with(properties, &HostProcess::default())
    }

    /// As [`Authenticator::open`], in a process that brings something with it.
    ///
    /// # Errors
    /// As [`Authenticator::open`].
    pub fn open_with(properties: &Properties, host: &HostProcess) -> Result<Self, ConfigurationErrors> {
        let events = Arc::new(Events::default());
        let mut errors = ConfigurationErrors::default();
        let whole = GlobalConfiguration::read(properties, host, &mut errors);
        let issuers = Arc::new(Issuers::open(properties, host, &events, errors)?);
        let watcher = issuers.has_files().then(|| {
            let issuers = Arc::clone(&issuers);
            FileWatcher::start(POLL_INTERVAL, &events, move || issuers.poll())
        });
        let watcher = watcher.transpose().map_err(|error| {
            Problem::for_file(&properties.source, format!("no thread can be started that looks at files: {error}"))
        })?;
        let cache = whole.token_cache_size.map(TokenCache::new);
        Ok(Self { _watcher: watcher, issuers, cache, whole, events })
    }

    /// What the authenticator has to say to the operator; to be drained now and then.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// For each issuer a sentence that says where its keys come from: an address without user, password and query.
    #[must_use]
    pub fn key_sources(&self) -> Vec<String> {
        self.issuers.key_sources()
    }

    /// Waits until the keys that come from URLs were fetched once, well or badly; other keys are there from the start. A
    /// coordinator does not need it; a command that judges one token does.
    ///
    /// # Errors
    /// Why there are no keys, for the operator.
    pub fn wait_until_fetched(&self, timeout: Duration) -> Result<(), String> {
        self.issuers.wait_until_fetched(timeout)
    }

    /// One look at the files, as the watching thread takes it.
    #[cfg(test)]
    pub(crate) fn poll(&self) {
        self.issuers.poll();
    }

    /// How many accepted tokens are kept at most: each [`CachePlace::slot`] is less than it. 0 if none is kept.
    #[must_use]
    pub fn cache_slots(&self) -> usize {
        self.cache.as_ref().map_or(0, TokenCache::slots)
    }

    /// Bytes that a caller may take now for the identities that it remembers by their [`CachePlace`], each counted as
    /// [`Accepted::java_bytes`] says: then both sides together stay below `token-cache.max-size`. 0 if no token is kept.
    #[must_use]
    pub fn java_room(&self) -> u64 {
        self.cache.as_ref().map_or(0, TokenCache::java_room)
    }

    /// Forgets all accepted tokens: each has to be verified again, also one whose verification is under way now.
    pub fn forget_tokens(&self) {
        self.issuers.epoch().change(|| ());
        if let Some(cache) = &self.cache {
            cache.clear_all();
        }
    }

    /// Judges the value of an Authorization header at the time `now`.
    ///
    /// # Errors
    /// The first reason, in stock's order: form, header, key, signature, times, issuer, audience, principal, mapping.
    pub fn authenticate(&self, authorization: &[u8], now: UnixMillis) -> Result<Identity, Rejection> {
        self.authenticate_with(authorization, now, |verdict| verdict.map(|accepted| accepted.identity.clone()))
    }

    /// Judges a bare token at the time `now`.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    pub fn authenticate_token(&self, token: &[u8], now: UnixMillis) -> Result<Identity, Rejection> {
        self.judge_with(token, now, &(), |verdict| verdict.map(|accepted| accepted.identity.clone()))
    }

    /// As [`Authenticator::authenticate`], but at the time that `clock` says, and lends the identity to `answer`: a token
    /// that was accepted before costs no allocation.
    pub fn authenticate_with<R>(
        &self,
        authorization: &[u8],
        clock: impl Into<Clock>,
        answer: impl FnOnce(Result<Accepted<'_>, Rejection>) -> R,
    ) -> R {
        match bearer_token(authorization) {
            Ok(token) => self.judge_with(token, clock, &(), answer),
            Err(reject) => answer(Err(reject)),
        }
    }

    /// Judges a header as [`Authenticator::authenticate`] does, always from the beginning, and tells `passed` of each step
    /// that succeeded, in order.
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
        let judged = bearer_token(authorization).and_then(|token| {
            journal.passed(Step::BearerToken { bytes: token.len() });
            self.judge(token, now, &journal)
        });
        judged.map(|(identity, ..)| identity).map_err(|reject| journal.refusal(reject))
    }

    /// The issuer whose rules judge this token, by its `iss` where there are several. `None` if no part of it can be read,
    /// or if it is of none of them.
    #[must_use]
    pub fn issuer_of(&self, token: &[u8]) -> Option<IssuerView> {
        let rules = self.issuers.load();
        let payload = UnverifiedToken::decode(token, usize::MAX).map(|token| token.payload).unwrap_or_default();
        rules.select(&payload).ok().map(|issuer| IssuerView(Arc::clone(issuer)))
    }

    /// All issuers, in no order.
    #[must_use]
    pub fn issuers(&self) -> Vec<IssuerView> {
        self.issuers.load().issuers().into_iter().map(|issuer| IssuerView(Arc::clone(issuer))).collect()
    }

    /// Where in the value of an Authorization header the token stands that connectors get; none where
    /// `pass-through.credential-name` is not set.
    #[must_use]
    pub fn token_to_pass_through(&self, authorization: &[u8]) -> Option<Range<usize>> {
        self.whole.pass_through.as_ref()?;
        bearer_token_range(authorization)
    }

    /// Looks for the token among those that were accepted; judges it if it is not there, and keeps it if it is accepted.
    fn judge_with<R>(
        &self,
        token: &[u8],
        clock: impl Into<Clock>,
        onlooker: &impl Onlooker,
        answer: impl FnOnce(Result<Accepted<'_>, Rejection>) -> R,
    ) -> R {
        let clock = clock.into();
        let epoch = self.issuers.epoch();
        let Some(cache) = &self.cache else {
            return match self.judge(token, clock.now(), onlooker) {
                Ok((identity, ..)) => answer(Ok(Accepted::new(&identity))),
                Err(reject) => answer(Err(reject)),
            };
        };
        let found = cache.find(token, epoch, clock);
        if let Some((identity, place)) = found.as_ref().and_then(Hit::verdict) {
            return answer(Ok(Accepted { identity, place: Some(place), was_known: true }));
        }
        // Before anything is loaded that the verdict depends on.
        let settled = epoch.settled();
        let now = clock.now();
        let (identity, validity, key_life) = match self.judge(token, now, onlooker) {
            Ok(accepted) => accepted,
            Err(reject) => return answer(Err(reject)),
        };
        let keys_end = match key_life {
            KeyLife::UntilChanged => None,
            KeyLife::Until(end) => Some(end),
            KeyLife::Unwatched => return answer(Ok(Accepted::new(&identity))),
        };
        let Some(epoch_before) = settled else { return answer(Ok(Accepted::new(&identity))) };
        let entry = cache.entry(token, Terms { epoch: epoch_before, validity, keys_end }, identity);
        let place = cache.keep(&entry, epoch, now);
        answer(Ok(Accepted { identity: entry.identity(), place, was_known: false }))
    }

    /// The one path of every token.
    fn judge(
        &self,
        token: &[u8],
        now: UnixMillis,
        onlooker: &impl Onlooker,
    ) -> Result<(Identity, Validity, KeyLife), Rejection> {
        onlooker.begins(StepName::Parts);
        let token = CompactJws::parse(token, self.whole.max_token_size)?;
        let [header, payload, signature] = token.lengths();
        onlooker.passed(Step::Parts { header, payload, signature });

        onlooker.begins(StepName::Base64url);
        let header_bytes = token.decode_header()?;
        onlooker.begins(StepName::Header);
        let header = header_bytes.parse()?;
        onlooker.passed(Step::Header { algorithm: header.algorithm, key_id: header.key_id.as_deref() });
        onlooker.begins(StepName::Base64url);
        let token = header_bytes.decode_rest()?;

        onlooker.begins(StepName::Issuer);
        let issuers = self.issuers.load();
        let issuer = issuers.select(token.unverified_payload())?;
        if issuers.are_several() {
            onlooker.passed(Step::Issuer { required: issuer.claims.required_issuer.as_deref() });
        }
        onlooker.begins(StepName::HeaderRules);
        issuer.header.check(&header)?;

        onlooker.begins(StepName::Key);
        let (payload, key_life) = issuer.keys.verify_with(&header, |key| {
            onlooker.begins(StepName::Key);
            let fitting = key.for_algorithm(header.algorithm)?;
            onlooker.passed(Step::Key(KeyDescription(key)));
            onlooker.begins(StepName::Signature);
            signature::verify(&fitting, &token)
        })?;
        onlooker.passed(Step::Signature);

        onlooker.begins(StepName::Claims);
        let claims = claims::verify(&payload, &issuer.claims, now)?;
        onlooker.passed(Step::Claims { issuer: claims.issuer.as_deref(), expires_at: claims.expires_at });
        onlooker.begins(StepName::PassThrough);
        let pass_through = self.whole.pass_through.as_ref();
        pass_through.map_or(Ok(()), |rules| rules.check_lifetime(claims.expires_at, now))?;
        let last_start = pass_through.and_then(|rules| rules.last_start(claims.expires_at));

        onlooker.begins(StepName::Principal);
        let principal = principal(&claims, &issuer.claims.principal_fields)?;
        onlooker.passed(Step::Principal(&principal));
        onlooker.begins(StepName::User);
        let user = issuer.user_mapping.load().map_user(&principal)?;
        onlooker.passed(Step::User(&user));
        if let Some(rules) = pass_through {
            onlooker.begins(StepName::PassThrough);
            rules.check_user(&user)?;
            onlooker.passed(Step::PassThrough);
        }
        let groups = match &issuer.claims.groups_field {
            Some(field) => {
                onlooker.begins(StepName::Groups);
                let groups = field.groups(&claims)?;
                onlooker.passed(Step::Groups(&groups));
                groups
            }
            None => Vec::new(),
        };
        let identity = Identity {
            principal: principal.into_owned(),
            user,
            groups,
            issuer: claims.issuer.map(Into::into),
            key_id: header.key_id.map(Into::into),
            algorithm: header.algorithm,
            expires_at: claims.expires_at,
        };
        Ok((identity, claims.validity.and_until(last_start), key_life))
    }
}

#[cfg(test)]
mod tests;

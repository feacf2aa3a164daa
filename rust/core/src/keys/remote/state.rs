// SPDX-License-Identifier: Apache-2.0
//! The state of one remote JWK Set: fetches, the keys they bring, and the requests that wait for them, without a
//! thread, a clock or a socket. [`RemoteKeySet`](super::remote::RemoteKeySet) guards it with a lock; a test walks
//! through every order of events.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Moment, UnixMillis};
use crate::http::failure::Failure;
use crate::http::get::{Fetched, Validator};
use crate::keys::jwk_set::JwkSet;
use crate::keys::remote::keyring::{Expiry, FetchedKeySet, Keyring, Replacement};
use crate::keys::remote::on_demand::{FetchGrant, OnDemand};
use crate::keys::remote::schedule::{FetchStep, LogNote, Schedule, Timing};

#[derive(Clone, Debug)]
pub(crate) struct KeySetState {
    schedule: Schedule,
    keyring: Keyring,
    demand: OnDemand,
    /// Number of fetches that began. At most one of them has not ended.
    begun: u64,
    ended: u64,
    /// Number of fetches that failed.
    failed: u64,
    /// The failure of the last fetch; `None` if it succeeded.
    failure: Option<Failure>,
}

/// The fetch that a request waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ticket {
    number: u64,
    /// The fetch begins after the request arrived: if it does not bring the key, the issuer does not have it.
    pub(crate) is_conclusive: bool,
}

/// The answer to a request with an unknown `kid`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum UnknownKeyAnswer {
    Rejected,
    Wait(Ticket),
}

/// What a request with an unknown `kid` may do; read without a lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Gate {
    /// It may request a fetch.
    Open,
    /// It may wait for the fetch that is running or due.
    Fetching,
    /// The next fetch has already been requested, for this time.
    ClosedUntil(Moment),
}

/// What a successful fetch means to the operator.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) news: LogNote,
    /// `None` if the document has not changed.
    pub(crate) replaced: Option<Replacement>,
}

/// The server answered that the document has not changed, but that document had expired.
#[derive(Debug)]
pub(crate) struct NothingToRenew;

impl KeySetState {
    pub(crate) fn new(timing: &Timing, now: Moment) -> Self {
        Self {
            schedule: Schedule::new(*timing, false, now),
            keyring: Keyring::new(timing),
            demand: OnDemand::new(timing.unknown_kid_cooldown),
            begun: 0,
            ended: 0,
            failed: 0,
            failure: None,
        }
    }

    /// Begins with a document that was fetched `age` before `now`; the first fetch is still due at once.
    pub(crate) fn restored(
        timing: &Timing,
        good: FetchedKeySet,
        fetched_at: UnixMillis,
        age: Duration,
        now: Moment,
    ) -> Self {
        let mut state = Self { schedule: Schedule::new(*timing, true, now), ..Self::new(timing, now) };
        state.keyring.restore(good, fetched_at, age, now);
        state
    }

    /// What the refresher has to do now. If this is a fetch, it counts as begun.
    pub(crate) fn next(&mut self, now: Moment) -> FetchStep {
        let step = self.schedule.next(now);
        if step == FetchStep::Fetch {
            self.begun += 1;
            self.demand.fetch_begins(now);
        }
        step
    }

    /// A request has the unknown `kid` with this hash.
    pub(crate) fn ask(&mut self, key_id: u64, now: Moment) -> UnknownKeyAnswer {
        if self.keyring.good().is_none() || self.demand.was_missed(key_id, now) {
            return UnknownKeyAnswer::Rejected;
        }
        let ticket = match self.schedule.due() {
            // The issuer may have answered before it had the key, so the end of this fetch is not conclusive.
            None => Ticket { number: self.begun, is_conclusive: false },
            Some(due) if due <= now => Ticket { number: self.begun + 1, is_conclusive: true },
            Some(_) => match self.demand.ask(now) {
                FetchGrant::Now => {
                    self.schedule.hasten(now);
                    Ticket { number: self.begun + 1, is_conclusive: true }
                }
                FetchGrant::At(time) => {
                    self.schedule.hasten(time);
                    return UnknownKeyAnswer::Rejected;
                }
            },
        };
        UnknownKeyAnswer::Wait(ticket)
    }

    /// An operator wants a fetch. Unlike requests, they need not wait for a cool-down; one that runs is not interrupted.
    pub(crate) fn refresh(&mut self, now: Moment) {
        if self.schedule.due().is_some() {
            self.schedule.hasten(now);
        }
    }

    /// The request with this `kid` waits; later requests with it do not.
    pub(crate) fn waits(&mut self, key_id: u64, now: Moment) {
        self.demand.remember(key_id, now);
    }

    /// True if the fetch has ended, successfully or not.
    pub(crate) fn is_over(&self, ticket: Ticket) -> bool {
        self.ended >= ticket.number
    }

    /// What a request with an unknown `kid` may do from `now` on, until the state changes.
    pub(crate) fn gate(&self) -> Gate {
        match (self.schedule.due(), self.demand.closed_until()) {
            (None, _) => Gate::Fetching,
            (Some(_), Some(time)) => Gate::ClosedUntil(time),
            (Some(_), None) => Gate::Open,
        }
    }

    /// The running fetch succeeded. The caller must publish the valid keys before it wakes waiting requests.
    pub(crate) fn succeeded(
        &mut self,
        fetched: Fetched<FetchedKeySet>,
        max_age: Option<Duration>,
        now: Moment,
        wall_clock: UnixMillis,
    ) -> Result<Success, NothingToRenew> {
        let replaced = match fetched {
            Fetched::Document(good) => Some(self.keyring.replace(good, now, wall_clock)),
            Fetched::Unchanged if self.keyring.renew(now, wall_clock) => None,
            Fetched::Unchanged => return Err(NothingToRenew),
        };
        self.ended = self.begun;
        self.failure = None;
        self.demand.forget_missed();
        Ok(Success { news: self.schedule.succeeded(now, max_age), replaced })
    }

    /// The running fetch failed. `random` is any number.
    pub(crate) fn failed(&mut self, failure: &Failure, now: Moment, random: u64) -> LogNote {
        self.ended = self.begun;
        self.failed += 1;
        self.failure = Some(failure.clone());
        self.schedule.failed(now, failure.kind, random)
    }

    /// Removes keys that have expired by now; the caller must publish the remaining ones.
    pub(crate) fn end_keys(&mut self, now: Moment) -> Option<Expiry> {
        let ending = self.keyring.end(now);
        if matches!(ending, Some(Expiry::All { .. })) {
            self.schedule.keys_ended(now);
        }
        ending
    }

    /// When [`KeySetState::end_keys`] must be called next.
    pub(crate) fn next_end(&self) -> Option<Moment> {
        self.keyring.next_end()
    }

    /// The valid keys.
    pub(crate) fn serving(&self) -> Option<Arc<JwkSet>> {
        self.keyring.serving()
    }

    /// When all of them expire, unless a fetch succeeds before.
    pub(crate) fn keys_end(&self) -> Option<Moment> {
        self.keyring.ends()
    }

    /// The validator with which the next fetch asks whether the document has changed.
    pub(crate) fn validator(&self) -> Option<Validator> {
        self.keyring.good().and_then(|good| good.validator.clone())
    }

    /// The last successfully fetched document and its time, until it expires.
    pub(crate) fn document(&self) -> Option<(&FetchedKeySet, UnixMillis)> {
        self.keyring.good().zip(self.keyring.fetched_at())
    }

    /// When the next fetch is due; `None` while one is running.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.schedule.due()
    }

    /// The failure of the last fetch; `None` if it succeeded.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The number of fetches that have failed.
    pub(crate) fn failures(&self) -> u64 {
        self.failed
    }

    /// The number of fetches that have ended.
    pub(crate) fn fetches(&self) -> u64 {
        self.ended
    }
}

#[cfg(test)]
mod tests;

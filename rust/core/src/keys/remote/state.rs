//! The life of one remote key set: fetches, the keys they bring, and the logins that wait for them, as one state without a
//! thread, a clock or a socket. [`RemoteKeySet`](super::remote::RemoteKeySet) guards it with a lock; a test walks through
//! every order of events.

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
    /// Fetches that began. At most one of them has not ended.
    begun: u64,
    ended: u64,
    /// How the last fetch ended, if badly.
    failure: Option<Failure>,
}

/// The fetch that a login waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ticket {
    number: u64,
    /// The fetch begins after the login came: if it does not bring the key, the issuer has not got it.
    pub(crate) settles: bool,
}

/// What a login with an unknown `kid` gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum UnknownKeyAnswer {
    Refused,
    Wait(Ticket),
}

/// What a login with an unknown `kid` can hope for; read without a lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Gate {
    /// It may ask for a fetch.
    Open,
    /// It may wait for the fetch that is under way or due.
    Fetching,
    /// All there is to ask for was asked for.
    ClosedUntil(Moment),
}

/// What a good fetch means to the operator.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) news: LogNote,
    /// `None` where the document is the same.
    pub(crate) replaced: Option<Replacement>,
}

/// An answer that the document is the same came after that document had ended.
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
            failure: None,
        }
    }

    /// Begins with a document that was fetched `age` before `now`; the first fetch is due at once all the same.
    pub(crate) fn restored(
        timing: &Timing,
        good: FetchedKeySet,
        fetched_at: UnixMillis,
        age: Duration,
        now: Moment,
    ) -> Self {
        let mut life = Self { schedule: Schedule::new(*timing, true, now), ..Self::new(timing, now) };
        life.keyring.restore(good, fetched_at, age, now);
        life
    }

    /// What the refresher has to do now. A fetch that is told to begin counts as begun.
    pub(crate) fn next(&mut self, now: Moment) -> FetchStep {
        let step = self.schedule.next(now);
        if step == FetchStep::Fetch {
            self.begun += 1;
            self.demand.fetch_begins(now);
        }
        step
    }

    /// A login has the unknown `kid` with this hash.
    pub(crate) fn ask(&mut self, key_id: u64, now: Moment) -> UnknownKeyAnswer {
        if self.keyring.good().is_none() || self.demand.was_missed(key_id, now) {
            return UnknownKeyAnswer::Refused;
        }
        let ticket = match self.schedule.due() {
            // The issuer may have answered before it had the key, so the end of this fetch settles nothing.
            None => Ticket { number: self.begun, settles: false },
            Some(due) if due <= now => Ticket { number: self.begun + 1, settles: true },
            Some(_) => match self.demand.ask(now) {
                FetchGrant::Now => {
                    self.schedule.hasten(now);
                    Ticket { number: self.begun + 1, settles: true }
                }
                FetchGrant::At(time) => {
                    self.schedule.hasten(time);
                    return UnknownKeyAnswer::Refused;
                }
            },
        };
        UnknownKeyAnswer::Wait(ticket)
    }

    /// The login with this `kid` waits: another one with it does not.
    pub(crate) fn waits(&mut self, key_id: u64, now: Moment) {
        self.demand.remember(key_id, now);
    }

    /// True if the fetch came to its end, well or badly.
    pub(crate) fn is_over(&self, ticket: Ticket) -> bool {
        self.ended >= ticket.number
    }

    /// What a login with an unknown `kid` can hope for from `now` on, until the state changes.
    pub(crate) fn gate(&self) -> Gate {
        match (self.schedule.due(), self.demand.closed_until()) {
            (None, _) => Gate::Fetching,
            (Some(_), Some(time)) => Gate::ClosedUntil(time),
            (Some(_), None) => Gate::Open,
        }
    }

    /// The fetch that is under way ended well. The keys that serve now are to be published before anybody who waits is
    /// told.
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

    /// The fetch that is under way failed. `random` is any number.
    pub(crate) fn failed(&mut self, failure: &Failure, now: Moment, random: u64) -> LogNote {
        self.ended = self.begun;
        self.failure = Some(failure.clone());
        self.schedule.failed(now, failure.kind, random)
    }

    /// Ends what is over by now; the keys that serve then are to be published.
    pub(crate) fn end_keys(&mut self, now: Moment) -> Option<Expiry> {
        let ending = self.keyring.end(now);
        if matches!(ending, Some(Expiry::All { .. })) {
            self.schedule.keys_ended(now);
        }
        ending
    }

    /// When [`KeySetState::end_keys`] has something to do.
    pub(crate) fn next_end(&self) -> Option<Moment> {
        self.keyring.next_end()
    }

    /// The keys that serve.
    pub(crate) fn serving(&self) -> Option<Arc<JwkSet>> {
        self.keyring.serving()
    }

    /// When all of them end unless a fetch is good before.
    pub(crate) fn keys_end(&self) -> Option<Moment> {
        self.keyring.ends()
    }

    /// What the next fetch may ask with whether the document is still the same.
    pub(crate) fn validator(&self) -> Option<Validator> {
        self.keyring.good().and_then(|good| good.validator.clone())
    }

    /// The last good document and when it was fetched, as long as it serves.
    pub(crate) fn document(&self) -> Option<(&FetchedKeySet, UnixMillis)> {
        self.keyring.good().zip(self.keyring.fetched_at())
    }

    /// When the next fetch is due; `None` while one is under way.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.schedule.due()
    }

    /// Why the last fetch brought nothing; `None` if it was good.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Fetches that came to an end.
    pub(crate) fn fetches(&self) -> u64 {
        self.ended
    }
}

#[cfg(test)]
mod tests;

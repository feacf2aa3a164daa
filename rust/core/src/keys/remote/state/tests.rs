// SPDX-License-Identifier: Apache-2.0
//! The state of a JWK Set in every order of events: breadth-first to a limited depth, and long random walks. The test
//! keeps its own independent record to check the rules.

#![expect(clippy::print_stdout, reason = "figures, and the seed to repeat a walk")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, DefaultHasher, Hasher as _, RandomState};

use super::*;
use crate::algorithm::Algorithm;
use crate::http::failure::FailureKind;
use crate::keys::jwk::Origin;
use crate::keys::remote::{MAX_EXPIRY_DELAY, Snapshot};
use crate::token::protected_header::ProtectedHeader;

const SECOND: Duration = Duration::from_secs(1);
const COOLDOWN: Duration = Duration::from_secs(30);
const WAIT: Duration = Duration::from_secs(2);
const MAX_STALE: Duration = Duration::from_secs(100);
const LONGEST_RETRY_WITH_KEYS: Duration = Duration::from_secs(16);
const LONGEST_RETRY_WITHOUT_KEYS: Duration = Duration::from_secs(8);
const REFRESH: Duration = Duration::from_secs(40);

fn timing(removed_key_grace: Duration) -> Timing {
    Timing {
        refresh_interval: REFRESH,
        shortest_refresh: 30 * SECOND,
        first_retry: SECOND,
        longest_retry_without_keys: LONGEST_RETRY_WITHOUT_KEYS,
        longest_retry_with_keys: LONGEST_RETRY_WITH_KEYS,
        max_stale: MAX_STALE,
        removed_key_grace,
        unknown_kid_cooldown: COOLDOWN,
        unknown_kid_wait: WAIT,
    }
}

fn good(key_ids: &[&str]) -> FetchedKeySet {
    const KEY: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    let keys: Vec<_> = key_ids.iter().map(|key_id| format!(r#"{{"kid":"{key_id}",{KEY}}}"#)).collect();
    let document = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let keys = JwkSet::read(document.as_bytes(), Origin::Fetched).unwrap().keys;
    FetchedKeySet { keys: Arc::new(keys), validator: None, text: None }
}

/// Kids of requests: one that the issuer adds, one that it never has.
const KEY_IDS: [&str; 2] = ["b", "x"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// The refresher wakes up and checks the state.
    Refresher,
    /// The fetch brings the set with `a`, with `b` instead, or without either.
    Brings(usize),
    Unchanged,
    Fails,
    /// A request with an unknown kid arrives.
    Login(usize),
    /// An operator asks for a fetch.
    Operator,
    /// A waiting request is woken, or its time is over.
    Wakes(usize),
    Passes(Duration),
    /// Time passes until the refresher has something to do.
    PassesUntilDue,
}

#[derive(Clone, Debug)]
struct Waiting {
    ticket: Ticket,
    /// Counted by the test.
    fetch: u64,
    since: Moment,
}

#[derive(Clone, Debug)]
struct World {
    grace: Duration,
    state: KeySetState,
    now: Moment,
    /// The snapshot of the request path.
    published: Option<Snapshot>,
    /// How long a token of `a` is accepted from the cache, if it was cached in this epoch at the best time for it.
    kept_until: Option<Moment>,
    logins: [Option<Waiting>; KEY_IDS.len()],
    in_flight: bool,
    begun: u64,
    ended: u64,
    /// When the next fetch is due, if no request triggers one.
    planned: Moment,
    /// When the last requested fetch and the last fetch of all began.
    asked_at: Option<Moment>,
    begun_at: Option<Moment>,
    waited_for_since_good: [bool; KEY_IDS.len()],
    last_good: Option<Moment>,
    /// The latest document contains `b`.
    has_b: bool,
    /// Since when the latest documents lack `a`.
    rotated_at: Option<Moment>,
    /// The time of the refresher's last check.
    seen: Moment,
}

struct Documents([FetchedKeySet; 3]);

impl World {
    fn new(grace: Duration, begin: Moment) -> Self {
        Self {
            grace,
            state: KeySetState::new(&timing(grace), begin),
            now: begin,
            published: None,
            kept_until: None,
            logins: Default::default(),
            in_flight: false,
            begun: 0,
            ended: 0,
            planned: begin,
            asked_at: None,
            begun_at: None,
            waited_for_since_good: Default::default(),
            last_good: None,
            has_b: false,
            rotated_at: None,
            seen: begin,
        }
    }

    fn possible(&self) -> Vec<Event> {
        let mut events = vec![
            Event::Refresher,
            Event::Operator,
            Event::Passes(SECOND),
            Event::Passes(COOLDOWN),
            Event::PassesUntilDue,
        ];
        if self.in_flight {
            events.extend([Event::Brings(0), Event::Brings(1), Event::Brings(2), Event::Unchanged, Event::Fails]);
        }
        for (index, login) in self.logins.iter().enumerate() {
            match login {
                Some(waiting) if self.ended >= waiting.fetch || self.now >= waiting.since + WAIT => {
                    events.push(Event::Wakes(index));
                }
                Some(_) => {}
                None if self.serving().is_some() && !self.serves(KEY_IDS[index]) => {
                    events.push(Event::Login(index));
                }
                None => {}
            }
        }
        events
    }

    /// Performs an event of the refresher, the fetch or a request, and checks the rules.
    fn take(&mut self, event: Event, documents: &Documents) {
        let now = self.now;
        match event {
            Event::Passes(time) => self.now = now + time,
            Event::PassesUntilDue => {
                let next = [self.state.due(), self.state.next_end()].into_iter().flatten().min();
                self.now = next.map_or(now, |next| next.max(now));
            }
            Event::Refresher => {
                self.end_keys();
                let earlier = self.state.due();
                if self.state.next(now) == FetchStep::Fetch {
                    assert!(!self.in_flight, "a second fetch beside the first");
                    assert!(earlier.is_some_and(|due| due <= now));
                    if now < self.planned {
                        let apart = self.asked_at.is_none_or(|asked_at| now - asked_at >= COOLDOWN);
                        assert!(apart, "two fetches on demand within a cool-down");
                        self.asked_at = Some(now);
                    }
                    self.begun_at = Some(now);
                    self.in_flight = true;
                    self.begun += 1;
                }
                self.seen = now;
            }
            Event::Brings(which) => {
                self.end_keys();
                let fetched = Fetched::Document(documents.0[which].clone());
                self.state.succeeded(fetched, None, now, UnixMillis(0)).unwrap();
                self.publish();
                self.fetch_ended(true);
                self.has_b = which == 1;
                self.rotated_at = match which {
                    0 => None,
                    _ => self.rotated_at.or(Some(now)),
                };
            }
            Event::Unchanged => {
                self.end_keys();
                let result = self.state.succeeded(Fetched::Unchanged, None, now, UnixMillis(0));
                assert_eq!(result.is_ok(), self.published.is_some(), "unchanged, but there is no document");
                match result {
                    Ok(_) => self.publish(),
                    Err(_) => self.fail(),
                }
                self.fetch_ended(self.published.is_some());
            }
            Event::Fails => {
                self.end_keys();
                self.fail();
                self.fetch_ended(false);
            }
            Event::Login(index) => self.ask(index),
            Event::Operator => {
                self.state.refresh(now);
                if !self.in_flight {
                    self.planned = self.planned.min(now);
                }
            }
            Event::Wakes(index) => {
                let waiting = self.logins[index].take().unwrap();
                let in_time = self.ended >= waiting.fetch;
                if in_time && self.serving().is_some() && !self.serves(KEY_IDS[index]) && !waiting.ticket.is_conclusive
                {
                    self.ask(index);
                }
            }
        }
        self.keep();
        self.check();
    }

    /// The valid keys of the request path, and how long their tokens are cached.
    fn serving(&self) -> Option<(&Arc<JwkSet>, Moment)> {
        self.published.as_ref()?.keys_at(self.now)
    }

    fn serves(&self, key_id: &str) -> bool {
        let header = ProtectedHeader::of(Algorithm::EdDsa, Some(key_id));
        self.serving().is_some_and(|(keys, _)| keys.verify_with(&header, |_| Ok(())).is_ok())
    }

    fn keep(&mut self) {
        let end = self.serving().map(|(_, end)| end).filter(|_| self.serves("a"));
        self.kept_until = self.kept_until.max(end);
    }

    fn ask(&mut self, index: usize) {
        let now = self.now;
        let cold = self.begun_at.is_none_or(|begun_at| now - begun_at >= COOLDOWN);
        // A granted fetch may not have begun yet.
        let free = !self.in_flight && self.planned > now && cold && !self.waited_for_since_good[index];
        let answer = self.state.ask(index as u64, now);
        if free && self.state.document().is_some() {
            assert!(matches!(answer, UnknownKeyAnswer::Wait(_)), "nothing prevents a fetch");
        }
        if self.waited_for_since_good[index]
            && self.logins.iter().all(Option::is_none)
            && answer != UnknownKeyAnswer::Rejected
        {
            // Forgotten after the cool-down at the latest, and not earlier without a successful fetch.
            assert!(self.waited_at(index).is_none_or(|since| now >= since + COOLDOWN), "the same kid waits twice");
        }
        if let UnknownKeyAnswer::Wait(ticket) = answer {
            assert_eq!(ticket.is_conclusive, !self.in_flight);
            self.state.waits(index as u64, now);
            self.waited_for_since_good[index] = true;
            let fetch = if self.in_flight { self.begun } else { self.begun + 1 };
            self.logins[index] = Some(Waiting { ticket, fetch, since: now });
        }
    }

    fn waited_at(&self, index: usize) -> Option<Moment> {
        self.logins[index].as_ref().map(|waiting| waiting.since)
    }

    fn end_keys(&mut self) {
        if let Some(ending) = self.state.end_keys(self.now) {
            self.publish();
            if matches!(ending, Expiry::All { .. }) {
                self.planned = self.planned.min(self.now);
                self.rotated_at = None;
            }
        }
    }

    fn fail(&mut self) {
        self.state.failed(&Failure::new(FailureKind::Status, ""), self.now, 0);
    }

    fn publish(&mut self) {
        let snapshot = Snapshot::serving(&self.state);
        let continues = match (&snapshot, &self.published) {
            (Some(snapshot), Some(older)) => snapshot.continues(older, self.now),
            (None, None) => true,
            _ => false,
        };
        if !continues {
            self.kept_until = None;
        }
        self.published = snapshot;
    }

    fn fetch_ended(&mut self, well: bool) {
        self.in_flight = false;
        self.ended = self.begun;
        self.planned = self.state.due().expect("the end of a fetch leads to the next one");
        if well {
            self.last_good = Some(self.now);
            self.waited_for_since_good = Default::default();
        }
        self.seen = self.now;
    }

    fn check(&self) {
        let now = self.now;
        for waiting in self.logins.iter().flatten() {
            assert_eq!(self.state.is_over(waiting.ticket), self.ended >= waiting.fetch, "a lost wake-up");
            let will_end = self.in_flight || self.state.due().is_some_and(|due| due <= now);
            assert!(self.ended >= waiting.fetch || will_end, "a request waits for a fetch that never happens");
        }
        match self.state.due() {
            None => assert!(self.in_flight, "nothing will ever be fetched again"),
            Some(due) => {
                assert!(!self.in_flight, "a second fetch would begin");
                let longest = match (&self.published, self.last_good) {
                    (Some(_), Some(good)) if good == self.seen => REFRESH,
                    (Some(_), _) => REFRESH.max(LONGEST_RETRY_WITH_KEYS),
                    (None, _) => LONGEST_RETRY_WITHOUT_KEYS,
                };
                assert!(due <= self.seen + longest || due <= now + longest, "a missed retry");
                assert!(due <= self.planned, "later than planned");
            }
        }
        let gate = self.state.gate();
        assert_eq!(gate == Gate::Fetching, self.in_flight);
        if let Gate::ClosedUntil(time) = gate {
            assert!(self.state.due().is_some_and(|due| due <= time), "closed, and nothing comes");
        }
        // Even without the refresher, slightly late.
        let late = now - MAX_EXPIRY_DELAY;
        let is_removed = self.rotated_at.is_some_and(|rotated_at| late >= rotated_at + self.grace);
        let is_stale = self.last_good.is_none_or(|last_good| late >= last_good + MAX_STALE);
        assert!(!is_stale || self.serving().is_none(), "keys beyond max_stale");
        assert!(!is_removed || !self.serves("a"), "a removed key serves");
        let is_kept = self.kept_until.is_some_and(|until| now < until);
        assert!(!(is_stale || is_removed) || !is_kept, "a kept token of a key that has ended");
        // Rules that depend on the refresher's timer hold after its check.
        if self.seen == now {
            let fresh = self.last_good.is_some_and(|last_good| now < last_good + MAX_STALE);
            assert_eq!(self.published.is_some(), fresh, "keys beyond max_stale, or no keys within it");
            if let Some(rotated_at) = self.rotated_at {
                assert!(!self.has_b || self.serves("b"));
                let graced = now < rotated_at + self.grace;
                assert!(graced || !self.serves("a"), "a removed key serves");
            }
        }
    }

    /// Equal for states without relevant differences.
    fn digest(&self) -> u64 {
        struct Hashing(DefaultHasher);
        impl std::fmt::Write for Hashing {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                self.0.write(text.as_bytes());
                Ok(())
            }
        }
        let mut hashing = Hashing(DefaultHasher::new());
        write!(hashing, "{self:?}").unwrap();
        hashing.0.finish()
    }
}

/// With two more keys, so that none of the others is the only one for its algorithm.
fn documents() -> Documents {
    Documents([good(&["a", "c", "d"]), good(&["b", "c", "d"]), good(&["c", "d"])])
}

#[test]
fn in_every_order_of_events_no_request_is_lost_no_fetch_doubled_and_no_expired_key_used() {
    let documents = documents();
    // One more level takes ten times as long.
    let depth = std::env::var("NATIVEJWT_DEPTH").map_or(7, |depth| depth.parse().unwrap());
    let mut explored = 0;
    for grace in [Duration::ZERO, 10 * SECOND] {
        // Begins with the first successful fetch: before it, no fetch can be requested.
        let mut world = World::new(grace, Moment::now());
        world.take(Event::Refresher, &documents);
        world.take(Event::Brings(0), &documents);
        let (mut layer, mut known) = (vec![world], HashSet::new());
        for _ in 0..depth {
            let mut next = Vec::new();
            for world in &layer {
                for event in world.possible() {
                    let mut world = world.clone();
                    world.take(event, &documents);
                    if known.insert(world.digest()) {
                        next.push(world);
                    }
                }
            }
            layer = next;
        }
        explored += known.len();
    }
    println!("{explored} states");
    assert!(explored > 10_000, "{explored} states are not all of them");
}

#[test]
fn the_rules_hold_on_long_random_walks() {
    let documents = documents();
    let seed = std::env::var("NATIVEJWT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("NATIVEJWT_SEED={seed}");
    let mut state = seed | 1;
    let mut random = |below: usize| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for walk in 0..400 {
        let mut world = World::new(if walk % 2 == 0 { Duration::ZERO } else { 10 * SECOND }, Moment::now());
        for _ in 0..300 {
            let events = world.possible();
            world.take(events[random(events.len())], &documents);
        }
    }
}

#[test]
fn a_kid_whose_fetch_failed_waits_again_only_after_the_cool_down_or_a_successful_fetch() {
    let now = Moment::now();
    let mut state = KeySetState::new(&timing(Duration::ZERO), now);
    state.next(now);
    state.succeeded(Fetched::Document(good(&["a"])), None, now, UnixMillis(0)).unwrap();
    assert!(matches!(state.ask(1, now), UnknownKeyAnswer::Wait(Ticket { is_conclusive: true, .. })));
    state.waits(1, now);
    assert_eq!(state.next(now), FetchStep::Fetch);
    assert_eq!(state.ask(1, now), UnknownKeyAnswer::Rejected, "one request already waits for the kid");
    assert!(
        matches!(state.ask(2, now), UnknownKeyAnswer::Wait(Ticket { is_conclusive: false, .. })),
        "another kid waits for the same fetch"
    );
    state.failed(&Failure::new(FailureKind::Status, ""), now, 0);
    assert_eq!(state.ask(1, now), UnknownKeyAnswer::Rejected);
    assert_eq!(state.gate(), Gate::Open, "nothing was postponed for it");
    assert_eq!(state.ask(2, now), UnknownKeyAnswer::Rejected, "the cool-down");
    assert_eq!(state.gate(), Gate::ClosedUntil(now + COOLDOWN));
    let retry = state.due().unwrap();
    assert!(retry <= now + SECOND, "the retry is not put off");
    state.next(retry);
    state.succeeded(Fetched::Document(good(&["a"])), None, retry, UnixMillis(0)).unwrap();
    assert_eq!(state.gate(), Gate::Open, "every kid may trigger a fetch again");
    state.ask(1, retry);
    assert_eq!(state.due(), Some(now + COOLDOWN), "a request within the cool-down is served at its end");
}

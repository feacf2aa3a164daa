// SPDX-License-Identifier: Apache-2.0
use std::collections::HashSet;
use std::hash::Hasher as _;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::*;
use crate::algorithm::Algorithm;

const MEGABYTE: u64 = 1024 * 1024;
pub(super) const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);
pub(super) const NOW: UnixMillis = UnixMillis(0);

/// The epoch of a revocation list that never changes.
pub(crate) fn unchanged() -> EpochNumber {
    Epoch::default().settled().unwrap()
}

fn counters() -> Arc<IssuerCounters> {
    IssuerCounters::new("test")
}

pub(super) fn identity(user: &str) -> Identity {
    Identity {
        principal: user.to_owned(),
        user: user.to_owned(),
        groups: Vec::new(),
        storage_role: None,
        issuer: None,
        key_id: None,
        algorithm: Algorithm::Rs256,
        expires_at: None,
    }
}

/// A cache and its epoch.
pub(super) struct Fixture {
    pub(super) cache: TokenCache,
    pub(super) epoch: Epoch,
}

impl Fixture {
    pub(super) fn new(bytes: u64) -> Self {
        Self { cache: TokenCache::new(bytes), epoch: Epoch::default() }
    }

    pub(super) fn keep_for(
        &self,
        token: &[u8],
        (from, until): (i64, i64),
        keys_end: Option<Moment>,
    ) -> Option<CachePlace> {
        let terms = Terms {
            epoch: self.epoch.settled().unwrap(),
            validity: Validity::between(from, until),
            keys_end,
            revocation: unchanged(),
        };
        self.cache.keep(&self.cache.entry(token, terms, identity("alice"), counters()), &self.epoch, NOW)
    }

    pub(super) fn keep(&self, token: &[u8]) -> Option<CachePlace> {
        self.keep_for(token, ALWAYS, None)
    }

    fn find_at(&self, token: &[u8], now: i64) -> bool {
        self.cache.find(token, &self.epoch, UnixMillis(now)).is_some()
    }

    pub(super) fn find(&self, token: &[u8]) -> bool {
        self.find_at(token, 0)
    }

    /// Checks that every slot with a token is in one queue once, and that the bytes are those of the tokens.
    fn check_consistency(&self) {
        let (tokens, bytes) = self.cache.fill();
        let entries: Vec<_> = (0..self.cache.slots() as u32).filter_map(|slot| self.cache.entry_at(slot)).collect();
        assert_eq!(entries.len(), tokens);
        assert_eq!(entries.iter().map(|entry| entry.charge()).sum::<u64>(), bytes);
        let native: u64 = entries.iter().map(|entry| entry.native_bytes()).sum();
        assert_eq!(self.cache.java_room(), self.cache.max_entry_bytes - native);
        assert!(bytes - native <= self.cache.java_room(), "the Java side has room for all cached identities");
        let distinct: HashSet<&[u8]> = entries.iter().map(|entry| entry.token.as_slice()).collect();
        assert_eq!(distinct.len(), tokens, "a token is in one slot");
    }
}

/// A token of this many bytes with a unique end.
pub(super) fn token(number: u64, length: usize) -> Vec<u8> {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write_u64(number);
    let end = format!("{:016x}{number:016x}", hasher.finish());
    let mut token = vec![b'x'; length - end.len()];
    token.extend_from_slice(end.as_bytes());
    token
}

/// Random numbers that are the same in each run (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[test]
fn a_cached_token_is_found_with_its_verdict_and_place() {
    let fixture = Fixture::new(MEGABYTE);
    let token = token(1, 1700);
    assert!(!fixture.find(&token));
    let place = fixture.keep(&token).unwrap();
    let hit = fixture.cache.find(&token, &fixture.epoch, NOW).unwrap();
    assert_eq!(hit.verdict(), Some((&identity("alice"), place)));
    assert!((place.slot as usize) < fixture.cache.slots());
    let later = fixture.keep(&token).unwrap();
    assert_eq!(later.slot, place.slot);
    assert_ne!(later.generation, place.generation, "its verdict may have changed");
    fixture.check_consistency();
}

/// The hash covers the end alone, so these tokens share set and tag.
#[test]
fn every_byte_of_a_token_is_compared() {
    let fixture = Fixture::new(MEGABYTE);
    let token = token(1, 200);
    fixture.keep(&token).unwrap();
    for place in 0..token.len() {
        let mut other = token.clone();
        other[place] ^= 1;
        assert!(!fixture.find(&other), "byte {place}");
    }
    assert!(!fixture.find(&token[1..]) && !fixture.find(&[b"x", token.as_slice()].concat()));
    assert!(!fixture.find(b"") && !fixture.find(&token[190..]));
    assert!(fixture.find(&token));
}

#[test]
fn a_token_is_found_between_its_times_to_the_millisecond() {
    let fixture = Fixture::new(MEGABYTE);
    let token = token(1, 300);
    fixture.keep_for(&token, (-100, 100), None).unwrap();
    assert_eq!([-101, -100, 100, 101].map(|now| fixture.find_at(&token, now)), [false, true, true, false]);
}

#[test]
fn a_token_expires_with_its_keys() {
    let fixture = Fixture::new(MEGABYTE);
    let [ended, soon, long] = [1, 2, 3].map(|number| token(number, 300));
    let now = Moment::now();
    fixture.keep_for(&ended, ALWAYS, Some(now)).unwrap();
    // For one the exact clock decides, for the other the coarse one.
    fixture.keep_for(&soon, ALWAYS, Some(now + Duration::from_secs(8))).unwrap();
    fixture.keep_for(&long, ALWAYS, Some(now + Duration::from_secs(1000))).unwrap();
    assert_eq!([ended, soon, long].map(|token| fixture.find(&token)), [false, true, true]);
}

#[test]
fn a_token_of_another_epoch_is_neither_found_nor_inserted() {
    let fixture = Fixture::new(MEGABYTE);
    let token = token(1, 300);
    let terms = |epoch| Terms { epoch, validity: Validity::between(0, 0), keys_end: None, revocation: unchanged() };
    let verified = fixture.cache.entry(&token, terms(fixture.epoch.settled().unwrap()), identity("alice"), counters());
    let place = fixture.cache.keep(&verified, &fixture.epoch, NOW);
    assert!(place.is_some() && fixture.find(&token));
    fixture.epoch.change(|| assert!(!fixture.find(&token), "a change is in progress"));
    assert!(!fixture.find(&token));
    assert_eq!(fixture.cache.keep(&verified, &fixture.epoch, NOW), None);
    fixture.keep(&token).unwrap();
    assert!(fixture.find(&token));
    fixture.check_consistency();
}

#[test]
fn a_cache_stays_below_its_size() {
    for bytes in [TokenCache::MIN_BYTES, MEGABYTE] {
        let fixture = Fixture::new(bytes);
        let mut random = Random(bytes);
        let mut kept = 0;
        for _ in 0..20_000 {
            let number = random.below(3000);
            let token = token(number, 100 + (number % 40 * 50) as usize);
            if random.below(100) == 0 {
                fixture.epoch.change(|| ());
            }
            if !fixture.find(&token) {
                kept += usize::from(fixture.keep(&token).is_some());
            }
            assert!(fixture.cache.fill().1 <= bytes);
        }
        assert!(kept > 5000, "{kept}");
        fixture.check_consistency();
        let (tokens, filled) = fixture.cache.fill();
        assert!(filled > bytes / 2, "{tokens} tokens take {filled} of {bytes}");
        fixture.cache.clear_all();
        assert_eq!(fixture.cache.fill(), (0, 0));
        fixture.check_consistency();
    }
}

#[test]
fn both_sides_stay_below_the_size_with_many_groups() {
    let fixture = Fixture::new(MEGABYTE);
    let mut random = Random(1);
    for _ in 0..3000 {
        let number = random.below(1000);
        let group = |group| format!("group-{group}-{}", if number.is_multiple_of(7) { "é" } else { "" });
        let groups = (0..number % 300).map(group).collect();
        let terms = Terms {
            epoch: fixture.epoch.settled().unwrap(),
            validity: Validity::between(0, 0),
            keys_end: None,
            revocation: unchanged(),
        };
        let entry =
            fixture.cache.entry(&token(number, 300), terms, Identity { groups, ..identity("alice") }, counters());
        fixture.cache.keep(&entry, &fixture.epoch, NOW);
        assert!(fixture.cache.fill().1 <= MEGABYTE);
    }
    fixture.check_consistency();
    assert!(fixture.cache.fill().1 > MEGABYTE / 2);
    fixture.cache.clear_all();
    fixture.check_consistency();
}

/// docs/configuration.md states the size of a token of 1.2 kB, without groups and with a hundred.
#[test]
fn a_token_needs_the_documented_memory() {
    let fixture = Fixture::new(MEGABYTE);
    let cost = |groups: usize| {
        let groups = (0..groups).map(|group| format!("department-{group:04}")).collect();
        let identity = Identity {
            groups,
            issuer: Some("https://idp.example/realms/corp".to_owned()),
            key_id: Some("FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE".to_owned()),
            ..identity("alice@example.com")
        };
        let terms = Terms {
            epoch: fixture.epoch.settled().unwrap(),
            validity: Validity::between(0, 0),
            keys_end: None,
            revocation: unchanged(),
        };
        let entry = fixture.cache.entry(&token(1, 1200), terms, identity, counters());
        (entry.native_bytes(), entry.charge())
    };
    for (groups, native, both) in [(0, 1650..=1750, 2050..=2150), (100, 7000..=7500, 18_000..=19_000)] {
        let (found, whole) = cost(groups);
        assert!(native.contains(&found) && both.contains(&whole), "{groups} groups: {found}, {whole}");
    }
}

#[test]
fn a_token_that_is_too_large_or_too_short_evicts_no_other() {
    let fixture = Fixture::new(TokenCache::MIN_BYTES);
    let small = token(1, 200);
    fixture.keep(&small).unwrap();
    assert_eq!(fixture.keep(&token(2, 20_000)), None);
    assert_eq!(fixture.keep(b"short"), None);
    assert!(fixture.find(&small));
}

#[test]
fn the_drop_of_a_cache_drops_its_entries() {
    let fixture = Fixture::new(MEGABYTE);
    let terms = |epoch| Terms { epoch, validity: Validity::between(0, 0), keys_end: None, revocation: unchanged() };
    let entry =
        fixture.cache.entry(&token(1, 300), terms(fixture.epoch.settled().unwrap()), identity("alice"), counters());
    fixture.cache.keep(&entry, &fixture.epoch, NOW).unwrap();
    let kept = Arc::downgrade(&entry);
    drop(entry);
    assert_eq!(kept.strong_count(), 1);
    drop(fixture);
    assert_eq!(kept.strong_count(), 0);
}

#[test]
fn a_full_set_evicts_its_least_used_token() {
    let fixture = Fixture::new(TokenCache::MIN_BYTES);
    // All tokens of one set.
    let set = |token: &[u8]| fixture.cache.set_of(fixture.cache.hash(token).unwrap()).unwrap().0;
    let tokens: Vec<_> = (0..).map(|number| token(number, 64)).filter(|token| set(token) == 0).take(WAYS + 1).collect();
    let (last, first) = tokens.split_last().unwrap();
    for token in first {
        fixture.keep(token).unwrap();
    }
    for (index, token) in first.iter().enumerate() {
        assert!(fixture.find(token));
        if index != 3 {
            assert!(fixture.find(token));
        }
    }
    let place = fixture.keep(last).unwrap();
    assert_eq!(place.slot as usize / WAYS, 0);
    let found: Vec<_> = first.iter().map(|token| fixture.find(token)).collect();
    assert_eq!(found, [true, true, true, false, true, true, true, true]);
    assert!(fixture.find(last));
    fixture.check_consistency();
}

/// Services that get a new token for each call must not evict the tokens of users.
#[test]
fn tokens_that_are_used_once_do_not_evict_those_that_are_used_often() {
    let fixture = Fixture::new(MEGABYTE);
    let often: Vec<_> = (0..100).map(|number| token(number, 1700)).collect();
    let mut misses = 0;
    for round in 0..200 {
        for token in &often {
            if !fixture.find(token) {
                misses += 1;
                fixture.keep(token).unwrap();
            }
        }
        for number in 0..100 {
            fixture.keep(&token(1_000_000 + round * 100 + number, 1700)).unwrap();
        }
    }
    fixture.check_consistency();
    assert!(misses <= 120, "{misses} of 20 000 look-ups missed");
}

#[test]
fn expired_tokens_are_evicted_first() {
    let fixture = Fixture::new(MEGABYTE);
    let expired: Vec<_> = (0..100).map(|number| token(number, 1700)).collect();
    for token in &expired {
        fixture.keep_for(token, (0, 100), None).unwrap();
        assert!(fixture.find(token) && fixture.find(token));
    }
    for number in 1000..1500 {
        let terms = Terms {
            epoch: fixture.epoch.settled().unwrap(),
            validity: Validity::between(0, 1000),
            keys_end: None,
            revocation: unchanged(),
        };
        let entry = fixture.cache.entry(&token(number, 1700), terms, identity("alice"), counters());
        fixture.cache.keep(&entry, &fixture.epoch, UnixMillis(101)).unwrap();
    }
    let entries = (0..fixture.cache.slots() as u32).filter_map(|slot| fixture.cache.entry_at(slot));
    assert_eq!(entries.filter(|entry| entry.validity.is_over(UnixMillis(101))).count(), 0);
}

/// Every order of the steps of requests and changes. The cache serves a token only if its key is in use at that moment.
mod interleavings {
    use super::*;

    struct World {
        fixture: Fixture,
        /// The key in use; 0 is the key of the token.
        key: ArcSwap<u8>,
        token: Vec<u8>,
        served: AtomicUsize,
    }

    #[derive(Clone, Copy)]
    enum Actor {
        /// Looks the token up, verifies and inserts it as `Authenticator::find_or_validate` does, and looks it up again.
        Request,
        /// Replaces the key.
        Change(u8),
    }

    #[derive(Default)]
    struct State<'w> {
        step: usize,
        done: bool,
        settled: Option<EpochNumber>,
        verified: bool,
        change: Option<crate::epoch::Change<'w>>,
    }

    fn step<'w>(world: &'w World, actor: Actor, state: &mut State<'w>) {
        let World { fixture, key, token, served } = world;
        match (actor, state.step) {
            (Actor::Request, 0 | 4) => {
                if fixture.find(token) {
                    assert_eq!(**key.load(), 0, "served by the cache, although its key was removed");
                    served.fetch_add(1, Ordering::Relaxed);
                }
                state.done = state.step == 4;
            }
            (Actor::Request, 1) => state.settled = fixture.epoch.settled(),
            (Actor::Request, 2) => state.verified = **key.load() == 0,
            (Actor::Request, _) => {
                if let (Some(epoch), true) = (state.settled, state.verified) {
                    let terms =
                        Terms { epoch, validity: Validity::between(0, 0), keys_end: None, revocation: unchanged() };
                    fixture.cache.keep(
                        &fixture.cache.entry(token, terms, identity("alice"), counters()),
                        &fixture.epoch,
                        NOW,
                    );
                }
            }
            (Actor::Change(_), 0) => state.change = Some(fixture.epoch.begin()),
            (Actor::Change(to), 1) => key.store(Arc::new(to)),
            (Actor::Change(_), _) => {
                state.change = None;
                state.done = true;
            }
        }
        state.step += 1;
    }

    /// Runs the actors one step at a time, in the order of `choose`. A look-up at the end checks the result.
    fn run(actors: &[Actor], choose: &mut dyn FnMut(usize) -> usize) -> usize {
        let world = World {
            fixture: Fixture::new(TokenCache::MIN_BYTES),
            key: ArcSwap::from_pointee(0),
            token: token(1, 64),
            served: AtomicUsize::new(0),
        };
        let mut states: Vec<_> = actors.iter().map(|_| State::default()).collect();
        while let Some(index) = next(states.iter().map(|state| state.done), choose) {
            step(&world, actors[index], &mut states[index]);
        }
        step(&world, Actor::Request, &mut State::default());
        world.served.load(Ordering::Relaxed)
    }

    /// The index of the actor that takes the next step; `None` if all are done.
    pub(super) fn next(done: impl Iterator<Item = bool>, choose: &mut dyn FnMut(usize) -> usize) -> Option<usize> {
        let ready: Vec<usize> = done.enumerate().filter(|(_, done)| !done).map(|(index, _)| index).collect();
        (!ready.is_empty()).then(|| ready[choose(ready.len())])
    }

    /// Runs all orders, by counting through the choices. `run` returns how many requests the cache served.
    pub(super) fn walk(run: impl Fn(&mut dyn FnMut(usize) -> usize) -> usize) -> (usize, usize) {
        let mut orders = 0;
        let mut served = 0;
        let mut choices: Vec<(usize, usize)> = Vec::new();
        loop {
            let mut depth = 0;
            served += run(&mut |ready| {
                if depth == choices.len() {
                    choices.push((0, ready));
                }
                let (choice, _) = choices[depth];
                depth += 1;
                choice
            });
            orders += 1;
            while let Some((choice, ready)) = choices.pop() {
                if choice + 1 < ready {
                    choices.push((choice + 1, ready));
                    break;
                }
            }
            if choices.is_empty() {
                return (orders, served);
            }
        }
    }

    #[test]
    fn no_token_is_served_after_its_key_was_removed() {
        let (orders, served) = walk(|choose| run(&[Actor::Request, Actor::Request, Actor::Change(1)], choose));
        assert!(orders > 70_000 && served > 3_000, "{orders} orders, {served} served by the cache");
    }

    #[test]
    fn no_token_is_served_after_its_key_was_removed_during_another_change() {
        let (orders, served) = walk(|choose| run(&[Actor::Request, Actor::Change(1), Actor::Change(1)], choose));
        assert!(orders > 9_000 && served > 10, "{orders} orders, {served} served by the cache");
    }

    #[test]
    fn no_token_is_served_while_its_key_is_removed_and_added_again() {
        let (orders, served) = walk(|choose| run(&[Actor::Request, Actor::Change(1), Actor::Change(0)], choose));
        assert!(orders > 9_000 && served > 10, "{orders} orders, {served} served by the cache");
    }
}

/// The same for the revocation list: a cached token is served only if the present list does not name it.
mod revocation_interleavings {
    use super::interleavings::{next, walk};
    use super::*;

    struct World {
        fixture: Fixture,
        /// The epoch of the list.
        epoch: Epoch,
        /// The list: true if it names the token.
        list: ArcSwap<bool>,
        token: Vec<u8>,
        served: AtomicUsize,
    }

    #[derive(Clone, Copy)]
    enum Actor {
        /// Does as `Authenticator::find_or_validate` and `Authenticator::check_revocation_again` do.
        Request,
        /// Replaces the list.
        Change(bool),
    }

    #[derive(Clone, Copy, Default)]
    enum Step {
        #[default]
        LookUp,
        /// The cache does not have the token.
        Validate,
        LoadList,
        Keep,
        /// The cache has the token, which was checked against an older list.
        CheckAgain,
        LoadListAgain,
        WasChecked,
        Done,
    }

    #[derive(Default)]
    struct State<'w> {
        step: Step,
        settled: Option<EpochNumber>,
        hit: Option<Hit>,
        is_revoked: bool,
        change: Option<crate::epoch::Change<'w>>,
    }

    fn step<'w>(world: &'w World, actor: Actor, state: &mut State<'w>) {
        let World { fixture, epoch, list, token, served } = world;
        let find = || fixture.cache.find(token, &fixture.epoch, NOW);
        state.step = match (actor, state.step) {
            (Actor::Request, Step::LookUp) => match find() {
                None => Step::Validate,
                Some(hit) if hit.is_checked_in(epoch) => {
                    assert!(!**list.load(), "served by the cache, although the list names it");
                    served.fetch_add(1, Ordering::Relaxed);
                    Step::Done
                }
                Some(hit) => {
                    state.hit = Some(hit);
                    Step::CheckAgain
                }
            },
            (Actor::Request, Step::Validate | Step::CheckAgain) => {
                state.settled = epoch.settled();
                if state.hit.is_some() { Step::LoadListAgain } else { Step::LoadList }
            }
            (Actor::Request, Step::LoadList | Step::LoadListAgain) => {
                state.is_revoked = **list.load();
                match (state.is_revoked, state.hit.is_some()) {
                    (true, _) => Step::Done,
                    (false, true) => Step::WasChecked,
                    (false, false) => Step::Keep,
                }
            }
            (Actor::Request, Step::Keep) => {
                if let Some(revocation) = state.settled {
                    let terms = Terms {
                        epoch: fixture.epoch.settled().unwrap(),
                        revocation,
                        validity: Validity::between(0, 0),
                        keys_end: None,
                    };
                    fixture.cache.keep(
                        &fixture.cache.entry(token, terms, identity("alice"), counters()),
                        &fixture.epoch,
                        NOW,
                    );
                }
                Step::Done
            }
            (Actor::Request, Step::WasChecked) => {
                if let (Some(hit), Some(settled)) = (&state.hit, state.settled) {
                    hit.was_checked_in(settled);
                }
                served.fetch_add(1, Ordering::Relaxed);
                Step::Done
            }
            (Actor::Change(_), Step::LookUp) => {
                state.change = Some(epoch.begin());
                Step::LoadList
            }
            (Actor::Change(to), Step::LoadList) => {
                list.store(Arc::new(to));
                Step::Keep
            }
            (Actor::Change(_), _) | (_, Step::Done) => {
                state.change = None;
                Step::Done
            }
        };
    }

    /// The token is cached at first. Look-ups at the end check the result.
    fn run(actors: &[Actor], choose: &mut dyn FnMut(usize) -> usize) -> usize {
        let world = World {
            fixture: Fixture::new(TokenCache::MIN_BYTES),
            epoch: Epoch::default(),
            list: ArcSwap::from_pointee(false),
            token: token(1, 64),
            served: AtomicUsize::new(0),
        };
        world.fixture.keep(&world.token).unwrap();
        let mut states: Vec<_> = actors.iter().map(|_| State::default()).collect();
        while let Some(index) = next(states.iter().map(|state| matches!(state.step, Step::Done)), choose) {
            step(&world, actors[index], &mut states[index]);
        }
        let is_served = world.fixture.cache.find(&world.token, &world.fixture.epoch, NOW);
        let is_served = is_served.is_some_and(|hit| hit.is_checked_in(&world.epoch));
        assert!(!(is_served && **world.list.load()), "checked in the present epoch, although the list names it");
        world.served.load(Ordering::Relaxed)
    }

    #[test]
    fn no_token_is_served_after_the_list_names_it() {
        let actors = [Actor::Request, Actor::Request, Actor::Change(true)];
        let (orders, served) = walk(|choose| run(&actors, choose));
        assert!(orders > 500 && served > 500, "{orders} orders, {served} served by the cache");
    }

    #[test]
    fn no_token_is_served_after_the_list_names_it_during_another_change() {
        let actors = [Actor::Request, Actor::Change(true), Actor::Change(true)];
        let (orders, served) = walk(|choose| run(&actors, choose));
        assert!(orders > 1_000 && served > 200, "{orders} orders, {served} served by the cache");
    }

    #[test]
    fn no_token_is_served_while_the_list_names_it_for_a_time() {
        for changes in [[false, true], [true, false]] {
            let [first, second] = changes.map(Actor::Change);
            let actors = [Actor::Request, first, second];
            let (orders, served) = walk(|choose| run(&actors, choose));
            assert!(orders > 1_000 && served > 200, "{orders} orders, {served} served by the cache");
        }
    }
}

/// The same with real threads, whose steps can overlap in more ways.
#[test]
fn threads_find_no_token_after_its_key_was_replaced() {
    let fixture = Fixture::new(TokenCache::MIN_BYTES);
    let key = ArcSwap::from_pointee(0_usize);
    let tokens: Vec<_> = (0..4).map(|number| token(number, 64)).collect();
    let begun = AtomicUsize::new(0);
    let ended = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    let served_in_time = || served.load(Ordering::Relaxed) > 1000;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let number = round % tokens.len();
                    let first = ended.load(Ordering::SeqCst);
                    if fixture.find(&tokens[number]) {
                        served.fetch_add(1, Ordering::Relaxed);
                        // If no change was in progress meanwhile, the same key was in use all the time.
                        if begun.load(Ordering::SeqCst) == first {
                            assert_eq!(first % tokens.len(), number, "its key is not in use");
                        }
                        continue;
                    }
                    let Some(epoch) = fixture.epoch.settled() else { continue };
                    if **key.load() % tokens.len() == number {
                        let terms =
                            Terms { epoch, validity: Validity::between(0, 0), keys_end: None, revocation: unchanged() };
                        let entry = fixture.cache.entry(&tokens[number], terms, identity("alice"), counters());
                        fixture.cache.keep(&entry, &fixture.epoch, NOW);
                    }
                }
            });
        }
        let begin = Instant::now();
        for change in 1.. {
            if change > 20_000 && (served_in_time() || begin.elapsed() > Duration::from_secs(30)) {
                break;
            }
            begun.store(change, Ordering::SeqCst);
            fixture.epoch.change(|| key.store(Arc::new(change)));
            ended.store(change, Ordering::SeqCst);
            if change % 64 == 0 {
                thread::yield_now();
            }
        }
        over.store(true, Ordering::SeqCst);
    });
    assert!(served_in_time(), "{} look-ups were served", served.into_inner());
    fixture.check_consistency();
}

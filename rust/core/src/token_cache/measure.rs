// SPDX-License-Identifier: Apache-2.0
//! Compares the cache with `quick_cache`: the hit rate, and the time of a hit on one thread and on two. docs/benchmarks.md
//! has the figures. Run it with
//! `cargo test --release -p nativejwt-core --lib -- --ignored --nocapture --test-threads=1 token_cache::measure`

#![allow(clippy::print_stdout, reason = "it prints its results")]

use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use quick_cache::sync::Cache;
use quick_cache::{OptionsBuilder, Weighter};

use super::*;
use crate::token_cache::tests::{ALWAYS, Fixture, NOW, Random, identity, token};

const TOKEN_BYTES: usize = 1700;
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
const LOOKUPS: usize = 1_000_000;

/// A token as the key of the other cache. It is hashed as in ours: the same bytes, the same hash function.
#[derive(Clone, PartialEq, Eq)]
struct ByEnd(Arc<[u8]>);

impl Hash for ByEnd {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0[self.0.len() - HASHED_BYTES..]);
        state.write_usize(self.0.len());
    }
}

#[derive(Clone)]
struct Charge(u64);

impl Weighter<ByEnd, Arc<Identity>> for Charge {
    fn weight(&self, _: &ByEnd, _: &Arc<Identity>) -> u64 {
        self.0
    }
}

type Other = Cache<ByEnd, Arc<Identity>, Charge, FixedState>;

/// The charge of a token of this trace.
fn charge(fixture: &Fixture) -> u64 {
    fixture.keep(&token(u64::MAX, TOKEN_BYTES)).unwrap();
    let (_, bytes) = fixture.cache.fill();
    fixture.cache.clear_all();
    bytes
}

fn other(charge: u64) -> Other {
    let options = OptionsBuilder::new()
        .estimated_items_capacity((CACHE_BYTES / charge) as usize)
        .weight_capacity(CACHE_BYTES)
        .build()
        .unwrap();
    Cache::with_options(options, Charge(charge), Default::default(), Default::default())
}

/// Numbers of users in Zipf's distribution; the first user is the most frequent.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(users: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        Self(
            (1..=users)
                .map(|rank| {
                    sum += (rank as f64).powf(-exponent);
                    sum
                })
                .collect(),
        )
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let point = random.below(1 << 53) as f64 / (1u64 << 53) as f64 * self.0.last().unwrap();
        self.0.partition_point(|sum| *sum < point) as u64
    }
}

#[test]
#[ignore = "a measurement"]
fn hit_rate() {
    let mut once = 0;
    type Draw<'d> = Box<dyn FnMut(&mut Random, usize) -> u64 + 'd>;
    let traces: [(&str, Draw<'_>); 5] = [
        ("Zipf 1.0 of 20 000 tokens", {
            let zipf = Zipf::new(20_000, 1.0);
            Box::new(move |random, _| zipf.draw(random))
        }),
        ("Zipf 0.7 of 20 000 tokens", {
            let zipf = Zipf::new(20_000, 0.7);
            Box::new(move |random, _| zipf.draw(random))
        }),
        ("the first, and as many tokens that are used once", {
            let zipf = Zipf::new(20_000, 1.0);
            Box::new(move |random, _| {
                if random.below(2) == 0 {
                    return zipf.draw(random);
                }
                once += 1;
                1_000_000 + once
            })
        }),
        ("scans of 50 000 once-used tokens between the first", {
            let zipf = Zipf::new(20_000, 1.0);
            Box::new(
                move |random, number| {
                    if number / 50_000 % 2 == 0 { zipf.draw(random) } else { 2_000_000 + number as u64 }
                },
            )
        }),
        ("10 000 tokens in turn", Box::new(|_, number| number as u64 % 10_000)),
    ];
    let charge = charge(&Fixture::new(CACHE_BYTES));
    println!("{} tokens of {TOKEN_BYTES} bytes, {charge} with all, are {CACHE_BYTES} bytes", CACHE_BYTES / charge);
    for (name, mut draw) in traces {
        let ours = Fixture::new(CACHE_BYTES);
        let other = other(charge);
        let mut random = Random(1);
        let mut our_hits = 0;
        let mut other_hits = 0;
        for number in 0..LOOKUPS {
            let token = token(draw(&mut random, number), TOKEN_BYTES);
            if ours.find(&token) {
                our_hits += 1;
            } else {
                ours.keep(&token);
            }
            let key = ByEnd(token.into());
            if other.get(&key).is_some() {
                other_hits += 1;
            } else {
                other.insert(key, Arc::new(identity("alice")));
            }
        }
        let percent = |hits: usize| 100.0 * hits as f64 / LOOKUPS as f64;
        println!("{name}: ours {:.1} %, quick_cache {:.1} %", percent(our_hits), percent(other_hits));
    }
}

/// Nanoseconds of processor time for each call of `work`, on this many threads at once; the best of ten rounds. Other programs
/// distort processor time less than wall-clock time.
fn nanoseconds(threads: usize, work: impl Fn(usize) + Sync) -> f64 {
    const CALLS: usize = 200_000;
    let spent = || -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    };
    let round = || {
        let barrier = Barrier::new(threads);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|thread| {
                    let (barrier, work) = (&barrier, &work);
                    scope.spawn(move || {
                        barrier.wait();
                        let begin = spent();
                        for call in 0..CALLS {
                            work(call + thread * 7919);
                        }
                        (spent() - begin) as f64 / CALLS as f64
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).fold(0.0, f64::max)
        })
    };
    (0..10).map(|_| round()).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement"]
fn time_of_a_hit() {
    for tokens in [1, 100, 5000] {
        let ours = Fixture::new(CACHE_BYTES);
        let other = other(charge(&Fixture::new(CACHE_BYTES)));
        let keys: Vec<ByEnd> = (0..tokens).map(|number| ByEnd(token(number, TOKEN_BYTES).into())).collect();
        for key in &keys {
            ours.keep_for(&key.0, ALWAYS, None).unwrap();
            other.insert(key.clone(), Arc::new(identity("alice")));
        }
        // A request's token is not in the same memory as the cached one.
        let asked: Vec<ByEnd> = keys.iter().map(|key| ByEnd(key.0.to_vec().into())).collect();
        for threads in [1, 2] {
            let our_time = nanoseconds(threads, |call| {
                let token = &asked[call % asked.len()].0;
                let hit = ours.cache.find(black_box(token), &ours.epoch, NOW);
                black_box(hit.as_ref().and_then(Hit::verdict));
            });
            let other_time = nanoseconds(threads, |call| {
                black_box(other.get(black_box(&asked[call % asked.len()])));
            });
            println!("{tokens} tokens, {threads} threads: ours {our_time:.0} ns, quick_cache {other_time:.0} ns");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The cost of a cached token, and of one that is not cached, with few and with many cached tokens. The tokens are signed with
//! HS256, the fastest to verify, so that the cost of a miss is visible.
//!
//! `NATIVEJWT_TOKENS=1000000` measures up to a million tokens, which takes 2 GB; without it, up to 10 000.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the configuration of a benchmark is valid")]

use std::fs;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use criterion::{Criterion, criterion_group, criterion_main};
use nativejwt_core::{Authenticator, Properties, UnixMillis};

const PREFIX: &str = "http-server.authentication.jwt.";
const SECRET: [u8; 32] = [7; 32];
const NOW: UnixMillis = UnixMillis(0);

fn authenticator(cache: &str) -> Authenticator {
    let folder = std::env::temp_dir().join(format!("nativejwt-bench-{}-cache", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let key = folder.join("key");
    fs::write(&key, STANDARD.encode(SECRET)).unwrap();
    let config = format!("{PREFIX}key-file={}\n{PREFIX}token-cache.max-size={cache}\n", key.display());
    let authenticator = Authenticator::open(&Properties::parse(&config, "bench").unwrap()).unwrap();
    let _ = fs::remove_dir_all(&folder);
    authenticator
}

/// An Authorization value with a token of about 600 bytes.
fn header(number: usize) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
    let claims = format!(
        r#"{{"iss":"https://idp.example/realms/company","sub":"user-{number}","exp":4000000000,"aud":"trino","filler":"{}"}}"#,
        "x".repeat(300)
    );
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(claims));
    let signature = hmac::sign(&key, input.as_bytes());
    format!("Bearer {input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A shuffle that is the same in each run, so that the prefetcher cannot predict the next token.
fn shuffled(count: usize) -> Vec<usize> {
    let (mut order, mut state) = ((0..count).collect::<Vec<_>>(), 1_u64);
    for index in (1..count).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(index, (state >> 33) as usize % (index + 1));
    }
    order
}

fn log_in(authenticator: &Authenticator, header: &str) -> bool {
    authenticator.authenticate_with(black_box(header.as_bytes()), NOW, |verdict| {
        black_box(verdict.map(|accepted| (accepted.place, accepted.was_known)).unwrap()).1
    })
}

/// This many headers fit into the processor's first cache.
const RECEIVED: usize = 16;

/// The time of the slowest thread for `calls` requests. As in a coordinator, the header was just received and is in the
/// processor's cache, while the token cache is not.
fn on_threads(
    threads: usize,
    calls: u64,
    authenticator: &Authenticator,
    headers: &[String],
    order: &[usize],
) -> Duration {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut received = vec![String::new(); RECEIVED];
                    let mut elapsed = Duration::ZERO;
                    let (mut next, mut left) = (order.len() / 2 * thread, calls as usize);
                    barrier.wait();
                    while left > 0 {
                        let now = &mut received[..left.min(RECEIVED)];
                        for header in now.iter_mut() {
                            header.clone_from(&headers[order[next % order.len()]]);
                            next += 1;
                        }
                        left -= now.len();
                        let begin = Instant::now();
                        for header in now {
                            log_in(authenticator, header);
                        }
                        elapsed += begin.elapsed();
                    }
                    elapsed
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).max().unwrap()
    })
}

fn token_cache(c: &mut Criterion) {
    let most = std::env::var("NATIVEJWT_TOKENS").ok().and_then(|number| number.parse().ok()).unwrap_or(10_000);
    let mut group = c.benchmark_group("token_cache");
    for count in [1, 100, 10_000, 1_000_000].into_iter().filter(|count| *count <= most) {
        let headers: Vec<String> = (0..count).map(header).collect();
        let order = shuffled(count);
        let kept = authenticator(&format!("{}kB", (3 * count).max(16 * 1024)));
        for header in &headers {
            log_in(&kept, header);
        }
        let known = headers.iter().filter(|header| log_in(&kept, header)).count();
        assert!(known * 100 >= count * 99, "{known} of {count} are kept");
        for threads in [1, 2] {
            group.bench_function(format!("hit, {count} tokens, {threads} threads"), |b| {
                b.iter_custom(|calls| on_threads(threads, calls, &kept, &headers, &order));
            });
        }
    }
    let headers: Vec<String> = (0..20_000).map(header).collect();
    let order = shuffled(headers.len());
    // The difference of the two is the cost of a miss: look-up, eviction and insertion.
    for (name, cache) in [("verified, without a cache", "0B"), ("miss, insert with eviction", "4MB")] {
        let authenticator = authenticator(cache);
        for threads in [1, 2] {
            group.bench_function(format!("{name}, {threads} threads"), |b| {
                b.iter_custom(|calls| on_threads(threads, calls, &authenticator, &headers, &order));
            });
        }
    }
    group.finish();
}

/// What counting costs an authentication with a cached token: the same one with and without it.
fn counting(c: &mut Criterion) {
    let mut group = c.benchmark_group("counting");
    let authenticator = authenticator("1MB");
    let header = header(0);
    assert!(!log_in(&authenticator, &header) && log_in(&authenticator, &header));
    group.bench_function("cached token, counted", |b| b.iter(|| log_in(&authenticator, &header)));
    group.bench_function("cached token, not counted", |b| {
        b.iter(|| {
            authenticator.authenticate_uncounted(black_box(header.as_bytes()), NOW, |verdict| {
                black_box(verdict.map(|accepted| (accepted.place, accepted.was_known)).unwrap()).1
            })
        });
    });
    group.finish();
}

criterion_group!(benches, token_cache, counting);
criterion_main!(benches);

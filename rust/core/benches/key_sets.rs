// SPDX-License-Identifier: Apache-2.0
//! The cost of large JWK Sets: to read one, and to authenticate with one of its keys, which is looked up by the hash of its
//! `kid`.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, reason = "the configuration of a benchmark is valid")]

use std::fs;
use std::hint::black_box;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use nativejwt_core::{Authenticator, Properties, SignatureVerifier, UnixMillis};

const PREFIX: &str = "http-server.authentication.jwt.";

/// A JWK Set with this many different keys, named by their numbers.
fn key_set(count: u32) -> String {
    let key = |number| {
        let x = URL_SAFE_NO_PAD.encode(key_pair(number).public_key());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"key-{number}","x":"{x}"}}"#)
    };
    format!(r#"{{"keys":[{}]}}"#, (0..count).map(key).collect::<Vec<_>>().join(","))
}

fn key_pair(number: u32) -> Ed25519KeyPair {
    let mut seed = [7; 32];
    let (start, _) = seed.split_first_chunk_mut().unwrap();
    *start = number.to_ne_bytes();
    Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
}

fn token(number: u32) -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let header = part(&format!(r#"{{"alg":"EdDSA","kid":"key-{number}"}}"#));
    let input = format!("{header}.{}", part(r#"{"sub":"alice","exp":4000000000}"#));
    let signature = key_pair(number).sign(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn key_sets(c: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("nativejwt-bench-{}-keys", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut group = c.benchmark_group("key_sets");
    for count in [1, 100, 10_000] {
        let path = folder.join(format!("{count}.jwks"));
        fs::write(&path, key_set(count)).unwrap();
        let path = path.to_str().unwrap();
        group
            .bench_function(format!("read, {count}"), |b| b.iter(|| SignatureVerifier::open(black_box(path)).unwrap()));
        let config = format!("{PREFIX}key-file={path}\n{PREFIX}token-cache.max-size=0B\n");
        let authenticator = Authenticator::open(&Properties::parse(&config, "bench").unwrap()).unwrap();
        // Tokens of keys from all parts of the set.
        let tokens: Vec<_> = (0..10).map(|tenth| token(tenth * (count - 1) / 9)).collect();
        let mut next = tokens.iter().cycle();
        group.bench_function(format!("a login by EdDSA, {count}"), |b| {
            b.iter(|| {
                let token = next.next().unwrap();
                authenticator.authenticate_token(black_box(token.as_bytes()), UnixMillis(0)).unwrap()
            });
        });
    }
    group.finish();
    let _ = fs::remove_dir_all(&folder);
}

criterion_group!(benches, key_sets);
criterion_main!(benches);

// SPDX-License-Identifier: Apache-2.0
//! The cost of several issuers for an authentication. 64 files of `config-files` should cost no more than one, because `iss`
//! is looked up by its hash.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, reason = "the configuration of a benchmark is valid")]

use std::fs;
use std::hint::black_box;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use nativejwt_core::{Authenticator, Properties, UnixMillis};

const PREFIX: &str = "http-server.authentication.jwt.";

fn issuers(c: &mut Criterion) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let key_file = format!(r#"{PREFIX}key-file=inline:{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let input = format!(
        "{}.{}",
        part(r#"{"alg":"EdDSA"}"#),
        part(r#"{"iss":"https://issuer-0.example","sub":"alice","exp":4000000000}"#)
    );
    let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(pair.sign(input.as_bytes())));

    let folder = std::env::temp_dir().join(format!("nativejwt-bench-{}-issuers", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let several = |count: usize| {
        let file = |number: usize| {
            let path = folder.join(format!("{number}.properties"));
            let text = format!("{key_file}\n{PREFIX}required-issuer=https://issuer-{number}.example\n");
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        format!("{PREFIX}config-files={}", (0..count).map(file).collect::<Vec<_>>().join(","))
    };
    let mut group = c.benchmark_group("a login by EdDSA");
    for (name, config) in [
        ("without config-files", format!("{key_file}\n{PREFIX}required-issuer=https://issuer-0.example\n")),
        ("with 1 file", several(1)),
        ("with 64 files", several(64)),
    ] {
        // Without a cache every request is verified.
        let config = format!("{config}\n{PREFIX}token-cache.max-size=0B\n");
        let authenticator = Authenticator::open(&Properties::parse(&config, "bench").unwrap()).unwrap();
        group.bench_function(name, |b| {
            b.iter(|| authenticator.authenticate_token(black_box(token.as_bytes()), UnixMillis(0)).unwrap());
        });
    }
    group.finish();
    let _ = fs::remove_dir_all(&folder);
}

criterion_group!(benches, issuers);
criterion_main!(benches);

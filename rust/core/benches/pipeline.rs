// SPDX-License-Identifier: Apache-2.0
//! The cost of a verdict in the core, and of the bare signature. The difference is the cost of this library.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the tokens of a benchmark are valid")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use nativejwt_core::{Authenticator, Properties, UnixMillis};
use test_support::claim_rules::claim_rules;
use test_support::sign::{secret, sign, verifying_file};

const PREFIX: &str = "http-server.authentication.jwt.";
const NOW: UnixMillis = UnixMillis(1_795_325_760_000);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A token: its signing input, its signature, and its Authorization value.
struct Token {
    signing_input: String,
    signature: Vec<u8>,
    authorization: String,
}

impl Token {
    fn new(algorithm: &str, key: &str, size: &str) -> Self {
        let claims = std::fs::read_to_string(root().join(format!("bench/claims/{size}.json"))).unwrap();
        let header =
            format!(r#"{{"alg":"{algorithm}","typ":"JWT","kid":"FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"}}"#);
        let signing_input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.trim_end()));
        let signature = sign(algorithm, key, signing_input.as_bytes());
        let authorization = format!("Bearer {signing_input}.{}", URL_SAFE_NO_PAD.encode(&signature));
        Self { signing_input, signature, authorization }
    }
}

fn authenticator(key: &str) -> Authenticator {
    authenticator_with(key, "")
}

/// With more properties, without their prefix.
fn authenticator_with(key: &str, more: &str) -> Authenticator {
    let more: String = more.lines().map(|line| format!("{PREFIX}{line}\n")).collect();
    let config = format!(
        "{PREFIX}key-file={}\n{PREFIX}required-issuer=https://sso.corp.example/realms/analytics\n\
         {PREFIX}required-audience=trino\n{PREFIX}principal-field=preferred_username\n\
         {PREFIX}token-cache.max-size=0B\n{more}",
        verifying_file(key).display()
    );
    Authenticator::open(&Properties::parse(&config, "bench").unwrap()).unwrap_or_else(|errors| panic!("{errors}"))
}

type Verify = Box<dyn Fn(&[u8], &[u8]) -> bool>;

/// Only verifies a signature, with a key that was parsed before.
fn bare(algorithm: &str, key: &str) -> Verify {
    let verification: &'static dyn VerificationAlgorithm = match algorithm {
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret(key));
            return Box::new(move |message, signature| hmac::verify(&key, message, signature).is_ok());
        }
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        "ES256" => &ECDSA_P256_SHA256_FIXED,
        "EdDSA" => &ED25519,
        other => panic!("no bare signature of {other}"),
    };
    let pem = pem::parse(std::fs::read_to_string(verifying_file(key)).unwrap()).unwrap();
    let key = ParsedPublicKey::new(verification, pem.contents()).unwrap();
    Box::new(move |message, signature| key.verify_sig(message, signature).is_ok())
}

fn algorithms(c: &mut Criterion) {
    for (algorithm, key) in
        [("HS256", "hmac-64"), ("RS256", "rsa-2048"), ("PS256", "rsa-2048"), ("ES256", "ec-p256"), ("EdDSA", "ed25519")]
    {
        let mut group = c.benchmark_group(algorithm);
        let token = Token::new(algorithm, key, "1.5k");
        let verify = bare(algorithm, key);
        group.bench_function("bare signature", |b| {
            b.iter(|| assert!(verify(black_box(token.signing_input.as_bytes()), &token.signature)));
        });
        let authenticator = authenticator(key);
        group.bench_function("verdict", |b| {
            b.iter(|| {
                authenticator
                    .authenticate_with(black_box(token.authorization.as_bytes()), NOW, |it| assert!(it.is_ok()))
            });
        });
        group.finish();
    }
}

/// What claim rules and a revocation file with a million entries add to a verdict.
fn claims_that_decide(c: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("nativejwt-pipeline-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let rules = format!("claim-rules.file={}", file("rules.json", claim_rules(10)));
    let entries = (0..1_000_000).map(|number| format!("sub=user-{number}\n")).collect();
    let revoked = format!("revocation-file={}", file("revoked", entries));
    for (algorithm, key) in [("HS256", "hmac-64"), ("RS256", "rsa-2048"), ("ES256", "ec-p256")] {
        let mut group = c.benchmark_group(format!("{algorithm}, claims that decide"));
        let token = Token::new(algorithm, key, "1.5k");
        for (name, more) in [("none", ""), ("10 claim rules", &*rules), ("1000000 revocations", &*revoked)] {
            let authenticator = authenticator_with(key, more);
            group.bench_function(name, |b| {
                b.iter(|| {
                    authenticator
                        .authenticate_with(black_box(token.authorization.as_bytes()), NOW, |it| assert!(it.is_ok()))
                });
            });
        }
        group.finish();
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

fn sizes(c: &mut Criterion) {
    let mut group = c.benchmark_group("HS256 by size");
    let authenticator = authenticator("hmac-64");
    for size in ["0.5k", "1.5k", "4k", "12k"] {
        let token = Token::new("HS256", "hmac-64", size);
        let verify = bare("HS256", "hmac-64");
        group.bench_function(format!("{size}: bare signature"), |b| {
            b.iter(|| assert!(verify(black_box(token.signing_input.as_bytes()), &token.signature)));
        });
        group.bench_function(format!("{size}: verdict"), |b| {
            b.iter(|| {
                authenticator
                    .authenticate_with(black_box(token.authorization.as_bytes()), NOW, |it| assert!(it.is_ok()))
            });
        });
    }
    group.finish();
}

fn rejections(c: &mut Criterion) {
    let mut group = c.benchmark_group("refused, RS256");
    let authenticator = authenticator("rsa-2048");
    let good = Token::new("RS256", "rsa-2048", "1.5k").authorization;
    let forged = Token::new("RS256", "rsa-other", "1.5k").authorization;
    let garbage = good.replace('.', "");
    let later = UnixMillis(4_200_000_000_000);
    for (name, token, now) in [("expired", &good, later), ("bad signature", &forged, NOW), ("garbage", &garbage, NOW)] {
        group.bench_function(name, |b| {
            b.iter(|| authenticator.authenticate(black_box(token.as_bytes()), now).unwrap_err());
        });
    }
    group.finish();
}

criterion_group!(benches, algorithms, claims_that_decide, sizes, rejections);
criterion_main!(benches);

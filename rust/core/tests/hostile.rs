// SPDX-License-Identifier: Apache-2.0
//! Tokens and files that are built to be expensive. Each must take little, linear time, and must not cause a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::print_stdout, reason = "the figures are part of a test's output")]

use std::time::{Duration, Instant};

use nativejwt_core::{Authenticator, UnixMillis};
use test_support::random::{Random, seed};
use test_support::sign;
use test_support::token::{Make, expand};

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// The limit for a verdict, in an unoptimised build on a loaded machine. The best of several times counts.
const LIMIT: Duration = Duration::from_millis(50);

fn hs256(header: &str, payload: &str) -> Vec<u8> {
    let make = Make {
        header: Some(header.to_owned()),
        payload: Some(payload.to_owned()),
        key: Some("hmac-64".to_owned()),
        alg: Some("HS256".to_owned()),
        ..Make::default()
    };
    make.build()
}

#[test]
fn hostile_tokens_take_little_time() {
    let authenticator = test_support::with_key_file(&sign::verifying_file("hmac-64"));
    let alg = "{\"alg\":\"HS256\"}";
    for (what, token) in [
        ("a megabyte of dots", expand("<<.*1000000>>").into_bytes()),
        ("16 KB of dots", expand("<<.*16384>>").into_bytes()),
        ("a megabyte without dots", vec![b'A'; 1_000_000]),
        ("16 KB header of garbage", expand("<<A*16300>>.e30.AA").into_bytes()),
        ("16 KB of signature", expand("eyJhbGciOiJIUzI1NiJ9.e30.<<A*16300>>").into_bytes()),
        ("1400 members", hs256(alg, "{<<\"#\":0,*1400>>\"sub\":\"a\"}")),
        ("1400 members in the header", hs256("{<<\"#\":0,*1400>>\"alg\":\"HS256\"}", "{}")),
        ("the last member a duplicate", hs256(alg, "{<<\"#\":0,*1400>>\"1399\":0}")),
        ("1000 objects in a list", hs256(alg, "{\"x\":[<<{\"a\":#},*1000>>0],\"sub\":\"a\"}")),
        ("names full of escapes", hs256(alg, "{<<\"\\u0061\\u0062#\":0,*500>>\"sub\":\"a\"}")),
        ("12000 open brackets", hs256(alg, "{\"x\":<<[*12000>>")),
        ("12000 open objects", hs256(alg, "<<{\"a\":*2400>>")),
        ("2500 audiences", hs256(alg, "{\"sub\":\"a\",\"aud\":[<<\"\",*4000>>\"x\"]}")),
        ("12 KB of digits", hs256(alg, "{\"sub\":\"a\",\"x\":<<9*12000>>}")),
        ("12 KB of fraction", hs256(alg, "{\"sub\":\"a\",\"x\":0.<<9*12000>>}")),
        ("an exponent of 12 KB", hs256(alg, "{\"sub\":\"a\",\"x\":1e<<9*12000>>}")),
        ("12 KB of white space", hs256(alg, "<< *12000>>{\"sub\":\"a\"}")),
        ("a principal of 12 KB", hs256(alg, "{\"sub\":\"<<a*12000>>\"}")),
        ("a kid of 12 KB", hs256("{\"alg\":\"HS256\",\"kid\":\"<<k*12000>>\"}", "{\"sub\":\"a\"}")),
        ("an alg of 12 KB", hs256("{\"alg\":\"<<A*12000>>\"}", "{\"sub\":\"a\"}")),
    ] {
        let mut best = Duration::MAX;
        let mut verdict = String::new();
        for _ in 0..5 {
            let start = Instant::now();
            let result = authenticator.authenticate_token(&token, NOW);
            best = best.min(start.elapsed());
            verdict = result.map_or_else(|reject| reject.code().to_string(), |_| "accepted".to_owned());
        }
        println!("{:>9.1?} {:>8} bytes  {what}: {verdict}", best, token.len());
        assert!(best < LIMIT, "{what}: {best:?}");
    }
}

#[test]
fn members_are_compared_in_linear_time() {
    let authenticator = test_support::with_key_file(&sign::verifying_file("hmac-64"));
    let time = |members: usize| {
        let token = hs256("{\"alg\":\"HS256\"}", &format!("{{<<\"#\":0,*{members}>>\"sub\":\"a\"}}"));
        (0..20)
            .map(|_| {
                let start = Instant::now();
                authenticator.authenticate_token(&token, NOW).unwrap();
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    let few = time(200);
    let many = time(1400);
    println!("200 members {few:?}, 1400 members {many:?}");
    assert!(many < few * 21, "7 times the members took {many:?}, which is more than 21 times {few:?}");
}

#[test]
fn random_bytes_cause_no_panic() {
    let seed = seed();
    let mut random = Random::new(seed ^ 0xABCD);
    let authenticators: Vec<Authenticator> = ["hmac-64", "rsa-2048", "ec-p256", "ed25519"]
        .into_iter()
        .map(|key| test_support::with_key_file(&sign::verifying_file(key)))
        .collect();
    let headers: Vec<String> = ["HS256", "RS256", "ES256", "EdDSA"]
        .into_iter()
        .map(|alg| test_support::token::encode(format!("{{\"alg\":\"{alg}\"}}").as_bytes()))
        .collect();
    for _ in 0..20_000 {
        let length = random.below(200);
        let mut token: Vec<u8> = (0..length).map(|_| random.number() as u8).collect();
        match random.below(4) {
            0 => {}
            1 => token = test_support::token::encode(&token).into_bytes(),
            2 => {
                token = [random.one_of(&headers).as_bytes(), b".e30.", test_support::token::encode(&token).as_bytes()]
                    .concat()
            }
            _ => token = [test_support::token::encode(&token).as_bytes(), b".e30.AA"].concat(),
        }
        let now = UnixMillis(random.number() as i64);
        for authenticator in &authenticators {
            let header = [b"Bearer ", &token[..]].concat();
            for verdict in [authenticator.authenticate(&header, now), authenticator.authenticate_token(&token, now)] {
                test_support::harmless(verdict.unwrap_err().message(), &header).unwrap();
            }
            assert!(authenticator.authenticate(&token, now).is_err());
        }
    }
    println!("seed {seed}: 20000 tokens");
}

#[test]
fn an_endless_or_huge_key_file_is_an_error() {
    let folder = test_support::TemporaryFolder::new();
    let huge = folder.path().join("huge.pem");
    std::fs::write(&huge, vec![b'A'; 8 * 1024 * 1024]).unwrap();
    for path in [huge.to_str().unwrap(), "/dev/zero"] {
        let errors =
            Authenticator::open(&test_support::properties([("key-file", path)])).map(drop).unwrap_err().to_string();
        assert!(errors.contains(path) && errors.contains("is larger than"), "{errors}");
    }
}

#[test]
fn a_new_key_file_is_found_and_a_removed_one_is_dropped() {
    let folder = test_support::TemporaryFolder::new();
    let template = folder.path().join("${KID}.pem");
    let authenticator = test_support::with_key_file(&template);
    let token = hs256("{\"alg\":\"HS256\",\"kid\":\"k\"}", "{\"sub\":\"alice\"}");
    let rejection = authenticator.authenticate_token(&token, NOW).unwrap_err();
    assert_eq!(rejection.code().name(), "UNKNOWN_KEY_ID");
    std::fs::copy(sign::verifying_file("hmac-64"), folder.path().join("k.pem")).unwrap();
    assert_eq!(authenticator.authenticate_token(&token, NOW).unwrap().user, "alice");
    std::fs::remove_file(folder.path().join("k.pem")).unwrap();
    let begin = Instant::now();
    while authenticator.authenticate_token(&token, NOW).is_ok() {
        assert!(begin.elapsed().as_secs() < 30, "a removed file is still in use");
        std::thread::sleep(Duration::from_millis(20));
    }
}

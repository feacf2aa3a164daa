// SPDX-License-Identifier: Apache-2.0
//! Searches the memory of this process for tokens. It is alone in its binary, because other tests would leave tokens too.

#![allow(clippy::print_stdout, reason = "it prints its results")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nativejwt_core::{Authenticator, Properties, UnixMillis};

const PREFIX: &str = "http-server.authentication.jwt.";
const TOKENS: usize = 500;

/// A text to search for. It is masked, so that the search does not find the needle itself.
struct Needle(Vec<u8>);

impl Needle {
    const MASK: u8 = 0xa5;

    fn new(text: &[u8]) -> Self {
        Self(text.iter().map(|byte| byte ^ Self::MASK).collect())
    }

    fn begins(&self, memory: &[u8]) -> bool {
        memory.iter().zip(&self.0).all(|(byte, masked)| byte ^ Self::MASK == *masked)
    }

    /// The number of occurrences in writable memory, including stacks.
    fn count(&self) -> usize {
        let memory = File::open("/proc/self/mem").unwrap();
        let mut window = vec![0; 1 << 20];
        let here = window.as_ptr().addr() as u64;
        let mut found = 0;
        for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
            let mut fields = line.split_whitespace();
            let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
            if !rights.starts_with("rw") || line.ends_with("[vvar]") {
                continue;
            }
            let (mut at, end) = range.split_once('-').map(|(from, to)| (hex(from), hex(to))).unwrap();
            while at < end {
                // Skip the buffer of the search.
                if (here..here + window.len() as u64).contains(&at) {
                    at = here + window.len() as u64;
                    continue;
                }
                let limit = if at < here { end.min(here) } else { end };
                let length = (limit - at).min(window.len() as u64) as usize;
                let Ok(read) = memory.read_at(&mut window[..length], at) else { break };
                let text = &window[..read];
                found += text.windows(self.0.len()).filter(|part| self.begins(part)).count();
                if read <= self.0.len() || at + read as u64 >= limit {
                    at = limit.max(at + read as u64);
                } else {
                    at += (read - self.0.len() + 1) as u64;
                }
            }
        }
        window.fill(0);
        found
    }
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap()
}

/// Overwrites what the test itself holds.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    std::hint::black_box(bytes);
}

#[test]
fn tokens_are_overwritten_in_memory_when_they_are_forgotten() {
    let secret = [7; 32];
    let folder = std::env::temp_dir().join(format!("nativejwt-memory-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("key"), STANDARD.encode(secret)).unwrap();
    let config = format!("{PREFIX}key-file={}\n{PREFIX}token-cache.max-size=256kB", folder.join("key").display());
    let authenticator = Authenticator::open(&Properties::parse(&config, "").unwrap()).unwrap();

    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    let claims = |user: usize| format!(r#"{{"jti":"a-mark-to-be-found-in-memory","sub":"user-{user}"}}"#);
    // The part that all tokens share, encoded and decoded. Three bytes are encoded as four characters.
    let mut shared = claims(0).into_bytes();
    let mut encoded = URL_SAFE_NO_PAD.encode(&shared[..39]).into_bytes();
    let needles = [Needle::new(&encoded), Needle::new(&shared[..39])];
    wipe(&mut shared);
    wipe(&mut encoded);

    for user in 0..TOKENS {
        let mut payload = claims(user).into_bytes();
        let mut encoded = URL_SAFE_NO_PAD.encode(&payload).into_bytes();
        let mut token = Vec::with_capacity(1024);
        for part in [header.as_bytes(), b".", encoded.as_slice()] {
            token.extend_from_slice(part);
        }
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &token);
        token.push(b'.');
        token.extend_from_slice(URL_SAFE_NO_PAD.encode(signature).as_bytes());
        for _ in 0..2 {
            assert!(authenticator.authenticate_token(&token, UnixMillis(0)).is_ok());
        }
        // Rejected tokens are decoded as well.
        let end = token.len() - 1;
        token[end - 10] ^= 1;
        assert!(authenticator.authenticate_token(&token, UnixMillis(0)).is_err());
        for bytes in [&mut payload, &mut encoded, &mut token] {
            wipe(bytes);
        }
    }
    let kept = needles.each_ref().map(Needle::count);
    authenticator.forget_tokens();
    let left = needles.each_ref().map(Needle::count);
    println!("encoded, decoded: {kept:?} after {TOKENS} tokens, {left:?} after the cache was cleared");
    assert!((50..TOKENS).contains(&kept[0]), "only the tokens in the cache: {kept:?}");
    assert_eq!((kept[1], left), (0, [0, 0]));
    fs::remove_dir_all(folder).unwrap();
}

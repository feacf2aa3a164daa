// SPDX-License-Identifier: Apache-2.0
//! Authenticates an Authorization value. The first byte selects the input: the value as it is, or a header and a payload
//! that are signed first, so that the checks after the signature are reached.

#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use nativejwt_core::{Authenticator, Properties, UnixMillis, UnverifiedToken, hmac_secret};

const SECRET: &str = include_str!("../../tests/cases/keys/hmac-64.secret");
const NOW: i64 = 1_700_000_000_000;
const MAX_BYTES: usize = 16 * 1024;

thread_local! {
    static AUTHENTICATORS: [Authenticator; 2] = authenticators();
}

/// One with the defaults, and one with further requirements.
fn authenticators() -> [Authenticator; 2] {
    let prefix = "http-server.authentication.jwt.";
    let bare = format!("{prefix}key-file={}/../tests/cases/keys/hmac-64.secret\n", env!("CARGO_MANIFEST_DIR"));
    let all = format!(
        "{bare}{prefix}required-issuer=i\n{prefix}required-audience=a\n{prefix}user-mapping.pattern=(\\\\w+)@x\n"
    );
    [bare, all].map(|text| {
        let properties = Properties::parse(&text, "fuzz").expect("the properties are good");
        Authenticator::open(&properties).expect("the configuration is good")
    })
}

static KEY: LazyLock<hmac::Key> =
    LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA256, &hmac_secret(SECRET).expect("the file is a secret")));

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let authorization = match choice % 3 {
        0 => rest.to_vec(),
        1 => signed(b"{\"alg\":\"HS256\"}", rest),
        _ => {
            let at = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
            let (header, payload) = rest.split_at(at);
            signed(header, payload.get(1..).unwrap_or_default())
        }
    };
    AUTHENTICATORS.with(|all| all.iter().for_each(|authenticator| authenticate(authenticator, &authorization)));
});

fn authenticate(authenticator: &Authenticator, authorization: &[u8]) {
    let verdict = authenticator.authenticate(authorization, UnixMillis(NOW));
    assert_eq!(verdict, authenticator.authenticate(authorization, UnixMillis(NOW)), "the same verdict");
    match verdict {
        Ok(identity) => {
            // Encoding the decoded parts must return the token: there is only one text for a token.
            let space = authorization.iter().position(|byte| *byte == b' ').expect("Bearer and a token");
            // As Java trims: all up to the space.
            let seen = |byte: &u8| *byte > b' ';
            let (from, to) = (authorization[space..].iter().position(seen), authorization.iter().rposition(seen));
            let token = &authorization[space + from.expect("a token")..=to.expect("a token")];
            let parts = UnverifiedToken::decode(token, MAX_BYTES).expect("it was accepted");
            let again = [&parts.header, &parts.payload, &parts.signature].map(|part| URL_SAFE_NO_PAD.encode(part));
            assert_eq!(again.join(".").as_bytes(), token, "two texts for one token");
            // Another JSON parser finds the same claims.
            let payload: serde_json::Value = serde_json::from_slice(&parts.payload).expect("a payload is JSON");
            assert_eq!(payload["sub"].as_str(), Some(identity.principal.as_str()));
            assert!(!identity.user.is_empty());
            if let Some(expires) = identity.expires_at {
                assert!(NOW <= expires.0, "expired: {}", expires.0);
            }
        }
        Err(reject) => {
            let message = reject.message();
            assert!(!message.contains(|c: char| c.is_control()), "{message:?}");
            assert!(message.len() < 2000, "{message:?}");
        }
    }
}

fn signed(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = hmac::sign(&KEY, input.as_bytes());
    format!("Bearer {input}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())).into_bytes()
}

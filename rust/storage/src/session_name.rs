// SPDX-License-Identifier: Apache-2.0
//! The name of a session at STS, by which the store's access logs name the user.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

/// The longest name that STS takes.
const MAX: usize = 64;
/// The shortest one.
const MIN: usize = 2;
/// Digits of the hash that a cut name ends with.
const HASH_DIGITS: usize = 16;

/// `RoleSessionName` for a user: `[\w+=,.@-]{2,64}`. Two users never get one name: other characters, and the equals sign,
/// become `=` and two hexadecimal digits for each byte of UTF-8, and a name that is too long is cut and ends with a part of the
/// user's SHA-256.
pub(crate) fn session_name(user: &str) -> String {
    let mut name = String::with_capacity(user.len());
    for byte in user.bytes() {
        match byte {
            b'+' | b',' | b'.' | b'@' | b'-' | b'_' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => push(&mut name, format_args!("={byte:02X}")),
        }
    }
    if name.len() > MAX {
        let hash = digest(&SHA256, user.as_bytes());
        name.truncate(MAX - HASH_DIGITS - 2);
        // Two hexadecimal digits follow every other equals sign.
        name.push_str("=-");
        for byte in hash.as_ref().iter().take(HASH_DIGITS / 2) {
            push(&mut name, format_args!("{byte:02x}"));
        }
    }
    while name.len() < MIN {
        name.push('=');
    }
    name
}

fn push(name: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = name.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_encoded_so_that_no_two_get_one_name() {
        assert_eq!(session_name("alice@corp.example"), "alice@corp.example");
        assert_eq!(session_name("a"), "a=");
        assert_eq!(session_name(""), "==");
        assert_eq!(session_name("a b/c=d"), "a=20b=2Fc=3Dd");
        assert_eq!(session_name("jö"), "j=C3=B6");
        let long = |end: &str| session_name(&format!("{}{end}", "u".repeat(80)));
        assert_eq!(long("a").len(), MAX);
        assert_ne!(long("a"), long("b"));
        for user in ["a", "", "ä", &"x y".repeat(40), "=", "a="] {
            let name = session_name(user);
            assert!((MIN..=MAX).contains(&name.len()), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@-_".contains(&byte)), "{name}");
        }
        assert_ne!(session_name("a"), session_name("a="));
    }
}

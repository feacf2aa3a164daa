// SPDX-License-Identifier: Apache-2.0
//! The trace ID of a token: HMAC-SHA-256 under a random key of the authenticator, of which 64 bits are shown.
//!
//! Whoever reads two lines with the same trace ID knows that they are about the same token. Nobody can compute the ID from a
//! token, or learn anything about the token from it, without the key, which never leaves the process and ends with it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::SHA256_OUTPUT_LEN;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use aws_lc_rs::rand;

/// Makes the trace IDs of one authenticator.
pub(crate) struct TraceIds(Key);

/// The name of a token in lines for the operator, until the authenticator ends. `Display` gives 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(u64);

impl TraceIds {
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new() -> Result<Self, String> {
        let mut secret = [0; SHA256_OUTPUT_LEN];
        rand::fill(&mut secret).map_err(|_| "the system has no random numbers".to_owned())?;
        Ok(Self(Key::new(HMAC_SHA256, &secret)))
    }

    pub(crate) fn of(&self, token: &[u8]) -> TraceId {
        let tag = sign(&self.0, token);
        TraceId(tag.as_ref().iter().take(size_of::<u64>()).fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for TraceId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u64::from_str_radix(text, 16) {
            Ok(id) if is_id => Ok(Self(id)),
            _ => {
                Err("is not a trace ID: copy the 16 hexadecimal digits behind trace= in the coordinator's log"
                    .to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_depends_on_the_token_and_on_the_key() {
        let (one, other) = (TraceIds::new().unwrap(), TraceIds::new().unwrap());
        assert_eq!(one.of(b"token"), one.of(b"token"));
        assert_ne!(one.of(b"token"), one.of(b"tokem"));
        assert_ne!(one.of(b"token"), other.of(b"token"));
    }

    #[test]
    fn the_text_of_a_trace_id_is_read_and_nothing_else() {
        let id = TraceIds::new().unwrap().of(b"token");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(TraceId(1).to_string(), "0000000000000001");
        for wrong in ["", "1", "+000000000000001", "000000000000000g", "00000000000000001"] {
            assert!(wrong.parse::<TraceId>().is_err(), "{wrong}");
        }
    }
}

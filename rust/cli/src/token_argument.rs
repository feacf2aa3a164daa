//! A token as an argument, or `-` for standard input.

use std::ffi::OsStr;
use std::io::{self, Read as _};

use crate::failure::Failure;

/// The longest token that any call reads. The coordinator's own limit is lower, and applies where it judges.
pub(crate) const MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// The token's bytes. From standard input one final line end is dropped; whatever else is there is the token, and
/// if it is no UTF-8 it is for the verdict to refuse it.
pub(crate) fn read_token(argument: &OsStr) -> Result<Vec<u8>, Failure> {
    if argument != "-" {
        return Ok(argument.as_encoded_bytes().to_vec());
    }
    let mut token = Vec::new();
    io::stdin()
        .lock()
        // One byte more than any call takes, and the line end: a longer token is refused for its length.
        .take(MAX_TOKEN_BYTES as u64 + 3)
        .read_to_end(&mut token)
        .map_err(|error| Failure::at("standard input", error))?;
    if token.last() == Some(&b'\n') {
        token.pop();
        if token.last() == Some(&b'\r') {
            token.pop();
        }
    }
    Ok(token)
}

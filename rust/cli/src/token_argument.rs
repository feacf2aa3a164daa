// SPDX-License-Identifier: Apache-2.0
//! A token as an argument, or `-` for standard input.

use std::ffi::OsStr;
use std::io::{self, Read as _};

use crate::failure::Failure;

/// The longest token that any call reads. The coordinator's limit is lower; `check-token` applies it.
pub(crate) const MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// The token's bytes. One final line end of standard input is dropped. Everything else belongs to the token, even bytes
/// that are not UTF-8: authentication rejects those.
pub(crate) fn read_token(argument: &OsStr) -> Result<Vec<u8>, Failure> {
    if argument != "-" {
        return Ok(argument.as_encoded_bytes().to_vec());
    }
    let mut token = Vec::new();
    io::stdin()
        .lock()
        // One byte more than any call accepts, and the line end, so that a longer token is rejected as too large.
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

// SPDX-License-Identifier: Apache-2.0
//! Authorization value → bearer token.

use std::ops::Range;

use crate::rejection::{Reason, Rejection};

/// The token in the value of an Authorization header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BearerToken<'v> {
    pub(crate) bytes: &'v [u8],
    /// Its offset in the value.
    pub(crate) start: usize,
}

impl BearerToken<'_> {
    /// Where it is in the value.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }
}

/// Finds the token in the value of an Authorization header (RFC 6750, section 2.1), as
/// `io.trino.server.security.AbstractBearerAuthenticator` does. The text before the first space must be `bearer`, in any
/// case. The text after it is trimmed of characters up to U+0020 (`String.trim()` over ISO-8859-1).
pub(crate) fn bearer_token(authorization: &[u8]) -> Result<BearerToken<'_>, Rejection> {
    let unauthorized = || Rejection::new(Reason::NoBearerToken, "Unauthorized");
    let space = authorization.iter().position(|&byte| byte == b' ').ok_or_else(unauthorized)?;
    let (scheme, mut token) = authorization.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(unauthorized());
    }
    while let [0..=b' ', rest @ ..] = token {
        token = rest;
    }
    let start = authorization.len() - token.len();
    while let [rest @ .., 0..=b' '] = token {
        token = rest;
    }
    if token.is_empty() { Err(unauthorized()) } else { Ok(BearerToken { bytes: token, start }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_and_the_token_trimmed() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c \t"] {
            let token = bearer_token(value.as_bytes()).unwrap();
            assert_eq!(token.bytes, b"a.b.c", "{value}");
            assert_eq!(value.get(token.range()), Some("a.b.c"), "{value}");
        }
    }

    #[test]
    fn every_other_value_is_rejected() {
        for value in
            ["", "Bearer", "Bearer ", "Bearer \t ", "Basic YTpi", "Bearera.b.c", " Bearer a.b.c", "Bearer\ta.b.c"]
        {
            assert_eq!(bearer_token(value.as_bytes()).unwrap_err().code(), Reason::NoBearerToken, "{value:?}");
        }
    }
}

//! Authorization value → bearer token.

use std::ops::Range;

use crate::rejection::{Reason, Rejection};

/// Takes the token out of the value of an Authorization header (RFC 6750, section 2.1), as
/// `io.trino.server.security.AbstractBearerAuthenticator` does: what stands before the first space must be `bearer` in
/// any case, what follows is trimmed of characters up to U+0020.
pub(crate) fn bearer_token(authorization: &[u8]) -> Result<&[u8], Rejection> {
    let unauthorized = || Rejection::new(Reason::NoBearerToken, "Unauthorized");
    let space = authorization.iter().position(|&byte| byte == b' ').ok_or_else(unauthorized)?;
    let (scheme, token) = authorization.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(unauthorized());
    }
    let token = trim(token);
    if token.is_empty() { Err(unauthorized()) } else { Ok(token) }
}

/// Where [`bearer_token`] finds the token.
pub(crate) fn bearer_token_range(authorization: &[u8]) -> Option<Range<usize>> {
    let token = bearer_token(authorization).ok()?;
    let start = token.as_ptr().addr().checked_sub(authorization.as_ptr().addr())?;
    Some(start..start + token.len())
}

/// `String.trim()` over ISO-8859-1 bytes.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [0..=b' ', rest @ ..] | [rest @ .., 0..=b' '] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_and_the_token_trimmed() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c \t"] {
            assert_eq!(bearer_token(value.as_bytes()).unwrap(), b"a.b.c", "{value}");
            assert_eq!(value.get(bearer_token_range(value.as_bytes()).unwrap()), Some("a.b.c"), "{value}");
        }
    }

    #[test]
    fn anything_else_is_no_bearer_token() {
        for value in
            ["", "Bearer", "Bearer ", "Bearer \t ", "Basic YTpi", "Bearera.b.c", " Bearer a.b.c", "Bearer\ta.b.c"]
        {
            assert_eq!(bearer_token(value.as_bytes()).unwrap_err().code(), Reason::NoBearerToken, "{value:?}");
        }
    }
}

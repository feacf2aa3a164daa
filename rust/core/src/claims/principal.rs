// SPDX-License-Identifier: Apache-2.0
//! Verified claims → principal.

use std::borrow::Cow;

use crate::claims::path::ClaimPath;
use crate::claims::{VerifiedClaims, counts_as_absent};
use crate::json::Value;
use crate::rejection::{Reason, Rejection};

/// The maximum length of a principal, in bytes of UTF-8. It limits the work of the user mapping.
pub(crate) const MAX_PRINCIPAL_BYTES: usize = 4096;

/// Reads the principal from the first of `fields` that is present. It must be a string, as in
/// `io.trino.server.security.jwt.JwtAuthenticator.createIdentity`, which has one field.
pub(crate) fn principal<'t>(claims: &VerifiedClaims<'t>, fields: &[ClaimPath]) -> Result<Cow<'t, str>, Rejection> {
    let present = fields.iter().find_map(|field| Some((field, field.find(&claims.selected)?)).filter(is_present));
    let Some((field, value)) = present else {
        return Err(Rejection::new(Reason::MissingPrincipal, "Invalid credentials"));
    };
    let name = field.text();
    match value {
        // jjwt turns a single audience into a list, and Trino accepts no list as a principal.
        Value::String(_) if field.is_top() && field.top() == "aud" => {
            let message = format!("Invalid claims: '{name}' is a list of audiences, not a principal");
            Err(Rejection::new(Reason::PrincipalNotAString, message))
        }
        Value::String(principal) => {
            check_principal(name, principal)?;
            Ok(principal.clone())
        }
        other => {
            let message = format!("Invalid claims: '{name}' must be a string, but is {}", other.type_name());
            Err(Rejection::new(Reason::PrincipalNotAString, message))
        }
    }
}

fn is_present((field, value): &(&ClaimPath, &Value<'_>)) -> bool {
    !(field.is_top() && counts_as_absent(field.top(), value))
}

/// Checks length and characters of a principal. `name` is the claim's.
pub(crate) fn check_principal(name: &str, principal: &str) -> Result<(), Rejection> {
    check_length(principal)?;
    check_text(name, principal)
}

/// Checks the maximum length.
pub(crate) fn check_length(principal: &str) -> Result<(), Rejection> {
    if principal.len() <= MAX_PRINCIPAL_BYTES {
        return Ok(());
    }
    let message = format!("The principal is {} bytes long; the limit is {MAX_PRINCIPAL_BYTES}", principal.len());
    Err(Rejection::new(Reason::PrincipalTooLong, message))
}

/// Rejects control characters and outer blanks. Trino trims the mapped user of characters up to U+0020 (`String.trim`), so
/// `alice` followed by NUL would become `alice`. Control characters could also forge log lines.
fn check_text(name: &str, principal: &str) -> Result<(), Rejection> {
    let Some(what) = unusable_principal(principal) else { return Ok(()) };
    let message = format!("Invalid claims: '{name}' {what}, so that it could be confused with another user");
    Err(Rejection::new(Reason::PrincipalUnusable, message))
}

/// Why a coordinator rejects this principal before it maps it: a control character (U+0000 to U+001F, U+007F), or a blank at
/// an end. It is the rest of a sentence that begins with the principal. `None` if the principal is accepted.
#[must_use]
pub fn unusable_principal(principal: &str) -> Option<String> {
    // In UTF-8 these bytes are not part of longer characters.
    if let Some(control) = principal.bytes().find(u8::is_ascii_control) {
        return Some(format!("contains the control character U+{control:04X}"));
    }
    match (principal.starts_with(' '), principal.ends_with(' ')) {
        (false, false) => None,
        (true, _) => Some("begins with a blank".to_owned()),
        (false, true) => Some("ends with a blank".to_owned()),
    }
}

//! Verified claims → principal.

use std::borrow::Cow;

use crate::claims::VerifiedClaims;
use crate::claims::path::ClaimPath;
use crate::java_text::is_blank;
use crate::json::Value;
use crate::rejection::{Reason, Rejection};

/// The longest principal that is mapped, in bytes of UTF-8: bounds the work of the user mapping.
pub(crate) const MAX_PRINCIPAL_BYTES: usize = 4096;

/// Takes the principal out of the claims: the first of `fields` that is present, which must be a string, as
/// `io.trino.server.security.jwt.JwtAuthenticator.createIdentity` takes its one field.
pub(crate) fn principal<'t>(claims: &VerifiedClaims<'t>, fields: &[ClaimPath]) -> Result<Cow<'t, str>, Rejection> {
    let present = fields.iter().find_map(|field| Some((field, field.find(&claims.read)?)).filter(is_present));
    let Some((field, value)) = present else {
        return Err(Rejection::new(Reason::MissingPrincipal, "Invalid credentials"));
    };
    let name = field.text();
    match value {
        // jjwt makes a list of every audience, also of a single one, and stock takes no list for a principal.
        Value::String(_) if field.is_top() && field.top() == "aud" => {
            let message = format!("Invalid claims: '{name}' is a list of audiences and no principal");
            Err(Rejection::new(Reason::PrincipalNotAString, message))
        }
        Value::String(principal) => {
            check_length(principal)?;
            check_text(name, principal)?;
            Ok(principal.clone())
        }
        other => {
            let message = format!("Invalid claims: '{name}' must be a string, but is {}", other.type_name());
            Err(Rejection::new(Reason::PrincipalNotAString, message))
        }
    }
}

/// jjwt drops a registered claim that is blank, and an empty list of audiences; it keeps any other.
fn is_present((field, value): &(&ClaimPath, &Value<'_>)) -> bool {
    match value {
        Value::String(text) => {
            !(field.is_top() && matches!(field.top(), "sub" | "iss" | "jti" | "aud") && is_blank(text))
        }
        Value::Array(list) => !(field.is_top() && field.top() == "aud" && list.is_empty()),
        _ => true,
    }
}

/// The bound of what is mapped.
pub(crate) fn check_length(principal: &str) -> Result<(), Rejection> {
    if principal.len() <= MAX_PRINCIPAL_BYTES {
        return Ok(());
    }
    let message = format!("The principal is {} bytes long; the limit is {MAX_PRINCIPAL_BYTES}", principal.len());
    Err(Rejection::new(Reason::PrincipalTooLong, message))
}

/// Stock takes everything up to U+0020 off both ends of the mapped user (`String.trim`), so that `alice` and NUL would be
/// `alice`; and control characters write what they like into logs.
fn check_text(name: &str, principal: &str) -> Result<(), Rejection> {
    let Some(what) = unusable_principal(principal) else { return Ok(()) };
    let message = format!("Invalid claims: '{name}' {what}, by which one user could be taken for another");
    Err(Rejection::new(Reason::PrincipalUnusable, message))
}

/// What makes a coordinator refuse this principal before it is mapped: a control character (U+0000 to U+001F, U+007F), or a
/// blank at an end. To follow the name of the principal; none where all is well.
#[must_use]
pub fn unusable_principal(principal: &str) -> Option<String> {
    // None of these bytes is part of a longer character.
    if let Some(control) = principal.bytes().find(u8::is_ascii_control) {
        return Some(format!("holds the control character U+{control:04X}"));
    }
    match (principal.starts_with(' '), principal.ends_with(' ')) {
        (false, false) => None,
        (true, _) => Some("begins with a blank".to_owned()),
        (false, true) => Some("ends with a blank".to_owned()),
    }
}

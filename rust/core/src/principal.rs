//! Verified claims + principal field → principal.

use std::borrow::Cow;

use crate::claims::VerifiedClaims;
use crate::java_text::is_blank;
use crate::json::Value;
use crate::reject::{Reject, RejectCode};

/// The longest principal that is mapped, in bytes of UTF-8: bounds the work of the user mapping.
pub(crate) const MAX_PRINCIPAL_BYTES: usize = 4096;

/// Takes the principal out of the claims: a string at the top level, as
/// `io.trino.server.security.jwt.JwtAuthenticator.createIdentity` does.
pub(crate) fn principal<'t>(claims: &mut VerifiedClaims<'t>, field: &str) -> Result<Cow<'t, str>, Reject> {
    let missing = || Reject::new(RejectCode::MissingPrincipal, "Invalid credentials");
    let principal = match claims.principal.take() {
        None | Some(Value::Null) => return Err(missing()),
        // jjwt drops a registered claim that is blank, and keeps any other.
        Some(Value::String(text)) if matches!(field, "sub" | "iss" | "jti" | "aud") && is_blank(&text) => {
            return Err(missing());
        }
        Some(Value::Array(list)) if field == "aud" && list.is_empty() => return Err(missing()),
        // jjwt makes a list of every audience, also of a single one, and stock takes no list for a principal.
        Some(Value::String(_)) if field == "aud" => {
            let message = "Invalid claims: 'aud' is a list of audiences and no principal";
            return Err(Reject::new(RejectCode::PrincipalNotAString, message));
        }
        Some(Value::String(principal)) => principal,
        Some(other) => {
            let message = format!("Invalid claims: '{field}' must be a string, but is {}", other.type_name());
            return Err(Reject::new(RejectCode::PrincipalNotAString, message));
        }
    };
    check_length(&principal)?;
    Ok(principal)
}

/// The bound of what is mapped.
pub(crate) fn check_length(principal: &str) -> Result<(), Reject> {
    if principal.len() <= MAX_PRINCIPAL_BYTES {
        return Ok(());
    }
    let message = format!("The principal is {} bytes long; the limit is {MAX_PRINCIPAL_BYTES}", principal.len());
    Err(Reject::new(RejectCode::PrincipalTooLong, message))
}

//! Verified claims → principal.

use std::borrow::Cow;

use crate::claim_path::ClaimPath;
use crate::claims::VerifiedClaims;
use crate::java_text::is_blank;
use crate::json::Value;
use crate::reject::{Reject, RejectCode};

/// The longest principal that is mapped, in bytes of UTF-8: bounds the work of the user mapping.
pub(crate) const MAX_PRINCIPAL_BYTES: usize = 4096;

/// Takes the principal out of the claims: the first of `fields` that is present, which must be a string, as
/// `io.trino.server.security.jwt.JwtAuthenticator.createIdentity` takes its one field.
pub(crate) fn principal<'t>(claims: &VerifiedClaims<'t>, fields: &[ClaimPath]) -> Result<Cow<'t, str>, Reject> {
    let present = fields.iter().find_map(|field| Some((field, field.find(&claims.read)?)).filter(is_present));
    let Some((field, value)) = present else {
        return Err(Reject::new(RejectCode::MissingPrincipal, "Invalid credentials"));
    };
    let name = field.text();
    match value {
        // jjwt makes a list of every audience, also of a single one, and stock takes no list for a principal.
        Value::String(_) if field.is_top() && field.top() == "aud" => {
            let message = format!("Invalid claims: '{name}' is a list of audiences and no principal");
            Err(Reject::new(RejectCode::PrincipalNotAString, message))
        }
        Value::String(principal) => {
            check_length(principal)?;
            Ok(principal.clone())
        }
        other => {
            let message = format!("Invalid claims: '{name}' must be a string, but is {}", other.type_name());
            Err(Reject::new(RejectCode::PrincipalNotAString, message))
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
pub(crate) fn check_length(principal: &str) -> Result<(), Reject> {
    if principal.len() <= MAX_PRINCIPAL_BYTES {
        return Ok(());
    }
    let message = format!("The principal is {} bytes long; the limit is {MAX_PRINCIPAL_BYTES}", principal.len());
    Err(Reject::new(RejectCode::PrincipalTooLong, message))
}

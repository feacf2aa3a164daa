//! Verified claims → groups.

use crate::claim_path::ClaimPath;
use crate::claims::VerifiedClaims;
use crate::json::Value;
use crate::reject::{Reject, RejectCode};

/// A token with more groups is refused: they cross to Java, and access control compares each of them.
const MAX_GROUPS: usize = 1000;

/// Takes the groups out of the claims: an array of texts, each one group; or one text, with commas between the groups, or
/// white space if there is no comma. An absent claim gives none. Each group comes once, in the order of the token.
pub(crate) fn groups(claims: &VerifiedClaims<'_>, field: &ClaimPath) -> Result<Vec<String>, Reject> {
    let mut groups: Vec<String> = Vec::new();
    let mut add = |group: &str| {
        if !group.is_empty() && !groups.iter().any(|other| other == group) {
            groups.push(group.to_owned());
        }
    };
    match field.find(&claims.read) {
        None => {}
        Some(Value::String(text)) if text.contains(',') => text.split(',').map(str::trim).for_each(add),
        Some(Value::String(text)) => text.split_whitespace().for_each(add),
        Some(Value::Array(elements)) => {
            for element in elements {
                match element {
                    Value::String(group) => add(group),
                    other => return Err(no_groups(field, &format!("holds {}", other.type_name()))),
                }
            }
        }
        Some(other) => {
            return Err(no_groups(field, &format!("must be a string or an array, but is {}", other.type_name())));
        }
    }
    if groups.len() > MAX_GROUPS {
        return Err(no_groups(field, &format!("holds more than {MAX_GROUPS} groups")));
    }
    Ok(groups)
}

/// A user without groups may be allowed more than one with them, so that what cannot be read is not "none".
fn no_groups(field: &ClaimPath, why: &str) -> Reject {
    Reject::new(RejectCode::GroupsNotText, format!("Invalid claims: '{}' {why}", field.text()))
}

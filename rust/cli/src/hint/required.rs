// SPDX-License-Identifier: Apache-2.0
//! The scopes and claims that the configuration requires.

use serde_json::Value;

use super::seen::{Seen, described};
use super::{Case, claim, shown};

/// What the token's scopes are.
pub(super) fn scopes(seen: &Seen<'_>) -> String {
    let has = |name: &str| match seen.claim(name) {
        None | Some(Value::Null) => format!("the token has no {name}"),
        Some(value) => format!("its {name} is {}", described(value)),
    };
    format!(
        "{}, {}: have the client ask for the scopes of required-scopes and the issuer grant them, or correct required-scopes",
        has("scope"),
        has("scp")
    )
}

/// What the claim is that the message names, and which values `required-claims` lists for it.
pub(super) fn claim(case: &Case<'_>, message: &str) -> Option<String> {
    let claims = Value::Object(case.seen.claims.clone()?);
    let required = case.rules.as_ref()?.required_claims.iter();
    let (path, values) =
        required.into_iter().find(|(path, _)| message.starts_with(&format!("The claim {} ", shown(path.text()))))?;
    let value = claim::find(&claims, path).map_or_else(|| "absent".to_owned(), described);
    let values = super::listed(values.iter().map(|value| shown(value)));
    Some(format!(
        "{} is {value}; required-claims.{} lists {values}: have the issuer write one of these, or add the token's value",
        shown(path.text()),
        path.text()
    ))
}

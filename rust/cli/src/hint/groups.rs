// SPDX-License-Identifier: Apache-2.0
//! Hints about the claim that `groups-field` names.

use nativejwt_core::ClaimPath;
use serde_json::Value;

use super::seen::{Seen, described};
use super::{Case, claim, shown};

const PROPERTY: &str = "groups-field";

pub(super) fn advice(case: &Case<'_>) -> Option<String> {
    let field = case.rules.as_ref()?.groups_field.as_ref()?;
    let claims = Value::Object(case.seen.claims.clone()?);
    let (name, value) = (shown(field.text()), claim::find(&claims, field)?);
    let what = described(value);
    Some(match value {
        Value::Array(elements) => match elements.iter().enumerate().find(|(_, element)| !element.is_string()) {
            Some((index, Value::Object(members))) => format!(
                "element number {} of {name} is {}: have the issuer write the names of the groups as strings",
                index + 1,
                described(&Value::Object(members.clone()))
            ),
            Some((index, element)) => {
                format!(
                    "element number {} of {name} is {}: have the issuer write only strings",
                    index + 1,
                    described(element)
                )
            }
            None => format!(
                "the claim {name} has {} elements: have the issuer write only the groups that Trino needs (Entra: the groups assigned to the application)",
                elements.len()
            ),
        },
        Value::Object(members) => match members.iter().find(|(_, value)| value.is_array()) {
            Some((member, _)) => format!(
                "the claim {name} is {what}: select one of them, such as {PROPERTY}={}",
                claim::pointer(field.names().chain([member.as_str()]))
            ),
            None => format!(
                "the claim {name} is {what}; its names seem to be the groups, as Zitadel writes roles: have the issuer write them as an array of strings (Zitadel: an action that adds such a claim)"
            ),
        },
        Value::String(_) => format!(
            "the claim {name} has more groups than groups-delimiter may split: have the issuer write only the groups that Trino needs"
        ),
        _ => format!(
            "the claim {name} is {what}: have the issuer write an array of strings, or set {PROPERTY} to a claim that is one"
        ),
    })
}

/// Why an accepted token has no groups.
pub(super) fn none(seen: &Seen<'_>, field: &ClaimPath) -> Option<String> {
    let claims = seen.claims.as_ref()?;
    let is_overage = claims.get("hasgroups").is_some_and(|value| *value != Value::Bool(false) && !value.is_null())
        || claims.get("_claim_names").and_then(Value::as_object).is_some_and(|names| {
            field.names().last().is_some_and(|last| names.contains_key(last)) || names.contains_key("groups")
        });
    if is_overage {
        let mark = if claims.contains_key("_claim_names") { "_claim_names" } else { "hasgroups" };
        return Some(format!(
            "the user has more groups than Microsoft Entra writes into a token, which has {mark} instead of {}: have Entra write only the groups assigned to the application, or use application roles (roles)",
            shown(field.text())
        ));
    }
    let claims = Value::Object(claims.clone());
    let is_empty = |group: &Value| group.as_str().is_some_and(|text| text.trim().is_empty());
    if let Some(Value::Array(groups)) = claim::find(&claims, field)
        && !groups.is_empty()
        && groups.iter().all(is_empty)
    {
        return Some(format!("the claim {} has only empty strings", shown(field.text())));
    }
    Some(claim::why_absent(PROPERTY, field, &claims))
}

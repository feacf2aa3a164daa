// SPDX-License-Identifier: Apache-2.0
//! Hints about the claim that `principal-field` names.

use nativejwt_core::{ClaimPath, Reason, unusable_principal};
use serde_json::Value;

use super::seen::{Seen, described};
use super::{Case, claim, service, shown};

const PROPERTY: &str = "principal-field";

pub(super) fn advice(case: &Case<'_>, code: Reason) -> Option<String> {
    let fields = &case.rules.as_ref()?.principal_fields;
    let claims = Value::Object(case.seen.claims.clone()?);
    let present = || fields.iter().filter_map(|field| Some((field, claim::find(&claims, field)?)));
    match code {
        Reason::MissingPrincipal => Some(missing(&case.seen, fields, &claims)),
        Reason::PrincipalNotAString => {
            let (field, value) = present().find(|(_, value)| !value.is_null())?;
            Some(wrong_type(field, value))
        }
        Reason::PrincipalTooLong => {
            let (field, value) = present().find(|(_, value)| value.is_string())?;
            Some(format!(
                "the claim {} has {} bytes, but a principal has at most 4096: set {PROPERTY} to another claim",
                shown(field.text()),
                value.as_str().map_or(0, str::len)
            ))
        }
        Reason::PrincipalUnusable => {
            let (field, value) = present().find(|(_, value)| value.is_string())?;
            let what = unusable_principal(value.as_str()?)?;
            Some(format!(
                "the claim {} ({}) {what}: have the issuer correct it, or set {PROPERTY} to another claim. A user mapping cannot correct it, because the principal is checked before the mapping",
                shown(field.text()),
                shown(value.as_str()?)
            ))
        }
        _ => None,
    }
}

fn missing(seen: &Seen<'_>, fields: &[ClaimPath], claims: &Value) -> String {
    let reasons: Vec<String> = fields.iter().take(3).map(|field| claim::why_absent(PROPERTY, field, claims)).collect();
    let mut text = reasons.join("; ");
    if text.contains(&format!("set {PROPERTY}=")) {
        return text;
    }
    if let Some(why) = service::application_token(seen) {
        text += &format!(". This is the token of an application ({why}), without a user");
    }
    let is_keycloak = seen.claim_text("iss").is_some_and(|issuer| issuer.contains("/realms/"));
    if is_keycloak && seen.claim("sub").is_none() && fields.iter().any(|field| field.text() == "sub") {
        text += ". From Keycloak 25 on, the client scope basic adds sub: add this scope to the client";
    }
    match claim::with_names(claims) {
        Some(names) => {
            text + &format!(
                ". The token has the string claims {names}: set {PROPERTY} to the one with the user's name, or have the issuer write the missing claim"
            )
        }
        None => {
            text + ". No claim has a string that may be a name: have the issuer write the user's name into the token"
        }
    }
}

fn wrong_type(field: &ClaimPath, value: &Value) -> String {
    let (name, what) = (shown(field.text()), described(value));
    let below = |last: &str| claim::pointer(field.names().chain([last]));
    match value {
        Value::Array(elements) if elements.first().is_some_and(Value::is_string) && field.text() != "aud" => format!(
            "the claim {name} is {what}: for the first of them, set {PROPERTY}={}, or have the issuer write a single string",
            below("0")
        ),
        Value::Object(members) => match members.iter().find(|(_, value)| value.is_string()) {
            Some((member, _)) => {
                format!("the claim {name} is {what}: select one of them, such as {PROPERTY}={}", below(member))
            }
            None => format!("the claim {name} is {what}: set {PROPERTY} to a claim that is a string"),
        },
        _ if field.text() == "aud" => {
            "aud names the recipient of the token, not a user: set principal-field to another claim".to_owned()
        }
        _ => format!(
            "the claim {name} is {what}: have the issuer write it as a string, in quotation marks, or set {PROPERTY} to a claim that is a string"
        ),
    }
}

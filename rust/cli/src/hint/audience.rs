// SPDX-License-Identifier: Apache-2.0
//! Hints about `aud` and `required-audience`.

use nativejwt_core::quoted;
use serde_json::Value;

use super::seen::{Seen, described};
use super::{Case, listed, service, shown};

pub(super) fn advice(case: &Case<'_>) -> Option<String> {
    let seen = &case.seen;
    let required = case.rules.as_ref()?.required_audience.as_deref()?;
    if let Some(text) = service::only_its_service_verifies(seen) {
        return Some(text);
    }
    let wanted: Vec<&str> = [required].into_iter().chain(required.split(',').map(str::trim)).collect();
    let audiences = seen.audiences();
    if audiences.is_empty() {
        return Some(absent(seen, required, &wanted));
    }
    if let Some(text) = similar(&wanted, &audiences) {
        return Some(text);
    }
    if let Some(text) = service::refresh_token(seen).or_else(|| service::id_token(seen)) {
        return Some(format!(
            "{text}; or, if you want to accept ID tokens, set required-audience to {}",
            shown(audiences.first()?)
        ));
    }
    if let Some(text) = in_another_claim(seen, &wanted) {
        return Some(text);
    }
    let whose = listed(audiences.iter().map(|audience| shown(audience)));
    if audiences == ["account"] {
        return Some(format!(
            "aud is only {whose}, which Keycloak writes for itself: add a mapper of the type Audience to the client, which adds {}",
            shown(wanted.last()?)
        ));
    }
    Some(format!(
        "the token was issued for {whose}: have the client request a token for {}, or have the issuer add it to aud; if {whose} is this coordinator, correct required-audience",
        listed(wanted.iter().skip(1).map(|one| shown(one)))
    ))
}

fn absent(seen: &Seen<'_>, required: &str, wanted: &[&str]) -> String {
    if seen.claim_text("token_use") == Some("access") {
        return format!(
            "access tokens of AWS Cognito have no aud, only client_id{}, which nativejwt does not check: send the ID token, whose aud is the client ID; or remove required-audience, but then the coordinator accepts the tokens of every client of this user pool",
            seen.claim_text("client_id").map_or_else(String::new, |id| format!(" ({})", shown(id)))
        );
    }
    let state = match seen.claim("aud") {
        None => "the token has no aud".to_owned(),
        Some(value) => format!("aud is {}, which counts as missing", described(value)),
    };
    let claims = seen.claims.as_ref();
    let other = claims.and_then(|claims| {
        claims.keys().find(|name| name.eq_ignore_ascii_case("aud") && *name != "aud" || name.as_str() == "audience")
    });
    if let Some(other) = other {
        return format!("{state}, but it has {}, which is ignored: have the issuer write aud", shown(other));
    }
    if let Some(text) = in_another_claim(seen, wanted) {
        return text;
    }
    let mapper = if seen.claim_text("iss").is_some_and(|issuer| issuer.contains("/realms/")) {
        " (in Keycloak: a mapper of the type Audience)"
    } else {
        ""
    };
    let client = seen.client().map_or_else(String::new, |(name, id)| {
        format!("; the client is in {name} ({}), which nativejwt does not check", shown(id))
    });
    format!("{state}{client}: have the issuer write {} into aud{mapper}", shown(required))
}

/// The hint if an audience is nearly the required one.
fn similar(wanted: &[&str], audiences: &[&str]) -> Option<String> {
    let pairs = || wanted.iter().flat_map(|wanted| audiences.iter().map(move |audience| (*wanted, *audience)));
    let both = |wanted: &str, audience: &str| {
        format!("aud is {}, and required-audience is {}", shown(audience), shown(wanted))
    };
    pairs().find_map(|(wanted, audience)| {
        let bare = |text: &str| text.trim_end_matches('/').to_owned();
        let why = if bare(wanted) == bare(audience) {
            "they differ by a slash at the end"
        } else if wanted.eq_ignore_ascii_case(audience) {
            "they differ by case"
        } else if audience.trim() == wanted {
            "the token's audience has white space around it"
        } else if audience.strip_prefix("api://") == Some(wanted) || wanted.strip_prefix("api://") == Some(audience) {
            "they differ by api://, which Entra writes in tokens of version 1 but not in those of version 2"
        } else if ["http://", "https://"].iter().any(|start| audience.strip_prefix(start).or(wanted.strip_prefix(start)).is_some_and(|rest| rest == wanted || rest == audience || format!("https://{rest}") == wanted)) {
            "they differ by http:// or https://"
        } else if is_list_in_text(audience, wanted) {
            return Some(format!(
                "aud is one string with a list ({}): have the issuer write a JSON array of strings, so that {} is an audience",
                quoted(audience),
                shown(wanted)
            ));
        } else {
            return None;
        };
        Some(format!("{}: {why}. Set required-audience to the token's value", both(wanted, audience)))
    })
}

fn is_list_in_text(audience: &str, wanted: &str) -> bool {
    let mut elements = audience.split([',', ' ', ';', '[', ']', '"']).map(str::trim);
    !wanted.is_empty() && audience.len() > wanted.len() && elements.any(|element| element == wanted)
}

/// The hint if the required audience is in another claim.
fn in_another_claim(seen: &Seen<'_>, wanted: &[&str]) -> Option<String> {
    if let Some((name, id)) = seen.client().filter(|(_, id)| wanted.contains(id)) {
        return Some(format!(
            "{} is in {name}, which names the client that requested the token. Only aud is checked, which names the recipient: have the issuer write {} into aud (in Keycloak: a mapper of the type Audience)",
            shown(id),
            shown(id)
        ));
    }
    ["scope", "scp"].into_iter().find_map(|name| {
        let scopes: Vec<&str> = match seen.claim(name)? {
            Value::String(text) => text.split_whitespace().collect(),
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        let found = scopes.into_iter().find(|scope| wanted.contains(scope))?;
        Some(format!(
            "{} is one of the scopes in {name}, but only aud is checked: have the issuer write it into aud",
            shown(found)
        ))
    })
}

//! `aud`, and `required-audience`.

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
            "{text}; or set required-audience to {} if ID tokens are what you want",
            shown(audiences.first()?)
        ));
    }
    if let Some(text) = in_another_claim(seen, &wanted) {
        return Some(text);
    }
    let whose = listed(audiences.iter().map(|audience| shown(audience)));
    if audiences == ["account"] {
        return Some(format!(
            "aud is {whose} alone, which Keycloak writes for itself: give the client a mapper of the type Audience that adds {}",
            shown(wanted.last()?)
        ));
    }
    Some(format!(
        "the token was made for {whose}: have the client ask for a token for {}, or have the issuer add it to aud; if this is the coordinator's name, correct required-audience",
        listed(wanted.iter().skip(1).map(|one| shown(one)))
    ))
}

fn absent(seen: &Seen<'_>, required: &str, wanted: &[&str]) -> String {
    if seen.claim_text("token_use") == Some("access") {
        return format!(
            "access tokens of AWS Cognito have no aud, only client_id{}, which no property looks at: send the ID token, whose aud is the client's id, or drop required-audience, and then the tokens of every client of this user pool are let in",
            seen.claim_text("client_id").map_or_else(String::new, |id| format!(" ({})", shown(id)))
        );
    }
    let state = match seen.claim("aud") {
        None => "the token has no aud".to_owned(),
        Some(value) => format!("aud is there, but {}, which counts as absent", described(value)),
    };
    let claims = seen.claims.as_ref();
    let other = claims.and_then(|claims| {
        claims.keys().find(|name| name.eq_ignore_ascii_case("aud") && *name != "aud" || name.as_str() == "audience")
    });
    if let Some(other) = other {
        return format!("{state}, but {}, which nothing reads: have the issuer write aud", shown(other));
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
        format!("; the client is in {name} ({}), which no property looks at", shown(id))
    });
    format!("{state}{client}: have the issuer write {} into aud{mapper}", shown(required))
}

/// Where an audience is nearly the one that is wanted.
fn similar(wanted: &[&str], audiences: &[&str]) -> Option<String> {
    let pairs = || wanted.iter().flat_map(|wanted| audiences.iter().map(move |audience| (*wanted, *audience)));
    let both = |wanted: &str, audience: &str| {
        format!("aud is {}, and required-audience wants {}", shown(audience), shown(wanted))
    };
    pairs().find_map(|(wanted, audience)| {
        let bare = |text: &str| text.trim_end_matches('/').to_owned();
        let why = if bare(wanted) == bare(audience) {
            "they differ by a slash at the end"
        } else if wanted.eq_ignore_ascii_case(audience) {
            "they differ by case"
        } else if audience.trim() == wanted {
            "the issuer's has white space around it"
        } else if audience.strip_prefix("api://") == Some(wanted) || wanted.strip_prefix("api://") == Some(audience) {
            "they differ by api://, which Entra writes in tokens of version 1 and not in those of version 2"
        } else if ["http://", "https://"].iter().any(|start| audience.strip_prefix(start).or(wanted.strip_prefix(start)).is_some_and(|rest| rest == wanted || rest == audience || format!("https://{rest}") == wanted)) {
            "they differ by http:// or https://"
        } else if is_list_in_text(audience, wanted) {
            return Some(format!(
                "aud is one text that holds a list ({}): have the issuer write a JSON array of texts, so that {} is an audience",
                quoted(audience),
                shown(wanted)
            ));
        } else {
            return None;
        };
        Some(format!("{}: {why}. Write required-audience as the token has it", both(wanted, audience)))
    })
}

fn is_list_in_text(audience: &str, wanted: &str) -> bool {
    let mut elements = audience.split([',', ' ', ';', '[', ']', '"']).map(str::trim);
    !wanted.is_empty() && audience.len() > wanted.len() && elements.any(|element| element == wanted)
}

/// Where the wanted audience stands in a claim that is not looked at.
fn in_another_claim(seen: &Seen<'_>, wanted: &[&str]) -> Option<String> {
    if let Some((name, id)) = seen.client().filter(|(_, id)| wanted.contains(id)) {
        return Some(format!(
            "{} is in {name}, which says which client asked for the token; aud says whom it is for, and only that is looked at: have the issuer write {} into aud (in Keycloak: a mapper of the type Audience)",
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
        Some(format!("{} is one of the scopes in {name}, and not in aud, which alone is looked at: have the issuer write it into aud", shown(found)))
    })
}

// SPDX-License-Identifier: Apache-2.0
//! Hints about the user mapping and a principal that it rejects.

use std::path::Path;

use nativejwt_core::{IssuerRules, Reason, UserMapping};
use serde_json::Value;

use super::{Case, claim, shown, whole};

pub(super) fn advice(case: &Case<'_>, code: Reason) -> Option<String> {
    let rules = case.rules.as_ref()?;
    let claims = Value::Object(case.seen.claims.clone()?);
    let (field, principal) =
        rules.principal_fields.iter().find_map(|field| Some((field, claim::find(&claims, field)?.as_str()?)))?;
    if principal.trim().is_empty() {
        return Some(format!(
            "{}: have the issuer fill it, or set principal-field to another claim",
            claim::why_absent("principal-field", field, &claims)
        ));
    }
    let (mapping, name) = mapping(rules)?;
    let rule = || mapping.deciding_rule(principal).map_or_else(String::new, |rule| format!("rule {rule} of "));
    Some(match code {
        Reason::NoMappingMatches => {
            let why = no_match(&mapping, rules.user_mapping_pattern.as_deref(), principal).unwrap_or_else(|| {
                "a pattern must match the whole principal; try it with 'nativejwt map-user'".to_owned()
            });
            format!("{name} does not match the principal {}: {why}", shown(principal))
        }
        Reason::PrincipalNotAllowed => {
            format!(
                "{}{name} has \"allow\": false and matches {}; the first rule that matches decides",
                rule(),
                shown(principal)
            )
        }
        Reason::MappedUserEmpty => format!(
            "{}{name} matches the principal {}, but its result is empty or white space: correct the rule's user or the group of the pattern",
            rule(),
            shown(principal)
        ),
        _ => format!("the result of {}{name} for the principal {} is not a valid user name", rule(), shown(principal)),
    })
}

/// The mapping of the configuration, and its name in a sentence.
fn mapping(rules: &IssuerRules) -> Option<(UserMapping, String)> {
    if let Some(pattern) = &rules.user_mapping_pattern {
        return Some((UserMapping::from_pattern(pattern).ok()?, format!("user-mapping.pattern '{}'", whole(pattern))));
    }
    match &rules.user_mapping_file {
        Some(file) => Some((UserMapping::from_file(Path::new(file)).ok()?, format!("the rule file {}", whole(file)))),
        None => Some((UserMapping::from_pattern("(.*)").ok()?, "the default user mapping, (.*),".to_owned())),
    }
}

/// Why no rule matches a principal. `pattern` is the only rule, if it is set by `user-mapping.pattern`.
pub(crate) fn no_match(mapping: &UserMapping, pattern: Option<&str>, principal: &str) -> Option<String> {
    let matches = |principal: &str| mapping.deciding_rule(principal).is_some();
    if let Some(character) =
        principal.chars().find(|character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
    {
        return Some(format!("it contains a line end (U+{:04X}), which . does not match", u32::from(character)));
    }
    if principal.trim() != principal && matches(principal.trim()) {
        return Some("it would match without the white space at its ends".to_owned());
    }
    if matches(&principal.to_lowercase()) || matches(&principal.to_uppercase()) {
        return Some(
            "it would match in another case; patterns are case-sensitive unless they begin with (?i)".to_owned(),
        );
    }
    if let Some((name, domain)) = principal.split_once('@')
        && matches(name)
    {
        return Some(format!("it would match without {}", shown(&format!("@{domain}"))));
    }
    let part = UserMapping::from_pattern(&format!("(?s).*?(?:{}).*", pattern?)).ok()?;
    part.deciding_rule(principal).is_some().then(|| {
        "it matches a part of it, but a pattern must match the whole principal (write .* for the rest)".to_owned()
    })
}

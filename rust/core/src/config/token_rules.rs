// SPDX-License-Identifier: Apache-2.0
//! The properties about the content of a token: header, claims, principal, groups.

use std::time::Duration;

use crate::algorithm::Algorithm;
use crate::claims::groups::GroupsField;
use crate::claims::path::ClaimPath;
use crate::claims::required::{RequiredClaim, RequiredScopes, RequiredValue};
use crate::claims::{ClaimsPolicy, RequiredAudience};
use crate::config::known::{PREFIX, required_claim};
use crate::config::problem::ConfigurationErrors;
use crate::config::properties::Properties;
use crate::config::setting::{Setting, setting, setting_from};
use crate::config::units;
use crate::quoted::quoted;
use crate::token::protected_header::HeaderPolicy;

/// A clock that differs by more is wrong.
pub(crate) const MAX_CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// What header and claims of a token must contain, without `required-issuer`. Errors go to `errors`.
pub(super) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> (HeaderPolicy, ClaimsPolicy) {
    let mut read = |name: &str| setting(properties, name, errors).filter(|setting| !setting.value.is_empty());
    let audiences = read("required-audience");
    let skew = read("clock-skew");
    let lifetime = read("max-token-lifetime");
    let require_expiration = read("require-expiration");
    let algorithms = read("allowed-algorithms");
    let token_type = read("required-token-type");
    let principal_field = read("principal-field");
    let groups_field = read("groups-field");
    let groups_delimiter = read("groups-delimiter");
    let delimiter = read("nested-claim-delimiter");
    let scopes = read("required-scopes");
    let mut required_claims: Vec<(&str, Setting)> = properties
        .entries
        .iter()
        .filter_map(|entry| Some((required_claim(&entry.name)?, setting_from(entry, properties, errors))))
        .collect();
    // A coordinator hands the properties over in no order, and a rejection must not depend on it.
    required_claims.sort_by_key(|(path, _)| *path);

    let delimiter = delimiter.map(|setting| setting.value);
    let mut path = |setting: &Setting, text: &str| {
        ClaimPath::parse(text, delimiter.as_deref()).map_err(|why| errors.push(setting.problem(why))).ok()
    };
    let principal_fields = match &principal_field {
        Some(setting) => setting.value.split(',').filter_map(|text| path(setting, text.trim())).collect(),
        None => path(&Setting::default(), "sub").into_iter().collect(),
    };
    let required_paths: Vec<_> = required_claims.iter().map(|(text, setting)| path(setting, text)).collect();
    let groups_path = groups_field.as_ref().and_then(|setting| path(setting, &setting.value));
    if let (None, Some(delimiter)) = (&groups_field, &groups_delimiter) {
        errors.push(
            delimiter.problem(format!("has no effect: {PREFIX}groups-field is not set. Set it, or remove this line")),
        );
    }
    let groups_delimiter = groups_delimiter.and_then(|setting| split_character(&setting, errors));
    let header = HeaderPolicy {
        allowed_algorithms: algorithms.map(|setting| allowed_algorithms(&setting, errors)).unwrap_or_default(),
        required_token_type: token_type.map(|setting| setting.value),
    };
    let claims = ClaimsPolicy {
        required_issuer: None,
        required_audience: audiences
            .map(|setting| RequiredAudience::new(setting.value.clone(), list(&setting, errors))),
        clock_skew: skew.and_then(|setting| clock_skew(&setting, errors)).unwrap_or_default(),
        require_expiration: require_expiration.and_then(|setting| setting.boolean(errors)).unwrap_or(false),
        max_token_lifetime: lifetime.and_then(|setting| duration(&setting, errors)),
        required_scopes: RequiredScopes(scopes.map(|setting| required_scopes(&setting, errors)).unwrap_or_default()),
        required_claims: required_paths
            .into_iter()
            .zip(&required_claims)
            .filter_map(|(path, (_, setting))| {
                Some(RequiredClaim { path: path?, values: required_values(setting, errors) })
            })
            .collect(),
        principal_fields,
        groups_field: groups_path.map(|path| GroupsField { path, delimiter: groups_delimiter }),
    };
    (header, claims)
}

/// The elements of a comma-separated list.
fn list(setting: &Setting, errors: &mut ConfigurationErrors) -> Vec<String> {
    let elements: Vec<String> = setting.value.split(',').map(|element| element.trim().to_owned()).collect();
    if elements.iter().any(String::is_empty) {
        errors.push(setting.problem("has an empty element: separate the values with single commas"));
    }
    elements
}

/// `required-scopes`. A blank within a scope would never match, since blanks separate scopes (RFC 6749, section 3.3).
fn required_scopes(setting: &Setting, errors: &mut ConfigurationErrors) -> Vec<String> {
    let scopes = list(setting, errors);
    if let Some(scope) = scopes.iter().find(|scope| scope.contains(char::is_whitespace)) {
        errors.push(
            setting.problem(format!(
                "has the scope '{}' with white space in it: separate scopes by commas",
                quoted(scope)
            )),
        );
    }
    scopes
}

/// The values of `required-claims.<path>`: separated by commas, each trimmed. `\\,` is a comma within a value and `\\\\` a
/// backslash; before any other character a backslash is itself.
fn required_values(setting: &Setting, errors: &mut ConfigurationErrors) -> Vec<RequiredValue> {
    let mut values = vec![String::new()];
    let mut characters = setting.value.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            ',' => values.push(String::new()),
            '\\' if matches!(characters.peek(), Some(',' | '\\')) => {
                values.last_mut().into_iter().for_each(|value| value.extend(characters.next()));
            }
            other => values.last_mut().into_iter().for_each(|value| value.push(other)),
        }
    }
    let values: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) && !setting.value.is_empty() {
        errors.push(setting.problem("has an empty element: write the values with commas between them"));
    }
    values.into_iter().map(RequiredValue::new).collect()
}

/// `groups-delimiter`. A space is written as a word, because values are trimmed.
fn split_character(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<char> {
    let mut characters = setting.value.chars();
    match (&*setting.value, characters.next(), characters.next()) {
        ("comma", ..) => return Some(','),
        ("space", ..) => return Some(' '),
        (_, Some(one), None) if !one.is_whitespace() => return Some(one),
        (value, ..) => errors.push(setting.problem(format!(
            "is '{}', but must be comma, space, or one character that is not white space",
            quoted(value)
        ))),
    }
    None
}

fn allowed_algorithms(setting: &Setting, errors: &mut ConfigurationErrors) -> Vec<Algorithm> {
    let mut algorithms = Vec::new();
    for name in list(setting, errors).into_iter().filter(|name| !name.is_empty()) {
        match Algorithm::from_name(&name) {
            Some(algorithm) => algorithms.push(algorithm),
            None => {
                let known: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
                errors.push(setting.problem(format!("contains '{name}', which is not one of {}", known.join(", "))));
            }
        }
    }
    algorithms
}

fn duration(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<Duration> {
    match units::duration(&setting.value) {
        Ok(duration) if !duration.is_zero() => return Some(duration),
        Ok(_) => errors
            .push(setting.problem("is zero, so every token would be rejected: set a longer time or remove the line")),
        Err(why) => errors.push(setting.problem(why)),
    }
    None
}

fn clock_skew(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<Duration> {
    match units::duration(&setting.value) {
        Ok(skew) if skew <= MAX_CLOCK_SKEW => return Some(skew),
        Ok(_) => errors.push(setting.problem(format!("is {}, but must be at most 1h", setting.value))),
        Err(why) => errors.push(setting.problem(why)),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors_of(text: &str) -> String {
        let text: String = text.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
        let mut errors = ConfigurationErrors::default();
        read(&Properties::parse(&text, "f").unwrap(), &mut errors);
        errors.to_string()
    }

    #[test]
    fn each_wrong_value_is_reported_with_its_line() {
        for (text, expected) in [
            ("required-audience=a,,b", "f:1: http-server.authentication.jwt.required-audience has an empty element"),
            ("clock-skew=30", "clock-skew is '30', which is not a duration"),
            ("clock-skew=2h", "clock-skew is 2h, but must be at most 1h"),
            ("max-token-lifetime=0s", "max-token-lifetime is zero, so every token"),
            ("require-expiration=1", "require-expiration is '1', but must be true or false"),
            (
                "allowed-algorithms=RS256, rs256",
                "allowed-algorithms contains 'rs256', which is not one of HS256, HS384",
            ),
            ("allowed-algorithms=none", "contains 'none', which is not one of"),
            ("principal-field=a,,b", "principal-field has '', in which a name is empty"),
            ("principal-field=/a~", "principal-field is not a valid JSON Pointer"),
            (
                "groups-field=g\ngroups-delimiter=, ;",
                "f:2: http-server.authentication.jwt.groups-delimiter is ', ;', but must",
            ),
            ("groups-field=g\ngroups-delimiter=Comma", "groups-delimiter is 'Comma', but must be comma, space, or one"),
            ("groups-field=g\ngroups-delimiter=\\u2003", "groups-delimiter is '\u{2003}', but must be comma, space"),
            (
                "groups-delimiter=comma",
                "groups-delimiter has no effect: http-server.authentication.jwt.groups-field is not",
            ),
            (
                "groups-field=a..b\nnested-claim-delimiter=.",
                "f:1: http-server.authentication.jwt.groups-field has 'a..b', in which",
            ),
        ] {
            let errors = errors_of(text);
            assert!(errors.contains(expected) && errors.lines().count() == 1, "{text}: {errors}");
        }
        for (text, expected) in [
            ("required-scopes=trino,,read", "f:1: http-server.authentication.jwt.required-scopes has an empty element"),
            ("required-scopes=trino read", "required-scopes has the scope 'trino read' with white space in it"),
            ("required-claims.tenant=", "f:1: http-server.authentication.jwt.required-claims.tenant is empty"),
            ("required-claims.tenant=a,,b", "required-claims.tenant has an empty element"),
            (
                "required-claims./a~=1",
                "f:1: http-server.authentication.jwt.required-claims./a~ is not a valid JSON Pointer",
            ),
            (
                "nested-claim-delimiter=.\nrequired-claims.a..b=1",
                "f:2: http-server.authentication.jwt.required-claims.a..b",
            ),
        ] {
            let errors = errors_of(text);
            assert!(errors.contains(expected) && errors.lines().count() == 1, "{text}: {errors}");
        }
        let good = "required-audience=a, b\nclock-skew=30s\nmax-token-lifetime=1d\nrequire-expiration=true\n\
                    allowed-algorithms=RS256, EdDSA\nrequired-token-type=at+jwt\nprincipal-field=email,/a~1b\n\
                    groups-field=realm_access.roles\nnested-claim-delimiter=.";
        assert_eq!(errors_of(good), "");
        for delimiter in ["comma", "space", ",", "|", "\u{1f600}", "c"] {
            assert_eq!(errors_of(&format!("groups-field=g\ngroups-delimiter={delimiter}")), "", "{delimiter}");
        }
    }

    #[test]
    fn values_of_a_required_claim_are_split_at_commas_that_no_backslash_escapes() {
        let values = |value: &str| {
            let text = format!("http-server.authentication.jwt.required-claims.c={value}\n");
            let mut errors = ConfigurationErrors::default();
            let (_, claims) = read(&Properties::parse(&text, "f").unwrap(), &mut errors);
            assert_eq!(errors.to_string(), "", "{value}");
            format!("{:?}", claims.required_claims[0].values.iter().map(RequiredValue::text).collect::<Vec<_>>())
        };
        // A properties file takes one half of the backslashes for itself.
        for (value, expected) in [
            ("a", r#"["a"]"#),
            ("a, b", r#"["a", "b"]"#),
            (r"Doe\\, Jane,x", r#"["Doe, Jane", "x"]"#),
            (r"CORP\\alice", r#"["CORP\\alice"]"#),
            (r"a\\\\,b", r#"["a\\", "b"]"#),
        ] {
            assert_eq!(values(value), expected, "{value}");
        }
    }
}

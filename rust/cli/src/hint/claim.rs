// SPDX-License-Identifier: Apache-2.0
//! Hints about claims with a wrong type, and claims that are missing where the configuration expects them.

use nativejwt_core::ClaimPath;
use serde_json::{Map, Value};

use super::seen::{Seen, decode, described};
use super::{listed, shown, times, whole};

/// What the payload is if it is not a JSON object.
pub(super) fn not_an_object(seen: &Seen<'_>) -> String {
    let bytes = seen.parts.get(1).and_then(|part| decode(part)).unwrap_or_default();
    let what = match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::String(text)) if text.matches('.').count() == 2 => {
            return "the payload is another token in quotation marks: have the issuer send the inner token".to_owned();
        }
        Ok(value) => described(&value),
        Err(_) if bytes.is_empty() => "empty".to_owned(),
        Err(_) if bytes.starts_with(b"eyJ") => {
            return "the payload is another token: have the issuer send the inner token".to_owned();
        }
        Err(_) if bytes.starts_with(&[0xef, 0xbb, 0xbf]) => "JSON after a byte order mark".to_owned(),
        Err(_) if bytes.first() == Some(&b'{') => "damaged or incomplete JSON".to_owned(),
        Err(_) if bytes.starts_with(b"<") => "XML or HTML".to_owned(),
        Err(_) if matches!(bytes.as_slice(), [0x1f, 0x8b, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]) => {
            "compressed".to_owned()
        }
        Err(_) => format!("{} bytes that are not JSON", bytes.len()),
    };
    format!("the payload is {what}: the claims of a JWT are one JSON object (RFC 7519, section 4); correct the issuer")
}

/// The hint for the first registered claim with a wrong type.
pub(super) fn wrong_type(seen: &Seen<'_>) -> Option<String> {
    let claims = seen.claims.as_ref()?;
    claims.iter().find_map(|(name, value)| match name.as_str() {
        "exp" | "nbf" | "iat" if !is_time(value) => times::wrong_type(name, value),
        "iss" | "sub" | "jti" if !matches!(value, Value::String(_) | Value::Null) => {
            let is_one = matches!(value, Value::Number(_) | Value::Bool(_));
            let how = if is_one { "it in quotation marks" } else { "a single string" };
            Some(format!("{name} is {}, but RFC 7519 requires a string: have the issuer write {how}", described(value)))
        }
        "aud" => match value {
            Value::String(_) | Value::Null => None,
            Value::Array(elements) => elements.iter().find(|element| !element.is_string()).map(|element| {
                format!(
                    "aud has {} as an element: have the issuer write only strings into the list",
                    described(element)
                )
            }),
            other => Some(format!("aud is {}: have the issuer write a string or a list of strings", described(other))),
        },
        _ => None,
    })
}

/// True for a number in the range of times.
fn is_time(value: &Value) -> bool {
    value.as_f64().is_some_and(|seconds| seconds.abs() < 9.2e15)
}

/// Where a path leads in the claims.
enum Found<'c> {
    Value(&'c Value),
    /// The names that were found, the first one that is missing, and the value in which it is missing.
    Nothing {
        passed: Vec<&'c str>,
        missing: &'c str,
        at: &'c Value,
    },
}

fn follow<'c>(claims: &'c Value, names: impl Iterator<Item = &'c str>, into_arrays: bool) -> Found<'c> {
    let mut at = claims;
    let mut passed = Vec::new();
    for name in names {
        let next = match at {
            Value::Object(members) => members.get(name),
            Value::Array(elements) if into_arrays => name.parse().ok().and_then(|index: usize| elements.get(index)),
            _ => None,
        };
        let Some(next) = next else { return Found::Nothing { passed, missing: name, at } };
        at = next;
        passed.push(name);
    }
    Found::Value(at)
}

/// The value that a path leads to.
pub(super) fn find<'c>(claims: &'c Value, field: &'c ClaimPath) -> Option<&'c Value> {
    match follow(claims, field.names(), field.is_pointer()) {
        Found::Value(value) => Some(value),
        Found::Nothing { .. } => None,
    }
}

/// A JSON Pointer with these names (RFC 6901).
pub(super) fn pointer<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Why the claim that a property names is missing, and the value for the property that would find it. `property` is its
/// name.
pub(super) fn why_absent(property: &str, field: &ClaimPath, claims: &Value) -> String {
    let text = shown(field.text());
    let (passed, missing, at) = match follow(claims, field.names(), field.is_pointer()) {
        Found::Value(Value::Null) => return format!("the claim {text} is null, which counts as missing"),
        Found::Value(Value::String(empty)) if empty.is_empty() => {
            return format!("the claim {text} is empty");
        }
        Found::Value(Value::String(blank)) if blank.trim().is_empty() => {
            return format!("the claim {text} is only white space");
        }
        Found::Value(Value::Array(list)) if list.is_empty() => {
            return format!("the claim {text} is an empty list");
        }
        Found::Value(other) => return format!("the claim {text} is {}", described(other)),
        Found::Nothing { passed, missing, at } => (passed, missing, at),
    };
    let set = |way: &str| format!("set {property}={}", whole(way));
    let top = claims.as_object();
    let is_one_name = field.names().count() == 1;
    if (!is_one_name || field.is_pointer()) && top.is_some_and(|claims| claims.contains_key(field.text())) {
        let split = if field.is_pointer() {
            "a value that begins with / is a JSON Pointer"
        } else {
            "nested-claim-delimiter splits this name"
        };
        return format!(
            "the token has the claim {text}, but {split}, so nativejwt looks for {}: {}",
            shown(missing),
            set(&pointer([field.text()]))
        );
    }
    if is_one_name && let Some(names) = nested(claims, missing) {
        return format!(
            "no claim has the name {text}, but there is such a claim in an object: {} (without nested-claim-delimiter, a name is not split)",
            set(&pointer(names))
        );
    }
    let inside = if passed.is_empty() { String::new() } else { format!(" in {}", shown(&passed.join(" → "))) };
    let members = match at {
        Value::Object(members) => members,
        Value::Array(_) => {
            return format!(
                "{} is an array, whose elements only a JSON Pointer can select: for the first element, {}",
                shown(&passed.join(" → ")),
                set(&pointer(passed.iter().copied().chain(["0"])))
            );
        }
        other => {
            return format!(
                "{} is {}, so it cannot contain {}",
                shown(&passed.join(" → ")),
                described(other),
                shown(missing)
            );
        }
    };
    if let Some(other) = members.keys().find(|name| *name != missing && is_alike(name, missing)) {
        let way: Vec<&str> =
            passed.iter().copied().chain([other.as_str()]).chain(field.names().skip(passed.len() + 1)).collect();
        let way = match way.as_slice() {
            [one] if !one.starts_with('/') && !one.contains(',') => (*one).to_owned(),
            several => pointer(several.iter().copied()),
        };
        return format!(
            "there is no {}{inside}, but there is {}: names must be identical; {}",
            shown(missing),
            shown(other),
            set(&way)
        );
    }
    let last = field.names().last().unwrap_or_default();
    if let Some(names) = top.and_then(|claims| elsewhere(claims, last, 4)) {
        return format!(
            "there is no claim {text}, but there is {} in another object: {}",
            shown(last),
            set(&pointer(names))
        );
    }
    format!(
        "there is no claim {text}{}",
        if inside.is_empty() { String::new() } else { format!(" ({} is not{inside})", shown(missing)) }
    )
}

/// True for names that are the same but for case and punctuation.
fn is_alike(one: &str, other: &str) -> bool {
    let plain =
        |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    !plain(one).is_empty() && plain(one) == plain(other)
}

/// The names that lead to a claim if the text is split at what looks like a delimiter.
fn nested<'c>(claims: &'c Value, text: &'c str) -> Option<Vec<&'c str>> {
    ["::", ".", "/", ":"].into_iter().find_map(|delimiter| {
        let names: Vec<&str> = text.trim_start_matches("$.").split(delimiter).filter(|name| !name.is_empty()).collect();
        let leads = names.len() > 1 && matches!(follow(claims, names.iter().copied(), false), Found::Value(_));
        leads.then_some(names)
    })
}

/// The names that lead to a member of this name in a nested object.
fn elsewhere<'c>(members: &'c Map<String, Value>, name: &str, depth: usize) -> Option<Vec<&'c str>> {
    let objects = || members.iter().filter_map(|(above, value)| Some((above.as_str(), value.as_object()?)));
    let here = objects().find_map(|(above, below)| below.get_key_value(name).map(|(name, _)| vec![above, name]));
    here.or_else(|| {
        let deeper = |(above, below): (&'c str, &'c Map<String, Value>)| {
            elsewhere(below, name, depth - 1).map(|names| [above].into_iter().chain(names).collect())
        };
        (depth > 0).then(|| objects().find_map(deeper)).flatten()
    })
}

/// The claims whose string may be a user's name.
pub(super) fn with_names(claims: &Value) -> Option<String> {
    const NO_NAMES: [&str; 22] = [
        "iss",
        "aud",
        "jti",
        "azp",
        "client_id",
        "cid",
        "appid",
        "scope",
        "scp",
        "typ",
        "acr",
        "sid",
        "nonce",
        "at_hash",
        "c_hash",
        "ver",
        "tid",
        "uti",
        "rh",
        "aio",
        "session_state",
        "token_use",
    ];
    let names: Vec<String> = claims
        .as_object()?
        .iter()
        .filter(|(name, value)| {
            !NO_NAMES.contains(&name.as_str()) && value.as_str().is_some_and(|text| !text.trim().is_empty())
        })
        .map(|(name, _)| shown(name))
        .collect();
    (!names.is_empty()).then(|| listed(names))
}

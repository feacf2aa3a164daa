// SPDX-License-Identifier: Apache-2.0
//! Recognizes, without our parser, what nativejwt rejects in a rule file although Trino accepts it.

use std::collections::HashSet;

use crate::lenient_json::Oddities;

/// The slug of the row in DIFFERENCES.md, if the file shows its difference.
#[must_use]
pub fn slug(text: &[u8]) -> Option<&'static str> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let wide = text.contains(&0);
    let whole = Oddities::from_json(text);
    (wide || whole.not_utf8 || whole.lone_surrogate || rules(text).any(|rule| is_odd(&rule)))
        .then_some("mapping-file-types")
}

/// The pieces of the file that look like objects. A brace in a pattern gives one without members.
fn rules(text: &[u8]) -> impl Iterator<Item = Oddities> {
    let starts = text.iter().enumerate().filter(|(_, byte)| **byte == b'{').map(|(at, _)| at);
    starts.skip(1).map(|at| Oddities::from_json(&text[at..]))
}

fn is_odd(rule: &Oddities) -> bool {
    let names: HashSet<&str> = rule.names.iter().map(String::as_str).collect();
    let twice = names.len() < rule.names.len();
    let is_text = |value: &str| value.starts_with('"');
    let types = rule.members.iter().any(|(name, value)| match name.as_str() {
        "pattern" | "user" => !is_text(value) && value != "null",
        "allow" => !matches!(value.as_str(), "true" | "false" | "null"),
        "case" => !matches!(value.to_ascii_lowercase().as_str(), "\"keep\"" | "\"lower\"" | "\"upper\"" | "null"),
        _ => false,
    });
    twice || types
}

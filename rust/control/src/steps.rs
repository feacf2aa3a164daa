// SPDX-License-Identifier: Apache-2.0
//! The steps of a verdict in words.

use std::fmt::Write as _;

use nativejwt_core::{ExplainedRule, Step, UnixMillis, quoted};

use crate::words::in_words;

/// The longest condition of a claim rule that is shown, in characters: one can list thousands of values.
const SHOWN: usize = 200;

/// The result of a step in words.
#[must_use]
pub fn describe_step(step: Step<'_>, now: UnixMillis) -> String {
    match step {
        Step::BearerToken { bytes } => format!("{bytes} bytes"),
        Step::Parts { header, payload, signature } => {
            format!("header {header}, payload {payload}, signature {signature} characters")
        }
        Step::Header { algorithm, key_id: Some(key_id) } => format!("alg {algorithm}, kid {}", quoted(key_id)),
        Step::Header { algorithm, key_id: None } => format!("alg {algorithm}, no kid"),
        Step::Issuer { required: Some(required) } => format!("the rules for {}", quoted(required)),
        Step::Issuer { required: None } => "the rules for issuers without a file of their own".to_owned(),
        Step::Key(key) => key.to_string(),
        Step::Signature => "valid".to_owned(),
        Step::Claims { issuer, expires_at } => {
            let issuer = issuer.map_or_else(|| "no issuer".to_owned(), |issuer| format!("issuer {}", quoted(issuer)));
            let expiry =
                expires_at.map_or_else(|| "never expires".to_owned(), |at| format!("expires {}", in_words(at, now)));
            format!("{issuer}, {expiry}")
        }
        Step::Revocation => "not revoked".to_owned(),
        Step::Required => "the scopes and claims that the configuration requires are there".to_owned(),
        Step::ClaimRules(rules) => claim_rule_lines(&rules.explain()).join("\n"),
        Step::Principal(principal) => quoted(principal),
        Step::User(user) => quoted(user),
        Step::PassThrough => "the token may be passed to connectors".to_owned(),
        Step::Groups(groups) => describe_groups(groups),
        Step::StorageRole(Some(role)) => quoted(role),
        Step::StorageRole(None) => "none, so the session gets keys that every store refuses".to_owned(),
        _ => "passed".to_owned(),
    }
}

/// The number of groups and the first 20 of them, in quotes because a group may contain commas and spaces.
#[must_use]
pub fn describe_groups(groups: &[String]) -> String {
    const SHOWN: usize = 20;
    if groups.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = groups.iter().take(SHOWN).map(|group| format!("'{}'", quoted(group))).collect();
    let rest = match groups.len().saturating_sub(SHOWN) {
        0 => String::new(),
        rest => format!(", and {rest} more"),
    };
    format!("{}: {}{rest}", groups.len(), shown.join(", "))
}

/// The rules up to the one that decides, one line for each rule and each of its conditions.
#[must_use]
pub fn claim_rule_lines(rules: &[ExplainedRule<'_>]) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in rules {
        let mut line = format!("rule {}", rule.number);
        if let Some(description) = rule.description {
            let _ = write!(line, " ({})", quoted(description));
        }
        line.push_str(match (rule.matches(), rule.allows) {
            (true, true) => " matches and accepts",
            (true, false) => " matches and rejects",
            (false, _) => " does not match",
        });
        lines.push(line);
        lines.extend(rule.conditions.iter().map(|(text, holds)| format!("  {}  {}", answer(*holds), shortened(text))));
    }
    if rules.last().is_none_or(|rule| !rule.matches()) {
        lines.push("no rule matches: otherwise decides".to_owned());
    }
    lines
}

fn answer(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "yes",
        Some(false) => "no ",
        None => "too many steps",
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

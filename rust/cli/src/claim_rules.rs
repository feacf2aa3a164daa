// SPDX-License-Identifier: Apache-2.0
//! Claim rules and what became of them for one token, as text and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use nativejwt_core::{ClaimRules, ConfigurationErrors, ExplainedRule, Problem, quoted};

use crate::json::JsonObject;

/// The longest condition that is shown, in characters: one can list thousands of values.
const SHOWN: usize = 200;

/// Reads a rule file.
///
/// # Errors
/// All errors of the file.
pub(crate) fn read(file: &Path) -> Result<ClaimRules, ConfigurationErrors> {
    let source = file.display().to_string();
    ClaimRules::from_file(file).map_err(|wrong| {
        let mut errors = ConfigurationErrors::default();
        errors.extend(wrong.into_iter().map(|error| Problem::for_line(&source, error.line, error.message)));
        errors
    })
}

/// The rules up to the one that decides, one line for each rule and each of its conditions.
pub(crate) fn lines(rules: &[ExplainedRule<'_>]) -> Vec<String> {
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

/// The same as a JSON array of objects.
pub(crate) fn json(rules: &[ExplainedRule<'_>]) -> String {
    let condition = |(text, holds): &(&str, Option<bool>)| {
        let object = JsonObject::new().raw("condition", text);
        match holds {
            Some(holds) => object.boolean("holds", *holds),
            None => object.raw("holds", "null"),
        }
        .finish()
    };
    let rule = |rule: &ExplainedRule<'_>| {
        let conditions: Vec<String> = rule.conditions.iter().map(condition).collect();
        JsonObject::new()
            .number("rule", i64::try_from(rule.number).unwrap_or(i64::MAX))
            .maybe_text("description", rule.description)
            .boolean("allow", rule.allows)
            .boolean("matches", rule.matches())
            .raw("conditions", &format!("[{}]", conditions.join(",")))
            .finish()
    };
    format!("[{}]", rules.iter().map(rule).collect::<Vec<_>>().join(","))
}

// SPDX-License-Identifier: Apache-2.0
//! Claim rules and what became of them for one token, as JSON.

use std::path::Path;

use nativejwt_core::{ClaimRules, ConfigurationErrors, ExplainedRule, Problem};

use crate::json::JsonObject;

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

/// The rules up to the one that decides, as a JSON array of objects.
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

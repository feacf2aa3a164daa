// SPDX-License-Identifier: Apache-2.0
//! Finds probable mistakes in claim rules. `check-rules` and `check-config` report them.

use crate::claim_rules::condition::{Condition, Subject, Test};
use crate::claim_rules::{ClaimRules, Rule};
use crate::quoted::quoted;

/// A probable mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleWarning {
    /// The rule, counted from 1.
    pub rule: usize,
    /// What is probably wrong. The sentence begins with the rule.
    pub message: String,
}

impl ClaimRules {
    /// The probable mistakes, in the order of the rules.
    #[must_use]
    pub fn warnings(&self) -> Vec<RuleWarning> {
        let mut warnings = Vec::new();
        let mut first_for_all = None;
        for (index, rule) in self.rules.iter().enumerate() {
            let number = index + 1;
            let mut warn = |message: String| warnings.push(RuleWarning { rule: number, message });
            match first_for_all {
                Some(earlier) => {
                    warn(format!(
                        "rule {number} never decides, because rule {earlier} has no conditions and matches every token"
                    ));
                }
                None if rule.conditions.is_empty() => first_for_all = Some(number),
                None => {}
            }
            for (index, what) in rule.holds_without() {
                warn(format!(
                    "rule {number} accepts tokens without {what}: condition {} is negated, and then it holds. If these tokens must not \
                     be accepted, add a condition that {what} is present",
                    index + 1
                ));
            }
        }
        warnings
    }
}

impl Rule {
    /// The negated conditions of a rule that accepts, each with what a token may lack so that it holds.
    fn holds_without(&self) -> Vec<(usize, String)> {
        if !self.outcome.allows() {
            return Vec::new();
        }
        let negated = self.conditions.iter().enumerate().filter(|(_, condition)| condition.is_negated);
        negated.filter_map(|(index, condition)| Some((index, self.lacks(condition)?))).collect()
    }

    /// What a token may lack that this rule accepts because of the negated condition.
    fn lacks(&self, condition: &Condition) -> Option<String> {
        let requires = |name: &str| {
            self.conditions.iter().filter(|other| !other.is_negated).any(|other| match &other.subject {
                Subject::Claim(path, _) => path.text() == name,
                Subject::MaxAge(_) => name == "iat",
                Subject::MaxLifetime(_) => name == "iat" || name == "exp",
                Subject::Issuer(_) => name == "iss",
                Subject::Scope(_) => false,
            })
        };
        let names: &[&str] = match &condition.subject {
            // "Not present" says what it means.
            Subject::Claim(_, Test::Present) | Subject::Scope(_) => return None,
            Subject::Claim(path, _) => &[path.text()],
            Subject::Issuer(_) => &["iss"],
            Subject::MaxAge(_) => &["iat"],
            Subject::MaxLifetime(_) => &["iat", "exp"],
        };
        let missing = names.iter().find(|name| !requires(name))?;
        Some(format!("the claim '{}'", quoted(missing)))
    }
}

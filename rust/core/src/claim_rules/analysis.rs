// SPDX-License-Identifier: Apache-2.0
//! Finds probable mistakes in claim rules. `check-rules` and `check-config` report them.

use crate::claim_rules::condition::{Condition, Subject, Test, ValueType};
use crate::claim_rules::outcome::Outcome;
use crate::claim_rules::{ClaimRules, Rule};
use crate::claims::path::ClaimPath;
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
                    "rule {number} accepts tokens {what}: condition {} is negated, and then it holds. If these tokens must not be \
                     accepted, add a condition that they do not meet",
                    index + 1
                ));
            }
            if !rule.outcome.allows() && self.accepts_after(index) {
                for (index, claim) in rule.lists() {
                    warn(format!(
                        "rule {number} does not reject tokens whose claim '{}' is a string, because condition {} is about a list. \
                         Some issuers write a list with one element as a string: if yours does, add a rule for it",
                        quoted(claim),
                        index + 1
                    ));
                }
            }
        }
        warnings
    }

    /// True if a later rule, or the default, accepts tokens.
    fn accepts_after(&self, index: usize) -> bool {
        let later = self.rules.iter().skip(index + 1).map(|rule| &rule.outcome);
        later.chain([&self.otherwise]).any(Outcome::allows)
    }
}

impl Rule {
    /// The conditions about lists, with their claims.
    fn lists(&self) -> impl Iterator<Item = (usize, &str)> {
        self.conditions.iter().enumerate().filter_map(|(index, condition)| match &condition.subject {
            Subject::Claim(path, test)
                if !condition.is_negated && test.value_type() == Some(ValueType::List) && !always_of_one_type(path) =>
            {
                Some((index, path.text()))
            }
            _ => None,
        })
    }

    /// The negated conditions of a rule that accepts, each with the tokens that it accepts for want of a claim.
    fn holds_without(&self) -> Vec<(usize, String)> {
        if !self.outcome.allows() {
            return Vec::new();
        }
        let negated = self.conditions.iter().enumerate().filter(|(_, condition)| condition.is_negated);
        negated.filter_map(|(index, condition)| Some((index, self.lacks(condition)?))).collect()
    }

    /// Which tokens this rule accepts only because they lack what the negated condition looks at.
    fn lacks(&self, condition: &Condition) -> Option<String> {
        let without = |name: &str| Some(format!("without the claim '{}'", quoted(name)));
        match &condition.subject {
            // "Not present" says what it means.
            Subject::Claim(_, Test::Present) | Subject::Scope(_) => None,
            Subject::Claim(path, _) if always_of_one_type(path) => {
                if self.requires(path.text()) {
                    None
                } else {
                    without(path.text())
                }
            }
            Subject::Claim(path, test) => {
                let wanted = test.value_type();
                let fixes_type = |other: &Condition| match &other.subject {
                    Subject::Claim(other_path, other) if other_path == path => {
                        other.value_type().is_some() && other.value_type() == wanted
                    }
                    _ => false,
                };
                let is_fixed = self.conditions.iter().any(|other| !other.is_negated && fixes_type(other));
                (!is_fixed).then(|| format!("whose claim '{}' is absent or of another type", quoted(path.text())))
            }
            Subject::Issuer(_) => {
                if self.requires("iss") {
                    None
                } else {
                    without("iss")
                }
            }
            Subject::MaxAge(_) => {
                if self.requires("iat") {
                    None
                } else {
                    without("iat")
                }
            }
            Subject::MaxLifetime(_) => {
                let missing = ["iat", "exp"].into_iter().find(|name| !self.requires(name))?;
                without(missing)
            }
        }
    }

    /// True if a condition requires a registered claim.
    fn requires(&self, name: &str) -> bool {
        self.conditions.iter().filter(|other| !other.is_negated).any(|other| match &other.subject {
            Subject::Claim(path, _) => path.text() == name,
            Subject::MaxAge(_) => name == "iat",
            Subject::MaxLifetime(_) => name == "iat" || name == "exp",
            Subject::Issuer(_) => name == "iss",
            Subject::Scope(_) => false,
        })
    }
}

/// True for a registered claim: a token in which it has another type is rejected earlier.
fn always_of_one_type(path: &ClaimPath) -> bool {
    path.is_top() && matches!(path.top(), "iss" | "sub" | "jti" | "exp" | "nbf" | "iat" | "aud")
}

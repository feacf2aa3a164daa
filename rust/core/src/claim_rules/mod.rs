// SPDX-License-Identifier: Apache-2.0
//! Claim rules: the first rule whose conditions all hold decides whether a token with verified claims is accepted. It may
//! also set the user and the groups.

mod analysis;
mod condition;
mod facts;
mod file;
mod outcome;
#[cfg(test)]
mod tests;
mod watched;

use std::sync::atomic::{AtomicU64, Ordering};

use java_regex::Budget;

use crate::claim_rules::condition::Condition;
use crate::claim_rules::outcome::Outcome;
use crate::claims::{ClaimNames, Claims, ClaimsPolicy};
use crate::clock::UnixMillis;
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};

pub use analysis::RuleWarning;
pub(crate) use facts::Facts;
pub(crate) use watched::WatchedRules;

/// The rules of a file, in order, and what happens to a token that none of them matches.
#[derive(Debug)]
pub struct ClaimRules {
    rules: Vec<Rule>,
    otherwise: Outcome,
    /// The claims at the top level that a condition or an outcome reads.
    reads: ClaimNames,
    /// How often each rule decided, and at last how often none did.
    hits: Vec<AtomicU64>,
}

#[derive(Debug)]
struct Rule {
    description: Option<String>,
    /// All must hold. A rule without conditions matches every token.
    conditions: Vec<Condition>,
    outcome: Outcome,
}

/// What the rules decided about a token that they accept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// The rule that decided, counted from 1; `None` if no rule matched.
    pub rule: Option<usize>,
    /// The principal and the final user, if the rule sets the user.
    pub user: Option<GrantedUser>,
    /// The groups, if the rule sets them.
    pub groups: Option<Vec<String>>,
}

/// The user that a rule sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedUser {
    /// The text of the claim.
    pub principal: String,
    /// The user that the rule makes of it.
    pub user: String,
}

/// A rule and what became of it for one token, for people who write rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedRule<'r> {
    /// Counted from 1.
    pub number: usize,
    /// `description`.
    pub description: Option<&'r str>,
    /// Each condition as the file has it, and whether it holds. `None` if the patterns took too many steps.
    pub conditions: Vec<(&'r str, Option<bool>)>,
    /// `allow`.
    pub allows: bool,
}

impl ExplainedRule<'_> {
    /// True if the rule decides about the token.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.conditions.iter().all(|(_, holds)| *holds == Some(true))
    }
}

impl ClaimRules {
    /// The claims at the top level that the rules read.
    pub(crate) fn reads(&self) -> &ClaimNames {
        &self.reads
    }

    /// Decides. `budget` bounds the steps of all patterns of the request, including those of the user mapping.
    ///
    /// # Errors
    /// The rule that matches denies, no rule matches and `otherwise` denies, the patterns take too many steps, or the
    /// claims make no valid user or groups.
    pub(crate) fn decide(&self, facts: &Facts<'_, '_>, budget: &mut Budget) -> Result<Granted, Rejection> {
        for (index, (rule, hits)) in self.rules.iter().zip(&self.hits).enumerate() {
            if rule.matches(facts, budget)? {
                hits.fetch_add(1, Ordering::Relaxed);
                return rule.outcome.grant(facts, budget, Some(index + 1));
            }
        }
        self.hits.last().map(|hits| hits.fetch_add(1, Ordering::Relaxed));
        self.otherwise.grant(facts, budget, None)
    }

    /// How often each rule decided since the file was read; the last number counts the tokens that no rule matched.
    pub fn hits(&self) -> impl Iterator<Item = u64> {
        self.hits.iter().map(|hits| hits.load(Ordering::Relaxed))
    }

    /// True if a rule sets groups.
    pub(crate) fn set_groups(&self) -> bool {
        self.rules.iter().any(|rule| rule.outcome.sets_groups())
    }

    /// Decides about claims without a token: neither signature, times, issuer nor audience are checked. `skew` is the
    /// tolerated difference of the issuer's clock, in milliseconds. The rules come first, up to the one that decides.
    ///
    /// # Errors
    /// As for a token with these claims.
    pub fn try_claims(
        &self,
        claims: &[u8],
        now: UnixMillis,
        skew: i64,
    ) -> (Vec<ExplainedRule<'_>>, Result<Granted, Rejection>) {
        match Claims::read(claims, &ClaimsPolicy::default(), Some(&self.reads), None) {
            Ok(claims) => {
                let facts = Facts::unverified(&claims, now, skew);
                (self.explain(&facts), self.decide(&facts, &mut Budget::default()))
            }
            Err(rejection) => (Vec::new(), Err(rejection)),
        }
    }

    /// The rules up to the one that decides.
    fn explain(&self, facts: &Facts<'_, '_>) -> Vec<ExplainedRule<'_>> {
        let mut budget = Budget::default();
        let mut explained = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let conditions = rule.conditions.iter();
            let rule = ExplainedRule {
                number: index + 1,
                description: rule.description.as_deref(),
                conditions: conditions.map(|one| (&*one.text, one.holds(facts, &mut budget).ok())).collect(),
                allows: rule.outcome.allows(),
            };
            let decides = rule.matches();
            explained.push(rule);
            if decides {
                break;
            }
        }
        explained
    }
}

/// The rules and the token that they decide about, for commands that show why.
#[derive(Clone, Copy)]
pub struct RulesInUse<'a> {
    pub(crate) rules: &'a ClaimRules,
    pub(crate) facts: &'a Facts<'a, 'a>,
}

impl<'a> RulesInUse<'a> {
    /// The rules up to the one that decides.
    #[must_use]
    pub fn explain(&self) -> Vec<ExplainedRule<'a>> {
        self.rules.explain(self.facts)
    }
}

impl std::fmt::Debug for RulesInUse<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.explain()).finish()
    }
}

impl Rule {
    fn matches(&self, facts: &Facts<'_, '_>, budget: &mut Budget) -> Result<bool, Rejection> {
        for condition in &self.conditions {
            if !condition.holds(facts, budget).map_err(|_| limit())? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The patterns of one request took more steps than they may.
fn limit() -> Rejection {
    Rejection::new(Reason::RuleLimit, "The claim rules take too many steps for this token")
}

/// The rejection by a rule, or by `otherwise` if there is no number.
fn denied(number: Option<usize>, message: Option<&str>) -> Rejection {
    let (reason, default) = match number {
        Some(_) => (Reason::DeniedByRule, "A claim rule denies this token"),
        None => (Reason::NoRuleMatches, "No claim rule accepts this token"),
    };
    match message {
        Some(message) => Rejection::new(reason, quoted(message)),
        None => Rejection::new(reason, default),
    }
}

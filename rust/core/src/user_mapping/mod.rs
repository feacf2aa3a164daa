// SPDX-License-Identifier: Apache-2.0
//! Maps principals to Trino users, like `io.trino.server.security.UserMapping`: the first rule whose pattern matches the
//! whole principal decides.

mod analysis;
mod rule_file;

use std::sync::atomic::{AtomicU64, Ordering};

use java_regex::{Budget, MatchError, Pattern, Replacement, to_lower_case, to_upper_case, trim};

use crate::claims::principal::check_length;
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};

pub use analysis::{MappingWarning, SharedUser};

/// The maximum length of a mapped user, in bytes of UTF-8.
const MAX_USER_BYTES: usize = 16 * 1024;

/// The rules, in order.
pub struct UserMapping {
    rules: Vec<Rule>,
    /// The only rule is [`TAKES_ALL`], as on most coordinators. The user is then the trimmed principal, unless that has line
    /// ends.
    takes_all: bool,
}

/// The default of `user-mapping.pattern`.
const TAKES_ALL: &str = "(.*)";
/// The default of a rule's `user`.
const FIRST_GROUP: &str = "$1";
const WITHOUT_GROUP: &str = "has no capturing group, but the user is the text that the first group matches. Put parentheses around the part of \
                             the principal that is the user, as in (.*)@corp[.]example, or write (.*) to use the whole principal";
/// The characters that `.` does not match (`java.util.regex.Pattern`, "Line terminators").
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

struct Rule {
    pattern: Pattern,
    action: Action,
    /// How many principals the rule has decided about.
    hits: AtomicU64,
}

enum Action {
    /// `"allow": false`.
    Deny,
    /// Replaces every match in the principal, trims the result, and changes its case.
    Map { user: Replacement, case: Case },
}

/// `case` of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Keep,
    Lower,
    Upper,
}

impl Case {
    /// `keep`, `lower` or `upper`, in any case.
    ///
    /// # Errors
    /// The text is another one. The sentence continues after the name of the rule.
    fn from_name(name: &str) -> Result<Self, String> {
        match name.to_ascii_lowercase().as_str() {
            "keep" => Ok(Self::Keep),
            "lower" => Ok(Self::Lower),
            "upper" => Ok(Self::Upper),
            _ => Err(format!("has the case '{}', which is not keep, lower or upper", quoted(name))),
        }
    }
}

/// A mapped user and how the rules produced it, for people who write rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedUser {
    /// The user.
    pub user: String,
    /// The rule that matched, counted from 1.
    pub rule: usize,
    /// The result of the replacement, before it was trimmed and its case was changed.
    pub replaced: String,
}

impl Rule {
    /// A rule that maps.
    ///
    /// # Errors
    /// What is wrong with the pattern or the replacement. The sentence continues after the name of the rule.
    fn map(pattern: &str, user: &str, case: Case) -> Result<Self, String> {
        let pattern = compile(pattern)?;
        if pattern.group_count() == 0 && user == FIRST_GROUP {
            return Err(WITHOUT_GROUP.to_owned());
        }
        let user = Replacement::new(&pattern, user).map_err(|error| format!("has an invalid user: {error}"))?;
        Ok(Self { pattern, action: Action::Map { user, case }, hits: AtomicU64::new(0) })
    }

    fn was_hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// A rule that denies.
    fn deny(pattern: &str) -> Result<Self, String> {
        Ok(Self { pattern: compile(pattern)?, action: Action::Deny, hits: AtomicU64::new(0) })
    }
}

fn compile(pattern: &str) -> Result<Pattern, String> {
    Pattern::new(pattern).map_err(|error| format!("has an invalid pattern: {error}"))
}

impl UserMapping {
    /// The default mapping: the principal itself, trimmed.
    #[expect(clippy::expect_used, reason = "the pattern is a constant, and a test opens it")]
    pub(crate) fn identity() -> Self {
        Self::from_pattern(TAKES_ALL).expect("the default pattern is valid")
    }

    /// The mapping of `user-mapping.pattern`, which has one rule: the user is group 1.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn from_pattern(pattern: &str) -> Result<Self, String> {
        Ok(Self { rules: vec![Rule::map(pattern, FIRST_GROUP, Case::Keep)?], takes_all: pattern == TAKES_ALL })
    }

    /// The mapping of a claim rule. Absent members have their defaults. The replacement runs once, over the whole text: in
    /// Trino's mapping it runs over every match, and `(.*)` matches the empty text at the end once more.
    ///
    /// # Errors
    /// What is wrong with the rule. The sentence continues after the name of the rule.
    pub(crate) fn from_claim_rule(
        pattern: Option<&str>,
        user: Option<&str>,
        case: Option<&str>,
    ) -> Result<Self, String> {
        let case = case.map_or(Ok(Case::Keep), Case::from_name)?;
        let (pattern, user) = (pattern.unwrap_or(TAKES_ALL), user.unwrap_or(FIRST_GROUP));
        // First the pattern itself, so that errors name its own positions.
        Rule::map(pattern, user, case)?;
        let rule = Rule::map(&format!("\\A(?:{pattern})\\z"), user, case)
            .map_err(|_| "has a pattern that ends within a comment: add a line end to it".to_owned())?;
        Ok(Self { rules: vec![rule], takes_all: false })
    }

    /// The user of a principal, outside of a request.
    pub(crate) fn map_user(&self, principal: &str) -> Result<String, Rejection> {
        self.map_user_within(principal, &mut Budget::default())
    }

    /// The user of a principal. `budget` bounds the steps of all patterns of the request.
    pub(crate) fn map_user_within(&self, principal: &str, budget: &mut Budget) -> Result<String, Rejection> {
        if self.takes_all {
            check_length(principal)?;
            let trimmed = trim(principal);
            if !trimmed.is_empty() && !principal.contains(LINE_ENDS) {
                self.rules.iter().for_each(Rule::was_hit);
                return Ok(trimmed.to_owned());
            }
        }
        self.explain_within(principal, budget).map(|mapped| mapped.user)
    }

    /// How many principals each rule has decided about since the rules were read.
    pub(crate) fn hits(&self) -> impl Iterator<Item = u64> {
        self.rules.iter().map(|rule| rule.hits.load(Ordering::Relaxed))
    }

    /// The rule that decides about a principal, counted from 1, whether it maps or denies.
    #[must_use]
    pub fn deciding_rule(&self, principal: &str) -> Option<usize> {
        check_length(principal).ok()?;
        let mut budget = Budget::default();
        let decides = |rule: &Rule| rule.pattern.matches_within(principal, &mut budget) != Ok(false);
        self.rules.iter().position(decides).map(|index| index + 1)
    }

    /// The user of a principal, and how the rules produced it.
    ///
    /// # Errors
    /// No rule matches, the first match denies, or its result is not a valid user. The messages are those of Trino's
    /// `UserMappingException`.
    pub fn explain(&self, principal: &str) -> Result<MappedUser, Rejection> {
        self.explain_within(principal, &mut Budget::default())
    }

    /// All rules share the budget of the request, so that many costly patterns cost no more than one.
    pub(crate) fn explain_within(&self, principal: &str, budget: &mut Budget) -> Result<MappedUser, Rejection> {
        check_length(principal)?;
        for (index, rule) in self.rules.iter().enumerate() {
            if !rule.pattern.matches_within(principal, budget).map_err(limit)? {
                continue;
            }
            rule.was_hit();
            let Action::Map { user, case } = &rule.action else {
                return Err(Rejection::new(Reason::PrincipalNotAllowed, "Principal is not allowed"));
            };
            let replaced = rule.pattern.replace_all_within(principal, user, budget).map_err(limit)?;
            let trimmed = trim(&replaced);
            if trimmed.is_empty() {
                return Err(Rejection::new(Reason::MappedUserEmpty, "Principal matched, but mapped user is empty"));
            }
            let user = match case {
                Case::Keep => trimmed.to_owned(),
                Case::Lower => to_lower_case(trimmed),
                Case::Upper => to_upper_case(trimmed),
            };
            if user.len() > MAX_USER_BYTES {
                let message = format!("Mapped user is {} bytes long; the limit is {MAX_USER_BYTES}", user.len());
                return Err(Rejection::new(Reason::MappedUserUnusable, message));
            }
            return Ok(MappedUser { user, rule: index + 1, replaced });
        }
        Err(Rejection::new(Reason::NoMappingMatches, "No user mapping patterns match the principal"))
    }
}

fn limit(error: MatchError) -> Rejection {
    match error {
        MatchError::StepLimit => {
            Rejection::new(Reason::MappingLimit, "The user mapping takes too many steps for this principal")
        }
        _ => Rejection::new(Reason::MappedUserUnusable, "The mapped user would not be valid Unicode text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(pattern: &str, replacement: &str, case: Case, principal: &str) -> Result<String, Reason> {
        let mapping = UserMapping { rules: vec![Rule::map(pattern, replacement, case).unwrap()], takes_all: false };
        mapping.map_user(principal).map_err(|reject| reject.code())
    }

    #[test]
    fn the_replacement_runs_over_every_match_and_is_trimmed() {
        for (pattern, replacement, principal, expected) in [
            ("(.*)@corp\\.com", "$1", "alice@corp.com", "alice"),
            ("(.*)", "$1", "  alice\t ", "alice"),
            ("(.*)", "$1@corp", "alice", "alice@corp@corp"),
            ("a|ab", "X", "ab", "Xb"),
            ("(?<user>[a-z]+)\\..*", "${user}", "bob.smith", "bob"),
            ("(.)(.*)", "$10", "xy", "x0"),
            ("(.*)", "\\$$1", "a", "$a$"),
        ] {
            assert_eq!(user(pattern, replacement, Case::Keep, principal).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn case_changes_after_the_replacement() {
        assert_eq!(user("(.*)@.*", "$1", Case::Lower, "ALICE@x").as_deref(), Ok("alice"));
        assert_eq!(user("(.*)@.*", "$1", Case::Upper, "straße@x").as_deref(), Ok("STRASSE"));
    }

    #[test]
    fn each_kind_of_failure_has_its_reason() {
        assert_eq!(user("a", "x", Case::Keep, "ab"), Err(Reason::NoMappingMatches));
        assert_eq!(user("(.*)", "$1", Case::Keep, "a\nb"), Err(Reason::NoMappingMatches));
        assert_eq!(user("(.*)@x", "$1", Case::Keep, " @x"), Err(Reason::MappedUserEmpty));
        assert_eq!(user("(.+)", &"$1".repeat(100), Case::Keep, &"a".repeat(1000)), Err(Reason::MappedUserUnusable));
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = vec![
            Rule::map("alice", "first", Case::Keep).unwrap(),
            Rule::deny("b.*").unwrap(),
            Rule::map("(.*)", "last", Case::Keep).unwrap(),
        ];
        let mapping = UserMapping { rules, takes_all: false };
        let mapped = mapping.explain("alice").unwrap();
        assert_eq!((mapped.user.as_str(), mapped.rule), ("first", 1));
        assert_eq!(mapping.map_user("bob").unwrap_err().message(), "Principal is not allowed");
        assert_eq!(mapping.explain("carol").unwrap().rule, 3);
    }

    #[test]
    fn all_rules_share_one_budget_of_steps() {
        // About 300 000 steps each, and no match.
        let costly = || Rule::map("(?!svc-)(.*a){4}", "$1", Case::Keep).unwrap();
        let all = || Rule::map("(.*)", "$1", Case::Keep).unwrap();
        let principal = "a".repeat(40) + "!";
        let map = |rules| UserMapping { rules, takes_all: false }.map_user(&principal).map_err(|reject| reject.code());
        assert_eq!(map(vec![costly(), all()]).as_ref(), Ok(&principal));
        let mut rules: Vec<Rule> = (0..20).map(|_| costly()).collect();
        rules.push(all());
        assert_eq!(map(rules), Err(Reason::MappingLimit));
    }

    #[test]
    fn the_shortcut_for_the_default_pattern_returns_what_the_rule_returns() {
        let mapping = UserMapping::identity();
        assert!(mapping.takes_all);
        let mut principals: Vec<String> = ('\0'..='\u{3000}').map(|character| format!("al{character}ice")).collect();
        principals.extend(('\0'..='\u{3000}').map(|character| format!("{character}")));
        principals.extend(["", " ", "\t alice \n", "\r", "alice\n", "al\u{1f600}ice"].map(str::to_owned));
        principals.push("a".repeat(4097));
        for principal in principals {
            let by_rule = mapping.explain(&principal).map(|mapped| mapped.user);
            assert_eq!(mapping.map_user(&principal), by_rule, "{principal:?}");
        }
    }
}

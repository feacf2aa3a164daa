// SPDX-License-Identifier: Apache-2.0
//! Finds probable mistakes in user mappings, with made-up principals. `check-config` reports them.

use std::collections::BTreeMap;

use java_regex::Budget;

use super::{Action, Rule, UserMapping};
use crate::config::Finding;

/// Names with the same first or last letters, so that a rule which keeps only some letters is found.
const WORDS: [&str; 3] = ["probe", "prove", "maybe"];
/// The number of tried combinations of a pattern's alternatives and optional parts.
const VARIANTS: usize = 6;
/// The maximum number of checked rules. In a large file it is lower, because each principal is matched against all rules.
const MAX_CHECKED_RULES: usize = 200;
/// The maximum number of matches for one check.
const MAX_TRIES: usize = 2_000_000;

/// A behaviour of a mapping that the operator probably does not want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingWarning {
    /// The rule, counted from 1.
    pub rule: usize,
    /// What the rule does. The sentence continues after the name of the rule.
    pub message: String,
    /// What to do: a sentence without its full stop.
    pub fix: &'static str,
    /// The name by which `check-config` reports it.
    pub finding: Finding,
    /// True if the behaviour is right for many configurations, and worth knowing.
    pub is_note: bool,
}

/// Two principals of different mappings that become the same user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedUser {
    /// The user.
    pub user: String,
    /// The principal of the first mapping.
    pub principal: String,
    /// The principal of the other mapping.
    pub other_principal: String,
}

impl UserMapping {
    /// Searches for rules that map different principals to one user, and for users with a repeated text. The search tries
    /// examples, so it can miss some.
    #[must_use]
    pub fn warnings(&self) -> Vec<MappingWarning> {
        let rules = self.rules.iter().enumerate().take(checked_rules(self.rules.len()));
        rules.flat_map(|(index, rule)| self.warnings_of(index + 1, rule)).collect()
    }

    fn warnings_of(&self, number: usize, rule: &Rule) -> Vec<MappingWarning> {
        let mut found = Vec::new();
        let Action::Map { user: replacement, .. } = &rule.action else { return found };
        let mut warn = |finding: Finding, message: String, fix, is_note| {
            found.push(MappingWarning { rule: number, message, fix, finding, is_note });
        };

        // JSON parses \b as a backspace.
        if let Some(control) = rule.pattern.as_str().chars().find(|c| c.is_control() && *c != '\t') {
            let code = u32::from(control);
            let message = format!("has the control character U+{code:04X} in its pattern");
            let finding = Finding::ControlCharacterInPattern;
            warn(finding, message, "In JSON, write each backslash of a pattern twice, as in \\\\b", false);
        }
        let repeated = (0..VARIANTS).find_map(|variant| {
            let principal = rule.pattern.suggest(variant, word).0;
            let user = self.user_by(number, &principal)?;
            let matches = rule.pattern.find_spans(&principal).map_or(0, |spans| spans.len());
            (matches > 1 && replacement.has_text()).then_some((principal, user))
        });
        if let Some((principal, user)) = repeated {
            let message = format!(
                "maps '{principal}' to the user '{user}': as in Java, each match is replaced, and the pattern also matches the empty \
                 text at the end"
            );
            warn(Finding::UserRepeated, message, Finding::UserRepeated.fix(), false);
        }

        let all = (0..VARIANTS).find_map(|variant| self.same_user(number, rule, variant, None));
        let one_part = || {
            let parts = (0..VARIANTS)
                .flat_map(|variant| (0..rule.pattern.suggest(variant, word).1).map(move |part| (variant, part)));
            parts.into_iter().find_map(|(variant, part)| self.same_user(number, rule, variant, Some(part)))
        };
        if let Some((one, other, user)) = all {
            let message = format!(
                "maps '{one}' and '{other}' to the same user, '{user}', and all other principals that differ in the same way: all of \
                 them have the rights of this user"
            );
            let fix = "To keep them apart, put the part in which they differ into the user, as in (.+) and $1";
            warn(Finding::PrincipalsMerged, message, fix, false);
        } else if let Some((one, other, user)) = one_part() {
            // Principals of one domain belong to one organization. Those of another domain may be strangers.
            let after_at = |principal: &str| principal.rsplit_once('@').map(|(_, domain)| domain.to_owned());
            let are_of_one_domain = after_at(&one).is_some_and(|domain| after_at(&other) == Some(domain));
            let message = format!(
                "maps '{one}' and '{other}' to the same user, '{user}', because it drops the part in which they differ"
            );
            let fix = "Make sure that the issuer has no principals that differ only there, or write that part literally in the pattern";
            warn(Finding::PrincipalsMerged, message, fix, !are_of_one_domain);
        }
        found
    }

    /// True if none of the principals that the rules suggest becomes a user. `None` if the search cannot tell, because a
    /// pattern is too special to suggest a principal that it matches.
    #[must_use]
    pub fn maps_nothing(&self) -> Option<bool> {
        let most = checked_rules(self.rules.len());
        let mut is_sure = self.rules.len() <= most;
        for rule in self.rules.iter().take(most).filter(|rule| matches!(rule.action, Action::Map { .. })) {
            let mut matches = false;
            let tries = (0..VARIANTS).flat_map(|variant| WORDS.map(|word| (variant, word)));
            for principal in tries.map(|(variant, word)| rule.pattern.suggest(variant, |_| word).0) {
                if self.map_user(&principal).is_ok() {
                    return Some(false);
                }
                matches |= rule.pattern.matches_within(&principal, &mut Budget::default()) == Ok(true);
            }
            is_sure &= matches;
        }
        is_sure.then_some(true)
    }

    /// Two principals that this rule maps to one user, and that user. They differ in free part `part` of the rule's pattern, or
    /// in all free parts if `part` is none.
    fn same_user(
        &self,
        number: usize,
        rule: &Rule,
        variant: usize,
        part: Option<usize>,
    ) -> Option<(String, String, String)> {
        let [first, others @ ..] = WORDS;
        let (one, free_parts) = rule.pattern.suggest(variant, |_| first);
        let user = self.user_by(number, &one).filter(|_| free_parts > 0)?;
        others.iter().find_map(|word| {
            let differs = |index| part.is_none_or(|part| part == index);
            let other = rule.pattern.suggest(variant, |index| if differs(index) { word } else { first }).0;
            let is_same = other != one && self.user_by(number, &other).as_ref() == Some(&user);
            is_same.then(|| (one.clone(), other, user.clone()))
        })
    }

    /// The user of a principal, if this rule decides about it.
    fn user_by(&self, rule: usize, principal: &str) -> Option<String> {
        self.explain(principal).ok().filter(|mapped| mapped.rule == rule).map(|mapped| mapped.user)
    }

    /// Searches for a user that both mappings can produce, preferably from the same principal. The search tries examples, so
    /// it can miss some.
    #[must_use]
    pub fn shared_user(&self, other: &Self) -> Option<SharedUser> {
        let mut principals = vec!["probe".to_owned(), "probe@example.com".to_owned()];
        let most = checked_rules(self.rules.len() + other.rules.len());
        for rule in self.rules.iter().take(most).chain(other.rules.iter().take(most)) {
            principals.extend((0..VARIANTS).map(|variant| rule.pattern.suggest(variant, word).0));
        }
        let users = |mapping: &Self| {
            let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for principal in &principals {
                if let Ok(user) = mapping.map_user(principal) {
                    users.entry(user).or_default().push(principal.clone());
                }
            }
            users
        };
        let mine = users(self);
        let theirs = users(other);
        let both = mine.iter().filter_map(|(user, mine)| Some((user, mine, theirs.get(user)?)));
        let shared = both.filter_map(|(user, mine, theirs)| {
            let same = mine.iter().find(|principal| theirs.contains(principal));
            let (principal, other_principal) = match same {
                Some(principal) => (principal, principal),
                None => (mine.first()?, theirs.first()?),
            };
            let shared = SharedUser {
                user: user.clone(),
                principal: principal.clone(),
                other_principal: other_principal.clone(),
            };
            Some((same.is_none(), shared))
        });
        shared.min_by_key(|(differ, shared)| (*differ, shared.user.len())).map(|(_, shared)| shared)
    }
}

/// The number of rules to check if there are `all` rules to match against.
fn checked_rules(all: usize) -> usize {
    (MAX_TRIES / (all + 1) / VARIANTS).clamp(1, MAX_CHECKED_RULES)
}

/// Fills every free part with the same word.
fn word(_: usize) -> &'static str {
    let [first, ..] = WORDS;
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rules: &str) -> UserMapping {
        let path = std::env::temp_dir().join(format!(
            "nativejwt-{}-{:?}-rules",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::write(&path, format!("{{\"rules\":[{rules}]}}")).unwrap();
        let mapping = UserMapping::from_file(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        mapping
    }

    fn warnings_of_pattern(pattern: &str) -> Vec<MappingWarning> {
        UserMapping::from_pattern(pattern).unwrap().warnings()
    }

    #[test]
    fn a_mapping_of_many_principals_to_one_user_is_found() {
        for pattern in ["(.)*", ".*(..)", "(...).*", "[a-z]+(@corp[.]example)", ".*@(.*)", "(?:.*)@(corp|other)"] {
            let found = warnings_of_pattern(pattern);
            assert!(found.len() == 1 && !found[0].is_note, "{pattern}: {found:#?}");
            assert!(found[0].message.contains("to the same user"), "{pattern}: {found:#?}");
        }
        let constant =
            rules(r#"{"pattern":"svc-(.*)","allow":false},{"pattern":".+@corp[.]example","user":"trino"}"#).warnings();
        assert_eq!(constant.len(), 1, "{constant:#?}");
        assert_eq!(constant[0].rule, 2);
        assert!(
            constant[0]
                .message
                .starts_with("maps 'probe@corp.example' and 'prove@corp.example' to the same user, 'trino'"),
            "{constant:#?}"
        );
        for (pattern, dropped) in
            [("(.*)@.*", "'probe@probe' and 'probe@prove'"), ("ns:(.*):.*", "'ns:probe:probe' and 'ns:probe:prove'")]
        {
            let found = warnings_of_pattern(pattern);
            assert!(
                found.len() == 1 && found[0].is_note && found[0].message.contains(dropped),
                "{pattern}: {found:#?}"
            );
        }
    }

    #[test]
    fn a_mapping_that_keeps_principals_apart_has_no_warnings() {
        for pattern in [
            "(.*)",
            "(.*)@corp[.]example",
            "(?i)([a-z.]+)@(?:a|b)[.]example",
            "([^@]+)(?:@corp[.]example)?",
            "(\\w{1,30})",
            "^(.*)$",
        ] {
            assert_eq!(warnings_of_pattern(pattern), [], "{pattern}");
        }
        // The first rule maps two fixed names to one user, which is intended.
        assert_eq!(rules(r#"{"pattern":"alice|bob","user":"team"},{"pattern":"x.*","allow":false},{"pattern":"(.*)","case":"lower"}"#).warnings(), []);
    }

    #[test]
    fn a_backspace_instead_of_a_word_boundary_is_found() {
        let found = rules(r#"{"pattern":"\\b(.*)"},{"pattern":"\b(.*)"}"#).warnings();
        assert!(found.len() == 1 && found[0].rule == 2 && found[0].message.contains("U+0008"), "{found:#?}");
    }

    #[test]
    fn a_repeated_text_is_shown() {
        let found = rules(r#"{"pattern":"(.*)","user":"partner_$1"}"#).warnings();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].message.starts_with("maps 'probe' to the user 'partner_probepartner_'"), "{found:#?}");
        for good in [
            r#"{"pattern":"(.+)","user":"partner_$1"}"#,
            r#"{"pattern":"^(.*)$","user":"$1@corp"}"#,
            r#"{"pattern":"(.*)","user":"$1"}"#,
        ] {
            assert_eq!(rules(good).warnings(), [], "{good}");
        }
    }

    #[test]
    fn a_mapping_that_gives_no_user_is_found() {
        for nothing in [
            r#"{"pattern":"(.*)","allow":false}"#,
            r#"{"pattern":".*","allow":false},{"pattern":"(.*)@corp[.]example"}"#,
            r#"{"pattern":"alice","user":""}"#,
        ] {
            assert_eq!(rules(nothing).maps_nothing(), Some(true), "{nothing}");
        }
        for something in [
            r#"{"pattern":"(.*)"}"#,
            r#"{"pattern":".*@other","allow":false},{"pattern":"(.*)@corp[.]example"}"#,
            r#"{"pattern":".*","allow":false},{"pattern":"x","user":"y"}"#,
        ] {
            let expected = something.contains("\"x\"");
            assert_eq!(rules(something).maps_nothing(), Some(expected), "{something}");
        }
        // No text matches this pattern, which the search cannot know.
        assert_eq!(rules(r#"{"pattern":"(a)(?=b)c"}"#).maps_nothing(), None);
    }

    #[test]
    fn a_user_that_two_mappings_can_produce_is_found() {
        let identity = || UserMapping::from_pattern("(.*)").unwrap();
        let corp = || UserMapping::from_pattern("(.*)@corp[.]example").unwrap();
        let partner = || UserMapping::from_pattern("(.*)@partner[.]example").unwrap();
        let prefixed = || rules(r#"{"pattern":"(.+)","user":"partner_$1"}"#);
        let shared = identity().shared_user(&identity()).unwrap();
        assert_eq!((&*shared.user, &*shared.principal, &*shared.other_principal), ("probe", "probe", "probe"));
        let shared = corp().shared_user(&partner()).unwrap();
        assert_eq!(
            (&*shared.user, &*shared.principal, &*shared.other_principal),
            ("probe", "probe@corp.example", "probe@partner.example")
        );
        assert!(identity().shared_user(&corp()).is_some() && corp().shared_user(&corp()).is_some());
        assert_eq!(identity().shared_user(&prefixed()), None);
        assert_eq!(prefixed().shared_user(&corp()), None);
        assert!(prefixed().shared_user(&prefixed()).is_some());
    }
}

//! What a mapping makes of principals that nobody presented: for people who check a configuration.

use std::collections::BTreeMap;

use super::{Action, Rule, UserMapping};

/// Names that share their first and their last letters, so that a rule which keeps some of them only is seen.
const WORDS: [&str; 3] = ["probe", "prove", "maybe"];
/// How many ways through alternatives and optional parts of a pattern are tried.
const VARIANTS: usize = 6;
/// More rules are not looked at, and fewer in a large file: each suggestion is tried against all of them.
const MOST_RULES: usize = 200;
const MOST_TRIES: usize = 2_000_000;

/// What a mapping does that its operator may not mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingWarning {
    /// Which rule, from 1.
    pub rule: usize,
    /// What it does, to follow the name of the rule.
    pub message: String,
    /// It is right for many configurations, and worth knowing.
    pub is_note: bool,
}

/// Two principals, each of another mapping, that become one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedUser {
    /// The user.
    pub user: String,
    /// The principal of the one mapping.
    pub principal: String,
    /// The principal of the other.
    pub other_principal: String,
}

impl UserMapping {
    /// Looks for rules that send different principals to one user, and for users that hold a text twice. Found by trying: what is not
    /// found may be there all the same.
    #[must_use]
    pub fn warnings(&self) -> Vec<MappingWarning> {
        let rules = self.rules.iter().enumerate().take(most_rules(self.rules.len()));
        rules.flat_map(|(index, rule)| self.warnings_of(index + 1, rule)).collect()
    }

    fn warnings_of(&self, number: usize, rule: &Rule) -> Vec<MappingWarning> {
        let mut found = Vec::new();
        let Action::Map { user: replacement, .. } = &rule.action else { return found };
        let mut warn = |message: String, is_note| found.push(MappingWarning { rule: number, message, is_note });

        // JSON reads \b as a backspace, \t as a tab.
        if let Some(control) = rule.pattern.as_str().chars().find(|c| c.is_control() && *c != '\t') {
            let code = u32::from(control);
            let message = format!(
                "has the control character U+{code:04X} in its pattern: JSON wants a backslash of a pattern twice, as in \\\\b"
            );
            warn(message, false);
        }
        let repeated = (0..VARIANTS).find_map(|variant| {
            let principal = rule.pattern.suggest(variant, word).0;
            let user = self.user_by(number, &principal)?;
            let matches = rule.pattern.find_spans(&principal).map_or(0, |spans| spans.len());
            (matches > 1 && replacement.has_text()).then_some((principal, user))
        });
        if let Some((principal, user)) = repeated {
            warn(
                format!(
                    "makes of '{principal}' the user '{user}': each match is replaced, as in Java, and the pattern matches once more at the \
                     end, where nothing is left. Write (.+) for (.*), or ^ at its start"
                ),
                false,
            );
        }

        let all = (0..VARIANTS).find_map(|variant| self.same_user(number, rule, variant, None));
        let one_part = || {
            let parts = (0..VARIANTS)
                .flat_map(|variant| (0..rule.pattern.suggest(variant, word).1).map(move |part| (variant, part)));
            parts.into_iter().find_map(|(variant, part)| self.same_user(number, rule, variant, Some(part)))
        };
        if let Some((one, other, user)) = all {
            warn(
                format!(
                    "sends '{one}' and '{other}' to the same user, '{user}', and so any two principals that differ like these: all of \
                     them have its rights. To keep them apart, let the user hold the group of what tells them apart, as in (.+) and $1"
                ),
                false,
            );
        } else if let Some((one, other, user)) = one_part() {
            // Who has the same domain is of the same people; who has another may be anybody.
            let after_at = |principal: &str| principal.rsplit_once('@').map(|(_, domain)| domain.to_owned());
            let are_of_one_domain = after_at(&one).is_some_and(|domain| after_at(&other) == Some(domain));
            warn(
                format!(
                    "sends '{one}' and '{other}' to the same user, '{user}', since it drops what tells them apart: make sure that the \
                     issuer has no principals that differ in nothing else, or name the part that is dropped in the pattern"
                ),
                !are_of_one_domain,
            );
        }
        found
    }

    /// Two principals that differ in all free parts of a rule's pattern, or in one of them, and become one user by this rule.
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

    /// Looks for a user whom this mapping and another one can give, best of one principal. Found by trying a few principals and what
    /// the patterns suggest: none found does not prove that there is none.
    #[must_use]
    pub fn shared_user(&self, other: &Self) -> Option<SharedUser> {
        let mut principals = vec!["probe".to_owned(), "probe@example.com".to_owned()];
        let most = most_rules(self.rules.len() + other.rules.len());
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
        let (mine, theirs) = (users(self), users(other));
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

/// How many rules are looked at where there are this many to try them against.
fn most_rules(all: usize) -> usize {
    (MOST_TRIES / (all + 1) / VARIANTS).clamp(1, MOST_RULES)
}

/// The same word for every free part.
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
        let mapping = UserMapping::of_file(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        mapping
    }

    fn of(pattern: &str) -> Vec<MappingWarning> {
        UserMapping::of_pattern(pattern).unwrap().warnings()
    }

    #[test]
    fn a_mapping_that_makes_one_user_of_many_principals_is_found() {
        for pattern in ["(.)*", ".*(..)", "(...).*", "[a-z]+(@corp[.]example)", ".*@(.*)", "(?:.*)@(corp|other)"] {
            let found = of(pattern);
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
                .starts_with("sends 'probe@corp.example' and 'prove@corp.example' to the same user, 'trino'"),
            "{constant:#?}"
        );
        for (pattern, dropped) in
            [("(.*)@.*", "'probe@probe' and 'probe@prove'"), ("ns:(.*):.*", "'ns:probe:probe' and 'ns:probe:prove'")]
        {
            let found = of(pattern);
            assert!(
                found.len() == 1 && found[0].is_note && found[0].message.contains(dropped),
                "{pattern}: {found:#?}"
            );
        }
    }

    #[test]
    fn a_mapping_that_keeps_principals_apart_is_passed_over() {
        for pattern in [
            "(.*)",
            "(.*)@corp[.]example",
            "(?i)([a-z.]+)@(?:a|b)[.]example",
            "([^@]+)(?:@corp[.]example)?",
            "(\\w{1,30})",
            "^(.*)$",
        ] {
            assert_eq!(of(pattern), [], "{pattern}");
        }
        // Two names are not any two.
        assert_eq!(rules(r#"{"pattern":"alice|bob","user":"team"},{"pattern":"x.*","allow":false},{"pattern":"(.*)","case":"lower"}"#).warnings(), []);
    }

    #[test]
    fn a_backspace_in_the_place_of_a_word_boundary_is_found() {
        let found = rules(r#"{"pattern":"\\b(.*)"},{"pattern":"\b(.*)"}"#).warnings();
        assert!(found.len() == 1 && found[0].rule == 2 && found[0].message.contains("U+0008"), "{found:#?}");
    }

    #[test]
    fn a_text_that_comes_twice_is_shown() {
        let found = rules(r#"{"pattern":"(.*)","user":"partner_$1"}"#).warnings();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].message.starts_with("makes of 'probe' the user 'partner_probepartner_'"), "{found:#?}");
        for good in [
            r#"{"pattern":"(.+)","user":"partner_$1"}"#,
            r#"{"pattern":"^(.*)$","user":"$1@corp"}"#,
            r#"{"pattern":"(.*)","user":"$1"}"#,
        ] {
            assert_eq!(rules(good).warnings(), [], "{good}");
        }
    }

    #[test]
    fn a_user_that_two_mappings_can_give_is_found() {
        let identity = || UserMapping::of_pattern("(.*)").unwrap();
        let corp = || UserMapping::of_pattern("(.*)@corp[.]example").unwrap();
        let partner = || UserMapping::of_pattern("(.*)@partner[.]example").unwrap();
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

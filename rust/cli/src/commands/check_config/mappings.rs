// SPDX-License-Identifier: Apache-2.0
//! Warnings about user mappings: rules without effect, and principals that become the same user.

use std::path::Path;

use nativejwt_core::{ConfigurationErrors, Finding, Problem, Properties, Property, UserMapping};

use super::find;

const PATTERN: &str = "user-mapping.pattern";
const FILE: &str = "user-mapping.file";

/// The mapping of one issuer.
struct Mapping<'p> {
    properties: &'p Properties,
    /// The property that sets it; none if the principal itself is the user.
    entry: Option<&'p Property>,
    rules: UserMapping,
}

/// Checks each issuer's mapping, and each pair of mappings. An invalid mapping was reported before and is skipped.
///
/// With `online`, also searches for mappings that give no user.
pub(super) fn check(issuers: &[Properties], online: bool, warnings: &mut ConfigurationErrors, notes: &mut Vec<String>) {
    let mappings: Vec<Mapping<'_>> = issuers.iter().filter_map(Mapping::from_properties).collect();
    for mapping in &mappings {
        for found in mapping.rules.warnings() {
            let problem = mapping.problem_of_rule(found.rule, &found.message).with_fix(found.finding, found.fix);
            if found.is_note {
                notes.push(problem.to_string());
            } else {
                warnings.push(problem);
            }
        }
        // With claim rules, the user can come from a rule.
        if online && find(mapping.properties, "claim-rules.file").is_none() {
            match mapping.rules.maps_nothing() {
                Some(true) => warnings.push(mapping.problem(
                    "gives no user to any principal that its patterns suggest, so every token is rejected",
                ).named(Finding::MappingMapsNothing)),
                Some(false) => {}
                None => notes.push(format!(
                    "{}: whether the user mapping gives a user at all could not be tried: its patterns suggest no principal that they match",
                    mapping.properties.source
                )),
            }
        }
    }
    for (index, mapping) in mappings.iter().enumerate() {
        let earlier = mappings.iter().take(index);
        warnings.extend(earlier.filter_map(|other| mapping.shares_users_with(other)).take(1));
    }
}

impl<'p> Mapping<'p> {
    fn from_properties(properties: &'p Properties) -> Option<Self> {
        let (pattern, file) = (find(properties, PATTERN), find(properties, FILE));
        let rules = match (pattern, file) {
            (Some(pattern), _) => UserMapping::from_pattern(&pattern.value).ok(),
            (None, Some(file)) => UserMapping::from_file(Path::new(&file.value)).ok(),
            (None, None) => UserMapping::from_pattern("(.*)").ok(),
        };
        Some(Self { properties, entry: pattern.or(file), rules: rules? })
    }

    /// A problem with the whole mapping.
    fn problem(&self, message: &str) -> Problem {
        let source = &self.properties.source;
        match self.entry {
            Some(entry) => Problem::for_property(&entry.name, source, entry.line, message),
            None => Problem::for_file(source, message),
        }
    }

    fn problem_of_rule(&self, rule: usize, message: &str) -> Problem {
        match self.entry {
            Some(entry) if entry.name.ends_with(FILE) => {
                Problem::for_file(&entry.value, format!("rule {rule} {message}"))
            }
            Some(entry) => Problem::for_property(&entry.name, &self.properties.source, entry.line, message),
            None => Problem::for_file(&self.properties.source, message),
        }
    }

    fn shares_users_with(&self, other: &Self) -> Option<Problem> {
        let shared = self.rules.shared_user(&other.rules)?;
        let there = &other.properties.source;
        let what = format!(
            "the principal '{}' of this issuer becomes the user '{}', and so does '{}' of {there}: each of the two has the rights of the \
             other",
            shared.principal, shared.user, shared.other_principal
        );
        let source = &self.properties.source;
        let problem = match self.entry {
            Some(entry) => {
                Problem::for_property(&entry.name, source, entry.line, format!("shares users with {there}: {what}"))
            }
            None => {
                let property = format!("http-server.authentication.jwt.{FILE}");
                Problem::for_property(&property, source, 0, format!("is not set: {what}"))
            }
        };
        Some(problem.named(Finding::UsersShared))
    }
}

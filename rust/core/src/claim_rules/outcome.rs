// SPDX-License-Identifier: Apache-2.0
//! What a claim rule does with a token that it matches.

use std::collections::HashSet;

use java_regex::Budget;

use crate::claim_rules::facts::Facts;
use crate::claim_rules::{Granted, GrantedUser, denied, limit};
use crate::claims::groups::MAX_GROUPS;
use crate::claims::path::ClaimPath;
use crate::claims::principal::{check_principal, unusable_principal};
use crate::json::Value;
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};
use crate::user_mapping::UserMapping;

/// `allow` of a rule, with what belongs to it.
pub(crate) enum Outcome {
    /// The token is rejected; the client reads the message.
    Deny { message: Option<String> },
    /// The token is accepted.
    Allow { user: Option<Template>, groups: Option<Groups> },
}

/// A text made of a claim by a pattern and a replacement, as a rule of the user mapping does it.
pub(crate) struct Template {
    pub(crate) claim: ClaimPath,
    pub(crate) mapping: UserMapping,
}

/// Where a rule takes the groups from.
pub(crate) enum Groups {
    /// The rule file lists them.
    Listed(Vec<String>),
    /// A claim that is a string or a list of strings, each made into a group. Those that the pattern does not match are
    /// dropped.
    Made(Template),
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Deny { .. } => "Deny",
            Self::Allow { .. } => "Allow",
        })
    }
}

impl Outcome {
    /// `allow`.
    pub(crate) fn allows(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }

    /// True if it sets groups.
    pub(crate) fn sets_groups(&self) -> bool {
        matches!(self, Self::Allow { groups: Some(_), .. })
    }

    /// Carries the outcome out. `number` is the rule's; none for the default.
    pub(crate) fn grant(
        &self,
        facts: &Facts<'_, '_>,
        budget: &mut Budget,
        number: Option<usize>,
    ) -> Result<Granted, Rejection> {
        match self {
            Self::Deny { message } => Err(denied(number, message.as_deref())),
            Self::Allow { user, groups } => Ok(Granted {
                rule: number,
                user: user.as_ref().map(|template| template.user(facts, budget)).transpose()?,
                groups: groups.as_ref().map(|groups| groups.read(facts, budget)).transpose()?,
            }),
        }
    }
}

impl Template {
    /// The user, within all limits of principals and mapped users.
    fn user(&self, facts: &Facts<'_, '_>, budget: &mut Budget) -> Result<GrantedUser, Rejection> {
        let name = self.claim.text();
        let without_user = |why: &str| {
            let message = format!("A claim rule makes the user of the claim '{}', which {why}", quoted(name));
            Rejection::new(Reason::RuleWithoutUser, message)
        };
        let principal = match self.claim.find(facts.claims) {
            Some(Value::String(principal)) => principal,
            Some(other) => return Err(without_user(&format!("is {}", other.type_name()))),
            None => return Err(without_user("is absent")),
        };
        check_principal(name, principal)?;
        let mapped = self.mapping.explain_within(principal, budget).map_err(|rejection| match rejection.code() {
            Reason::NoMappingMatches => without_user("the pattern of the rule does not match"),
            Reason::MappedUserEmpty => without_user("gives an empty user"),
            Reason::MappingLimit => limit(),
            _ => rejection,
        })?;
        match unusable_principal(&mapped.replaced) {
            Some(what) => Err(without_user(&format!("gives a user that {what}"))),
            None => Ok(GrantedUser { principal: principal.clone().into_owned(), user: mapped.user }),
        }
    }
}

impl Groups {
    fn read(&self, facts: &Facts<'_, '_>, budget: &mut Budget) -> Result<Vec<String>, Rejection> {
        let Template { claim, mapping } = match self {
            Self::Listed(groups) => return Ok(groups.clone()),
            Self::Made(template) => template,
        };
        let invalid = |why: &str| {
            Rejection::new(Reason::GroupsNotText, format!("Invalid claims: '{}' {why}", quoted(claim.text())))
        };
        let elements = match claim.find(facts.claims) {
            None => return Ok(Vec::new()),
            Some(Value::Array(elements)) => elements.iter().collect(),
            Some(text @ Value::String(_)) => vec![text],
            Some(other) => return Err(invalid(&format!("must be a string or an array, but is {}", other.type_name()))),
        };
        let mut groups = Vec::new();
        let mut seen = HashSet::new();
        for element in elements {
            let Value::String(text) = element else {
                return Err(invalid(&format!("contains {}", element.type_name())));
            };
            let mapped = match mapping.explain_within(text, budget) {
                Ok(mapped) => mapped,
                Err(rejection) => match rejection.code() {
                    Reason::NoMappingMatches | Reason::MappedUserEmpty => continue,
                    Reason::MappingLimit => return Err(limit()),
                    _ => return Err(invalid("contains a text that is too long for a group")),
                },
            };
            // Trimmed, it could be confused with another group.
            if let Some(what) = unusable_principal(&mapped.replaced) {
                return Err(invalid(&format!("contains a group that {what}")));
            }
            let group = mapped.user;
            if seen.insert(group.clone()) {
                if groups.len() == MAX_GROUPS {
                    return Err(invalid(&format!("contains more than {MAX_GROUPS} groups")));
                }
                groups.push(group);
            }
        }
        Ok(groups)
    }
}

// SPDX-License-Identifier: Apache-2.0
//! One condition of a claim rule: what it looks at, and when it holds.

use std::time::Duration;

use java_regex::{Budget, MatchError, Pattern};

use crate::claim_rules::facts::Facts;
use crate::claims::path::ClaimPath;
use crate::claims::required::{has_scope, is_same_number};
use crate::json::Value;

/// A condition holds or does not; there is no third outcome. On a claim that is absent or of another type it does not hold,
/// and its negation does.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) subject: Subject,
    /// `not`: holds where the subject does not.
    pub(crate) is_negated: bool,
    /// The JSON text of the file, for people.
    pub(crate) text: String,
}

/// What a condition looks at.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A claim and the test of its value.
    Claim(ClaimPath, Test),
    /// The token has this scope, see [`has_scope`].
    Scope(String),
    /// `iss` is one of these.
    Issuer(Vec<String>),
    /// The time since `iat` is at most this. Without `iat` the condition does not hold.
    MaxAge(Duration),
    /// The time from `iat` to `exp` is at most this. Without either, or where `exp` is earlier, the condition does not hold.
    MaxLifetime(Duration),
}

/// The test of a claim's value.
#[derive(Debug)]
pub(crate) enum Test {
    /// It is there, and not `null`.
    Present,
    /// A string, number or boolean that equals one of these.
    OneOf(Vec<Scalar>),
    /// A list with an element that equals one of these.
    HoldsOneOf(Vec<Scalar>),
    /// A list with an element for each of these.
    HoldsAllOf(Vec<Scalar>),
    /// A string that the pattern matches as a whole.
    Matches(Box<Pattern>),
    /// A list with a string that the pattern matches as a whole.
    HoldsMatch(Box<Pattern>),
    /// A number within these bounds, both included.
    Range(Option<f64>, Option<f64>),
    /// A list whose number of elements lies within these bounds, both included.
    Length(usize, usize),
}

/// A value of the rule file. Values of different JSON types are never equal: the number 7 is not the string "7".
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

impl Scalar {
    /// True if the claim's value is this one. Numbers are compared by value: `3` is `3.0`.
    pub(crate) fn is(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Text(one), Value::String(other)) => one == other,
            (Self::Boolean(one), Value::Boolean(other)) => one == other,
            (Self::Integer(one), Value::Integer(_) | Value::Float(_)) => is_same_number(&Value::Integer(*one), value),
            (Self::Float(one), Value::Integer(_) | Value::Float(_)) => is_same_number(&Value::Float(*one), value),
            _ => false,
        }
    }
}

impl Condition {
    /// Whether the condition holds.
    ///
    /// # Errors
    /// The patterns of the request have taken all steps of the budget.
    pub(crate) fn holds(&self, facts: &Facts<'_, '_>, budget: &mut Budget) -> Result<bool, MatchError> {
        Ok(self.subject.holds(facts, budget)? != self.is_negated)
    }
}

impl Subject {
    /// Steps of the request's budget, so that a large token costs no more with many rules than with costly patterns.
    fn steps(&self, facts: &Facts<'_, '_>) -> u64 {
        match self {
            Self::Claim(..) => facts.claims.len() as u64 / 8,
            Self::Scope(_) => facts.scope_bytes() / 8,
            _ => 0,
        }
    }

    fn holds(&self, facts: &Facts<'_, '_>, budget: &mut Budget) -> Result<bool, MatchError> {
        budget.take(self.steps(facts))?;
        Ok(match self {
            Self::Claim(path, test) => match path.find(facts.claims) {
                Some(value) => test.holds(value, budget)?,
                None => false,
            },
            Self::Scope(scope) => has_scope(facts.claims, scope),
            Self::Issuer(issuers) => facts.issuer.is_some_and(|issuer| issuers.iter().any(|one| one == issuer)),
            Self::MaxAge(longest) => facts.is_at_most_this_old(*longest),
            Self::MaxLifetime(longest) => facts.lives_at_most(*longest),
        })
    }
}

impl Test {
    fn holds(&self, value: &Value<'_>, budget: &mut Budget) -> Result<bool, MatchError> {
        let list: &[Value<'_>] = if let Value::Array(elements) = value { elements } else { &[] };
        if let Self::OneOf(scalars) | Self::HoldsOneOf(scalars) | Self::HoldsAllOf(scalars) = self {
            budget.take((scalars.len() * list.len().max(1)) as u64 / 8)?;
        }
        Ok(match self {
            Self::Present => true,
            Self::OneOf(scalars) => scalars.iter().any(|scalar| scalar.is(value)),
            Self::HoldsOneOf(scalars) => list.iter().any(|element| scalars.iter().any(|scalar| scalar.is(element))),
            Self::HoldsAllOf(scalars) => scalars.iter().all(|scalar| list.iter().any(|element| scalar.is(element))),
            Self::Matches(pattern) => matches(pattern, value, budget)?,
            Self::HoldsMatch(pattern) => {
                for element in list {
                    if matches(pattern, element, budget)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Range(least, greatest) => number(value).is_some_and(|number| {
                least.is_none_or(|least| least <= number) && greatest.is_none_or(|greatest| number <= greatest)
            }),
            Self::Length(least, greatest) => {
                matches!(value, Value::Array(_)) && (*least..=*greatest).contains(&list.len())
            }
        })
    }
}

/// The JSON type that a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Text,
    Number,
    Boolean,
    List,
}

/// What a test can be true of.
impl Test {
    /// The type of all values that pass; `None` if they may have several.
    pub(crate) fn value_type(&self) -> Option<ValueType> {
        match self {
            Self::Present => None,
            Self::OneOf(scalars) => {
                let mut types = scalars.iter().map(|scalar| match scalar {
                    Scalar::Text(_) => ValueType::Text,
                    Scalar::Integer(_) | Scalar::Float(_) => ValueType::Number,
                    Scalar::Boolean(_) => ValueType::Boolean,
                });
                let first = types.next()?;
                types.all(|other| other == first).then_some(first)
            }
            Self::Matches(_) => Some(ValueType::Text),
            Self::Range(..) => Some(ValueType::Number),
            Self::HoldsOneOf(_) | Self::HoldsAllOf(_) | Self::HoldsMatch(_) | Self::Length(..) => Some(ValueType::List),
        }
    }

    pub(crate) fn fits_text(&self) -> bool {
        match self {
            Self::OneOf(scalars) => scalars.iter().any(|scalar| matches!(scalar, Scalar::Text(_))),
            Self::Present | Self::Matches(_) => true,
            _ => false,
        }
    }

    pub(crate) fn fits_number(&self) -> bool {
        match self {
            Self::OneOf(scalars) => {
                scalars.iter().any(|scalar| matches!(scalar, Scalar::Integer(_) | Scalar::Float(_)))
            }
            Self::Present | Self::Range(..) => true,
            _ => false,
        }
    }

    pub(crate) fn fits_list(&self) -> bool {
        match self {
            Self::Present | Self::HoldsOneOf(_) | Self::HoldsAllOf(_) | Self::HoldsMatch(_) | Self::Length(..) => true,
            Self::OneOf(_) | Self::Matches(_) | Self::Range(..) => false,
        }
    }
}

fn matches(pattern: &Pattern, value: &Value<'_>, budget: &mut Budget) -> Result<bool, MatchError> {
    match value {
        Value::String(text) => pattern.matches_within(text, budget),
        _ => Ok(false),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bound of a rule is a double, as JSON numbers usually are")]
fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

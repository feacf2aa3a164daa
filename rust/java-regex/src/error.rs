// SPDX-License-Identifier: Apache-2.0
//! Errors: of patterns and templates, and of matches.

use std::error::Error;
use std::fmt;

/// Why a pattern is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternErrorKind {
    /// `java.util.regex.Pattern.compile` rejects the pattern as well.
    RejectedByJava,
    /// This crate rejects the construct on purpose (see its documentation), although Java accepts it, or most patterns with
    /// such a construct.
    Unsupported,
}

/// A rejected pattern: the construct, its position, and whether Java rejects it as well.
///
/// [`fmt::Display`] is one sentence with all three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    kind: PatternErrorKind,
    construct: String,
    position: usize,
}

impl PatternError {
    pub(crate) fn rejected(construct: impl Into<String>, position: usize) -> Self {
        Self { kind: PatternErrorKind::RejectedByJava, construct: construct.into(), position }
    }

    pub(crate) fn unsupported(construct: impl Into<String>, position: usize) -> Self {
        Self { kind: PatternErrorKind::Unsupported, construct: construct.into(), position }
    }

    /// Whether Java rejects the pattern as well.
    #[must_use]
    pub fn kind(&self) -> PatternErrorKind {
        self.kind
    }

    /// The rejected construct, in words.
    #[must_use]
    pub fn construct(&self) -> &str {
        &self.construct
    }

    /// The position of the construct in the pattern, in characters (code points), from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind {
            PatternErrorKind::RejectedByJava => "is not valid in java.util.regex",
            PatternErrorKind::Unsupported => "is not supported, although java.util.regex may accept it",
        };
        write!(f, "{} at character {} of the pattern {why}", self.construct, self.position)
    }
}

impl Error for PatternError {}

/// A replacement template with which Java fails as soon as the pattern matches.
///
/// [`fmt::Display`] is one sentence with the construct and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacementError {
    construct: String,
    position: usize,
}

impl ReplacementError {
    pub(crate) fn new(construct: impl Into<String>, position: usize) -> Self {
        Self { construct: construct.into(), position }
    }

    /// The rejected construct, in words.
    #[must_use]
    pub fn construct(&self) -> &str {
        &self.construct
    }

    /// The position of the construct in the template, in characters (code points), from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Display for ReplacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at character {} of the replacement: Java fails on it at every match",
            self.construct, self.position
        )
    }
}

impl Error for ReplacementError {}

/// Why a match has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MatchError {
    /// The backtracker took [`STEP_LIMIT`](crate::STEP_LIMIT) steps without a result, in this call or in all calls with the
    /// same [`Budget`](crate::Budget).
    StepLimit,
    /// Java's result would contain half of a surrogate pair, which a Rust `String` cannot contain.
    UnpairedSurrogate,
}

impl fmt::Display for MatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepLimit => write!(f, "the pattern took more than {} steps on this input", crate::STEP_LIMIT),
            Self::UnpairedSurrogate => f.write_str("the result would contain half of a surrogate pair"),
        }
    }
}

impl Error for MatchError {}

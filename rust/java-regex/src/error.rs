//! What can go wrong: when a pattern or template is read, and at a match.

use std::error::Error;
use std::fmt;

/// Why a pattern was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternErrorKind {
    /// `java.util.regex.Pattern.compile` refuses the pattern too.
    RefusedByJava,
    /// This crate refuses the construct on purpose (see its documentation), although Java takes it, or takes most of its
    /// kind.
    Unsupported,
}

/// A pattern that was not accepted: which construct, where, and whether Java would have taken it.
///
/// [`fmt::Display`] is one sentence with all three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    kind: PatternErrorKind,
    construct: String,
    position: usize,
}

impl PatternError {
    pub(crate) fn refused(construct: impl Into<String>, position: usize) -> Self {
        Self { kind: PatternErrorKind::RefusedByJava, construct: construct.into(), position }
    }

    pub(crate) fn unsupported(construct: impl Into<String>, position: usize) -> Self {
        Self { kind: PatternErrorKind::Unsupported, construct: construct.into(), position }
    }

    /// Whether Java refuses the pattern as well.
    #[must_use]
    pub fn kind(&self) -> PatternErrorKind {
        self.kind
    }

    /// The construct that was not accepted, in words.
    #[must_use]
    pub fn construct(&self) -> &str {
        &self.construct
    }

    /// Where the construct stands in the pattern, in characters (code points), from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind {
            PatternErrorKind::RefusedByJava => "is not valid in java.util.regex",
            PatternErrorKind::Unsupported => "is not supported, although java.util.regex may take it",
        };
        write!(f, "{} at character {} of the pattern {why}", self.construct, self.position)
    }
}

impl Error for PatternError {}

/// A replacement template that Java would fail on as soon as the pattern matches.
///
/// [`fmt::Display`] is one sentence that names the problem and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacementError {
    construct: String,
    position: usize,
}

impl ReplacementError {
    pub(crate) fn new(construct: impl Into<String>, position: usize) -> Self {
        Self { construct: construct.into(), position }
    }

    /// The construct that was not accepted, in words.
    #[must_use]
    pub fn construct(&self) -> &str {
        &self.construct
    }

    /// Where the construct stands in the template, in characters (code points), from 0.
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

/// Why a match has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MatchError {
    /// The backtracker took [`STEP_LIMIT`](crate::STEP_LIMIT) steps without an answer, in this call or in those together that
    /// share its [`Budget`](crate::Budget).
    StepLimit,
    /// Java's result would hold half of a surrogate pair, which no `String` of Rust can hold.
    UnpairedSurrogate,
}

impl fmt::Display for MatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepLimit => write!(f, "the pattern took more than {} steps on this input", crate::STEP_LIMIT),
            Self::UnpairedSurrogate => f.write_str("the result would hold half of a surrogate pair"),
        }
    }
}

impl Error for MatchError {}

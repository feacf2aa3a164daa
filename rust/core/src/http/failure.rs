// SPDX-License-Identifier: Apache-2.0
//! Why a document could not be fetched.

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Unreachable,
    Untrusted,
    TimedOut,
    Status,
    Redirect,
    BrokenOff,
    TooLarge,
    /// The document cannot be used.
    Document,
    /// The discovery document cannot be used.
    Discovery,
    /// The bearer token cannot be read, or must not be sent.
    BearerToken,
    /// An internal error.
    Defect,
}

impl FailureKind {
    /// The reason for clients: without an address and without anything that the server sent.
    pub(crate) fn in_general_words(self) -> &'static str {
        match self {
            Self::Unreachable => "the issuer's server cannot be reached",
            Self::Untrusted => "the issuer's server is not trusted",
            Self::TimedOut => "the issuer's server does not answer in time",
            Self::Status => "the issuer's server answers with an error",
            Self::Redirect => "the issuer's server redirects to an address that is not followed",
            Self::BrokenOff => "the connection to the issuer's server broke off",
            Self::TooLarge => "the issuer's answer is too large",
            Self::Document => "the issuer's answer does not contain usable keys",
            Self::Discovery => "the issuer's discovery document cannot be used",
            Self::BearerToken => "this coordinator has no valid bearer token for the issuer's server",
            Self::Defect => "an internal error occurred",
        }
    }
}

/// Why a document could not be fetched. The text is for the log: one line, without user, password and query of the URL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

//! Why there is no document.

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
    /// The document came and is of no use.
    Document,
    /// The discovery document came and is of no use.
    Discovery,
    /// The token to show to the server is not to be had, or must not be sent.
    BearerToken,
    /// A defect of ours.
    Defect,
}

impl FailureKind {
    /// For whoever tries to log in: it names no address and nothing that the server said.
    pub(crate) fn in_general_words(self) -> &'static str {
        match self {
            Self::Unreachable => "the issuer's server cannot be reached",
            Self::Untrusted => "no trusted connection to the issuer's server can be made",
            Self::TimedOut => "the issuer's server does not answer in time",
            Self::Status => "the issuer's server answers with an error",
            Self::Redirect => "the issuer's server points to an address that is not followed",
            Self::BrokenOff => "the issuer's server breaks its answer off",
            Self::TooLarge => "the issuer's answer is too large",
            Self::Document => "the issuer's answer is no usable set of keys",
            Self::Discovery => "the issuer's description of itself is of no use",
            Self::BearerToken => "this coordinator has no token to show to the issuer's server",
            Self::Defect => "of an internal error",
        }
    }
}

/// Why there is no document. The text is for the operator's log: one line, without user, password and query of the URL.
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

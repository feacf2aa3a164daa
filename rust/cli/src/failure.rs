// SPDX-License-Identifier: Apache-2.0
//! How a call ends.

use std::fmt;
use std::io;

use nativejwt_core::{ConfigurationErrors, Problem, Rejection};
use nativejwt_login::{ErrorKind, LoginError};

use crate::json::JsonObject;

/// The result of a call that could be carried out: exit code 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The token or every principal was accepted, or the work is done.
    Accepted,
    /// The token or a principal was rejected.
    Rejected,
}

/// Why a call could not be carried out: exit code 2, but for refused logins.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A login was refused, or has ended: exit code 1.
    Refused(String),
    /// A wrong argument, file or key. The sentence names it and says what to do.
    Message(String),
    /// A wrong configuration, with all its errors.
    Configuration(ConfigurationErrors),
    /// Standard output has the errors already.
    Reported,
    /// Standard output could not be written.
    Output(io::Error),
}

impl Failure {
    /// A failure about `place`, which is a file or an argument.
    pub(crate) fn at(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::Message(format!("{place}: {what}"))
    }

    /// The exit code of the command.
    pub(crate) fn exit_code(&self) -> u8 {
        if matches!(self, Self::Refused(_)) { 1 } else { 2 }
    }

    /// One JSON object on one line.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::Configuration(errors) => JsonObject::new()
                .text("error", "the configuration is not valid")
                .raw("problems", &problems_json(errors.problems())),
            other => JsonObject::new().text("error", &other.sentence()),
        }
        .finish()
    }

    /// The error without a mark.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Refused(message) | Self::Message(message) => message.clone(),
            Self::Configuration(errors) => errors.to_string(),
            Self::Reported => String::new(),
            Self::Output(error) => format!("the output cannot be written: {error}"),
        }
    }
}

/// The problems as a JSON array of objects.
pub(crate) fn problems_json(problems: &[Problem]) -> String {
    let objects: Vec<String> = problems
        .iter()
        .map(|problem| {
            JsonObject::new()
                .text("file", problem.source())
                .maybe_number("line", (problem.line() > 0).then_some(problem.line()))
                .maybe_text("key", problem.property())
                .text("message", problem.message())
                .finish()
        })
        .collect();
    format!("[{}]", objects.join(","))
}

/// Adds the members that every rejection has in JSON. `reason` is the name of the member with the reason.
pub(crate) fn with_reject(object: JsonObject, reason: &str, reject: &Rejection) -> JsonObject {
    object.text(reason, reject.code().name()).number("number", reject.code().number()).text("message", reject.message())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.sentence().lines().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "error: {line}")?;
        }
        Ok(())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match error.kind {
            ErrorKind::NotLoggedIn | ErrorKind::Refused => Self::Refused(error.to_string()),
            ErrorKind::Failed => Self::Message(error.to_string()),
        }
    }
}

impl From<ConfigurationErrors> for Failure {
    fn from(errors: ConfigurationErrors) -> Self {
        Self::Configuration(errors)
    }
}

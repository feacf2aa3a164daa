// SPDX-License-Identifier: Apache-2.0
//! The errors of a configuration.

use std::fmt;

use crate::config::finding::Finding;
use crate::quoted::is_unprintable;

/// One error or warning: the file, the line, the property, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    property: Option<String>,
    source: String,
    line: usize,
    message: String,
    finding: Option<Finding>,
    /// What to do, if it depends on more than the finding.
    fix: Option<String>,
}

impl Problem {
    /// The file, as messages name it; empty if unknown.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The line, from 1; 0 if unknown.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The property, if the value of one is wrong.
    #[must_use]
    pub fn property(&self) -> Option<&str> {
        self.property.as_deref()
    }

    /// The error, without file, line and property. The message of a problem without [`Problem::fix`] also says what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The name by which `check-config` reports it, if it has one.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        self.finding
    }

    /// What to do, if the message does not say it: a sentence without its full stop.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.fix.as_deref().or_else(|| self.finding.map(Finding::fix))
    }

    /// The same problem as a finding. A message that ends with what to do is cut there.
    #[must_use]
    pub fn named(self, finding: Finding) -> Self {
        let message = self.message.trim_end_matches('.');
        let message = message.strip_suffix(finding.fix()).unwrap_or(message);
        let message = message.trim_end_matches([' ', '.', ':', ';']).to_owned();
        Self { message, finding: Some(finding), ..self }
    }

    /// The same problem as a finding, with what to do in this case: a sentence without its full stop.
    #[must_use]
    pub fn with_fix(self, finding: Finding, fix: impl Into<String>) -> Self {
        Self { fix: Some(on_one_line(&fix.into())), ..self.named(finding) }
    }

    /// An error in the value of a property; `line` is 0 if unknown.
    pub fn for_property(property: &str, source: &str, line: usize, message: impl Into<String>) -> Self {
        Self { property: Some(property.to_owned()), ..Self::for_line(source, line, message) }
    }

    /// An error in a line that contains no property.
    pub fn for_line(source: &str, line: usize, message: impl Into<String>) -> Self {
        let message = on_one_line(&message.into());
        Self { property: None, source: source.to_owned(), line, message, finding: None, fix: None }
    }

    /// An error that concerns a whole file.
    pub fn for_file(source: &str, message: impl Into<String>) -> Self {
        Self::for_line(source, 0, message)
    }
}

/// The text on one line, with invisible characters made visible: a value may contain a line end by mistake.
pub(super) fn on_one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("<tab>"),
            '\n' | '\r' | '\x0c' => shown.push_str("<line end>"),
            c if is_unprintable(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// `file:line: property message`, and what to do; unknown parts are left out.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.source.as_str(), self.line) {
            ("", _) => {}
            (source, 0) => write!(f, "{source}: ")?,
            (source, line) => write!(f, "{source}:{line}: ")?,
        }
        if let Some(property) = &self.property {
            write!(f, "{} ", on_one_line(property))?;
        }
        f.write_str(&self.message)?;
        let Some(fix) = self.fix() else { return Ok(()) };
        f.write_str(if self.message.ends_with('?') { " " } else { ". " })?;
        f.write_str(fix)
    }
}

/// All errors of a configuration, in the order of discovery. `Display` writes one line for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationErrors {
    problems: Vec<Problem>,
}

impl ConfigurationErrors {
    /// Adds an error.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds the errors of another part of the configuration.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Problem>) {
        self.problems.extend(more);
    }

    /// `value`, if there are no errors.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.problems.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The errors; at least one, if this was returned as an error.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl IntoIterator for ConfigurationErrors {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.problems.into_iter()
    }
}

impl From<Problem> for ConfigurationErrors {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigurationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigurationErrors {}

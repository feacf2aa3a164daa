//! What is wrong with a configuration, said once and completely.

use std::fmt;

use crate::quoted::is_unprintable;

/// One thing that is wrong: where, in which key, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    property: Option<String>,
    source: String,
    line: usize,
    message: String,
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

    /// The key, if the problem is with the value of one.
    #[must_use]
    pub fn property(&self) -> Option<&str> {
        self.property.as_deref()
    }

    /// What is wrong and what to do, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A problem with the value of a key; `line` is 0 if unknown.
    pub fn for_property(property: &str, source: &str, line: usize, message: impl Into<String>) -> Self {
        Self { property: Some(property.to_owned()), ..Self::for_line(source, line, message) }
    }

    /// A problem with a line that holds no key.
    pub fn for_line(source: &str, line: usize, message: impl Into<String>) -> Self {
        Self { property: None, source: source.to_owned(), line, message: on_one_line(&message.into()) }
    }

    /// A problem with a whole file.
    pub fn for_file(source: &str, message: impl Into<String>) -> Self {
        Self::for_line(source, 0, message)
    }
}

/// One line, with what cannot be seen named: a value may hold a line end that its operator did not mean.
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

/// `file:line: key message`, with what is known of it.
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
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a configuration, in the order of discovery. `Display` gives one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationErrors {
    problems: Vec<Problem>,
}

impl ConfigurationErrors {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Adds the problems of another part of the configuration.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Problem>) {
        self.problems.extend(more);
    }

    /// `value` if nothing is wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.problems.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The problems, at least one.
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

// SPDX-License-Identifier: Apache-2.0
//! JSON files that operators write: their text, and errors that name a line.

use std::fmt;

/// An error in a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFileError {
    /// The line, counted from 1; 0 if the error is about the whole file.
    pub line: usize,
    /// What is wrong, with the number of the rule.
    pub message: String,
}

impl fmt::Display for RuleFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        f.write_str(&self.message)
    }
}

/// The text of a file, without the byte order mark that some editors write and Trino ignores, too.
pub(crate) fn text_of_file(bytes: &[u8]) -> Result<&str, RuleFileError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let message = format!("is not UTF-8: the byte {byte:02X} does not begin a character. Save the file as UTF-8");
        RuleFileError { line, message }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads the one object of the file.
///
/// # Errors
/// The text is not that object. serde would also read an array as an object, which Trino does not.
pub(crate) fn read_file<'t, T: serde::Deserialize<'t>>(text: &'t str) -> Result<T, RuleFileError> {
    if text.trim_start().starts_with('[') {
        return Err(RuleFileError { line: 1, message: "invalid type: an array, not an object".to_owned() });
    }
    serde_json::from_str(text).map_err(|error| explained(&error))
}

/// The message of serde, with advice if it is about the backslashes of patterns.
fn explained(error: &serde_json::Error) -> RuleFileError {
    let what = error.to_string();
    let advice = if what.starts_with("invalid escape") {
        ": in JSON, write each backslash of a pattern twice, as in \\\\."
    } else {
        ""
    };
    RuleFileError { line: error.line(), message: what + advice }
}

/// Counts lines while moving forward through the text, so that all rules together cost one pass.
pub(crate) struct LineCounter<'t> {
    text: &'t str,
    counted: usize,
    line: usize,
}

impl<'t> LineCounter<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, counted: 0, line: 1 }
    }

    /// The line on which `part`, a slice of the text, begins.
    pub(crate) fn line_of(&mut self, part: &str) -> usize {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let passed = self.text.as_bytes().get(self.counted..offset).unwrap_or_default();
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
        self.counted = self.counted.max(offset);
        self.line
    }
}

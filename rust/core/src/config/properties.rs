// SPDX-License-Identifier: Apache-2.0
//! Reads the format of `java.util.Properties`, with the line of each property.

use std::fs;
use std::path::Path;

use crate::config::java_properties::{LogicalLine, check_encoding, latin1, logical_lines, split};
use crate::config::problem::{ConfigurationErrors, Problem};

/// One property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The name, unescaped.
    pub name: String,
    /// The value, unescaped and trimmed, as airlift's `ConfigurationLoader` trims it.
    pub value: String,
    /// The line of the name, from 1; 0 if unknown.
    pub line: usize,
}

/// The properties of one configuration, and their source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// The file, as messages name it; empty if unknown.
    pub source: String,
    /// In the order of the file.
    pub entries: Vec<Property>,
}

/// A text with more properties is not a configuration.
const MAX_PROPERTIES: usize = 1000;

impl Properties {
    /// Reads text in the format that `java.util.Properties.load(Reader)` documents. `source` names the text in messages.
    ///
    /// # Errors
    /// A damaged `\u` escape or a property that is set twice, with its line; or more than 1000 properties.
    pub fn parse(text: &str, source: &str) -> Result<Self, ConfigurationErrors> {
        Self::parse_with(text, source, |_| true)
    }

    /// As [`Properties::parse`]; only properties for which `is_ours` is true must not be set twice. Of others the last
    /// value counts, as in Java.
    fn parse_with(text: &str, source: &str, is_ours: impl Fn(&str) -> bool) -> Result<Self, ConfigurationErrors> {
        let mut errors = ConfigurationErrors::default();
        let mut entries: Vec<Property> = Vec::new();
        for LogicalLine { line, text, .. } in logical_lines(text) {
            if entries.len() == MAX_PROPERTIES {
                let message = format!("has more than {MAX_PROPERTIES} properties, so it is not a configuration file");
                return Err(Problem::for_file(source, message).into());
            }
            match split(&text) {
                Ok((name, value)) => {
                    if !is_ours(&name) {
                        entries.retain(|entry| entry.name != name);
                    }
                    if let Some(earlier) = entries.iter().find(|entry| entry.name == name) {
                        let message = format!("is set twice (first on line {}): remove one", earlier.line);
                        errors.push(Problem::for_property(&name, source, line, message));
                    } else {
                        entries.push(Property { name, value, line });
                    }
                }
                Err((Some(name), message)) => errors.push(Problem::for_property(&name, source, line, message)),
                Err((None, message)) => errors.push(Problem::for_line(source, line, message)),
            }
        }
        errors.or(Self { source: source.to_owned(), entries })
    }

    /// Reads a file in ISO-8859-1, as Java does.
    ///
    /// # Errors
    /// The file cannot be read, or as [`Properties::parse`].
    pub fn load(path: &Path) -> Result<Self, ConfigurationErrors> {
        Self::load_with(path, |_| true)
    }

    /// As [`Properties::load`], for a file of the coordinator: only properties for which `is_ours` is true must not be
    /// set twice.
    ///
    /// # Errors
    /// As [`Properties::load`].
    pub fn load_with(path: &Path, is_ours: impl Fn(&str) -> bool) -> Result<Self, ConfigurationErrors> {
        let source = path.display().to_string();
        match fs::read(path) {
            Ok(bytes) => {
                check_encoding(&bytes, &source)?;
                Self::parse_with(&latin1(&bytes), &source, is_ours)
            }
            Err(error) => Err(Problem::for_file(&source, format!("cannot be read: {error}")).into()),
        }
    }

    /// Reads the bytes of a file in ISO-8859-1, as Java does.
    pub(crate) fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, ConfigurationErrors> {
        let source = path.display().to_string();
        check_encoding(bytes, &source)?;
        Self::parse(&latin1(bytes), &source)
    }

    /// Finds the line of each property in the file at `path`, for text that came another way. Lines stay unknown if the
    /// file cannot be read or no longer contains the property. Other errors of the file are left to its own reader. Of
    /// a property that is set twice, the last line counts, as in Java.
    pub fn locate_in(&mut self, path: &Path) {
        self.source = path.display().to_string();
        let text = latin1(&fs::read(path).unwrap_or_default());
        let lines = logical_lines(&text);
        let names: Vec<_> = lines.iter().filter_map(|line| Some((line.line, split(&line.text).ok()?.0))).collect();
        for entry in &mut self.entries {
            entry.line = names.iter().rev().find(|(_, name)| *name == entry.name).map_or(0, |(line, _)| *line);
        }
    }

    /// The property of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Property> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, String, usize)> {
        let properties = Properties::parse(text, "t").unwrap();
        properties.entries.into_iter().map(|entry| (entry.name, entry.value, entry.line)).collect()
    }

    #[test]
    fn lines_are_read_as_java_util_properties_reads_them() {
        let text = "# c\n! c\r\n\n  a = 1 \nb:2\rc 3\nd\\ e\\=f==g\nh=x\\\n   y\\\\\ni=\\u0041\\t|\\q\\ud83d\\ude00\nj\nk = # no comment";
        let expected = [
            ("a", "1", 4),
            ("b", "2", 5),
            ("c", "3", 6),
            ("d e=f", "=g", 7),
            ("h", "xy\\", 8),
            ("i", "A\t|q\u{1f600}", 10),
            ("j", "", 11),
            ("k", "# no comment", 12),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(name, value, line)| (name.to_owned(), value.to_owned(), line)).collect();
        assert_eq!(entries(text), expected);
    }

    #[test]
    fn lines_are_found_in_a_file_that_has_other_faults() {
        let file = std::env::temp_dir().join(format!("nativejwt-{}-lines.properties", std::process::id()));
        fs::write(&file, "a=1\nother=\\u12\nb=2\na=3\n").unwrap();
        let mut properties = Properties::parse("a=3\nb=2\nc=4\n", "t").unwrap();
        properties.locate_in(&file);
        fs::remove_file(&file).unwrap();
        assert_eq!(properties.entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [4, 3, 0]);
    }

    #[test]
    fn reading_stops_early_if_a_text_is_not_a_configuration() {
        let lines = |count: usize| (0..count).map(|number| format!("k{number}=v\n")).collect::<String>();
        assert_eq!(Properties::parse(&lines(1000), "t").unwrap().entries.len(), 1000);
        let errors = Properties::parse(&lines(300_000), "t").unwrap_err().to_string();
        assert_eq!(errors, "t: has more than 1000 properties, so it is not a configuration file");
        // A name of 4 MB used to be compared with every property, which took minutes.
        let mut errors = ConfigurationErrors::default();
        crate::config::report_unknown_properties(&Properties::parse(&"x".repeat(4 << 20), "t").unwrap(), &mut errors);
        assert!(errors.to_string().ends_with(" is not a known property"));
    }

    #[test]
    fn all_errors_are_reported_together_with_their_lines() {
        let errors = Properties::parse("a=1\nb=\\u12\na=2\n", "etc/x.properties").unwrap_err().to_string();
        assert!(errors.contains("etc/x.properties:2: b has a \\u that is not"), "{errors}");
        assert!(errors.contains("etc/x.properties:3: a is set twice (first on line 1): remove one"), "{errors}");
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The JSON rule file: `{"rules":[{"pattern":…,"user":"$1","allow":true,"case":"keep|lower|upper"}]}`.

use std::path::Path;

use serde_json::value::RawValue;

use super::{Case, FIRST_GROUP, Rule, UserMapping};
use crate::epoch::Epoch;
use crate::events::Events;
use crate::json::{JsonError, Value, read_object};
use crate::json_file::{LineCounter, RuleFileError, read_file, text_of_file};
use crate::metrics::FileKind;
use crate::watched_file::{Reloadable, WatchedFile};

const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The outer object. Rules stay text, so that each is parsed separately and has its own error.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile<'t> {
    #[serde(borrow)]
    rules: Vec<&'t RawValue>,
}

impl UserMapping {
    /// Reads the file of `user-mapping.file`.
    ///
    /// # Errors
    /// All errors of the file.
    pub fn from_file(path: &Path) -> Result<Self, Vec<RuleFileError>> {
        Self::open(path).map(|(_, rules)| rules)
    }

    /// Like [`UserMapping::from_file`], for a file that is polled for changes.
    pub(crate) fn from_watched_file(path: &Path) -> Result<Reloadable<Self>, Vec<RuleFileError>> {
        Self::open(path).map(|(file, rules)| Reloadable::of_file(file, rules))
    }

    fn open(path: &Path) -> Result<(WatchedFile, Self), Vec<RuleFileError>> {
        let (file, bytes) = WatchedFile::open(path, MAX_FILE_BYTES)
            .map_err(|error| vec![RuleFileError { line: 0, message: format!("cannot be read: {error}") }])?;
        Ok((file, Self::from_bytes(&bytes)?))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Vec<RuleFileError>> {
        Self::from_text(text_of_file(bytes).map_err(|error| vec![error])?)
    }

    /// Applies a change of the rule file.
    pub(crate) fn poll(rules: &Reloadable<Self>, events: &Events, epoch: &Epoch) {
        rules.poll(FileKind::UserMapping, events, epoch, |_, bytes| {
            Self::from_bytes(bytes).map_err(|errors| errors.iter().map(RuleFileError::to_string).collect())
        });
    }

    /// Reads the text of a rule file.
    fn from_text(text: &str) -> Result<Self, Vec<RuleFileError>> {
        let file: RuleFile<'_> = read_file(text).map_err(|error| vec![error])?;
        if file.rules.is_empty() {
            return Err(vec![RuleFileError { line: 0, message: "rules list is empty".to_owned() }]);
        }
        let mut lines = LineCounter::new(text);
        let mut rules = Vec::with_capacity(file.rules.len());
        let mut errors = Vec::new();
        for (index, raw) in file.rules.iter().enumerate() {
            let line = lines.line_of(raw.get());
            match rule(raw.get()) {
                Ok(rule) => rules.push(rule),
                Err(what) => {
                    errors.push(RuleFileError { line, message: format!("rule {} {what}", index + 1) });
                }
            }
        }
        if errors.is_empty() { Ok(Self { rules, takes_all: false }) } else { Err(errors) }
    }
}

/// Reads one rule. The error message continues after "rule N".
fn rule(json: &str) -> Result<Rule, String> {
    let members = read_object(json.as_bytes(), |_| true).map_err(|error| match error {
        JsonError::DuplicateMember => "contains a duplicate member".to_owned(),
        JsonError::Malformed(_) => "is not an object with the members pattern, user, allow and case".to_owned(),
    })?;
    let mut pattern = None;
    let mut user = None;
    let mut allow = true;
    let mut case = Case::Keep;
    for (name, value) in members {
        match (&*name, value) {
            ("pattern", Value::String(text)) => pattern = Some(text),
            ("user", Value::String(text)) => user = Some(text),
            ("allow", Value::Boolean(allowed)) => allow = allowed,
            ("case", Value::String(text)) => case = Case::from_name(&text)?,
            // For Trino, null means "not set".
            ("user" | "allow" | "case", Value::Null) => {}
            ("pattern" | "user" | "case", other) => {
                return Err(format!("has {} as {name}, which must be a string", other.type_name()));
            }
            ("allow", other) => return Err(format!("has {} as allow, which must be true or false", other.type_name())),
            _ => {
                return Err(format!(
                    "has the unknown member '{}'; known members are pattern, user, allow and case",
                    crate::quoted(&name)
                ));
            }
        }
    }
    let pattern = pattern.ok_or("has no pattern")?;
    if allow { Rule::map(&pattern, user.as_deref().unwrap_or(FIRST_GROUP), case) } else { Rule::deny(&pattern) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_file_is_read_with_its_defaults() {
        let mapping = UserMapping::from_text(
            r#"{"rules":[
                {"pattern":"(.*)@svc","allow":false},
                {"pattern":"(.*)@corp","user":"$1","case":"LOWER"},
                {"pattern":"x(.*)","user":null,"case":null}
            ]}"#,
        )
        .unwrap_or_else(|errors| panic!("{errors:?}"));
        assert!(mapping.map_user("a@svc").is_err());
        assert_eq!(mapping.map_user("Bob@corp").unwrap(), "bob");
        assert_eq!(mapping.map_user("xy").unwrap(), "y");
    }

    #[test]
    fn every_bad_rule_is_named_with_its_line() {
        let text = "{\"rules\": [\n  {\"pattern\": \"(.*)\"},\n  {\"pattern\": \"(\"},\n  {\"patern\": \"a\"},\n  {\"pattern\": \"a\", \"allow\": \"yes\"},\n  {},\n 5,\n {\"pattern\":\"a\",\"pattern\":\"b\"}, {\"pattern\":\"a\",\"case\":\"title\"},\n {\"pattern\":\"a\",\"user\":\"$1\"}]}";
        let Err(errors) = UserMapping::from_text(text) else { panic!("accepted") };
        let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8, 8, 9], "{errors:#?}");
        assert!(errors[1].message.starts_with("rule 3 has the unknown member 'patern'"), "{errors:#?}");
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        let mapping = UserMapping::from_bytes("\u{feff}{\"rules\":[{\"pattern\":\"(.*)\"}]}".as_bytes()).unwrap();
        assert_eq!(mapping.map_user("alice").unwrap(), "alice");
        assert!(UserMapping::from_bytes("\u{feff}\u{feff}{\"rules\":[{\"pattern\":\"(.*)\"}]}".as_bytes()).is_err());
    }

    #[test]
    fn bytes_of_another_encoding_are_named_with_their_line() {
        let Err(errors) = UserMapping::from_bytes(b"{\"rules\":[\n{\"pattern\":\"m\xfcller\"}]}") else {
            panic!("accepted")
        };
        assert_eq!(
            errors[0].to_string(),
            "line 2: is not UTF-8: the byte FC does not begin a character. Save the file as UTF-8"
        );
    }

    #[test]
    fn an_invalid_rule_file_is_rejected() {
        for (text, line, message) in [
            ("{\"rules\":[]}", 0, "rules list is empty"),
            ("{}", 1, "missing field `rules`"),
            ("{\"rules\":[{}],\n\"rule\":1}", 2, "unknown field `rule`"),
            ("{\"rules\":[\n{\"pattern\"}]}", 2, "expected `:`"),
            (
                "{\"rules\":[\n{\"pattern\":\"(.*)@corp\\.example\"}]}",
                2,
                "column 23: in JSON, write each backslash of a pattern twice, as in \\\\.",
            ),
            ("[]", 1, "invalid"),
        ] {
            let Err(errors) = UserMapping::from_text(text) else { panic!("accepted {text}") };
            assert!(errors[0].line == line && errors[0].message.contains(message), "{text}: {errors:?}");
        }
    }
}

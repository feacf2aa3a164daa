// SPDX-License-Identifier: Apache-2.0
//! The value of a property, with its file and line.

use std::fmt;

use crate::config::known::{PREFIX, PROPERTIES};
use crate::config::problem::{ConfigurationErrors, Problem};
use crate::config::properties::{Properties, Property};
use crate::json_file::RuleFileError;

/// A value with its file and line, so that every later error can name them.
#[derive(Clone, Default)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) property: String,
    source: String,
    line: usize,
}

/// Shows the name only: the value may be a password.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.property)
    }
}

impl Setting {
    /// A problem with this value.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::for_property(&self.property, &self.source, self.line, message)
    }

    /// The file that sets it.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The problems with the file that this value names.
    pub(crate) fn problems_of_file(&self, errors: Vec<RuleFileError>) -> Vec<Problem> {
        let first = self.problem(format!("names '{}', which cannot be used:", self.value));
        let others = errors.into_iter().map(|error| Problem::for_line(&self.value, error.line, error.message));
        [first].into_iter().chain(others).collect()
    }

    /// `true` or `false`, in any case, as airlift reads them.
    pub(super) fn boolean(&self, errors: &mut ConfigurationErrors) -> Option<bool> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "" => None,
            _ => {
                errors.push(self.problem(format!("is '{}', but must be true or false", self.value)));
                None
            }
        }
    }
}

/// The value of a property under its current or its legacy name.
pub(super) fn setting(properties: &Properties, name: &str, errors: &mut ConfigurationErrors) -> Option<Setting> {
    let current = properties.get(&format!("{PREFIX}{name}"));
    let legacy = PROPERTIES.iter().find(|known| known.name == name).and_then(|known| properties.get(known.legacy?));
    let property = match (current, legacy) {
        (Some(current), Some(legacy)) => {
            let message = format!("is the legacy name of {}, which is also set: remove one of them", current.name);
            errors.push(Problem::for_property(&legacy.name, &properties.source, legacy.line, message));
            current
        }
        (Some(property), None) | (None, Some(property)) => property,
        (None, None) => return None,
    };
    Some(setting_from(property, properties, errors))
}

pub(super) fn setting_from(property: &Property, properties: &Properties, errors: &mut ConfigurationErrors) -> Setting {
    let setting = Setting {
        value: property.value.clone(),
        property: property.name.clone(),
        source: properties.source.clone(),
        line: property.line,
    };
    if setting.value.is_empty() {
        errors.push(setting.problem("is empty: set a value or remove the line"));
    }
    setting
}

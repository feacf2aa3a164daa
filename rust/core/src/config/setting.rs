//! The value of a property, and where it is written.

use std::fmt;

use crate::config::known::{PREFIX, PROPERTIES};
use crate::config::problem::{ConfigurationErrors, Problem};
use crate::config::properties::{Properties, Property};

/// A value and its place, so that every later problem with it can name file and line.
#[derive(Clone, Default)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) property: String,
    source: String,
    line: usize,
}

/// Without the value, which may be a password.
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

    /// `true` or `false`, in any case, as airlift reads them.
    pub(super) fn boolean(&self, errors: &mut ConfigurationErrors) -> Option<bool> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "" => None,
            _ => {
                errors.push(self.problem(format!("is '{}', which is neither true nor false", self.value)));
                None
            }
        }
    }
}

/// The value of a key under its present or its former name.
pub(super) fn setting(properties: &Properties, name: &str, errors: &mut ConfigurationErrors) -> Option<Setting> {
    let present = properties.get(&format!("{PREFIX}{name}"));
    let former = PROPERTIES.iter().find(|key| key.name == name).and_then(|key| properties.get(key.legacy?));
    let property = match (present, former) {
        (Some(present), Some(former)) => {
            let message = format!("is the former name of {}, which is set too: keep one of them", present.name);
            errors.push(Problem::for_property(&former.name, &properties.source, former.line, message));
            present
        }
        (Some(property), None) | (None, Some(property)) => property,
        (None, None) => return None,
    };
    Some(setting_of(property, properties, errors))
}

pub(super) fn setting_of(property: &Property, properties: &Properties, errors: &mut ConfigurationErrors) -> Setting {
    let setting = Setting {
        value: property.value.clone(),
        property: property.name.clone(),
        source: properties.source.clone(),
        line: property.line,
    };
    if setting.value.is_empty() {
        errors.push(setting.problem("is set to nothing: give it a value, or remove the line"));
    }
    setting
}

// SPDX-License-Identifier: Apache-2.0
//! Warnings about other settings of the coordinator that endanger what sessions get: tokens that are passed through, or
//! storage credentials.

mod authenticators;
mod pass_through;
mod storage;

use std::fs;
use std::path::{Path, PathBuf};

use nativejwt_core::{ConfigurationErrors, Finding, Problem, Properties, Property};

use crate::coordinator_file::{CoordinatorFile, parts};

const CONFIG_FILE: &str = "config.properties";
const HTTPS_PROPERTY: &str = "internal-communication.https.required";
/// The folder of the catalogs: the property's present and its legacy name.
const CATALOGS_PROPERTIES: [&str; 2] = ["catalog.config-dir", "plugin.config-dir"];
const DISABLED_PROPERTY: &str = "catalog.disabled-catalogs";
const MANAGEMENT_PROPERTY: &str = "catalog.management";

/// What sessions get besides a user.
#[derive(Clone, Copy)]
pub(crate) struct Given<'g> {
    /// The extra credential that holds the token, if it is passed through.
    pub(crate) credential: Option<&'g str>,
    /// Whether sessions get storage credentials.
    pub(crate) storage: bool,
}

/// Settings that endanger what sessions get, and notes about what could not be checked.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) warnings: ConfigurationErrors,
    pub(crate) notes: Vec<String>,
}

impl Findings {
    fn warn(&mut self, finding: Finding, file: &Properties, property: &str, message: &str) {
        self.warnings.push(Self::problem(file, property, message).named(finding));
    }

    /// As [`Findings::warn`], with what to do in this case.
    fn warn_with_fix(&mut self, finding: Finding, file: &Properties, property: &str, message: &str, fix: &str) {
        self.warnings.push(Self::problem(file, property, message).with_fix(finding, fix));
    }

    fn problem(file: &Properties, property: &str, message: &str) -> Problem {
        let line = file.get(property).map_or(0, |entry| entry.line);
        Problem::for_property(property, &file.source, line, message)
    }

    /// The entry of a property. Adds a note if only the coordinator can resolve its value.
    fn value<'f>(&mut self, file: &'f Properties, property: &str) -> Value<'f> {
        match file.get(property) {
            None => Value::Unset,
            Some(entry) if is_reference(&entry.value) => {
                self.notes.push(format!(
                    "{}:{}: {property} is a reference that this command cannot resolve; it was not checked",
                    file.source, entry.line
                ));
                Value::Unknown
            }
            Some(entry) => Value::Set(entry),
        }
    }
}

enum Value<'f> {
    Unset,
    Unknown,
    Set(&'f Property),
}

impl<'f> Value<'f> {
    /// True if the value is unset or known to differ from what is wanted.
    fn is_not(&self, wanted: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Unset => true,
            Self::Unknown => false,
            Self::Set(entry) => !wanted(&entry.value),
        }
    }

    fn known(self) -> Option<&'f Property> {
        match self {
            Self::Set(entry) => Some(entry),
            Self::Unset | Self::Unknown => None,
        }
    }
}

/// True if the value has an unresolved `${PROVIDER:KEY}`.
fn is_reference(value: &str) -> bool {
    value.split("${").skip(1).any(|rest| rest.split('}').next().is_some_and(|inside| inside.contains(':')))
}

/// Searches for settings that disclose what sessions get, or that serve one user with what another got. `path` is the file
/// with our properties; config.properties and the catalogs are expected in the same folder.
pub(crate) fn check(path: &Path, file: &CoordinatorFile, given: Given<'_>) -> Findings {
    let mut found = Findings::default();
    if given.credential.is_none() && !given.storage {
        return found;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let config_path = if file.is_plugin_file { folder.join(CONFIG_FILE) } else { path.to_owned() };
    let config = match load(&config_path) {
        Ok(config) => config,
        Err(errors) => {
            found.notes.extend(errors.problems().iter().map(|problem| {
                format!("{problem}: the connections to workers, other authenticators and the folder of the catalogs were not checked")
            }));
            Properties::default()
        }
    };
    if !config.entries.is_empty() {
        check_connections(&config, given, &mut found);
        authenticators::check(&config, file.is_plugin_file, given, &mut found);
    }
    check_catalogs(&config, folder, given, &mut found);
    found
}

/// A file of the coordinator, with references to the environment resolved.
fn load(path: &Path) -> Result<Properties, ConfigurationErrors> {
    let mut properties = Properties::load_with(path, |_| false)?;
    properties.resolve_environment(&mut ConfigurationErrors::default());
    Ok(properties)
}

fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

fn check_connections(config: &Properties, given: Given<'_>, found: &mut Findings) {
    if found.value(config, HTTPS_PROPERTY).is_not(is_true) {
        let what = match (given.credential, given.storage) {
            (Some(_), false) => "tokens are",
            (None, _) => "storage credentials are",
            (Some(_), true) => "tokens and storage credentials are",
        };
        found.warn(
            Finding::WorkersOverHttp,
            config,
            HTTPS_PROPERTY,
            &format!("is not true: {what} sent to the workers with every task, in clear text"),
        );
    }
}

fn check_catalogs(config: &Properties, folder: &Path, given: Given<'_>, found: &mut Findings) {
    if let Some(entry) = found.value(config, MANAGEMENT_PROPERTY).known()
        && !entry.value.eq_ignore_ascii_case("static")
    {
        found.notes.push(format!(
            "{}:{}: {MANAGEMENT_PROPERTY} is '{}': catalogs that were created by SQL were not checked",
            config.source, entry.line, entry.value
        ));
    }
    let named = CATALOGS_PROPERTIES.iter().find_map(|property| found.value(config, property).known());
    let catalogs = named.map_or_else(|| folder.join("catalog"), |entry| PathBuf::from(&entry.value));
    let disabled = found.value(config, DISABLED_PROPERTY).known();
    let disabled: Vec<&str> = disabled.map(|entry| parts(&entry.value).collect()).unwrap_or_default();
    let files = match fs::read_dir(&catalogs) {
        Ok(files) => files,
        Err(error) => {
            found.notes.push(format!("{}: {error}: catalogs were not checked", catalogs.display()));
            return;
        }
    };
    let mut files: Vec<PathBuf> = files.filter_map(Result::ok).map(|file| file.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "properties"));
    files.retain(|file| file.file_stem().and_then(|stem| stem.to_str()).is_none_or(|stem| !disabled.contains(&stem)));
    files.sort();
    for file in files {
        match load(&file) {
            Ok(catalog) => {
                if let Some(credential) = given.credential {
                    pass_through::check_catalog(&catalog, credential, found);
                }
                if given.storage {
                    storage::check_catalog(&catalog, found);
                }
            }
            Err(errors) => {
                found.notes.extend(errors.problems().iter().map(|problem| format!("{problem}: it was not checked")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_a_provider() {
        for (text, expected) in [("${ENV:A}", true), ("a${vault:x}b", true), ("${KID}", false), ("$a:b}", false)] {
            assert_eq!(is_reference(text), expected, "{text}");
        }
    }
}

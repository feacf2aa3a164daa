// SPDX-License-Identifier: Apache-2.0
//! Warnings about other settings of the coordinator that endanger tokens which are passed through.

use std::fs;
use std::path::{Path, PathBuf};

use nativejwt_core::{ConfigurationErrors, Problem, Properties, Property};

use crate::coordinator_file::{CoordinatorFile, TYPE_PROPERTY, names_jwt, parts};

const CONFIG_FILE: &str = "config.properties";
const HTTPS_PROPERTY: &str = "internal-communication.https.required";
const INSECURE_PROPERTY: &str = "http-server.authentication.allow-insecure-over-http";
const PLUGINS_PROPERTY: &str = "header-authenticator.config-files";
/// The folder of the catalogs: the property's present and its legacy name.
const CATALOGS_PROPERTIES: [&str; 2] = ["catalog.config-dir", "plugin.config-dir"];
const DISABLED_PROPERTY: &str = "catalog.disabled-catalogs";
const MANAGEMENT_PROPERTY: &str = "catalog.management";

const ICEBERG_SESSION: &str = "iceberg.rest-catalog.session";
const ICEBERG_TIMEOUT: &str = "iceberg.rest-catalog.session-timeout";
const ICEBERG_REFRESH: &str = "iceberg.rest-catalog.oauth2.token-refresh-enabled";
/// The extra credential from which Iceberg's client reads the bearer token.
const ICEBERG_CREDENTIAL: &str = "token";

const PASSWORD_CREDENTIAL: &str = "password-credential-name";
const PROVIDER_PROPERTY: &str = "credential-provider.type";

/// Settings that endanger tokens, and notes about what could not be checked.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) warnings: ConfigurationErrors,
    pub(crate) notes: Vec<String>,
}

impl Findings {
    fn warn(&mut self, file: &Properties, property: &str, message: &str) {
        let line = file.get(property).map_or(0, |entry| entry.line);
        self.warnings.push(Problem::for_property(property, &file.source, line, message));
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

/// Searches for settings that disclose tokens, or that serve one user with the token of another. `path` is the file with
/// our properties; config.properties and the catalogs are expected in the same folder.
pub(crate) fn check(path: &Path, file: &CoordinatorFile, credential: &str) -> Findings {
    let mut found = Findings::default();
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
        check_connections(&config, &mut found);
        check_other_authenticators(&config, file.is_plugin_file, credential, &mut found);
    }
    check_catalogs(&config, folder, credential, &mut found);
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

fn check_connections(config: &Properties, found: &mut Findings) {
    if found.value(config, HTTPS_PROPERTY).is_not(is_true) {
        found.warn(
            config,
            HTTPS_PROPERTY,
            "is not true: tokens are sent to the workers with every task, in clear text",
        );
    }
    if found.value(config, INSECURE_PROPERTY).known().is_some_and(|entry| is_true(&entry.value)) {
        let message = "is true: over plain HTTP, Trino authenticates nothing, so a client can use any user name and send the credential itself";
        found.warn(config, INSECURE_PROPERTY, message);
    }
}

fn check_other_authenticators(config: &Properties, is_plugin: bool, credential: &str, found: &mut Findings) {
    let is_ours = |name: &&str| if is_plugin { name.eq_ignore_ascii_case("header") } else { names_jwt(name) };
    let send = format!(
        "users who authenticate that way can send any token as the extra credential '{credential}', and can have hyphens in their names"
    );
    if let Some(entry) = found.value(config, TYPE_PROPERTY).known() {
        let others: Vec<&str> = parts(&entry.value).filter(|name| !is_ours(name)).collect();
        if !others.is_empty() {
            found.warn(config, TYPE_PROPERTY, &format!("also lists {}: {send}", others.join(" and ")));
        }
    }
    if is_plugin
        && let Some(entry) = found.value(config, PLUGINS_PROPERTY).known()
        && parts(&entry.value).count() > 1
    {
        let message = format!("also names other authenticators: unless they are native-jwt as well, {send}");
        found.warn(config, PLUGINS_PROPERTY, &message);
    }
}

fn check_catalogs(config: &Properties, folder: &Path, credential: &str, found: &mut Findings) {
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
                check_iceberg(&catalog, credential, found);
                check_shared_accounts(&catalog, credential, found);
            }
            Err(errors) => {
                found.notes.extend(errors.problems().iter().map(|problem| format!("{problem}: it was not checked")));
            }
        }
    }
}

/// Iceberg keeps a session for each user and source, with the token of its first request.
fn check_iceberg(catalog: &Properties, credential: &str, found: &mut Findings) {
    let session = found.value(catalog, ICEBERG_SESSION).known();
    if !session.is_some_and(|entry| entry.value.eq_ignore_ascii_case("user")) {
        return;
    }
    if credential != ICEBERG_CREDENTIAL {
        let message = format!(
            "is USER, but the token is passed through as '{credential}': Iceberg reads it from the extra credential '{ICEBERG_CREDENTIAL}' only"
        );
        found.warn(catalog, ICEBERG_SESSION, &message);
    }
    if found.value(catalog, ICEBERG_TIMEOUT).is_not(is_zero) {
        let message = "is not 0s: Iceberg keeps a session by user and source, and reuses it for requests without a token, with an expired token or with the token of another user";
        found.warn(catalog, ICEBERG_TIMEOUT, message);
    }
    if found.value(catalog, ICEBERG_REFRESH).is_not(|value| value.eq_ignore_ascii_case("false")) {
        let message = "is not false: Iceberg exchanges users' tokens at the token endpoint, and continues with the tokens that it returns";
        found.warn(catalog, ICEBERG_REFRESH, message);
    }
}

/// True for a duration of zero, such as `0s`.
fn is_zero(duration: &str) -> bool {
    let number = duration.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c.is_whitespace());
    number.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// A session without a token, such as an impersonated one, falls back to the account of the catalog.
fn check_shared_accounts(catalog: &Properties, credential: &str, found: &mut Findings) {
    let name = found.value(catalog, PASSWORD_CREDENTIAL).known();
    if name.is_none_or(|entry| entry.value != credential) {
        return;
    }
    let message = format!(
        "is set together with {PASSWORD_CREDENTIAL}: a session without a token, such as one with impersonation, would use this shared account; remove it"
    );
    for property in ["connection-user", "connection-password"] {
        if catalog.get(property).is_some() {
            found.warn(catalog, property, &message);
        }
    }
    let provider = found.value(catalog, PROVIDER_PROPERTY).known();
    if provider.is_some_and(|entry| !entry.value.eq_ignore_ascii_case("inline")) {
        found.warn(catalog, PROVIDER_PROPERTY, &message);
    }
    let url = found.value(catalog, "connection-url").known();
    if url.is_some_and(|entry| {
        let url = entry.value.to_ascii_lowercase();
        ["user=", "password="].iter().any(|parameter| url.contains(parameter))
    }) {
        found.warn(catalog, "connection-url", &message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_recognized_in_every_unit() {
        for text in ["0s", "0ms", "0.00 m", "0d"] {
            assert!(is_zero(text), "{text}");
        }
        for text in ["1s", "0.5s", "", "s", "0s1"] {
            assert!(!is_zero(text), "{text}");
        }
    }

    #[test]
    fn references_have_a_provider() {
        for (text, expected) in [("${ENV:A}", true), ("a${vault:x}b", true), ("${KID}", false), ("$a:b}", false)] {
            assert_eq!(is_reference(text), expected, "{text}");
        }
    }
}

//! What the rest of a coordinator's configuration makes of tokens that are passed through.

use std::fs;
use std::path::{Path, PathBuf};

use nativejwt_core::{ConfigurationErrors, Problem, Properties, Property};

use crate::coordinator_file::{CoordinatorFile, TYPE_KEY, names_jwt, parts};

const CONFIG_FILE: &str = "config.properties";
const HTTPS_KEY: &str = "internal-communication.https.required";
const INSECURE_KEY: &str = "http-server.authentication.allow-insecure-over-http";
const PLUGINS_KEY: &str = "header-authenticator.config-files";
/// Where the catalogs are, under its present and its former name.
const CATALOGS_KEYS: [&str; 2] = ["catalog.config-dir", "plugin.config-dir"];
const DISABLED_KEY: &str = "catalog.disabled-catalogs";
const MANAGEMENT_KEY: &str = "catalog.management";

const ICEBERG_SESSION: &str = "iceberg.rest-catalog.session";
const ICEBERG_TIMEOUT: &str = "iceberg.rest-catalog.session-timeout";
const ICEBERG_REFRESH: &str = "iceberg.rest-catalog.oauth2.token-refresh-enabled";
/// The credential that Iceberg's client takes for the bearer token.
const ICEBERG_CREDENTIAL: &str = "token";

const PASSWORD_CREDENTIAL: &str = "password-credential-name";
const PROVIDER_KEY: &str = "credential-provider.type";

/// What was found: what endangers tokens, and what could not be looked at.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) warnings: ConfigurationErrors,
    pub(crate) notes: Vec<String>,
}

impl Findings {
    fn warn(&mut self, file: &Properties, key: &str, message: &str) {
        let line = file.get(key).map_or(0, |entry| entry.line);
        self.warnings.push(Problem::for_property(key, &file.source, line, message));
    }

    /// The entry of a key, with a note where its value is known to the coordinator alone.
    fn value<'f>(&mut self, file: &'f Properties, key: &str) -> Value<'f> {
        match file.get(key) {
            None => Value::Unset,
            Some(entry) if is_reference(&entry.value) => {
                self.notes.push(format!(
                    "{}:{}: {key} is a reference that cannot be followed here; it was not checked",
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
    /// Whether it could be something else than what is wanted.
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

/// What stays of `${PROVIDER:KEY}` where it was not resolved.
fn is_reference(value: &str) -> bool {
    value.split("${").skip(1).any(|rest| rest.split('}').next().is_some_and(|inside| inside.contains(':')))
}

/// Looks for what would hand tokens to others or serve one user with another's. `path` is the file with our keys;
/// config.properties and the catalogs are looked for beside it.
pub(crate) fn look(path: &Path, file: &CoordinatorFile, credential: &str) -> Findings {
    let mut found = Findings::default();
    let folder = path.parent().unwrap_or(Path::new(""));
    let config_path = if file.is_plugin_file { folder.join(CONFIG_FILE) } else { path.to_owned() };
    let config = match load(&config_path) {
        Ok(config) => config,
        Err(errors) => {
            found.notes.extend(errors.problems().iter().map(|problem| {
                format!("{problem}: workers, other authenticators and the place of the catalogs were not checked")
            }));
            Properties::default()
        }
    };
    if !config.entries.is_empty() {
        look_at_connections(&config, &mut found);
        look_at_other_authenticators(&config, file.is_plugin_file, credential, &mut found);
    }
    look_at_catalogs(&config, folder, credential, &mut found);
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

fn look_at_connections(config: &Properties, found: &mut Findings) {
    if found.value(config, HTTPS_KEY).is_not(is_true) {
        found.warn(config, HTTPS_KEY, "is not true: tokens go to the workers with every task, in clear text");
    }
    if found.value(config, INSECURE_KEY).known().is_some_and(|entry| is_true(&entry.value)) {
        let message =
            "is true: over plain HTTP anybody is any user and can send the credential, since no authenticator is asked";
        found.warn(config, INSECURE_KEY, message);
    }
}

fn look_at_other_authenticators(config: &Properties, is_plugin: bool, credential: &str, found: &mut Findings) {
    let is_ours = |name: &&str| if is_plugin { name.eq_ignore_ascii_case("header") } else { names_jwt(name) };
    let send = format!(
        "users of these can send the extra credential '{credential}' themselves, with whatever token they hold, and have hyphens in their names"
    );
    if let Some(entry) = found.value(config, TYPE_KEY).known() {
        let others: Vec<&str> = parts(&entry.value).filter(|name| !is_ours(name)).collect();
        if !others.is_empty() {
            found.warn(config, TYPE_KEY, &format!("lists {} too: {send}", others.join(" and ")));
        }
    }
    if is_plugin
        && let Some(entry) = found.value(config, PLUGINS_KEY).known()
        && parts(&entry.value).count() > 1
    {
        let message = format!("names other authenticators too; unless they are native-jwt's, {send}");
        found.warn(config, PLUGINS_KEY, &message);
    }
}

fn look_at_catalogs(config: &Properties, folder: &Path, credential: &str, found: &mut Findings) {
    if let Some(entry) = found.value(config, MANAGEMENT_KEY).known()
        && !entry.value.eq_ignore_ascii_case("static")
    {
        found.notes.push(format!(
            "{}:{}: {MANAGEMENT_KEY} is '{}': catalogs that are made by SQL were not checked",
            config.source, entry.line, entry.value
        ));
    }
    let named = CATALOGS_KEYS.iter().find_map(|key| found.value(config, key).known());
    let catalogs = named.map_or_else(|| folder.join("catalog"), |entry| PathBuf::from(&entry.value));
    let disabled = found.value(config, DISABLED_KEY).known();
    let disabled: Vec<&str> = disabled.map(|entry| parts(&entry.value).collect()).unwrap_or_default();
    let files = match fs::read_dir(&catalogs) {
        Ok(files) => files,
        Err(error) => {
            found.notes.push(format!("{}: {error}: no catalog was checked", catalogs.display()));
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
                look_at_iceberg(&catalog, credential, found);
                look_at_shared_accounts(&catalog, credential, found);
            }
            Err(errors) => {
                found.notes.extend(errors.problems().iter().map(|problem| format!("{problem}: it was not checked")));
            }
        }
    }
}

/// Iceberg keeps a session for each user and source, with the token it began with.
fn look_at_iceberg(catalog: &Properties, credential: &str, found: &mut Findings) {
    let session = found.value(catalog, ICEBERG_SESSION).known();
    if !session.is_some_and(|entry| entry.value.eq_ignore_ascii_case("user")) {
        return;
    }
    if credential != ICEBERG_CREDENTIAL {
        let message = format!(
            "is USER, but the token is passed through as '{credential}': Iceberg takes it from the extra credential '{ICEBERG_CREDENTIAL}' alone"
        );
        found.warn(catalog, ICEBERG_SESSION, &message);
    }
    if found.value(catalog, ICEBERG_TIMEOUT).is_not(is_no_time) {
        let message = "is not 0s: a session is kept by user and source, and serves requests without a token, with an expired one or with somebody else's";
        found.warn(catalog, ICEBERG_TIMEOUT, message);
    }
    if found.value(catalog, ICEBERG_REFRESH).is_not(|value| value.eq_ignore_ascii_case("false")) {
        let message =
            "is not false: Iceberg sends the tokens of users to the token endpoint, and goes on with what that answers";
        found.warn(catalog, ICEBERG_REFRESH, message);
    }
}

/// Whether a duration such as `0s` is none at all.
fn is_no_time(duration: &str) -> bool {
    let number = duration.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c.is_whitespace());
    number.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// A session without a token, such as one as somebody else, falls back to the account of the catalog.
fn look_at_shared_accounts(catalog: &Properties, credential: &str, found: &mut Findings) {
    let name = found.value(catalog, PASSWORD_CREDENTIAL).known();
    if name.is_none_or(|entry| entry.value != credential) {
        return;
    }
    let message = format!(
        "stands beside {PASSWORD_CREDENTIAL}: a session that has no token, such as one as somebody else, would use this shared account; remove it"
    );
    for key in ["connection-user", "connection-password"] {
        if catalog.get(key).is_some() {
            found.warn(catalog, key, &message);
        }
    }
    let provider = found.value(catalog, PROVIDER_KEY).known();
    if provider.is_some_and(|entry| !entry.value.eq_ignore_ascii_case("inline")) {
        found.warn(catalog, PROVIDER_KEY, &message);
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
    fn no_time_is_zero_of_any_unit() {
        for text in ["0s", "0ms", "0.00 m", "0d"] {
            assert!(is_no_time(text), "{text}");
        }
        for text in ["1s", "0.5s", "", "s", "0s1"] {
            assert!(!is_no_time(text), "{text}");
        }
    }

    #[test]
    fn references_are_those_of_a_provider() {
        for (text, expected) in [("${ENV:A}", true), ("a${vault:x}b", true), ("${KID}", false), ("$a:b}", false)] {
            assert_eq!(is_reference(text), expected, "{text}");
        }
    }
}

//! What the rest of a coordinator's configuration makes of tokens that are passed through.

use std::fs;
use std::path::{Path, PathBuf};

use nativejwt_core::{ConfigurationErrors, Problem, Properties, Property};

use crate::coordinator_file::{TYPE_KEY, names_jwt};

const CONFIG_FILE: &str = "config.properties";
const HTTPS_KEY: &str = "internal-communication.https.required";
const CATALOGS_KEY: &str = "catalog.config-dir";

const ICEBERG_SESSION: &str = "iceberg.rest-catalog.session";
const ICEBERG_TIMEOUT: &str = "iceberg.rest-catalog.session-timeout";
const ICEBERG_REFRESH: &str = "iceberg.rest-catalog.oauth2.token-refresh-enabled";
/// The credential that Iceberg's client takes for the bearer token.
const ICEBERG_CREDENTIAL: &str = "token";

const PASSWORD_CREDENTIAL: &str = "password-credential-name";

/// Warns of what would hand tokens to others or serve one user with another's. `path` is the file with our keys;
/// config.properties and the catalogs are looked for beside it.
pub(crate) fn warn(path: &Path, credential: &str, warnings: &mut ConfigurationErrors) {
    let folder = path.parent().unwrap_or(Path::new(""));
    let config = [path, &folder.join(CONFIG_FILE)]
        .into_iter()
        .find_map(|file| Properties::load(file).ok().filter(|config| config.get(TYPE_KEY).is_some()));
    if let Some(config) = &config {
        warn_of_workers(config, warnings);
        warn_of_other_authenticators(config, credential, warnings);
    }
    let named = config.as_ref().and_then(|config| config.get(CATALOGS_KEY)).map(|entry| PathBuf::from(&entry.value));
    for catalog in catalogs(&named.unwrap_or_else(|| folder.join("catalog"))) {
        warn_of_iceberg(&catalog, credential, warnings);
        warn_of_shared_account(&catalog, credential, warnings);
    }
}

fn warn_of_workers(config: &Properties, warnings: &mut ConfigurationErrors) {
    let entry = config.get(HTTPS_KEY);
    if entry.is_none_or(|entry| !entry.value.eq_ignore_ascii_case("true")) {
        let message = "is not true: tokens go to the workers with every task, in clear text";
        warnings.push(Problem::of_key(HTTPS_KEY, &config.source, entry.map_or(0, |entry| entry.line), message));
    }
}

fn warn_of_other_authenticators(config: &Properties, credential: &str, warnings: &mut ConfigurationErrors) {
    let Some(entry) = config.get(TYPE_KEY) else { return };
    let others: Vec<&str> = entry.value.split(',').map(str::trim).filter(|name| !is_ours(name)).collect();
    if !others.is_empty() {
        let message = format!(
            "lists {} too: users of these can send the extra credential '{credential}' themselves, with whatever token they hold",
            others.join(" and ")
        );
        warnings.push(Problem::of_key(TYPE_KEY, &config.source, entry.line, message));
    }
}

fn is_ours(name: &str) -> bool {
    names_jwt(name) || name.eq_ignore_ascii_case("header")
}

fn catalogs(folder: &Path) -> Vec<Properties> {
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|file| file.path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "properties")).collect();
    files.sort();
    files.iter().filter_map(|file| Properties::load(file).ok()).collect()
}

/// Iceberg keeps a session for each user and source, with the token it began with.
fn warn_of_iceberg(catalog: &Properties, credential: &str, warnings: &mut ConfigurationErrors) {
    let Some(session) = catalog.get(ICEBERG_SESSION).filter(|entry| entry.value.eq_ignore_ascii_case("user")) else {
        return;
    };
    let mut warn = |key: &str, entry: Option<&Property>, message: &str| {
        let line = entry.map_or(0, |entry| entry.line);
        warnings.push(Problem::of_key(key, &catalog.source, line, message));
    };
    if credential != ICEBERG_CREDENTIAL {
        let message = format!(
            "is USER, but the token is passed through as '{credential}': Iceberg takes it from the extra credential '{ICEBERG_CREDENTIAL}' alone"
        );
        warn(ICEBERG_SESSION, Some(session), &message);
    }
    let timeout = catalog.get(ICEBERG_TIMEOUT);
    if !timeout.is_some_and(|entry| is_no_time(&entry.value)) {
        let message = "is not 0s: a session is kept by user and source, and serves requests without a token, with an expired one or with somebody else's";
        warn(ICEBERG_TIMEOUT, timeout, message);
    }
    let refresh = catalog.get(ICEBERG_REFRESH);
    if refresh.is_none_or(|entry| !entry.value.eq_ignore_ascii_case("false")) {
        let message =
            "is not false: Iceberg sends the tokens of users to the token endpoint, and goes on with what that answers";
        warn(ICEBERG_REFRESH, refresh, message);
    }
}

/// Whether a duration such as `0s` is none at all.
fn is_no_time(duration: &str) -> bool {
    let number = duration.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c.is_whitespace());
    number.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// A session without a token, such as one as somebody else, falls back to the account of the catalog.
fn warn_of_shared_account(catalog: &Properties, credential: &str, warnings: &mut ConfigurationErrors) {
    if catalog.get(PASSWORD_CREDENTIAL).is_none_or(|entry| entry.value != credential) {
        return;
    }
    for key in ["connection-user", "connection-password"] {
        if let Some(entry) = catalog.get(key) {
            let message = format!(
                "stands beside {PASSWORD_CREDENTIAL}: a session that has no token, such as one as somebody else, would use this shared account; remove it"
            );
            warnings.push(Problem::of_key(key, &catalog.source, entry.line, message));
        }
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
}

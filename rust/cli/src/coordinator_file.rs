//! The file that holds a coordinator's configuration of this authenticator: a whole config.properties, or the file of
//! the header authenticator plugin.

use std::env::{self, VarError};
use std::path::Path;

use nativejwt_core::{ConfigurationErrors, Problem, Properties};

/// What our keys begin with; a config.properties has many others, which are not ours to judge.
const PREFIXES: [&str; 3] = ["http-server.authentication.jwt.", "http.authentication.jwt.", "jwk.http-client."];

/// The key by which Trino chooses a header authenticator plugin.
const PLUGIN_KEY: &str = "header-authenticator.name";
const PLUGIN_NAME: &str = "native-jwt";

/// The key that says in config.properties how clients log in.
pub(crate) const TYPE_KEY: &str = "http-server.authentication.type";

/// Our keys of a file, with the values that the coordinator would see.
pub(crate) struct CoordinatorFile {
    /// Keys and resolved values.
    pub(crate) properties: Properties,
    /// True for the file of the plugin, false for a config.properties.
    pub(crate) is_plugin_file: bool,
    /// `http-server.authentication.type` of a config.properties, and its line.
    pub(crate) authentication_type: Option<(String, usize)>,
}

impl CoordinatorFile {
    /// Reads the file, chooses our keys and resolves `${ENV:NAME}`.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigurationErrors> {
        let mut properties = Properties::load(path)?;
        let source = properties.source.clone();
        let mut errors = ConfigurationErrors::default();
        let plugin_name = properties.get(PLUGIN_KEY).cloned();
        if let Some(name) = &plugin_name
            && name.value != PLUGIN_NAME
        {
            let message = format!("is '{}', which is another plugin; ours is {PLUGIN_NAME}", name.value);
            errors.push(Problem::of_key(PLUGIN_KEY, &source, name.line, message));
        }
        let authentication_type = properties.get(TYPE_KEY).map(|entry| (entry.value.clone(), entry.line));
        let is_plugin_file = plugin_name.is_some();
        properties.entries.retain(|entry| match is_plugin_file {
            true => entry.key != PLUGIN_KEY,
            false => PREFIXES.iter().any(|prefix| entry.key.starts_with(prefix)),
        });
        for entry in &mut properties.entries {
            match resolve(&entry.value) {
                Ok(value) => entry.value = value,
                Err(message) => errors.push(Problem::of_key(&entry.key, &source, entry.line, message)),
            }
        }
        if errors.problems().is_empty() {
            Ok(Self { properties, is_plugin_file, authentication_type })
        } else {
            Err(errors)
        }
    }
}

/// Resolves `${PROVIDER:KEY}` as airlift's `SecretsResolver` does, for the one provider that is always there: `ENV`.
/// What has no colon, such as `${KID}`, stays.
fn resolve(value: &str) -> Result<String, String> {
    let mut resolved = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        resolved.push_str(before);
        let Some((provider, name, after)) = secret_reference(reference) else {
            resolved.push_str("${");
            rest = reference.strip_prefix("${").unwrap_or_default();
            continue;
        };
        if !provider.eq_ignore_ascii_case("env") {
            return Err(format!(
                "takes a secret from the provider '{provider}', which only the coordinator can ask; this command resolves ${{ENV:NAME}}"
            ));
        }
        match env::var(name) {
            Ok(value) => resolved.push_str(&value),
            Err(VarError::NotPresent) => {
                return Err(format!(
                    "takes its value from the environment variable {name}, which is not set: set it as for the coordinator"
                ));
            }
            Err(VarError::NotUnicode(_)) => return Err(format!("takes its value from {name}, which is not UTF-8")),
        }
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// Splits `${PROVIDER:KEY}…` into provider, key and what follows; the provider is `[a-zA-Z][a-zA-Z0-9_-]*`.
fn secret_reference(text: &str) -> Option<(&str, &str, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let (provider, key) = inside.split_once(':')?;
    let is_name = provider.starts_with(|c: char| c.is_ascii_alphabetic())
        && provider.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    (is_name && !key.is_empty()).then_some((provider, key, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_the_environment_are_found_and_others_left_alone() {
        assert_eq!(secret_reference("${ENV:A_B}x"), Some(("ENV", "A_B", "x")));
        for text in ["${KID}", "${:a}", "${ENV:}", "${1:a}", "$KEYID", "${ENV:A"] {
            assert_eq!(secret_reference(text), None, "{text}");
            assert_eq!(resolve(text).as_deref(), Ok(text));
        }
        assert!(resolve("a${VAULT:x}").unwrap_err().contains("VAULT"));
        assert!(resolve("${ENV:NATIVEJWT_NO_SUCH_VARIABLE}").unwrap_err().contains("NATIVEJWT_NO_SUCH_VARIABLE"));
        let path = env::var("PATH").unwrap();
        assert_eq!(resolve("a/${KID}/${env:PATH}/b").unwrap(), format!("a/${{KID}}/{path}/b"));
    }
}

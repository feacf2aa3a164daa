// SPDX-License-Identifier: Apache-2.0
//! `${ENV:NAME}` in values.

use std::env::{self, VarError};

use crate::config::problem::{ConfigurationErrors, Problem};
use crate::config::properties::Properties;

impl Properties {
    /// Resolves `${ENV:NAME}` in all values. Errors go to `errors`, and the value stays unresolved.
    pub fn resolve_environment(&mut self, errors: &mut ConfigurationErrors) {
        for entry in &mut self.entries {
            match resolve(&entry.value) {
                Ok(value) => entry.value = value,
                Err(message) => errors.push(Problem::for_property(&entry.name, &self.source, entry.line, message)),
            }
        }
    }
}

/// Resolves `${PROVIDER:KEY}` as airlift's `SecretsResolver` does, for the built-in provider `ENV` only. Text without a
/// colon, such as `${KID}`, stays as it is.
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
                "refers to the secret provider '{provider}', which only the coordinator can query; here, only ${{ENV:NAME}} is resolved"
            ));
        }
        match env::var(name) {
            Ok(value) => resolved.push_str(&value),
            Err(VarError::NotPresent) => {
                return Err(format!(
                    "refers to the environment variable {name}, which is not set: set it as for the coordinator"
                ));
            }
            Err(VarError::NotUnicode(_)) => {
                return Err(format!("refers to the environment variable {name}, whose value is not UTF-8"));
            }
        }
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// Splits `${PROVIDER:KEY}…` into provider, key and the rest; the provider is `[a-zA-Z][a-zA-Z0-9_-]*`.
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
    fn references_to_the_environment_are_resolved_and_others_kept() {
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

// SPDX-License-Identifier: Apache-2.0
//! What a caller needs to know about a configuration before it opens it.

use crate::config::{Configuration, ConfigurationErrors, GlobalConfiguration, Properties};
use crate::host::HostProcess;
use crate::keys::KeyFileKind;

/// What a caller needs to know about a configuration before it opens it. The code that opens the configuration reads it,
/// so no caller interprets a property itself. Errors are left to the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationSummary {
    /// True if a server is asked: for keys, perhaps after a change of one of `config-files`, or for storage credentials.
    pub uses_http_client: bool,
    /// True if a server is asked and no trust store is set, so the certificates that the caller trusts are used.
    pub uses_jvm_trust: bool,
    /// True if sessions can get groups or the token, or if a file of `config-files` can configure it.
    pub gives_more_than_a_user: bool,
    /// `pass-through.credential-name`: the extra credential that connectors get the token as.
    pub credential_name: Option<String>,
    /// `pass-through.allow-user-with-hyphen`.
    pub allows_user_with_hyphen: bool,
    /// True if sessions get credentials of an object store (`storage.sts-endpoint`), or placeholders for them.
    pub gives_storage_credentials: bool,
    /// `shadow`: the built-in authenticator answers.
    pub is_shadow: bool,
}

impl ConfigurationSummary {
    /// Summarizes the properties. It reads no file.
    #[must_use]
    pub fn of(properties: &Properties) -> Self {
        let mut errors = ConfigurationErrors::default();
        let global = GlobalConfiguration::read(properties, &HostProcess::default(), &mut errors);
        let (fetches_keys, has_trust_store, gives_groups) = match Configuration::read(properties, &mut errors) {
            Configuration::One(issuer) => (
                KeyFileKind::from_value(&issuer.key_file.value) == KeyFileKind::Remote,
                issuer.http_client.trust_store.is_some(),
                issuer.groups_field.is_some(),
            ),
            Configuration::Several { .. } => (true, false, true),
        };
        // Rules can set groups, also after a change of their file.
        let gives_groups = gives_groups || global.claim_rules_file.is_some();
        let allows_user_with_hyphen = global.pass_through.as_ref().is_some_and(|rules| rules.allow_user_with_hyphen);
        let gives_storage_credentials = global.storage.is_some();
        let is_shadow = global.shadow.is_some();
        let uses_http_client = fetches_keys || gives_storage_credentials;
        let credential_name = global.pass_through.map(|rules| rules.credential_name);
        Self {
            uses_http_client,
            uses_jvm_trust: uses_http_client && !has_trust_store,
            gives_more_than_a_user: gives_groups || credential_name.is_some() || gives_storage_credentials,
            credential_name,
            allows_user_with_hyphen,
            gives_storage_credentials,
            is_shadow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(text: &str) -> ConfigurationSummary {
        ConfigurationSummary::of(&Properties::parse(text, "").unwrap())
    }

    #[test]
    fn keys_are_fetched_where_opening_would_fetch_them() {
        for (key_file, fetches) in [
            ("https://idp.example/jwks", true),
            ("HTTP://idp.example/jwks", true),
            ("oidc:https://idp.example", true),
            ("OIDC:https://idp.example", true),
            ("/etc/https://", false),
            ("inline:{\"keys\":[]}", false),
            ("/keys/${KID}.pem", false),
            ("etc/key.pem", false),
        ] {
            for name in ["http-server.authentication.jwt.key-file", "http.authentication.jwt.key-file"] {
                let summary = summary(&format!("{name}={key_file}"));
                assert_eq!((summary.uses_http_client, summary.uses_jvm_trust), (fetches, fetches), "{name}={key_file}");
            }
        }
        let with_store = "http-server.authentication.jwt.key-file=https\\://a/\njwk.http-client.trust-store-path=b";
        assert_eq!((summary(with_store).uses_http_client, summary(with_store).uses_jvm_trust), (true, false));
        let several = summary("http-server.authentication.jwt.config-files=a,b");
        assert!(several.uses_http_client && several.uses_jvm_trust && several.gives_more_than_a_user);
        assert!(!summary("").uses_http_client);
        assert!(summary("http-server.authentication.jwt.shadow=true").is_shadow && !summary("").is_shadow);
    }

    #[test]
    fn what_sessions_get_is_what_opening_would_give_them() {
        let of = |lines: &str| {
            let text: String = lines.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
            let summary = summary(&text);
            (summary.gives_more_than_a_user, summary.credential_name, summary.allows_user_with_hyphen)
        };
        let name = || Some("token".to_owned());
        assert_eq!(of("key-file=a"), (false, None, false));
        assert_eq!(of("key-file=a\ngroups-field=groups"), (true, None, false));
        assert_eq!(of("key-file=a\nclaim-rules.file=a"), (true, None, false));
        assert_eq!(of("key-file=a\npass-through.credential-name = token"), (true, name(), false));
        let with_hyphen = "pass-through.credential-name=token\npass-through.allow-user-with-hyphen=TRUE";
        assert_eq!(of(with_hyphen), (true, name(), true));
        assert_eq!(of("pass-through.allow-user-with-hyphen=true"), (false, None, false));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Shadow mode: the built-in authenticator answers, and nativejwt judges beside it.

use crate::config::known::{CONFIG_FILES, CREDENTIAL_NAME, LOGOUT_CLIENT_ID, PREFIX, SHADOW, STORAGE_STS_ENDPOINT};
use crate::config::problem::ConfigurationErrors;
use crate::config::properties::Properties;
use crate::config::setting::{Setting, setting};
use crate::host::HostProcess;
use crate::keys::KeyFileKind;

/// Properties whose effect is an answer, and why the built-in authenticator does not give it.
const ANSWERS: [(&str, &str); 3] = [
    (CREDENTIAL_NAME, "the built-in authenticator makes the identities, which have no token in them"),
    (
        STORAGE_STS_ENDPOINT,
        "the built-in authenticator makes the identities, which have no storage credentials in them",
    ),
    (LOGOUT_CLIENT_ID, "the built-in authenticator still accepts the tokens of users who have logged out"),
];

/// Reads `shadow`, and reports properties that contradict it. `None` if it is off.
pub(super) fn read(properties: &Properties, host: &HostProcess, errors: &mut ConfigurationErrors) -> Option<Setting> {
    let shadow = setting(properties, SHADOW, errors)?;
    if !shadow.boolean(errors)? {
        return None;
    }
    // Their own errors are reported elsewhere.
    let set = |name: &str| setting(properties, name, &mut ConfigurationErrors::default());
    for (name, why) in ANSWERS {
        if let Some(setting) = set(name) {
            errors.push(
                setting.problem(format!("cannot be used in shadow mode: {why}. Remove it until you end shadow mode")),
            );
        }
    }
    if host.beside_built_in {
        report_unreadable(set, errors);
    }
    Some(shadow)
}

/// Reports what the built-in authenticator cannot read, or would read as something else.
fn report_unreadable(set: impl Fn(&str) -> Option<Setting>, errors: &mut ConfigurationErrors) {
    if let Some(files) = set(CONFIG_FILES) {
        errors.push(files.problem(format!(
            "cannot be used in shadow mode: the built-in authenticator supports one issuer. Set {PREFIX}key-file instead, or end \
             shadow mode"
        )));
    }
    let Some(key_file) = set("key-file") else { return };
    let value = &key_file.value;
    let instead = match KeyFileKind::from_value(value) {
        KeyFileKind::Remote if is_url(value) => return,
        KeyFileKind::Remote if !value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("oidc:")) => {
            "takes a URL with its scheme in upper case for a path. Write https:// in lower case"
        }
        KeyFileKind::Remote => {
            "does not know oidc:. Give the URL of the JWK Set, which the discovery document has as jwks_uri"
        }
        KeyFileKind::Inline => "does not know inline:. Give a key file or the URL of the JWK Set",
        KeyFileKind::Template if !value.contains("${KID}") => "does not know $KEYID. Write ${KID}",
        KeyFileKind::Template | KeyFileKind::File => return,
    };
    errors.push(key_file.problem(format!(
        "cannot be used in shadow mode: the built-in authenticator, which answers, {instead}, or end shadow mode"
    )));
}

/// A URL in the sense of the built-in authenticator, which reads its scheme as it is written.
fn is_url(value: &str) -> bool {
    value.starts_with("https://") || value.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str, beside_built_in: bool) -> (bool, String) {
        let text: String = text.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
        let host = HostProcess { beside_built_in, ..HostProcess::default() };
        let mut errors = ConfigurationErrors::default();
        let is_on = read(&Properties::parse(&text, "f").unwrap(), &host, &mut errors).is_some();
        (is_on, errors.to_string())
    }

    #[test]
    fn it_is_off_unless_it_is_true() {
        assert_eq!(errors("key-file=oidc:https://a", true), (false, String::new()));
        assert_eq!(errors("shadow=false\nkey-file=oidc:https://a", true), (false, String::new()));
        assert_eq!(errors("shadow=TRUE\nkey-file=a", true), (true, String::new()));
        let (is_on, error) = errors("shadow=yes", true);
        assert!(
            !is_on && error.contains("f:1: http-server.authentication.jwt.shadow is 'yes', but must be"),
            "{error}"
        );
    }

    #[test]
    fn what_the_built_in_authenticator_cannot_read_is_an_error() {
        for (line, expected) in [
            ("key-file=oidc:https://a", "does not know oidc:. Give the URL of the JWK Set"),
            ("key-file=OIDC:https://a", "does not know oidc:."),
            ("key-file=HTTPS://a", "with its scheme in upper case for a path. Write https://"),
            ("key-file=inline:{}", "does not know inline:. Give a key file"),
            ("key-file=/keys/$KEYID.pem", "does not know $KEYID. Write ${KID}"),
            ("config-files=a,b", "supports one issuer. Set http-server.authentication.jwt.key-file instead"),
        ] {
            let (_, found) = errors(&format!("shadow=true\n{line}"), true);
            assert!(found.starts_with("f:2: ") && found.contains(expected), "{line}: {found}");
            assert_eq!(found.lines().count(), 1, "{line}: {found}");
            // The plugin does not share its configuration with the built-in authenticator.
            assert_eq!(errors(&format!("shadow=true\n{line}"), false), (true, String::new()), "{line}");
        }
        for line in
            ["key-file=https://a/jwks", "key-file=http://a", "key-file=/keys/${KID}.pem", "key-file=/keys/a.pem"]
        {
            assert_eq!(errors(&format!("shadow=true\n{line}"), true), (true, String::new()), "{line}");
        }
    }

    #[test]
    fn what_changes_an_answer_is_an_error_in_both_integrations() {
        for line in
            ["pass-through.credential-name=token", "storage.sts-endpoint=https://s", "backchannel-logout.client-id=c"]
        {
            for beside in [true, false] {
                let (_, found) = errors(&format!("shadow=true\n{line}"), beside);
                assert!(
                    found.contains("cannot be used in shadow mode") && found.lines().count() == 1,
                    "{line}: {found}"
                );
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The properties that apply to all issuers. They are set beside `config-files`, never in the file of one issuer.

use std::time::Duration;

use crate::config::known::{
    ALLOW_USER_WITH_HYPHEN, CLAIM_RULES_FILE, CONFIG_FILES, CONTROL_SOCKET, CREDENTIAL_NAME, LOGOUT_CLIENT_ID,
    LOGOUT_FILE, LOGOUT_RETENTION, MAX_TOKEN_SIZE, MINIMUM_LIFETIME, PREFIX, REVOCATION_FILE, TOKEN_CACHE_SIZE,
    is_global,
};
use crate::config::problem::{ConfigurationErrors, Problem};
use crate::config::properties::Properties;
use crate::config::setting::{Setting, setting};
use crate::config::shadow;
use crate::config::storage::StorageSettings;
use crate::config::units;
use crate::host::HostProcess;
use crate::pass_through::PassThrough;
use crate::token_cache::TokenCache;

const KIB: u64 = 1024;
const DEFAULT_MAX_TOKEN_SIZE: usize = 16 * 1024;
/// Everything that a token of this size contains still fits into a record of the boundary.
const LARGEST_MAX_TOKEN_SIZE: u64 = 32 * KIB;
/// Room for 30,000 tokens of 1.2 kB.
const DEFAULT_TOKEN_CACHE_SIZE: u64 = 64 * KIB * KIB;
/// More than the tokens of any coordinator need.
const LARGEST_TOKEN_CACHE_SIZE: u64 = 64 * KIB * KIB * KIB;
/// Longer than the access tokens of most issuers live.
const DEFAULT_LOGOUT_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const MIN_LOGOUT_RETENTION: Duration = Duration::from_secs(60 * 60);
/// Longer than any token that is passed through should be valid.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The rules for every token of every issuer.
#[derive(Clone, Debug)]
pub(crate) struct GlobalConfiguration {
    /// The longest token that is accepted, in bytes.
    pub(crate) max_token_size: usize,
    /// The memory of the token cache, in bytes; `None` if it is off.
    pub(crate) token_cache_size: Option<u64>,
    /// The file of claim rules.
    pub(crate) claim_rules_file: Option<Setting>,
    /// `revocation-file`.
    pub(crate) revocation_file: Option<Setting>,
    /// The properties of back-channel logout; `None` if it is off.
    pub(crate) logout: Option<LogoutConfiguration>,
    /// The rules for passing tokens through to connectors; `None` if it is off.
    pub(crate) pass_through: Option<PassThrough>,
    /// The properties of storage credentials; `None` if they are off.
    pub(crate) storage: Option<StorageSettings>,
    /// `control-socket`.
    pub(crate) control_socket: Option<Setting>,
    /// `shadow`, if it is true.
    pub(crate) shadow: Option<Setting>,
}

impl GlobalConfiguration {
    /// Reads the properties. Errors go to `errors`.
    pub(crate) fn read(properties: &Properties, host: &HostProcess, errors: &mut ConfigurationErrors) -> Self {
        // Empty paths are errors when the files are opened.
        let claim_rules_file = setting(properties, CLAIM_RULES_FILE, errors);
        let revocation_file = setting(properties, REVOCATION_FILE, errors);
        let control_socket = setting(properties, CONTROL_SOCKET, errors).filter(|setting| !setting.value.is_empty());
        let logout = LogoutConfiguration::read(properties, host, errors);
        let storage = StorageSettings::read(properties, host, errors);
        let shadow = shadow::read(properties, host, errors);
        let mut read = |name: &str| setting(properties, name, errors).filter(|setting| !setting.value.is_empty());
        let max_token_size = read(MAX_TOKEN_SIZE);
        let token_cache_size = read(TOKEN_CACHE_SIZE);
        let credential_name = read(CREDENTIAL_NAME);
        let minimum_lifetime = read(MINIMUM_LIFETIME);
        let allow_user_with_hyphen = read(ALLOW_USER_WITH_HYPHEN);
        if let Some(name) = &credential_name {
            check_credential_name(name, host, errors);
        } else {
            for setting in [&minimum_lifetime, &allow_user_with_hyphen].into_iter().flatten() {
                errors.push(setting.problem(format!(
                    "has no effect: {PREFIX}{CREDENTIAL_NAME} is not set. Set it, or remove this line"
                )));
            }
        }
        let minimum_lifetime = minimum_lifetime.and_then(|setting| lifetime(&setting, errors)).unwrap_or_default();
        let allow_user_with_hyphen =
            allow_user_with_hyphen.and_then(|setting| setting.boolean(errors)).unwrap_or(false);
        let pass_through = credential_name.map(|name| PassThrough {
            credential_name: name.value,
            minimum_lifetime,
            allow_user_with_hyphen,
        });
        Self {
            max_token_size: max_token_size
                .and_then(|setting| token_size(&setting, errors))
                .unwrap_or(DEFAULT_MAX_TOKEN_SIZE),
            token_cache_size: token_cache_size
                .map_or(Some(DEFAULT_TOKEN_CACHE_SIZE), |setting| cache_size(&setting, errors)),
            claim_rules_file,
            revocation_file,
            logout,
            pass_through,
            storage,
            control_socket,
            shadow,
        }
    }

    /// Reports these properties in the file of one issuer.
    pub(super) fn report_in_issuer_file(properties: &Properties, errors: &mut ConfigurationErrors) {
        for entry in &properties.entries {
            if is_global(&entry.name) {
                let message = format!("applies to all issuers: move it to the file that sets {PREFIX}{CONFIG_FILES}");
                errors.push(Problem::for_property(&entry.name, &properties.source, entry.line, message));
            }
        }
    }
}

/// `backchannel-logout.*`.
#[derive(Clone, Debug)]
pub(crate) struct LogoutConfiguration {
    /// The client of the coordinator at its issuers.
    pub(crate) client_id: Setting,
    /// The file that keeps logouts over a restart.
    pub(crate) file: Setting,
    /// How long a logout is kept.
    pub(crate) retention: Duration,
}

impl LogoutConfiguration {
    fn read(properties: &Properties, host: &HostProcess, errors: &mut ConfigurationErrors) -> Option<Self> {
        let [client_id, file, retention] =
            [LOGOUT_CLIENT_ID, LOGOUT_FILE, LOGOUT_RETENTION].map(|name| setting(properties, name, errors));
        let Some(client_id) = client_id else {
            for setting in [file, retention].into_iter().flatten() {
                errors.push(setting.problem(format!(
                    "has no effect: {PREFIX}{LOGOUT_CLIENT_ID} is not set. Set it, or remove this line"
                )));
            }
            return None;
        };
        if host.without_logout_endpoint {
            errors.push(client_id.problem(
                "requires the server launcher: the plugin cannot receive logout tokens. Remove the property, or start the \
                 coordinator with the server launcher",
            ));
            return None;
        }
        let retention =
            retention.map_or(Some(DEFAULT_LOGOUT_RETENTION), |setting| match units::duration(&setting.value) {
                Ok(retention) if (MIN_LOGOUT_RETENTION..=YEAR).contains(&retention) => Some(retention),
                Ok(_) => {
                    errors.push(setting.problem(format!("is {}, but must be from 1h to 365d", setting.value)));
                    None
                }
                Err(why) => {
                    errors.push(setting.problem(why));
                    None
                }
            });
        let Some(file) = file.filter(|file| !file.value.is_empty()) else {
            errors.push(client_id.problem(format!(
                "is set, but {PREFIX}{LOGOUT_FILE} is not: name a file of this coordinator alone, which it creates. Without \
                 it, a restart would let users in again who have logged out"
            )));
            return None;
        };
        Some(Self { client_id, file, retention: retention? })
    }
}

/// The name must be one that a client could send, so that a client that sends it is rejected. It must not be one that
/// Trino reserves.
fn check_credential_name(name: &Setting, host: &HostProcess, errors: &mut ConfigurationErrors) {
    if host.without_identity {
        errors.push(name.problem(
            "requires Trino 480 or later with the plugin (earlier plugin interfaces return only a principal); the server launcher supports it from Trino 476",
        ));
    }
    if let Some(character) = name.value.chars().find(|&c| !c.is_ascii_graphic() || matches!(c, ',' | '=')) {
        errors.push(name.problem(format!(
            "contains {character:?}: a credential name consists of visible ASCII characters other than comma and equals sign"
        )));
    } else if name.value.starts_with("internal$") {
        errors.push(
            name.problem("begins with internal$, which Trino reserves for its own credentials: choose another name"),
        );
    }
}

fn token_size(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<usize> {
    match units::data_size(&setting.value) {
        Ok(size) if (KIB..=LARGEST_MAX_TOKEN_SIZE).contains(&size) => return usize::try_from(size).ok(),
        Ok(_) => errors.push(setting.problem(format!("is {}, but must be from 1kB to 32kB", setting.value))),
        Err(why) => errors.push(setting.problem(why)),
    }
    None
}

/// The memory of the token cache; `None` if it is off.
fn cache_size(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<u64> {
    match units::data_size(&setting.value) {
        Ok(0) => {}
        Ok(size) if (TokenCache::MIN_BYTES..=LARGEST_TOKEN_CACHE_SIZE).contains(&size) => return Some(size),
        Ok(_) => {
            let value = &setting.value;
            errors.push(setting.problem(format!("is {value}, but must be 0B (no cache) or from 64kB to 64GB")));
        }
        Err(why) => errors.push(setting.problem(why)),
    }
    None
}

fn lifetime(setting: &Setting, errors: &mut ConfigurationErrors) -> Option<Duration> {
    match units::duration(&setting.value) {
        Ok(lifetime) if lifetime <= YEAR => return Some(lifetime),
        Ok(_) => errors.push(setting.problem(format!("is {}, but must be at most 365d", setting.value))),
        Err(why) => errors.push(setting.problem(why)),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_in(host: &HostProcess, text: &str) -> (GlobalConfiguration, String) {
        let text: String = text.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
        let properties = Properties::parse(&text, "f").unwrap();
        let mut errors = ConfigurationErrors::default();
        (GlobalConfiguration::read(&properties, host, &mut errors), errors.to_string())
    }

    fn read(text: &str) -> (GlobalConfiguration, String) {
        read_in(&HostProcess::default(), text)
    }

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        let (whole, errors) = read("");
        assert_eq!((whole.max_token_size, whole.pass_through.is_none(), &*errors), (16_384, true, ""));
        assert_eq!(whole.token_cache_size, Some(67_108_864));
        let (whole, errors) = read("pass-through.credential-name=token");
        let pass_through = whole.pass_through.unwrap();
        assert_eq!((pass_through.minimum_lifetime, pass_through.allow_user_with_hyphen), (Duration::ZERO, false));
        assert_eq!(errors, "");
    }

    #[test]
    fn each_property_is_read() {
        let (whole, errors) = read(
            "max-token-size=32kB\npass-through.credential-name=oauth2.token\npass-through.minimum-lifetime=5m\n\
             pass-through.allow-user-with-hyphen=true",
        );
        let pass_through = whole.pass_through.unwrap();
        assert_eq!((whole.max_token_size, &*errors), (32_768, ""));
        assert_eq!((pass_through.minimum_lifetime.as_secs(), pass_through.allow_user_with_hyphen), (300, true));
        assert_eq!(read("token-cache.max-size=1.5MB").0.token_cache_size, Some(1_572_864));
        assert_eq!(read("token-cache.max-size=0B").0.token_cache_size, None);
    }

    #[test]
    fn each_wrong_value_is_reported_with_its_line() {
        let name = "pass-through.credential-name";
        for (text, expected) in [
            ("max-token-size=16KB".to_owned(), "f:1: http-server.authentication.jwt.max-token-size is '16KB', which"),
            ("max-token-size=0B".to_owned(), "max-token-size is 0B, but must be from 1kB to 32kB"),
            ("max-token-size=1MB".to_owned(), "max-token-size is 1MB, but must be from 1kB to 32kB"),
            ("token-cache.max-size=10kB".to_owned(), "max-size is 10kB, but must be 0B (no cache) or from 64kB"),
            ("token-cache.max-size=65GB".to_owned(), "max-size is 65GB, but must be"),
            ("token-cache.max-size=16M".to_owned(), "max-size is '16M', which is not a size"),
            (format!("{name}=a b"), "credential-name contains ' '"),
            (format!("{name}=a=b"), "credential-name contains '='"),
            (format!("{name}=internal$s3_aws_secret_key"), "credential-name begins with internal$"),
            (
                "pass-through.minimum-lifetime=5m".to_owned(),
                "f:1: http-server.authentication.jwt.pass-through.minimum-lifetime has no effect: http-server.authentication.jwt.pass-through.credential-name is not set",
            ),
            ("pass-through.allow-user-with-hyphen=true".to_owned(), "allow-user-with-hyphen has no effect"),
            (format!("{name}=token\npass-through.minimum-lifetime=5"), "f:2: "),
            (format!("{name}=token\npass-through.minimum-lifetime=366d"), "but must be at most 365d"),
            (format!("{name}=token\npass-through.allow-user-with-hyphen=1"), "but must be true or false"),
        ] {
            let errors = read(&text).1;
            assert!(errors.contains(expected) && errors.lines().count() == 1, "{text}: {errors}");
        }
    }

    #[test]
    fn a_caller_that_takes_no_identity_cannot_pass_a_token_through() {
        let principal_only = HostProcess { without_identity: true, ..HostProcess::default() };
        let errors = read_in(&principal_only, "pass-through.credential-name=token").1;
        assert!(errors.contains("credential-name requires Trino 480 or later"), "{errors}");
    }
}

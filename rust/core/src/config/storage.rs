// SPDX-License-Identifier: Apache-2.0
//! The properties `storage.*`: credentials of an object store, in exchange for the caller's token.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::claims::path::ClaimPath;
use crate::config::known::{
    PREFIX, STORAGE_ALLOWED_ROLES, STORAGE_EXCHANGE_AUDIENCE, STORAGE_EXCHANGE_CLIENT_ID, STORAGE_EXCHANGE_ENDPOINT,
    STORAGE_EXCHANGE_SECRET, STORAGE_EXCHANGE_SECRET_FILE, STORAGE_MINIMUM_LIFETIME, STORAGE_NAMES, STORAGE_ROLE,
    STORAGE_ROLE_FIELD, STORAGE_ROLE_FILE, STORAGE_SESSION_DURATION, STORAGE_STS_ENDPOINT, STORAGE_TIMEOUT,
    STORAGE_WHEN_UNAVAILABLE,
};
use crate::config::problem::ConfigurationErrors;
use crate::config::properties::Properties;
use crate::config::setting::{Setting, setting};
use crate::config::units;
use crate::host::HostProcess;
use crate::http::endpoint::{Endpoint, is_loopback};

/// The bounds of `DurationSeconds` (AWS Security Token Service, AssumeRoleWithWebIdentity).
const SESSION_DURATIONS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(15 * 60)..=Duration::from_secs(12 * 60 * 60);
const DEFAULT_SESSION_DURATION: Duration = Duration::from_secs(60 * 60);
const DEFAULT_MINIMUM_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// A session must live this much longer than the minimum, or each statement would need an exchange.
const MARGIN: Duration = Duration::from_secs(5 * 60);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUTS: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
/// The place of the mapped user in a role.
pub(crate) const USER: &str = "${USER}";

/// Where the role of a token comes from.
#[derive(Clone, Debug)]
pub(crate) enum RoleSetting {
    /// One ARN for all, which may contain [`USER`].
    Fixed(String),
    /// A claim that holds the ARN.
    Field(ClaimPath),
    /// A file that names the role of each group.
    File(Setting),
}

/// What a session gets while STS cannot be reached and no lease lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenUnavailable {
    /// The request is rejected.
    #[default]
    Refuse,
    /// The session gets values that every store refuses.
    Withhold,
}

/// The token exchange before the one at STS (RFC 8693).
#[derive(Clone)]
pub struct TokenExchangeSettings {
    /// The token endpoint.
    pub endpoint: String,
    /// The coordinator's client.
    pub client_id: String,
    /// Its secret; none for a public client.
    pub client_secret: Option<Zeroizing<String>>,
    /// The file with its secret, read for each exchange.
    pub client_secret_file: Option<String>,
    /// The audience that STS wants.
    pub audience: Option<String>,
}

/// Without the secret.
impl fmt::Debug for TokenExchangeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchangeSettings")
            .field("endpoint", &self.endpoint)
            .field("client_id", &self.client_id)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// The properties `storage.*`, if `storage.sts-endpoint` is set.
#[derive(Clone, Debug)]
pub struct StorageSettings {
    /// The address of AssumeRoleWithWebIdentity.
    pub sts_endpoint: String,
    /// `DurationSeconds`.
    pub session_duration: Duration,
    /// Credentials that end sooner are exchanged anew before a session gets them. With zero, shorter ones are used.
    pub minimum_lifetime: Duration,
    /// How long a request waits for the first exchange.
    pub timeout: Duration,
    /// What a session gets without a lease.
    pub when_unavailable: WhenUnavailable,
    /// The exchange before.
    pub token_exchange: Option<TokenExchangeSettings>,
    /// Where the role comes from.
    pub(crate) role: RoleSetting,
    /// What roles of claims may begin with.
    pub(crate) allowed_roles: Vec<String>,
    /// Warnings for the operator.
    pub(crate) warnings: Vec<String>,
}

impl StorageSettings {
    /// Reads the properties. Errors go to `errors`.
    pub(crate) fn read(properties: &Properties, host: &HostProcess, errors: &mut ConfigurationErrors) -> Option<Self> {
        let read = |name: &str, errors: &mut ConfigurationErrors| {
            setting(properties, name, errors).filter(|setting| !setting.value.is_empty())
        };
        let Some(sts) = read(STORAGE_STS_ENDPOINT, errors) else {
            for name in STORAGE_NAMES.iter().filter(|name| **name != STORAGE_STS_ENDPOINT) {
                if let Some(setting) = read(name, errors) {
                    errors.push(setting.problem(format!(
                        "has no effect: {PREFIX}{STORAGE_STS_ENDPOINT} is not set. Set it, or remove this line"
                    )));
                }
            }
            return None;
        };
        if host.without_identity {
            errors.push(sts.problem(
                "requires Trino 480 or later with the plugin (earlier plugin interfaces return only a principal); the server launcher supports it from Trino 476",
            ));
        }
        let mut warnings = Vec::new();
        let sts_endpoint = address(&sts, &mut warnings, errors);
        let role = RoleSetting::read(properties, &sts, errors);
        let allowed_roles = allowed_roles(properties, role.as_ref(), errors);

        let minimum = read(STORAGE_MINIMUM_LIFETIME, errors);
        let minimum_lifetime = minimum
            .as_ref()
            .and_then(|setting| duration(setting, Duration::ZERO..=*SESSION_DURATIONS.end(), errors))
            .unwrap_or(DEFAULT_MINIMUM_LIFETIME);
        let session = read(STORAGE_SESSION_DURATION, errors);
        let session_duration = session
            .as_ref()
            .and_then(|setting| duration(setting, SESSION_DURATIONS, errors))
            .unwrap_or(DEFAULT_SESSION_DURATION);
        if session_duration < minimum_lifetime + MARGIN {
            let setting = session.as_ref().or(minimum.as_ref()).unwrap_or(&sts);
            errors.push(setting.problem(format!(
                "does not fit: {STORAGE_SESSION_DURATION} must be 5m longer than {STORAGE_MINIMUM_LIFETIME} or more, since each statement would need an exchange otherwise"
            )));
        }
        let timeout = read(STORAGE_TIMEOUT, errors)
            .and_then(|setting| duration(&setting, TIMEOUTS, errors))
            .unwrap_or(DEFAULT_TIMEOUT);
        let when_unavailable = match read(STORAGE_WHEN_UNAVAILABLE, errors) {
            None => WhenUnavailable::default(),
            Some(setting) => match setting.value.as_str() {
                "refuse" => WhenUnavailable::Refuse,
                "withhold" => WhenUnavailable::Withhold,
                other => {
                    errors.push(setting.problem(format!("is '{other}', but must be refuse or withhold")));
                    WhenUnavailable::default()
                }
            },
        };
        let token_exchange = token_exchange(properties, &mut warnings, errors);
        Some(Self {
            sts_endpoint: sts_endpoint?,
            session_duration,
            minimum_lifetime,
            timeout,
            when_unavailable,
            token_exchange: token_exchange?,
            role: role?,
            allowed_roles,
            warnings,
        })
    }
}

impl RoleSetting {
    fn read(properties: &Properties, sts: &Setting, errors: &mut ConfigurationErrors) -> Option<Self> {
        let settings: Vec<Setting> = [STORAGE_ROLE, STORAGE_ROLE_FIELD, STORAGE_ROLE_FILE]
            .into_iter()
            .filter_map(|name| setting(properties, name, errors))
            .filter(|setting| !setting.value.is_empty())
            .collect();
        let [role] = settings.as_slice() else {
            match settings.get(1) {
                None => errors.push(sts.problem(format!(
                    "is set, but no role is: set {PREFIX}{STORAGE_ROLE}, or {STORAGE_ROLE_FIELD}, or {STORAGE_ROLE_FILE}"
                ))),
                Some(second) => errors.push(second.problem(format!(
                    "and {} are both set: one of them says which role a token gets, so remove the other",
                    settings.first().map_or("", |first| &first.property)
                ))),
            }
            return None;
        };
        if role.property.ends_with(STORAGE_ROLE_FILE) {
            return Some(Self::File(role.clone()));
        }
        if role.property.ends_with(STORAGE_ROLE_FIELD) {
            return match ClaimPath::parse(&role.value, None) {
                Ok(path) => Some(Self::Field(path)),
                Err(why) => {
                    errors.push(role.problem(why));
                    None
                }
            };
        }
        match check_role(&role.value) {
            Ok(()) => Some(Self::Fixed(role.value.clone())),
            Err(why) => {
                errors.push(role.problem(why));
                None
            }
        }
    }
}

/// Checks the form of a role's ARN (`arn:PARTITION:iam::ACCOUNT:role/NAME`), in which the name may contain [`USER`].
///
/// # Errors
/// The rest of a sentence about the text.
pub(crate) fn check_role(role: &str) -> Result<(), String> {
    let wrong = || {
        Err(format!(
            "is '{}', which is not the ARN of a role, such as arn:aws:iam::111122223333:role/analyst",
            crate::quoted(role)
        ))
    };
    let bare = role.replace(USER, "USER");
    let parts: Vec<&str> = bare.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else { return wrong() };
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let fits = *arn == "arn" && !partition.is_empty() && is_word(partition) && *service == "iam" && region.is_empty();
    let name = resource.strip_prefix("role/").unwrap_or_default();
    // The characters of a role's name and path.
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&byte));
    // Stores that take the name for a path would leave the folder of allowed-roles.
    let is_path = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if fits && is_word(account) && is_path && is_name && role.len() <= 2048 { Ok(()) } else { wrong() }
}

/// What roles of claims may begin with: without it, whoever writes the claim could choose any role that trusts the issuer.
fn allowed_roles(properties: &Properties, role: Option<&RoleSetting>, errors: &mut ConfigurationErrors) -> Vec<String> {
    let field = setting(properties, STORAGE_ROLE_FIELD, errors);
    let allowed = setting(properties, STORAGE_ALLOWED_ROLES, errors).filter(|setting| !setting.value.is_empty());
    match (allowed, field) {
        (Some(allowed), None) => {
            errors
                .push(allowed.problem(format!("has no effect without {PREFIX}{STORAGE_ROLE_FIELD}: remove this line")));
            Vec::new()
        }
        (None, Some(field)) if matches!(role, Some(RoleSetting::Field(_))) => {
            errors.push(field.problem(format!(
                "is set, but {PREFIX}{STORAGE_ALLOWED_ROLES} is not: set what these roles begin with, such as arn:aws:iam::111122223333:role/lake/"
            )));
            Vec::new()
        }
        (Some(allowed), _) => {
            let prefixes: Vec<String> = allowed.value.split(',').map(|prefix| prefix.trim().to_owned()).collect();
            if let Some(wrong) =
                prefixes.iter().find(|prefix| !prefix.starts_with("arn:") || !prefix.contains(":role/"))
            {
                errors.push(allowed.problem(format!(
                    "contains '{wrong}', which is not the beginning of a role's ARN with the account, such as arn:aws:iam::111122223333:role/lake/"
                )));
            }
            if let Some(wrong) = prefixes.iter().find(|prefix| prefix.contains(['*', '?'])) {
                errors.push(allowed.problem(format!(
                    "contains '{wrong}', but it is no pattern: write the beginning of the roles without an asterisk"
                )));
            }
            prefixes
        }
        (None, _) => Vec::new(),
    }
}

/// The outer `None` is an error, the inner one an exchange that is off.
#[expect(clippy::option_option, reason = "an exchange that is off differs from a wrong one")]
fn token_exchange(
    properties: &Properties,
    warnings: &mut Vec<String>,
    errors: &mut ConfigurationErrors,
) -> Option<Option<TokenExchangeSettings>> {
    let mut read = |name: &str| setting(properties, name, errors).filter(|setting| !setting.value.is_empty());
    let endpoint = read(STORAGE_EXCHANGE_ENDPOINT);
    let client_id = read(STORAGE_EXCHANGE_CLIENT_ID);
    let secret = read(STORAGE_EXCHANGE_SECRET);
    let secret_file = read(STORAGE_EXCHANGE_SECRET_FILE);
    let audience = read(STORAGE_EXCHANGE_AUDIENCE);
    let Some(endpoint) = endpoint else {
        for setting in [&client_id, &secret, &secret_file, &audience].into_iter().flatten() {
            errors.push(setting.problem(format!(
                "has no effect: {PREFIX}{STORAGE_EXCHANGE_ENDPOINT} is not set. Set it, or remove this line"
            )));
        }
        return Some(None);
    };
    if let (Some(_), Some(file)) = (&secret, &secret_file) {
        errors.push(file.problem(format!("and {PREFIX}{STORAGE_EXCHANGE_SECRET} are both set: remove one of them")));
    }
    let Some(client_id) = client_id else {
        errors.push(endpoint.problem(format!(
            "is set, but {PREFIX}{STORAGE_EXCHANGE_CLIENT_ID} is not: it is the client of the coordinator at the issuer"
        )));
        return None;
    };
    Some(Some(TokenExchangeSettings {
        endpoint: address(&endpoint, warnings, errors)?,
        client_id: client_id.value,
        client_secret: secret.map(|secret| Zeroizing::new(secret.value)),
        client_secret_file: secret_file.map(|file| file.value),
        audience: audience.map(|audience| audience.value),
    }))
}

/// An address that gets tokens and secrets.
fn address(setting: &Setting, warnings: &mut Vec<String>, errors: &mut ConfigurationErrors) -> Option<String> {
    match Endpoint::parse(&setting.value) {
        Ok(endpoint) if !endpoint.is_plain() => {
            errors.push(setting.problem("contains a user, a password or a query: an endpoint has none"));
            None
        }
        Ok(endpoint) => {
            if !endpoint.is_encrypted() && !is_loopback(endpoint.url()) {
                let problem = setting.problem(
                    "is not https: everybody on the way reads the users' tokens and their credentials. Use https",
                );
                warnings.push(problem.to_string());
            }
            Some(endpoint.url().to_string())
        }
        Err(why) => {
            errors.push(setting.problem(format!("is not an address: {why}")));
            None
        }
    }
}

fn duration(
    setting: &Setting,
    range: std::ops::RangeInclusive<Duration>,
    errors: &mut ConfigurationErrors,
) -> Option<Duration> {
    match units::duration(&setting.value) {
        Ok(duration) if range.contains(&duration) => return Some(duration),
        Ok(_) => errors.push(setting.problem(format!(
            "is {}, but must be from {} to {}",
            setting.value,
            in_words(*range.start()),
            in_words(*range.end())
        ))),
        Err(why) => errors.push(setting.problem(why)),
    }
    None
}

fn in_words(duration: Duration) -> String {
    match duration.as_millis() {
        millis if millis % 3_600_000 == 0 && millis > 0 => format!("{}h", millis / 3_600_000),
        millis if millis % 60_000 == 0 && millis > 0 => format!("{}m", millis / 60_000),
        millis if millis % 1000 == 0 => format!("{}s", millis / 1000),
        millis => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<StorageSettings>, String) {
        let text: String =
            text.lines().map(|line| format!("http-server.authentication.jwt.storage.{line}\n")).collect();
        let properties = Properties::parse(&text, "f").unwrap();
        let mut errors = ConfigurationErrors::default();
        (StorageSettings::read(&properties, &HostProcess::default(), &mut errors), errors.to_string())
    }

    const LEAST: &str = "sts-endpoint=https://sts.example\nrole=arn:aws:iam::111122223333:role/analyst";

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        assert!(read("").0.is_none());
        let (settings, errors) = read(LEAST);
        let settings = settings.unwrap();
        assert_eq!(errors, "");
        assert_eq!(settings.sts_endpoint, "https://sts.example/");
        let times = [settings.session_duration, settings.minimum_lifetime, settings.timeout];
        assert_eq!(times.map(|time| time.as_secs()), [3600, 900, 5]);
        assert_eq!(settings.when_unavailable, WhenUnavailable::Refuse);
        assert!(settings.token_exchange.is_none() && settings.warnings.is_empty());
    }

    #[test]
    fn each_property_is_read() {
        let (settings, errors) = read(
            "sts-endpoint=http://sts.example:9000/x\nrole-field=/lake/role\nallowed-roles=arn:aws:iam::1:role/a, arn:aws:iam::1:role/b\n\
             session-duration=12h\nminimum-lifetime=0s\ntimeout=250ms\nwhen-unavailable=withhold\n\
             token-exchange.endpoint=https://idp.example/token\ntoken-exchange.client-id=trino\n\
             token-exchange.client-secret=hunter2\ntoken-exchange.audience=sts",
        );
        let settings = settings.unwrap();
        assert_eq!(errors, "");
        assert_eq!(settings.allowed_roles, ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]);
        assert_eq!(settings.minimum_lifetime, Duration::ZERO);
        assert!(settings.warnings.len() == 1 && settings.warnings[0].contains("f:1: "), "{:?}", settings.warnings);
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn each_wrong_value_is_reported_with_its_line() {
        for (text, expected) in [
            ("role=arn:aws:iam::1:role/a".to_owned(), "f:1: http-server.authentication.jwt.storage.role has no effect"),
            ("sts-endpoint=https://a".to_owned(), "sts-endpoint is set, but no role is"),
            (format!("{LEAST}\nrole-file=x"), "role-file and http-server.authentication.jwt.storage.role are both set"),
            ("sts-endpoint=https://a\nrole=analyst".to_owned(), "role is 'analyst', which is not the ARN of a role"),
            ("sts-endpoint=https://a\nrole-field=role".to_owned(), "allowed-roles is not"),
            ("sts-endpoint=https://a\nrole-field=role\nallowed-roles=arn:aws:iam::1".to_owned(), "not the beginning"),
            (
                "sts-endpoint=https://a\nrole-field=role\nallowed-roles=arn:aws:iam::1:role/a/*".to_owned(),
                "it is no pattern",
            ),
            (format!("{LEAST}\nallowed-roles=arn:aws:iam::1:role/"), "has no effect without"),
            (format!("{LEAST}\nsession-duration=14m"), "is 14m, but must be from 15m to 12h"),
            (format!("{LEAST}\nsession-duration=19m"), "session-duration does not fit"),
            (format!("{LEAST}\nminimum-lifetime=56m"), "minimum-lifetime does not fit"),
            (format!("{LEAST}\ntimeout=5"), "timeout is '5'"),
            (format!("{LEAST}\ntimeout=61s"), "from 100ms to 1m"),
            (format!("{LEAST}\nwhen-unavailable=open"), "must be refuse or withhold"),
            (format!("{LEAST}\ntoken-exchange.client-id=a"), "token-exchange.client-id has no effect"),
            (format!("{LEAST}\ntoken-exchange.endpoint=https://a"), "token-exchange.client-id is not"),
            ("sts-endpoint=sts.example\nrole=arn:aws:iam::1:role/a".to_owned(), "is not an address"),
            ("sts-endpoint=https://u:p@sts\nrole=arn:aws:iam::1:role/a".to_owned(), "contains a user"),
        ] {
            let errors = read(&text).1;
            assert!(errors.contains(expected) && errors.lines().count() == 1, "{text}: {errors}");
        }
    }

    #[test]
    fn a_role_is_the_arn_of_a_role() {
        for fine in [
            "arn:aws:iam::111122223333:role/analyst",
            "arn:aws-cn:iam::1:role/lake/${USER}",
            "arn:aws:iam:::role/minio",
            "arn:aws:iam::1:role/a+b=c,d.e@f_g-h",
        ] {
            assert_eq!(check_role(fine), Ok(()), "{fine}");
        }
        for bad in [
            "",
            "analyst",
            "arn:aws:iam::1:user/a",
            "arn:aws:iam::1:role/",
            "arn:aws:sts::1:role/a",
            "arn:aws:iam::1:role/a b",
            "arn:aws:iam::1:role/lake/../stored",
            "arn:aws:iam::1:role/./a",
            "arn:aws:iam::1:role//a",
            "arn:aws:iam::1:role/a/",
            "arn:aws:iam::1:role/a&RoleArn=b",
            "arn:aws:iam::1:role/a:b",
            "ARN:aws:iam::1:role/a",
        ] {
            assert!(check_role(bad).is_err(), "{bad}");
        }
    }
}

//! Configuration: stock's keys, read strictly. All that is wrong is found before anything is reported.

mod global;
pub(crate) mod http_client;
mod key_sets;
mod names;
mod pitfalls;
mod problem;
mod properties;
mod secrets;
mod token_rules;
mod units;

use std::fmt;
use std::path::PathBuf;

use crate::claims::ClaimsPolicy;
use crate::token::protected_header::HeaderPolicy;

pub(crate) use global::GlobalConfiguration;
pub(crate) use key_sets::KeySetSettings;
pub use names::advice_for_unknown_key;
pub use problem::{ConfigurationErrors, Problem};
pub use properties::{Properties, Property};

use http_client::HttpClientSettings;

/// What every key begins with.
const PREFIX: &str = "http-server.authentication.jwt.";

/// A key that an operator may set.
struct Key {
    /// The name after [`PREFIX`].
    name: &'static str,
    /// The whole former name, which stock still takes.
    legacy: Option<&'static str>,
}

/// The key that names a file for each issuer; beside it may stand only what counts for all of them.
const CONFIG_FILES: &str = "config-files";

const KEYS: &[Key] = &[
    Key { name: CONFIG_FILES, legacy: None },
    Key { name: "key-file", legacy: Some("http.authentication.jwt.key-file") },
    Key { name: "required-issuer", legacy: Some("http.authentication.jwt.required-issuer") },
    Key { name: "required-audience", legacy: Some("http.authentication.jwt.required-audience") },
    Key { name: "clock-skew", legacy: None },
    Key { name: "require-expiration", legacy: None },
    Key { name: "max-token-lifetime", legacy: None },
    Key { name: "allowed-algorithms", legacy: None },
    Key { name: "required-token-type", legacy: None },
    Key { name: "principal-field", legacy: None },
    Key { name: "nested-claim-delimiter", legacy: None },
    Key { name: "groups-field", legacy: None },
    Key { name: "groups-delimiter", legacy: None },
    Key { name: "user-mapping.pattern", legacy: None },
    Key { name: "user-mapping.file", legacy: None },
];

/// Whose rules a configuration describes.
#[derive(Clone, Debug)]
pub(crate) enum Configuration {
    /// The rules for all tokens.
    One(Box<IssuerConfiguration>),
    /// `config-files`: a file with the rules of each issuer.
    Several { files: Vec<PathBuf>, setting: Setting },
}

impl Configuration {
    /// Reads the keys. What is wrong goes to `errors`; then the result is not to be used for more than finding more.
    pub(crate) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        match setting(properties, CONFIG_FILES, errors) {
            None => Self::One(Box::new(IssuerConfiguration::read(properties, errors))),
            Some(setting) => {
                report_unknown_keys(properties, errors);
                for entry in properties.entries.iter().filter(|entry| entry.key != setting.key) {
                    if is_known(&entry.key) && !global::is_global(&entry.key) {
                        let message = format!("stands beside {}: move it into the files named there", setting.key);
                        errors.push(Problem::of_key(&entry.key, &properties.source, entry.line, message));
                    }
                }
                let files: Vec<&str> = setting.value.split(',').map(str::trim).collect();
                for (index, file) in files.iter().enumerate() {
                    if file.is_empty() && !setting.value.is_empty() {
                        errors.push(setting.problem("has an empty element: name the files with commas between them"));
                    } else if files.iter().take(index).any(|earlier| earlier == file) {
                        errors.push(setting.problem(format!("names '{file}' twice")));
                    }
                }
                Self::Several { files: files.into_iter().map(PathBuf::from).collect(), setting }
            }
        }
    }
}

/// The values that describe the tokens of one issuer, still without the files they name. Valid by construction: only
/// [`IssuerConfiguration::read`] makes one.
#[derive(Clone, Debug)]
pub(crate) struct IssuerConfiguration {
    pub(crate) key_file: Setting,
    pub(crate) required_issuer: Option<Setting>,
    pub(crate) header: HeaderPolicy,
    /// Without `required-issuer`, which the key source has a say in.
    pub(crate) claims: ClaimsPolicy,
    /// What `claims` has read already.
    pub(crate) groups_field: Option<Setting>,
    pub(crate) user_mapping_pattern: Option<Setting>,
    pub(crate) user_mapping_file: Option<Setting>,
    pub(crate) key_sets: KeySetSettings,
    pub(crate) http_client: HttpClientSettings,
}

/// A value, and where it stands, so that whatever is found out later can be reported well.
#[derive(Clone, Default)]
pub(crate) struct Setting {
    pub(crate) value: String,
    key: String,
    source: String,
    line: usize,
}

/// Without the value, which may be a password.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl Setting {
    /// A problem with this value.
    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::of_key(&self.key, &self.source, self.line, message)
    }

    /// `true` or `false`, in any case, as airlift reads them.
    fn boolean(&self, errors: &mut ConfigurationErrors) -> Option<bool> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            "" => None,
            _ => {
                errors.push(self.problem(format!("is '{}', which is neither true nor false", self.value)));
                None
            }
        }
    }
}

impl IssuerConfiguration {
    /// Reads a file that `config-files` names. What is wrong goes to `errors`, as with [`IssuerConfiguration::read`].
    pub(crate) fn read_file(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        if let Some(nested) = properties.get(&format!("{PREFIX}{CONFIG_FILES}")) {
            let message = "stands in a file that it names itself: the file of an issuer has no further ones";
            errors.push(Problem::of_key(&nested.key, &properties.source, nested.line, message));
        }
        GlobalConfiguration::refuse_in_issuer_file(properties, errors);
        Self::read(properties, errors)
    }

    /// Reads the keys. What is wrong goes to `errors`; then the result is not to be used for more than finding more.
    pub(crate) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        report_unknown_keys(properties, errors);
        let (header, claims) = token_rules::read(properties, errors);
        let mut read = |name: &str| setting(properties, name, errors);
        let key_file = read("key-file");
        let configuration = Self {
            key_file: key_file.clone().unwrap_or_default(),
            required_issuer: read("required-issuer"),
            header,
            claims,
            groups_field: read("groups-field"),
            user_mapping_pattern: read("user-mapping.pattern"),
            user_mapping_file: read("user-mapping.file"),
            key_sets: KeySetSettings::read(properties, errors),
            http_client: HttpClientSettings::read(properties, errors),
        };
        if key_file.is_none() {
            let message = "is not set: name the PEM or HMAC file, the path with ${KID}, or the JWK set's URL";
            errors.push(Problem::of_key(&format!("{PREFIX}key-file"), &properties.source, 0, message));
        }
        if let (Some(_), Some(file)) = (&configuration.user_mapping_pattern, &configuration.user_mapping_file) {
            errors.push(file.problem("user mapping pattern and file can not both be set"));
        }
        configuration
    }
}

/// The value of a key under its present or its former name.
fn setting(properties: &Properties, name: &str, errors: &mut ConfigurationErrors) -> Option<Setting> {
    let present = properties.get(&format!("{PREFIX}{name}"));
    let former = KEYS.iter().find(|key| key.name == name).and_then(|key| properties.get(key.legacy?));
    let property = match (present, former) {
        (Some(present), Some(former)) => {
            let message = format!("is the former name of {}, which is set too: keep one of them", present.key);
            errors.push(Problem::of_key(&former.key, &properties.source, former.line, message));
            present
        }
        (Some(property), None) | (None, Some(property)) => property,
        (None, None) => return None,
    };
    Some(setting_of(property, properties, errors))
}

fn setting_of(property: &Property, properties: &Properties, errors: &mut ConfigurationErrors) -> Setting {
    let setting = Setting {
        value: property.value.clone(),
        key: property.key.clone(),
        source: properties.source.clone(),
        line: property.line,
    };
    if setting.value.is_empty() {
        errors.push(setting.problem("is set to nothing: give it a value, or remove the line"));
    }
    setting
}

/// The names that follow [`PREFIX`].
fn own_names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name).chain(key_sets::NAMES).chain(global::NAMES)
}

/// Every name that a key may have.
fn known_keys() -> impl Iterator<Item = String> {
    let client = http_client::KEYS.iter().chain(http_client::KEYS_WITHOUT_EFFECT);
    own_names()
        .map(|name| format!("{PREFIX}{name}"))
        .chain(KEYS.iter().filter_map(|key| key.legacy).map(str::to_owned))
        .chain(client.map(|name| format!("{}{name}", http_client::PREFIX)))
}

fn is_known(key: &str) -> bool {
    known_keys().any(|known| known == key)
}

fn report_unknown_keys(properties: &Properties, errors: &mut ConfigurationErrors) {
    for entry in properties.entries.iter().filter(|entry| !is_known(&entry.key)) {
        let message = format!("is not a known key{}", advice_for_unknown_key(&entry.key));
        errors.push(Problem::of_key(&entry.key, &properties.source, entry.line, message));
    }
}

//! Configuration: stock's keys, read strictly. All that is wrong is found before anything is reported.

pub(crate) mod http_client;
mod problem;
mod properties;
mod units;

use std::fmt;

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

const KEYS: &[Key] = &[
    Key { name: "key-file", legacy: Some("http.authentication.jwt.key-file") },
    Key { name: "required-issuer", legacy: Some("http.authentication.jwt.required-issuer") },
    Key { name: "required-audience", legacy: Some("http.authentication.jwt.required-audience") },
    Key { name: "principal-field", legacy: None },
    Key { name: "user-mapping.pattern", legacy: None },
    Key { name: "user-mapping.file", legacy: None },
];

/// The values of a configuration, still without their files. Valid by construction: only [`Configuration::read`] makes one.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) key_file: Setting,
    pub(crate) required_issuer: Option<Setting>,
    pub(crate) required_audience: Option<Setting>,
    pub(crate) principal_field: Option<Setting>,
    pub(crate) user_mapping_pattern: Option<Setting>,
    pub(crate) user_mapping_file: Option<Setting>,
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
}

impl Configuration {
    /// Reads the keys. What is wrong goes to `errors`; then the result is not to be used for more than finding more.
    pub(crate) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        report_unknown_keys(properties, errors);
        let mut read = |name: &str| setting(properties, name, errors);
        let key_file = read("key-file");
        let configuration = Self {
            key_file: key_file.clone().unwrap_or_default(),
            required_issuer: read("required-issuer"),
            required_audience: read("required-audience"),
            principal_field: read("principal-field"),
            user_mapping_pattern: read("user-mapping.pattern"),
            user_mapping_file: read("user-mapping.file"),
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

fn report_unknown_keys(properties: &Properties, errors: &mut ConfigurationErrors) {
    let known: Vec<String> = KEYS
        .iter()
        .flat_map(|key| [Some(format!("{PREFIX}{}", key.name)), key.legacy.map(str::to_owned)])
        .flatten()
        .chain(http_client::KEYS.iter().map(|name| format!("{}{name}", http_client::PREFIX)))
        .collect();
    for entry in &properties.entries {
        if known.contains(&entry.key) {
            continue;
        }
        let nearest = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, &entry.key), known))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= entry.key.len() / 3)
            .map_or_else(String::new, |(_, known)| format!("; did you mean {known}?"));
        errors.push(Problem::of_key(
            &entry.key,
            &properties.source,
            entry.line,
            format!("is not a known key{nearest}"),
        ));
    }
}

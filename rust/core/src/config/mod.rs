// SPDX-License-Identifier: Apache-2.0
//! The configuration: Trino's properties and our own, read strictly. All errors are collected before they are reported.

mod finding;
mod global;
pub(crate) mod http_client;
mod java_properties;
mod key_sets;
mod known;
mod names;
mod pitfalls;
mod problem;
mod properties;
mod secrets;
mod setting;
mod shadow;
pub(crate) mod storage;
mod token_rules;
pub(crate) mod units;

use std::path::PathBuf;

use crate::claims::ClaimsPolicy;
use crate::token::protected_header::HeaderPolicy;

pub use finding::{Finding, Severity};
pub(crate) use global::{GlobalConfiguration, LogoutConfiguration};
pub(crate) use key_sets::KeySetSettings;
pub use names::advice_for_unknown_property;
pub use problem::{ConfigurationErrors, Problem};
pub use properties::{Properties, Property};
pub use storage::{StorageSettings, TokenExchangeSettings, WhenUnavailable};

use crate::in_force::Fingerprint;
use http_client::HttpClientSettings;
pub(crate) use known::is_known;
use known::{CONFIG_FILES, PREFIX, is_global};
use names::report_unknown_properties;
pub(crate) use setting::Setting;
use setting::setting;
pub(crate) use token_rules::MAX_CLOCK_SKEW;

/// The rules of one issuer, or of several.
#[derive(Clone, Debug)]
pub(crate) enum Configuration {
    /// One set of rules for all tokens.
    One(Box<IssuerConfiguration>),
    /// `config-files`: a file with the rules of each issuer.
    Several { files: Vec<PathBuf>, setting: Setting },
}

impl Configuration {
    /// Reads the properties. Errors go to `errors`; if there are any, the result may only be used to find more.
    pub(crate) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        match setting(properties, CONFIG_FILES, errors) {
            None => Self::One(Box::new(IssuerConfiguration::read(properties, errors))),
            Some(setting) => {
                report_unknown_properties(properties, errors);
                for entry in properties.entries.iter().filter(|entry| entry.name != setting.property) {
                    if is_known(&entry.name) && !is_global(&entry.name) {
                        let message =
                            format!("cannot be combined with {}: move it into the per-issuer files", setting.property);
                        errors.push(Problem::for_property(&entry.name, &properties.source, entry.line, message));
                    }
                }
                let files: Vec<&str> = setting.value.split(',').map(str::trim).collect();
                for (index, file) in files.iter().enumerate() {
                    if file.is_empty() && !setting.value.is_empty() {
                        errors.push(setting.problem("has an empty element: separate the files with single commas"));
                    } else if files.iter().take(index).any(|earlier| earlier == file) {
                        errors.push(setting.problem(format!("lists '{file}' twice: remove one")));
                    }
                }
                Self::Several { files: files.into_iter().map(PathBuf::from).collect(), setting }
            }
        }
    }
}

/// The values that describe the tokens of one issuer; the files that they name are not read yet. Only
/// [`IssuerConfiguration::read`] creates one, so it is valid.
#[derive(Clone, Debug)]
pub(crate) struct IssuerConfiguration {
    /// Of all its properties.
    pub(crate) fingerprint: Fingerprint,
    pub(crate) key_file: Setting,
    pub(crate) required_issuer: Option<Setting>,
    pub(crate) header: HeaderPolicy,
    /// Without `required-issuer`, which also depends on the key source.
    pub(crate) claims: ClaimsPolicy,
    /// The property behind [`ClaimsPolicy::groups_field`].
    pub(crate) groups_field: Option<Setting>,
    pub(crate) user_mapping_pattern: Option<Setting>,
    pub(crate) user_mapping_file: Option<Setting>,
    pub(crate) key_sets: KeySetSettings,
    pub(crate) http_client: HttpClientSettings,
}

impl IssuerConfiguration {
    /// Reads a file that `config-files` lists. Errors go to `errors`, as with [`IssuerConfiguration::read`].
    pub(crate) fn read_file(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        if let Some(nested) = properties.get(&format!("{PREFIX}{CONFIG_FILES}")) {
            let message = "is not allowed in a per-issuer file";
            errors.push(Problem::for_property(&nested.name, &properties.source, nested.line, message));
        }
        GlobalConfiguration::report_in_issuer_file(properties, errors);
        Self::read(properties, errors)
    }

    /// Reads the properties. Errors go to `errors`; if there are any, the result may only be used to find more.
    pub(crate) fn read(properties: &Properties, errors: &mut ConfigurationErrors) -> Self {
        report_unknown_properties(properties, errors);
        let (header, claims) = token_rules::read(properties, errors);
        let mut read = |name: &str| setting(properties, name, errors);
        let key_file = read("key-file");
        let configuration = Self {
            fingerprint: Fingerprint::of_properties(properties),
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
            let message = "is not set: give oidc: and the issuer, the URL of a JWK Set, the path of a key file, or a path with ${KID}";
            errors.push(Problem::for_property(&format!("{PREFIX}key-file"), &properties.source, 0, message));
        }
        if let (Some(_), Some(file)) = (&configuration.user_mapping_pattern, &configuration.user_mapping_file) {
            errors.push(file.problem("user mapping pattern and file can not both be set"));
        }
        configuration
    }
}

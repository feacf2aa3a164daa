// SPDX-License-Identifier: Apache-2.0
//! The rules for the tokens of one issuer: its keys, the requirements for header and claims, and the user mapping.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::algorithm::Algorithm;
use crate::claims::ClaimsPolicy;
use crate::claims::path::ClaimPath;
use crate::claims::required::RequiredClaim;
use crate::config::{ConfigurationErrors, Finding, IssuerConfiguration, KeySetSettings, Problem, Setting};
use crate::epoch::Epoch;
use crate::events::{Events, Level};
use crate::host::{HostProcess, JvmTrust};
use crate::http::client::Transport;
use crate::in_force::Fingerprint;
use crate::keys::{KeySource, Location, RemoteKeySet, RemoteSettings, Timing};
use crate::metrics::IssuerCounters;
use crate::token::protected_header::HeaderPolicy;
use crate::user_mapping::UserMapping;
use crate::watched_file::Reloadable;

/// One issuer. It has keys of its own, so they verify no token of another issuer.
pub(crate) struct Issuer {
    pub(crate) keys: KeySource,
    /// `key-file`, without secrets.
    pub(crate) key_source: String,
    pub(crate) header: HeaderPolicy,
    pub(crate) claims: ClaimsPolicy,
    pub(crate) user_mapping: Reloadable<UserMapping>,
    /// The fingerprint of its properties.
    pub(crate) properties: Fingerprint,
    pub(crate) counters: Arc<IssuerCounters>,
    /// `jwks.cache-file`, also in a process that does not use it. No two issuers may have the same one.
    pub(crate) cache_file: Option<PathBuf>,
    /// `jwks.fail-fast`.
    fails_fast: bool,
    key_file: Setting,
    user_mapping_pattern: Option<Setting>,
    user_mapping_file: Option<Setting>,
}

/// The rules for the tokens of one issuer. Texts are those of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuerRules {
    /// `key-file` without secrets: a URL has no user, password and query, and keys in the configuration are not shown.
    pub key_file: String,
    /// `required-issuer`, also if `oidc:` implies it.
    pub required_issuer: Option<String>,
    /// `required-audience`.
    pub required_audience: Option<String>,
    /// The list of `principal-field`.
    pub principal_fields: Vec<ClaimPath>,
    /// `groups-field`.
    pub groups_field: Option<ClaimPath>,
    /// `allowed-algorithms`; empty if every algorithm is allowed.
    pub allowed_algorithms: Vec<Algorithm>,
    /// `required-token-type`.
    pub required_token_type: Option<String>,
    /// `required-claims`: each claim with the values that are listed for it.
    pub required_claims: Vec<(ClaimPath, Vec<String>)>,
    /// `clock-skew`.
    pub clock_skew: Duration,
    /// `max-token-lifetime`.
    pub max_token_lifetime: Option<Duration>,
    /// `user-mapping.pattern`.
    pub user_mapping_pattern: Option<String>,
    /// `user-mapping.file`.
    pub user_mapping_file: Option<String>,
}

impl Issuer {
    /// The path of a key file, as `key-file` has it.
    pub(crate) fn key_file(&self) -> &str {
        &self.key_file.value
    }

    /// Opens the key source and the rule file that the configuration names. Adds everything that is wrong to `errors`.
    pub(crate) fn open(
        configuration: &IssuerConfiguration,
        counters: Arc<IssuerCounters>,
        host: &HostProcess,
        events: &Arc<Events>,
        errors: &mut ConfigurationErrors,
    ) -> Option<Self> {
        let key_file = &configuration.key_file;
        let is_remote = Location::is_remote(&key_file.value);
        let no_jvm = JvmTrust::None;
        let jvm_trust = if is_remote { &host.jvm_trust } else { &no_jvm };
        let transport = Transport::open(&configuration.http_client, jvm_trust, events, errors);
        for setting in &configuration.http_client.without_effect {
            let problem = setting.problem("has no effect: native-jwt fetches keys with its own HTTP client");
            events.warn(Finding::ClientPropertyWithoutEffect, problem.to_string());
        }
        if let (true, Some(groups_field)) = (host.without_identity, &configuration.groups_field) {
            errors.push(groups_field.problem(
                "requires Trino 480 or later with the plugin (earlier plugin interfaces return only a principal); the server launcher supports it from Trino 476",
            ));
        }
        if !is_remote {
            configuration.key_sets.report_without_fetch(errors);
        }
        let remote = |location: Location| {
            if location.is_encrypted()
                && let Some(trusted) = transport.describe_trust()
            {
                events.push(Level::Info, format!("Trusted for {location}: {trusted}"));
            }
            remote_settings(location, &configuration.key_sets, transport, host)
        };
        let keys = (!key_file.value.is_empty())
            .then(|| KeySource::open(&key_file.value, remote, events))
            .and_then(|keys| keys.map_err(|error| errors.push(key_file.problem(error.0))).ok());
        let user_mapping = open_user_mapping(configuration, errors);
        let required_issuer = required_issuer(configuration, errors);
        let claims = ClaimsPolicy { required_issuer, ..configuration.claims.clone() };
        Some(Self {
            properties: configuration.fingerprint,
            keys: keys?,
            key_source: KeySource::shown(&key_file.value),
            header: configuration.header.clone(),
            claims,
            user_mapping: user_mapping?,
            counters,
            cache_file: configuration.key_sets.cache_file.as_ref().map(|setting| PathBuf::from(&setting.value)),
            fails_fast: configuration.key_sets.fail_fast,
            key_file: key_file.clone(),
            user_mapping_pattern: configuration.user_mapping_pattern.clone(),
            user_mapping_file: configuration.user_mapping_file.clone(),
        })
    }

    /// With `jwks.fail-fast`, waits for the first fetch.
    pub(crate) fn fail_fast(&self) -> Result<(), Problem> {
        match (self.fails_fast, self.remote()) {
            (true, Some(key_set)) => key_set
                .wait_until_fetched(key_set.longest_fetch())
                .map_err(|why| self.key_file.problem(format!("could not be loaded, and jwks.fail-fast=true: {why}"))),
            _ => Ok(()),
        }
    }

    /// The rules as texts.
    pub(crate) fn rules(&self) -> IssuerRules {
        let value = |setting: &Option<Setting>| setting.as_ref().map(|setting| setting.value.clone());
        IssuerRules {
            key_file: KeySource::shown(&self.key_file.value),
            required_issuer: self.claims.required_issuer.clone(),
            required_audience: self.claims.required_audience.as_ref().map(|audience| audience.text().to_owned()),
            principal_fields: self.claims.principal_fields.clone(),
            groups_field: self.claims.groups_field.as_ref().map(|field| field.path.clone()),
            allowed_algorithms: self.header.allowed_algorithms.clone(),
            required_token_type: self.header.required_token_type.clone(),
            required_claims: self.claims.required_claims.iter().map(RequiredClaim::shown).collect(),
            clock_skew: self.claims.clock_skew,
            max_token_lifetime: self.claims.max_token_lifetime,
            user_mapping_pattern: value(&self.user_mapping_pattern),
            user_mapping_file: value(&self.user_mapping_file),
        }
    }

    /// The file with the rules.
    pub(crate) fn source(&self) -> &str {
        self.key_file.source()
    }

    /// The JWK Set that is fetched, if the keys come from a URL.
    pub(crate) fn remote(&self) -> Option<&Arc<RemoteKeySet>> {
        self.keys.remote()
    }

    /// False while every token would be rejected because the keys are not fetched yet.
    pub(crate) fn has_keys(&self) -> bool {
        self.remote().is_none_or(|key_set| key_set.has_keys())
    }

    /// Takes over the fetched keys of `older` if both have the same source and settings, so a change of other rules needs
    /// no fetch.
    pub(crate) fn take_over_keys(&mut self, older: &Self) {
        if let (KeySource::Remote(mine), Some(theirs)) = (&mut self.keys, older.remote())
            && mine.is_alike(theirs)
        {
            *mine = Arc::clone(theirs);
        }
    }

    /// True if there are files to poll.
    pub(crate) fn has_files(&self) -> bool {
        self.keys.has_files() || self.user_mapping.has_file()
    }

    /// Polls the files and puts their changes in use.
    pub(crate) fn poll(&self, events: &Events, epoch: &Epoch) {
        self.keys.poll(events, epoch);
        UserMapping::poll(&self.user_mapping, events, epoch);
    }
}

fn remote_settings(
    location: Location,
    settings: &KeySetSettings,
    transport: Transport,
    host: &HostProcess,
) -> RemoteSettings {
    let path = |setting: &Option<Setting>| setting.as_ref().map(|setting| PathBuf::from(&setting.value));
    RemoteSettings {
        location,
        timing: Timing {
            refresh_interval: settings.refresh_interval,
            max_stale: settings.max_stale,
            removed_key_grace: settings.removed_key_grace,
            unknown_kid_cooldown: settings.unknown_kid_cooldown,
            unknown_kid_wait: settings.unknown_kid_wait,
            ..Timing::DEFAULT
        },
        transport,
        cache_file: path(&settings.cache_file).filter(|_| host.keeps_cache_files),
        bearer_token_file: path(&settings.bearer_token_file),
    }
}

/// `required-issuer`, which `oidc:` implies (OpenID Connect Discovery 1.0, section 4.3).
fn required_issuer(configuration: &IssuerConfiguration, errors: &mut ConfigurationErrors) -> Option<String> {
    // An invalid URL is reported for key-file. It may contain a password, so it is not used here.
    let discovered = match Location::parse(&configuration.key_file.value) {
        Ok(Location::Discovery { issuer }) => Some(issuer),
        Ok(Location::JwkSet(_)) | Err(_) => None,
    };
    match (&configuration.required_issuer, discovered) {
        (Some(required), Some(discovered)) if required.value != discovered => {
            let message = format!(
                "is not the issuer of key-file, '{discovered}', which is already required: remove this property; if the iss of \
                 the tokens differs from the issuer of the discovery document, set key-file to the URL of the JWK Set \
                 instead of oidc:",
            );
            errors.push(required.problem(message));
            None
        }
        (_, Some(discovered)) => Some(discovered),
        (required, None) => required.as_ref().map(|setting| setting.value.clone()),
    }
}

/// Opens the user mapping that the configuration names. Adds everything that is wrong to `errors`.
fn open_user_mapping(
    configuration: &IssuerConfiguration,
    errors: &mut ConfigurationErrors,
) -> Option<Reloadable<UserMapping>> {
    if let Some(pattern) = &configuration.user_mapping_pattern {
        let rules = UserMapping::from_pattern(&pattern.value).map_err(|what| errors.push(pattern.problem(what)));
        return rules.ok().map(Reloadable::fixed);
    }
    let Some(file) = &configuration.user_mapping_file else { return Some(Reloadable::fixed(UserMapping::identity())) };
    UserMapping::from_watched_file(Path::new(&file.value))
        .map_err(|wrong| errors.extend(file.problems_of_file(wrong)))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Properties;

    #[test]
    fn discovery_implies_its_issuer_in_any_case_of_the_scheme() {
        let required = |lines: &str| {
            let text: String = lines.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
            let mut errors = ConfigurationErrors::default();
            let configuration = IssuerConfiguration::read(&Properties::parse(&text, "f").unwrap(), &mut errors);
            (required_issuer(&configuration, &mut errors), errors.to_string())
        };
        for scheme in ["oidc", "OIDC", "Oidc"] {
            let discovered = format!("key-file={scheme}:https://idp.example");
            assert_eq!(required(&discovered), (Some("https://idp.example".to_owned()), String::new()));
            let (_, errors) = required(&format!("{discovered}\nrequired-issuer=https://other.example"));
            assert!(errors.contains("is not the issuer of key-file, 'https://idp.example'"), "{errors}");
        }
        assert_eq!(required("key-file=https://idp.example/jwks").0, None);
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Other ways into the coordinator, whose sessions get nothing of ours.

use nativejwt_core::{Finding, Properties};

use super::{Findings, Given, is_true};
use crate::coordinator_file::{TYPE_PROPERTY, names_jwt, parts};

const INSECURE_PROPERTY: &str = "http-server.authentication.allow-insecure-over-http";
const PLUGINS_PROPERTY: &str = "header-authenticator.config-files";

/// What follows for somebody who comes in another way.
struct Consequences {
    over_http: Vec<String>,
    elsewhere: Vec<String>,
}

impl Consequences {
    fn of(given: Given<'_>) -> Self {
        let mut consequences = Self { over_http: Vec::new(), elsewhere: Vec::new() };
        if let Some(credential) = given.credential {
            consequences.over_http.push("send the credential itself".to_owned());
            consequences.elsewhere.push(format!(
                "can send any token as the extra credential '{credential}', and can have hyphens in their names"
            ));
        }
        if given.storage {
            let reads = "read and write files with the account of each catalog";
            consequences.over_http.push(reads.to_owned());
            consequences.elsewhere.push(format!("get no storage credentials, and {reads}"));
        }
        consequences
    }
}

/// Searches for other ways into the coordinator.
pub(super) fn check(config: &Properties, is_plugin: bool, given: Given<'_>, found: &mut Findings) {
    let Consequences { over_http, elsewhere } = Consequences::of(given);
    if found.value(config, INSECURE_PROPERTY).known().is_some_and(|entry| is_true(&entry.value)) {
        let message = format!(
            "is true: over plain HTTP, Trino authenticates nothing, so a client can use any user name and {}",
            over_http.join(", and ")
        );
        found.warn(Finding::InsecureHttpAllowed, config, INSECURE_PROPERTY, &message);
    }
    let is_ours = |name: &&str| if is_plugin { name.eq_ignore_ascii_case("header") } else { names_jwt(name) };
    let they = format!("users who authenticate that way {}", elsewhere.join("; they "));
    if let Some(entry) = found.value(config, TYPE_PROPERTY).known() {
        let others: Vec<&str> = parts(&entry.value).filter(|name| !is_ours(name)).collect();
        if !others.is_empty() {
            found.warn(
                Finding::OtherAuthenticators,
                config,
                TYPE_PROPERTY,
                &format!("also lists {}: {they}", others.join(" and ")),
            );
        }
    }
    if is_plugin
        && let Some(entry) = found.value(config, PLUGINS_PROPERTY).known()
        && parts(&entry.value).count() > 1
    {
        let message = format!("also names other authenticators: unless they are native-jwt as well, {they}");
        found.warn(Finding::OtherAuthenticators, config, PLUGINS_PROPERTY, &message);
        if given.storage {
            let message = "also names other files: a file of native-jwt without storage.* gives its sessions no storage credentials, also to a token that STS denied in this one";
            let fix = "Set storage.* in each of them";
            found.warn_with_fix(Finding::OtherAuthenticators, config, PLUGINS_PROPERTY, message, fix);
        }
    }
}

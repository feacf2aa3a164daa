// SPDX-License-Identifier: Apache-2.0
//! The file that configures this authenticator in a coordinator: a whole config.properties, or the property file of the
//! plugin.

use std::env;
use std::path::Path;
use std::time::Duration;

use nativejwt_core::{ConfigurationErrors, HostProcess, JvmTrust, Problem, Properties, Property};

/// The prefixes of our properties. A config.properties has many others, which Trino checks.
const PREFIXES: [&str; 3] = ["http-server.authentication.jwt.", "http.authentication.jwt.", "jwk.http-client."];

/// The property by which Trino chooses a header authenticator plugin.
const PLUGIN_PROPERTY: &str = "header-authenticator.name";
const PLUGIN_NAME: &str = "native-jwt";

/// The property of config.properties that lists Trino's authenticators.
pub(crate) const TYPE_PROPERTY: &str = "http-server.authentication.type";

/// The property of config.properties that chooses how people sign in to the web UI.
const WEB_UI_TYPE_PROPERTY: &str = "web-ui.authentication.type";

/// The server launcher serves both names. [`STOCK_TYPE`] is also the name of Trino's built-in authenticator.
const DELEGATED_TYPE: &str = "DELEGATED-JWT";
const STOCK_TYPE: &str = "JWT";

/// [`DELEGATED_TYPE`] in [`TYPE_PROPERTY`] sets this property to [`DEFAULT_CREDENTIAL`] if the file does not set it. In
/// [`WEB_UI_TYPE_PROPERTY`] it sets nothing, since the web UI runs no statements.
pub(crate) const CREDENTIAL_PROPERTY: &str = "http-server.authentication.jwt.pass-through.credential-name";
const DEFAULT_CREDENTIAL: &str = "token";

/// How long to wait for the first fetch of keys: somewhat longer than a coordinator waits for one request.
pub(crate) const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// The coordinator's process, as far as a command can know it. Cache files are not used.
pub(crate) fn host() -> HostProcess {
    let jvm_trust = match env::var_os("JAVA_HOME") {
        Some(home) if !home.is_empty() => JvmTrust::JavaHome(home.into()),
        _ => JvmTrust::None,
    };
    HostProcess { jvm_trust, ..HostProcess::default() }
}

/// True if the property has one of our prefixes, even if it is not a known one.
pub(crate) fn is_ours(property: &str) -> bool {
    PREFIXES.iter().any(|prefix| property.starts_with(prefix))
}

/// True for a type of authentication that the server launcher serves.
pub(crate) fn names_jwt(name: &str) -> bool {
    [STOCK_TYPE, DELEGATED_TYPE].iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

/// The elements of a comma-separated list, as airlift's `Splitter` makes them: trimmed, empty ones dropped.
pub(crate) fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Our properties of a file, with the values that the coordinator would see.
pub(crate) struct CoordinatorFile {
    /// Names and resolved values.
    pub(crate) properties: Properties,
    /// True for the file of the plugin, false for a config.properties.
    pub(crate) is_plugin_file: bool,
    /// `http-server.authentication.type` of a config.properties, and its line.
    pub(crate) authentication_type: Option<(String, usize)>,
    /// True if `web-ui.authentication.type` of a config.properties is one of ours: the coordinator then reads our
    /// properties, whatever the other types are.
    pub(crate) serves_web_ui: bool,
}

impl CoordinatorFile {
    /// Reads the file, selects our properties and resolves `${ENV:NAME}`.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigurationErrors> {
        let mut properties = Properties::load_with(path, is_ours)?;
        let source = properties.source.clone();
        let mut errors = ConfigurationErrors::default();
        let plugin_name = properties.get(PLUGIN_PROPERTY).cloned();
        if let Some(name) = &plugin_name
            && name.value != PLUGIN_NAME
        {
            let message = format!("is '{}', which is another plugin: nativejwt's name is {PLUGIN_NAME}", name.value);
            errors.push(Problem::for_property(PLUGIN_PROPERTY, &source, name.line, message));
        }
        let is_plugin_file = plugin_name.is_some();
        properties.entries.retain(|entry| match is_plugin_file {
            true => entry.name != PLUGIN_PROPERTY,
            false => is_ours(&entry.name) || [TYPE_PROPERTY, WEB_UI_TYPE_PROPERTY].contains(&&*entry.name),
        });
        properties.resolve_environment(&mut errors);
        let mut authentication_type = None;
        let mut serves_web_ui = false;
        if !is_plugin_file {
            authentication_type = properties.get(TYPE_PROPERTY).map(|entry| (entry.value.clone(), entry.line));
            serves_web_ui = properties.get(WEB_UI_TYPE_PROPERTY).is_some_and(|entry| names_jwt(&entry.value));
            properties.entries.retain(|entry| is_ours(&entry.name));
        }
        if let Some((types, line)) = &authentication_type {
            let names = |name: &str| parts(types).any(|part| part.eq_ignore_ascii_case(name));
            if names(DELEGATED_TYPE) && names(STOCK_TYPE) {
                let message = format!(
                    "lists both {STOCK_TYPE} and {DELEGATED_TYPE}, which are the same authenticator: keep one of them"
                );
                errors.push(Problem::for_property(TYPE_PROPERTY, &source, *line, message));
            }
            if names(DELEGATED_TYPE) && properties.get(CREDENTIAL_PROPERTY).is_none() {
                let name = CREDENTIAL_PROPERTY.to_owned();
                let value = DEFAULT_CREDENTIAL.to_owned();
                properties.entries.push(Property { name, value, line: *line });
            }
        }
        if errors.problems().is_empty() {
            Ok(Self { properties, is_plugin_file, authentication_type, serves_web_ui })
        } else {
            Err(errors)
        }
    }
}

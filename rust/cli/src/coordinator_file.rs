//! The file that holds a coordinator's configuration of this authenticator: a whole config.properties, or the file of
//! the header authenticator plugin.

use std::path::Path;

use nativejwt_core::{ConfigurationErrors, Problem, Properties, Property};

/// What our keys begin with; a config.properties has many others, which are not ours to judge.
const PREFIXES: [&str; 3] = ["http-server.authentication.jwt.", "http.authentication.jwt.", "jwk.http-client."];

/// The key by which Trino chooses a header authenticator plugin.
const PLUGIN_KEY: &str = "header-authenticator.name";
const PLUGIN_NAME: &str = "native-jwt";

/// The key that says in config.properties how clients log in.
pub(crate) const TYPE_KEY: &str = "http-server.authentication.type";

/// The type that is ours under this name, and stock's under the other.
const DELEGATED_TYPE: &str = "DELEGATED-JWT";
const STOCK_TYPE: &str = "JWT";

/// What [`DELEGATED_TYPE`] sets where it is not set.
pub(crate) const CREDENTIAL_KEY: &str = "http-server.authentication.jwt.pass-through.credential-name";
const DEFAULT_CREDENTIAL: &str = "token";

/// True for a key that is read here, whatever comes after its prefix.
pub(crate) fn is_ours(key: &str) -> bool {
    PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// True for a name in `http-server.authentication.type` that the server seam serves.
pub(crate) fn names_jwt(name: &str) -> bool {
    [STOCK_TYPE, DELEGATED_TYPE].iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

/// The elements of a comma-separated list, as airlift's `Splitter` makes them: trimmed, empty ones dropped.
pub(crate) fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Our keys of a file, with the values that the coordinator would see.
pub(crate) struct CoordinatorFile {
    /// Keys and resolved values.
    pub(crate) properties: Properties,
    /// True for the file of the plugin, false for a config.properties.
    pub(crate) is_plugin_file: bool,
    /// `http-server.authentication.type` of a config.properties, and its line.
    pub(crate) authentication_type: Option<(String, usize)>,
}

impl CoordinatorFile {
    /// Reads the file, chooses our keys and resolves `${ENV:NAME}`.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigurationErrors> {
        let mut properties = Properties::load_with(path, is_ours)?;
        let source = properties.source.clone();
        let mut errors = ConfigurationErrors::default();
        let plugin_name = properties.get(PLUGIN_KEY).cloned();
        if let Some(name) = &plugin_name
            && name.value != PLUGIN_NAME
        {
            let message = format!("is '{}', which is another plugin; ours is {PLUGIN_NAME}", name.value);
            errors.push(Problem::for_property(PLUGIN_KEY, &source, name.line, message));
        }
        let is_plugin_file = plugin_name.is_some();
        properties.entries.retain(|entry| match is_plugin_file {
            true => entry.name != PLUGIN_KEY,
            false => is_ours(&entry.name) || entry.name == TYPE_KEY,
        });
        properties.resolve_environment(&mut errors);
        let mut authentication_type = None;
        if !is_plugin_file {
            authentication_type = properties.get(TYPE_KEY).map(|entry| (entry.value.clone(), entry.line));
            properties.entries.retain(|entry| entry.name != TYPE_KEY);
        }
        if let Some((types, line)) = &authentication_type {
            let names = |name: &str| parts(types).any(|part| part.eq_ignore_ascii_case(name));
            if names(DELEGATED_TYPE) && names(STOCK_TYPE) {
                let message = format!(
                    "names both {STOCK_TYPE} and {DELEGATED_TYPE}, which are one authenticator: keep one of them"
                );
                errors.push(Problem::for_property(TYPE_KEY, &source, *line, message));
            }
            if names(DELEGATED_TYPE) && properties.get(CREDENTIAL_KEY).is_none() {
                let (key, value) = (CREDENTIAL_KEY.to_owned(), DEFAULT_CREDENTIAL.to_owned());
                properties.entries.push(Property { name: key, value, line: *line });
            }
        }
        if errors.problems().is_empty() {
            Ok(Self { properties, is_plugin_file, authentication_type })
        } else {
            Err(errors)
        }
    }
}

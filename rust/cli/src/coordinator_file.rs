//! The file that holds a coordinator's configuration of this authenticator: a whole config.properties, or the file of
//! the header authenticator plugin.

use std::path::Path;

use nativejwt_core::{ConfigurationErrors, Problem, Properties};

/// What our keys begin with; a config.properties has many others, which are not ours to judge.
const PREFIXES: [&str; 3] = ["http-server.authentication.jwt.", "http.authentication.jwt.", "jwk.http-client."];

/// The key by which Trino chooses a header authenticator plugin.
const PLUGIN_KEY: &str = "header-authenticator.name";
const PLUGIN_NAME: &str = "native-jwt";

/// The key that says in config.properties how clients log in.
pub(crate) const TYPE_KEY: &str = "http-server.authentication.type";

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
        let mut properties = Properties::load(path)?;
        let source = properties.source.clone();
        let mut errors = ConfigurationErrors::default();
        let plugin_name = properties.get(PLUGIN_KEY).cloned();
        if let Some(name) = &plugin_name
            && name.value != PLUGIN_NAME
        {
            let message = format!("is '{}', which is another plugin; ours is {PLUGIN_NAME}", name.value);
            errors.push(Problem::of_key(PLUGIN_KEY, &source, name.line, message));
        }
        let authentication_type = properties.get(TYPE_KEY).map(|entry| (entry.value.clone(), entry.line));
        let is_plugin_file = plugin_name.is_some();
        properties.entries.retain(|entry| match is_plugin_file {
            true => entry.key != PLUGIN_KEY,
            false => PREFIXES.iter().any(|prefix| entry.key.starts_with(prefix)),
        });
        properties.resolve_environment(&mut errors);
        if errors.problems().is_empty() {
            Ok(Self { properties, is_plugin_file, authentication_type })
        } else {
            Err(errors)
        }
    }
}

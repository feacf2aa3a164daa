//! The names of all properties.

use crate::config::names::advice_for_unknown_property;
use crate::config::problem::{ConfigurationErrors, Problem};
use crate::config::properties::Properties;
use crate::config::{global, http_client, key_sets};

/// The prefix of every property but those of the HTTP client.
pub(super) const PREFIX: &str = "http-server.authentication.jwt.";

/// A property that an operator may set.
pub(super) struct PropertyName {
    /// The name after [`PREFIX`].
    pub(super) name: &'static str,
    /// The full legacy name, which Trino still accepts.
    pub(super) legacy: Option<&'static str>,
}

/// Names a file for each issuer. Only properties of all issuers may be set beside it.
pub(super) const CONFIG_FILES: &str = "config-files";

pub(super) const PROPERTIES: &[PropertyName] = &[
    PropertyName { name: CONFIG_FILES, legacy: None },
    PropertyName { name: "key-file", legacy: Some("http.authentication.jwt.key-file") },
    PropertyName { name: "required-issuer", legacy: Some("http.authentication.jwt.required-issuer") },
    PropertyName { name: "required-audience", legacy: Some("http.authentication.jwt.required-audience") },
    PropertyName { name: "clock-skew", legacy: None },
    PropertyName { name: "require-expiration", legacy: None },
    PropertyName { name: "max-token-lifetime", legacy: None },
    PropertyName { name: "allowed-algorithms", legacy: None },
    PropertyName { name: "required-token-type", legacy: None },
    PropertyName { name: "principal-field", legacy: None },
    PropertyName { name: "nested-claim-delimiter", legacy: None },
    PropertyName { name: "groups-field", legacy: None },
    PropertyName { name: "groups-delimiter", legacy: None },
    PropertyName { name: "user-mapping.pattern", legacy: None },
    PropertyName { name: "user-mapping.file", legacy: None },
];

/// The names that follow [`PREFIX`].
pub(super) fn own_names() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|property| property.name).chain(key_sets::NAMES).chain(global::NAMES)
}

/// The full name of every property, legacy names included.
pub(super) fn known_properties() -> impl Iterator<Item = String> {
    let client = http_client::PROPERTIES.iter().chain(http_client::PROPERTIES_WITHOUT_EFFECT);
    own_names()
        .map(|name| format!("{PREFIX}{name}"))
        .chain(PROPERTIES.iter().filter_map(|property| property.legacy).map(str::to_owned))
        .chain(client.map(|name| format!("{}{name}", http_client::PREFIX)))
}

pub(super) fn is_known(name: &str) -> bool {
    known_properties().any(|known| known == name)
}

pub(super) fn report_unknown_properties(properties: &Properties, errors: &mut ConfigurationErrors) {
    for entry in properties.entries.iter().filter(|entry| !is_known(&entry.name)) {
        let message = format!("is not a known property{}", advice_for_unknown_property(&entry.name));
        errors.push(Problem::for_property(&entry.name, &properties.source, entry.line, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `NATIVEJWT_UPDATE=1 cargo test` writes the table. Java and the documentation's tests read it.
    #[test]
    fn the_committed_table_of_properties_is_fresh() {
        let mut fresh = String::from(
            "# Made from rust/core/src/config; do not edit. Columns: property; issuer: in the file of one issuer, global: only in the main configuration, beside config-files if that is set; legacy name, if there is one.\n",
        );
        for name in own_names() {
            let whole = format!("{PREFIX}{name}");
            let place = if name == CONFIG_FILES || global::is_global(&whole) { "global" } else { "issuer" };
            let former = PROPERTIES.iter().find(|property| property.name == name).and_then(|property| property.legacy);
            fresh += &format!("{whole}\t{place}\t{}\n", former.unwrap_or_default());
        }
        for name in http_client::PROPERTIES.iter().chain(http_client::PROPERTIES_WITHOUT_EFFECT) {
            fresh += &format!("{}{name}\tissuer\t\n", http_client::PREFIX);
        }
        crate::rejection::tests::assert_fresh("rust/core/generated/properties.tsv", &fresh);
    }
}

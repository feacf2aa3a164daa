// SPDX-License-Identifier: Apache-2.0
//! Settings that endanger tokens which are passed through.

use nativejwt_core::{Finding, Properties};

use super::Findings;

const ICEBERG_SESSION: &str = "iceberg.rest-catalog.session";
const ICEBERG_TIMEOUT: &str = "iceberg.rest-catalog.session-timeout";
const ICEBERG_REFRESH: &str = "iceberg.rest-catalog.oauth2.token-refresh-enabled";
/// The extra credential from which Iceberg's client reads the bearer token.
const ICEBERG_CREDENTIAL: &str = "token";

const PASSWORD_CREDENTIAL: &str = "password-credential-name";
const PROVIDER_PROPERTY: &str = "credential-provider.type";

/// Searches for settings of a catalog that serve one user with the token of another.
pub(super) fn check_catalog(catalog: &Properties, credential: &str, found: &mut Findings) {
    check_iceberg(catalog, credential, found);
    check_shared_accounts(catalog, credential, found);
}

/// Iceberg keeps a session for each user and source, with the token of its first request.
fn check_iceberg(catalog: &Properties, credential: &str, found: &mut Findings) {
    let session = found.value(catalog, ICEBERG_SESSION).known();
    if !session.is_some_and(|entry| entry.value.eq_ignore_ascii_case("user")) {
        return;
    }
    if credential != ICEBERG_CREDENTIAL {
        let message = format!(
            "is USER, but the token is passed through as '{credential}': Iceberg reads it from the extra credential '{ICEBERG_CREDENTIAL}' only"
        );
        found.warn(Finding::IcebergCredentialName, catalog, ICEBERG_SESSION, &message);
    }
    if found.value(catalog, ICEBERG_TIMEOUT).is_not(is_zero) {
        let message = "is not 0s: Iceberg keeps a session by user and source, and reuses it for requests without a token, with an expired token or with the token of another user";
        found.warn(Finding::IcebergSessionShared, catalog, ICEBERG_TIMEOUT, message);
    }
    if found.value(catalog, ICEBERG_REFRESH).is_not(|value| value.eq_ignore_ascii_case("false")) {
        let message = "is not false: Iceberg exchanges users' tokens at the token endpoint, and continues with the tokens that it returns";
        found.warn(Finding::IcebergTokenRefresh, catalog, ICEBERG_REFRESH, message);
    }
}

/// True for a duration of zero, such as `0s`.
fn is_zero(duration: &str) -> bool {
    let number = duration.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c.is_whitespace());
    number.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// A session without a token, such as an impersonated one, falls back to the account of the catalog.
fn check_shared_accounts(catalog: &Properties, credential: &str, found: &mut Findings) {
    let name = found.value(catalog, PASSWORD_CREDENTIAL).known();
    if name.is_none_or(|entry| entry.value != credential) {
        return;
    }
    let message = format!(
        "is set together with {PASSWORD_CREDENTIAL}: a session without a token, such as one with impersonation, would use this shared account"
    );
    for property in ["connection-user", "connection-password"] {
        if catalog.get(property).is_some() {
            found.warn(Finding::CatalogAccount, catalog, property, &message);
        }
    }
    let provider = found.value(catalog, PROVIDER_PROPERTY).known();
    if provider.is_some_and(|entry| !entry.value.eq_ignore_ascii_case("inline")) {
        found.warn(Finding::CatalogAccount, catalog, PROVIDER_PROPERTY, &message);
    }
    let url = found.value(catalog, "connection-url").known();
    if url.is_some_and(|entry| {
        let url = entry.value.to_ascii_lowercase();
        ["user=", "password="].iter().any(|parameter| url.contains(parameter))
    }) {
        found.warn(Finding::CatalogAccount, catalog, "connection-url", &message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_recognized_in_every_unit() {
        for text in ["0s", "0ms", "0.00 m", "0d"] {
            assert!(is_zero(text), "{text}");
        }
        for text in ["1s", "0.5s", "", "s", "0s1"] {
            assert!(!is_zero(text), "{text}");
        }
    }
}

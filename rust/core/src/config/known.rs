// SPDX-License-Identifier: Apache-2.0
//! The names of all properties.

/// The prefix of every property but those of the HTTP client.
pub(super) const PREFIX: &str = "http-server.authentication.jwt.";

/// What the names of required claims begin with, after [`PREFIX`]; the path of the claim follows.
pub(super) const REQUIRED_CLAIMS: &str = "required-claims.";

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
    PropertyName { name: "required-scopes", legacy: None },
    PropertyName { name: "principal-field", legacy: None },
    PropertyName { name: "nested-claim-delimiter", legacy: None },
    PropertyName { name: "groups-field", legacy: None },
    PropertyName { name: "groups-delimiter", legacy: None },
    PropertyName { name: "user-mapping.pattern", legacy: None },
    PropertyName { name: "user-mapping.file", legacy: None },
];

pub(super) const CLAIM_RULES_FILE: &str = "claim-rules.file";
pub(super) const MAX_TOKEN_SIZE: &str = "max-token-size";
pub(super) const TOKEN_CACHE_SIZE: &str = "token-cache.max-size";
pub(super) const REVOCATION_FILE: &str = "revocation-file";
pub(super) const LOGOUT_CLIENT_ID: &str = "backchannel-logout.client-id";
pub(super) const LOGOUT_FILE: &str = "backchannel-logout.file";
pub(super) const LOGOUT_RETENTION: &str = "backchannel-logout.retention";
pub(super) const SHADOW: &str = "shadow";
pub(super) const CREDENTIAL_NAME: &str = "pass-through.credential-name";
pub(super) const MINIMUM_LIFETIME: &str = "pass-through.minimum-lifetime";
pub(super) const ALLOW_USER_WITH_HYPHEN: &str = "pass-through.allow-user-with-hyphen";
pub(super) const CONTROL_SOCKET: &str = "control-socket";
pub(super) const STORAGE_STS_ENDPOINT: &str = "storage.sts-endpoint";
pub(super) const STORAGE_ROLE: &str = "storage.role";
pub(super) const STORAGE_ROLE_FIELD: &str = "storage.role-field";
pub(super) const STORAGE_ROLE_FILE: &str = "storage.role-file";
pub(super) const STORAGE_ALLOWED_ROLES: &str = "storage.allowed-roles";
pub(super) const STORAGE_SESSION_DURATION: &str = "storage.session-duration";
pub(super) const STORAGE_MINIMUM_LIFETIME: &str = "storage.minimum-lifetime";
pub(super) const STORAGE_TIMEOUT: &str = "storage.timeout";
pub(super) const STORAGE_WHEN_UNAVAILABLE: &str = "storage.when-unavailable";
pub(super) const STORAGE_EXCHANGE_ENDPOINT: &str = "storage.token-exchange.endpoint";
pub(super) const STORAGE_EXCHANGE_CLIENT_ID: &str = "storage.token-exchange.client-id";
pub(super) const STORAGE_EXCHANGE_SECRET: &str = "storage.token-exchange.client-secret";
pub(super) const STORAGE_EXCHANGE_SECRET_FILE: &str = "storage.token-exchange.client-secret-file";
pub(super) const STORAGE_EXCHANGE_AUDIENCE: &str = "storage.token-exchange.audience";
/// The names of [`StorageSettings`](super::StorageSettings) after [`PREFIX`].
pub(super) const STORAGE_NAMES: [&str; 14] = [
    STORAGE_STS_ENDPOINT,
    STORAGE_ROLE,
    STORAGE_ROLE_FIELD,
    STORAGE_ROLE_FILE,
    STORAGE_ALLOWED_ROLES,
    STORAGE_SESSION_DURATION,
    STORAGE_MINIMUM_LIFETIME,
    STORAGE_TIMEOUT,
    STORAGE_WHEN_UNAVAILABLE,
    STORAGE_EXCHANGE_ENDPOINT,
    STORAGE_EXCHANGE_CLIENT_ID,
    STORAGE_EXCHANGE_SECRET,
    STORAGE_EXCHANGE_SECRET_FILE,
    STORAGE_EXCHANGE_AUDIENCE,
];
/// The names of [`GlobalConfiguration`](super::GlobalConfiguration) after [`PREFIX`].
pub(super) const GLOBAL_NAMES: [&str; 12] = [
    SHADOW,
    CLAIM_RULES_FILE,
    MAX_TOKEN_SIZE,
    TOKEN_CACHE_SIZE,
    REVOCATION_FILE,
    LOGOUT_CLIENT_ID,
    LOGOUT_FILE,
    LOGOUT_RETENTION,
    CREDENTIAL_NAME,
    MINIMUM_LIFETIME,
    ALLOW_USER_WITH_HYPHEN,
    CONTROL_SOCKET,
];

/// The names of fetched JWK Sets after [`PREFIX`].
pub(super) const KEY_SET_NAMES: [&str; 8] = [
    "jwks.refresh-interval",
    "jwks.unknown-kid-cooldown",
    "jwks.unknown-kid-wait",
    "jwks.max-stale",
    "jwks.removed-key-grace",
    "jwks.cache-file",
    "jwks.bearer-token-file",
    "jwks.fail-fast",
];

/// The prefix of the properties of the HTTP client.
pub(super) const CLIENT_PREFIX: &str = "jwk.http-client.";

/// The names after [`CLIENT_PREFIX`].
pub(super) const CLIENT_PROPERTIES: &[&str] = &[
    "trust-store-path",
    "trust-store-password",
    "key-store-path",
    "key-store-password",
    "http-proxy",
    "http-proxy.user",
    "http-proxy.password",
    "http-proxy.secure",
    "socks-proxy",
    "connect-timeout",
    "request-timeout",
    "https.hostname-verification",
];

/// The other properties of `io.airlift.http.client.HttpClientConfig`, versions 336 and 439. They control connections,
/// threads, buffers and logs of airlift's client. Our client makes few requests and has none of these.
pub(super) const CLIENT_PROPERTIES_WITHOUT_EFFECT: &[&str] = &[
    "buffer-pool-type",
    "destination-idle-timeout",
    "http2.enabled",
    "http2.input-buffer-size",
    "http2.session-receive-window-size",
    "http2.stream-receive-window-size",
    "https.automatic-shared-secret",
    "https.excluded-cipher",
    "https.included-cipher",
    "idle-timeout",
    "log.buffer-size",
    "log.compression.enabled",
    "log.enabled",
    "log.flush-interval",
    "log.max-history",
    "log.max-size",
    "log.path",
    "log.queue-size",
    "max-connections-per-server",
    "max-content-length",
    "max-direct-memory",
    "max-heap-memory",
    "max-request-header-size",
    "max-requests-queued-per-destination",
    "max-response-content-length",
    "max-response-header-size",
    "max-threads",
    "min-threads",
    "read-timeout",
    "record-request-complete",
    "request-buffer-size",
    "response-buffer-size",
    "secure-random-algorithm",
    "selector-count",
    "strict-event-ordering",
    "tcp-keep-alive-idle-time",
    "timeout-concurrency",
    "timeout-threads",
    "track-memory-allocations",
    "use-blocking-connect",
    "use-virtual-threads",
];

/// The names that follow [`PREFIX`].
pub(super) fn own_names() -> impl Iterator<Item = &'static str> {
    let names = PROPERTIES.iter().map(|property| property.name).chain(KEY_SET_NAMES);
    names.chain(GLOBAL_NAMES).chain(STORAGE_NAMES)
}

/// The full name of every property, legacy names included.
pub(super) fn known_properties() -> impl Iterator<Item = String> {
    let client = CLIENT_PROPERTIES.iter().chain(CLIENT_PROPERTIES_WITHOUT_EFFECT);
    own_names()
        .map(|name| format!("{PREFIX}{name}"))
        .chain(PROPERTIES.iter().filter_map(|property| property.legacy).map(str::to_owned))
        .chain(client.map(|name| format!("{}{name}", CLIENT_PREFIX)))
}

pub(crate) fn is_known(name: &str) -> bool {
    required_claim(name).is_some() || known_properties().any(|known| known == name)
}

/// The path of a property `required-claims.<path>`: the one family whose names the operator completes.
pub(super) fn required_claim(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)?.strip_prefix(REQUIRED_CLAIMS).filter(|path| !path.is_empty())
}

/// True for the full name of a property that applies to all issuers.
pub(super) fn is_global(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|name| GLOBAL_NAMES.contains(&name) || STORAGE_NAMES.contains(&name))
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
            let place = if name == CONFIG_FILES || is_global(&whole) { "global" } else { "issuer" };
            let former = PROPERTIES.iter().find(|property| property.name == name).and_then(|property| property.legacy);
            fresh += &format!("{whole}\t{place}\t{}\n", former.unwrap_or_default());
        }
        fresh += &format!("{PREFIX}{REQUIRED_CLAIMS}*\tissuer\t\n");
        for name in CLIENT_PROPERTIES.iter().chain(CLIENT_PROPERTIES_WITHOUT_EFFECT) {
            fresh += &format!("{}{name}\tissuer\t\n", CLIENT_PREFIX);
        }
        crate::rejection::tests::assert_fresh("rust/core/generated/properties.tsv", &fresh);
    }
}

//! Our core in this process, in the terms of the oracle.

use nativejwt_core::{Authenticator, Properties, Property, UnixMillis};

use crate::oracle::Verdict;

/// Opens the core's authenticator.
///
/// # Errors
/// What the operator reads.
pub fn open_core(properties: &[(String, String)]) -> Result<Authenticator, String> {
    let entries = properties
        .iter()
        .enumerate()
        .map(|(index, (key, value))| Property { key: key.clone(), value: value.clone(), line: index + 1 })
        .collect();
    Authenticator::open(&Properties { source: "case".to_owned(), entries }).map_err(|errors| errors.to_string())
}

/// The core's verdict.
#[must_use]
pub fn core_verdict(authenticator: &Authenticator, authorization: &[u8], now: i64) -> Verdict {
    match authenticator.authenticate(authorization, UnixMillis(now)) {
        Ok(identity) => Verdict::Accept {
            user: identity.user.encode_utf16().collect(),
            principal: identity.principal.encode_utf16().collect(),
        },
        Err(reject) => Verdict::Reject { code: reject.code().name().to_owned(), message: reject.message().to_owned() },
    }
}

/// The configuration as stock reads it, and the JWK set that its HTTP client then gets. Stock reads no JWK set from a
/// file: where ours does, stock fetches the same one.
#[must_use]
pub fn stock_configuration(config: &[(String, String)]) -> (Vec<(String, String)>, String) {
    let mut jwks = String::new();
    let config = config
        .iter()
        .map(|(key, value)| {
            let set = Some(value)
                .filter(|_| key.ends_with("jwt.key-file"))
                .and_then(|path| std::fs::read_to_string(path).ok())
                .filter(|text| text.trim_start().starts_with('{') && text.contains("\"keys\""));
            let value = set.map_or_else(
                || value.clone(),
                |set| {
                    jwks = set;
                    "https://jwks.example/".to_owned()
                },
            );
            (key.clone(), value)
        })
        .collect();
    (config, jwks)
}

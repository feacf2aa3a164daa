// SPDX-License-Identifier: Apache-2.0
//! Runs the core in this process, with the types of the oracle.

use std::time::Duration;

use nativejwt_core::{Authenticator, HostProcess, Properties, Property, UnixMillis};

use crate::oracle::Verdict;

/// Opens the core's authenticator.
///
/// # Errors
/// The message for the operator.
pub fn open_core(properties: &[(String, String)]) -> Result<Authenticator, String> {
    open_core_in(properties, &HostProcess::default())
}

/// As [`open_core`], in this process.
///
/// # Errors
/// As [`open_core`].
pub fn open_core_in(properties: &[(String, String)], host: &HostProcess) -> Result<Authenticator, String> {
    let entries = properties
        .iter()
        .enumerate()
        .map(|(index, (key, value))| Property { name: key.clone(), value: value.clone(), line: index + 1 })
        .collect();
    let properties = Properties { source: "case".to_owned(), entries };
    let opened = Authenticator::open_with(&properties, host).map_err(|errors| errors.to_string())?;
    // The case says whether there are keys.
    let _ = opened.wait_until_fetched(Duration::from_secs(20));
    Ok(opened)
}

/// The core's verdict, after checking that a second one is the same.
///
/// # Panics
/// The second verdict is different.
#[must_use]
pub fn core_verdict(authenticator: &Authenticator, authorization: &[u8], now: i64) -> Verdict {
    let verdict = authenticator.authenticate(authorization, UnixMillis(now));
    // An accepted token is cached, so the second verdict comes from the cache.
    assert!(authenticator.authenticate(authorization, UnixMillis(now)) == verdict, "a second look says something else");
    match verdict {
        Ok(identity) => Verdict::Accept {
            user: identity.user.encode_utf16().collect(),
            principal: identity.principal.encode_utf16().collect(),
        },
        Err(reject) => Verdict::Reject { code: reject.code().name().to_owned(), message: reject.message().to_owned() },
    }
}

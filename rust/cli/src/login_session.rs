// SPDX-License-Identifier: Apache-2.0
//! What `login`, `token` and `logout` share: how the provider is reached, and how a client's assertion is signed.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use nativejwt_core::{ConfigurationErrors, Events, HttpExchange, JvmTrust, Problem, Properties, Property};
use nativejwt_login::{AssertionSigner, LoginError, Profile, Profiles, Provider};

use crate::coordinator_file::{CoordinatorFile, host};
use crate::failure::Failure;
use crate::private_key::PrivateKey;

/// The profile that is used where none is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

const TRUST_STORE: &str = "jwk.http-client.trust-store-path";
const HTTP_PROXY: &str = "jwk.http-client.http-proxy";

/// Reads the name of a profile.
pub(crate) fn profile_name(text: &str) -> Result<String, String> {
    Profiles::check_name(text).map(|()| text.to_owned())
}

/// Shows a line to the person. Standard output is for results.
pub(crate) fn tell(line: &str) {
    // Without a terminal nobody reads it.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Signs with the private keys that `issue` signs with.
pub(crate) struct KeyFileSigner;

impl AssertionSigner for KeyFileSigner {
    fn sign(&self, key_file: &Path, key_id: Option<&str>, claims: &str) -> Result<String, String> {
        let key = PrivateKey::load(key_file).map_err(|failure| failure.sentence())?;
        key.sign_jwt(None, key_id, claims).map_err(|why| format!("{}: {why}", key_file.display()))
    }
}

/// Reaches the profile's provider: as the coordinator of the profile's configuration fetches keys, or with this machine's
/// certificates.
///
/// # Errors
/// The configuration, the trust store or the proxy is invalid, or the provider cannot be reached.
pub(crate) fn connect(profile: &Profile) -> Result<Provider, Failure> {
    let (mut properties, jvm_trust) = match &profile.config {
        Some(path) => (CoordinatorFile::load(path)?.properties, host().jvm_trust),
        None => (Properties { source: "the options of login".to_owned(), entries: Vec::new() }, JvmTrust::None),
    };
    let trust_store = profile.trust_store.as_ref().map(|path| path.display().to_string());
    for (name, value) in [(TRUST_STORE, trust_store), (HTTP_PROXY, profile.proxy.clone())] {
        if let Some(value) = value {
            properties.entries.retain(|entry| entry.name != name);
            properties.entries.push(Property { name: name.to_owned(), value, line: 0 });
        }
    }
    let events = Events::default();
    let exchange = HttpExchange::open(&properties, &jvm_trust, &events)
        .map_err(in_terms_of_options)?
        .map_err(|error| Failure::Message(format!("The HTTP client cannot be started: {error}")))?;
    while let Some(event) = events.pop() {
        tell(&format!("{}: {}", event.level, event.text));
    }
    Ok(Provider::discover(exchange, &profile.issuer)?)
}

/// Errors of properties that stand for options name the options.
fn in_terms_of_options(errors: ConfigurationErrors) -> Failure {
    let option = |problem: &Problem| match (problem.line(), problem.property()) {
        (0, Some(TRUST_STORE)) => Some("--trust-store"),
        (0, Some(HTTP_PROXY)) => Some("--proxy"),
        _ => None,
    };
    match errors.problems() {
        [problem] if option(problem).is_some() => Failure::at(option(problem).unwrap_or_default(), problem.message()),
        _ => Failure::Configuration(errors),
    }
}

/// As [`connect`], for a [`Session`](nativejwt_login::Session).
pub(crate) fn connect_again(profile: &Profile) -> Result<Provider, LoginError> {
    connect(profile).map_err(|failure| LoginError::failed(failure.sentence()))
}

/// A path that later calls understand in any folder.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::at(path.display(), error))
}

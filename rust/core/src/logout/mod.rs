// SPDX-License-Identifier: Apache-2.0
//! OpenID Connect Back-Channel Logout 1.0: an issuer reports that a user has logged out, and the user's tokens are revoked.
//!
//! The report is a logout token. [`token`] verifies it, [`store`] keeps what it revokes, on disk over a restart.

mod limit;
mod store;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::UnixMillis;
use crate::config::{ConfigurationErrors, LogoutConfiguration};
use crate::events::{Events, Level};
use crate::host::HostProcess;
use crate::issuers::Issuers;
use crate::logout::limit::{UsedTokens, VerificationLimit};
use crate::logout::store::LogoutStore;
use crate::rejection::{Reason, Rejection};
use crate::revocation::{Logouts, Revocation, RevocationEntry};

/// Why a logout was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutError {
    /// What the issuer can do about it.
    pub kind: LogoutErrorKind,
    /// One sentence for the issuer and the log. It contains nothing of the token but escaped claims.
    pub message: String,
}

/// What the issuer can do about a failed logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutErrorKind {
    /// The logout token is not valid, or was used before.
    Invalid,
    /// More requests came than are handled in a second.
    TooMany,
    /// The keys are not there yet, or the logout cannot be stored. The issuer should try again.
    Unavailable,
    /// `backchannel-logout.client-id` is not set.
    Off,
}

impl fmt::Display for LogoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LogoutError {}

impl LogoutError {
    fn new(kind: LogoutErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Back-channel logout is not configured.
    pub(crate) fn off() -> Self {
        Self::new(LogoutErrorKind::Off, "Back-channel logout is not configured")
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(LogoutErrorKind::Invalid, message)
    }
}

/// A token that cannot be verified now may be verified later.
impl From<Rejection> for LogoutError {
    fn from(rejection: Rejection) -> Self {
        let kind = match rejection.code() {
            Reason::KeysUnavailable => LogoutErrorKind::Unavailable,
            _ => LogoutErrorKind::Invalid,
        };
        Self::new(kind, rejection.message())
    }
}

/// Back-channel logout of an authenticator.
pub(crate) struct BackchannelLogout {
    /// The client of the coordinator, which is the audience of logout tokens.
    client_id: String,
    /// How long an entry is kept: longer than any token that it revokes.
    retention: Duration,
    store: LogoutStore,
    limit: Mutex<VerificationLimit>,
    used: Mutex<UsedTokens>,
}

impl BackchannelLogout {
    /// Reads the file of logouts, and creates it if it does not exist. Adds everything that is wrong to `errors`.
    pub(crate) fn open(
        configuration: &LogoutConfiguration,
        host: &HostProcess,
        events: &Events,
        errors: &mut ConfigurationErrors,
    ) -> Option<(Self, Logouts)> {
        let path = Path::new(&configuration.file.value);
        let (store, logouts) = LogoutStore::open(path, host.keeps_cache_files, &configuration.file, events, errors)?;
        let logout = Self {
            client_id: configuration.client_id.value.clone(),
            retention: configuration.retention,
            store,
            limit: Mutex::default(),
            used: Mutex::default(),
        };
        Some((logout, logouts))
    }

    /// Carries a logout out.
    ///
    /// # Errors
    /// The token is not a valid logout token, or the logout cannot be stored.
    pub(crate) fn log_out(
        &self,
        token: &[u8],
        issuers: &Issuers,
        now: UnixMillis,
        revocation: &Revocation,
        events: &Events,
    ) -> Result<(), LogoutError> {
        let admits = || match self.limit.lock().unwrap_or_else(PoisonError::into_inner).admits() {
            true => Ok(()),
            false => Err(LogoutError::new(LogoutErrorKind::TooMany, "Too many logouts: try again in a second")),
        };
        let logout = token::verify(token, issuers, &self.client_id, now, admits)?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.contains(&logout, now) {
            return Err(LogoutError::invalid("The logout token was used before: its jti is known"));
        }
        let until = now.0.saturating_add(i64::try_from(self.retention.as_millis()).unwrap_or(i64::MAX));
        let entry = RevocationEntry { until: Some(UnixMillis(until)), ..logout.entry() };
        self.store.add(&entry, now, revocation, events).map_err(|error| {
            let text = format!("A logout cannot be written to '{}': {error}", self.store.path().display());
            events.push(
                Level::Error,
                format!("{text}. It is in force until the coordinator stops; the issuer is asked to try again"),
            );
            LogoutError::new(LogoutErrorKind::Unavailable, "The logout cannot be stored now: try again later")
        })?;
        used.insert(logout, now);
        Ok(())
    }
}

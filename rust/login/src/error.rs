// SPDX-License-Identifier: Apache-2.0
//! Why there is no token.

use std::fmt;

use nativejwt_core::{ExchangeError, ExchangeErrorKind};

/// What a caller has to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no login, or it has ended: log in.
    NotLoggedIn,
    /// The person or the provider refused.
    Refused,
    /// Anything else: wrong settings, a server that cannot be reached, a file that cannot be written.
    Failed,
}

/// Why there is no token: sentences for the person, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginError {
    /// What to do about it.
    pub kind: ErrorKind,
    text: String,
}

impl LoginError {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// Anything but a refusal.
    #[must_use]
    pub fn failed(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, text)
    }

    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, text)
    }

    /// No answer from `address`.
    pub(crate) fn no_answer(address: &str, error: &ExchangeError) -> Self {
        let way_out = match error.kind {
            ExchangeErrorKind::Untrusted => {
                ". If the provider's certificate comes from a private CA, name the CA's certificate with --trust-store FILE; if the certificate is called expired or not yet valid, look at this machine's clock, too"
            }
            ExchangeErrorKind::Unreachable => {
                ". Check the address; where the way out leads through a proxy, name it with --proxy HOST:PORT"
            }
            ExchangeErrorKind::TimedOut => {
                ". Try again; where the way out leads through a proxy, name it with --proxy HOST:PORT"
            }
            ExchangeErrorKind::Other => "",
        };
        Self::failed(format!("{address}: {error}{way_out}"))
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for LoginError {}

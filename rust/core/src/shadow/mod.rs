// SPDX-License-Identifier: Apache-2.0
//! Shadow mode: the built-in authenticator answers, nativejwt judges beside it, and the differences are counted with the row of
//! DIFFERENCES.md that explains each.
//!
//! [`Authenticator::judge_shadow`](crate::Authenticator::judge_shadow) begins here. Nothing of it reaches a client.

mod at_start;
pub(crate) mod explain;
mod key_file;
mod report;
mod rows;
mod token_text;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::UnixMillis;
use crate::config::Properties;
use crate::issuers::issuer::Issuer;
use crate::rejection::{Reason, Rejection};

use at_start::AtStart;
pub(crate) use key_file::built_in_cannot_read;
pub use report::ShadowReport;
pub use rows::Explanation;
pub(crate) use token_text::TokenText;

/// What the built-in authenticator did with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn<'a> {
    /// It judges elsewhere, and this caller does not see its verdict.
    Unknown,
    /// It accepted the token.
    Accepted {
        /// The user.
        user: &'a str,
        /// The principal.
        principal: &'a str,
    },
    /// It rejected the request, with this message; the answer has status 401.
    Rejected {
        /// The message for the client. It is compared with known messages, and never shown.
        message: &'a str,
    },
    /// It threw another exception; the answer has status 500.
    Failed {
        /// The exception says that the stack overflowed.
        overflow: bool,
    },
}

/// The verdict of the built-in authenticator without its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltInOutcome {
    /// The token was accepted.
    Accepted,
    /// Status 401.
    Rejected,
    /// Status 500.
    Failed,
}

impl BuiltInOutcome {
    /// The label in the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }
}

impl BuiltIn<'_> {
    /// `None` if it is not known.
    #[must_use]
    pub fn outcome(&self) -> Option<BuiltInOutcome> {
        match self {
            Self::Unknown => None,
            Self::Accepted { .. } => Some(BuiltInOutcome::Accepted),
            Self::Rejected { .. } => Some(BuiltInOutcome::Rejected),
            Self::Failed { .. } => Some(BuiltInOutcome::Failed),
        }
    }
}

/// Two verdicts that differ, and why. Their number is bounded by outcomes, reasons and explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disagreement {
    /// Why.
    pub explanation: Explanation,
    /// The verdict of the built-in authenticator.
    pub built_in: BuiltInOutcome,
    /// The verdict of nativejwt: why it rejects, or `None` if it accepts.
    pub native: Option<Reason>,
}

impl Disagreement {
    /// The verdict of nativejwt as a label.
    #[must_use]
    pub fn native_name(&self) -> &'static str {
        self.native.map_or("accepted", Reason::name)
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "built-in {}, native-jwt {}", self.built_in.name(), self.native_name())
    }
}

/// A disagreement about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowDifference {
    /// What differs.
    pub disagreement: Disagreement,
    /// What the log says after the two verdicts: the message of the rejection, which contains no more of the token than clients
    /// read, or what differs.
    pub text: String,
}

impl ShadowDifference {
    /// True if no row and no property explains it.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        self.disagreement.explanation == Explanation::Unexplained
    }
}

/// What shadow mode has counted.
pub(crate) struct Shadow {
    /// The names of the properties that are set, without their prefix.
    pub(crate) properties: HashSet<Box<str>>,
    /// `principal-field`.
    pub(crate) principal_field: String,
    /// `None` for several issuers, which shadow mode rejects.
    pub(crate) at_start: Option<AtStart>,
    since: UnixMillis,
    requests: AtomicU64,
    compared: AtomicU64,
    skipped: AtomicU64,
    built_in_nanos: AtomicU64,
    native_nanos: AtomicU64,
    /// Differences are rare, so a lock is good enough.
    differences: Mutex<BTreeMap<Disagreement, u64>>,
}

impl Shadow {
    pub(crate) fn new(properties: &Properties, issuers: &[&Arc<Issuer>]) -> Self {
        let own = |name: &str| {
            let name = name.strip_prefix("http-server.authentication.jwt.");
            name.map(Into::into)
        };
        let principal_field = properties.get("http-server.authentication.jwt.principal-field");
        Self {
            properties: properties.entries.iter().filter_map(|entry| own(&entry.name)).collect(),
            principal_field: principal_field.map(|entry| entry.value.clone()).unwrap_or_default(),
            at_start: issuers.first().map(|issuer| AtStart::of(issuer)),
            since: UnixMillis::now(),
            requests: AtomicU64::new(0),
            compared: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            built_in_nanos: AtomicU64::new(0),
            native_nanos: AtomicU64::new(0),
            differences: Mutex::default(),
        }
    }

    /// Both have judged a request, in these times.
    pub(crate) fn judged(&self, built_in: &BuiltIn<'_>, built_in_time: Duration, native_time: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.native_nanos.fetch_add(nanos(native_time), Ordering::Relaxed);
        if built_in.outcome().is_some() {
            self.compared.fetch_add(1, Ordering::Relaxed);
            self.built_in_nanos.fetch_add(nanos(built_in_time), Ordering::Relaxed);
        }
    }

    pub(crate) fn differed(&self, disagreement: Disagreement) {
        let mut differences = self.differences.lock().unwrap_or_else(PoisonError::into_inner);
        *differences.entry(disagreement).or_default() += 1;
    }

    /// Requests were not judged, since too many waited.
    pub(crate) fn skipped(&self, requests: u64) {
        self.skipped.fetch_add(requests, Ordering::Relaxed);
    }

    pub(crate) fn report(&self) -> ShadowReport {
        let seconds = |nanos: &AtomicU64| nanos.load(Ordering::Relaxed) as f64 / 1e9;
        let differences = self.differences.lock().unwrap_or_else(PoisonError::into_inner);
        ShadowReport {
            since: self.since,
            until: UnixMillis::now(),
            requests: self.requests.load(Ordering::Relaxed),
            compared: self.compared.load(Ordering::Relaxed),
            skipped: self.skipped.load(Ordering::Relaxed),
            built_in_seconds: seconds(&self.built_in_nanos),
            native_seconds: seconds(&self.native_nanos),
            differences: differences.iter().map(|(disagreement, count)| (*disagreement, *count)).collect(),
        }
    }
}

/// What the log says after the two verdicts.
pub(crate) fn describe(disagreement: Disagreement, native: Result<(), &Rejection>, is_same_user: bool) -> String {
    let explanation = disagreement.explanation;
    let what = match native {
        Err(rejection) => rejection.message(),
        Ok(()) if disagreement.built_in != BuiltInOutcome::Accepted => "only native-jwt accepts the token",
        Ok(()) if is_same_user => "the principals differ",
        Ok(()) => "the users differ",
    };
    if explanation == Explanation::Unexplained { what.to_owned() } else { format!("{what} ({})", explanation.id()) }
}

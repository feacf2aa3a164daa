// SPDX-License-Identifier: Apache-2.0
//! What is counted, and how operators read it.
//!
//! The request path counts on lanes of its threads ([`lanes`]); rare things have counters that all threads share
//! ([`happenings`]). [`Authenticator::metrics`](crate::Authenticator::metrics) reads everything at once.

mod happenings;
mod lanes;
mod requests;
mod snapshot;

pub(crate) use happenings::{FileKind, Happenings};
pub(crate) use requests::{IssuerCounters, IssuerSeen, RequestCounters};
pub use snapshot::{Metric, MetricKind, Sample, Snapshot};

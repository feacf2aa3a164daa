// SPDX-License-Identifier: Apache-2.0
//! Credentials of an object store for the caller of a coordinator: the caller's token is exchanged at a security token
//! service (STS), so that the store itself decides what the caller may read.
//!
//! [`StorageLeases`] is what the boundary calls for an accepted token. A [lease](lease) is the result of one exchange, for one
//! token and one role, and is renewed in the background. [`request`] and [`answer`] are pure: the form that is sent and the XML
//! that comes back (AWS Security Token Service API Reference, AssumeRoleWithWebIdentity, version 2011-06-15).
//!
//! Credentials and tokens in leases are overwritten when they are dropped; what the HTTP client sends and receives is not. No
//! error, event or `Debug` has them.

#![forbid(unsafe_code)]

mod answer;
mod exchange;
mod lease;
mod outage;
mod request;
mod session_name;

pub use answer::StorageCredentials;
pub use lease::{Leased, StorageLeases};

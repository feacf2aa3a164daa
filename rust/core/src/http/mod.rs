// SPDX-License-Identifier: Apache-2.0
//! HTTP, TLS, and which servers to trust: fetches one document, or carries one exchange out. Nothing here knows about keys.

pub(crate) mod client;
pub(crate) mod document;
pub(crate) mod endpoint;
pub(crate) mod exchange;
pub(crate) mod failure;
pub(crate) mod get;
mod server_trust;
pub(crate) mod stores;
#[cfg(test)]
pub(crate) mod test_server;

// SPDX-License-Identifier: Apache-2.0
//! Rules and keys as commands show them, to explain why a token is rejected. The request path does not use this module.

use std::sync::Arc;
use std::time::Duration;

use crate::issuers::issuer::{Issuer, IssuerRules};
use crate::keys::offered::{OfferedKey, UnusedKey};

/// An issuer in its present state.
pub struct IssuerView(pub(crate) Arc<Issuer>);

impl IssuerView {
    /// The rules for its tokens.
    #[must_use]
    pub fn rules(&self) -> IssuerRules {
        self.0.rules()
    }

    /// The file with its properties.
    #[must_use]
    pub fn source(&self) -> &str {
        self.0.source()
    }

    /// Calls `show` for each key that may verify its tokens. With `${KID}` these are the keys that were already used.
    pub fn for_each_key(&self, mut show: impl FnMut(OfferedKey<'_>)) {
        self.0.keys.for_each_key(&mut show);
    }

    /// The keys of its JWK Set that are not used, at most twenty.
    #[must_use]
    pub fn unused_keys(&self) -> Vec<UnusedKey> {
        self.0.keys.unused_keys()
    }

    /// True if its keys are fetched.
    #[must_use]
    pub fn has_key_server(&self) -> bool {
        self.0.remote().is_some()
    }

    /// The milliseconds by which this machine's clock is ahead of the key server's, at least; negative if it is behind.
    /// `None` without a key server, or if its answer has no `Date`.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<i64> {
        self.0.remote()?.server_clock.ahead()
    }

    /// Why there are no keys, if they should have been fetched.
    #[must_use]
    pub fn missing_keys(&self) -> Option<String> {
        self.0.remote()?.wait_until_fetched(Duration::ZERO).err()
    }
}

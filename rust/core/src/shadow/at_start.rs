// SPDX-License-Identifier: Apache-2.0
//! What the files of an issuer said at the start. The built-in authenticator reads none of them again.

use std::sync::Arc;

use crate::issuers::issuer::Issuer;
use crate::keys::KeySource;
use crate::keys::file::LocalKeys;
use crate::keys::verifying_key::VerifyingKey;
use crate::signature;
use crate::token::CompactJws;
use crate::user_mapping::UserMapping;

/// The rules and keys that the built-in authenticator has.
pub(crate) struct AtStart {
    mapping: Arc<UserMapping>,
    /// `None` if the keys are not those of one file.
    keys: Option<Arc<LocalKeys>>,
}

impl AtStart {
    pub(crate) fn of(issuer: &Issuer) -> Self {
        let keys = match &issuer.keys {
            KeySource::Local(keys) => Some(Arc::clone(&keys.load())),
            KeySource::Remote(_) | KeySource::Template(_) => None,
        };
        Self { mapping: Arc::clone(&issuer.user_mapping.load()), keys }
    }

    /// The user of a principal; `None` if the mapping rejects it.
    pub(crate) fn user(&self, principal: &str) -> Option<String> {
        self.mapping.map_user(principal).ok()
    }

    /// True if a key of the file verifies the token.
    pub(crate) fn verifies(&self, token: &[u8]) -> bool {
        let verified = || {
            let header_bytes = CompactJws::parse(token, usize::MAX).ok()?.decode_header().ok()?;
            let header = header_bytes.parse().ok()?;
            let token = header_bytes.decode_rest().ok()?;
            let verify =
                |key: &_| signature::verify(&VerifyingKey::for_algorithm(key, header.algorithm)?, &token).map(drop);
            self.keys.as_ref()?.verify_with(&header, verify).ok()
        };
        verified().is_some()
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Why key material cannot be used.

use std::fmt;

/// Why key material is not a key. The text names the violated rule and contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(pub(crate) String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

// SPDX-License-Identifier: Apache-2.0
//! The identity that an accepted token gives to its bearer.

use crate::algorithm::Algorithm;
use crate::clock::UnixMillis;

/// The identity of an accepted token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The claim that `principal-field` names, unchanged.
    pub principal: String,
    /// The Trino user that the user mapping maps the principal to.
    pub user: String,
    /// The groups in the claim that `groups-field` names, each once; empty without this property.
    pub groups: Vec<String>,
    /// `iss`, if the token has one.
    pub issuer: Option<String>,
    /// `kid` of the protected header, if there is one.
    pub key_id: Option<String>,
    /// `alg` of the protected header.
    pub algorithm: Algorithm,
    /// With `storage.sts-endpoint`: the role of the object store for which the token may be exchanged.
    pub storage_role: Option<Box<str>>,
    /// `exp`, if the token has one.
    pub expires_at: Option<UnixMillis>,
}

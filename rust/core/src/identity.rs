//! Who a token makes of its bearer.

use crate::algorithm::Algorithm;
use crate::clock::UnixMillis;

/// The identity of an accepted token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The claim that `principal-field` names, as the token holds it.
    pub principal: String,
    /// The Trino user that the user mapping made of the principal.
    pub user: String,
    /// What `groups-field` names, each group once; none without that key.
    pub groups: Vec<String>,
    /// `iss`, if the token has one.
    pub issuer: Option<String>,
    /// `kid` of the header, if there is one.
    pub key_id: Option<String>,
    /// `alg` of the header.
    pub algorithm: Algorithm,
    /// `exp`, if the token has one.
    pub expires_at: Option<UnixMillis>,
}

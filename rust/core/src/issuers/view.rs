//! The rules and keys that judge a token, for people who want to know why it was refused. Nothing on the request path comes
//! here, and nothing here decides anything.

use std::sync::Arc;
use std::time::Duration;

use crate::algorithm::Algorithm;
use crate::claims::path::ClaimPath;
use crate::issuers::issuer::Issuer;
use crate::keys::offered::{OfferedKey, UnusedKey};

/// What the configuration demands of the tokens of one issuer. Texts are as the configuration has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuerRules {
    /// What `key-file` names, without what may be a secret: an address has no user, password and query, and keys in the
    /// configuration are not shown.
    pub key_file: String,
    /// `required-issuer`, also where `oidc:` implies it.
    pub required_issuer: Option<String>,
    /// `required-audience`.
    pub required_audience: Option<String>,
    /// `principal-field`, each of the list.
    pub principal_fields: Vec<ClaimPath>,
    /// `groups-field`.
    pub groups_field: Option<ClaimPath>,
    /// `allowed-algorithms`; empty where every algorithm is good.
    pub allowed_algorithms: Vec<Algorithm>,
    /// `required-token-type`.
    pub required_token_type: Option<String>,
    /// `clock-skew`.
    pub clock_skew: Duration,
    /// `max-token-lifetime`.
    pub max_token_lifetime: Option<Duration>,
    /// `user-mapping.pattern`.
    pub user_mapping_pattern: Option<String>,
    /// `user-mapping.file`.
    pub user_mapping_file: Option<String>,
}

/// An issuer, as the authenticator knows it now.
pub struct IssuerView(pub(crate) Arc<Issuer>);

impl IssuerView {
    /// What is demanded of its tokens.
    #[must_use]
    pub fn rules(&self) -> IssuerRules {
        self.0.rules()
    }

    /// Shows each key that may verify its tokens. With `${KID}` those that were used already.
    pub fn for_each_key(&self, mut show: impl FnMut(OfferedKey<'_>)) {
        self.0.keys.for_each_key(&mut show);
    }

    /// The keys of its set that are not used: the first twenty.
    #[must_use]
    pub fn unused_keys(&self) -> Vec<UnusedKey> {
        self.0.keys.unused_keys()
    }

    /// Why there are no keys, if they were to be fetched and are not there.
    #[must_use]
    pub fn missing_keys(&self) -> Option<String> {
        self.0.remote()?.wait_until_fetched(Duration::ZERO).err()
    }
}

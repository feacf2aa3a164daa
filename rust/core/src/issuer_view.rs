//! The rules and keys that judge a token, for people who want to know why it was refused. Nothing on the request path comes
//! here, and nothing here decides anything.

use std::sync::Arc;
use std::time::Duration;

use crate::claim_path::ClaimPath;
use crate::issuer::Issuer;
use crate::signature::{Algorithm, PublicNumbers, VerifyingKey};
use crate::step::KeyDescription;

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

/// A key that may verify tokens.
#[derive(Clone, Copy, Debug)]
pub struct OfferedKey<'k> {
    /// Its `kid` in the set; none for a key that has none, and for the one key of a file.
    pub key_id: Option<&'k str>,
    pub(crate) key: &'k VerifyingKey,
}

impl OfferedKey<'_> {
    /// What it is: `RSA 2048`.
    #[must_use]
    pub fn description(&self) -> KeyDescription<'_> {
        KeyDescription(self.key)
    }

    /// The only algorithm that it may serve, if its JWK says so.
    #[must_use]
    pub fn bound_to(&self) -> Option<Algorithm> {
        self.key.bound_to()
    }

    /// True if it may verify signatures of this algorithm.
    #[must_use]
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.key.serves(algorithm)
    }

    /// Its public numbers; none for a secret.
    #[must_use]
    pub fn numbers(&self) -> Option<PublicNumbers<'_>> {
        self.key.public_numbers()
    }

    /// Whether these bytes are its signature of that text. It tells what is wrong with a token, and lets in no one.
    #[must_use]
    pub fn has_signed(&self, algorithm: Algorithm, signing_input: &[u8], signature: &[u8]) -> bool {
        self.key.for_algorithm(algorithm).is_ok_and(|key| key.verify(signing_input, signature).is_ok())
    }
}

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedKey {
    /// Its `kid`, if it could be read.
    pub key_id: Option<String>,
    /// Why it is not used; "it" and "its" are the key.
    pub why: String,
}

//! The library that decides about bearer tokens: from the Authorization value to an identity or a numbered reject.
//!
//! [`Authenticator`] calls the steps of that path top to bottom; each step is a module, and ARCHITECTURE.md lists them. There
//! is no unsafe code.
//!
//! The time at which a token is judged is an argument, or the order to ask the system ([`Clock`]). Only the life of remote
//! keys, and of the tokens that are kept with them, looks at a clock by itself. HTTP is known to `keys/fetch.rs` and
//! `keys/transport.rs` alone. An authenticator starts a thread where keys are to be fetched, and one where files are to be
//! watched.

#![forbid(unsafe_code)]

mod algorithm;
mod authenticator;
mod claims;
mod clock;
mod config;
mod epoch;
mod events;
mod host;
mod http;
mod identity;
mod issuers;
mod java_text;
mod json;
mod keys;
mod pass_through;
mod quoted;
mod rejection;
mod signature;
mod signature_verifier;
mod stoppable_thread;
mod summary;
mod token;
mod token_cache;
mod trace;
mod unverified_token;
mod user_mapping;
mod watched_file;

pub use algorithm::Algorithm;
pub use authenticator::{Accepted, Authenticator};
pub use claims::path::ClaimPath;
pub use claims::principal::unusable_principal;
pub use claims::suspected_unit;
pub use clock::{Clock, UnixMillis};
pub use config::{ConfigurationErrors, Problem, Properties, Property, advice_for_unknown_property};
pub use events::{Event, Events, Level};
pub use host::{HostProcess, JvmTrust};
pub use identity::Identity;
pub use issuers::view::{IssuerRules, IssuerView};
pub use keys::error::KeyError;
pub use keys::offered::{OfferedKey, UnusedKey};
pub use keys::verifying_key::PublicKeyParameters;
pub use keys::{
    KeyFileKind, PublicKey, PublicKeys, hmac_secret, key_text, pem_sections, public_keys, refuse_as_secret,
};
pub use quoted::{is_unprintable, quoted};
pub use rejection::{Reason, Rejection};
pub use signature_verifier::{SignatureVerifier, SignedPayload};
pub use summary::ConfigurationSummary;
pub use token_cache::CachePlace;
pub use trace::{KeyDescription, Step, StepName, StepRejection};
pub use unverified_token::UnverifiedToken;
pub use user_mapping::{MappedUser, MappingWarning, RuleFileError, SharedUser, UserMapping};

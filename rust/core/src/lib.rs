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

mod authenticator;
mod claim_path;
mod claims;
mod clock;
mod config;
mod environment;
mod epoch;
mod events;
mod groups;
mod identity;
mod issuer;
mod issuer_view;
mod issuers;
mod java_text;
mod json;
mod keys;
mod pass_through;
mod principal;
mod reject;
mod request_header;
mod signature;
mod signature_verifier;
mod step;
mod token;
mod token_cache;
mod token_header;
mod unverified;
mod user_mapping;
mod watched_file;
mod wiped;

pub use authenticator::{Accepted, Authenticator};
pub use claim_path::ClaimPath;
pub use claims::suspected_unit;
pub use clock::{Clock, UnixMillis};
pub use config::{ConfigurationErrors, ConfigurationSummary, Problem, Properties, Property, advice_for_unknown_key};
pub use environment::Environment;
pub use events::{Event, Events, Level};
pub use identity::Identity;
pub use issuer_view::{IssuerRules, IssuerView, OfferedKey, UnusedKey};
pub use keys::{
    JvmTrust, KeyFileKind, PublicKey, PublicKeys, hmac_secret, key_text, pem_sections, public_keys, refuse_as_secret,
};
pub use principal::unusable_principal;
pub use reject::{Reject, RejectCode, is_unprintable, quoted};
pub use signature::{Algorithm, KeyError, PublicNumbers};
pub use signature_verifier::{SignatureVerifier, SignedPayload};
pub use step::{KeyDescription, Refusal, Step, StepName};
pub use token_cache::CachePlace;
pub use unverified::UnverifiedToken;
pub use user_mapping::{MappedUser, MappingWarning, RuleFileError, SharedUser, UserMapping};

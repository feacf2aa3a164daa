// SPDX-License-Identifier: Apache-2.0
//! Decides about bearer tokens: turns an Authorization value into an identity or a rejection with a numbered reason.
//!
//! [`Authenticator`] calls the steps of a request from top to bottom. Each step is a module; ARCHITECTURE.md lists them.
//! The crate has no unsafe code.
//!
//! The time at which a token is validated is an argument, or the instruction to ask the system ([`Clock`]). Only remote
//! keys, and tokens cached with them, read a clock of their own. Only `http/` uses the network. An authenticator starts
//! one thread if keys are fetched, and one if files are polled.

#![forbid(unsafe_code)]

mod algorithm;
mod audit;
mod authenticator;
mod claim_rules;
mod claims;
mod clock;
mod config;
mod epoch;
mod events;
mod host;
mod http;
mod identity;
mod in_force;
mod issuers;
mod java_text;
mod json;
mod json_file;
mod keys;
mod logout;
mod metrics;
mod pass_through;
mod quoted;
mod rejection;
mod revocation;
mod shadow;
mod signature;
mod signature_verifier;
mod stoppable_thread;
mod storage_role;
mod summary;
mod token;
mod token_cache;
mod trace;
mod unverified_token;
mod user_mapping;
mod watched_file;

pub use algorithm::Algorithm;
pub use audit::{AuditedToken, RecentRejection, TraceId};
pub use authenticator::shadow::ShadowHeader;
pub use authenticator::{Accepted, Authenticator};
pub use claim_rules::{ClaimRules, ExplainedRule, Granted, GrantedUser, RuleWarning, RulesInUse};
pub use claims::path::ClaimPath;
pub use claims::principal::unusable_principal;
pub use claims::suspected_unit;
pub use clock::{Clock, UnixMillis};
pub use config::{
    ConfigurationErrors, Finding, Problem, Properties, Property, Severity, StorageSettings, TokenExchangeSettings,
    WhenUnavailable, advice_for_unknown_property,
};
pub use events::{Event, Events, Level};
pub use host::{HostProcess, JvmTrust};
pub use http::exchange::{ExchangeError, ExchangeErrorKind, HttpExchange};
pub use identity::Identity;
pub use in_force::{Fingerprint, InForce};
pub use issuers::issuer::IssuerRules;
pub use issuers::view::IssuerView;
pub use json_file::RuleFileError;
pub use keys::error::KeyError;
pub use keys::offered::{OfferedKey, UnusedKey};
pub use keys::verifying_key::PublicKeyParameters;
pub use keys::{
    KeyFileKind, PublicKey, PublicKeys, hmac_secret, key_text, pem_sections, public_keys, reject_as_secret,
};
pub use logout::{LogoutError, LogoutErrorKind};
pub use metrics::{Metric, MetricKind, Sample, Snapshot};
pub use quoted::{is_unprintable, quoted};
pub use rejection::{Helper, Reason, Rejection};
pub use revocation::{RevocationEntry, RevocationKind, RevocationLine, RevocationList, revocation_lines};
pub use shadow::{BuiltIn, BuiltInOutcome, Disagreement, Explanation, ShadowDifference, ShadowReport};
pub use signature_verifier::{SignatureVerifier, SignedPayload};
pub use summary::ConfigurationSummary;
pub use token_cache::CachePlace;
pub use trace::{KeyDescription, Step, StepName, StepRejection};
pub use unverified_token::UnverifiedToken;
pub use user_mapping::{MappedUser, MappingWarning, SharedUser, UserMapping};

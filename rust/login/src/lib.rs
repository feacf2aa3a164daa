// SPDX-License-Identifier: Apache-2.0
//! Tokens for a person or a job, from an identity provider: the logins of OAuth 2.0 for programs without a server, and where
//! their results are kept.
//!
//! [`Provider`] reads an issuer's discovery document and carries requests out. [`grants`] has one module for each way to a
//! token. [`Profile`] is what a later call needs to know again; [`Profiles`] keeps it, together with the tokens, which
//! [`storage`] puts into the desktop's key ring or into a file. [`Session`] fetches the next token where the kept one ends
//! soon. Nothing here decides about a token: the core does.
//!
//! The crate has no unsafe code, and no HTTP, TLS or signature of its own. It belongs to the command; the coordinator's
//! library does not link it.

#![forbid(unsafe_code)]

mod answer;
mod client;
mod clock;
mod error;
pub mod grants;
mod lock;
mod profile;
mod profiles;
mod provider;
mod refusal;
mod session;
pub mod storage;
mod token;

pub use client::{AssertionSigner, ClientAuthentication};
pub use error::{ErrorKind, LoginError};
pub use lock::ProfileLock;
pub use profile::{Flow, Profile, RedirectAddress, WantedToken};
pub use profiles::Profiles;
pub use provider::Provider;
pub use session::{MINIMUM_LEFT, Session};
pub use token::Tokens;

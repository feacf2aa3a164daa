// SPDX-License-Identifier: Apache-2.0
//! The control socket: an operator on the coordinator's machine asks the running authenticator, and tells it what to do.
//!
//! [`ControlSocket`] is the side of the coordinator, [`ask`] that of the command. They exchange one line of JSON each, and
//! [`protocol`] has its types. The socket is a file that only the coordinator's user may open. The coordinator also asks the
//! kernel who is at the other end, and answers its own user and root alone.

#![forbid(unsafe_code)]

mod client;
pub mod protocol;
mod server;
mod steps;
mod words;

pub use client::{AskError, ask};
pub use server::ControlSocket;
pub use steps::{claim_rule_lines, describe_groups, describe_step};
pub use words::{in_words, length, year};

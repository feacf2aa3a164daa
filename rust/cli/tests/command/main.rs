// SPDX-License-Identifier: Apache-2.0
//! Runs the real binary, and checks its output and exit codes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests fail as tests do")]

mod check_config;
mod check_rules;
mod check_token;
mod ctl;
mod failure_page;
mod findings;
mod generated;
mod hints;
mod inspect;
mod issue;
mod jwks;
mod key_server;
mod keygen;
mod login;
mod map_user;
mod revoke;
mod round_trip;
mod support;
mod token_page;
mod usage;
mod verify_jws;

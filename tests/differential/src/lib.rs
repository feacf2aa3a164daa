// SPDX-License-Identifier: Apache-2.0
//! Compares verdicts: the same cases run in the core, in the native library behind JNI and in Trino's real classes, and every
//! difference must be a row of DIFFERENCES.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test harness: errors end the run, and it prints its results"
)]
#![allow(clippy::missing_panics_doc, reason = "as above")]

pub mod case_files;
pub mod differences;
pub mod engines;
pub mod generate;
pub mod lenient_json;
pub mod mapping;
pub mod oracle;
pub mod patterns;
pub mod random;
pub mod reasons;
pub mod report;
pub mod rule_file_oddities;
pub mod setups;
pub mod shadow;
pub mod shrink;
pub mod signer;
pub mod token;
pub mod tokens;

//! Proves that our verdict is stock's: the same cases go through the core, through the native library behind JNI and
//! through stock's real classes, and every difference must be a line of DIFFERENCES.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test harness: what is wrong with it ends the run, and it prints what it finds"
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
pub mod shrink;
pub mod signer;
pub mod token;
pub mod tokens;

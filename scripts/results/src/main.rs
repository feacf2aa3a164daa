// SPDX-License-Identifier: Apache-2.0
//! Counts what a suite's tests say in machine-readable form, and ends with the line `N passed, N failed`.
//!
//! - `results cargo ARGUMENT…` runs `cargo test ARGUMENT…` and counts the JSON of its test programs.
//! - `results junit FOLDER EXIT-CODE [JVM-LOG]` counts the XML reports of a run that ended with EXIT-CODE, and what the JVM
//!   itself warned of in its log.
//!
//! Each failure is one line `FAILED: NAME`, followed by indented lines of what the test said.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command: what it finds is for its output")]

mod cargo;
mod junit;
mod libtest;
mod report;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // What cargo calls, in the place of a test program and of rustdoc.
    if let Some(folder) = std::env::var_os(cargo::FOLDER) {
        return cargo::run_and_record(Path::new(&folder), &arguments);
    }
    let words: Vec<&str> = arguments.iter().map(|argument| argument.to_str().unwrap_or_default()).collect();
    let report = match *words.as_slice() {
        ["cargo", ..] => cargo::test(arguments.get(1..).unwrap_or_default()),
        ["junit", folder, code] => junit::read(Path::new(folder), code, None),
        ["junit", folder, code, jvm_log] => junit::read(Path::new(folder), code, Some(Path::new(jvm_log))),
        _ => {
            eprintln!("usage: results cargo ARGUMENT… | results junit FOLDER EXIT-CODE [JVM-LOG]");
            return ExitCode::from(2);
        }
    };
    end(&report)
}

fn end(report: &Report) -> ExitCode {
    print!("{}", report.text());
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

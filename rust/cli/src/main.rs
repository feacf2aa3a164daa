// SPDX-License-Identifier: Apache-2.0
//! The `nativejwt` command: runs the coordinator's own code from a shell, and makes tokens and keys to try it with.

#![forbid(unsafe_code)]

mod claim_rules;
mod commands;
mod coordinator_file;
mod failure;
mod hint;
mod json;
mod jwk;
mod locked_file;
mod login_session;
mod private_key;
mod surroundings;
mod time;
mod token_argument;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use commands::Cli;
use failure::{Failure, Outcome};

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let (result, json) = match Cli::read() {
        Ok(cli) => (cli.run(&mut out), cli.json),
        Err(result) => (result, false),
    };
    let result = result.and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match result {
        Ok(Outcome::Accepted) => ExitCode::SUCCESS,
        Ok(Outcome::Rejected) => ExitCode::from(1),
        Err(failure) => {
            // If this fails as well, no output is left to report it on.
            let _ = report(&failure, json, &mut out);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Reports a failure, after what the call wrote before it failed.
fn report(failure: &Failure, json: bool, out: &mut dyn Write) -> io::Result<()> {
    match failure {
        Failure::Reported => out.flush(),
        // The reader closed the pipe because it has read enough, as `head` does.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        failure => {
            if json {
                writeln!(out, "{}", failure.to_json())?;
                out.flush()?;
            }
            writeln!(io::stderr(), "{failure}")
        }
    }
}

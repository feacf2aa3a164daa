//! The `nativejwt` command: the coordinator's own code from a shell, and tokens and keys to try it with.

#![forbid(unsafe_code)]

mod commands;
mod coordinator_file;
mod failure;
mod hint;
mod json;
mod jwk;
mod private_key;
mod time;
mod token_argument;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser as _;

use commands::Cli;
use failure::{Failure, Outcome};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let result = cli.run(&mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match result {
        Ok(Outcome::Accepted) => ExitCode::SUCCESS,
        Ok(Outcome::Rejected) => ExitCode::from(1),
        // Whoever closed the pipe has read enough, as `head` does; the verdict is lost with it.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(2),
        Err(Failure::Told) => match out.flush() {
            Ok(()) | Err(_) => ExitCode::from(2),
        },
        Err(failure) => {
            // What a command wrote before it failed comes first. There is nobody left to tell if this fails as well.
            if cli.json {
                let _ = writeln!(out, "{}", failure.to_json());
            }
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::from(2)
        }
    }
}

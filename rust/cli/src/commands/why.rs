// SPDX-License-Identifier: Apache-2.0
//! `why`: what became of a token that a user has.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use nativejwt_control::in_words;
use nativejwt_core::UnixMillis;

use super::ctl::{Socket, outcome, write_explanation, write_verdict};
use crate::failure::{Failure, Outcome};

/// Find out why a coordinator rejects a token
///
/// Says whether the running coordinator rejected this token lately, why and how often, and what it says of the token now.
/// Lately means: among the last 200 tokens that it rejected since it started.
///
/// The property http-server.authentication.jwt.control-socket names the socket. Run the command on the coordinator's machine,
/// as its user or as root.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt why --socket /run/trino/nativejwt.sock - < token.txt"
)]
pub(crate) struct Arguments {
    /// The socket that control-socket names
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,

    /// The token, or - for standard input
    #[arg(value_name = "TOKEN")]
    token: OsString,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let explanation = Socket(&arguments.socket).explain(&arguments.token)?;
    if json {
        write_explanation(&explanation, true, out)?;
        return Ok(outcome(&explanation));
    }
    let now = UnixMillis::now();
    if explanation.before.is_empty() {
        writeln!(
            out,
            "before: the coordinator has not rejected this token lately. Does the client send it, and to this coordinator?"
        )?;
    }
    for earlier in &explanation.before {
        let last = in_words(UnixMillis(earlier.last.saturating_mul(1000)), now);
        let times = if earlier.count == 1 { "once".to_owned() } else { format!("{} times", earlier.count) };
        writeln!(out, "before: rejected {times}, last {last}: {}", earlier.reason)?;
    }
    if let Some(rejection) = &explanation.rejection {
        writeln!(out, "now: rejected in the step '{}': {}", rejection.step, rejection.message)?;
    } else {
        writeln!(out, "now: accepted")?;
    }
    write_verdict(&explanation, out)?;
    Ok(outcome(&explanation))
}

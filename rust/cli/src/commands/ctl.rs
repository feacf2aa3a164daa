// SPDX-License-Identifier: Apache-2.0
//! `ctl`: asks a running coordinator, and tells it what to do.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use nativejwt_control::protocol::{Explanation, Reloaded, Request, Revocation, Shadow, Status, Token};
use nativejwt_control::{AskError, ask, in_words, length};
use nativejwt_core::{RevocationEntry, UnixMillis, quoted};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::revoke;
use crate::failure::{Failure, Outcome};
use crate::json::compact;
use crate::token_argument::read_token;

/// Ask a running coordinator, and tell it what to do
///
/// The property http-server.authentication.jwt.control-socket names the socket. Run the command on the coordinator's machine,
/// as its user or as root.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt ctl --socket /run/trino/nativejwt.sock status
  nativejwt ctl --socket /run/trino/nativejwt.sock rejections
  nativejwt ctl --socket /run/trino/nativejwt.sock explain - < token.txt"
)]
pub(crate) struct Arguments {
    /// The socket that control-socket names
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,

    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show what runs, and what is in force
    Status,
    /// Read files that have changed now, and show what is in force then
    Reload,
    /// Fetch the keys of all issuers now
    RefreshKeys,
    /// Forget all accepted tokens, so that each is verified again
    FlushCache,
    /// Show the last 200 tokens that were rejected
    Rejections,
    /// Show the report of shadow mode, in Markdown
    Shadow,
    /// Revoke the token with this trace ID: adds its entry to the coordinator's revocation file
    Revoke {
        /// The trace ID, from the coordinator's log or from ctl rejections
        #[arg(value_name = "TRACE-ID")]
        trace: String,
    },
    /// Show the running coordinator's verdict on a token, step by step
    Explain {
        /// The token, or - for standard input
        #[arg(value_name = "TOKEN")]
        token: OsString,
    },
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let socket = Socket(&arguments.socket);
    match &arguments.action {
        Action::Revoke { trace } => return revoke_token(&socket, trace, json, out),
        Action::Explain { token } => {
            let explanation = socket.explain(token)?;
            write_explanation(&explanation, json, out)?;
            return Ok(outcome(&explanation));
        }
        action if json => {
            let request = action.request();
            let answer: Box<RawValue> = socket.ask(&request)?;
            writeln!(out, "{}", one_line(answer.get()))?;
        }
        Action::Status => write_status(&socket.ask(&Request::Status)?, out)?,
        Action::Reload => {
            let Reloaded { in_use, unusable, in_force } = socket.ask(&Request::Reload)?;
            writeln!(out, "{} came into force", files(in_use))?;
            if unusable > 0 {
                let what = files(unusable);
                writeln!(
                    out,
                    "WARN: {what} cannot be used; the previous content stays in force, and the coordinator's log says why"
                )?;
            }
            write_in_force(&in_force, out)?;
        }
        Action::RefreshKeys => {
            let sets: u64 = socket.ask(&Request::RefreshKeys)?;
            let text = match sets {
                0 => "no keys are fetched: all come from files".to_owned(),
                1 => "1 JWK Set is being fetched; ctl status shows the age of its keys".to_owned(),
                sets => format!("{sets} JWK Sets are being fetched; ctl status shows the age of their keys"),
            };
            writeln!(out, "{text}")?;
        }
        Action::FlushCache => {
            let tokens: u64 = socket.ask(&Request::FlushCache)?;
            writeln!(out, "{tokens} accepted tokens were forgotten, and are verified again when they come")?;
        }
        Action::Shadow => write!(out, "{}", socket.ask::<Shadow>(&Request::Shadow)?.report)?,
        Action::Rejections => write_rejections(&socket.ask::<Vec<RecentRejection>>(&Request::Rejections)?, out)?,
    }
    Ok(Outcome::Accepted)
}

impl Action {
    fn request(&self) -> Request {
        match self {
            Self::Status => Request::Status,
            Self::Reload => Request::Reload,
            Self::RefreshKeys => Request::RefreshKeys,
            Self::FlushCache => Request::FlushCache,
            Self::Shadow => Request::Shadow,
            // `run` answers the last two itself.
            Self::Rejections | Self::Revoke { .. } | Self::Explain { .. } => Request::Rejections,
        }
    }
}

/// The socket of a coordinator.
pub(super) struct Socket<'p>(pub(super) &'p Path);

impl Socket<'_> {
    fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        ask(self.0, request).map_err(|error| match error {
            AskError::Unreachable(why) => Failure::at(self.0.display(), why),
            AskError::Failed(why) => Failure::Message(why),
        })
    }

    /// The coordinator's verdict on a token.
    pub(super) fn explain(&self, token: &std::ffi::OsStr) -> Result<Explanation, Failure> {
        let token = Zeroizing::new(read_token(token)?);
        let text = str::from_utf8(&token)
            .map_err(|_| Failure::at("TOKEN", "is not a token: it has bytes that are not text"))?;
        self.ask(&Request::Explain { token: Token(Zeroizing::new(text.to_owned())) })
    }
}

pub(super) fn outcome(explanation: &Explanation) -> Outcome {
    if explanation.user.is_some() { Outcome::Accepted } else { Outcome::Rejected }
}

/// One of `recent_rejections_json`.
#[derive(Deserialize)]
struct RecentRejection {
    at: String,
    reason: String,
    number: u32,
    issuer: Option<String>,
    kid: Option<String>,
    algorithm: Option<String>,
    trace: Option<String>,
    count: u64,
}

fn write_status(status: &Status, out: &mut dyn Write) -> Result<(), Failure> {
    let now = UnixMillis::now();
    let since = in_words(UnixMillis(status.since.saturating_mul(1000)), now);
    writeln!(out, "version       {}, process {}, since {since}", status.version, status.pid)?;
    let in_force = &status.in_force;
    write_in_force(in_force, out)?;
    if status.is_shadow {
        writeln!(
            out,
            "shadow mode   the built-in authenticator answers; the numbers are what native-jwt would have said"
        )?;
    }
    for issuer in &status.issuers {
        let keys = if issuer.keys == 1 { "1 key".to_owned() } else { format!("{} keys", issuer.keys) };
        let age = issuer.keys_age.map(|age| format!(", confirmed {} ago", length(age))).unwrap_or_default();
        let end =
            issuer.keys_end.map(|end| format!(", end in {} unless a fetch succeeds", length(end))).unwrap_or_default();
        writeln!(out, "issuer        {}: {keys}{age}{end}", issuer.name)?;
    }
    let Status { accepted, rejected, without_token, .. } = status;
    writeln!(out, "requests      {accepted} accepted, {rejected} rejected, {without_token} without a token")?;
    let tokens = if status.cached_tokens == 1 { "token" } else { "tokens" };
    writeln!(out, "cache         {} {tokens}", status.cached_tokens)?;
    if let Some(revocations) = status.revocations {
        writeln!(out, "revocations   {revocations} in force")?;
    }
    writeln!(out, "defects       {}", status.defects)?;
    Ok(())
}

fn write_in_force(in_force: &nativejwt_control::protocol::InForce, out: &mut dyn Write) -> Result<(), Failure> {
    let nativejwt_control::protocol::InForce { configuration, rules, revocations } = in_force;
    writeln!(out, "in force      configuration {configuration}, rules {rules}, revocations {revocations}")?;
    Ok(())
}

/// Files that have changed, without the verb.
fn files(number: u64) -> String {
    match number {
        0 => "no changed file".to_owned(),
        1 => "1 changed file".to_owned(),
        number => format!("{number} changed files"),
    }
}

fn write_rejections(rejections: &[RecentRejection], out: &mut dyn Write) -> Result<(), Failure> {
    if rejections.is_empty() {
        writeln!(out, "no token was rejected since the coordinator started")?;
    }
    for rejection in rejections {
        let RecentRejection { at, reason, number, issuer, kid, algorithm, trace, count } = rejection;
        write!(out, "{at}  {reason} ({number})")?;
        if *count > 1 {
            write!(out, "  {count} times")?;
        }
        for (name, value) in [("issuer", issuer), ("kid", kid), ("algorithm", algorithm)] {
            if let Some(value) = value {
                write!(out, "  {name}=\"{value}\"")?;
            }
        }
        writeln!(out, "{}", trace.as_ref().map(|trace| format!("  trace={trace}")).unwrap_or_default())?;
    }
    Ok(())
}

pub(super) fn write_explanation(explanation: &Explanation, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        // Texts and numbers are always written.
        writeln!(out, "{}", one_line(&serde_json::to_string(explanation).unwrap_or_default()))?;
        return Ok(());
    }
    for step in &explanation.steps {
        // The rules are shown before they decide, and take several lines.
        let word = if step.step == "claim rules" { "tried" } else { "ok" };
        for (index, line) in step.found.lines().enumerate() {
            match index {
                0 => writeln!(out, "{:<12}  {word:<8}  {line}", step.step)?,
                _ => writeln!(out, "{:<24}{line}", "")?,
            }
        }
    }
    if let Some(rejection) = &explanation.rejection {
        writeln!(out, "{:<12}  REJECTED  {}", rejection.step, rejection.message)?;
    }
    writeln!(out)?;
    write_verdict(explanation, out)
}

/// What the coordinator says of the token now, and its trace ID.
pub(super) fn write_verdict(explanation: &Explanation, out: &mut dyn Write) -> Result<(), Failure> {
    match (&explanation.user, &explanation.rejection) {
        (Some(user), _) => writeln!(out, "accepted: Trino user {}", quoted(user))?,
        (None, Some(rejection)) => {
            writeln!(out, "rejected: {} ({}): {}", rejection.reason, rejection.number, rejection.meaning)?;
        }
        (None, None) => {}
    }
    writeln!(out, "trace ID: {}", explanation.trace)?;
    if explanation.is_shadow {
        writeln!(
            out,
            "shadow mode: the client gets the verdict of the built-in authenticator instead, which can differ"
        )?;
    }
    Ok(())
}

/// Adds the entry to the file here, with the rights of whoever runs the command, and tells the coordinator to read it.
fn revoke_token(socket: &Socket<'_>, trace: &str, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let Revocation { file, entry, is_shadow } = socket.ask(&Request::Revoke { trace: trace.to_owned() })?;
    let parsed = RevocationEntry::read(&entry).ok().flatten();
    let parsed =
        parsed.ok_or_else(|| Failure::Message("the coordinator names no entry: it has another version".to_owned()))?;
    let now = UnixMillis::now();
    if let Some(until) = parsed.until.filter(|_| parsed.has_ended(now)) {
        return revoke::write_not_needed(until, now, json, out);
    }
    let added = revoke::add(Path::new(&file), &parsed, Some(&format!("trace {trace}")), now)?;
    let reloaded: Reloaded = socket.ask(&Request::Reload)?;
    added.write(json, is_shadow, out)?;
    let in_force = reloaded.in_force.revocations;
    // A coordinator in a container has another file at this path, and one that may not read the file keeps the old list.
    if !added.fingerprint().starts_with(&in_force) {
        return Err(Failure::Message(format!(
            "the coordinator does not have this file in force, but revocations {in_force}, so the token is not revoked yet: its \
             log says whether it can read {file}. If the coordinator runs in a container, run this command in it"
        )));
    }
    if !json {
        writeln!(out, "The coordinator has read the file: revocations {in_force} are in force")?;
        if is_shadow {
            writeln!(
                out,
                "WARN: the coordinator is in shadow mode: the built-in authenticator answers, and accepts the token until it \
                 expires"
            )?;
        }
    }
    Ok(Outcome::Accepted)
}

/// JSON of the coordinator on one line, with invisible characters escaped.
fn one_line(json: &str) -> String {
    compact(json.as_bytes()).unwrap_or_default()
}

// SPDX-License-Identifier: Apache-2.0
//! `check-token`: authenticates a token like the coordinator.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use nativejwt_control::describe_step;
use nativejwt_core::{Authenticator, Event, Identity, Level, Step, StepName, StepRejection, UnixMillis, quoted};

use crate::claim_rules;
use crate::coordinator_file::{CoordinatorFile, FETCH_TIMEOUT, host};
use crate::failure::{Failure, Outcome, with_reject};
use crate::hint::Case;
use crate::json::JsonObject;
use crate::time::parse_time;
use crate::token_argument::read_token;

/// Authenticate a token as the coordinator does
///
/// FILE is the plugin's property file with header-authenticator.name=native-jwt, or a whole config.properties, of which
/// only the properties http-server.authentication.jwt.*, http.authentication.jwt.* and jwk.http-client.* are read.
/// ${ENV:NAME} is read from the environment of this command. Relative paths start at the current directory, as in the
/// coordinator: run the command in the folder in which the coordinator is started.
///
/// If keys are fetched, set JAVA_HOME as for the coordinator: the certificates that its JVM trusts are read from there.
/// The command does not read javax.net.ssl.trustStore from jvm.config.
///
/// Without --json, the output has every step; the step that rejects the token has the reason and a hint.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt check-token --config etc/native-jwt.properties - < token.txt
  nativejwt check-token --config etc/config.properties --at 2026-11-22T03:04:05Z eyJhbGciOi…"
)]
pub(crate) struct Arguments {
    /// The coordinator's config.properties, or the plugin's property file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The time to check the token at: RFC 3339 or Unix seconds; by default now
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = parse_time)]
    at: Option<UnixMillis>,

    /// The token, or - for standard input
    #[arg(value_name = "TOKEN")]
    token: OsString,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let file = CoordinatorFile::load(&arguments.config)?;
    let authenticator = Authenticator::open_with(&file.properties, &host())?;
    let token = read_token(&arguments.token)?;
    let now = arguments.at.unwrap_or_else(UnixMillis::now);
    // Without keys, the verdict is KEYS_UNAVAILABLE and the authenticator's events have the cause.
    let _ = authenticator.wait_until_fetched(FETCH_TIMEOUT);
    let authorization = [b"Bearer ", token.as_slice()].concat();

    let mut steps: Vec<(StepName, String)> = Vec::new();
    let mut rules = None;
    let verdict = authenticator.explain(&authorization, now, |step| {
        if let (Step::ClaimRules(in_use), true) = (&step, json) {
            rules = Some(claim_rules::json(&in_use.explain()));
        }
        steps.push((step.name(), describe_step(step, now)));
    });
    let case = Case::from_configuration(&token, now, &authenticator);
    let why_no_groups = case.why_no_groups().filter(|_| verdict.as_ref().is_ok_and(|user| user.groups.is_empty()));
    let mut warnings = if verdict.is_ok() { case.warnings() } else { Vec::new() };
    if json {
        warnings.extend(why_no_groups.map(|why| format!("no groups: {why}")));
        writeln!(out, "{}", verdict_json(&verdict, &case, &warnings, rules.as_deref()))?;
    } else {
        if let (Some(why), Some((_, found))) =
            (why_no_groups, steps.iter_mut().find(|(step, _)| *step == StepName::Groups))
        {
            *found = format!("{found}: {why}");
        }
        for event in std::iter::from_fn(|| authenticator.events().pop()).filter(|event| event.level != Level::Info) {
            let Event { level, text, .. } = event;
            writeln!(out, "{level}: {text}")?;
        }
        for warning in warnings {
            writeln!(out, "WARN: {warning}")?;
        }
        write_steps(&steps, &verdict, &case, out)?;
    }
    Ok(if verdict.is_ok() { Outcome::Accepted } else { Outcome::Rejected })
}

/// `rules` is what became of the claim rules, as JSON.
fn verdict_json(
    verdict: &Result<Identity, StepRejection>,
    case: &Case<'_>,
    warnings: &[String],
    rules: Option<&str>,
) -> String {
    let object = match verdict {
        Ok(identity) => JsonObject::new()
            .boolean("accepted", true)
            .text("principal", &identity.principal)
            .text("user", &identity.user)
            .texts("groups", &identity.groups)
            .maybe_text("issuer", identity.issuer.as_deref())
            .maybe_text("kid", identity.key_id.as_deref())
            .text("alg", identity.algorithm.name())
            .maybe_number("expires_at", identity.expires_at.map(|at| at.0.div_euclid(1000)))
            .texts("warnings", warnings),
        Err(StepRejection { step, reject }) => {
            with_reject(JsonObject::new().boolean("accepted", false), "reason", reject)
                .text("step", step.name())
                .text("hint", &case.hint(reject))
        }
    };
    match rules {
        Some(rules) => object.raw("rules", rules),
        None => object,
    }
    .finish()
}

fn write_steps(
    steps: &[(StepName, String)],
    verdict: &Result<Identity, StepRejection>,
    case: &Case<'_>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    for (name, found) in steps {
        // The rules are shown before they decide, and take several lines.
        let word = if *name == StepName::ClaimRules { "tried" } else { "ok" };
        for (index, line) in found.lines().enumerate() {
            match index {
                0 => writeln!(out, "{name:<12}  {word:<8}  {line}")?,
                _ => writeln!(out, "{:<24}{line}", "")?,
            }
        }
    }
    match verdict {
        Ok(identity) => writeln!(out, "\naccepted: Trino user {}", quoted(&identity.user))?,
        Err(StepRejection { step, reject }) => {
            let code = reject.code();
            writeln!(out, "{step:<12}  REJECTED  {reject}")?;
            writeln!(out, "\nrejected: {code} ({}): {}", code.number(), code.meaning())?;
            writeln!(out, "hint: {}", case.hint(reject))?;
        }
    }
    Ok(())
}

// SPDX-License-Identifier: Apache-2.0
//! `token`: prints the token of a login.

use std::env;
use std::io::Write;

use jiff::Timestamp;
use nativejwt_login::{MINIMUM_LEFT, Profiles, Session, WantedToken};

use crate::failure::{Failure, Outcome};
use crate::json::JsonObject;
use crate::login_session::{DEFAULT_PROFILE, KeyFileSigner, connect_again, profile_name, tell};
use crate::time::{Ttl, parse_ttl};

/// Print a token that is good for at least a minute
///
/// The token is that of 'nativejwt login'. Where it ends within a minute, the next one is fetched and kept first; with
/// --for, where it ends before that time. Calls at the same time wait for each other, so that they never spend one refresh
/// token twice.
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  trino --server https://trino.example.com --access-token \"$(nativejwt token)\"
  nativejwt token --profile job --for 20m
  nativejwt token --profile job --json"
)]
pub(crate) struct Arguments {
    /// The name of the login
    #[arg(long, value_name = "P", default_value = DEFAULT_PROFILE, value_parser = profile_name)]
    profile: String,

    /// Print only a token that is good for this time, such as 20m, and fetch the next one otherwise
    ///
    /// If the next one does not live that long either, nothing is printed, and the exit code is 2.
    #[arg(long = "for", value_name = "TIME", value_parser = wanted_time)]
    wanted: Option<i64>,

    /// Print Kubernetes' ExecCredential instead
    #[arg(long, conflicts_with = "json")]
    exec_credential: bool,
}

/// The version of ExecCredential that is printed where the caller does not say which one it reads.
const EXEC_CREDENTIAL: &str = "client.authentication.k8s.io/v1";

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let least = arguments.wanted.unwrap_or(MINIMUM_LEFT);
    let profiles = Profiles::open()?;
    let session =
        Session { profiles: &profiles, name: &arguments.profile, signer: &KeyFileSigner, connect: &connect_again };
    let (profile, tokens) = session.current(arguments.wanted, &mut |line| tell(&format!("WARN: {line}.")))?;
    if arguments.wanted.is_some() && tokens.expires_at.is_none() {
        tell("WARN: The provider does not say when the token ends.");
    }
    if arguments.exec_credential {
        let version = exec_credential_version(env::var("KUBERNETES_EXEC_INFO").ok().as_deref())?;
        let status = JsonObject::new().text("token", &tokens.token);
        // The caller asks again at this time.
        let renewal = tokens.expires_at.and_then(|at| Timestamp::from_second(at - least).ok());
        let status = match renewal {
            Some(time) => status.text("expirationTimestamp", &time.to_string()),
            None => status,
        };
        let object = JsonObject::new()
            .text("apiVersion", &version)
            .text("kind", "ExecCredential")
            .raw("status", &status.finish());
        writeln!(out, "{}", object.finish())?;
    } else if json {
        let kind = if profile.token == WantedToken::IdToken { "id_token" } else { "access_token" };
        let object = JsonObject::new()
            .text("token", &tokens.token)
            .text("kind", kind)
            .text("issuer", &profile.issuer)
            .number("issued_at", tokens.issued_at)
            .maybe_number("expires_at", tokens.expires_at)
            .maybe_number("expires_in", tokens.seconds_left());
        writeln!(out, "{}", object.finish())?;
    } else {
        writeln!(out, "{}", tokens.token)?;
    }
    Ok(Outcome::Accepted)
}

/// Reads how long a token must be good, in seconds.
fn wanted_time(text: &str) -> Result<i64, String> {
    match parse_ttl(text)? {
        Ttl::Seconds(seconds) if seconds > 0 => Ok(seconds),
        _ => Err("is not a time that can pass: write a number and a unit, such as 20m".to_owned()),
    }
}

/// The apiVersion that the caller wants, which it says in KUBERNETES_EXEC_INFO.
fn exec_credential_version(info: Option<&str>) -> Result<String, Failure> {
    let wanted = info
        .and_then(|info| serde_json::from_str::<serde_json::Value>(info).ok())
        .and_then(|info| info.get("apiVersion")?.as_str().map(str::to_owned));
    match wanted.as_deref() {
        None => Ok(EXEC_CREDENTIAL.to_owned()),
        Some(version @ ("client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1")) => {
            Ok(version.to_owned())
        }
        Some(other) => Err(Failure::at(
            "KUBERNETES_EXEC_INFO",
            format!(
                "asks for the apiVersion '{}', but this command writes v1 and v1beta1",
                nativejwt_core::quoted(other)
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_time_is_positive() {
        assert_eq!(wanted_time("20m"), Ok(1200));
        for text in ["0s", "-1m", "none", "20", "500ms", ""] {
            assert!(wanted_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn exec_credential_has_the_version_that_the_caller_reads() {
        let version = |info| exec_credential_version(info).ok();
        assert_eq!(version(None).unwrap(), EXEC_CREDENTIAL);
        let beta = r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{}}"#;
        assert_eq!(version(Some(beta)).unwrap(), "client.authentication.k8s.io/v1beta1");
        assert_eq!(version(Some(r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#)), None);
    }
}

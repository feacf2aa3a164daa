// SPDX-License-Identifier: Apache-2.0
//! The calls of the command, one per file. The doc comments of the arguments are also the manual.

mod check_config;
mod check_rules;
mod check_token;
mod ctl;
mod generate_docs;
mod inspect;
mod issue;
mod jwks;
mod keygen;
mod login;
mod logout;
mod map_user;
mod revoke;
mod token;
mod verify_jws;
mod why;

use std::io::Write;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::failure::{Failure, Outcome};

/// JWT authentication for Trino coordinators, from a shell
///
/// The calls run the coordinator's own code, so their results are those of the coordinator. Exit codes: 0 accepted or
/// done, 1 rejected or not logged in, 2 wrong usage or configuration.
///
/// Where a call takes a TOKEN, - reads it from standard input, so that it does not end up in the shell history or the
/// process list. One final line end is dropped.
#[derive(Parser)]
#[command(name = "nativejwt", version, arg_required_else_help = true)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  nativejwt keygen --alg RS256 --out keys
  nativejwt issue --key keys/private.pem --claim sub=alice | nativejwt inspect -
  nativejwt check-token --config etc/native-jwt.properties - < token.txt"
)]
pub(crate) struct Cli {
    /// Print JSON, one object on each line
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,

    #[command(subcommand)]
    call: Call,
}

#[derive(Subcommand)]
enum Call {
    Issue(issue::Arguments),
    Keygen(keygen::Arguments),
    Jwks(jwks::Arguments),
    Inspect(inspect::Arguments),
    VerifyJws(verify_jws::Arguments),
    CheckToken(check_token::Arguments),
    CheckConfig(check_config::Arguments),
    MapUser(map_user::Arguments),
    CheckRules(check_rules::Arguments),
    Revoke(revoke::Arguments),
    Why(why::Arguments),
    Ctl(ctl::Arguments),
    Login(Box<login::Arguments>),
    Token(token::Arguments),
    Logout(logout::Arguments),
}

impl Cli {
    /// Reads the arguments of the process. Wrong usage ends the process with exit code 2.
    ///
    /// # Errors
    /// The arguments are for the hidden call `generate-docs`. The error is its result.
    pub(crate) fn read() -> Result<Self, Result<Outcome, Failure>> {
        let mut command = Self::command().subcommand(generate_docs::command());
        let matches = command.get_matches_mut();
        match matches.subcommand() {
            Some((generate_docs::NAME, arguments)) => Err(generate_docs::run(arguments)),
            _ => Ok(Self::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())),
        }
    }

    /// Runs the call and writes its output.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Outcome, Failure> {
        match &self.call {
            Call::Issue(arguments) => issue::run(arguments, self.json, out),
            Call::Keygen(arguments) => keygen::run(arguments, self.json, out),
            Call::Jwks(arguments) => jwks::run(arguments, self.json, out),
            Call::Inspect(arguments) => inspect::run(arguments, self.json, out),
            Call::VerifyJws(arguments) => verify_jws::run(arguments, self.json, out),
            Call::CheckToken(arguments) => check_token::run(arguments, self.json, out),
            Call::CheckConfig(arguments) => check_config::run(arguments, self.json, out),
            Call::MapUser(arguments) => map_user::run(arguments, self.json, out),
            Call::CheckRules(arguments) => check_rules::run(arguments, self.json, out),
            Call::Revoke(arguments) => revoke::run(arguments, self.json, out),
            Call::Why(arguments) => why::run(arguments, self.json, out),
            Call::Ctl(arguments) => ctl::run(arguments, self.json, out),
            Call::Login(arguments) => login::run(arguments, self.json, out),
            Call::Token(arguments) => token::run(arguments, self.json, out),
            Call::Logout(arguments) => logout::run(arguments, self.json, out),
        }
    }
}

/// Reads the name of an algorithm.
fn algorithm(name: &str) -> Result<nativejwt_core::Algorithm, String> {
    nativejwt_core::Algorithm::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = nativejwt_core::Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        format!("is not one of {}", names.join(", "))
    })
}

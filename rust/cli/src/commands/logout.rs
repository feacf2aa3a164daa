// SPDX-License-Identifier: Apache-2.0
//! `logout`: ends a login.

use std::io::Write;

use nativejwt_login::grants::{Grant, revoke};
use nativejwt_login::{ErrorKind, Profile, Profiles, Tokens};

use crate::failure::{Failure, Outcome};
use crate::json::JsonObject;
use crate::login_session::{DEFAULT_PROFILE, KeyFileSigner, connect, profile_name, tell};

/// End a login: revoke its tokens, and forget them
///
/// The provider revokes the refresh token (RFC 7009), and most providers then also end the session. A token that was printed
/// before is accepted by coordinators until it ends: to stop it at once, use 'nativejwt revoke' on the coordinator.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The name of the login
    #[arg(long, value_name = "P", default_value = DEFAULT_PROFILE, value_parser = profile_name)]
    profile: String,

    /// Forget the login even if its tokens cannot be revoked now
    #[arg(long)]
    forget: bool,
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let profiles = Profiles::open()?;
    let name = &arguments.profile;
    // Before the lock, which makes the folder.
    profiles.profile(name)?;
    let _lock = profiles.lock(name)?;
    let profile = profiles.profile(name)?;
    let is_revoked = match profiles.tokens(name, &profile) {
        Ok(tokens) => match revoke(&profile, &tokens) {
            Ok(revoked) => revoked,
            Err(failure) if arguments.forget => {
                tell(&format!("WARN: {}", failure.sentence()));
                false
            }
            Err(failure) => {
                return Err(Failure::Message(format!(
                    "{}\nThe tokens were not revoked, so the login is kept: try again, or forget it with --forget; its tokens then end by themselves",
                    failure.sentence()
                )));
            }
        },
        Err(error) if error.kind == ErrorKind::NotLoggedIn || arguments.forget => {
            tell(&format!("WARN: {error}."));
            false
        }
        Err(error) => return Err(error.into()),
    };
    profiles.forget(name, &profile)?;
    if !is_revoked {
        tell("WARN: The provider has not revoked the tokens. They end by themselves.");
    }
    if json {
        let object = JsonObject::new().text("profile", name).boolean("revoked", is_revoked);
        writeln!(out, "{}", object.finish())?;
    } else {
        writeln!(out, "Logged out of the profile '{name}'.")?;
    }
    Ok(if is_revoked { Outcome::Accepted } else { Outcome::Rejected })
}

fn revoke(profile: &Profile, tokens: &Tokens) -> Result<bool, Failure> {
    let provider = connect(profile)?;
    Ok(revoke::revoke(Grant { provider: &provider, profile, signer: &KeyFileSigner }, tokens)?)
}

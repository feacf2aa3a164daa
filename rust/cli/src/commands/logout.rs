// SPDX-License-Identifier: Apache-2.0
//! `logout`: ends a login.

use std::io::Write;

use nativejwt_login::Profiles;
use nativejwt_login::grants::{Grant, revoke};

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
}

pub(super) fn run(arguments: &Arguments, json: bool, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let profiles = Profiles::open()?;
    // Before the lock, which makes the folder.
    profiles.profile(&arguments.profile)?;
    let _lock = profiles.lock(&arguments.profile)?;
    let profile = profiles.profile(&arguments.profile)?;
    let revoked = profiles.tokens(&arguments.profile, &profile).map_err(Failure::from).and_then(|tokens| {
        let provider = connect(&profile)?;
        Ok(revoke::revoke(Grant { provider: &provider, profile: &profile, signer: &KeyFileSigner }, &tokens)?)
    });
    profiles.forget(&arguments.profile, &profile)?;
    let is_revoked = matches!(revoked, Ok(true));
    match revoked {
        Ok(true) => {}
        Ok(false) => tell("WARN: The provider has no address to revoke tokens at, so they end by themselves."),
        Err(failure) => {
            tell(&format!("WARN: The tokens could not be revoked, so they end by themselves: {}", failure.sentence()))
        }
    }
    if json {
        let object = JsonObject::new().text("profile", &arguments.profile).boolean("revoked", is_revoked);
        writeln!(out, "{}", object.finish())?;
    } else {
        writeln!(out, "Logged out of the profile '{}'.", arguments.profile)?;
    }
    Ok(if is_revoked { Outcome::Accepted } else { Outcome::Rejected })
}

// SPDX-License-Identifier: Apache-2.0
//! A token that is good for some time, whatever has to be done for it.

use crate::client::AssertionSigner;
use crate::error::{ErrorKind, LoginError};
use crate::grants::{Grant, client_credentials, refresh};
use crate::profile::{Flow, Profile};
use crate::profiles::Profiles;
use crate::provider::Provider;
use crate::storage::StorageKind;
use crate::token::Tokens;

/// A token from [`Session::current`] is good for at least this many seconds, if the provider's tokens live that long.
pub const MINIMUM_LEFT: i64 = 60;

/// A profile in use.
pub struct Session<'s> {
    /// Where profiles are kept.
    pub profiles: &'s Profiles,
    /// The profile's name.
    pub name: &'s str,
    /// Signs assertions, for clients with a key.
    pub signer: &'s dyn AssertionSigner,
    /// Reaches the profile's provider.
    pub connect: &'s dyn Fn(&Profile) -> Result<Provider, LoginError>,
}

impl Session<'_> {
    /// The profile's token, good for `lasting` seconds; without `lasting`, for [`MINIMUM_LEFT`] if the provider's tokens live
    /// that long. Where the kept token ends earlier, the next one is fetched and kept first. `tell` gets what the person
    /// should know about it.
    ///
    /// # Errors
    /// There is no login, it has ended, the provider cannot be reached, or its tokens do not live for `lasting` seconds.
    pub fn current(&self, lasting: Option<i64>, tell: &mut dyn FnMut(&str)) -> Result<(Profile, Tokens), LoginError> {
        let least = lasting.unwrap_or(MINIMUM_LEFT);
        let profile = self.profiles.profile(self.name)?;
        // Another call may be replacing them: any error is looked at again under the lock.
        if let Ok(tokens) = self.profiles.tokens(self.name, &profile)
            && tokens.is_good_for(least)
        {
            return Ok((profile, tokens));
        }
        let _lock = self.profiles.lock(self.name)?;
        // While this call waited, another one may have fetched the next token.
        let profile = self.profiles.profile(self.name)?;
        let tokens = self.profiles.tokens(self.name, &profile)?;
        if tokens.is_good_for(least) {
            return Ok((profile, tokens));
        }
        // A refresh token must not be spent whose successor cannot be kept.
        self.profiles.check_that_it_can_keep(self.name, &profile, &tokens)?;
        let next = self.next(&profile, &tokens)?;
        let wanted = (profile.storage == StorageKind::File).then_some(StorageKind::File);
        let kept = match self.profiles.keep(self.name, &profile, &next, wanted) {
            Ok((kept, how)) => {
                if kept.storage != profile.storage {
                    tell(&how);
                }
                kept
            }
            Err(error) => {
                tell(&format!("This token could not be kept, so you will have to log in again: {error}"));
                profile
            }
        };
        let too_short = next.seconds_left().filter(|left| *left < least);
        if let (Some(left), Some(lasting)) = (too_short, lasting) {
            let text = format!(
                "The provider's tokens live for {left} s only, which is less than {lasting} s. Ask for a shorter time, or for a longer life at the provider"
            );
            return Err(LoginError::new(ErrorKind::Failed, text));
        }
        if let Some(left) = too_short {
            tell(&format!(
                "The provider's tokens live for {left} s only, so a query must start at once. Ask for a longer life at the provider"
            ));
        }
        Ok((kept, next))
    }

    fn next(&self, profile: &Profile, tokens: &Tokens) -> Result<Tokens, LoginError> {
        let provider = || (self.connect)(profile);
        if profile.flow == Flow::ClientCredentials {
            let provider = provider()?;
            return client_credentials::log_in(Grant { provider: &provider, profile, signer: self.signer });
        }
        let ended = |why: &str| LoginError::new(ErrorKind::NotLoggedIn, format!("{why} {}", self.way_back()));
        let Some(refresh_token) = &tokens.refresh_token else {
            let state = match tokens.seconds_left().filter(|left| *left > 0) {
                Some(left) => format!("ends in {left} s"),
                None => "has ended".to_owned(),
            };
            return Err(ended(&format!(
                "The token {state}, and the provider gave no refresh token for the next one (many give one for the scope offline_access)."
            )));
        };
        let provider = provider()?;
        refresh::refresh(Grant { provider: &provider, profile, signer: self.signer }, refresh_token).map_err(|error| {
            match error.kind {
                ErrorKind::NotLoggedIn => ended(&format!("{error}.")),
                _ => error,
            }
        })
    }

    /// Which call logs in again.
    fn way_back(&self) -> String {
        let option = if self.name == "default" { String::new() } else { format!(" --profile {}", self.name) };
        format!("Log in again with 'nativejwt login{option}'")
    }
}

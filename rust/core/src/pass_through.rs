// SPDX-License-Identifier: Apache-2.0
//! The conditions for passing a token to connectors. The caller puts the token into the session's identity.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};

/// The rules for tokens that are passed to connectors as an extra credential.
#[derive(Clone, Debug)]
pub(crate) struct PassThrough {
    /// The extra credential that connectors get the token as.
    pub(crate) credential_name: String,
    /// The minimum time until the token expires.
    pub(crate) minimum_lifetime: Duration,
    /// False if users with a hyphen are rejected.
    pub(crate) allow_user_with_hyphen: bool,
}

impl PassThrough {
    /// The last millisecond in which [`PassThrough::check_lifetime`] accepts the token.
    pub(crate) fn last_start(&self, expires_at: Option<UnixMillis>) -> Option<UnixMillis> {
        expires_at.map(|expires_at| UnixMillis(expires_at.0.saturating_sub(self.minimum_millis())))
    }

    /// The minimum lifetime in milliseconds.
    fn minimum_millis(&self) -> i64 {
        i64::try_from(self.minimum_lifetime.as_millis()).unwrap_or(i64::MAX)
    }

    /// Checks the time until `exp`, so that the token does not expire while a statement still runs. `clock-skew` does not
    /// extend it, because connectors do not know about it.
    pub(crate) fn check_lifetime(&self, expires_at: Option<UnixMillis>, now: UnixMillis) -> Result<(), Rejection> {
        let Some(expires_at) = expires_at else { return Ok(()) };
        if self.last_start(Some(expires_at)).is_none_or(|last| now <= last) {
            return Ok(());
        }
        let left = expires_at.0.saturating_sub(now.0);
        let message = if left < 0 {
            let late = now.0.saturating_sub(expires_at.0);
            format!("The token expired {late} milliseconds ago, and the connectors that get it allow no clock skew")
        } else {
            let minimum = self.minimum_millis();
            format!(
                "The token expires in {left} milliseconds, but must be valid for {minimum}: get a new token before you start the statement"
            )
        };
        Err(Rejection::new(Reason::LifetimeTooShort, message))
    }

    /// Rejects a user with a hyphen. Iceberg's REST catalog keys its session cache by `<user>-<source>`, and clients choose
    /// the source. User `a` with source `b-c` would get the session, and so the token, of user `a-b` with source `c`. If
    /// no user contains a hyphen, the first hyphen ends the user.
    pub(crate) fn check_user(&self, user: &str) -> Result<(), Rejection> {
        if self.allow_user_with_hyphen || !user.contains('-') {
            return Ok(());
        }
        let message = format!(
            "The user '{}' contains a hyphen, which is not allowed while tokens are passed through (it could be confused with another user); the operator must map it to another name, or allow it",
            quoted(user)
        );
        Err(Rejection::new(Reason::UserWithHyphen, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(minimum_lifetime: Duration, allow_user_with_hyphen: bool) -> PassThrough {
        PassThrough { credential_name: "token".to_owned(), minimum_lifetime, allow_user_with_hyphen }
    }

    #[test]
    fn a_token_must_live_for_the_minimum_to_the_millisecond() {
        let rules = rules(Duration::from_secs(60), false);
        let check = |expires_at: i64| rules.check_lifetime(Some(UnixMillis(expires_at)), UnixMillis(1_000));
        assert!(check(61_000).is_ok());
        let reject = check(60_999).unwrap_err();
        assert_eq!(reject.code(), Reason::LifetimeTooShort);
        assert!(reject.message().starts_with("The token expires in 59999 milliseconds, but must be valid for 60000:"));
        assert!(check(i64::MIN).is_err());
        assert!(rules.check_lifetime(None, UnixMillis(0)).is_ok(), "a token without exp does not expire");
    }

    /// With `clock-skew` Trino may accept an expired token, but a connector would not.
    #[test]
    fn without_a_minimum_an_expired_token_is_rejected() {
        let rules = rules(Duration::ZERO, false);
        assert!(rules.check_lifetime(Some(UnixMillis(1_000)), UnixMillis(1_000)).is_ok());
        let reject = rules.check_lifetime(Some(UnixMillis(999)), UnixMillis(1_000)).unwrap_err();
        assert!(reject.message().starts_with("The token expired 1 milliseconds ago, and the connectors"));
    }

    #[test]
    fn a_user_with_a_hyphen_is_rejected_unless_allowed() {
        assert!(rules(Duration::ZERO, false).check_user("svc_etl").is_ok());
        let reject = rules(Duration::ZERO, false).check_user("svc-etl").unwrap_err();
        assert_eq!(reject.code(), Reason::UserWithHyphen);
        assert!(rules(Duration::ZERO, true).check_user("svc-etl").is_ok());
    }
}

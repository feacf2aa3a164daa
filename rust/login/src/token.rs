// SPDX-License-Identifier: Apache-2.0
//! The tokens of a login, and how long they are good for.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::client::unverified_payload;
use crate::clock;
use crate::profile::Profile;

/// What a login gave. Times are seconds since 1970 by this machine's clock.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tokens {
    /// The issuer that they are from. A refresh token goes to no other.
    pub(crate) issuer: String,
    /// The client that they are for.
    pub(crate) client_id: String,
    /// The token for coordinators.
    pub token: String,
    /// When the provider issued it.
    pub issued_at: i64,
    /// When it ends. A wrong clock does not matter, since the provider's own clock is allowed for. `None` if the provider
    /// does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Gets the next token (RFC 6749, section 1.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.token.zeroize();
        self.refresh_token.zeroize();
    }
}

impl Tokens {
    /// `expires_in` is the provider's; `its_now` is the time at the provider. A token that says itself when it ends is
    /// believed where that is sooner.
    pub(crate) fn received(
        profile: &Profile,
        token: String,
        expires_in: Option<i64>,
        its_now: i64,
        refresh_token: Option<String>,
    ) -> Self {
        let now = clock::now();
        let own = unverified_payload(&token)
            .and_then(|payload| payload.get("exp").and_then(seconds))
            .map(|exp| exp.saturating_sub(its_now));
        let left = match (expires_in, own) {
            (Some(said), Some(own)) => Some(said.min(own)),
            (said, own) => said.or(own),
        };
        Self {
            issuer: profile.issuer.clone(),
            client_id: profile.client_id.clone(),
            token,
            issued_at: now,
            expires_at: left.map(|left| now.saturating_add(left)),
            refresh_token,
        }
    }

    /// Seconds for which the token is good from now on; `None` if that is not known.
    #[must_use]
    pub fn seconds_left(&self) -> Option<i64> {
        Some(self.expires_at?.saturating_sub(clock::now()))
    }

    /// True if the token is good for so many seconds, as far as is known. One that seems to come from the future does not
    /// count: this machine's clock was set back, so it is not known when the token ends.
    pub(crate) fn is_good_for(&self, seconds: i64) -> bool {
        self.issued_at <= clock::now() && self.seconds_left().is_none_or(|left| left >= seconds)
    }

    /// Whose token it is, by its own claims. It is not verified: only coordinators decide.
    #[must_use]
    pub fn person(&self) -> Option<String> {
        let payload = unverified_payload(&self.token)?;
        let claim = |name: &str| payload.get(name)?.as_str().map(str::to_owned);
        ["preferred_username", "email", "upn", "sub"].into_iter().find_map(claim)
    }
}

fn seconds(value: &serde_json::Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second is dropped; the cast saturates")]
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
}

/// Why a coordinator can never accept this token, whatever its configuration: continues "The access token". `None` for a
/// signed JWT.
pub(crate) fn describe_unusable(token: &str) -> Option<&'static str> {
    // RFC 6750, section 2.1. Others could change a terminal, or a header in which the token is sent.
    if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)) {
        return Some("contains characters that no bearer token has (RFC 6750)");
    }
    match token.split('.').count() {
        3 if unverified_payload(token).is_some() => None,
        5 if token.starts_with("eyJ") => Some(
            "is encrypted (JWE, RFC 7516) for another recipient, so no coordinator can read it: ask for one that is made for the coordinator, with --audience, --resource or another --scope",
        ),
        _ => Some(
            "is opaque, not a JWT, so no coordinator can verify it: ask for a token that is made for the coordinator, with --audience, --resource or another --scope, or take the ID token with --id-token",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn jwt(payload: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(payload), part("signature"))
    }

    #[test]
    fn a_token_ends_when_it_says_by_the_providers_clock() {
        let now = clock::now();
        let left = |token: String, expires_in, its_now| {
            let profile = crate::profile::tests::profile();
            Tokens::received(&profile, token, expires_in, its_now, None).expires_at.map(|at| at - now)
        };
        let near = |left: Option<i64>, expected: i64| assert!(left.is_some_and(|left| (left - expected).abs() <= 2));
        near(left("opaque".to_owned(), Some(300), now), 300);
        near(left(jwt(&format!(r#"{{"exp":{}}}"#, now + 60)), Some(300), now), 60);
        near(left(jwt(&format!(r#"{{"exp":{}.5}}"#, now + 600)), Some(300), now), 300);
        // This machine is an hour ahead of the provider.
        near(left(jwt(&format!(r#"{{"exp":{}}}"#, now - 3600 + 300)), Some(300), now - 3600), 300);
        near(left(jwt(&format!(r#"{{"exp":{}}}"#, now - 3600 + 300)), None, now - 3600), 300);
        assert_eq!(left("opaque".to_owned(), None, now), None);
    }

    #[test]
    fn a_token_from_the_future_is_not_good() {
        let profile = crate::profile::tests::profile();
        let mut tokens = Tokens::received(&profile, "opaque".to_owned(), Some(7200), clock::now(), None);
        assert!(tokens.is_good_for(60) && !tokens.is_good_for(7300));
        tokens.issued_at += 3600;
        assert!(!tokens.is_good_for(60));
    }

    #[test]
    fn only_a_signed_jwt_is_of_use() {
        assert_eq!(describe_unusable(&jwt("{}")), None);
        assert!(describe_unusable("ya29.a0AfH6SMB").unwrap().starts_with("is opaque"));
        assert!(describe_unusable(&format!("{}\n", jwt("{}"))).unwrap().starts_with("contains characters"));
        assert!(describe_unusable("a.b.c").unwrap().starts_with("is opaque"));
        assert!(describe_unusable("eyJhbGciOiJkaXIifQ..a.b.c").unwrap().starts_with("is encrypted"));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What claim rules decide from: the claims of one token, and the time.

use std::cell::Cell;
use std::time::Duration;

use crate::claims::required::SCOPE_CLAIMS;
use crate::claims::{Claims, Validity, VerifiedClaims};
use crate::clock::UnixMillis;
use crate::json::{Member, Value};

/// The facts about one token at one time.
pub(crate) struct Facts<'c, 't> {
    /// The claims at the top level that the rules read.
    pub(crate) claims: &'c [Member<'t>],
    pub(crate) issuer: Option<&'c str>,
    issued_at: Option<UnixMillis>,
    expires_at: Option<UnixMillis>,
    now: UnixMillis,
    /// How far the issuer's clock may be off, in milliseconds.
    skew: i64,
    /// The times at which every condition so far has the same result.
    validity: Cell<Validity>,
}

impl<'c, 't> Facts<'c, 't> {
    pub(crate) fn new(claims: &'c VerifiedClaims<'t>, now: UnixMillis, skew: i64) -> Self {
        Self {
            claims: &claims.for_rules,
            issuer: claims.issuer.as_deref(),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            now,
            skew,
            validity: Cell::new(Validity::ALWAYS),
        }
    }

    /// The facts about claims that nobody has verified.
    pub(crate) fn unverified(claims: &'c Claims<'t>, now: UnixMillis, skew: i64) -> Self {
        Self {
            claims: &claims.for_rules,
            issuer: claims.issuer.as_deref(),
            issued_at: claims.issued_at(),
            expires_at: claims.expires_at(),
            now,
            skew,
            validity: Cell::new(Validity::ALWAYS),
        }
    }

    /// The length of the claims that hold scopes, of an array the number of its elements.
    pub(crate) fn scope_bytes(&self) -> u64 {
        let scopes = self.claims.iter().filter(|(name, _)| SCOPE_CLAIMS.contains(&&**name));
        let length = |value: &Value<'_>| match value {
            Value::String(text) => text.len(),
            Value::Array(elements) => elements.len(),
            _ => 0,
        };
        scopes.map(|(_, value)| length(value) as u64).sum()
    }

    /// The times at which the rules decide the same about this token. A cached verdict ends with them.
    pub(crate) fn validity(&self) -> Validity {
        self.validity.get()
    }

    /// `max_age`: `iat` is at most `longest` ago, and not further in the future than the clock skew.
    pub(crate) fn is_at_most_this_old(&self, longest: Duration) -> bool {
        let Some(issued_at) = self.issued_at else { return false };
        let first = UnixMillis(issued_at.0.saturating_sub(self.skew));
        let last = UnixMillis(issued_at.0.saturating_add(millis(longest)));
        let validity = self.validity.get();
        let (holds, validity) = match self.now {
            now if now < first => (false, validity.and_until(Some(UnixMillis(first.0.saturating_sub(1))))),
            now if now > last => (false, validity.and_from(Some(UnixMillis(last.0.saturating_add(1))))),
            _ => (true, validity.and_from(Some(first)).and_until(Some(last))),
        };
        self.validity.set(validity);
        holds
    }

    /// `max_lifetime`: `exp` is not before `iat`, and at most `longest` after it.
    pub(crate) fn lives_at_most(&self, longest: Duration) -> bool {
        let (Some(issued_at), Some(expires_at)) = (self.issued_at, self.expires_at) else { return false };
        (0..=millis(longest)).contains(&expires_at.0.saturating_sub(issued_at.0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

// SPDX-License-Identifier: Apache-2.0
//! What an operator learns about one token: what it says about itself, and a name that joins two lines about it.
//!
//! Nothing here is verified, and nothing leads back to the token or its user.

mod recent;
mod trace_id;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::clock::UnixMillis;
use crate::quoted::quoted_value;
use crate::rejection::Reason;
use crate::revocation::RevocationEntry;
use crate::unverified_token::UnverifiedToken;
pub use recent::RecentRejection;
use recent::RecentRejections;
pub use trace_id::TraceId;
use trace_id::TraceIds;

/// The trace IDs of an authenticator, and its last rejections.
pub(crate) struct Audit {
    trace_ids: TraceIds,
    recent: RecentRejections,
    max_token_size: usize,
}

/// What a token says about itself. It may be forged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenNames {
    /// `iss`.
    pub(crate) issuer: Option<Box<str>>,
    /// `kid`.
    pub(crate) key_id: Option<Box<str>>,
    /// `alg`.
    pub(crate) algorithm: Option<Box<str>>,
}

/// A token as lines for the operator name it. `Display` gives `issuer="…" kid="…" algorithm="…" trace=…`, without what the
/// token does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedToken {
    pub(crate) names: TokenNames,
    pub(crate) trace: TraceId,
}

impl Audit {
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new(max_token_size: usize) -> Result<Self, String> {
        Ok(Self { trace_ids: TraceIds::new()?, recent: RecentRejections::default(), max_token_size })
    }

    /// The name of the token until the authenticator ends.
    pub(crate) fn trace_id(&self, token: &[u8]) -> TraceId {
        self.trace_ids.of(token)
    }

    /// The token as lines for the operator name it.
    pub(crate) fn describe(&self, token: &[u8]) -> AuditedToken {
        AuditedToken { names: self.names(token), trace: self.trace_id(token) }
    }

    fn names(&self, token: &[u8]) -> TokenNames {
        if self.may_decode(token) { TokenNames::of(token) } else { TokenNames::default() }
    }

    /// A token that is too large is not decoded, here neither.
    fn may_decode(&self, token: &[u8]) -> bool {
        token.len() <= self.max_token_size
    }

    /// Remembers a rejection among the last ones, within a limit for each reason, so that a flood costs next to nothing.
    pub(crate) fn rejected(&self, reason: Reason, token: Option<&[u8]>, now: UnixMillis) {
        // Clients without a token and probes would drive out the others.
        if reason == Reason::NoBearerToken || !self.recent.has_time_for(reason, now) {
            return;
        }
        let trace = token.map(|token| self.trace_id(token));
        let describe = || {
            let token = token?;
            let entry = || RevocationEntry::of_token(token).ok();
            Some((self.names(token), self.may_decode(token).then(entry).flatten()))
        };
        self.recent.add(reason, trace, describe, now);
    }

    /// The last rejections in JSON, the newest first.
    pub(crate) fn recent_json(&self) -> String {
        recent::to_json(&self.recent.all())
    }

    /// The last rejections, the newest first.
    pub(crate) fn recent(&self) -> Vec<RecentRejection> {
        self.recent.all()
    }
}

impl TokenNames {
    /// Reads what can be read.
    pub(crate) fn of(token: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Header<'t> {
            #[serde(borrow)]
            alg: Option<Cow<'t, str>>,
            #[serde(borrow)]
            kid: Option<Cow<'t, str>>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Payload<'t> {
            #[serde(borrow)]
            iss: Option<Cow<'t, str>>,
        }
        let Ok(token) = UnverifiedToken::decode(token, usize::MAX) else { return Self::default() };
        let header: Header<'_> = serde_json::from_slice(&token.header).unwrap_or_default();
        let payload: Payload<'_> = serde_json::from_slice(&token.payload).unwrap_or_default();
        let shown = |text: Option<Cow<'_, str>>| text.map(|text| quoted_value(&text).into());
        Self { issuer: shown(payload.iss), key_id: shown(header.kid), algorithm: shown(header.alg) }
    }
}

impl fmt::Display for AuditedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TokenNames { issuer, key_id, algorithm } = &self.names;
        for (name, value) in [("issuer", issuer), ("kid", key_id), ("algorithm", algorithm)] {
            if let Some(value) = value {
                write!(f, "{name}=\"{value}\" ")?;
            }
        }
        write!(f, "trace={}", self.trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> Vec<u8> {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
        format!("{}.{}.AAAA", BASE64URL.encode(header), BASE64URL.encode(payload)).into_bytes()
    }

    fn line(token: &[u8]) -> String {
        Audit::new(usize::MAX).unwrap().describe(token).to_string()
    }

    #[test]
    fn a_line_names_what_the_token_says_and_no_more() {
        let text = line(&token(r#"{"alg":"RS256","kid":"k1"}"#, r#"{"iss":"https://idp.test","sub":"alice"}"#));
        let (before, trace) = text.rsplit_once('=').unwrap();
        assert_eq!(before, r#"issuer="https://idp.test" kid="k1" algorithm="RS256" trace"#);
        assert_eq!(trace.len(), 16);
    }

    #[test]
    fn a_token_cannot_forge_a_part_of_its_line() {
        let text = line(&token(r#"{"kid":"a\" trace=0\n2026 ERROR"}"#, r#"{"iss":5}"#));
        assert_eq!(text.lines().count(), 1);
        assert_eq!(text.matches('"').count(), 2, "{text}");
        assert!(text.starts_with(r#"kid="a\u{22} trace=0\u{a}2026 ERROR" trace="#), "{text}");
        let long = line(&token(&format!(r#"{{"kid":"{}"}}"#, "k".repeat(10_000)), "{}"));
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn what_is_no_token_has_a_trace_id_as_well() {
        assert!(line(b"abc").starts_with("trace="));
    }

    #[test]
    fn a_token_that_is_too_large_is_not_decoded() {
        let token = token(r#"{"alg":"RS256","kid":"k1"}"#, r#"{"iss":"https://idp.test","sub":"alice"}"#);
        for (max_token_size, is_decoded) in [(token.len() - 1, false), (token.len(), true)] {
            let audit = Audit::new(max_token_size).unwrap();
            audit.rejected(Reason::UnknownKeyId, Some(&token), UnixMillis(0));
            let recent = &audit.recent()[0];
            assert_eq!((recent.key_id().is_some(), recent.revocation_entry().is_some()), (is_decoded, is_decoded));
            let line = audit.describe(&token).to_string();
            assert_eq!((line.contains("k1"), line.contains("trace=")), (is_decoded, true), "{line}");
        }
    }

    #[test]
    fn a_request_without_a_token_is_not_among_the_last_rejections() {
        let audit = Audit::new(usize::MAX).unwrap();
        audit.rejected(Reason::NoBearerToken, None, UnixMillis(0));
        assert!(audit.recent().is_empty());
        audit.rejected(Reason::SeveralAuthorizationHeaders, None, UnixMillis(0));
        assert_eq!(audit.recent().len(), 1);
    }

    #[test]
    fn a_flood_is_remembered_in_part_and_the_other_reasons_in_full() {
        let audit = Audit::new(usize::MAX).unwrap();
        for number in 0..1000 {
            audit.rejected(Reason::UnknownKeyId, Some(format!("{number}").as_bytes()), UnixMillis(5_000));
        }
        audit.rejected(Reason::TokenExpired, Some(b"seldom"), UnixMillis(5_100));
        let kept = |reason| audit.recent().iter().filter(|rejection| rejection.reason == reason).count();
        assert_eq!((kept(Reason::UnknownKeyId), kept(Reason::TokenExpired)), (RecentRejections::A_SECOND as usize, 1));
        audit.rejected(Reason::UnknownKeyId, Some(b"later"), UnixMillis(6_000));
        assert_eq!(kept(Reason::UnknownKeyId), RecentRejections::A_SECOND as usize + 1);
    }
}

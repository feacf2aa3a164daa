// SPDX-License-Identifier: Apache-2.0
//! What an operator learns about one token: what it says about itself, and a name that joins two lines about it.
//!
//! Nothing here is verified, and nothing leads back to the token or its user.

mod recent;
mod trace_id;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::authenticator::Accepted;
use crate::clock::UnixMillis;
use crate::quoted::quoted_value;
use crate::rejection::{Reason, Rejection};
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

/// A rejection, and the token that it is about. `Display` gives what a line for the operator says besides reason and message:
/// `number=21 issuer="…" kid="…" algorithm="…" trace=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The reason, and the message for the client.
    pub rejection: Rejection,
    /// `None` if the request had no token.
    pub token: Option<AuditedToken>,
}

impl Audit {
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn new() -> Result<Self, String> {
        Ok(Self { trace_ids: TraceIds::new()?, recent: RecentRejections::default() })
    }

    /// The name of the token until the authenticator ends.
    pub(crate) fn trace_id(&self, token: &[u8]) -> TraceId {
        self.trace_ids.of(token)
    }

    /// The token as lines for the operator name it.
    pub(crate) fn describe(&self, token: &[u8]) -> AuditedToken {
        AuditedToken { names: TokenNames::of(token), trace: self.trace_id(token) }
    }

    /// Remembers a rejection among the last ones.
    pub(crate) fn rejected(&self, rejection: Rejection, token: Option<&[u8]>, now: UnixMillis) -> Rejected {
        let token = token.map(|bytes| (bytes, self.describe(bytes)));
        // Clients without a token and probes would drive out the others.
        if rejection.code() != Reason::NoBearerToken {
            let named = token.as_ref().map(|(_, token)| token);
            let entry = || token.as_ref().and_then(|(bytes, _)| RevocationEntry::of_token(bytes).ok());
            self.recent.add(rejection.code(), named, entry, now);
        }
        Rejected { rejection, token: token.map(|(_, token)| token) }
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

/// What a line about an accepted token says.
pub(crate) fn describe_accepted(accepted: &Accepted<'_>, trace: TraceId) -> String {
    let identity = accepted.identity;
    let mut line = String::new();
    for (name, value) in [
        ("user", Some(identity.user.as_str())),
        ("principal", Some(identity.principal.as_str())),
        ("issuer", identity.issuer.as_deref()),
        ("kid", identity.key_id.as_deref()),
    ] {
        if let Some(value) = value {
            line += &format!("{name}=\"{}\" ", quoted_value(value));
        }
    }
    line + &format!("algorithm=\"{}\" cached={} trace={trace}", identity.algorithm, accepted.was_known)
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

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number={}", self.rejection.code().number())?;
        match &self.token {
            Some(token) => write!(f, " {token}"),
            None => Ok(()),
        }
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
        let audit = Audit::new().unwrap();
        let rejection = Rejection::new(Reason::UnknownKeyId, "Unknown signing key ID");
        audit.rejected(rejection, Some(token), UnixMillis(0)).to_string()
    }

    #[test]
    fn a_line_names_what_the_token_says_and_no_more() {
        let text = line(&token(r#"{"alg":"RS256","kid":"k1"}"#, r#"{"iss":"https://idp.test","sub":"alice"}"#));
        let (before, trace) = text.rsplit_once('=').unwrap();
        let number = Reason::UnknownKeyId.number();
        assert_eq!(before, format!(r#"number={number} issuer="https://idp.test" kid="k1" algorithm="RS256" trace"#));
        assert_eq!(trace.len(), 16);
    }

    #[test]
    fn a_token_cannot_forge_a_part_of_its_line() {
        let text = line(&token(r#"{"kid":"a\" trace=0\n2026 ERROR"}"#, r#"{"iss":5}"#));
        assert_eq!(text.lines().count(), 1);
        assert_eq!(text.matches('"').count(), 2, "{text}");
        assert!(text.contains(r#" kid="a\u{22} trace=0\u{a}2026 ERROR" trace="#), "{text}");
        let long = line(&token(&format!(r#"{{"kid":"{}"}}"#, "k".repeat(10_000)), "{}"));
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn what_is_no_token_has_a_trace_id_as_well() {
        let text = line(b"abc");
        assert!(text.starts_with(&format!("number={} trace=", Reason::UnknownKeyId.number())), "{text}");
    }

    #[test]
    fn a_request_without_a_token_is_not_among_the_last_rejections() {
        let audit = Audit::new().unwrap();
        let rejected = audit.rejected(Rejection::new(Reason::NoBearerToken, "none"), None, UnixMillis(0));
        assert_eq!(rejected.to_string(), format!("number={}", Reason::NoBearerToken.number()));
        assert!(audit.recent().is_empty());
    }
}

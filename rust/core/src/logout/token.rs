// SPDX-License-Identifier: Apache-2.0
//! Logout token → what it revokes (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6).

use std::borrow::Cow;

use crate::claims::{ClaimNames, Claims, ClaimsPolicy};
use crate::clock::UnixMillis;
use crate::issuers::Issuers;
use crate::logout::LogoutError;
use crate::quoted::quoted;
use crate::revocation::{RevocationEntry, RevocationKind};
use crate::signature;
use crate::token::CompactJws;

/// `typ` of a logout token. Issuers need not write it, and the final specification recommends the second.
const TYPES: [&str; 2] = ["JWT", "logout+jwt"];
/// The age at which a logout token is too old, in milliseconds, besides the clock skew.
pub(super) const MAX_AGE: i64 = 5 * 60 * 1000;
/// The longest logout token, in bytes. It has few claims.
const MAX_BYTES: usize = 16 * 1024;

/// A verified logout token.
#[derive(Debug)]
pub(super) struct LogoutToken {
    issuer: String,
    token_id: String,
    subject: Option<String>,
    session: Option<String>,
    pub(super) issued_at: UnixMillis,
    /// The clock skew of its issuer, in milliseconds.
    pub(super) skew: i64,
}

impl LogoutToken {
    /// What identifies the token: its issuer and `jti`.
    pub(super) fn name(&self) -> (String, String) {
        (self.issuer.clone(), self.token_id.clone())
    }

    /// The tokens that are revoked: those of the session, or else all of the subject that were issued up to the logout.
    pub(super) fn entry(&self) -> RevocationEntry<'static> {
        let entry = match (&self.session, &self.subject) {
            (Some(session), _) => RevocationEntry::new(RevocationKind::Session, session.clone()),
            (None, subject) => RevocationEntry {
                // `iat` has seconds: a token of the same second may be older than the logout.
                issued_before: Some(UnixMillis(self.issued_at.0.saturating_add(1000))),
                ..RevocationEntry::new(RevocationKind::Subject, subject.clone().unwrap_or_default())
            },
        };
        RevocationEntry { issuer: Some(self.issuer.clone().into()), ..entry }
    }
}

/// Verifies a logout token with the keys of its issuer. `admits` limits the number of signatures that are verified. What is
/// visibly no logout token of this client costs nothing, so it cannot keep others out.
///
/// # Errors
/// The signature or a claim is not as the specification wants it, or there are no keys.
pub(super) fn verify(
    token: &[u8],
    issuers: &Issuers,
    client_id: &str,
    now: UnixMillis,
    admits: impl Fn() -> Result<(), LogoutError>,
) -> Result<LogoutToken, LogoutError> {
    let header_bytes = CompactJws::parse(token, MAX_BYTES)?.decode_header()?;
    let header = header_bytes.parse()?;
    let token = header_bytes.decode_rest()?;
    if let Some(token_type) = header.token_type.as_deref()
        && !TYPES.iter().any(|allowed| header.is_of_type(allowed))
    {
        return Err(LogoutError::invalid(format!("The type '{}' is not that of a logout token", quoted(token_type))));
    }
    let rules = issuers.load();
    let issuer = rules.select(token.unverified_payload())?;
    issuer.header.check_algorithm(&header)?;
    check_form(&Claims::read_unverified(token.unverified_payload())?, client_id)?;
    admits()?;
    let (payload, _) =
        issuer.keys.verify_with(&header, |key| signature::verify(&key.for_algorithm(header.algorithm)?, &token))?;

    let names: ClaimNames = ["nonce"].map(Box::from).into_iter().collect();
    let claims = Claims::read(payload.bytes(), &ClaimsPolicy::default(), Some(&names), None)?;
    let skew = issuer.claims.skew();
    claims.check_issuer(issuer.claims.required_issuer.as_deref())?;
    check_form(&claims, client_id)?;
    if claims.expires_at().is_some_and(|end| end.0.saturating_add(skew) < now.0) {
        return Err(LogoutError::invalid("The logout token has expired"));
    }
    if !claims.for_rules.is_empty() {
        return Err(LogoutError::invalid("The token has a nonce, which a logout token must not have"));
    }
    let present = |name: &str| LogoutError::invalid(format!("The logout token has no {name}"));
    let issued_at = claims.issued_at().ok_or_else(|| present("iat"))?;
    let age = now.0.saturating_sub(issued_at.0);
    if age > MAX_AGE.saturating_add(skew) || age < -skew {
        return Err(LogoutError::invalid("The logout token is too old, or from the future: compare the clocks"));
    }
    let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
    let identifiers = &claims.identifiers;
    let (subject, session) = (text(&identifiers.subject), text(&identifiers.session));
    if subject.is_none() && session.is_none() {
        return Err(present("sub and no sid"));
    }
    Ok(LogoutToken {
        issuer: text(&claims.issuer).ok_or_else(|| present("iss"))?,
        token_id: text(&identifiers.token_id).ok_or_else(|| present("jti"))?,
        subject,
        session,
        issued_at,
        skew,
    })
}

/// Checks that the token is a logout token for this client.
fn check_form(claims: &Claims<'_>, client_id: &str) -> Result<(), LogoutError> {
    if !claims.is_for_audience(client_id) {
        return Err(LogoutError::invalid("The audience of the logout token is not backchannel-logout.client-id"));
    }
    if !claims.has_logout_event {
        return Err(LogoutError::invalid("The claim events of the token has no logout event"));
    }
    Ok(())
}

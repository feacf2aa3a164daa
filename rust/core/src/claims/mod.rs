// SPDX-License-Identifier: Apache-2.0
//! Payload → verified claims: `exp`, `nbf`, `iss`, `aud`, in this order (jjwt's, then
//! `io.trino.server.security.jwt.JwtAuthenticator`'s).

pub(crate) mod groups;
pub(crate) mod path;
pub(crate) mod principal;
pub(crate) mod required;

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use crate::claims::groups::GroupsField;
use crate::claims::path::ClaimPath;
use crate::claims::required::{RequiredClaim, RequiredScopes, SCOPE_CLAIMS};
use crate::clock::{Clock, UnixMillis};
use crate::java_text::is_blank;
use crate::json::{JsonError, Member, Value, read_object};
use crate::quoted::quoted;
use crate::rejection::{Reason, Rejection};
use crate::signature::VerifiedPayload;

/// The configured requirements for the claims, and the claims that properties name.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClaimsPolicy {
    /// `iss` must equal this.
    pub(crate) required_issuer: Option<String>,
    pub(crate) required_audience: Option<RequiredAudience>,
    /// The allowed error of the issuer's clock, for `exp`, `nbf` and, with `max_token_lifetime`, `iat`.
    pub(crate) clock_skew: Duration,
    /// `exp` must be present.
    pub(crate) require_expiration: bool,
    /// The maximum time from `iat` to `exp`. If set, both must be present, and `iat` must not be in the future.
    pub(crate) max_token_lifetime: Option<Duration>,
    /// `required-scopes`.
    pub(crate) required_scopes: RequiredScopes,
    /// `required-claims.<path>`.
    pub(crate) required_claims: Vec<RequiredClaim>,
    /// The claims that may contain the principal; the first one that is present is used.
    pub(crate) principal_fields: Vec<ClaimPath>,
    /// The claim that contains the groups.
    pub(crate) groups_field: Option<GroupsField>,
}

/// `aud` must be or contain one of these.
#[derive(Clone, Debug)]
pub(crate) struct RequiredAudience {
    /// The text of the configuration. Trino takes the whole text as one audience, so it is also accepted as one here.
    text: String,
    /// The elements of the text, which are separated by commas.
    elements: Vec<String>,
}

impl RequiredAudience {
    pub(crate) fn new(text: String, elements: Vec<String>) -> Self {
        Self { text, elements }
    }

    /// The text of the configuration.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn is_in(&self, audience: &Audience<'_>) -> bool {
        audience.contains(&self.text) || self.elements.iter().any(|element| audience.contains(element))
    }
}

impl ClaimsPolicy {
    /// True for a claim at the top level that contains the principal or the groups.
    fn selects(&self, name: &str) -> bool {
        let groups = self.groups_field.as_ref().map(|field| &field.path);
        self.principal_fields.iter().chain(groups).any(|path| path.top() == name)
    }

    /// True for a claim at the top level that `required-scopes` or `required-claims` checks.
    fn requires(&self, name: &str) -> bool {
        self.required_claims.iter().any(|claim| claim.path.top() == name)
            || (!self.required_scopes.0.is_empty() && SCOPE_CLAIMS.contains(&name))
    }

    /// True if there are scopes or claims to check.
    pub(crate) fn requires_claims(&self) -> bool {
        !self.required_scopes.0.is_empty() || !self.required_claims.is_empty()
    }

    /// Checks `required-scopes`, then `required-claims`, in the order of their names.
    ///
    /// # Errors
    /// The first requirement that the claims do not meet.
    pub(crate) fn check_required(&self, claims: &VerifiedClaims<'_>) -> Result<(), Rejection> {
        self.required_scopes.check(claims)?;
        self.required_claims.iter().try_for_each(|claim| claim.check(claims))
    }

    /// The skew in milliseconds.
    pub(crate) fn skew(&self) -> i64 {
        i64::try_from(self.clock_skew.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The claims of a token whose signature, times, issuer and audience are valid. Only [`verify`] makes one.
#[derive(Debug)]
pub(crate) struct VerifiedClaims<'t> {
    pub(crate) expires_at: Option<UnixMillis>,
    /// `iat`, without its fraction of a second.
    pub(crate) issued_at: Option<UnixMillis>,
    /// The times at which these claims are accepted.
    pub(crate) validity: Validity,
    pub(crate) issuer: Option<Cow<'t, str>>,
    pub(crate) identifiers: Identifiers<'t>,
    /// True for a logout token.
    pub(crate) has_logout_event: bool,
    /// The claims at the top level that contain principal and groups, and those that are required.
    pub(crate) selected: Vec<Member<'t>>,
    /// The claims at the top level that claim rules read.
    pub(crate) for_rules: Vec<Member<'t>>,
}

/// The names of claims at the top level.
pub(crate) type ClaimNames = HashSet<Box<str>, foldhash::quality::FixedState>;
/// The claims by which a revocation can name a token.
#[derive(Debug, Default)]
pub(crate) struct Identifiers<'t> {
    /// `jti`.
    pub(crate) token_id: Option<Cow<'t, str>>,
    /// `sub`.
    pub(crate) subject: Option<Cow<'t, str>>,
    /// `sid` of OpenID Connect, if it is a string. RFC 7519 does not know it, so another type is no error.
    pub(crate) session: Option<Cow<'t, str>>,
}

/// The range of times at which claims are accepted. It is all that a verdict takes from the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    /// The first millisecond: from `nbf`, and from `iat` with `max-token-lifetime`.
    from: UnixMillis,
    /// The last millisecond: from `exp`.
    until: UnixMillis,
}

impl Validity {
    /// All times.
    pub(crate) const ALWAYS: Self = Self { from: UnixMillis(i64::MIN), until: UnixMillis(i64::MAX) };

    fn from_claims(claims: &Claims<'_>, skew: i64) -> Self {
        let from = claims.not_before.map_or(i64::MIN, |not_before| not_before.latest().0.saturating_sub(skew));
        let until = claims.expires_at.map_or(i64::MAX, |expires_at| expires_at.earliest().0.saturating_add(skew));
        Self { from: UnixMillis(from), until: UnixMillis(until) }
    }

    /// The same range, but not before `first`.
    pub(crate) fn and_from(self, first: Option<UnixMillis>) -> Self {
        Self { from: first.map_or(self.from, |first| first.max(self.from)), ..self }
    }

    /// The same range, but not after `last`.
    pub(crate) fn and_until(self, last: Option<UnixMillis>) -> Self {
        Self { until: last.map_or(self.until, |last| last.min(self.until)), ..self }
    }

    /// The times that are in both ranges.
    pub(crate) fn and(self, other: Self) -> Self {
        self.and_from(Some(other.from)).and_until(Some(other.until))
    }

    pub(crate) fn holds(&self, now: UnixMillis) -> bool {
        self.from <= now && now <= self.until
    }

    /// [`Validity::holds`] at the time of `clock`. It reads the exact clock only if the coarse one cannot decide.
    pub(crate) fn holds_by(&self, clock: Clock) -> bool {
        let coarse = clock.coarse_now();
        let holds_until_now = self.from <= coarse && coarse.0 <= self.until.0.saturating_sub(Clock::MAX_COARSE_LAG);
        holds_until_now || self.holds(clock.now())
    }

    /// True after the last millisecond. It then holds again only if the clock is set back.
    pub(crate) fn is_over(&self, now: UnixMillis) -> bool {
        self.until < now
    }

    #[cfg(test)]
    pub(crate) fn between(from: i64, until: i64) -> Self {
        Self { from: UnixMillis(from), until: UnixMillis(until) }
    }
}

/// Reads the claims and checks them at the time `now`. `for_rules` are the claims that claim rules read, if there are any;
/// `role_field` is the claim with the storage role.
pub(crate) fn verify<'t>(
    payload: &VerifiedPayload<'t>,
    policy: &ClaimsPolicy,
    for_rules: Option<&ClaimNames>,
    role_field: Option<&ClaimPath>,
    now: UnixMillis,
) -> Result<VerifiedClaims<'t>, Rejection> {
    let claims = Claims::read(payload.bytes(), policy, for_rules, role_field)?;
    let validity = check_times(&claims, policy, now)?;
    check_issuer(&claims, policy.required_issuer.as_deref())?;
    check_audience(&claims, policy.required_audience.as_ref())?;
    let validity = validity.and_from(check_lifetime(&claims, policy, now)?);
    Ok(VerifiedClaims {
        expires_at: claims.expires_at(),
        validity,
        issued_at: claims.issued_at(),
        issuer: claims.issuer,
        identifiers: claims.identifiers,
        has_logout_event: claims.has_logout_event,
        selected: claims.selected,
        for_rules: claims.for_rules,
    })
}

/// Checks that an unverified payload is a set of claims: one JSON object whose registered claims have the right types.
pub(crate) fn check_form(payload: &[u8]) -> Result<(), Rejection> {
    Claims::read_unverified(payload).map(drop)
}

/// `iss` of an unverified payload. It only chooses the issuer whose rules apply.
pub(crate) fn unverified_issuer(payload: &[u8]) -> Result<Option<Cow<'_, str>>, Rejection> {
    match read_object(payload, |name| name == "iss").map_err(no_claims)?.pop() {
        Some((name, value)) => text(&name, value),
        None => Ok(None),
    }
}

fn no_claims(error: JsonError) -> Rejection {
    match error {
        JsonError::DuplicateMember => {
            Rejection::new(Reason::DuplicateMember, "The JWT claims contain a duplicate member")
        }
        JsonError::Malformed(place) => {
            Rejection::new(Reason::MalformedClaims, format!("The JWT payload is not a JSON object of claims: {place}"))
        }
    }
}

/// The registered claims (RFC 7519, section 4.1), each of its right type.
#[derive(Debug, Default)]
pub(crate) struct Claims<'t> {
    expires_at: Option<NumericDate>,
    not_before: Option<NumericDate>,
    issued_at: Option<NumericDate>,
    pub(crate) issuer: Option<Cow<'t, str>>,
    audience: Option<Audience<'t>>,
    pub(crate) identifiers: Identifiers<'t>,
    /// True for a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4).
    pub(crate) has_logout_event: bool,
    /// The claims that the policy selects for principal and groups.
    selected: Vec<Member<'t>>,
    /// The claims that claim rules read. `aud` is a list here, also if the token has one audience as a string.
    pub(crate) for_rules: Vec<Member<'t>>,
}

#[derive(Debug)]
enum Audience<'t> {
    One(Cow<'t, str>),
    Several(Vec<Cow<'t, str>>),
}

impl<'t> Claims<'t> {
    /// Reads a payload, without checking anything but the types of the registered claims.
    pub(crate) fn read(
        payload: &'t [u8],
        policy: &ClaimsPolicy,
        for_rules: Option<&ClaimNames>,
        role_field: Option<&ClaimPath>,
    ) -> Result<Self, Rejection> {
        // Asked once, since most configurations require no claims and every name of the payload is looked up twice.
        let requires_claims = policy.requires_claims();
        let selects = |name: &str| {
            policy.selects(name)
                || (requires_claims && policy.requires(name))
                || role_field.is_some_and(|field| field.top() == name)
        };
        let is_for_rules = |name: &str| for_rules.is_some_and(|names| names.contains(name));
        let members = read_object(payload, |name| {
            matches!(name, "exp" | "nbf" | "iat" | "iss" | "sub" | "aud" | "jti" | "sid" | "events")
                || selects(name)
                || is_for_rules(name)
        })
        .map_err(no_claims)?;
        let mut claims = Self::default();
        for (name, value) in members {
            if selects(&name) {
                claims.selected.push((name.clone(), value.clone()));
            }
            if is_for_rules(&name) && !counts_as_absent(&name, &value) {
                let value = match &value {
                    Value::String(_) if name == "aud" => Value::Array(vec![value.clone()]),
                    other => other.clone(),
                };
                claims.for_rules.push((name.clone(), value));
            }
            match &*name {
                "exp" => claims.expires_at = Some(NumericDate::read("exp", &value)?),
                "nbf" => claims.not_before = Some(NumericDate::read("nbf", &value)?),
                "iat" => claims.issued_at = Some(NumericDate::read("iat", &value)?),
                "iss" => claims.issuer = text("iss", value)?,
                "sub" => claims.identifiers.subject = text("sub", value)?,
                "jti" => claims.identifiers.token_id = text("jti", value)?,
                "sid" => claims.identifiers.session = text("sid", value).ok().flatten(),
                "events" => claims.has_logout_event = has_logout_event(&value),
                "aud" => claims.audience = Audience::read(value)?,
                _ => {}
            }
        }
        Ok(claims)
    }

    /// Reads a payload that no policy applies to. Only the types of the registered claims are checked.
    pub(crate) fn read_unverified(payload: &'t [u8]) -> Result<Self, Rejection> {
        Self::read(payload, &ClaimsPolicy::default(), None, None)
    }

    /// Checks `iss`.
    pub(crate) fn check_issuer(&self, required: Option<&str>) -> Result<(), Rejection> {
        check_issuer(self, required)
    }

    /// True if `aud` is this audience, or contains it.
    pub(crate) fn is_for_audience(&self, audience: &str) -> bool {
        self.audience.as_ref().is_some_and(|audiences| audiences.contains(audience))
    }

    /// `iat`, without its fraction of a second.
    pub(crate) fn issued_at(&self) -> Option<UnixMillis> {
        self.issued_at.map(NumericDate::earliest)
    }

    /// `exp`, without its fraction of a second.
    pub(crate) fn expires_at(&self) -> Option<UnixMillis> {
        self.expires_at.map(NumericDate::earliest)
    }
}

/// jjwt drops blank registered claims and an empty list of audiences.
fn counts_as_absent(name: &str, value: &Value<'_>) -> bool {
    match (name, value) {
        ("iss" | "sub" | "jti" | "aud", Value::String(text)) => is_blank(text),
        ("aud", Value::Array(audiences)) => audiences.is_empty(),
        _ => false,
    }
}

/// True for the `events` of a logout token.
fn has_logout_event(events: &Value<'_>) -> bool {
    const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
    match events {
        Value::Object(events) => events.iter().any(|(name, event)| name == LOGOUT && matches!(event, Value::Object(_))),
        _ => false,
    }
}

/// A registered claim that must be a string. jjwt drops null and blank ones, so they count as absent.
fn text<'t>(name: &str, value: Value<'t>) -> Result<Option<Cow<'t, str>>, Rejection> {
    match value {
        Value::String(text) if is_blank(&text) => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        other => Err(invalid(name, &format!("must be a string, but is {}", other.type_name()))),
    }
}

fn invalid(name: &str, why: &str) -> Rejection {
    Rejection::new(Reason::InvalidClaim, format!("Invalid claims: '{name}' {why}"))
}

impl<'t> Audience<'t> {
    fn read(value: Value<'t>) -> Result<Option<Self>, Rejection> {
        match value {
            Value::Array(values) if values.is_empty() => Ok(None),
            Value::Array(values) => {
                let mut audiences = Vec::with_capacity(values.len());
                for value in values {
                    match value {
                        Value::String(audience) => audiences.push(audience),
                        other => return Err(invalid("aud", &format!("contains {}", other.type_name()))),
                    }
                }
                Ok(Some(Self::Several(audiences)))
            }
            other => Ok(text("aud", other)?.map(Self::One)),
        }
    }

    fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }

    /// The audiences as Java prints the set: each one once, in the order of the token.
    fn shown(&self) -> String {
        match self {
            Self::One(one) => format!("[{}]", quoted(one)),
            Self::Several(several) => {
                let mut seen = HashSet::new();
                let distinct: Vec<&str> = several.iter().map(AsRef::as_ref).filter(|one| seen.insert(*one)).collect();
                quoted(&format!("[{}]", distinct.join(", ")))
            }
        }
    }
}

/// A NumericDate (RFC 7519, section 2): seconds since 1970, with an optional fraction.
#[derive(Clone, Copy, Debug)]
struct NumericDate {
    seconds: i64,
    /// True if there was a fraction. The time is then after `seconds` and before the next second.
    has_fraction: bool,
}

impl NumericDate {
    /// The largest number of seconds whose milliseconds fit into an `i64`. Above it jjwt overflows.
    const MAX_SECONDS: i64 = i64::MAX / 1000 - 1;

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the range is checked first")]
    fn read(name: &str, value: &Value<'_>) -> Result<Self, Rejection> {
        let date = match *value {
            Value::Integer(seconds) => Self { seconds, has_fraction: false },
            Value::Float(seconds) if seconds.abs() < Self::MAX_SECONDS as f64 => {
                Self { seconds: seconds.floor() as i64, has_fraction: seconds.fract() != 0.0 }
            }
            Value::Float(seconds) => return Err(Self::out_of_range(name, seconds)),
            _ => return Err(invalid(name, &format!("must be a number, but is {}", value.type_name()))),
        };
        if date.seconds.unsigned_abs() > Self::MAX_SECONDS.unsigned_abs() {
            return Err(Self::out_of_range(name, date.seconds as f64));
        }
        Ok(date)
    }

    fn out_of_range(name: &str, seconds: f64) -> Rejection {
        invalid(name, &format!("is out of range{}", unit_question(name, seconds)))
    }

    /// The whole second at or before the time. Used for an expiry, which must not become later.
    fn earliest(self) -> UnixMillis {
        UnixMillis(self.seconds * 1000)
    }

    /// See [`unit_question`].
    #[expect(clippy::cast_precision_loss, reason = "a question needs no precision")]
    fn unit_question(self, name: &str) -> String {
        unit_question(name, self.seconds as f64)
    }

    /// The whole second at or after the time. Used for a start, which must not become earlier.
    fn latest(self) -> UnixMillis {
        UnixMillis((self.seconds + i64::from(self.has_fraction)) * 1000)
    }
}

/// Guesses the unit of a number that should be seconds since 1970 (RFC 7519, section 2): the unit in which it is between the
/// years 2000 and 2100. Returns its name, and how many of it make a second. `None` if it is seconds, or if no unit fits.
#[must_use]
pub fn suspected_unit(number: f64) -> Option<(&'static str, f64)> {
    const YEARS_2000_TO_2100: std::ops::Range<f64> = 946_684_800.0..4_102_444_800.0;
    let units = [("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)];
    units.into_iter().find(|(_, a_second)| YEARS_2000_TO_2100.contains(&(number / a_second)))
}

/// A question for the end of a sentence about a time, if the time seems to be in another unit. Otherwise empty.
fn unit_question(name: &str, number: f64) -> String {
    suspected_unit(number).map_or_else(String::new, |(unit, _)| format!("; is {name} in {unit}? It must be in seconds"))
}

/// Checks `exp`, then `nbf`, to the millisecond, as Trino does. A token is still valid in the millisecond of its `exp`.
fn check_times(claims: &Claims<'_>, policy: &ClaimsPolicy, now: UnixMillis) -> Result<Validity, Rejection> {
    let skew = policy.skew();
    let validity = Validity::from_claims(claims, skew);
    if let Some(expires_at) = claims.expires_at.map(NumericDate::earliest)
        && now > validity.until
    {
        let late = now.0.saturating_sub(expires_at.0);
        let message = format!(
            "JWT expired {late} milliseconds ago at {expires_at}. Current time: {now}. Allowed clock skew: {skew} milliseconds."
        );
        return Err(Rejection::new(Reason::TokenExpired, message));
    }
    if let Some(not_before) = claims.not_before.map(NumericDate::latest)
        && now < validity.from
    {
        let early = not_before.0.saturating_sub(now.0);
        // Trino's sentence is not readable for times after the year 9999, so ours may differ there, by the question.
        let unit = claims.not_before.map_or_else(String::new, |not_before| not_before.unit_question("nbf"));
        let message = format!(
            "JWT early by {early} milliseconds before {not_before}. Current time: {now}. Allowed clock skew: {skew} milliseconds{unit}."
        );
        return Err(Rejection::new(Reason::TokenNotYetValid, message));
    }
    Ok(validity)
}

/// Checks `require-expiration` and `max-token-lifetime`. Returns the first millisecond in which the token is accepted.
///
/// A token that is accepted under `max-token-lifetime` expires at most this lifetime plus the skew from now, because its
/// `iat` is not in the future and its `exp` is within the limit after it.
fn check_lifetime(
    claims: &Claims<'_>,
    policy: &ClaimsPolicy,
    now: UnixMillis,
) -> Result<Option<UnixMillis>, Rejection> {
    let Some(expires) = claims.expires_at else {
        if policy.require_expiration || policy.max_token_lifetime.is_some() {
            let message = "Missing 'exp' claim: only tokens that expire are accepted";
            return Err(Rejection::new(Reason::MissingExpiration, message));
        }
        return Ok(None);
    };
    let Some(longest) = policy.max_token_lifetime else { return Ok(None) };
    let Some(issued) = claims.issued_at else {
        let message = "Missing 'iat' claim: max-token-lifetime requires it";
        return Err(Rejection::new(Reason::MissingIssuedAt, message));
    };
    let expires_at = expires.earliest();
    let issued_at = issued.earliest();
    let reject = |reason, message: String| Err(Rejection::new(reason, message));
    let skew = policy.skew();
    let first = UnixMillis(issued_at.0.saturating_sub(skew));
    if now < first {
        let early = issued_at.0.saturating_sub(now.0);
        let message = format!(
            "The token was issued (iat) {early} milliseconds in the future, at {issued_at}. Current time: {now}. Allowed clock skew: {skew} milliseconds{}",
            issued.unit_question("iat")
        );
        return reject(Reason::IssuedInTheFuture, message);
    }
    if expires_at < issued_at {
        let message = format!("The token expires (exp) at {expires_at}, before it was issued (iat) at {issued_at}");
        return reject(Reason::ExpiresBeforeIssued, message);
    }
    let lifetime = expires_at.0.saturating_sub(issued_at.0);
    let longest = i64::try_from(longest.as_millis()).unwrap_or(i64::MAX);
    if lifetime > longest {
        let message = format!(
            "The token is valid for {lifetime} milliseconds (from iat to exp); the limit is {longest}{}",
            expires.unit_question("exp")
        );
        return reject(Reason::LifetimeTooLong, message);
    }
    Ok(Some(first))
}

fn check_issuer(claims: &Claims<'_>, required: Option<&str>) -> Result<(), Rejection> {
    match (required, claims.issuer.as_deref()) {
        (None, _) => Ok(()),
        (Some(required), Some(issuer)) if required == issuer => Ok(()),
        (Some(required), Some(issuer)) => {
            let message = format!("Expected iss claim to be: {required}, but was: {}.", quoted(issuer));
            Err(Rejection::new(Reason::WrongIssuer, message))
        }
        (Some(required), None) => {
            let message = format!("Missing 'iss' claim. Expected value: {required}");
            Err(Rejection::new(Reason::MissingIssuer, message))
        }
    }
}

fn check_audience(claims: &Claims<'_>, required: Option<&RequiredAudience>) -> Result<(), Rejection> {
    let Some(required) = required else { return Ok(()) };
    let text = &required.text;
    match &claims.audience {
        Some(audience) if required.is_in(audience) => Ok(()),
        Some(audience) => {
            let message = format!("Invalid Audience: {}. Allowed audiences: {text}", audience.shown());
            Err(Rejection::new(Reason::WrongAudience, message))
        }
        None => {
            let message = format!("Expected aud claim to be: {text}, but was not present in the JWT claims.");
            Err(Rejection::new(Reason::MissingAudience, message))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Claims that count as verified, with the claim of the groups field.
    pub(crate) fn verified<'t>(payload: &'t str, groups_field: &GroupsField) -> VerifiedClaims<'t> {
        selected(payload, &ClaimsPolicy { groups_field: Some(groups_field.clone()), ..ClaimsPolicy::default() })
    }

    /// Claims that count as verified, with those that the policy selects.
    pub(crate) fn selected<'t>(payload: &'t str, policy: &ClaimsPolicy) -> VerifiedClaims<'t> {
        let claims = Claims::read(payload.as_bytes(), policy, None, None).unwrap();
        let Claims { issuer, selected, identifiers, for_rules, .. } = claims;
        let validity = Validity::ALWAYS;
        VerifiedClaims {
            expires_at: None,
            issued_at: None,
            validity,
            issuer,
            identifiers,
            has_logout_event: false,
            selected,
            for_rules,
        }
    }

    /// Every token that `max-token-lifetime` accepts expires within the limit and the skew from now, and `Validity` gives
    /// the same verdict as a new verification.
    #[test]
    fn a_limited_lifetime_ends_within_the_limit_from_now() {
        const LIMIT: i64 = 100;
        for skew in [0, 7] {
            let policy = ClaimsPolicy {
                clock_skew: Duration::from_secs(skew),
                max_token_lifetime: Some(Duration::from_secs(LIMIT.unsigned_abs())),
                ..ClaimsPolicy::default()
            };
            let skew = i64::try_from(skew).unwrap();
            let mut accepted = 0;
            for (issued_at, expires_at) in (-120..120).step_by(3).flat_map(|iat| (-120..240).map(move |exp| (iat, exp)))
            {
                let payload = format!(r#"{{"iat":{issued_at},"exp":{expires_at}}}"#);
                let verify_at = |now: i64| {
                    verify(&VerifiedPayload::for_test(payload.as_bytes()), &policy, None, None, UnixMillis(now * 1000))
                };
                let Ok(claims) = verify_at(0) else { continue };
                accepted += 1;
                let text = format!("{payload} with a skew of {skew}");
                assert!(issued_at <= skew && issued_at <= expires_at && expires_at <= LIMIT + skew, "{text}");
                for now in
                    [-skew - 1, -1, issued_at - skew - 1, issued_at - skew, expires_at + skew, expires_at + skew + 1]
                {
                    assert_eq!(
                        verify_at(now).is_ok(),
                        claims.validity.holds(UnixMillis(now * 1000)),
                        "{text} at {now}"
                    );
                }
            }
            assert!(accepted > 1000);
        }
    }

    #[test]
    fn a_time_in_a_smaller_unit_is_suspected() {
        for (number, unit) in [
            (1_700_000_000.0, None),
            (1_700_000_000_000.0, Some("milliseconds")),
            (1_700_000_000_000_000.0, Some("microseconds")),
            (1.7e18, Some("nanoseconds")),
            // Issuers write these for "never".
            (253_402_300_799.0, None),
            (99_999_999_999.0, None),
            (9_223_372_036_854_774.0, None),
            (0.0, None),
            (-1_700_000_000_000.0, None),
            (f64::MAX, None),
            (f64::NAN, None),
        ] {
            assert_eq!(suspected_unit(number).map(|(unit, _)| unit), unit, "{number}");
        }
    }

    #[test]
    fn by_the_systems_clock_a_token_begins_and_ends_to_the_millisecond() {
        for _ in 0..1000 {
            let now = UnixMillis::now().0;
            assert!(Validity::between(now, i64::MAX).holds_by(Clock::System), "begins now");
            assert!(!Validity::between(i64::MIN, now - 1).holds_by(Clock::System), "ended a millisecond ago");
        }
        let now = UnixMillis::now().0;
        assert!(!Validity::between(now + 60_000, i64::MAX).holds_by(Clock::System), "begins in a minute");
        assert!(Validity::between(now - 60_000, now + 60_000).holds_by(Clock::System), "ends in a minute");
        assert!(Validity::between(i64::MIN, now + 5_000).holds_by(Clock::System), "ends in five seconds");
    }
}

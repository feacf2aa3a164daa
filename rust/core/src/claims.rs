//! Payload → verified claims: `exp`, `nbf`, `iss`, `aud`, in this order (jjwt's, then
//! `io.trino.server.security.jwt.JwtAuthenticator`'s).

use std::borrow::Cow;
use std::collections::HashSet;

use crate::clock::UnixMillis;
use crate::java_text::is_blank;
use crate::json::{JsonError, Value, read_object};
use crate::reject::{Reject, RejectCode, quoted};
use crate::signature::VerifiedPayload;

/// What the configuration demands of the claims.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClaimsPolicy {
    /// `iss` must equal this.
    pub(crate) required_issuer: Option<String>,
    /// `aud` must be or hold this.
    pub(crate) required_audience: Option<String>,
    /// The claim that holds the principal; kept for [`crate::principal`].
    pub(crate) principal_field: String,
}

/// Claims of a token whose signature, times, issuer and audience hold. Only [`verify`] makes one.
#[derive(Debug)]
pub(crate) struct VerifiedClaims<'t> {
    pub(crate) expires_at: Option<UnixMillis>,
    pub(crate) issuer: Option<Cow<'t, str>>,
    /// The claim named by `principal-field`.
    pub(crate) principal: Option<Value<'t>>,
}

/// Reads and judges the claims at the time `now`.
pub(crate) fn verify<'t>(
    payload: &VerifiedPayload<'t>,
    policy: &ClaimsPolicy,
    now: UnixMillis,
) -> Result<VerifiedClaims<'t>, Reject> {
    let claims = Claims::read(payload.bytes(), &policy.principal_field)?;
    check_times(&claims, now)?;
    check_issuer(&claims, policy.required_issuer.as_deref())?;
    check_audience(&claims, policy.required_audience.as_deref())?;
    Ok(VerifiedClaims {
        expires_at: claims.expires_at.map(NumericDate::earliest),
        issuer: claims.issuer,
        principal: claims.principal,
    })
}

/// Whether a payload that nobody has verified is a set of claims at all: one JSON object, registered claims of their
/// right types.
pub(crate) fn check_form(payload: &[u8]) -> Result<(), Reject> {
    Claims::read(payload, "sub").map(drop)
}

/// `iss` of a payload that nobody has verified: good for choosing whose rules apply, and for nothing else.
pub(crate) fn unverified_issuer(payload: &[u8]) -> Result<Option<Cow<'_, str>>, Reject> {
    match read_object(payload, |name| name == "iss").map_err(no_claims)?.pop() {
        Some((name, value)) => text(&name, value),
        None => Ok(None),
    }
}

fn no_claims(error: JsonError) -> Reject {
    match error {
        JsonError::DuplicateMember => Reject::new(RejectCode::DuplicateMember, "The JWT claims name a member twice"),
        JsonError::Malformed(place) => {
            Reject::new(RejectCode::MalformedClaims, format!("The JWT payload is not a JSON object of claims: {place}"))
        }
    }
}

/// The registered claims (RFC 7519, section 4.1), each of its right type.
#[derive(Debug, Default)]
struct Claims<'t> {
    expires_at: Option<NumericDate>,
    not_before: Option<NumericDate>,
    issuer: Option<Cow<'t, str>>,
    audience: Option<Audience<'t>>,
    principal: Option<Value<'t>>,
}

#[derive(Debug)]
enum Audience<'t> {
    One(Cow<'t, str>),
    Several(Vec<Cow<'t, str>>),
}

impl<'t> Claims<'t> {
    fn read(payload: &'t [u8], principal_field: &str) -> Result<Self, Reject> {
        let members = read_object(payload, |name| {
            matches!(name, "exp" | "nbf" | "iat" | "iss" | "sub" | "aud" | "jti") || name == principal_field
        })
        .map_err(no_claims)?;
        let mut claims = Self::default();
        for (name, value) in members {
            if name == principal_field {
                claims.principal = Some(value.clone());
            }
            match &*name {
                "exp" => claims.expires_at = Some(NumericDate::read("exp", &value)?),
                "nbf" => claims.not_before = Some(NumericDate::read("nbf", &value)?),
                "iat" => drop(NumericDate::read("iat", &value)?),
                "iss" => claims.issuer = text("iss", value)?,
                "sub" | "jti" => drop(text(&name, value)?),
                "aud" => claims.audience = Audience::read(value)?,
                _ => {}
            }
        }
        Ok(claims)
    }
}

/// A registered claim that must be a string. jjwt drops null and blank ones, so they count as absent.
fn text<'t>(name: &str, value: Value<'t>) -> Result<Option<Cow<'t, str>>, Reject> {
    match value {
        Value::String(text) if is_blank(&text) => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        other => Err(invalid(name, &format!("must be a string, but is {}", other.type_name()))),
    }
}

fn invalid(name: &str, why: &str) -> Reject {
    Reject::new(RejectCode::InvalidClaim, format!("Invalid claims: '{name}' {why}"))
}

impl<'t> Audience<'t> {
    fn read(value: Value<'t>) -> Result<Option<Self>, Reject> {
        match value {
            Value::Array(values) if values.is_empty() => Ok(None),
            Value::Array(values) => {
                let mut audiences = Vec::with_capacity(values.len());
                for value in values {
                    match value {
                        Value::String(audience) => audiences.push(audience),
                        other => return Err(invalid("aud", &format!("holds {}", other.type_name()))),
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

    /// As Java prints the set: each audience once, in the order of the token.
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
    /// True if there was a fraction: the time lies after `seconds` and before the next second.
    has_fraction: bool,
}

impl NumericDate {
    /// The largest number of seconds whose milliseconds fit; jjwt overflows beyond it.
    const MAX_SECONDS: i64 = i64::MAX / 1000 - 1;

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the range is checked first")]
    fn read(name: &str, value: &Value<'_>) -> Result<Self, Reject> {
        let date = match *value {
            Value::Integer(seconds) => Self { seconds, has_fraction: false },
            Value::Float(seconds) if seconds.abs() < Self::MAX_SECONDS as f64 => {
                Self { seconds: seconds.floor() as i64, has_fraction: seconds.fract() != 0.0 }
            }
            Value::Float(_) => return Err(invalid(name, "is beyond any time")),
            _ => return Err(invalid(name, &format!("must be a number, but is {}", value.type_name()))),
        };
        if date.seconds.unsigned_abs() > Self::MAX_SECONDS.unsigned_abs() {
            return Err(invalid(name, "is beyond any time"));
        }
        Ok(date)
    }

    /// The whole second at or before the time: an expiry is never taken for later than it is.
    fn earliest(self) -> UnixMillis {
        UnixMillis(self.seconds * 1000)
    }

    /// The whole second at or after the time: a start is never taken for earlier than it is.
    fn latest(self) -> UnixMillis {
        UnixMillis((self.seconds + i64::from(self.has_fraction)) * 1000)
    }
}

/// `exp`, then `nbf`, to the millisecond and without leeway, as stock; a token is still good in the very millisecond of
/// its `exp`.
fn check_times(claims: &Claims<'_>, now: UnixMillis) -> Result<(), Reject> {
    if let Some(expires_at) = claims.expires_at.map(NumericDate::earliest)
        && now > expires_at
    {
        let late = now.0.saturating_sub(expires_at.0);
        let message = format!(
            "JWT expired {late} milliseconds ago at {expires_at}. Current time: {now}. Allowed clock skew: 0 milliseconds."
        );
        return Err(Reject::new(RejectCode::TokenExpired, message));
    }
    if let Some(not_before) = claims.not_before.map(NumericDate::latest)
        && now < not_before
    {
        let early = not_before.0.saturating_sub(now.0);
        let message = format!(
            "JWT early by {early} milliseconds before {not_before}. Current time: {now}. Allowed clock skew: 0 milliseconds."
        );
        return Err(Reject::new(RejectCode::TokenNotYetValid, message));
    }
    Ok(())
}

fn check_issuer(claims: &Claims<'_>, required: Option<&str>) -> Result<(), Reject> {
    match (required, claims.issuer.as_deref()) {
        (None, _) => Ok(()),
        (Some(required), Some(issuer)) if required == issuer => Ok(()),
        (Some(required), Some(issuer)) => {
            let message = format!("Expected iss claim to be: {required}, but was: {}.", quoted(issuer));
            Err(Reject::new(RejectCode::WrongIssuer, message))
        }
        (Some(required), None) => {
            let message = format!("Missing 'iss' claim. Expected value: {required}");
            Err(Reject::new(RejectCode::MissingIssuer, message))
        }
    }
}

fn check_audience(claims: &Claims<'_>, required: Option<&str>) -> Result<(), Reject> {
    match (required, &claims.audience) {
        (None, _) => Ok(()),
        (Some(required), Some(audience)) if audience.contains(required) => Ok(()),
        (Some(required), Some(audience)) => {
            let message = format!("Invalid Audience: {}. Allowed audiences: {required}", audience.shown());
            Err(Reject::new(RejectCode::WrongAudience, message))
        }
        (Some(required), None) => {
            let message = format!("Expected aud claim to be: {required}, but was not present in the JWT claims.");
            Err(Reject::new(RejectCode::MissingAudience, message))
        }
    }
}

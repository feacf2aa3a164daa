// SPDX-License-Identifier: Apache-2.0
//! Finds the row of DIFFERENCES.md that explains why two verdicts differ.
//!
//! A reason alone explains nothing, since several rows have the same one, and a defect may have it as well. So each row is
//! checked against the token, the configuration or the history of the keys, with readers that verdicts do not depend on.

use std::collections::HashSet;
use std::time::Duration;

use crate::clock::UnixMillis;
use crate::issuers::issuer::Issuer;
use crate::keys::{KeyChange, KeyFileTemplate, KeySource};
use crate::metrics::{FileKind, Happenings};
use crate::rejection::{Reason, Rejection};
use crate::shadow::at_start::AtStart;
use crate::shadow::rows::Explanation;
use crate::shadow::token_text::TokenText;
use crate::shadow::{BuiltIn, key_file};
use crate::trace::StepName;

/// A token may be judged by two clocks that are this far apart.
const BOUNDARY: Duration = Duration::from_secs(1);

/// About the last second whose milliseconds fit into 64 bits.
const LAST_SECOND: f64 = (i64::MAX / 1000 - 2) as f64;

/// The default of `max-token-size`, and the limits of a principal and of a mapped user.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
const MAX_PRINCIPAL_BYTES: usize = 4096;
const MAX_USER_BYTES: usize = 16 * 1024;

/// Shorter principals do not overflow the stack of Java's matcher.
const LONG_PRINCIPAL: usize = 1000;

/// Header parameters that the built-in authenticator takes for absent if they are empty.
const HEADER_PARAMETERS: [&str; 13] =
    ["alg", "kid", "typ", "cty", "crit", "zip", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64"];

/// Header parameters about keys, whose content nativejwt ignores.
const KEY_PARAMETERS: [&str; 6] = ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"];

const DATES: [&str; 3] = ["exp", "nbf", "iat"];

/// What is known of one request whose verdicts differ.
pub(crate) struct Difference<'a> {
    pub(crate) token: TokenText,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    pub(crate) now: UnixMillis,
    /// The time that the built-in authenticator took after `now`.
    pub(crate) built_in_time: Duration,
    pub(crate) built_in: &'a BuiltIn<'a>,
    pub(crate) issuer: &'a Issuer,
    pub(crate) at_start: &'a AtStart,
    /// The names of the properties that are set, without their prefix.
    pub(crate) properties: &'a HashSet<Box<str>>,
    /// `principal-field`.
    pub(crate) principal_field: &'a str,
    pub(crate) happenings: &'a Happenings,
}

/// What nativejwt found when it accepted the token, found by validating it once more without the cache.
#[derive(Debug, Default)]
pub(crate) struct Acceptance {
    pub(crate) user: String,
    pub(crate) principal: String,
    /// The type of the key, such as `RSA 2048`.
    pub(crate) key: String,
    /// A claim rule set the user.
    pub(crate) is_user_of_rule: bool,
}

impl Difference<'_> {
    /// Why nativejwt rejects a token that the built-in authenticator accepts. `step` is the step that failed, if it is known.
    pub(crate) fn of_rejected(&self, rejection: &Rejection, step: Option<StepName>) -> Explanation {
        let BuiltIn::Accepted { user, principal } = self.built_in else {
            return match (self.built_in, rejection.code()) {
                (_, Reason::InternalError) => Explanation::Unexplained,
                (BuiltIn::Failed { .. }, Reason::SeveralAuthorizationHeaders | Reason::EncryptedToken) => {
                    Explanation::HeadersJwe
                }
                (BuiltIn::Failed { .. }, _) => Explanation::Not500,
                _ => Explanation::Unexplained,
            };
        };
        if step == Some(StepName::ClaimRules) && self.is_set("claim-rules.file") {
            return Explanation::Configured;
        }
        let found = match rejection.code() {
            Reason::TokenTooLarge if self.is_set("max-token-size") => Some(Explanation::Configured),
            Reason::TokenTooLarge => Explanation::SizeLimits.if_so(self.token.bytes > MAX_TOKEN_BYTES),
            Reason::MalformedBase64 => Explanation::Base64Strict.if_so(self.token.has_loose_base64),
            Reason::MalformedHeader | Reason::MalformedClaims => self.malformed(),
            Reason::CompressedToken => Explanation::ZipHeader.if_so(self.has_parameter("zip")),
            Reason::CriticalHeader => Explanation::CritB64.if_so(self.has_void_crit()),
            Reason::UnencodedPayload => Explanation::CritB64.if_so(self.has_parameter("b64")),
            Reason::InvalidClaim => self.invalid_claim(),
            Reason::TokenNotYetValid if self.begins_in_this_second() => Some(Explanation::NbfFraction),
            Reason::TokenNotYetValid => Explanation::Boundary.if_so(self.is_near("nbf")),
            Reason::TokenExpired => Explanation::Boundary.if_so(self.is_near("exp")),
            Reason::LogoutToken => Explanation::LogoutToken
                .if_so(self.token.payload.value("events").is_some_and(|events| events.contains("backchannel-logout"))),
            Reason::PrincipalTooLong => Explanation::SizeLimits.if_so(principal.len() > MAX_PRINCIPAL_BYTES),
            Reason::PrincipalUnusable => Explanation::PrincipalText.if_so(is_risky_text(principal)),
            Reason::MappedUserUnusable if user.len() > MAX_USER_BYTES => Some(Explanation::SizeLimits),
            // Java writes half of a pair as a question mark.
            Reason::MappedUserUnusable => Explanation::MappingHalfPair.if_so(user.contains('?')),
            Reason::MappingLimit => Explanation::MappingSteps.if_so(self.has_user_mapping()),
            Reason::NoMappingMatches | Reason::PrincipalNotAllowed | Reason::MappedUserEmpty => {
                self.reloaded_mapping(principal)
            }
            Reason::MissingPrincipal | Reason::PrincipalNotAString => self.principal_field(),
            Reason::UnknownKeyId
            | Reason::KeyIdRequired
            | Reason::NoHmacKey
            | Reason::NoPublicKey
            | Reason::KeyAlgorithmMismatch
            | Reason::KeysUnavailable
            | Reason::UnusableKeyFile
            | Reason::SignatureMismatch => self.key(rejection.code()),
            code => Explanation::Configured.if_so(property_of(code).iter().any(|name| self.is_set(name))),
        };
        found.unwrap_or(Explanation::Unexplained)
    }

    /// Why nativejwt accepts a token that the built-in authenticator rejects, or finds another user in it.
    pub(crate) fn of_accepted(&self, accepted: &Acceptance) -> Explanation {
        let found = match self.built_in {
            BuiltIn::Accepted { user, principal } => self.other_user(accepted, user, principal),
            BuiltIn::Rejected { message } => self.rejected_by_built_in(accepted, message),
            BuiltIn::Failed { overflow: true } => {
                Explanation::MappingStack.if_so(self.has_user_mapping() && accepted.principal.len() > LONG_PRINCIPAL)
            }
            BuiltIn::Failed { overflow: false } => self.key_only_ours(accepted),
            BuiltIn::Unknown => None,
        };
        found.unwrap_or(Explanation::Unexplained)
    }

    fn is_set(&self, name: &str) -> bool {
        self.properties.iter().any(|set| match name.strip_suffix('*') {
            Some(family) => set.starts_with(family),
            None => **set == *name,
        })
    }

    fn has_parameter(&self, name: &str) -> bool {
        self.token.header.value(name).is_some()
    }

    fn has_void_crit(&self) -> bool {
        let header = &self.token.header;
        header.value("crit").is_some_and(is_void) || header.text("crit").is_some_and(|crit| crit.chars().all(is_blank))
    }

    fn has_user_mapping(&self) -> bool {
        self.is_set("user-mapping.pattern") || self.is_set("user-mapping.file")
    }

    fn malformed(&self) -> Option<Explanation> {
        let token = &self.token;
        match () {
            () if token.any(|json| json.has_text_after) => Some(Explanation::TextAfterJson),
            () if token.any(|json| json.has_invalid_text) => Some(Explanation::InvalidText),
            () if token.any(|json| json.has_padded_name) => Some(Explanation::MemberNameSpace),
            () if token.any(|json| json.depth > 127 || json.has_huge_number) => Some(Explanation::JsonLimits),
            () => Explanation::ClaimTypes.if_so(token.header.has_empty(&HEADER_PARAMETERS)),
        }
    }

    fn invalid_claim(&self) -> Option<Explanation> {
        let payload = &self.token.payload;
        let is_wrong_date = |name: &&str| {
            payload.value(name).is_some_and(|date| match date.parse::<f64>() {
                Ok(number) => number.abs() > LAST_SECOND,
                Err(_) => true,
            })
        };
        let is_list_with_null = |aud: &str| aud.starts_with('[') && without_texts(aud).contains("null");
        match () {
            () if DATES.iter().any(is_wrong_date) => Some(Explanation::ClaimTypes),
            () if payload.has_empty(&["sub", "iss", "jti"]) => Some(Explanation::ClaimTypes),
            () if payload.value("aud").is_some_and(|aud| aud.starts_with('{') && payload.has_empty(&["aud"])) => {
                Some(Explanation::ClaimTypes)
            }
            () => Explanation::AudNull.if_so(payload.value("aud").is_some_and(is_list_with_null)),
        }
    }

    /// True if the built-in authenticator, which drops the fraction of `nbf`, sees it as past.
    fn begins_in_this_second(&self) -> bool {
        let now = self.now.0 as f64 / 1000.0;
        let nbf = self.token.payload.number("nbf");
        nbf.is_some_and(|nbf| nbf.fract() != 0.0 && nbf.trunc() <= now + self.skew() && now - self.skew() < nbf.ceil())
    }

    fn skew(&self) -> f64 {
        self.issuer.claims.clock_skew.as_secs_f64()
    }

    /// True if the time in this claim is so near that both verdicts may be right.
    fn is_near(&self, claim: &str) -> bool {
        let tolerance = (BOUNDARY + self.built_in_time).as_secs_f64();
        let now = self.now.0 as f64 / 1000.0;
        let edges = |time: f64| [time, time + self.skew(), time - self.skew()];
        self.token
            .payload
            .number(claim)
            .is_some_and(|time| edges(time).iter().any(|edge| (now - edge).abs() <= tolerance))
    }

    /// The built-in authenticator did what the mapping of the start does.
    fn reloaded_mapping(&self, principal: &str) -> Option<Explanation> {
        let [in_use, _] = self.happenings.reloads(FileKind::UserMapping);
        let is_of_start = || match (self.built_in, self.at_start.user(principal)) {
            (BuiltIn::Accepted { user, .. }, Some(at_start)) => at_start == *user,
            (BuiltIn::Rejected { .. }, None) => true,
            _ => false,
        };
        Explanation::FileReload.if_so(in_use > 0 && is_of_start())
    }

    /// The built-in authenticator takes `principal-field` literally.
    fn principal_field(&self) -> Option<Explanation> {
        if self.is_set("nested-claim-delimiter") {
            return Some(Explanation::Configured);
        }
        Explanation::ListsAndPointers.if_so(self.principal_field.contains(',') || self.principal_field.starts_with('/'))
    }

    /// Why nativejwt has no key for a token that the built-in authenticator has a key for.
    fn key(&self, reason: Reason) -> Option<Explanation> {
        let key_id = self.token.header.text("kid");
        let [in_use, unusable] = self.happenings.reloads(FileKind::Keys);
        let has_changed = Explanation::FileReload.if_so(in_use + unusable > 0);
        match &self.issuer.keys {
            KeySource::Local(_) => {
                let content = std::fs::read(self.issuer.key_file()).unwrap_or_default();
                // After a change that cannot be used, both have the previous key.
                let is_of_start = || in_use > 0 && self.at_start.verifies(self.bytes);
                self.secret_of_any_text(reason, &content).or_else(|| Explanation::FileReload.if_so(is_of_start()))
            }
            KeySource::Template(template) => match (reason, template.content(key_id.as_deref())) {
                // The built-in authenticator had to read the file to accept the token.
                (Reason::UnknownKeyId, None) => Some(Explanation::KeyFileDeleted),
                (Reason::UnusableKeyFile, Some(bytes)) => {
                    let why = || why_unused(&KeyFileTemplate::why_unusable(&bytes)?);
                    key_file::why_unusable(&bytes).or_else(why).or(has_changed)
                }
                (_, content) => self.secret_of_any_text(reason, &content.unwrap_or_default()).or(has_changed),
            },
            KeySource::Remote(keys) => {
                if reason == Reason::KeysUnavailable {
                    let health = keys.health();
                    return Some(match health.fetches > health.failed || health.fetched_at.is_some() {
                        // The built-in authenticator has used a key of this document.
                        false if keys.has_unusable_document() => Explanation::JwkUse,
                        false => Explanation::FetchAtStart,
                        true if self.is_set("jwks.max-stale") => Explanation::Configured,
                        true => Explanation::MaxStale,
                    });
                }
                let key_id = key_id?;
                if keys.has_changed_lately(&key_id, &[KeyChange::Removed, KeyChange::Replaced]) {
                    return Some(Explanation::KeysRemoved);
                }
                let unused = keys.unused_keys();
                let unused = unused.iter().find(|key| key.key_id.as_deref() == Some(&*key_id));
                unused.and_then(|key| why_unused(&key.why)).or_else(|| self.bound_key(&key_id))
            }
        }
    }

    /// The built-in authenticator uses a file that is neither PEM for it nor base64 as a secret, without the other characters.
    fn secret_of_any_text(&self, reason: Reason, content: &[u8]) -> Option<Explanation> {
        let is_hmac = self.token.header.text("alg").is_some_and(|algorithm| algorithm.starts_with("HS"));
        let has_other = key_file::has_other_than_base64(content);
        Explanation::HmacAlphabet.if_so(reason == Reason::NoHmacKey && is_hmac && has_other)
    }

    /// A key whose `alg` is another one than the token's.
    fn bound_key(&self, key_id: &str) -> Option<Explanation> {
        let algorithm = self.token.header.text("alg")?;
        let mut is_bound = false;
        self.issuer.keys.for_each_key(&mut |key| {
            is_bound |= key.key_id == Some(key_id) && key.bound_to().is_some_and(|only| only.name() != algorithm);
        });
        Explanation::JwkUse.if_so(is_bound)
    }

    fn other_user(&self, accepted: &Acceptance, user: &str, principal: &str) -> Option<Explanation> {
        if accepted.is_user_of_rule {
            return Some(Explanation::Configured);
        }
        if accepted.principal != principal {
            return self.principal_field();
        }
        if accepted.user != user { self.reloaded_mapping(principal) } else { None }
    }

    fn rejected_by_built_in(&self, accepted: &Acceptance, message: &str) -> Option<Explanation> {
        let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| message.starts_with(beginning));
        if let Some(rest) = message.strip_prefix("Invalid protected header: Invalid JWS header '") {
            let named = rest.split('\'').next().unwrap_or_default();
            return Explanation::HeaderKeys.if_so(KEY_PARAMETERS.contains(&named) && self.has_parameter(named));
        }
        if begins(&["JWT expired", "JWT early by"]) {
            let claim = if begins(&["JWT expired"]) { "exp" } else { "nbf" };
            return match self.is_near_by_skew(claim) {
                true => Some(Explanation::Configured),
                false => Explanation::Boundary.if_so(self.is_near(claim)),
            };
        }
        if begins(&["Invalid Audience: ["]) {
            let required = self.issuer.claims.required_audience.as_ref();
            return Explanation::ListsAndPointers.if_so(required.is_some_and(|required| required.text().contains(',')));
        }
        if begins(&["Invalid credentials", "Expected value for claim", "Cannot convert existing claim"]) {
            let is_rule = Explanation::Configured.if_so(accepted.is_user_of_rule);
            return is_rule.or_else(|| self.principal_field());
        }
        if begins(&["No user mapping patterns match", "Principal is not allowed", "Principal matched, but mapped user"])
        {
            let is_rule = Explanation::Configured.if_so(accepted.is_user_of_rule);
            return is_rule.or_else(|| self.reloaded_mapping(&accepted.principal));
        }
        if begins(&["Key ID is required"]) {
            let has_key_id = self.token.header.text("kid").is_some_and(|key_id| !key_id.trim().is_empty());
            let row = if self.names_certificate() { Explanation::Thumbprint } else { Explanation::NoKid };
            return row.if_so(!has_key_id && self.issuer.keys.remote().is_some());
        }
        if begins(&["Unexpected content JWS."]) {
            return Explanation::LongNumbers.if_so(self.token.payload.any_member(|_, value| has_long_number(value)));
        }
        if begins(&["Malformed protected header JSON", "Unable to read protected header"]) {
            return Explanation::LongNumbers.if_so(self.token.header.any_member(|_, value| has_long_number(value)));
        }
        if begins(&[
            "Unknown signing key ID",
            "JWT signature does not match",
            "Unable to decode",
            "JWT is signed with",
            "The parsed JWT indicates it was signed",
            "Unsupported signature algorithm",
        ]) {
            return self.key_only_ours(accepted).or_else(|| self.key_not_of_built_in(message));
        }
        None
    }

    /// True if the header has a thumbprint, and the set has certificates to compare it with.
    fn names_certificate(&self) -> bool {
        let is_digest =
            |name: &str, length: usize| self.token.header.text(name).is_some_and(|text| text.len() == length);
        (is_digest("x5t", 27) || is_digest("x5t#S256", 43))
            && self.issuer.keys.remote().is_some_and(|keys| keys.has_thumbprints())
    }

    /// True if `clock-skew` is what lets the token in.
    fn is_near_by_skew(&self, claim: &str) -> bool {
        let tolerance = (BOUNDARY + self.built_in_time).as_secs_f64();
        let now = self.now.0 as f64 / 1000.0;
        let number = self.token.payload.number(claim);
        self.skew() > 0.0 && number.is_some_and(|time| (now - time).abs() <= self.skew() + tolerance)
    }

    /// The key that verified the token is in a form that only nativejwt reads.
    fn key_only_ours(&self, accepted: &Acceptance) -> Option<Explanation> {
        let content = match &self.issuer.keys {
            KeySource::Template(template) => template.content(self.token.header.text("kid").as_deref()),
            KeySource::Local(_) | KeySource::Remote(_) => None,
        };
        Explanation::Ed25519Certificates.if_so(key_file::is_only_ours(&content.unwrap_or_default(), &accepted.key))
    }

    /// The built-in authenticator does not have the key that verified the token.
    fn key_not_of_built_in(&self, message: &str) -> Option<Explanation> {
        let [in_use, _] = self.happenings.reloads(FileKind::Keys);
        let keys = match &self.issuer.keys {
            KeySource::Remote(keys) => keys,
            KeySource::Local(_) => {
                return Explanation::FileReload.if_so(in_use > 0 && !self.at_start.verifies(self.bytes));
            }
            KeySource::Template(_) => return Explanation::FileReload.if_so(in_use > 0),
        };
        let key_id = self.token.header.text("kid")?;
        if keys.has_changed_lately(&key_id, &[KeyChange::Added, KeyChange::Replaced]) {
            return Some(Explanation::KeysNewer);
        }
        if !keys.is_in_document(&key_id) {
            return Explanation::Configured.if_so(self.is_set("jwks.removed-key-grace"));
        }
        // It then uses no key of the set.
        if keys.has_bad_keys() && message.starts_with("Unknown signing key ID") {
            return Some(Explanation::BadKeyInSet);
        }
        // The built-in authenticator may have seen a removal before nativejwt does.
        Explanation::KeysRemoved.if_so(keys.is_gone_from_server(&key_id))
    }
}

impl Explanation {
    fn if_so(self, is_so: bool) -> Option<Self> {
        is_so.then_some(self)
    }
}

/// The properties without which nativejwt never rejects for this reason. The built-in authenticator has none of them.
fn property_of(reason: Reason) -> &'static [&'static str] {
    match reason {
        Reason::AlgorithmNotAllowed => &["allowed-algorithms"],
        Reason::WrongTokenType => &["required-token-type"],
        Reason::MissingExpiration => &["require-expiration", "max-token-lifetime"],
        Reason::MissingIssuedAt | Reason::LifetimeTooLong | Reason::IssuedInTheFuture | Reason::ExpiresBeforeIssued => {
            &["max-token-lifetime"]
        }
        Reason::MissingScope => &["required-scopes"],
        Reason::RequiredClaim => &["required-claims.*"],
        Reason::DeniedByRule | Reason::NoRuleMatches | Reason::RuleLimit | Reason::RuleWithoutUser => {
            &["claim-rules.file"]
        }
        Reason::TokenRevoked => &["revocation-file"],
        Reason::GroupsNotText => &["groups-field"],
        _ => &[],
    }
}

/// The row of a key that nativejwt does not use, by why it says so.
fn why_unused(why: &str) -> Option<Explanation> {
    let has = |texts: &[&str]| texts.iter().any(|text| why.contains(text));
    match () {
        () if has(&["its use is", "its key_ops", "its alg", "private key", "its kid", "twice", "duplicate"]) => {
            Some(Explanation::JwkUse)
        }
        () if has(&["RSA exponent", "RSA modulus", "at most 8192"]) => Some(Explanation::RsaNumbers),
        () if has(&["earlier keys have the same kid"]) => Some(Explanation::KeySetLimits),
        () => None,
    }
}

/// A value without its strings.
fn without_texts(value: &str) -> String {
    value.replace("\\\"", "").split('"').step_by(2).collect()
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// True for an empty or null value, also in a list, as it is written.
fn is_void(value: &str) -> bool {
    value.replace("null", "").chars().all(|c| is_blank(c) || "[]{}\",".contains(c))
}

fn is_risky_text(principal: &str) -> bool {
    principal.contains(|c: char| c <= '\u{1f}' || c == '\u{7f}')
        || principal.starts_with(' ')
        || principal.ends_with(' ')
}

/// A run of at least a thousand characters of numbers.
fn has_long_number(value: &str) -> bool {
    value.split(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).any(|run| run.len() >= 1000)
}

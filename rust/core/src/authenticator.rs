//! The path of a request, top to bottom.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::claims::{self, ClaimsPolicy};
use crate::clock::UnixMillis;
use crate::config::{Configuration, ConfigurationErrors, Problem, Properties};
use crate::events::Events;
use crate::identity::Identity;
use crate::keys::{JvmTrust, KeySource, Refresher, Transport, is_remote};
use crate::principal::principal;
use crate::reject::Reject;
use crate::request_header::bearer_token;
use crate::signature;
use crate::step::{KeyDescription, Step};
use crate::token::{CompactToken, decode_part};
use crate::token_header::TokenHeader;
use crate::user_mapping::UserMapping;

/// The longest token that is read, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Decides about bearer tokens. Built once from a configuration; then shared by all threads.
pub struct Authenticator {
    keys: KeySource,
    claims: ClaimsPolicy,
    user_mapping: UserMapping,
    max_token_bytes: usize,
    events: Arc<Events>,
    /// Fetches `keys` until it is dropped, where they come from a URL.
    _refresher: Option<Refresher>,
}

impl Authenticator {
    /// Reads the configuration and opens the key source and the rule file it names.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn open(properties: &Properties) -> Result<Self, ConfigurationErrors> {
        Self::open_with(properties, &JvmTrust::None)
    }

    /// As [`Authenticator::open`], and fetches keys also from servers that a JVM trusts.
    ///
    /// # Errors
    /// As [`Authenticator::open`].
    pub fn open_with(properties: &Properties, jvm_trust: &JvmTrust) -> Result<Self, ConfigurationErrors> {
        let events = Arc::new(Events::default());
        let mut errors = ConfigurationErrors::default();
        let configuration = Configuration::read(properties, &mut errors);
        let key_file = &configuration.key_file;
        let jvm_trust = if is_remote(&key_file.value) { jvm_trust } else { &JvmTrust::None };
        let transport = Transport::open(&configuration.http_client, jvm_trust, &events, &mut errors);
        let keys = (!key_file.value.is_empty())
            .then(|| {
                KeySource::open(&key_file.value, &transport, &events)
                    .map_err(|error| errors.push(key_file.problem(error.0)))
            })
            .and_then(Result::ok);
        let user_mapping = open_user_mapping(&configuration, &mut errors);
        let claims = ClaimsPolicy {
            required_issuer: configuration.required_issuer.map(|setting| setting.value),
            required_audience: configuration.required_audience.map(|setting| setting.value),
            principal_field: configuration.principal_field.map_or_else(|| "sub".to_owned(), |setting| setting.value),
        };
        let (Some(keys), Some(user_mapping)) = (keys, user_mapping) else { return Err(errors) };
        // Last, so that nothing is fetched for a configuration that is not used.
        errors.or(())?;
        let refresher =
            keys.remote()
                .map(|key_set| Refresher::start(vec![Arc::clone(key_set)], &events))
                .transpose()
                .map_err(|error| key_file.problem(format!("cannot be fetched: no thread can be started: {error}")))?;
        Ok(Self { keys, claims, user_mapping, max_token_bytes: MAX_TOKEN_BYTES, events, _refresher: refresher })
    }

    /// What the authenticator has to say to the operator; to be drained now and then.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Waits until the keys that come from a URL were fetched once, well or badly; other keys are there from the start. A
    /// coordinator does not need it; a command that judges one token does.
    ///
    /// # Errors
    /// Why there are no keys, for the operator.
    pub fn wait_until_fetched(&self, timeout: Duration) -> Result<(), String> {
        self.keys.remote().map_or(Ok(()), |key_set| key_set.wait_until_fetched(timeout))
    }

    /// Judges the value of an Authorization header at the time `now`.
    ///
    /// # Errors
    /// The first reason, in stock's order: form, header, key, signature, times, issuer, audience, principal, mapping.
    pub fn authenticate(&self, authorization: &[u8], now: UnixMillis) -> Result<Identity, Reject> {
        self.explain(authorization, now, |_| ())
    }

    /// As [`Authenticator::authenticate`], and tells `passed` of each step that succeeded, in order.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    pub fn explain(
        &self,
        authorization: &[u8],
        now: UnixMillis,
        mut passed: impl FnMut(Step<'_>),
    ) -> Result<Identity, Reject> {
        let token = bearer_token(authorization)?;
        passed(Step::BearerToken { bytes: token.len() });
        self.judge(token, now, passed)
    }

    /// Judges a bare token at the time `now`.
    ///
    /// # Errors
    /// As [`Authenticator::authenticate`].
    pub fn authenticate_token(&self, token: &[u8], now: UnixMillis) -> Result<Identity, Reject> {
        self.judge(token, now, |_| ())
    }

    /// The one path of every token. `passed` costs nothing where it does nothing.
    fn judge(&self, token: &[u8], now: UnixMillis, passed: impl FnMut(Step<'_>)) -> Result<Identity, Reject> {
        // A cell, since the keys are tried in a closure of their own.
        let passed = RefCell::new(passed);
        let passed = |step: Step<'_>| (passed.borrow_mut())(step);
        let token = CompactToken::parse(token, self.max_token_bytes)?;
        passed(Step::Parts {
            header: token.header.len(),
            payload: token.payload.len(),
            signature: token.signature.len(),
        });
        let (mut header, mut payload, mut signature) = (Vec::new(), Vec::new(), Vec::new());
        decode_part(token.header, "protected header", &mut header)?;
        let header = TokenHeader::parse(&header, !token.signature.is_empty())?;
        passed(Step::Header { algorithm: header.algorithm, key_id: header.key_id.as_deref() });
        decode_part(token.payload, "payload", &mut payload)?;
        decode_part(token.signature, "JWS signature", &mut signature)?;
        let payload = self.keys.verify_with(&header, |key| {
            passed(Step::Key(KeyDescription(key)));
            signature::verify(key, header.algorithm, &token, &signature, &payload)
        })?;
        passed(Step::Signature);
        let mut claims = claims::verify(&payload, &self.claims, now)?;
        passed(Step::Claims { issuer: claims.issuer.as_deref(), expires_at: claims.expires_at });
        let principal = principal(&mut claims, &self.claims.principal_field)?;
        passed(Step::Principal(&principal));
        let user = self.user_mapping.map_user(&principal)?;
        passed(Step::User(&user));
        Ok(Identity {
            principal: principal.into_owned(),
            user,
            issuer: claims.issuer.map(Into::into),
            key_id: header.key_id.map(Into::into),
            algorithm: header.algorithm,
            expires_at: claims.expires_at,
        })
    }
}

/// The rules that the configuration names; what is wrong with them goes to `errors`.
fn open_user_mapping(configuration: &Configuration, errors: &mut ConfigurationErrors) -> Option<UserMapping> {
    if let Some(pattern) = &configuration.user_mapping_pattern {
        return UserMapping::of_pattern(&pattern.value).map_err(|what| errors.push(pattern.problem(what))).ok();
    }
    let Some(file) = &configuration.user_mapping_file else { return Some(UserMapping::identity()) };
    let rules = UserMapping::of_file(Path::new(&file.value));
    rules
        .map_err(|problems| {
            for problem in problems {
                errors.push(Problem::of_line(&file.value, problem.line, problem.message));
            }
        })
        .ok()
}

// SPDX-License-Identifier: Apache-2.0
//! Judges a request beside the built-in authenticator, and counts whether both agree.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::authenticator::Authenticator;
use crate::clock::{Clock, UnixMillis};
use crate::config::{ConfigurationErrors, Setting};
use crate::issuers::issuer::Issuer;
use crate::keys::KeySource;
use crate::metrics::{Metric, Snapshot};
use crate::rejection::{Reason, Rejection};
use crate::shadow::explain::{Acceptance, Difference};
use crate::shadow::{
    BuiltIn, Disagreement, Explanation, Shadow, ShadowDifference, ShadowReport, TokenText, built_in_cannot_read,
    describe,
};
use crate::token::bearer::bearer_token;
use crate::trace::{Journal, Step, StepName};

const BEAN: &str = "name=Shadow";

/// The Authorization header of a request.
#[derive(Clone, Copy, Debug)]
pub enum ShadowHeader<'a> {
    /// Its value, empty if there is none.
    Value(&'a [u8]),
    /// There are several.
    Several,
}

impl Authenticator {
    /// True if the built-in authenticator answers and this one only judges beside it (`shadow`).
    #[must_use]
    pub fn is_shadow(&self) -> bool {
        self.shadow.is_some()
    }

    /// Judges a request that the built-in authenticator has judged, and counts whether both agree. `now` is the instant of the
    /// request, and `built_in_time` how long the other verdict took. Returns the difference, if there is one. Without `shadow`
    /// it does nothing.
    pub fn judge_shadow(
        &self,
        header: ShadowHeader<'_>,
        now: UnixMillis,
        built_in: &BuiltIn<'_>,
        built_in_time: Duration,
    ) -> Option<ShadowDifference> {
        let shadow = self.shadow.as_ref()?;
        let begin = Instant::now();
        let verdict = match header {
            ShadowHeader::Value(value) => self.authenticate_with(value, Clock::At(now), |verdict| {
                verdict.map(|accepted| (accepted.identity.user.clone(), accepted.identity.principal.clone()))
            }),
            ShadowHeader::Several => {
                self.count_rejection_by_caller(Reason::SeveralAuthorizationHeaders);
                Err(Rejection::several_authorization_headers())
            }
        };
        shadow.judged(built_in, built_in_time, begin.elapsed());
        let outcome = built_in.outcome()?;
        let native = verdict.as_ref().err().map(Rejection::code);
        let is_same_user = match (&verdict, built_in) {
            (Ok((user, principal)), BuiltIn::Accepted { user: other_user, principal: other }) => {
                if (&**user, &**principal) == (*other_user, *other) {
                    return None;
                }
                user == other_user
            }
            (Err(rejection), BuiltIn::Rejected { .. }) if rejection.code() != Reason::InternalError => return None,
            _ => false,
        };
        let value = if let ShadowHeader::Value(value) = header { value } else { b"" };
        let explanation = self.explain_difference(shadow, value, now, built_in, built_in_time, verdict.as_ref().err());
        let disagreement = Disagreement { explanation, built_in: outcome, native };
        shadow.differed(disagreement);
        let mut text = describe(disagreement, verdict.as_ref().map(drop), is_same_user);
        if let Ok(token) = bearer_token(value) {
            text += &format!(" [{}]", self.audit.describe(token.bytes));
        }
        Some(ShadowDifference { disagreement, text })
    }

    /// Counts that judging a request failed, by a defect of this software. Nothing explains that.
    pub fn count_failed_shadow(&self, built_in: &BuiltIn<'_>) -> Option<ShadowDifference> {
        let shadow = self.shadow.as_ref()?;
        shadow.judged(built_in, Duration::ZERO, Duration::ZERO);
        let (native, built_in) = (Some(Reason::InternalError), built_in.outcome()?);
        let disagreement = Disagreement { explanation: Explanation::Unexplained, built_in, native };
        shadow.differed(disagreement);
        let text = describe(disagreement, Err(&Rejection::internal_error()), false);
        Some(ShadowDifference { disagreement, text })
    }

    /// Counts requests that the caller did not have judged.
    pub fn count_skipped_shadow(&self, requests: u64) {
        if let Some(shadow) = &self.shadow {
            shadow.skipped(requests);
        }
    }

    /// What shadow mode has counted since the start; `None` if it is off. `Display` of the report gives Markdown.
    #[must_use]
    pub fn shadow_report(&self) -> Option<ShadowReport> {
        self.shadow.as_ref().map(Shadow::report)
    }

    fn explain_difference(
        &self,
        shadow: &Shadow,
        authorization: &[u8],
        now: UnixMillis,
        built_in: &BuiltIn<'_>,
        built_in_time: Duration,
        rejection: Option<&Rejection>,
    ) -> Explanation {
        let issuers = self.issuers.load();
        let issuers = issuers.issuers();
        // The built-in authenticator supports one issuer.
        let ([issuer], Some(at_start)) = (issuers.as_slice(), &shadow.at_start) else {
            return Explanation::Unexplained;
        };
        let token = bearer_token(authorization).map(|token| token.bytes).unwrap_or_default();
        let difference = Difference {
            token: TokenText::read(token),
            bytes: token,
            at_start,
            now,
            built_in_time,
            built_in,
            issuer,
            properties: &shadow.properties,
            principal_field: &shadow.principal_field,
            happenings: self.events.happenings(),
        };
        match rejection {
            Some(rejection) => difference.of_rejected(rejection, self.failed_step(rejection, token, now)),
            None => self
                .accept_again(token, now)
                .map_or(Explanation::Unexplained, |accepted| difference.of_accepted(&accepted)),
        }
    }

    /// The step that rejects a token whose claims are verified, so that it cannot wait for keys; only with claim rules, which
    /// reject for the same reasons as the user mapping.
    fn failed_step(&self, rejection: &Rejection, token: &[u8], now: UnixMillis) -> Option<StepName> {
        let is_behind_claims = rejection.code() >= Reason::DeniedByRule && rejection.code() < Reason::StorageDenied;
        if self.claim_rules.is_none() || !is_behind_claims {
            return None;
        }
        let journal = Journal::new(|_: Step<'_>| {});
        let again = self.validate(token, now, &journal).err()?;
        Some(journal.rejection(again).step)
    }

    /// Validates an accepted token once more, without the cache, to learn how it came to be accepted.
    fn accept_again(&self, token: &[u8], now: UnixMillis) -> Option<Acceptance> {
        let mut accepted = Acceptance { is_user_of_rule: true, ..Acceptance::default() };
        let journal = Journal::new(|step: Step<'_>| match step {
            Step::Key(key) => accepted.key = key.to_string(),
            Step::Principal(_) => accepted.is_user_of_rule = false,
            _ => {}
        });
        let identity = self.validate(token, now, &journal).ok()?.identity;
        (accepted.user, accepted.principal) = (identity.user, identity.principal);
        Some(accepted)
    }

    pub(super) fn add_shadow(&self, snapshot: &mut Snapshot) {
        let Some(report) = self.shadow_report() else { return };
        for (metric, attribute, value) in [
            (Metric::ShadowRequests, "Requests", report.requests),
            (Metric::ShadowCompared, "Compared", report.compared),
            (Metric::ShadowSkipped, "Skipped", report.skipped),
            (Metric::ShadowUnexplained, "Unexplained", report.unexplained()),
        ] {
            snapshot.add(metric, &[], BEAN, attribute, value as f64);
        }
        for (side, attribute, seconds) in
            [("builtin", "BuiltInSeconds", report.built_in_seconds), ("native", "NativeSeconds", report.native_seconds)]
        {
            snapshot.add(Metric::ShadowSeconds, &[side], BEAN, attribute, seconds);
        }
        for (disagreement, count) in &report.differences {
            // The coordinator writes an attribute's name with _ for every other character, and the label is made of it.
            let row = disagreement.explanation.id().replace('-', "_");
            let labels = [disagreement.built_in.name(), disagreement.native_name(), &row];
            let attribute = format!("Difference_{}", labels.join("_"));
            snapshot.add(Metric::ShadowDifferences, &labels, BEAN, &attribute, *count as f64);
        }
    }
}

/// Reports a key file that only nativejwt can read, and begins to remember what becomes of fetched keys.
pub(super) fn prepare(
    setting: &Setting,
    issuers: &[&Arc<Issuer>],
    beside_built_in: bool,
    errors: &mut ConfigurationErrors,
) {
    let [issuer] = issuers else { return };
    match &issuer.keys {
        KeySource::Remote(keys) => keys.remember_changes(),
        KeySource::Local(_) if beside_built_in => {
            let mut description = String::new();
            issuer.keys.for_each_key(&mut |key| description = key.description().to_string());
            let bytes = std::fs::read(issuer.key_file()).unwrap_or_default();
            if let Some(what) = built_in_cannot_read(&bytes, &description) {
                errors.push(setting.problem(format!(
                    "cannot be true while key-file names {what}: the built-in authenticator, which answers, cannot read it. \
                     Give a public key of RSA or EC in PEM, or end shadow mode"
                )));
            }
        }
        KeySource::Local(_) | KeySource::Template(_) => {}
    }
}

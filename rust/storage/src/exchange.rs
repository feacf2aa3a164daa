// SPDX-License-Identifier: Apache-2.0
//! One exchange: the caller's token for credentials, perhaps by way of a token for STS.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Request;
use http::header::DATE;
use nativejwt_core::{Events, HttpExchange, Level, StorageSettings, TokenExchangeSettings, UnixMillis};
use zeroize::Zeroizing;

use crate::answer::{Refused, StorageCredentials, read_credentials, read_token};
use crate::outage::Outage;
use crate::request::{assume_role, exchange_token};

/// Failures of single tokens are logged this often.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// For what credentials are.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'w> {
    pub(crate) token: &'w str,
    pub(crate) role: &'w str,
    pub(crate) user: &'w str,
}

/// What came back.
struct Reply {
    status: u16,
    /// The Date header.
    date: Option<String>,
    body: Zeroizing<Vec<u8>>,
}

/// Asks STS.
pub(crate) struct Exchanger {
    http: HttpExchange,
    settings: StorageSettings,
    outage: Outage,
    counts: ExchangeCounts,
    failure_logged_at: Mutex<Option<Instant>>,
}

/// How exchanges ended.
#[derive(Debug, Default)]
pub(crate) struct ExchangeCounts {
    pub(crate) granted: AtomicU64,
    pub(crate) denied: AtomicU64,
    pub(crate) unavailable: AtomicU64,
}

impl Exchanger {
    pub(crate) fn new(http: HttpExchange, settings: StorageSettings) -> Self {
        Self {
            http,
            settings,
            outage: Outage::default(),
            counts: ExchangeCounts::default(),
            failure_logged_at: Mutex::default(),
        }
    }

    pub(crate) fn settings(&self) -> &StorageSettings {
        &self.settings
    }

    pub(crate) fn counts(&self) -> &ExchangeCounts {
        &self.counts
    }

    /// True while STS cannot be reached.
    pub(crate) fn is_outage(&self) -> bool {
        self.outage.goes_on()
    }

    /// True once a minute.
    fn may_log_failure(&self) -> bool {
        let mut logged_at = self.failure_logged_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL);
        if is_due {
            *logged_at = Some(Instant::now());
        }
        is_due
    }

    /// Exchanges the token. During an outage, most calls fail at once.
    pub(crate) fn exchange(&self, wanted: Wanted<'_>, events: &Events) -> Result<StorageCredentials, Refused> {
        let Some(leave) = self.outage.may_ask(Instant::now()) else {
            return Err(Refused::Unavailable("STS could not be reached a moment ago".to_owned()));
        };
        let result = self.ask(wanted);
        let counter = match &result {
            Ok(_) => &self.counts.granted,
            Err(Refused::Denied(_)) => &self.counts.denied,
            Err(Refused::Failed(_) | Refused::Unavailable(_)) => &self.counts.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        match &result {
            Err(Refused::Unavailable(why)) => {
                if self.outage.has_failed(leave, Instant::now()) {
                    events.push(
                        Level::Warning,
                        format!(
                            "STS at {} gives no credentials: {why}. Leases that live stay in use",
                            self.settings.sts_endpoint
                        ),
                    );
                }
            }
            Ok(_) | Err(Refused::Denied(_) | Refused::Failed(_)) => {
                if self.outage.is_over(Instant::now()) {
                    events.push(Level::Info, format!("STS at {} answers again", self.settings.sts_endpoint));
                }
            }
        }
        if let Err(Refused::Failed(why)) = &result
            && self.may_log_failure()
        {
            let text = format!(
                "STS at {} gives no credentials for a token: {why}. Credentials that it has stay in use, and other tokens are not affected",
                self.settings.sts_endpoint
            );
            events.push(Level::Warning, text);
        }
        result
    }

    fn ask(&self, wanted: Wanted<'_>) -> Result<StorageCredentials, Refused> {
        let exchanged =
            self.settings.token_exchange.as_ref().map(|settings| self.ask_for_token(settings, wanted.token));
        let exchanged = exchanged.transpose()?;
        let token = exchanged.as_ref().map_or(wanted.token, |token| token.as_str());
        let request =
            assume_role(&self.settings.sts_endpoint, token, wanted.role, wanted.user, self.settings.session_duration);
        let reply = self.send(request)?;
        read_credentials(
            reply.status,
            &reply.body,
            reply.date.as_deref(),
            self.settings.session_duration,
            UnixMillis::now(),
        )
    }

    fn ask_for_token(&self, settings: &TokenExchangeSettings, token: &str) -> Result<Zeroizing<String>, Refused> {
        let from_file = settings.client_secret_file.as_ref().map(|path| {
            let secret = fs::read_to_string(path).map(Zeroizing::new);
            secret.map_err(|error| {
                Refused::Unavailable(format!("{path} with the client's secret cannot be read: {error}"))
            })
        });
        let from_file = from_file.transpose()?;
        let secret = match &from_file {
            Some(text) => Some(text.trim_end_matches(['\r', '\n'])),
            None => settings.client_secret.as_ref().map(|secret| secret.as_str()),
        };
        let audience = settings.audience.as_deref();
        let reply = self.send(exchange_token(&settings.endpoint, token, audience, &settings.client_id, secret))?;
        read_token(reply.status, &reply.body)
    }

    fn send(&self, request: Result<Request<Vec<u8>>, http::Error>) -> Result<Reply, Refused> {
        let request = request.map_err(|_| Refused::Unavailable("the request cannot be built".to_owned()))?;
        let answer = self.http.send(request).map_err(|error| Refused::Unavailable(error.to_string()))?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
        Ok(Reply { status: answer.status().as_u16(), date, body: Zeroizing::new(answer.into_body()) })
    }
}

// SPDX-License-Identifier: Apache-2.0
//! What comes back: the credentials, or the code of an error.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use nativejwt_core::UnixMillis;
use zeroize::Zeroizing;

/// A longer text is no part of credentials. AWS asks callers to assume no size; its session tokens have some 2 kB. SeaweedFS
/// writes the claims of the user's token into its session token, which becomes a little longer than the token. The record to
/// Java has room for it beside the longest user and as many groups as such a token has.
const MAX_TEXT: usize = 24 * 1024;
/// A longer code is not shown.
const MAX_CODE: usize = 64;

/// Credentials of an object store.
#[derive(PartialEq, Eq)]
pub struct StorageCredentials {
    /// The access key's ID. It is not secret: the store's access logs name it.
    pub access_key_id: String,
    /// The access key's secret.
    pub secret_access_key: Zeroizing<String>,
    /// The session's token.
    pub session_token: Zeroizing<String>,
    /// When they were obtained, and when they end, by this machine's clock.
    pub(crate) obtained_at: UnixMillis,
    pub(crate) expires_at: UnixMillis,
}

/// Without the secrets.
impl fmt::Debug for StorageCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageCredentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// What STS answered instead of credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// STS says no, with this code.
    Denied(String),
    /// The answer about this token is of no use, for this reason. It says nothing about other tokens.
    Failed(String),
    /// STS can give credentials to nobody now, for this reason.
    Unavailable(String),
}

/// Reads the answer of AssumeRoleWithWebIdentity. `date` is its Date header: times are reckoned from it, so that a clock that is
/// off neither ends credentials early nor keeps them too long. Credentials count as living for the duration that was `asked` for
/// at most, whatever the answer says.
pub(crate) fn read_credentials(
    status: u16,
    body: &[u8],
    date: Option<&str>,
    asked: Duration,
    now: UnixMillis,
) -> Result<StorageCredentials, Refused> {
    let text = str::from_utf8(body).unwrap_or_default();
    let document = roxmltree::Document::parse(text).ok();
    let of = |parent: &str, name: &str| {
        let document = document.as_ref()?;
        let parent = document.descendants().find(|node| node.tag_name().name() == parent)?;
        let child = parent.children().find(|node| node.tag_name().name() == name)?;
        child.text().map(str::trim).filter(|text| !text.is_empty() && text.len() <= MAX_TEXT)
    };
    if status != 200 {
        let code = of("Error", "Code").filter(|code| is_code(code));
        return Err(refused(status, code));
    }
    let unusable = || Refused::Failed("the answer has no credentials".to_owned());
    let text = |name: &str| of("Credentials", name).ok_or_else(unusable);
    let expiration: Timestamp = text("Expiration")?.parse().map_err(|_| unusable())?;
    let end = expiration.as_millisecond();
    let its_now = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()).map(Timestamp::as_millisecond);
    // A date after the end is not that of the answer.
    let its_now = its_now.filter(|its_now| *its_now < end).unwrap_or(now.0);
    let life = end.saturating_sub(its_now).min(i64::try_from(asked.as_millis()).unwrap_or(i64::MAX));
    Ok(StorageCredentials {
        access_key_id: text("AccessKeyId")?.to_owned(),
        secret_access_key: Zeroizing::new(text("SecretAccessKey")?.to_owned()),
        session_token: Zeroizing::new(text("SessionToken")?.to_owned()),
        obtained_at: now,
        expires_at: UnixMillis(now.0.saturating_add(life)),
    })
}

/// The token of an answer to a token exchange (RFC 8693, section 2.2).
pub(crate) fn read_token(status: u16, body: &[u8]) -> Result<Zeroizing<String>, Refused> {
    #[derive(serde::Deserialize)]
    struct Answer {
        access_token: Option<String>,
        error: Option<String>,
    }
    let answer = serde_json::from_slice::<Answer>(body).ok();
    if status != 200 {
        let error = answer.as_ref().and_then(|answer| answer.error.as_deref()).filter(|error| is_code(error));
        return Err(refused(status, error));
    }
    match answer.and_then(|answer| answer.access_token) {
        Some(token) if !token.is_empty() => Ok(Zeroizing::new(token)),
        _ => Err(Refused::Failed("the answer of the token exchange has no access_token".to_owned())),
    }
}

/// By the status, since stores name other codes than AWS.
fn refused(status: u16, code: Option<&str>) -> Refused {
    let is_throttled = status == 429 || code.is_some_and(|code| code.contains("Throttl") || code == "SlowDown");
    let is_for_all = is_throttled || status >= 500 || matches!(code, Some("RequestTimeout" | "ServiceUnavailable"));
    // STS could not reach the provider of this token's keys. Other tokens may have another provider.
    let is_of_provider = code == Some("IDPCommunicationError");
    let why = || code.map_or_else(|| format!("status {status}"), |code| format!("status {status}, {code}"));
    match code {
        _ if is_for_all => Refused::Unavailable(why()),
        Some(code) if (400..500).contains(&status) && !is_of_provider => Refused::Denied(code.to_owned()),
        // Without a code it may be a proxy's word, and not that of STS.
        _ => Refused::Failed(why()),
    }
}

/// A code that may be shown: a word, so that no other text of an answer gets out.
fn is_code(text: &str) -> bool {
    text.len() <= MAX_CODE && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_316_645_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn answer(expiration: &str) -> String {
        format!(
            r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <AssumeRoleWithWebIdentityResult>
                <SubjectFromWebIdentityToken>alice</SubjectFromWebIdentityToken>
                <Credentials>
                  <SessionToken>token-for-tests</SessionToken>
                  <SecretAccessKey>secret-for-tests</SecretAccessKey>
                  <Expiration>{expiration}</Expiration>
                  <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
                </Credentials>
              </AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>"#
        )
    }

    #[test]
    fn credentials_are_read_and_never_shown() {
        let body = answer("2026-11-22T04:04:05Z");
        let read = |date| read_credentials(200, body.as_bytes(), date, HOUR, NOW).unwrap();
        let credentials = read(None);
        assert_eq!(credentials.access_key_id, "ASIAEXAMPLE");
        assert_eq!(&*credentials.secret_access_key, "secret-for-tests");
        assert_eq!(&*credentials.session_token, "token-for-tests");
        assert_eq!(credentials.expires_at.0 - NOW.0, 3_600_000);
        assert!(!format!("{credentials:?}").contains("for-tests"));
        // STS is half an hour ahead of this machine.
        assert_eq!(read(Some("Sun, 22 Nov 2026 03:34:05 GMT")).expires_at.0 - NOW.0, 1_800_000);
        // Dates that cannot be meant neither lengthen nor end the life.
        assert_eq!(read(Some("Thu, 01 Jan 1970 00:00:00 GMT")).expires_at.0 - NOW.0, 3_600_000);
        assert_eq!(read(Some("Thu, 01 Jan 2037 00:00:00 GMT")).expires_at.0 - NOW.0, 3_600_000);
    }

    #[test]
    fn what_is_no_answer_of_sts_says_nothing_about_other_tokens() {
        for body in [
            "",
            "<html><body>login</body></html>",
            "{}",
            "<a><Credentials><AccessKeyId>x</AccessKeyId></Credentials></a>",
            &answer("tomorrow"),
            &answer("2026-11-22T04:04:05Z").replace("secret-for-tests", ""),
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        ] {
            let refused = read_credentials(200, body.as_bytes(), None, HOUR, NOW).unwrap_err();
            assert_eq!(refused, Refused::Failed("the answer has no credentials".to_owned()), "{body}");
        }
    }

    #[test]
    fn a_refusal_is_told_from_an_outage() {
        let error = |code: &str| {
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>")
        };
        for (status, body, expected) in [
            (403, error("AccessDenied"), Refused::Denied("AccessDenied".to_owned())),
            (400, error("ExpiredTokenException"), Refused::Denied("ExpiredTokenException".to_owned())),
            (409, error("Conflict"), Refused::Denied("Conflict".to_owned())),
            (403, String::new(), Refused::Failed("status 403".to_owned())),
            (403, error("secret text"), Refused::Failed("status 403".to_owned())),
            (400, error("IDPCommunicationError"), Refused::Failed("status 400, IDPCommunicationError".to_owned())),
            (400, error("Throttling"), Refused::Unavailable("status 400, Throttling".to_owned())),
            (429, String::new(), Refused::Unavailable("status 429".to_owned())),
            (503, error("SlowDown"), Refused::Unavailable("status 503, SlowDown".to_owned())),
            (500, error("AccessDenied"), Refused::Unavailable("status 500, AccessDenied".to_owned())),
            (302, String::new(), Refused::Failed("status 302".to_owned())),
            (404, "<html>".to_owned(), Refused::Failed("status 404".to_owned())),
        ] {
            let refused = read_credentials(status, body.as_bytes(), None, HOUR, NOW).unwrap_err();
            assert_eq!(refused, expected, "{status} {body}");
        }
    }

    #[test]
    fn an_exchanged_token_is_read() {
        assert_eq!(&*read_token(200, br#"{"access_token":"t","issued_token_type":"x"}"#).unwrap(), "t");
        assert!(matches!(read_token(200, b"{}"), Err(Refused::Failed(_))));
        assert_eq!(
            read_token(403, br#"{"error":"access_denied","error_description":"secret"}"#),
            Err(Refused::Denied("access_denied".to_owned()))
        );
        assert!(matches!(read_token(500, b""), Err(Refused::Unavailable(_))));
    }
}

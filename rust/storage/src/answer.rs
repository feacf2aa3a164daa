// SPDX-License-Identifier: Apache-2.0
//! What comes back: the credentials, or the code of an error.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use nativejwt_core::UnixMillis;
use zeroize::Zeroizing;

/// A longer text is no part of credentials. AWS asks callers to assume no size; its session tokens have some 2 kB.
const MAX_TEXT: usize = 16 * 1024;
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
    /// STS cannot say now, for this reason.
    Unavailable(String),
}

/// Reads the answer of AssumeRoleWithWebIdentity. `date` is its Date header: times are reckoned from it, so that a clock that is
/// off neither ends credentials early nor keeps them too long.
pub(crate) fn read_credentials(
    status: u16,
    body: &[u8],
    date: Option<&str>,
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
    let unusable = || Refused::Unavailable("the answer has no credentials".to_owned());
    let text = |name: &str| of("Credentials", name).ok_or_else(unusable);
    let expiration: Timestamp = text("Expiration")?.parse().map_err(|_| unusable())?;
    let its_now = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()).map(Timestamp::as_millisecond);
    let life = expiration.as_millisecond().saturating_sub(its_now.unwrap_or(now.0));
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
        _ => Err(Refused::Unavailable("the answer of the token exchange has no access_token".to_owned())),
    }
}

/// By the status, since stores name other codes than AWS.
fn refused(status: u16, code: Option<&str>) -> Refused {
    let is_throttled = status == 429 || code.is_some_and(|code| code.contains("Throttl") || code == "SlowDown");
    // The provider of the token's keys could not be reached by STS.
    let is_passing = matches!(code, Some("IDPCommunicationError" | "RequestTimeout" | "ServiceUnavailable"));
    match code {
        Some(code) if (400..500).contains(&status) && !is_throttled && !is_passing => Refused::Denied(code.to_owned()),
        None if matches!(status, 400 | 401 | 403) => Refused::Denied(format!("status {status}")),
        Some(code) => Refused::Unavailable(format!("status {status}, {code}")),
        None => Refused::Unavailable(format!("status {status}")),
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
        let read = |date| read_credentials(200, body.as_bytes(), date, NOW).unwrap();
        let credentials = read(None);
        assert_eq!(credentials.access_key_id, "ASIAEXAMPLE");
        assert_eq!(&*credentials.secret_access_key, "secret-for-tests");
        assert_eq!(&*credentials.session_token, "token-for-tests");
        assert_eq!(credentials.expires_at.0 - NOW.0, 3_600_000);
        assert!(!format!("{credentials:?}").contains("for-tests"));
        // STS is half an hour ahead of this machine.
        assert_eq!(read(Some("Sun, 22 Nov 2026 03:34:05 GMT")).expires_at.0 - NOW.0, 1_800_000);
    }

    #[test]
    fn what_is_no_answer_of_sts_is_unavailable() {
        for body in [
            "",
            "<html><body>login</body></html>",
            "{}",
            "<a><Credentials><AccessKeyId>x</AccessKeyId></Credentials></a>",
            &answer("tomorrow"),
            &answer("2026-11-22T04:04:05Z").replace("secret-for-tests", ""),
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        ] {
            let refused = read_credentials(200, body.as_bytes(), None, NOW).unwrap_err();
            assert_eq!(refused, Refused::Unavailable("the answer has no credentials".to_owned()), "{body}");
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
            (403, String::new(), Refused::Denied("status 403".to_owned())),
            (403, error("secret text"), Refused::Denied("status 403".to_owned())),
            (400, error("IDPCommunicationError"), Refused::Unavailable("status 400, IDPCommunicationError".to_owned())),
            (400, error("Throttling"), Refused::Unavailable("status 400, Throttling".to_owned())),
            (429, String::new(), Refused::Unavailable("status 429".to_owned())),
            (503, error("SlowDown"), Refused::Unavailable("status 503, SlowDown".to_owned())),
            (302, String::new(), Refused::Unavailable("status 302".to_owned())),
            (404, "<html>".to_owned(), Refused::Unavailable("status 404".to_owned())),
        ] {
            assert_eq!(read_credentials(status, body.as_bytes(), None, NOW).unwrap_err(), expected, "{status} {body}");
        }
    }

    #[test]
    fn an_exchanged_token_is_read() {
        assert_eq!(&*read_token(200, br#"{"access_token":"t","issued_token_type":"x"}"#).unwrap(), "t");
        assert!(matches!(read_token(200, b"{}"), Err(Refused::Unavailable(_))));
        assert_eq!(
            read_token(403, br#"{"error":"access_denied","error_description":"secret"}"#),
            Err(Refused::Denied("access_denied".to_owned()))
        );
        assert!(matches!(read_token(500, b""), Err(Refused::Unavailable(_))));
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Logout tokens and what they revoke.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::authenticator::Authenticator;
use crate::config::Properties;
use crate::issuers::tests::{Key, Setting};
use crate::revocation::RevocationKind;

/// The time of all requests here, in seconds.
const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://idp.example";
const CONFIG: &str = "key-file=@/key.json\nrequired-issuer=https://idp.example\nrequired-audience=trino\n\
                      backchannel-logout.client-id=trino-client\nbackchannel-logout.file=@/logouts\n";

fn coordinator() -> HostProcess {
    HostProcess { keeps_cache_files: true, ..HostProcess::default() }
}

fn with_logout(name: &str, key: &Key, more: &str) -> Setting {
    Setting::new(name, &[("key.json", &key.jwk(""))]).open_in(&format!("{CONFIG}{more}"), &coordinator())
}

/// An access token that is valid for long.
fn access_token(key: &Key, subject: &str, session: &str, issued_at: i64) -> String {
    key.token(
        "",
        &format!(
            r#"{{"iss":"{ISSUER}","aud":"trino","sub":"{subject}","sid":"{session}","iat":{issued_at},"exp":9999999999}}"#
        ),
    )
}

/// A logout token with these members in place of its own; `null` removes one.
fn logout_token(key: &Key, header: &str, changed: &str) -> String {
    let mut claims: serde_json::Value = serde_json::json!({
        "iss": ISSUER, "aud": "trino-client", "sub": "alice", "sid": "s1", "iat": NOW, "exp": NOW + 120, "jti": "j1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}}
    });
    let changed: serde_json::Value = serde_json::from_str(changed).unwrap();
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    key.token(header, &claims.to_string())
}

fn log_out(setting: &Setting, token: &str, now: i64) -> Result<(), LogoutError> {
    setting.authenticator().log_out(token.as_bytes(), UnixMillis(now * 1000))
}

/// Whether the token was cached, or why it is rejected.
fn authenticate(authenticator: &Authenticator, token: &str, now: i64) -> Result<bool, Reason> {
    authenticator.authenticate_with(format!("Bearer {token}").as_bytes(), UnixMillis(now * 1000), |verdict| {
        verdict.map(|accepted| accepted.was_known).map_err(|rejection| rejection.code())
    })
}

#[test]
fn a_logout_ends_the_tokens_of_its_session_and_leaves_others_cached() {
    let key = Key::new(1);
    let setting = with_logout("logout-session", &key, "");
    let [ended, other] = ["s1", "s2"].map(|session| access_token(&key, "alice", session, NOW - 60));
    let verdict = |token: &str| authenticate(setting.authenticator(), token, NOW);
    for token in [&ended, &other] {
        assert_eq!((verdict(token), verdict(token)), (Ok(false), Ok(true)));
    }
    assert_eq!(log_out(&setting, &logout_token(&key, "", "{}"), NOW), Ok(()));
    assert_eq!(verdict(&ended), Err(Reason::TokenRevoked));
    assert_eq!(verdict(&other), Ok(true), "it is looked up again, and not verified again");
    let later = access_token(&key, "alice", "s1", NOW + 60);
    assert_eq!(verdict(&later), Err(Reason::TokenRevoked), "a session that has ended issues no tokens");
}

#[test]
fn a_logout_without_a_session_ends_the_users_tokens_up_to_now() {
    let key = Key::new(1);
    let setting = with_logout("logout-subject", &key, "");
    assert_eq!(log_out(&setting, &logout_token(&key, "", r#"{"sid": null}"#), NOW), Ok(()));
    for (subject, issued_at, expected) in [
        ("alice", NOW - 1, Err(Reason::TokenRevoked)),
        ("alice", NOW, Err(Reason::TokenRevoked)),
        ("alice", NOW + 1, Ok(false)),
        ("bob", NOW - 1, Ok(false)),
    ] {
        let token = access_token(&key, subject, "s1", issued_at);
        assert_eq!(authenticate(setting.authenticator(), &token, NOW + 2), expected, "{subject} {issued_at}");
    }
}

#[test]
fn logouts_outlive_a_restart_until_their_retention_is_over() {
    let key = Key::new(1);
    let setting = with_logout("logout-restart", &key, "backchannel-logout.retention=1h");
    let now = UnixMillis::now().0 / 1000;
    let claims = format!(r#"{{"iat": {now}, "exp": null}}"#);
    assert_eq!(log_out(&setting, &logout_token(&key, "", &claims), now), Ok(()));
    let setting = setting.open_in(&format!("{CONFIG}backchannel-logout.retention=1h"), &coordinator());
    let token = access_token(&key, "alice", "s1", now - 60);
    assert_eq!(authenticate(setting.authenticator(), &token, now), Err(Reason::TokenRevoked));
    assert_eq!(authenticate(setting.authenticator(), &token, now + 3600), Err(Reason::TokenRevoked));
    assert_eq!(authenticate(setting.authenticator(), &token, now + 3601), Ok(false));
}

#[test]
fn what_is_no_logout_token_of_this_client_revokes_nothing() {
    let key = Key::new(1);
    let token = access_token(&key, "alice", "s1", NOW - 60);
    for (number, (changed, why)) in [
        (r#"{"events": null}"#, "no logout event"),
        (r#"{"events": {"other": {}}}"#, "no logout event"),
        (r#"{"events": {"http://schemas.openid.net/event/backchannel-logout": true}}"#, "no logout event"),
        (r#"{"events": ["http://schemas.openid.net/event/backchannel-logout"]}"#, "no logout event"),
        (r#"{"nonce": "n"}"#, "nonce"),
        (r#"{"aud": "trino"}"#, "audience"),
        (r#"{"aud": null}"#, "audience"),
        (r#"{"iss": "https://other.example"}"#, "iss"),
        (r#"{"iss": null}"#, "iss"),
        (r#"{"iat": null}"#, "has no iat"),
        (r#"{"jti": null}"#, "has no jti"),
        (r#"{"sub": null, "sid": null}"#, "has no sub and no sid"),
        (r#"{"iat": 1699999699}"#, "too old"),
        (r#"{"iat": 1700000001}"#, "from the future"),
        (r#"{"exp": 1699999999}"#, "expired"),
        (r#"{"sub": 7}"#, "'sub' must be a string"),
    ]
    .into_iter()
    .enumerate()
    {
        let setting = with_logout(&format!("logout-wrong-{number}"), &key, "");
        let error = log_out(&setting, &logout_token(&key, "", changed), NOW).unwrap_err();
        assert_eq!(error.kind, LogoutErrorKind::Invalid, "{changed}: {error}");
        assert!(error.message.contains(why), "{changed}: {error}");
        assert_eq!(setting.read("logouts"), "", "{changed}");
        assert_eq!(authenticate(setting.authenticator(), &token, NOW), Ok(false), "{changed}");
    }
    let setting = with_logout("logout-wrong", &key, "allowed-algorithms=EdDSA");
    for (token, why) in [
        (logout_token(&Key::new(2), "", "{}"), "signature"),
        (logout_token(&key, r#","typ":"at+jwt""#, "{}"), "'at+jwt' is not that of a logout token"),
        (token.clone(), "audience"),
        ("x".to_owned(), "JWT"),
    ] {
        let error = log_out(&setting, &token, NOW).unwrap_err();
        assert_eq!(error.kind, LogoutErrorKind::Invalid, "{error}");
        assert!(error.message.contains(why) || why == "JWT", "{why}: {error}");
    }
}

#[test]
fn the_rules_for_access_tokens_do_not_apply_to_logout_tokens() {
    let key = Key::new(1);
    let more = "required-scopes=trino\nrequired-claims.tenant=ours\nrequired-token-type=at+jwt\nmax-token-lifetime=1s";
    let setting = with_logout("logout-rules", &key, more);
    for (header, token_id) in [("", "a"), (r#","typ":"logout+jwt""#, "b"), (r#","typ":"JWT""#, "c")] {
        let token = logout_token(&key, header, &format!(r#"{{"jti": "{token_id}"}}"#));
        assert_eq!(log_out(&setting, &token, NOW), Ok(()), "{header}");
    }
}

#[test]
fn a_logout_token_is_used_once_and_is_no_bearer_token() {
    let key = Key::new(1);
    let setting = with_logout("logout-once", &key, "");
    let token = logout_token(&key, "", r#"{"sid": "s9"}"#);
    let setting_of_bearer = Setting::new("logout-bearer", &[("key.json", &key.jwk(""))]);
    let config = CONFIG.replace("required-audience=trino\n", "");
    let setting_of_bearer = setting_of_bearer.open_in(&config, &coordinator());
    assert_eq!(authenticate(setting_of_bearer.authenticator(), &token, NOW), Err(Reason::LogoutToken));
    assert_eq!(log_out(&setting, &token, NOW), Ok(()));
    let error = log_out(&setting, &token, NOW).unwrap_err();
    assert!(error.kind == LogoutErrorKind::Invalid && error.message.contains("used before"), "{error}");
    assert_eq!(setting.read("logouts").lines().count(), 1);
}

#[test]
fn verifications_are_bounded_and_garbage_keeps_nobody_out() {
    let key = Key::new(1);
    let setting = with_logout("logout-many", &key, "");
    let forged = logout_token(&Key::new(2), "", "{}");
    let not_for_us = logout_token(&Key::new(2), "", r#"{"aud": "other"}"#);
    let kinds = |token: &str| (0..3000).map(|_| log_out(&setting, token, NOW).unwrap_err().kind).collect::<Vec<_>>();
    for garbage in ["x", &not_for_us, &access_token(&Key::new(2), "alice", "s1", NOW)] {
        assert!(!kinds(garbage).contains(&LogoutErrorKind::TooMany), "{garbage}");
    }
    assert_eq!(log_out(&setting, &logout_token(&key, "", "{}"), NOW), Ok(()));
    // Forged ones are verified, more slowly than the limit without optimization.
    let limit = &setting.authenticator().logout_parts().0.limit;
    while limit.lock().unwrap().admits() {}
    assert_eq!(log_out(&setting, &forged, NOW).unwrap_err().kind, LogoutErrorKind::TooMany);
}

#[test]
fn one_process_has_the_file_and_writes_it_again_if_somebody_replaces_it() {
    let key = Key::new(1);
    let setting = with_logout("logout-file", &key, "");
    let (logout, revocation) = setting.authenticator().logout_parts();
    let now = UnixMillis::now();
    let add = |session: &str| {
        let entry = RevocationEntry::new(RevocationKind::Session, session.to_owned());
        logout.store.add(&entry, now, revocation, setting.authenticator().events()).unwrap();
    };
    add("s1");
    let properties = Properties::parse(&setting.prefixed(CONFIG), "").unwrap();
    let second = Authenticator::open_with(&properties, &coordinator()).err().unwrap().to_string();
    assert!(second.contains("which another process uses: stop that coordinator"), "{second}");
    assert_eq!(setting.read("logouts"), "sid=s1\n", "a failed start changes nothing");

    for (number, tamper) in [
        (2, (|setting: &Setting| setting.write("logouts", "sid=other\n")) as fn(&Setting)),
        (3, |setting| setting.remove("logouts")),
        (4, |setting| fs::write(setting.path("logouts"), "").unwrap()),
    ] {
        tamper(&setting);
        add(&format!("s{number}"));
        let mut lines: Vec<_> = setting.read("logouts").lines().map(str::to_owned).collect();
        lines.sort_unstable();
        assert_eq!(lines, (1..=number).map(|session| format!("sid=s{session}")).collect::<Vec<_>>());
        let event = setting.authenticator().events().pop().unwrap();
        assert!(event.text.contains("was replaced or removed"), "{event:?}");
        assert_eq!(logout.store.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // What is left beside the file is not followed.
    let precious = setting.path("precious");
    fs::write(&precious, "precious").unwrap();
    symlink(&precious, setting.path("logouts.new")).unwrap();
    setting.remove("logouts");
    add("s5");
    assert_eq!(setting.read("precious"), "precious");
    assert_eq!(setting.read("logouts").lines().count(), 5);
}

#[test]
fn a_line_that_was_not_written_to_its_end_is_dropped() {
    let key = Key::new(1);
    for rest in ["sub=alice", "sid=b until=2026-12", "\0\0\0\0", "\u{ff}"] {
        let setting =
            Setting::new("logout-half", &[("key.json", &key.jwk("")), ("logouts", &format!("sid=s1\n{rest}"))]);
        let setting = setting.open_in(CONFIG, &coordinator());
        assert_eq!(setting.read("logouts"), "sid=s1\n", "{rest}");
        let event = setting.authenticator().events().pop().unwrap();
        assert!(event.text.contains("is incomplete"), "{rest}: {event:?}");
        let other = access_token(&key, "alice", "s2", NOW);
        assert_eq!(authenticate(setting.authenticator(), &other, NOW), Ok(false), "{rest}");
        let ended = access_token(&key, "bob", "s1", NOW);
        assert_eq!(authenticate(setting.authenticator(), &ended, NOW), Err(Reason::TokenRevoked), "{rest}");
    }
}

#[test]
fn many_logouts_of_one_user_become_one_entry() {
    let key = Key::new(1);
    let setting = with_logout("logout-merge", &key, "");
    let (logout, revocation) = setting.authenticator().logout_parts();
    let now = UnixMillis::now();
    for number in 0..600 {
        let issued_before = Some(UnixMillis((NOW + number) * 1000));
        let entry = RevocationEntry { issued_before, ..RevocationEntry::new(RevocationKind::Subject, "alice") };
        logout.store.add(&entry, now, revocation, setting.authenticator().events()).unwrap();
    }
    assert!(setting.read("logouts").lines().count() < store::MAX_RECENT);
    for (issued_at, expected) in [(NOW + 598, Err(Reason::TokenRevoked)), (NOW + 599, Ok(false))] {
        let token = access_token(&key, "alice", "s1", issued_at);
        assert_eq!(authenticate(setting.authenticator(), &token, now.0 / 1000), expected, "{issued_at}");
    }
}

#[test]
fn a_logout_that_cannot_be_stored_is_in_force_and_the_issuer_tries_again() {
    let key = Key::new(1);
    // A command writes nothing.
    let setting = Setting::new("logout-unwritten", &[("key.json", &key.jwk(""))]).open(CONFIG);
    let error = log_out(&setting, &logout_token(&key, "", "{}"), NOW).unwrap_err();
    assert_eq!(error.kind, LogoutErrorKind::Unavailable);
    let token = access_token(&key, "alice", "s1", NOW - 60);
    assert_eq!(authenticate(setting.authenticator(), &token, NOW), Err(Reason::TokenRevoked));
    let event = setting.authenticator().events().pop().unwrap();
    assert!(event.level == Level::Error && event.text.contains("A logout cannot be written to"), "{event:?}");
    // The second attempt is not one with a used token.
    assert_eq!(log_out(&setting, &logout_token(&key, "", "{}"), NOW).unwrap_err().kind, LogoutErrorKind::Unavailable);
}

#[test]
fn thousands_of_logouts_stay_in_force_and_those_that_ended_leave_the_file() {
    let key = Key::new(1);
    let setting = with_logout("logout-thousands", &key, "");
    let authenticator = setting.authenticator();
    let (logout, revocation) = authenticator.logout_parts();
    let now = UnixMillis::now();
    for number in 0..1000 {
        let until = if number % 2 == 0 { now.0 + 60_000 } else { now.0 - 1 };
        let session = RevocationEntry::new(RevocationKind::Session, format!("session {number}"));
        let entry = RevocationEntry { until: Some(UnixMillis(until)), ..session };
        logout.store.add(&entry, now, revocation, authenticator.events()).unwrap();
    }
    let lines = setting.read("logouts").lines().count();
    assert!((500..500 + store::MAX_RECENT).contains(&lines), "{lines} lines");
    for number in 0..1000 {
        let token = access_token(&key, "alice", &format!("session {number}"), NOW);
        let expected = if number % 2 == 0 { Err(Reason::TokenRevoked) } else { Ok(false) };
        assert_eq!(authenticate(authenticator, &token, now.0 / 1000 + 1), expected, "{number}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_at_start() {
    let key = Key::new(1);
    let errors = |more: &str, logouts: Option<&str>, host: &HostProcess| {
        let setting = Setting::new("logout-errors", &[("key.json", &key.jwk(""))]);
        if let Some(text) = logouts {
            setting.write("logouts", text);
        }
        let text = setting.prefixed(&format!("key-file=@/key.json\n{more}"));
        let properties = Properties::parse(&text, "f").unwrap();
        Authenticator::open_with(&properties, host).err().map(|errors| errors.to_string()).unwrap_or_default()
    };
    let on = "backchannel-logout.client-id=c\nbackchannel-logout.file=@/logouts";
    assert_eq!(errors(on, None, &coordinator()), "");
    let broken = errors(on, Some("sid=a\nsid\n"), &coordinator());
    assert!(broken.contains("backchannel-logout.file names") && broken.contains("logouts:2: has 'sid'"), "{broken}");
    let plugin = HostProcess { without_logout_endpoint: true, ..coordinator() };
    for (more, host, why) in [
        (on, plugin, "f:2: http-server.authentication.jwt.backchannel-logout.client-id requires the server launcher"),
        ("backchannel-logout.client-id=c", coordinator(), "backchannel-logout.file is not: name a file"),
        (
            "backchannel-logout.client-id=\nbackchannel-logout.file=@/logouts",
            coordinator(),
            "client-id is empty: set a value",
        ),
        ("backchannel-logout.file=@/logouts", coordinator(), "file has no effect"),
        ("backchannel-logout.retention=1h", coordinator(), "retention has no effect"),
        (&format!("{on}\nbackchannel-logout.retention=1m"), coordinator(), "is 1m, but must be from 1h to 365d"),
        (&format!("{on}\nbackchannel-logout.retention=x"), coordinator(), "'x', which is not a duration"),
        (&on.replace("/logouts", "/no/folder"), coordinator(), "cannot be read and written: No such file"),
    ] {
        let found = errors(more, None, &host);
        assert!(found.contains(why) && found.lines().count() == 1, "{more}: {found}");
    }
}

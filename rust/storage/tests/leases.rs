// SPDX-License-Identifier: Apache-2.0
//! Leases over a security token service that refuses, fails, or gives short sessions. What a real one does is tested with
//! SeaweedFS (tests/storage).

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use nativejwt_core::{Authenticator, Identity, JvmTrust, Properties, Reason, Rejection, UnixMillis};
use nativejwt_storage::{Leased, StorageLeases};
use test_support::keys_folder;
use test_support::token::Make;

/// What STS answers: a status and a body.
type Answer = (u16, String);

/// A security token service that answers what a test wants.
struct Sts {
    endpoint: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Sts {
    /// `answer` gets the number of the request, from 1, and its form.
    fn start(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sts = Self { endpoint, seen: Arc::clone(&seen) };
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut connection = connection.unwrap();
                    let mut reader = BufReader::new(&connection);
                    let mut length = 0;
                    loop {
                        let mut line = String::new();
                        reader.read_line(&mut line).unwrap();
                        if line.trim().is_empty() {
                            break;
                        }
                        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap();
                        }
                    }
                    let mut form = vec![0; length];
                    reader.read_exact(&mut form).unwrap();
                    let form = String::from_utf8(form).unwrap();
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(form.clone());
                        seen.len()
                    };
                    let (status, body) = answer(number, &form);
                    // The client may have given up.
                    let _ = write!(
                        connection,
                        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    );
                });
            }
        });
        sts
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn seconds() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Credentials that live for so many seconds.
fn credentials(name: &str, life: i64) -> Answer {
    let expiration = Timestamp::from_second(seconds() + life).unwrap();
    let body = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{name}</AccessKeyId>\
         <SecretAccessKey>secret-for-tests</SecretAccessKey><SessionToken>session-for-tests</SessionToken>\
         <Expiration>{expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    );
    (200, body)
}

fn error(status: u16, code: &str) -> Answer {
    let body =
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>secret words</Message></Error></ErrorResponse>");
    (status, body)
}

/// An authenticator with leases.
struct Coordinator {
    authenticator: Arc<Authenticator>,
    leases: StorageLeases,
}

impl Coordinator {
    fn open(sts: &Sts, lines: &str) -> Self {
        let prefix = "http-server.authentication.jwt.";
        let key = keys_folder().join("hmac-64.secret");
        let text = format!("key-file={}\nstorage.sts-endpoint={}\n{lines}", key.display(), sts.endpoint);
        let text: String = text.lines().map(|line| format!("{prefix}{}\n", line.trim())).collect();
        let properties = Properties::parse(&text, "test").unwrap();
        let authenticator = Arc::new(Authenticator::open(&properties).unwrap());
        let leases = StorageLeases::open(&properties, &JvmTrust::None, &authenticator).unwrap().unwrap();
        Self { authenticator, leases }
    }

    fn identity(&self, token: &str) -> Result<Identity, Rejection> {
        self.authenticator.authenticate_token(token.as_bytes(), UnixMillis::now())
    }

    /// The ID of the access key, or nothing where credentials are withheld.
    fn lease(&self, token: &str) -> Result<Option<String>, Rejection> {
        let identity = self.identity(token).unwrap();
        match self.leases.lease(token.as_bytes(), &identity)? {
            Leased::Credentials(credentials) => Ok(Some(credentials.access_key_id.clone())),
            Leased::Withheld => Ok(None),
        }
    }

    fn events(&self) -> String {
        let events = std::iter::from_fn(|| self.authenticator.events().pop());
        events.map(|event| format!("{}: {}\n", event.level, event.text)).collect()
    }
}

const ROLE: &str = "storage.role=arn:aws:iam::1:role/${USER}";

fn token(user: &str, life: i64, more: &str) -> String {
    let payload = format!(r#"{{"sub":"{user}","exp":{}{more}}}"#, seconds() + life);
    let make = Make {
        key: Some("hmac-64".to_owned()),
        alg: Some("HS256".to_owned()),
        header: Some(r#"{"alg":"HS256"}"#.to_owned()),
        payload: Some(payload),
        ..Make::default()
    };
    String::from_utf8(make.build()).unwrap()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn one_exchange_serves_all_requests_of_a_token_and_no_other_token() {
    let sts = Sts::start(|number, _| {
        thread::sleep(Duration::from_millis(200));
        credentials(&format!("KEY{number}"), 3600)
    });
    let coordinator = Coordinator::open(&sts, ROLE);
    let alice = token("alice", 600, "");
    let keys: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = (0..16).map(|_| scope.spawn(|| coordinator.lease(&alice).unwrap())).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| key.as_deref() == Some("KEY1")), "{keys:?}");
    assert_eq!(sts.requests(), 1);
    // Another token of the same user may have other claims.
    assert_eq!(coordinator.lease(&token("alice", 601, "")).unwrap().as_deref(), Some("KEY2"));
    assert_eq!(coordinator.lease(&alice).unwrap().as_deref(), Some("KEY1"));
    let form = sts.seen.lock().unwrap()[0].clone();
    assert!(
        form.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Falice&RoleSessionName=alice&DurationSeconds=3600"),
        "{form}"
    );
    assert!(form.contains(&format!("WebIdentityToken={alice}")), "{form}");
}

#[test]
fn another_user_of_the_same_token_has_another_session() {
    let sts = Sts::start(|number, _| credentials(&format!("KEY{number}"), 3600));
    let coordinator = Coordinator::open(&sts, "storage.role=arn:aws:iam::1:role/analyst");
    let alice = token("alice", 600, "");
    assert_eq!(coordinator.lease(&alice).unwrap().as_deref(), Some("KEY1"));
    // As after a change of the user mapping.
    let mapped = Identity { user: "alice.smith".to_owned(), ..coordinator.identity(&alice).unwrap() };
    let leased = coordinator.leases.lease(alice.as_bytes(), &mapped).unwrap();
    assert_eq!(leased.credentials().unwrap().access_key_id, "KEY2");
    assert!(sts.seen.lock().unwrap()[1].contains("&RoleSessionName=alice.smith&"));
}

/// True if docs/reasons.md has the message.
fn is_documented(rejection: &Rejection) -> bool {
    rejection.code().fitting(rejection.message()).next().is_some()
}

#[test]
fn a_refusal_is_told_by_its_code_and_remembered() {
    let sts = Sts::start(|_, _| error(403, "AccessDenied"));
    let coordinator = Coordinator::open(&sts, &format!("{ROLE}\nstorage.when-unavailable=withhold"));
    let alice = token("alice", 600, "");
    for _ in 0..3 {
        let rejection = coordinator.lease(&alice).unwrap_err();
        assert_eq!(rejection.code(), Reason::StorageDenied);
        assert_eq!(rejection.message(), "The object store does not accept this token: AccessDenied");
        assert!(is_documented(&rejection));
    }
    assert_eq!(sts.requests(), 1);
}

#[test]
fn an_outage_refuses_or_withholds_and_keeps_what_lives() {
    for (setting, refuses) in [("refuse", true), ("withhold", false)] {
        let sts = Sts::start(|number, _| match number {
            1 => credentials("KEY1", 3600),
            _ => error(503, "ServiceUnavailable"),
        });
        let coordinator = Coordinator::open(&sts, &format!("{ROLE}\nstorage.when-unavailable={setting}"));
        let alice = token("alice", 600, "");
        assert_eq!(coordinator.lease(&alice).unwrap().as_deref(), Some("KEY1"));
        for user in ["bob", "carol", "bob"] {
            match coordinator.lease(&token(user, 600, "")) {
                Err(rejection) if refuses => {
                    assert_eq!(rejection.code(), Reason::StorageUnavailable);
                    assert!(is_documented(&rejection));
                }
                Ok(None) if !refuses => {}
                other => panic!("{setting}: {other:?}"),
            }
        }
        // The other two were not asked about: STS failed a moment ago.
        assert_eq!(sts.requests(), 2);
        assert_eq!(coordinator.lease(&alice).unwrap().as_deref(), Some("KEY1"));
        let events = coordinator.events();
        assert_eq!(events.matches("gives no credentials: status 503").count(), 1, "{events}");
        assert!(!events.contains("secret words"), "{events}");
    }
}

#[test]
fn a_session_that_is_too_short_is_refused_unless_any_is_allowed() {
    let sts = Sts::start(|_, _| credentials("SHORT", 25));
    let strict = Coordinator::open(&sts, ROLE);
    let rejection = strict.lease(&token("alice", 600, "")).unwrap_err();
    assert!(rejection.message().ends_with("the session is shorter than storage.minimum-lifetime"), "{rejection:?}");
    let lenient = Coordinator::open(&sts, &format!("{ROLE}\nstorage.minimum-lifetime=0s"));
    for user in ["alice", "bob"] {
        assert_eq!(lenient.lease(&token(user, 600, "")).unwrap().as_deref(), Some("SHORT"));
    }
    assert_eq!(lenient.events().matches("storage.session-duration asks for 3600 s").count(), 1);
}

#[test]
fn credentials_in_use_are_renewed_and_end_with_their_token() {
    let sts = Sts::start(|number, _| credentials(&format!("KEY{number}"), 5));
    let coordinator = Coordinator::open(&sts, &format!("{ROLE}\nstorage.minimum-lifetime=0s"));
    let (used, unused, short) = (token("used", 600, ""), token("unused", 600, ""), token("short", 3, ""));
    coordinator.lease(&used).unwrap();
    coordinator.lease(&used).unwrap();
    coordinator.lease(&unused).unwrap();
    coordinator.lease(&short).unwrap();
    assert_eq!((sts.requests(), coordinator.leases.count()), (3, 3));
    until("the token's end", || coordinator.leases.count() == 2);
    until("a renewal", || sts.requests() > 3);
    let renewed = sts.seen.lock().unwrap()[3].clone();
    assert!(renewed.contains("RoleSessionName=used&"), "{renewed}");
    // STS has seen the request, but its answer may be on the way. No request waits for it.
    until("the renewed credentials", || coordinator.lease(&used).unwrap().as_deref() == Some("KEY4"));
}

#[test]
fn a_revoked_token_is_not_exchanged_again() {
    let sts = Sts::start(|number, _| credentials(&format!("KEY{number}"), 4));
    let list = std::env::temp_dir().join(format!("nativejwt-storage-{}", std::process::id()));
    std::fs::write(&list, "").unwrap();
    let lines = format!("{ROLE}\nstorage.minimum-lifetime=0s\nrevocation-file={}", list.display());
    let coordinator = Coordinator::open(&sts, &lines);
    let alice = token("alice", 600, "");
    coordinator.lease(&alice).unwrap();
    coordinator.lease(&alice).unwrap();
    std::fs::write(&list, "sub=alice\n").unwrap();
    until("the revocation", || coordinator.identity(&alice).is_err());
    until("the lease's end", || coordinator.leases.count() == 0);
    std::fs::remove_file(&list).unwrap();
    let before = sts.requests();
    // One renewal at most, before the list was read.
    assert!(before <= 2, "{before}");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(sts.requests(), before);
}

#[test]
fn without_a_role_nothing_is_asked_and_nothing_is_given() {
    let sts = Sts::start(|_, _| credentials("KEY", 3600));
    let lines = "storage.role-field=role\nstorage.allowed-roles=arn:aws:iam::1:role/lake/";
    let coordinator = Coordinator::open(&sts, lines);
    for claim in
        ["", r#","role":"arn:aws:iam::1:role/admin""#, r#","role":["arn:aws:iam::1:role/lake/a"]"#, r#","role":"lake""#]
    {
        assert_eq!(coordinator.lease(&token("alice", 600, claim)).unwrap(), None, "{claim}");
    }
    assert_eq!(sts.requests(), 0);
    let allowed = token("alice", 600, r#","role":"arn:aws:iam::1:role/lake/a""#);
    assert_eq!(coordinator.lease(&allowed).unwrap().as_deref(), Some("KEY"));
}

#[test]
fn the_token_is_exchanged_first_where_sts_wants_another_audience() {
    let sts = Sts::start(|_, form| {
        if form.contains("token-exchange") {
            return (200, r#"{"access_token":"for-sts"}"#.to_owned());
        }
        credentials(if form.contains("WebIdentityToken=for-sts") { "GOOD" } else { "BAD" }, 3600)
    });
    let lines = format!(
        "{ROLE}\nstorage.token-exchange.endpoint={}token\nstorage.token-exchange.client-id=trino\nstorage.token-exchange.audience=sts",
        sts.endpoint
    );
    let coordinator = Coordinator::open(&sts, &lines);
    assert_eq!(coordinator.lease(&token("alice", 600, "")).unwrap().as_deref(), Some("GOOD"));
}

#[test]
fn an_answer_that_is_of_no_use_for_one_token_does_not_affect_others() {
    for (status, body) in
        [(200, "<A/>".to_owned()), (413, String::new()), error(400, "IDPCommunicationError"), (403, String::new())]
    {
        let sts = Sts::start(move |number, form| {
            let is_odd = form.contains("RoleSessionName=odd&");
            if is_odd { (status, body.clone()) } else { credentials(&format!("KEY{number}"), 3600) }
        });
        let coordinator = Coordinator::open(&sts, ROLE);
        let odd = token("odd", 600, "");
        for _ in 0..3 {
            assert_eq!(coordinator.lease(&odd).unwrap_err().code(), Reason::StorageUnavailable, "{status}");
        }
        assert_eq!(sts.requests(), 1, "{status}: the failure is remembered");
        for user in ["alice", "bob"] {
            assert!(coordinator.lease(&token(user, 600, "")).unwrap().is_some(), "{status}");
        }
        let events = coordinator.events();
        assert_eq!(events.matches("gives no credentials for a token").count(), 1, "{events}");
        assert!(!events.contains("Leases that live"), "{events}");
    }
}

#[test]
fn a_word_of_a_proxy_does_not_end_credentials_that_live() {
    let sts =
        Sts::start(|number, _| if number == 1 { credentials("KEY1", 6) } else { (403, "<html>no</html>".to_owned()) });
    let coordinator = Coordinator::open(&sts, &format!("{ROLE}\nstorage.minimum-lifetime=0s"));
    let alice = token("alice", 600, "");
    coordinator.lease(&alice).unwrap();
    coordinator.lease(&alice).unwrap();
    until("a renewal", || sts.requests() > 1);
    let events = || coordinator.events().contains("gives no credentials for a token: status 403");
    until("its failure", events);
    assert_eq!(coordinator.lease(&alice).unwrap().as_deref(), Some("KEY1"));
}

#[test]
fn a_slow_sts_holds_a_bounded_number_of_requests() {
    let sts = Sts::start(|number, _| {
        thread::sleep(Duration::from_secs(2));
        credentials(&format!("KEY{number}"), 3600)
    });
    let coordinator = Coordinator::open(&sts, ROLE);
    let tokens: Vec<String> = (0..100).map(|user| token(&format!("user{user}"), 600, "")).collect();
    let refused = thread::scope(|scope| {
        let calls: Vec<_> = tokens.iter().map(|token| scope.spawn(|| coordinator.lease(token))).collect();
        calls.into_iter().filter_map(|call| call.join().unwrap().err()).collect::<Vec<_>>()
    });
    assert!(!refused.is_empty() && refused.len() <= 36, "{}", refused.len());
    assert!(refused.iter().all(|rejection| rejection.code() == Reason::StorageUnavailable));
    assert_eq!(coordinator.events().matches("answers slowly: 64 requests wait for it").count(), 1);
    // Nobody waits any more, and STS was never in an outage.
    assert!(coordinator.lease(&token("late", 600, "")).unwrap().is_some());
}

#[test]
fn tokens_without_credentials_leave_nothing_behind_in_an_outage() {
    let sts = Sts::start(|number, _| if number == 1 { credentials("KEY1", 3600) } else { error(503, "SlowDown") });
    let coordinator = Coordinator::open(&sts, ROLE);
    let alice = token("alice", 600, "");
    coordinator.lease(&alice).unwrap();
    for user in 0..50 {
        assert!(coordinator.lease(&token(&format!("user{user}"), 600, "")).is_err());
    }
    assert_eq!(coordinator.leases.count(), 1);
    assert_eq!(coordinator.lease(&alice).unwrap().as_deref(), Some("KEY1"));
}

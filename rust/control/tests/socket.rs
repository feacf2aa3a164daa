// SPDX-License-Identifier: Apache-2.0
//! A control socket of a real authenticator, asked as the command asks.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nativejwt_control::protocol::{Explanation, Reloaded, Request, Revocation, Status, Token};
use nativejwt_control::{AskError, ControlSocket, ask};
use nativejwt_core::Authenticator;
use test_support::token::Make;
use test_support::{TemporaryFolder, properties};
use zeroize::Zeroizing;

const KEY: &str = "rsa-2048";

struct Running {
    authenticator: Arc<Authenticator>,
    /// Dropped before the folder.
    socket: Option<ControlSocket>,
    folder: TemporaryFolder,
}

impl Running {
    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn revoked(&self) -> PathBuf {
        self.folder.path().join("revoked")
    }

    fn ask<T: serde::de::DeserializeOwned>(&self, request: &Request) -> Result<T, String> {
        ask(&self.path(), request).map_err(|error| error.to_string())
    }

    fn explain(&self, token: &str) -> Explanation {
        self.ask(&Request::Explain { token: Token(Zeroizing::new(token.to_owned())) }).unwrap()
    }
}

/// An authenticator whose socket is not open yet.
fn closed() -> Running {
    let folder = TemporaryFolder::new();
    fs::write(folder.path().join("revoked"), "").unwrap();
    let in_folder = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let key = test_support::sign::verifying_file(KEY).to_str().unwrap().to_owned();
    let authenticator = Authenticator::open(&properties([
        ("key-file", key.as_str()),
        ("revocation-file", &in_folder("revoked")),
        ("control-socket", &in_folder("socket")),
    ]));
    Running { authenticator: Arc::new(authenticator.unwrap()), socket: None, folder }
}

fn running() -> Running {
    let mut running = closed();
    running.socket = ControlSocket::open(&running.authenticator).unwrap();
    running
}

fn token(payload: &str) -> String {
    let make = Make {
        alg: Some("RS256".to_owned()),
        key: Some(KEY.to_owned()),
        payload: Some(payload.to_owned()),
        ..Make::default()
    };
    String::from_utf8(make.build()).unwrap()
}

fn authenticate(running: &Running, token: &str) -> bool {
    let header = format!("Bearer {token}");
    running
        .authenticator
        .authenticate_with(header.as_bytes(), nativejwt_core::UnixMillis::now(), |verdict| verdict.is_ok())
}

#[test]
fn the_status_has_what_runs_and_what_was_decided() {
    let running = running();
    assert!(authenticate(&running, &token(r#"{"sub":"alice"}"#)));
    assert!(!authenticate(&running, "garbage"));
    let status: Status = running.ask(&Request::Status).unwrap();
    assert_eq!((status.accepted, status.rejected, status.without_token, status.cached_tokens), (1, 1, 0, 1));
    assert_eq!((status.pid, status.revocations), (std::process::id(), Some(0)));
    assert_eq!((status.issuers.len(), status.issuers[0].keys, status.issuers[0].keys_age), (1, 1, None));
    assert_eq!(running.ask::<u64>(&Request::FlushCache).unwrap(), 1);
    assert_eq!(running.ask::<Status>(&Request::Status).unwrap().cached_tokens, 0);
    assert_eq!(running.ask::<u64>(&Request::RefreshKeys).unwrap(), 0, "the keys come from a file");
}

#[test]
fn a_change_is_in_force_when_reload_answers() {
    let running = running();
    let before: Status = running.ask(&Request::Status).unwrap();
    let token = token(r#"{"sub":"alice","jti":"1"}"#);
    assert!(authenticate(&running, &token));
    fs::write(running.revoked(), "jti=1\n").unwrap();
    let reloaded: Reloaded = running.ask(&Request::Reload).unwrap();
    assert_eq!((reloaded.in_use, reloaded.unusable), (1, 0));
    assert_ne!(reloaded.in_force.revocations, before.in_force.revocations);
    assert_eq!(reloaded.in_force.configuration, before.in_force.configuration);
    assert!(!authenticate(&running, &token));
    fs::write(running.revoked(), "nonsense\n").unwrap();
    let unusable: Reloaded = running.ask(&Request::Reload).unwrap();
    assert_eq!((unusable.in_use, unusable.unusable, unusable.in_force), (0, 1, reloaded.in_force));
}

#[test]
fn a_token_is_revoked_by_its_trace_id_after_it_was_accepted_or_rejected() {
    let running = running();
    let (accepted, rejected) = (token(r#"{"sub":"alice"}"#), token(r#"{"sub":"bob","nbf":99999999999}"#));
    assert!(authenticate(&running, &accepted));
    assert!(!authenticate(&running, &rejected));
    for token in [&accepted, &rejected] {
        let trace = running.explain(token).trace;
        let revocation: Revocation = running.ask(&Request::Revoke { trace }).unwrap();
        assert_eq!(revocation.file, running.revoked().to_str().unwrap());
        fs::write(running.revoked(), revocation.entry + "\n").unwrap();
        running.ask::<Reloaded>(&Request::Reload).unwrap();
        let reason = running.explain(token).rejection.map(|rejection| rejection.reason);
        let expected = if token == &accepted { "TOKEN_REVOKED" } else { "TOKEN_NOT_YET_VALID" };
        assert_eq!(reason.as_deref(), Some(expected));
        assert!(running.authenticator.revoked_by(token.as_bytes(), nativejwt_core::UnixMillis(0)).is_some());
    }
    let unknown = running.ask::<Revocation>(&Request::Revoke { trace: "0123456789abcdef".to_owned() }).unwrap_err();
    assert!(unknown.contains("no token has the trace ID 0123456789abcdef"), "{unknown}");
    let wrong = running.ask::<Revocation>(&Request::Revoke { trace: "x\n".to_owned() }).unwrap_err();
    assert!(wrong.contains("'x\\u{a}' is not a trace ID"), "{wrong}");
}

#[test]
fn an_explanation_has_the_steps_and_the_rejections_before() {
    let running = running();
    let expired = token(r#"{"sub":"alice","exp":5}"#);
    let first = running.explain(&expired);
    assert!(first.before.is_empty());
    for _ in 0..3 {
        authenticate(&running, &expired);
    }
    let explanation = running.explain(&expired);
    assert_eq!(explanation.trace, first.trace);
    let before: Vec<_> = explanation.before.iter().map(|before| (before.reason.as_str(), before.count)).collect();
    assert_eq!(before, [("TOKEN_EXPIRED", 3)]);
    assert_eq!(explanation.steps.last().unwrap().step, "signature");
    let rejection = explanation.rejection.unwrap();
    assert_eq!((rejection.reason.as_str(), rejection.step.as_str()), ("TOKEN_EXPIRED", "claims"));
    assert_eq!(running.explain(&token(r#"{"sub":"alice"}"#)).user.as_deref(), Some("alice"));
    let list: serde_json::Value = running.ask(&Request::Rejections).unwrap();
    assert_eq!((list[0]["reason"].as_str(), list[0]["trace"].as_str()), (Some("TOKEN_EXPIRED"), Some(&*first.trace)));
    assert!(!list.to_string().contains("alice"), "no user: {list}");
}

#[test]
fn only_its_user_may_open_the_file_and_it_goes_with_the_authenticator() {
    let mut running = running();
    let metadata = fs::symlink_metadata(running.path()).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.mode() & 0o777, 0o600);
    running.socket = None;
    assert!(!running.path().exists());
    let error = running.ask::<Status>(&Request::Status).unwrap_err();
    assert!(error.contains("there is no such socket"), "{error}");
}

#[test]
fn a_socket_that_is_left_over_is_replaced_and_nothing_else() {
    let mut running = closed();
    drop(UnixListener::bind(running.path()).unwrap());
    assert!(running.path().exists(), "the listener leaves its file behind");
    let error = running.ask::<Status>(&Request::Status).unwrap_err();
    assert!(error.contains("is the coordinator running?"), "{error}");
    running.socket = ControlSocket::open(&running.authenticator).unwrap();
    assert!(running.ask::<Status>(&Request::Status).is_ok());
    // The one that is served now is not taken over.
    let second = ControlSocket::open(&running.authenticator).err().unwrap();
    assert!(second.starts_with("case:3: http-server.authentication.jwt.control-socket names '"), "{second}");
    assert!(second.contains("where a process listens already"), "{second}");
    assert!(running.ask::<Status>(&Request::Status).is_ok());
    running.socket = None;
    for (make, expected) in [
        (Box::new(|path: &PathBuf| fs::write(path, "precious").unwrap()) as Box<dyn Fn(&PathBuf)>, "is not a socket"),
        (Box::new(|path: &PathBuf| fs::create_dir(path).unwrap()), "is not a socket"),
        (Box::new(|path: &PathBuf| std::os::unix::fs::symlink("/nowhere", path).unwrap()), "is not a socket"),
    ] {
        make(&running.path());
        let error = ControlSocket::open(&running.authenticator).err().unwrap();
        assert!(error.contains(expected), "{error}");
        assert!(fs::symlink_metadata(running.path()).is_ok(), "it is left as it is");
        let _ = fs::remove_file(running.path()).or_else(|_| fs::remove_dir(running.path()));
    }
}

#[test]
fn a_folder_that_everybody_can_write_is_refused() {
    let running = closed();
    fs::set_permissions(running.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = ControlSocket::open(&running.authenticator).err().unwrap();
    assert!(error.contains("everybody can write into its folder"), "{error}");
    // A socket that another user put there gets no token.
    let _listener = UnixListener::bind(running.path()).unwrap();
    let error = running.ask::<Status>(&Request::Status).unwrap_err();
    assert!(error.contains("nothing was sent"), "{error}");
    fs::remove_file(running.path()).unwrap();
    fs::set_permissions(running.folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(ControlSocket::open(&running.authenticator).is_ok());
}

#[test]
fn garbage_and_silence_do_not_stop_the_socket() {
    let running = running();
    for garbage in [&b"\n"[..], b"{}\n", b"\xff\xff\n", b"GET / HTTP/1.1\r\n\r\n", b"{\"command\":\"explain\"}\n"] {
        let mut stream = UnixStream::connect(running.path()).unwrap();
        stream.write_all(garbage).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let is_harmless = answer.is_empty() || answer.starts_with("{\"failed\":\"the request cannot be read");
        assert!(is_harmless, "{answer}");
    }
    let silent = UnixStream::connect(running.path()).unwrap();
    let begin = Instant::now();
    assert!(running.ask::<Status>(&Request::Status).is_ok());
    assert!(begin.elapsed() < Duration::from_secs(10));
    drop(silent);
    let mut endless = UnixStream::connect(running.path()).unwrap();
    let chunk = vec![b'x'; 64 * 1024];
    while endless.write_all(&chunk).is_ok() {}
    assert!(running.ask::<Status>(&Request::Status).is_ok());
    assert!(matches!(
        ask::<Status>(&running.path(), &Request::Revoke { trace: String::new() }),
        Err(AskError::Failed(_))
    ));
}

/// Others wait for the caller, and so does the end of the authenticator.
#[test]
fn a_caller_that_sends_now_and_then_has_no_more_time_than_a_silent_one() {
    let mut running = running();
    let mut slow = UnixStream::connect(running.path()).unwrap();
    let begin = Instant::now();
    let sender = std::thread::spawn(move || {
        while begin.elapsed() < Duration::from_secs(20) && slow.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert!(running.ask::<Status>(&Request::Status).is_ok());
    running.socket = None;
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    sender.join().unwrap();
}

#[test]
fn a_request_that_is_too_long_is_named() {
    let running = running();
    let token = Token(Zeroizing::new("a".repeat(1024 * 1024)));
    let error = running.ask::<Explanation>(&Request::Explain { token }).unwrap_err();
    assert!(error.contains("longer than 1048576 bytes"), "{error}");
}

// SPDX-License-Identifier: Apache-2.0
//! `ctl` and `why`, with the control socket of an authenticator in this process.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use nativejwt_control::ControlSocket;
use nativejwt_core::{Authenticator, Properties, UnixMillis};

use crate::support::*;

struct Coordinator {
    authenticator: Arc<Authenticator>,
    /// Dropped before the folder.
    _socket: ControlSocket,
    keys: Keys,
    folder: Folder,
}

impl Coordinator {
    fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    fn start_with(name: &str, more: &[String]) -> Self {
        let folder = Folder::new(name);
        let keys = folder.keygen("ES256");
        let revoked = folder.write("revoked", "");
        let own = [
            property("key-file", &keys.public),
            property("revocation-file", &revoked),
            property("control-socket", &folder.path("socket")),
        ];
        let config = folder.config(&[&own, more].concat());
        let mut properties = Properties::parse(&fs::read_to_string(&config).unwrap(), &config).unwrap();
        properties.entries.retain(|entry| entry.name.starts_with("http-server.authentication.jwt."));
        let authenticator = Arc::new(Authenticator::open(&properties).unwrap());
        let socket = ControlSocket::open(&authenticator).unwrap().unwrap();
        Self { authenticator, _socket: socket, keys, folder }
    }

    fn authenticate(&self, token: &str) -> bool {
        let header = format!("Bearer {token}");
        self.authenticator.authenticate_with(header.as_bytes(), UnixMillis::now(), |verdict| verdict.is_ok())
    }

    fn ctl(&self, arguments: &[&str]) -> Answer {
        run(&[&["ctl", "--socket", &self.folder.path("socket")], arguments].concat())
    }

    fn why(&self, token: &str) -> Answer {
        run(&["why", "--socket", &self.folder.path("socket"), "--", token])
    }
}

#[test]
fn the_status_is_what_the_coordinator_did() {
    let coordinator = Coordinator::start("ctl_status");
    let token = issue(&coordinator.keys.private, &["--claim", "sub=alice"]);
    assert!(coordinator.authenticate(&token) && !coordinator.authenticate("garbage"));
    let text = coordinator.ctl(&["status"]).expect_code(0).text();
    let in_force = coordinator.authenticator.in_force();
    for line in [
        &format!("version       {}, process {}, since ", env!("CARGO_PKG_VERSION"), std::process::id()),
        &format!("in force      {in_force}\n"),
        "issuer        default: 1 key\n",
        "requests      1 accepted, 1 rejected, 0 without a token\n",
        "cache         1 token\n",
        "revocations   0 in force\n",
        "defects       0\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let json = coordinator.ctl(&["--json", "status"]).expect_code(0).json();
    let config = coordinator.folder.path("native-jwt.properties");
    let checked = run(&["check-config", "--json", &config]).expect_code(0).json();
    assert_eq!(checked["in_force"], json["in_force"], "a script waits for these");
    assert_eq!(json["in_force"]["revocations"], in_force.revocations.to_string());
    let text = coordinator.ctl(&["flush-cache"]).expect_code(0).text();
    assert_eq!(text, "1 accepted tokens were forgotten, and are verified again when they come\n");
    let text = coordinator.ctl(&["refresh-keys"]).expect_code(0).text();
    assert_eq!(text, "no keys are fetched: all come from files\n");
}

#[test]
fn a_token_is_explained_step_by_step() {
    let coordinator = Coordinator::start("ctl_explain");
    let token = issue(&coordinator.keys.private, &["--claim", "sub=alice", "--ttl=-1h"]);
    let text = coordinator.ctl(&["explain", "--", &token]).expect_code(1).text();
    assert!(text.contains("\nsignature     ok        valid\nclaims        REJECTED  JWT expired "), "{text}");
    assert!(text.contains("\nrejected: TOKEN_EXPIRED (403): exp has passed"), "{text}");
    // The same as check-token says of the steps.
    let config = coordinator.folder.path("native-jwt.properties");
    let checked = run(&["check-token", "--config", &config, "--", &token]).expect_code(1).text();
    let steps = |text: &str| text.split("\nclaims").next().unwrap().to_owned();
    assert_eq!(steps(&text), steps(&checked));
    let good = issue(&coordinator.keys.private, &["--claim", "sub=alice"]);
    let text = coordinator.ctl(&["explain", "--", &good]).expect_code(0).text();
    assert!(text.contains("\naccepted: Trino user alice\ntrace ID: "), "{text}");
    let wrong = coordinator.ctl(&["explain", "--", "garbage"]).expect_code(1).text();
    assert!(wrong.contains("parts         REJECTED"), "{wrong}");
}

#[test]
fn why_tells_what_became_of_a_token_and_what_would_now() {
    let coordinator = Coordinator::start("ctl_why");
    let token = issue(&coordinator.keys.private, &["--claim", "sub=alice", "--ttl=-1h"]);
    let text = coordinator.why(&token).expect_code(1).text();
    assert!(text.starts_with("before: the coordinator has not rejected this token lately."), "{text}");
    for _ in 0..3 {
        assert!(!coordinator.authenticate(&token));
    }
    let text = coordinator.why(&token).expect_code(1).text();
    assert!(text.starts_with("before: rejected 3 times, last "), "{text}");
    assert!(text.contains(": TOKEN_EXPIRED\nnow: rejected in the step 'claims': JWT expired "), "{text}");
    let json =
        run(&["--json", "why", "--socket", &coordinator.folder.path("socket"), "--", &token]).expect_code(1).json();
    assert_eq!((&json["before"][0]["count"], &json["rejection"]["number"]), (&3.into(), &403.into()));
    let text = coordinator.why(&issue(&coordinator.keys.private, &["--claim", "sub=alice"])).expect_code(0).text();
    assert!(text.contains("\nnow: accepted\naccepted: Trino user alice\n"), "{text}");
}

#[test]
fn a_token_is_revoked_by_the_trace_id_of_a_line() {
    let coordinator = Coordinator::start("ctl_revoke");
    let token = issue(&coordinator.keys.private, &["--claim", "sub=alice"]);
    assert!(coordinator.authenticate(&token));
    let trace = coordinator.authenticator.trace_id(token.as_bytes()).to_string();
    let text = coordinator.ctl(&["revoke", &trace]).expect_code(0).text();
    assert!(text.starts_with("added: token="), "{text}");
    assert!(text.contains("\nThe coordinator has read the file: revocations "), "{text}");
    assert!(coordinator.folder.read("revoked").ends_with(&format!(" # trace {trace}\n")));
    assert!(!coordinator.authenticate(&token));
    let list = coordinator.ctl(&["rejections"]).expect_code(0).text();
    assert!(list.contains("  TOKEN_REVOKED (422)  ") && list.ends_with(&format!("trace={trace}\n")), "{list}");
    // It lasts until the token would be over anyway, and once more changes nothing.
    let text = coordinator.ctl(&["revoke", &trace]).expect_code(0).text();
    assert!(text.starts_with("in the file already: token="), "{text}");
    let expired = issue(&coordinator.keys.private, &["--claim", "sub=alice", "--ttl=-2h"]);
    assert!(!coordinator.authenticate(&expired));
    let trace = coordinator.authenticator.trace_id(expired.as_bytes()).to_string();
    let text = coordinator.ctl(&["revoke", &trace]).expect_code(0).text();
    assert!(text.starts_with("not added: no coordinator has accepted this token since"), "{text}");
    let error = coordinator.ctl(&["revoke", "0123456789abcdef"]).expect_code(2).err;
    assert!(error.contains("error: no token has the trace ID 0123456789abcdef"), "{error}");
}

/// Whoever believes that a token is revoked does nothing more about it.
#[test]
fn a_token_that_is_still_accepted_is_not_called_revoked() {
    let coordinator = Coordinator::start("ctl_revoke_elsewhere");
    let token = issue(&coordinator.keys.private, &["--claim", "sub=alice"]);
    assert!(coordinator.authenticate(&token));
    let trace = coordinator.authenticator.trace_id(token.as_bytes()).to_string();
    // As in a container: the coordinator has another file at this path.
    let path = coordinator.folder.path("revoked");
    let relay = coordinator.folder.path("relay");
    let (behind, here) = (coordinator.folder.path("socket"), coordinator.folder.write("here", ""));
    let listener = UnixListener::bind(&relay).unwrap();
    let other = thread::spawn(move || {
        for _ in 0..2 {
            let (stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let mut to = UnixStream::connect(&behind).unwrap();
            to.write_all(line.as_bytes()).unwrap();
            let mut answer = String::new();
            to.read_to_string(&mut answer).unwrap();
            (&stream).write_all(answer.replace(&path, &here).as_bytes()).unwrap();
        }
    });
    let error = run(&["ctl", "--socket", &relay, "revoke", &trace]).expect_code(2).err;
    assert!(error.contains("does not have this file in force, but revocations e3b0c44298fc"), "{error}");
    assert!(coordinator.authenticate(&token));
    other.join().unwrap();
}

#[test]
fn shadow_mode_is_named_wherever_a_verdict_is_shown() {
    let coordinator = Coordinator::start_with("ctl_shadow", &[property("shadow", "true")]);
    let token = issue(&coordinator.keys.private, &["--claim", "sub=alice"]);
    assert!(coordinator.authenticate(&token));
    let says = |text: String| assert!(text.contains("shadow mode"), "{text}");
    says(coordinator.ctl(&["status"]).expect_code(0).text());
    says(coordinator.ctl(&["explain", "--", &token]).expect_code(0).text());
    says(coordinator.why(&token).expect_code(0).text());
    let trace = coordinator.authenticator.trace_id(token.as_bytes()).to_string();
    let text = coordinator.ctl(&["revoke", &trace]).expect_code(0).text();
    assert!(text.ends_with("the built-in authenticator answers, and accepts the token until it expires\n"), "{text}");
    let json = coordinator.ctl(&["--json", "revoke", &trace]).expect_code(0).json();
    assert_eq!(json["is_shadow"], true);
}

#[test]
fn a_changed_file_is_in_force_when_reload_ends() {
    let coordinator = Coordinator::start("ctl_reload");
    fs::write(coordinator.folder.path("revoked"), "sub=alice\n").unwrap();
    let text = coordinator.ctl(&["reload"]).expect_code(0).text();
    assert_eq!(
        text,
        format!("1 changed file came into force\nin force      {}\n", coordinator.authenticator.in_force())
    );
    fs::write(coordinator.folder.path("revoked"), "nonsense\n").unwrap();
    let text = coordinator.ctl(&["reload"]).expect_code(0).text();
    assert!(text.starts_with("no changed file came into force\nWARN: 1 changed file cannot be used;"), "{text}");
}

/// The file's mode keeps other users out. This is what happens behind it.
#[test]
fn another_user_gets_no_answer() {
    let coordinator = Coordinator::start("ctl_other_user");
    let socket = coordinator.folder.path("socket");
    if fs::metadata(&socket).unwrap().uid() != 0 {
        // Only root can run a command as another user.
        return;
    }
    set_mode(&socket, 0o666);
    // The build folder may be root's alone. Another process copies: a child of another test would inherit the open file, which
    // could then not be run.
    let binary = coordinator.folder.path("nativejwt");
    assert!(Command::new("cp").args([env!("CARGO_BIN_EXE_nativejwt"), &binary]).status().unwrap().success());
    set_mode(&binary, 0o755);
    for (user, code) in [(65_534, 2), (0, 0)] {
        let mut command = Command::new(&binary);
        command.args(["ctl", "--socket", &socket, "status"]).uid(user);
        let answer = finish(command, b"").expect_code(code);
        let is_refused = answer.err.contains("it answers only its own user and root");
        assert_eq!(is_refused, user != 0, "{}", answer.err);
    }
    let events: Vec<_> = std::iter::from_fn(|| coordinator.authenticator.events().pop()).collect();
    assert!(events.iter().any(|event| event.text.contains("Another user opened the control socket")), "{events:?}");
}

#[test]
fn whoever_cannot_be_asked_is_named_with_the_way_out() {
    let folder = Folder::new("ctl_nobody");
    let socket = folder.path("socket");
    let status = || run(&["ctl", "--socket", &socket, "status"]).expect_code(2).err;
    let error = status();
    assert!(error.starts_with(&format!("error: {socket}: there is no such socket")), "{error}");
    let listener = UnixListener::bind(&socket).unwrap();
    let other = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mail.example.com ESMTP\n").unwrap();
        let (stream, _) = listener.accept().unwrap();
        drop(stream);
    });
    let error = status();
    assert!(error.contains("does the socket belong to another program"), "{error}");
    let error = status();
    assert!(error.contains("closed the connection: it answers only its own user and root"), "{error}");
    other.join().unwrap();
    let error = status();
    assert!(error.contains("is the coordinator running?"), "{error}");
}

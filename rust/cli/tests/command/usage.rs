// SPDX-License-Identifier: Apache-2.0
use std::process::{Command, Stdio};

use crate::support::*;

const CALLS: [&str; 10] = [
    "issue",
    "keygen",
    "jwks",
    "inspect",
    "verify-jws",
    "check-token",
    "check-config",
    "map-user",
    "check-rules",
    "revoke",
];

#[test]
fn every_call_has_help_with_an_example() {
    let all = run(&["--help"]).expect_code(0).text();
    for call in CALLS {
        assert!(all.contains(&format!("\n  {call} ")), "{call}");
        let help = run(&[call, "--help"]).expect_code(0).text();
        assert!(help.contains("Example") && help.contains(&format!("\n  nativejwt {call} ")), "{help}");
        let longest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 120, "{call}: a line of {longest} characters");
    }
    assert!(!all.contains("generate-docs"));
    let relative = run(&["check-token", "--help"]).text();
    assert!(relative.contains("current") && relative.contains("Relative paths"), "{relative}");
}

#[test]
fn the_version_is_printed() {
    assert_eq!(run(&["--version"]).expect_code(0).text(), format!("nativejwt {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &[][..],
        &["no-such-call"],
        &["issue"],
        &["keygen", "--alg", "RS256"],
        &["jwks"],
        &["inspect"],
        &["inspect", "a", "b"],
        &["verify-jws", "a.b.c"],
        &["check-token", "a.b.c"],
        &["check-config"],
        &["check-rules"],
        &["map-user", "alice"],
        &["revoke", "--file", "a"],
        &["revoke", "--sub", "a"],
        &["revoke", "--file", "a", "--sub", "a", "--kid", "b"],
        &["inspect", "--no-such-option", "a"],
    ] {
        assert_eq!(run(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn two_dashes_end_the_options() {
    assert_eq!(run(&["inspect", "--json", "--", "--help"]).expect_code(1).json()["reason"], "MALFORMED_TOKEN");
    // A single dash still means standard input.
    let answer = run_with_input(&["inspect", "--json", "--", "-"], b"a.b.c.d.e").expect_code(1);
    assert_eq!(answer.json()["reason"], "ENCRYPTED_TOKEN");
}

#[test]
fn failures_are_json_if_json_was_requested() {
    let folder = Folder::new("json_failures");
    let missing = folder.path("missing");
    let answer = run(&["issue", "--json", "--key", &missing]).expect_code(2);
    assert!(answer.json()["error"].as_str().unwrap().contains("missing: cannot be read"));
    assert!(answer.err.contains("missing: cannot be read"));
    let answer = run(&["check-token", "--json", "--config", &missing, "x"]).expect_code(2);
    assert_eq!(answer.json()["problems"][0]["file"], missing);
}

/// `nativejwt … | head -0` must not end in a panic.
#[test]
fn a_closed_pipe_is_not_a_crash() {
    let token = unsigned(r#"{"alg":"RS256"}"#, &format!("{{\"x\":\"{}\"}}", "y".repeat(200_000)));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_nativejwt"));
    let output = command.args(["inspect", "-"]).stdin(Stdio::piped()).stdout(writer).stderr(Stdio::piped());
    let mut child = output.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), token.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

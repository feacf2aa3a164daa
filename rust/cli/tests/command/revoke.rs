// SPDX-License-Identifier: Apache-2.0
//! `revoke`: what it writes, what it keeps, and that coordinators read it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::thread;

use crate::support::*;

/// A folder with an empty revocation file, and the file's path.
fn with_file(name: &str, content: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    let file = folder.write("revoked", content);
    (folder, file)
}

fn revoke(file: &str, arguments: &[&str]) -> Answer {
    run(&[&["revoke", "--file", file], arguments].concat())
}

#[test]
fn an_entry_of_each_kind_is_written_and_counts() {
    let (folder, file) = with_file("revoke_kinds", "");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("revocation-file", &file)]);
    let claims = ["--claim", "sub=alice", "--claim", "jti=t 1", "--claim", "sid=s1", "--claim", "iss=https://i"];
    let token = issue(&keys.private, &[&claims[..], &["--kid", "k1"]].concat());
    assert_eq!(verdict(&config, &token)["accepted"], true);
    for (arguments, line) in [
        (&["--jti", "t 1"][..], "jti=\"t 1\""),
        (&["--sub", "alice"], "sub=alice"),
        (&["--sub", "alice", "--issuer", "https://i"], "sub=alice issuer=https://i"),
        (&["--sid", "s1", "--until", "2100-01-01T00:00:00Z"], "sid=s1 until=2100-01-01T00:00:00Z"),
        (&["--kid", "k1", "--issued-before", "4102444800"], "kid=k1 issued-before=2100-01-01T00:00:00Z"),
        (&["--iss", "https://i", "--comment", " who: \"x\" # y "], "iss=https://i # who: \"x\" # y"),
    ] {
        fs::write(&file, "").unwrap();
        let text = revoke(&file, arguments).expect_code(0).text();
        let entry = line.split(" #").next().unwrap();
        assert!(text.starts_with(&format!("added: {entry}\n{file}: 1 entry is in force. The SHA-256")), "{text}");
        assert!(text.contains("within 5 seconds") && text.contains("kill them"), "{text}");
        assert_eq!(text.contains("The entry has no end"), !arguments.contains(&"--until"), "{text}");
        assert_eq!(folder.read("revoked"), format!("{line}\n"));
        let verdict = verdict(&config, &token);
        assert_eq!(verdict["reason"], "TOKEN_REVOKED", "{arguments:?}");
        assert!(
            verdict["hint"].as_str().unwrap().contains(&format!("line 1 of revocation-file has the entry {entry}"))
        );
    }
    let text = run(&["check-token", "--config", &config, "--", &token]).expect_code(1).text();
    assert!(text.contains("\nrevocation    REJECTED  The token was revoked\n"), "{text}");
    fs::write(&file, "# nobody\n").unwrap();
    let text = run(&["check-token", "--config", &config, "--", &token]).expect_code(0).text();
    assert!(text.contains("\nrevocation    ok        not revoked\n"), "{text}");
}

#[test]
fn a_token_is_named_by_its_signing_input_until_no_coordinator_accepts_it() {
    let (folder, file) = with_file("revoke_token", "");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("revocation-file", &file)]);
    let [first, other] = ["alice", "bob"]
        .map(|user| issue(&keys.private, &["--claim", &format!("sub={user}"), "--claim", "exp=4102444800"]));
    let answer = run_with_input(&["revoke", "--json", "--file", &file, "-"], format!("{first}\n").as_bytes());
    let answer = answer.expect_code(0).json();
    assert_eq!((&answer["added"], &answer["in_force"], &answer["dropped"]), (&true.into(), &1.into(), &0.into()));
    let entry = answer["entry"].as_str().unwrap();
    assert!(entry.starts_with("token=") && entry.ends_with(" until=2100-01-01T01:00:00Z"), "{entry}");
    assert_eq!(folder.read("revoked"), format!("{entry}\n"));
    assert_eq!(verdict(&config, &first)["reason"], "TOKEN_REVOKED");
    assert_eq!(verdict(&config, &other)["accepted"], true);
    // The file of the answer's digest is the one that a coordinator logs.
    let notes = run(&["check-config", "--json", &config]).expect_code(0).json()["notes"].to_string();
    assert!(notes.contains(answer["sha256"].as_str().unwrap()), "{notes}");
    assert!(!folder.read("revoked").contains(&first[..20]));

    let expired = issue(&keys.private, &["--claim", "sub=alice", "--ttl", "-2h"]);
    let text = revoke(&file, &["--", &expired]).expect_code(0).text();
    assert!(text.starts_with("not added: no coordinator has accepted this token since "), "{text}");
    let endless = issue(&keys.private, &["--claim", "sub=alice", "--ttl", "none"]);
    assert!(revoke(&file, &["--", &endless]).expect_code(0).text().contains("The entry has no end"));
    for wrong in ["x", "a.b.c", ""] {
        revoke(&file, &["--", wrong]).expect_error("TOKEN: is not a token: ");
    }
}

#[test]
fn now_includes_the_tokens_of_the_present_second() {
    let (folder, file) = with_file("revoke_now", "");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("revocation-file", &file)]);
    let token = issue(&keys.private, &["--claim", "sub=alice"]);
    revoke(&file, &["--sub", "alice", "--issued-before", "now", "--until", "8h"]).expect_code(0);
    assert_eq!(verdict(&config, &token)["reason"], "TOKEN_REVOKED");
    let later = part(&token, 1)["iat"].as_i64().unwrap() + 2;
    let token = issue(&keys.private, &["--claim", "sub=alice", "--claim", &format!("iat={later}")]);
    assert_eq!(verdict(&config, &token)["accepted"], true);
}

#[test]
fn ended_entries_are_dropped_and_everything_else_is_kept_as_it_is() {
    let content = concat!(
        "# The list of incidents, \"as it is\".\r\n",
        "\n",
        "  jti=a   # INC-1\n",
        "jti=b until=2026-01-01T00:00:00Z # INC-2\n",
        "sub=\"c\" until=2026-01-01T00:00:00Z\n",
        "sid=d until=2100-01-01T00:00:00Z",
    );
    let (folder, file) = with_file("revoke_kept", content);
    let text = revoke(&file, &["--sub", "eve"]).expect_code(0).text();
    assert!(text.contains(": 3 entries are in force, 2 that have ended were dropped. The"), "{text}");
    let kept =
        "# The list of incidents, \"as it is\".\r\n\n  jti=a   # INC-1\nsid=d until=2100-01-01T00:00:00Z\nsub=eve\n";
    assert_eq!(folder.read("revoked"), kept);
    let text = revoke(&file, &["--sub", "eve", "--comment", "again"]).expect_code(0).text();
    assert!(text.starts_with("in the file already: sub=eve\n"), "{text}");
    assert_eq!(folder.read("revoked"), kept);
}

#[test]
fn a_file_with_an_error_is_left_as_it_is() {
    let content = "sub=a\nuser=b\nsub=c until=x\n";
    let (folder, file) = with_file("revoke_broken", content);
    let answer = revoke(&file, &["--sub", "eve"]);
    answer.expect_error(&format!("{file}:2: begins with 'user'"));
    answer.expect_error(&format!("{file}:3: has the time 'x' as until"));
    assert_eq!(folder.read("revoked"), content);
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 1, "nothing else is left");
    revoke(&folder.path("none"), &["--sub", "eve"]).expect_error("none: cannot be changed: No such file");
    revoke(&folder.path(""), &["--sub", "eve"]).expect_error("cannot be changed: it is not a regular file");
    for (wrong, message) in [
        (&["--sub", " "][..], "the entry has no value behind 'sub'="),
        (&["--sub", "a", "--until", "2020-01-01T00:00:00Z"], "has passed, so the entry would shut out nothing"),
        (&["--sub", "a", "--until", "-1h"], ""),
        (&["--sub", "a", "--until", "soon"], "nor a duration, such as 8h"),
        (&["--sub", "a", "--issued-before", "yesterday"], "is neither RFC 3339"),
        (&["--sub", "a", "--comment", "b\nsub=c"], "has a line end"),
        (&["--iss", "a", "--issuer", "b"], "cannot be used with"),
    ] {
        let answer = revoke(&file, wrong).expect_code(2);
        assert!(answer.err.contains(message), "{wrong:?}: {}", answer.err);
    }
    assert_eq!(folder.read("revoked"), content);
}

#[test]
fn a_link_stays_and_the_file_behind_it_keeps_mode_and_owner() {
    let (folder, file) = with_file("revoke_link", "");
    fs::create_dir(folder.path("links")).unwrap();
    let link = folder.path("links/link");
    symlink("../revoked", &link).unwrap();
    set_mode(&file, 0o640);
    let before = fs::metadata(&file).unwrap();
    revoke(&link, &["--sub", "eve"]).expect_code(0);
    let after = fs::metadata(&file).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(folder.read("revoked"), "sub=eve\n");
    assert_eq!((after.uid(), after.gid(), after.permissions().mode()), (before.uid(), before.gid(), 0o100_640));
    assert_ne!(after.ino(), before.ino(), "the file was replaced as a whole");
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn calls_at_the_same_time_lose_no_entry() {
    let (folder, file) = with_file("revoke_race", "");
    thread::scope(|scope| {
        for number in 0..12 {
            let file = &file;
            scope.spawn(move || revoke(file, &["--sub", &format!("user-{number}")]).expect_code(0));
        }
    });
    let mut lines: Vec<_> = folder.read("revoked").lines().map(str::to_owned).collect();
    lines.sort();
    let mut expected: Vec<_> = (0..12).map(|number| format!("sub=user-{number}")).collect();
    expected.sort();
    assert_eq!(lines, expected);
}

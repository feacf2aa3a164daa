// SPDX-License-Identifier: Apache-2.0
use std::fs;
use std::process::Command;

use serde_json::json;

use crate::support::*;

#[test]
fn the_verdict_in_json_has_a_fixed_shape() {
    let folder = Folder::new("verdict_shape");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[
        property("key-file", &keys.public),
        property("principal-field", "email"),
        property("user-mapping.pattern", "(.*)@corp\\\\.example"),
    ]);
    let token = issue(
        &keys.private,
        &[
            "--kid",
            "k1",
            "--claim",
            "email=alice@corp.example",
            "--claim",
            "iss=https://idp.example",
            "--claim",
            "exp=4000000000",
        ],
    );
    let answer = run(&["check-token", "--json", "--config", &config, &token]).expect_code(0);
    assert_eq!(
        answer.line(),
        r#"{"accepted":true,"principal":"alice@corp.example","user":"alice","groups":[],"issuer":"https://idp.example","kid":"k1","alg":"ES256","expires_at":4000000000,"warnings":[]}"#
    );
    assert_eq!(answer.err, "");

    let expired = issue(&keys.private, &["--claim", "email=alice@corp.example", "--claim", "exp=1"]);
    let answer = run(&["--json", "check-token", "--config", &config, "--at", "3", &expired]).expect_code(1);
    assert_eq!(
        answer.json(),
        json!({
            "accepted": false, "reason": "TOKEN_EXPIRED", "number": 403, "step": "claims",
            "hint": "exp is 1, which is a time in the year 1970: have the issuer write the seconds from 1970 to the time at which the token expires",
            "message": "JWT expired 2000 milliseconds ago at 1970-01-01T00:00:01.000Z. Current time: 1970-01-01T00:00:03.000Z. Allowed clock skew: 0 milliseconds.",
        })
    );
}

#[test]
fn every_step_up_to_the_failing_one_is_printed() {
    let folder = Folder::new("steps");
    let (keys, others) = (folder.keygen("RS256"), folder.keygen("RS384"));
    let config = folder.config(&[
        property("key-file", &keys.public),
        property("required-issuer", "i"),
        property("required-audience", "a"),
        property("user-mapping.pattern", "([a-z]*)"),
    ]);
    let good: &[&str] = &["--claim", "sub=alice", "--claim", "iss=i", "--claim", "aud=a"];
    let signed = |key: &str, arguments: &[&str]| issue(key, arguments);
    let names = ["bearer token", "parts", "header", "key", "signature", "claims", "principal", "user"];
    let with = |claims: &[&'static str]| -> Vec<String> {
        let mut token = Vec::new();
        for claim in claims {
            token.extend(["--claim".to_owned(), (*claim).to_owned()]);
        }
        token
    };
    let issue_with = |claims: &[&'static str]| {
        let arguments = with(claims);
        signed(&keys.private, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let token = signed(&keys.private, good);
    let (header, rest) = token.split_once('.').unwrap();
    for (token, passed, reason) in [
        (token.clone(), 8, None),
        (String::new(), 0, Some("NO_BEARER_TOKEN")),
        ("garbage".to_owned(), 1, Some("MALFORMED_TOKEN")),
        (format!("{token}.x.y"), 1, Some("ENCRYPTED_TOKEN")),
        (format!("{}.{rest}", encoded(r#"{"alg":"none"}"#)), 2, Some("UNSECURED_TOKEN")),
        (format!("{}.{rest}", encoded(r#"{"alg":"HS256"}"#)), 3, Some("NO_HMAC_KEY")),
        (signed(&others.private, good), 4, Some("SIGNATURE_MISMATCH")),
        (format!("{header}.{rest}!"), 3, Some("MALFORMED_BASE64")),
        (issue_with(&["sub=alice", "iss=i", "aud=a", "exp=1"]), 5, Some("TOKEN_EXPIRED")),
        (issue_with(&["sub=alice", "iss=other", "aud=a"]), 5, Some("WRONG_ISSUER")),
        (issue_with(&["sub=alice", "iss=i", "aud=b"]), 5, Some("WRONG_AUDIENCE")),
        (issue_with(&["iss=i", "aud=a"]), 6, Some("MISSING_PRINCIPAL")),
        (issue_with(&["sub=ALICE", "iss=i", "aud=a"]), 7, Some("NO_MAPPING_MATCHES")),
    ] {
        let answer = run(&["check-token", "--config", &config, "--", &token]);
        let text = answer.text();
        let lines: Vec<&str> = text.lines().collect();
        for (index, name) in names.iter().enumerate().take(passed) {
            assert!(lines[index].starts_with(&format!("{name:<12}  ok ")), "{text}");
        }
        match reason {
            None => {
                assert_eq!(answer.code, 0);
                assert_eq!(lines.last(), Some(&"accepted: Trino user alice"));
            }
            Some(reason) => {
                assert_eq!(answer.code, 1, "{text}");
                assert!(lines[passed].contains("  REJECTED  "), "{text}");
                assert!(text.contains(&format!("rejected: {reason} (")), "{text}");
                assert!(lines.last().unwrap().starts_with("hint: "), "{text}");
                assert_eq!(lines.iter().filter(|line| line.contains("REJECTED")).count(), 1);
            }
        }
    }
}

/// The line with REJECTED has the step that rejected the token.
#[test]
fn the_failing_step_is_named() {
    let folder = Folder::new("failing_step");
    let keys = folder.keygen("ES256");
    let file = |name: &str, lines: &[String]| {
        folder.write(name, format!("header-authenticator.name=native-jwt\n{}\n", lines.join("\n")))
    };
    let with_rules = &file(
        "rules.properties",
        &[
            property("key-file", &keys.public),
            property("allowed-algorithms", "ES256"),
            property("groups-field", "groups"),
            property("pass-through.credential-name", "token"),
            property("pass-through.minimum-lifetime", "5m"),
        ],
    );
    let issuer = folder
        .write("issuer.properties", property("key-file", &keys.public) + "\n" + &property("required-issuer", "i"));
    let several = file("several.properties", &[property("config-files", &issuer)]);
    let config = folder.config_of_key(&keys.public);
    let signed = |claims: &[&str]| {
        let claims: Vec<&str> = claims.iter().flat_map(|claim| ["--claim", *claim]).collect();
        issue(&keys.private, &claims)
    };
    let good = signed(&["sub=alice"]);
    let (header, rest) = good.split_once('.').unwrap();
    for (config, token, step) in [
        (&config, String::new(), "bearer token"),
        (&config, "a.b".to_owned(), "parts"),
        (&config, format!("{header}=.{rest}"), "base64url"),
        (&config, format!("{header}.!{rest}"), "base64url"),
        (&config, format!("{good}="), "base64url"),
        (&config, unsigned("{}", "{}"), "header"),
        (&several, signed(&["sub=alice", "iss=j"]), "issuer"),
        (&several, signed(&["sub=alice"]), "issuer"),
        (with_rules, unsigned(r#"{"alg":"RS256"}"#, "{}"), "header rules"),
        (&config, unsigned(r#"{"alg":"RS256"}"#, "{}"), "key"),
        (&config, unsigned(r#"{"alg":"ES256"}"#, "{}"), "signature"),
        (&config, signed(&["nbf=4000000000"]), "claims"),
        (&config, signed(&["sub=7"]), "claims"),
        (with_rules, issue(&keys.private, &["--claim", "sub=alice", "--ttl", "1m"]), "pass-through"),
        (&config, signed(&[]), "principal"),
        (&config, signed(&["sub=a\u{2028}b"]), "user"),
        (with_rules, signed(&["sub=a-b"]), "pass-through"),
        (with_rules, signed(&["sub=alice", "groups=7"]), "groups"),
    ] {
        let text = run(&["check-token", "--config", config, "--", &token]).expect_code(1).text();
        let line = text.lines().find(|line| line.contains("REJECTED")).unwrap();
        assert!(line.starts_with(&format!("{step:<12}  REJECTED")), "{step}: {text}");
    }
}

#[test]
fn groups_are_shown_as_what_they_are() {
    let folder = Folder::new("groups");
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("groups-field", "groups")]);
    let many: Vec<String> = (0..25).map(|number| format!("g{number}")).collect();
    let many = serde_json::to_string(&many).unwrap();
    for (groups, shown) in [
        (None, "none: there is no claim 'groups'"),
        (Some("[]"), "none: the claim 'groups' is an empty list"),
        (Some(r#"["Domain Admins","a,b"]"#), "2: 'Domain Admins', 'a,b'"),
        (Some(&*many), "'g19', and 5 more"),
    ] {
        let claim = groups.map(|groups| format!("groups={groups}"));
        let mut arguments = vec!["--claim", "sub=alice"];
        arguments.extend(claim.iter().flat_map(|claim| ["--claim", claim]));
        let text = run(&["check-token", "--config", &config, &issue(&keys.private, &arguments)]).expect_code(0).text();
        let line = text.lines().find(|line| line.starts_with("groups        ok        ")).unwrap();
        assert!(line.ends_with(shown), "{text}");
        assert_eq!(text.lines().last(), Some("accepted: Trino user alice"));
    }
    // Without groups-field, groups are not read.
    let config = folder.config_of_key(&keys.public);
    let token = issue(&keys.private, &["--claim", "sub=alice", "--claim", "groups=7"]);
    assert!(!run(&["check-token", "--config", &config, &token]).expect_code(0).text().contains("groups"));
}

#[test]
fn a_token_from_standard_input_loses_its_line_end() {
    let folder = Folder::new("stdin");
    let keys = folder.keygen("EdDSA");
    let config = folder.config_of_key(&keys.public);
    let token = issue(&keys.private, &["--claim", "sub=alice"]);
    for (input, code) in [
        (token.clone().into_bytes(), 0),
        (format!("{token}\n").into_bytes(), 0),
        (format!("{token}\r\n").into_bytes(), 0),
        (b"".to_vec(), 1),
        (b"\n".to_vec(), 1),
        ([token.as_bytes(), b"\xff\xfe"].concat(), 1),
        (b"\xff.\xff.\xff".to_vec(), 1),
        (vec![b'a'; 3 * 1024 * 1024], 1),
    ] {
        let answer = run_with_input(&["check-token", "--json", "--config", &config, "-"], &input).expect_code(code);
        assert_eq!(answer.json()["accepted"], code == 0);
        let text = run_with_input(&["check-token", "--config", &config, "-"], &input).expect_code(code).text();
        assert!(!text.contains(&token), "the token is not shown");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_argument_that_is_not_utf8_is_a_rejected_token() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::new("argument_bytes");
    let config = folder.config_of_key(&folder.keygen("EdDSA").public);
    let mut command = Command::new(env!("CARGO_BIN_EXE_nativejwt"));
    command.args(["check-token", "--json", "--config", &config]).arg(std::ffi::OsStr::from_bytes(b"\xff.a.b"));
    assert_eq!(finish(command, b"").expect_code(1).json()["reason"], "MALFORMED_BASE64");
}

#[test]
fn the_time_is_an_argument_in_two_forms() {
    let folder = Folder::new("at");
    let keys = folder.keygen("HS256");
    let config = folder.config_of_key(&keys.public);
    let token = issue(&keys.private, &["--claim", "sub=alice", "--claim", "nbf=1000", "--claim", "exp=2000"]);
    for (at, reason) in [
        ("999.999", Some("TOKEN_NOT_YET_VALID")),
        ("1000", None),
        ("1970-01-01T00:33:20Z", None),
        ("1970-01-01T01:33:20.001+01:00", Some("TOKEN_EXPIRED")),
        ("2000.001", Some("TOKEN_EXPIRED")),
        ("-1", Some("TOKEN_NOT_YET_VALID")),
    ] {
        let answer = run(&["check-token", "--json", "--config", &config, "--at", at, &token]);
        assert_eq!(answer.json()["reason"].as_str(), reason, "{at}");
    }
    for at in ["yesterday", "2026-13-01T00:00:00Z", ""] {
        let answer = run(&["check-token", "--config", &config, "--at", at, &token]).expect_code(2);
        assert!(answer.err.contains("is neither RFC 3339"), "{}", answer.err);
    }
}

#[test]
fn only_our_properties_of_a_config_properties_are_read() {
    let folder = Folder::new("config_properties");
    let keys = folder.keygen("ES256");
    let token = issue(&keys.private, &["--claim", "sub=alice", "--claim", "iss=i"]);
    let common = "coordinator=true\nhttp-server.https.keystore.key=${VAULT:x}\ninternal-communication.shared-secret=${ENV:NATIVEJWT_TEST_NONE}\nhttp-server.authentication.type=JWT\n";
    for (lines, accepted) in [
        (format!("http-server.authentication.jwt.key-file={}", keys.public), true),
        (format!("http.authentication.jwt.key-file={}\nhttp.authentication.jwt.required-issuer=i", keys.public), true),
        (format!("http.authentication.jwt.key-file={}\nhttp.authentication.jwt.required-issuer=j", keys.public), false),
    ] {
        let config = folder.write("config.properties", format!("{common}{lines}\n"));
        assert_eq!(verdict(&config, &token)["accepted"], accepted, "{lines}");
    }
    let config =
        folder.write("config.properties", format!("{common}http-server.authentication.jwt.key-fil={}\n", keys.public));
    let answer = run(&["check-token", "--config", &config, &token]);
    answer.expect_error("config.properties:5: http-server.authentication.jwt.key-fil is not a known property; did you mean http-server.authentication.jwt.key-file?");
    answer.expect_error("http-server.authentication.jwt.key-file is not set");
}

#[test]
fn all_properties_of_a_plugin_file_are_checked() {
    let folder = Folder::new("plugin_file");
    let keys = folder.keygen("ES256");
    let token = issue(&keys.private, &["--claim", "sub=alice"]);
    let config = folder.config(&[property("key-file", &keys.public), "coordinator=true".to_owned()]);
    run(&["check-token", "--config", &config, &token])
        .expect_error("native-jwt.properties:3: coordinator is not a known property");
    let other = folder.write("other.properties", "\nheader-authenticator.name=saml\n");
    run(&["check-token", "--config", &other, &token]).expect_error(
        "other.properties:2: header-authenticator.name is 'saml', which is another plugin: nativejwt's name is native-jwt",
    );
}

#[test]
fn values_come_from_the_environment_as_in_the_coordinator() {
    let folder = Folder::new("environment");
    let keys = folder.keygen("ES256");
    let token = issue(&keys.private, &["--claim", "sub=alice", "--claim", "aud=x-trino-y"]);
    let config = folder.config(&[
        property("key-file", "${ENV:NATIVEJWT_KEYS}/public.pem"),
        property("required-audience", "x-${env:NATIVEJWT_AUDIENCE}-y"),
    ]);
    let keys_folder = folder.path("ES256");
    let arguments = ["check-token", "--json", "--config", &config, &token];
    let with = |audience: &str| {
        run_with(&arguments, b"", &[("NATIVEJWT_KEYS", &keys_folder), ("NATIVEJWT_AUDIENCE", audience)])
    };
    assert_eq!(with("trino").expect_code(0).json()["accepted"], true);
    assert_eq!(with("other").expect_code(1).json()["reason"], "WRONG_AUDIENCE");

    // All missing variables are reported together, as text and as JSON.
    let answer = run(&arguments);
    answer.expect_error("native-jwt.properties:2: http-server.authentication.jwt.key-file refers to the environment variable NATIVEJWT_KEYS, which is not set");
    answer.expect_error("native-jwt.properties:3: http-server.authentication.jwt.required-audience refers to");
    let problems = &answer.json()["problems"];
    assert_eq!(problems[1]["line"], 3);
    assert_eq!(problems[1]["key"], "http-server.authentication.jwt.required-audience");
    assert_eq!(problems[1]["file"], config);

    let config = folder.config(&[property("key-file", "${vault:x}")]);
    run(&["check-token", "--config", &config, &token])
        .expect_error("provider 'vault', which only the coordinator can query");
}

#[test]
fn relative_paths_start_at_the_current_directory() {
    let folder = Folder::new("relative");
    let keys = folder.keygen("ES256");
    let config = folder.config_of_key("ES256/public.pem");
    let token = issue(&keys.private, &["--claim", "sub=alice"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_nativejwt"));
    command.args(["check-token", "--config", &config, &token]).current_dir(folder.path("."));
    finish(command, b"").expect_code(0);
    run(&["check-token", "--config", &config, &token]).expect_error("ES256/public.pem");
}

#[test]
fn a_key_file_for_each_key_id() {
    let folder = Folder::new("template");
    let keys = folder.keygen("ES256");
    fs::copy(&keys.public, folder.path("a_b.pem")).unwrap();
    let config = folder.config_of_key(&folder.path("${KID}.pem"));
    let token = |arguments: &[&str]| issue(&keys.private, &[&["--claim", "sub=alice"], arguments].concat());
    assert_eq!(verdict(&config, &token(&["--kid", "a/b"]))["accepted"], true);
    assert_eq!(verdict(&config, &token(&["--kid", "c"]))["reason"], "UNKNOWN_KEY_ID");
    assert_eq!(verdict(&config, &token(&[]))["reason"], "UNKNOWN_KEY_ID");
    fs::copy(&keys.public, folder.path("default-key.pem")).unwrap();
    assert_eq!(verdict(&config, &token(&[]))["accepted"], true);
}

#[test]
fn control_characters_are_escaped() {
    let folder = Folder::new("terminal");
    let keys = folder.keygen("HS256");
    let config = folder.config(&[property("key-file", &keys.public), property("required-issuer", "i")]);
    let evil = "\u{1b}[31m\u{202e}\u{9b}2J";
    let key = jsonwebtoken::EncodingKey::from_base64_secret(folder.read("HS256/secret.b64").trim()).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some(evil.to_owned());
    for (issuer, accepted) in [(evil, false), ("i", true)] {
        // A principal cannot have ASCII control characters.
        let token =
            jsonwebtoken::encode(&header, &json!({"iss": issuer, "sub": evil.replace('\u{1b}', "")}), &key).unwrap();
        assert_eq!(verdict(&config, &token)["accepted"], accepted);
        for call in [
            &["check-token", "--config", &config][..],
            &["check-token", "--json", "--config", &config],
            &["inspect"],
            &["inspect", "--json"],
            &["verify-jws", "--json", "--key", &keys.public],
        ] {
            let text = run(&[call, &[&token]].concat()).text();
            assert!(text.contains("31m"), "{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text:?}");
        }
    }
}

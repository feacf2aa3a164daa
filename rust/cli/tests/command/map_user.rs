// SPDX-License-Identifier: Apache-2.0
use crate::support::*;

const RULES: &str = r#"{"rules": [
  {"pattern": "root", "allow": false},
  {"pattern": "(.*)@corp\\.example", "user": " $1 ", "case": "upper"},
  {"pattern": "x(.*)", "user": "$1"}
]}"#;

#[test]
fn every_principal_is_mapped_in_order() {
    let folder = Folder::new("map_order");
    let rules = folder.write("rules.json", RULES);
    let answer = run(&["map-user", "--json", "--file", &rules, "alice@corp.example", "root", "nobody", "x", "xbob"])
        .expect_code(1);
    let text = answer.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"principal":"alice@corp.example","user":"ALICE"}"#,
            r#"{"principal":"root","rejected":"PRINCIPAL_NOT_ALLOWED","number":602,"message":"Principal is not allowed"}"#,
            r#"{"principal":"nobody","rejected":"NO_MAPPING_MATCHES","number":601,"message":"No user mapping patterns match the principal"}"#,
            r#"{"principal":"x","rejected":"MAPPED_USER_EMPTY","number":603,"message":"Principal matched, but mapped user is empty"}"#,
            r#"{"principal":"xbob","user":"bob"}"#,
        ]
    );
    run(&["map-user", "--file", &rules, "alice@corp.example", "xbob"]).expect_code(0);
}

#[test]
fn the_rule_and_its_result_are_printed() {
    let folder = Folder::new("map_words");
    let rules = folder.write("rules.json", RULES);
    let text =
        run(&["map-user", "--file", &rules, "--", "alice@corp.example", "root", "x", "nobody"]).expect_code(1).text();
    assert!(text.contains("alice@corp.example\n  rule 2 matches and returns ' alice '\n  user ALICE\n"), "{text}");
    assert!(
        text.contains(
            "root\n  rule 1 decides\n  rejected: PRINCIPAL_NOT_ALLOWED (602): Principal is not allowed\n  hint: "
        ),
        "{text}"
    );
    assert!(text.contains("x\n  rule 3 decides\n  rejected: MAPPED_USER_EMPTY"), "{text}");
    assert!(text.contains("nobody\n  rejected: NO_MAPPING_MATCHES"), "{text}");
    let text = run(&["map-user", "--file", &rules, "ROOT"]).expect_code(1).text();
    assert!(text.contains("  hint: it would match in another case"), "{text}");
}

#[test]
fn a_pattern_returns_its_first_group() {
    let answer = run(&["map-user", "--json", "--pattern", "-(.*)", "--", "-alice"]).expect_code(0);
    assert_eq!(answer.json()["user"], "alice");
    let answer = run(&["map-user", "--json", "--pattern", "(.*)", "a\u{1b}[31m"]).expect_code(0);
    assert!(answer.line().starts_with(r#"{"principal":"a\u001b[31m","user":"a\u001b[31m","warning":"#), "{answer:?}");
}

/// The mapping runs, and trims as in Trino. A coordinator with nativejwt rejects such a principal earlier.
#[test]
fn a_principal_that_a_coordinator_rejects_before_the_mapping_has_a_warning() {
    let map = |principal: &str| run(&["map-user", "--pattern", "(.*)", principal]).expect_code(0).text();
    let warning = "  warning: a coordinator rejects this principal before the mapping: it ";
    for (principal, what) in [("alice ", "ends with a blank"), ("a\u{7f}", "contains the control character U+007F")] {
        let text = map(principal);
        assert!(text.contains(&format!("{warning}{what}\n")) && text.contains("\n  user a"), "{text}");
        let answer = run(&["map-user", "--json", "--pattern", "(.*)", principal]).expect_code(0);
        assert!(answer.json()["warning"].as_str().unwrap().ends_with(what), "{answer:?}");
    }
    assert!(!map("alice liddell").contains("warning"));
    let answer = run(&["map-user", "--json", "--pattern", "(.*)", "alice"]).expect_code(0);
    assert_eq!(answer.line(), r#"{"principal":"alice","user":"alice"}"#);
}

/// A coordinator rejects it before the mapping.
#[test]
fn a_principal_beyond_the_limit_is_rejected() {
    let principal = |bytes: usize| run(&["map-user", "--json", "--pattern", "(.*)", &"a".repeat(bytes)]);
    principal(4096).expect_code(0);
    assert_eq!(principal(4097).expect_code(1).json()["rejected"], "PRINCIPAL_TOO_LONG");
}

#[test]
fn wrong_rules_are_named_with_their_lines() {
    let folder = Folder::new("map_errors");
    run(&["map-user", "--pattern", "(", "alice"]).expect_error("--pattern has an invalid pattern");
    let rules = folder.write("rules.json", "{\"rules\":[\n{\"pattern\":\"(\"},\n{\"pattern\":\"[\"}]}");
    let answer = run(&["map-user", "--json", "--file", &rules, "alice"]);
    answer.expect_error(&format!("{rules}:2: "));
    answer.expect_error(&format!("{rules}:3: "));
    assert_eq!(answer.json()["problems"].as_array().unwrap().len(), 2);
    run(&["map-user", "--file", &folder.path("missing"), "alice"]).expect_error("missing: cannot be read");
}

#[test]
fn rules_come_from_one_place() {
    for arguments in [&["alice"][..], &["--pattern", "a", "--file", "b", "alice"], &["--pattern", "a"]] {
        run(&[&["map-user"], arguments].concat()).expect_code(2);
    }
}

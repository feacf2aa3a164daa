// SPDX-License-Identifier: Apache-2.0
use crate::support::*;

const RULES: &str = r#"{
  "rules": [
    {"description": "shut out", "conditions": [{"claim": "sub", "equals": "mallory"}], "allow": false, "message": "Ask security"},
    {"conditions": [{"scope": "trino"}, {"claim": "tenant", "one_of": ["ours"]}], "allow": true,
     "user": {"claim": "sub", "pattern": "(.+)", "user": "$1", "case": "upper"}, "groups": ["staff"]},
    {"conditions": [{"not": {"claim": "level", "max": 2}}, {"max_age": "1h"}], "allow": true}
  ],
  "otherwise": {"allow": false}
}"#;

fn check(name: &str, arguments: &[&str], claims: &str) -> Answer {
    let folder = Folder::new(name);
    let rules = folder.write("rules.json", RULES);
    run_with(&[&["check-rules", &rules], arguments].concat(), claims.as_bytes(), &[])
}

#[test]
fn each_rule_is_printed_up_to_the_one_that_decides() {
    let claims = r#"{"sub": "alice", "scope": "openid trino", "tenant": "ours"}"#;
    let text = check("rules_accepted", &[], claims).expect_code(0).text();
    assert_eq!(
        text,
        "WARN: rule 3 accepts tokens whose claim 'level' is absent or of another type: condition 1 is negated, and then it \
         holds. If these tokens must not be accepted, add a condition that they do not meet\n\
         rule 1 (shut out) does not match\n  no   {\"claim\": \"sub\", \"equals\": \"mallory\"}\n\
         rule 2 matches and accepts\n  yes  {\"scope\": \"trino\"}\n  yes  {\"claim\": \"tenant\", \"one_of\": [\"ours\"]}\n\
         \naccepted: user ALICE, groups ['staff']\n"
    );
    let text = check("rules_rejected", &[], r#"{"sub": "mallory"}"#).expect_code(1).text();
    assert!(text.contains("rule 1 (shut out) matches and rejects\n  yes  "), "{text}");
    assert!(text.ends_with("\nrejected: DENIED_BY_RULE (418): Ask security\n"), "{text}");
    let text = check("rules_otherwise", &[], r#"{"level": 1}"#).expect_code(1).text();
    assert!(text.contains("\nno rule matches: otherwise decides\n\nrejected: NO_RULE_MATCHES (419): "), "{text}");
}

#[test]
fn the_time_of_the_decision_can_be_set() {
    let claims = r#"{"level": 3, "iat": 1700000000}"#;
    let text = check("rules_at", &["--at", "1700003600"], claims).expect_code(0).text();
    assert!(text.ends_with("accepted: the user of principal-field, the groups of groups-field\n"), "{text}");
    check("rules_later", &["--at", "1700003600.001"], claims).expect_code(1);
}

#[test]
fn the_decision_is_one_json_object() {
    let claims = r#"{"sub": "alice", "scope": "trino", "tenant": "ours"}"#;
    let answer = check("rules_json", &["--json"], claims).expect_code(0).json();
    assert_eq!((&answer["accepted"], &answer["rule"], &answer["user"]), (&true.into(), &2.into(), &"ALICE".into()));
    assert_eq!(answer["rules"][0]["conditions"][0]["condition"]["equals"], "mallory");
    assert_eq!((&answer["rules"][0]["matches"], &answer["rules"][1]["matches"]), (&false.into(), &true.into()));
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 1);
    let answer = check("rules_json_no", &["--json"], r#"{"sub": "mallory"}"#).expect_code(1).json();
    assert_eq!((&answer["reason"], &answer["message"]), (&"DENIED_BY_RULE".into(), &"Ask security".into()));
}

#[test]
fn claims_are_read_as_strictly_as_those_of_a_token() {
    for (claims, reason) in [
        ("[]", "MALFORMED_CLAIMS"),
        (r#"{"sub":"a","sub":"b"}"#, "DUPLICATE_MEMBER"),
        (r#"{"exp":"x"}"#, "INVALID_CLAIM"),
    ] {
        let text = check("rules_strict", &[], claims).expect_code(1).text();
        assert!(text.contains(reason) && !text.contains("no rule matches"), "{claims}: {text}");
    }
}

#[test]
fn without_claims_the_file_alone_is_checked() {
    let text = check("rules_alone", &[], "").expect_code(0).text();
    assert!(text.ends_with("rules.json: valid, warnings: 1; no claims on standard input\n"), "{text}");
    let folder = Folder::new("rules_wrong");
    let rules = folder.write("rules.json", "{\"rules\": [\n{\"allow\": 1},\n{}],\n\"otherwise\": {\"allow\": true}}");
    let answer = run(&["check-rules", &rules]).expect_code(2);
    assert!(answer.err.contains(&format!("{rules}:2: rule 1 has a number as allow")), "{answer:?}");
    assert!(answer.err.contains(&format!("{rules}:3: rule 2 has no allow")), "{answer:?}");
}

#[test]
fn a_table_of_cases_is_run() {
    let folder = Folder::new("rules_cases");
    let rules = folder.write("rules.json", RULES);
    let cases = |text: &str| folder.write("cases.json", text);
    let good = r#"[
        {"name": "ours", "claims": {"sub": "alice", "scope": "trino", "tenant": "ours"}, "allow": true, "rule": 2, "user": "ALICE",
         "groups": ["staff"]},
        {"name": "shut out", "claims": {"sub": "mallory"}, "allow": false, "message": "Ask security", "rule": 1},
        {"name": "young", "claims": {"iat": 1700000000}, "at": 1700003600, "allow": true, "rule": 3},
        {"name": "old", "claims": {"iat": 1700000000}, "at": "2023-11-14T23:13:21Z", "allow": false}
    ]"#;
    let text = run(&["check-rules", &rules, "--cases", &cases(good)]).expect_code(0).text();
    assert!(text.contains("\nok      ours\nok      shut out\n") && text.ends_with("\n4 passed, 0 failed\n"), "{text}");
    for (case, why) in [
        (r#"{"claims": {"sub": "mallory"}, "allow": true"#, "rule 1: rejected: DENIED_BY_RULE (418): Ask security"),
        (r#"{"claims": {"iat": 1}, "at": 1, "allow": false"#, "rule 3: accepted: the user of principal-field"),
        (r#"{"claims": {"iat": 1}, "at": 1, "allow": true, "rule": 2"#, "rule 3: accepted"),
        (r#"{"claims": {"iat": 1}, "at": 1, "allow": true, "user": "alice""#, "rule 3: accepted"),
        (r#"{"claims": {"iat": 1}, "at": 1, "allow": true, "groups": []"#, "rule 3: accepted"),
        (r#"{"claims": {"sub": "mallory"}, "allow": false, "message": "Other""#, "rule 1: rejected"),
        (r#"{"claims": {"level": 1}, "allow": false, "rule": 1"#, "no rule: rejected: NO_RULE_MATCHES"),
        (r#"{"claims": {"sub": 7}, "allow": false"#, "no rule: rejected: INVALID_CLAIM"),
    ] {
        let text = run(&["check-rules", &rules, "--cases", &cases(&format!("[{case}, \"name\": \"x\"}}]"))]);
        let text = text.expect_code(1).text();
        assert!(
            text.contains(&format!(", but {why}"))
                && text.contains("FAILED  x: expected ")
                && text.ends_with("\n0 passed, 1 failed\n"),
            "{text}"
        );
    }
    for (wrong, message) in [
        ("[]", "contains no case"),
        (r#"[{"name": "x", "claims": {}, "allow": true, "usr": "a"}]"#, "unknown field `usr`"),
        (r#"[{"name": "x", "claims": {}}]"#, "missing field `allow`"),
        (r#"[{"name": "x", "claims": {}, "allow": true, "at": "soon"}]"#, "the case 'x': at is neither"),
        (r#"[{"name": "x", "claims": {}, "allow": false, "user": "a"}]"#, "user and groups need"),
        (r#"[{"name": "x", "claims": {}, "allow": true, "message": "a"}]"#, "message needs"),
    ] {
        let answer = run(&["check-rules", &rules, "--cases", &cases(wrong)]).expect_code(2);
        assert!(answer.err.contains(message), "{answer:?}");
    }
}

#[test]
fn check_token_shows_the_rules_and_check_config_warns_of_them() {
    let folder = Folder::new("rules_token");
    let rules = folder.write("rules.json", RULES);
    let keys = folder.keygen("ES256");
    let config = folder.config(&[property("key-file", &keys.public), property("claim-rules.file", &rules)]);
    let token = |claims: &[&str]| {
        let claims: Vec<&str> = claims.iter().flat_map(|claim| ["--claim", *claim]).collect();
        run(&[&["issue", "--key", &keys.private], &claims[..]].concat()).expect_code(0).line()
    };
    let text = run(&["check-token", "--config", &config, &token(&["sub=mallory"])]).expect_code(1).text();
    assert!(text.contains("\nclaim rules   tried     rule 1 (shut out) matches and rejects\n"), "{text}");
    assert!(
        text.contains("\n                          yes  {\"claim\": \"sub\", \"equals\": \"mallory\"}\n"),
        "{text}"
    );
    assert!(text.contains("\nclaim rules   REJECTED  Ask security\n"), "{text}");
    assert!(text.contains("\nhint: compare the claims with the conditions above"), "{text}");
    let accepted = token(&["sub=alice", "scope=trino", "tenant=ours"]);
    let text = run(&["check-token", "--config", &config, &accepted]).expect_code(0).text();
    assert!(text.contains("rule 2 matches and accepts\n") && text.ends_with("accepted: Trino user ALICE\n"), "{text}");
    let answer = run(&["check-token", "--json", "--config", &config, &accepted]).expect_code(0).json();
    assert_eq!(answer["rules"][1]["matches"], true);
    let text = run(&["check-config", &config]).expect_code(0).text();
    assert!(text.contains("rules.json: rule 3 accepts tokens whose claim 'level' is absent"), "{text}");
    set_mode(&rules, 0o666);
    let text = run(&["check-config", &config]).expect_code(0).text();
    assert!(text.contains("a file that its group and all other users can write to"), "{text}");
}

// SPDX-License-Identifier: Apache-2.0
//! Claim rules against claims: what each condition means, what a file may hold, and a slow, plain second evaluator.

use serde_json::{Value as Json, json};

use super::*;
use crate::clock::UnixMillis;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn rules(text: &str) -> ClaimRules {
    ClaimRules::from_text(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn rule_file(rules: Json, otherwise: bool) -> String {
    json!({"rules": rules, "otherwise": {"allow": otherwise}}).to_string()
}

fn decide_at(rules: &ClaimRules, claims: &Json, now: UnixMillis, skew: i64) -> Result<Granted, (Reason, String)> {
    let (_, decision) = rules.try_claims(claims.to_string().as_bytes(), now, skew);
    decision.map_err(|rejection| (rejection.code(), rejection.message().to_owned()))
}

fn decide(rules: &ClaimRules, claims: &Json) -> Result<Granted, (Reason, String)> {
    decide_at(rules, claims, NOW, 0)
}

/// Whether a rule with this one condition lets these claims in.
fn holds(condition: Json, claims: &Json) -> bool {
    decide(&rules(&rule_file(json!([{"conditions": [condition], "allow": true}]), false)), claims).is_ok()
}

#[test]
fn a_condition_means_what_it_says_and_its_negation_the_opposite() {
    let claims = json!({
        "sub": "alice", "iss": "https://idp.example", "iat": 1_699_990_000, "exp": 1_700_003_600,
        "name": "alice", "level": 3, "ratio": 2.5, "whole": 3.0, "admin": true, "nothing": null, "empty": [],
        "groups": ["staff", "data", 7, true], "nested": {"roles": ["trino"], "tenant": "ours"},
        "scope": "openid trino", "scp": ["data.read"], "email": "alice@corp.example"
    });
    for (condition, expected) in [
        (json!({"claim": "sub", "present": true}), true),
        (json!({"claim": "nothing", "present": true}), false),
        (json!({"claim": "absent", "present": true}), false),
        (json!({"claim": "sub", "equals": "alice"}), true),
        (json!({"claim": "sub", "equals": "Alice"}), false),
        (json!({"claim": "level", "equals": 3}), true),
        (json!({"claim": "level", "equals": "3"}), false),
        (json!({"claim": "whole", "equals": 3}), true),
        (json!({"claim": "admin", "equals": true}), true),
        (json!({"claim": "admin", "equals": "true"}), false),
        (json!({"claim": "admin", "equals": 1}), false),
        (json!({"claim": "groups", "equals": "data"}), false),
        (json!({"claim": "sub", "one_of": ["bob", "alice"]}), true),
        (json!({"claim": "groups", "one_of": ["data"]}), false),
        (json!({"claim": "groups", "holds": "data"}), true),
        (json!({"claim": "groups", "holds": 7}), true),
        (json!({"claim": "groups", "holds": "7"}), false),
        (json!({"claim": "name", "holds": "alice"}), false),
        (json!({"claim": "groups", "holds_one_of": ["x", "staff"]}), true),
        (json!({"claim": "groups", "holds_all_of": ["data", "staff"]}), true),
        (json!({"claim": "groups", "holds_all_of": ["data", "x"]}), false),
        (json!({"claim": "name", "holds_all_of": ["alice"]}), false),
        (json!({"claim": "email", "pattern": "[^@]+@corp\\.example"}), true),
        (json!({"claim": "email", "pattern": "alice"}), false),
        (json!({"claim": "level", "pattern": "3"}), false),
        (json!({"claim": "groups", "holds_pattern": "da.*"}), true),
        (json!({"claim": "groups", "holds_pattern": "d"}), false),
        (json!({"claim": "level", "min": 3}), true),
        (json!({"claim": "level", "min": 3.5}), false),
        (json!({"claim": "ratio", "min": 2, "max": 2.5}), true),
        (json!({"claim": "name", "min": 0}), false),
        (json!({"claim": "groups", "max_length": 4}), true),
        (json!({"claim": "groups", "min_length": 5}), false),
        (json!({"claim": "empty", "max_length": 0}), true),
        (json!({"claim": "name", "min_length": 0}), false),
        (json!({"claim": "/nested/roles", "holds": "trino"}), true),
        (json!({"claim": "/nested/roles/0", "equals": "trino"}), true),
        (json!({"claim": "/nested/tenant", "equals": "ours"}), true),
        (json!({"claim": "nested", "present": true}), true),
        (json!({"claim": "nested", "equals": "ours"}), false),
        (json!({"claim": "nested.tenant", "equals": "ours"}), false),
        (json!({"scope": "trino"}), true),
        (json!({"scope": "data.read"}), true),
        (json!({"scope": "open"}), false),
        (json!({"issuer": "https://idp.example"}), true),
        (json!({"issuer": ["https://a", "https://idp.example"]}), true),
        (json!({"issuer": "https://idp.example/"}), false),
        (json!({"max_age": "3h"}), true),
        (json!({"max_age": "2h"}), false),
        (json!({"max_lifetime": "4h"}), true),
        (json!({"max_lifetime": "1h"}), false),
    ] {
        assert_eq!(holds(condition.clone(), &claims), expected, "{condition}");
        assert_eq!(holds(json!({"not": condition.clone()}), &claims), !expected, "not {condition}");
    }
    for condition in [json!({"max_age": "1h"}), json!({"max_lifetime": "1h"}), json!({"issuer": "a"})] {
        assert!(!holds(condition.clone(), &json!({})), "{condition}");
        assert!(holds(json!({"not": condition.clone()}), &json!({})), "not {condition}");
    }
    assert!(!holds(json!({"max_lifetime": "1h"}), &json!({"iat": 10, "exp": 9})));
}

#[test]
fn the_first_rule_whose_conditions_all_hold_decides() {
    let file = rules(
        &json!({
            "rules": [
                {"description": "shut out", "conditions": [{"claim": "sub", "equals": "mallory"}], "allow": false, "message": "ask security\n"},
                {"conditions": [{"claim": "tenant", "equals": "ours"}, {"scope": "trino"}], "allow": true},
                {"conditions": [{"claim": "tenant", "equals": "theirs"}], "allow": false}
            ],
            "otherwise": {"allow": false, "message": "ours only"}
        })
        .to_string(),
    );
    let decide = |claims| decide_at(&file, &claims, NOW, 0);
    assert_eq!(
        decide(json!({"sub": "mallory", "tenant": "ours", "scope": "trino"})),
        Err((Reason::DeniedByRule, "ask security\\u{a}".to_owned()))
    );
    assert_eq!(decide(json!({"tenant": "ours", "scope": "trino"})).unwrap().rule, Some(2));
    assert_eq!(
        decide(json!({"tenant": "theirs"})),
        Err((Reason::DeniedByRule, "A claim rule denies this token".to_owned()))
    );
    assert_eq!(decide(json!({"tenant": "ours"})), Err((Reason::NoRuleMatches, "ours only".to_owned())));
    let open = rules(r#"{"rules": [], "otherwise": {"allow": true}}"#);
    assert_eq!(decide_at(&open, &json!({}), NOW, 0), Ok(Granted::default()));
}

#[test]
fn a_rule_sets_user_and_groups_from_claims() {
    let rules = rules(
        &json!({
            "rules": [
                {
                    "conditions": [{"claim": "kind", "equals": "service"}], "allow": true,
                    "user": {"claim": "client_id", "pattern": "svc-(.+)", "user": "$1_svc", "case": "lower"},
                    "groups": ["services", "batch", "services"]
                },
                {
                    "allow": true,
                    "groups": {"claim": "groups", "pattern": "trino-(.*)", "group": "$1"}
                }
            ],
            "otherwise": {"allow": false}
        })
        .to_string(),
    );
    let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    assert_eq!(
        decide(&rules, &json!({"kind": "service", "client_id": "svc-ETL"})),
        Ok(Granted {
            rule: Some(1),
            user: Some(GrantedUser { principal: "svc-ETL".to_owned(), user: "etl_svc".to_owned() }),
            groups: texts(&["services", "batch"])
        })
    );
    for (client, reason) in [
        (json!("other"), Reason::RuleWithoutUser),
        (json!(null), Reason::RuleWithoutUser),
        (json!(7), Reason::RuleWithoutUser),
        (json!("svc-a\u{0}"), Reason::PrincipalUnusable),
    ] {
        let verdict = decide(&rules, &json!({"kind": "service", "client_id": client}));
        assert_eq!(verdict.unwrap_err().0, reason, "{client}");
    }
    for (groups, expected) in [
        (json!(["trino-a", "x", "trino-b", "trino-a", "trino-"]), Ok(texts(&["a", "b"]))),
        (json!("trino-a"), Ok(texts(&["a"]))),
        (json!(null), Ok(texts(&[]))),
        (json!(["trino-a", 7]), Err(Reason::GroupsNotText)),
        (json!({"a": 1}), Err(Reason::GroupsNotText)),
        (json!("trino- a"), Err(Reason::GroupsNotText)),
        (json!("trino-a\u{0}"), Err(Reason::GroupsNotText)),
    ] {
        let verdict = decide(&rules, &json!({"groups": groups}));
        assert_eq!(verdict.map(|granted| granted.groups).map_err(|(reason, _)| reason), expected, "{groups}");
    }
    let many: Vec<String> = (0..=1000).map(|number| format!("trino-{number}")).collect();
    assert_eq!(decide(&rules, &json!({"groups": many})).unwrap_err().0, Reason::GroupsNotText);
}

#[test]
fn a_template_is_filled_in_once() {
    for (user, subject, expected) in [
        (json!({"claim": "sub", "user": "oidc:$1"}), "jane", "oidc:jane"),
        (json!({"claim": "sub", "pattern": "(.*)", "user": "$1@corp"}), "jane", "jane@corp"),
        (json!({"claim": "sub", "pattern": "a|ab", "user": "x"}), "ab", "x"),
        (json!({"claim": "sub", "pattern": "(a)|(b)", "user": "$1-$2"}), "b", "-b"),
        (json!({"claim": "sub", "pattern": "(?x) (a) # a letter\n", "user": "$1"}), "a", "a"),
    ] {
        let rules = rules(&rule_file(json!([{"allow": true, "user": user}]), false));
        assert_eq!(decide(&rules, &json!({"sub": subject})).unwrap().user.unwrap().user, expected, "{user}");
    }
    let rules = rules(&rule_file(json!([{"allow": true, "groups": {"claim": "g", "group": "x:$1"}}]), false));
    assert_eq!(decide(&rules, &json!({"g": ["a", "b"]})).unwrap().groups.unwrap(), ["x:a", "x:b"]);
}

#[test]
fn one_audience_is_a_list() {
    let condition = json!({"claim": "aud", "holds": "trino"});
    for (claims, expected) in
        [(json!({"aud": "trino"}), true), (json!({"aud": ["a", "trino"]}), true), (json!({"aud": "a"}), false)]
    {
        assert_eq!(holds(condition.clone(), &claims), expected, "{claims}");
        assert_eq!(holds(json!({"claim": "/aud/0", "equals": "trino"}), &claims), claims == json!({"aud": "trino"}));
    }
}

#[test]
fn each_decision_is_counted() {
    let rules = rules(
        r#"{"rules": [{"conditions": [{"scope": "a"}], "allow": true}, {"conditions": [{"scope": "b"}], "allow": false}],
            "otherwise": {"allow": true}}"#,
    );
    for scope in ["a", "b", "a b", "c", ""] {
        let _ = decide(&rules, &json!({"scope": scope}));
    }
    assert_eq!(rules.hits().collect::<Vec<_>>(), [2, 1, 2]);
}

#[test]
fn rules_that_let_tokens_in_by_an_absent_claim_or_one_of_another_type_are_marked() {
    let sub = json!({"claim": "sub", "present": true});
    let not = |condition: Json| json!({"not": condition});
    let other_type = Some("whose claim 'a' is absent or of another type");
    for (conditions, allow, warning) in [
        (json!([sub]), true, None),
        (json!([not(json!({"claim": "a", "equals": 1}))]), true, other_type),
        (json!([not(json!({"claim": "a", "equals": 1}))]), false, None),
        (json!([not(json!({"claim": "a", "present": true}))]), true, None),
        // Present it may be a string.
        (json!([not(json!({"claim": "a", "holds": "x"})), {"claim": "a", "present": true}]), true, other_type),
        (json!([not(json!({"claim": "a", "holds": "x"})), {"claim": "a", "min_length": 0}]), true, None),
        (json!([not(json!({"claim": "a", "equals": "x"})), {"claim": "a", "pattern": ".*"}]), true, None),
        (json!([not(json!({"claim": "sub", "equals": "x"}))]), true, Some("without the claim 'sub'")),
        (json!([not(json!({"claim": "sub", "equals": "x"})), sub]), true, None),
        (json!([not(json!({"max_age": "1h"}))]), true, Some("without the claim 'iat'")),
        (json!([not(json!({"max_lifetime": "1h"})), {"max_age": "1d"}]), true, Some("without the claim 'exp'")),
        (json!([not(json!({"issuer": "a"}))]), true, Some("without the claim 'iss'")),
        (json!([not(json!({"scope": "a"}))]), true, None),
        // Tokens with a string pass a rule that rejects by a list.
        (json!([{"claim": "a", "holds": "x"}]), false, Some("whose claim 'a' is a string")),
        (json!([{"claim": "aud", "holds": "x"}]), false, None),
    ] {
        let rule = json!({"conditions": conditions, "allow": allow});
        let warnings = rules(&rule_file(json!([rule.clone()]), true)).warnings();
        let found = warnings.first().map_or("", |warning| &warning.message);
        assert!(warnings.len() == usize::from(warning.is_some()), "{rule}: {warnings:?}");
        assert!(warning.is_none_or(|text| found.contains(text)), "{rule}: {found}");
    }
    let deny = json!({"conditions": [{"claim": "a", "holds": "x"}], "allow": false});
    assert_eq!(rules(&rule_file(json!([deny]), false)).warnings(), [], "nothing later accepts");
    let warnings = rules(&rule_file(json!([{"allow": true}, {"conditions": [sub], "allow": false}]), false)).warnings();
    assert_eq!(warnings.iter().map(|warning| warning.rule).collect::<Vec<_>>(), [2]);
    assert!(warnings[0].message.contains("rule 2 never decides, because rule 1"), "{warnings:?}");
}

#[test]
fn blank_registered_claims_count_as_absent() {
    for (claims, present) in [(json!({"jti": " "}), false), (json!({"jti": "x"}), true), (json!({"jti": ""}), false)] {
        assert_eq!(holds(json!({"claim": "jti", "present": true}), &claims), present, "{claims}");
    }
    assert!(!holds(json!({"claim": "aud", "max_length": 9}), &json!({"aud": []})));
    assert!(holds(json!({"claim": "other", "present": true}), &json!({"other": " "})));
}

#[test]
fn many_rules_for_a_large_token_end_at_the_limit_of_steps() {
    let many = |condition: fn(usize) -> Json| {
        let rules: Vec<Json> =
            (0..10_000).map(|number| json!({"conditions": [condition(number)], "allow": false})).collect();
        self::rules(&rule_file(Json::Array(rules), true))
    };
    let scopes = many(|number| json!({"scope": format!("s{number}")}));
    let lists = many(|number| json!({"claim": "a", "holds_one_of": vec![format!("x{number}"); 100]}));
    for (rules, claims) in [(&scopes, json!({"scope": "a ".repeat(5_000)})), (&lists, json!({"a": vec!["y"; 900]}))] {
        assert_eq!(decide(rules, &claims).unwrap_err().0, Reason::RuleLimit);
    }
    assert!(decide(&scopes, &json!({"scope": "openid trino"})).is_ok());
    assert!(decide(&lists, &json!({"a": ["y"]})).is_ok());
}

#[test]
fn an_age_bounds_how_long_a_verdict_is_kept() {
    // Each verdict must hold at every time within the bounds that it came with.
    for condition in [json!({"max_age": "10s"}), json!({"not": {"max_age": "10s"}})] {
        let rules = rules(&rule_file(json!([{"conditions": [condition], "allow": true}]), false));
        for skew in [0, 3000] {
            for issued_at in -15..15 {
                let claims = json!({"iat": 1_700_000_000 + issued_at});
                let text = claims.to_string();
                let claims =
                    Claims::read(text.as_bytes(), &ClaimsPolicy::default(), Some(rules.reads()), None).unwrap();
                let verdict_at = |offset: i64| {
                    let facts = Facts::unverified(&claims, UnixMillis(NOW.0 + offset), skew);
                    let verdict = rules.decide(&facts, &mut Budget::default()).is_ok();
                    (verdict, facts.validity())
                };
                let (now, bounds) = verdict_at(0);
                assert!(bounds.holds(NOW));
                for offset in (-40_000..40_000).step_by(500).chain([-1, 1]) {
                    if bounds.holds(UnixMillis(NOW.0 + offset)) {
                        assert_eq!(verdict_at(offset).0, now, "iat {issued_at} s, skew {skew}, {offset} ms later");
                    }
                }
            }
        }
    }
}

#[test]
fn patterns_of_all_rules_share_the_steps_of_one_request() {
    let costly = json!({"conditions": [{"claim": "a", "pattern": "(?!svc-)(.*a){4}"}], "allow": true});
    let few = rules(&rule_file(json!([costly.clone()]), true));
    let many = rules(&rule_file(Json::Array(vec![costly; 20]), true));
    let claims = json!({"a": "a".repeat(40) + "!"});
    assert!(decide(&few, &claims).is_ok());
    assert_eq!(decide(&many, &claims).unwrap_err().0, Reason::RuleLimit);
}

#[test]
fn what_is_not_understood_is_an_error_with_line_rule_and_member() {
    for (rule, message) in [
        (json!({}), "rule 1 has no allow"),
        (json!({"allow": "yes"}), "rule 1 has a string as allow, which must be true or false"),
        (json!({"alow": true}), "rule 1 has the unknown member 'alow'; known are description, conditions, allow"),
        (json!({"allow": true, "message": "x"}), "a message is for who is rejected"),
        (json!({"allow": false, "groups": ["a"]}), "has \"allow\": false and sets a user or groups"),
        (json!({"allow": false, "message": ""}), "has an empty message"),
        (json!({"allow": true, "conditions": {}}), "has an object as conditions, which must be a list"),
        (json!({"allow": true, "conditions": [7]}), "condition 1 is a number, not an object"),
        (json!({"allow": true, "conditions": [{}]}), "condition 1 has none of claim, scope, issuer"),
        (json!({"allow": true, "conditions": [{"claim": "a"}]}), "condition 1 says nothing of the claim 'a'"),
        (json!({"allow": true, "conditions": [{"claim": "a", "equal": 1}]}), "has the unknown member 'equal'"),
        (json!({"allow": true, "conditions": [{"claim": "a", "equals": null}]}), "has null in equals"),
        (json!({"allow": true, "conditions": [{"claim": "a", "equals": [1]}]}), "has an array in equals"),
        (json!({"allow": true, "conditions": [{"claim": "a", "one_of": []}]}), "has an empty list as one_of"),
        (json!({"allow": true, "conditions": [{"claim": "a", "one_of": "b"}]}), "has a string as one_of"),
        (json!({"allow": true, "conditions": [{"claim": "a", "pattern": "("}]}), "has an invalid pattern"),
        (
            json!({"allow": true, "conditions": [{"claim": "a", "min": 2, "max": 1}]}),
            "has a min of 2 above its max of 1",
        ),
        (json!({"allow": true, "conditions": [{"claim": "a", "min_length": -1}]}), "has a min_length below 0"),
        (json!({"allow": true, "conditions": [{"claim": "a", "equals": 1, "holds": 1}]}), "write a condition for each"),
        (json!({"allow": true, "conditions": [{"claim": "a", "present": false}]}), "has present: false; write"),
        (
            json!({"allow": true, "conditions": [{"claim": "/a~", "present": true}]}),
            "has a claim that is not a valid JSON Pointer",
        ),
        (
            json!({"allow": true, "conditions": [{"claim": "sub", "holds": "a"}]}),
            "'sub', which is always a string, with holds, which",
        ),
        (json!({"allow": true, "conditions": [{"claim": "exp", "pattern": "1.*"}]}), "'exp', which is always a number"),
        (
            json!({"allow": true, "conditions": [{"claim": "aud", "equals": "a"}]}),
            "'aud', which is always a list, with equals",
        ),
        (json!({"allow": true, "conditions": [{"claim": "iat", "one_of": ["1", true]}]}), "which is always a number"),
        (
            json!({"allow": true, "conditions": [{"claim": "a", "max": 9_007_199_254_740_992_i64}]}),
            "has a max that is too large",
        ),
        (json!({"allow": true, "conditions": [{"claim": "a", "equals": 1e300}]}), "too large to be compared exactly"),
        (json!({"allow": true, "conditions": [{"scope": "a b"}]}), "has a scope that is empty or holds a blank"),
        (json!({"allow": true, "conditions": [{"scope": "a", "claim": "b"}]}), "has claim and scope together"),
        (json!({"allow": true, "conditions": [{"max_age": "0s"}]}), "has a max_age of 0s"),
        (json!({"allow": true, "conditions": [{"max_age": 5}]}), "has a number as max_age, which must be a string"),
        (json!({"allow": true, "conditions": [{"not": {"not": {"scope": "a"}}}]}), "has not within not"),
        (json!({"allow": true, "user": {"pattern": "(.*)"}}), "has a user without claim"),
        (json!({"allow": true, "user": {"claim": "a", "pattern": "a"}}), "under user has no capturing group"),
        (json!({"allow": true, "user": {"claim": "a", "user": "$2"}}), "under user has an invalid user"),
        (json!({"allow": true, "user": {"claim": "a", "pattern": "(?x)(a)#"}}), "ends within a comment"),
        (json!({"allow": true, "groups": []}), "has an empty list as groups"),
        (json!({"allow": true, "groups": [""]}), "has an empty group"),
        (json!({"allow": true, "groups": {"claim": "a", "user": "$1"}}), "under groups has the unknown member 'user'"),
    ] {
        let text = format!("{{\"otherwise\": {{\"allow\": false}}, \"rules\": [\n\n{rule}]}}");
        let errors = ClaimRules::from_text(&text).unwrap_err();
        assert!(errors.len() == 1 && errors[0].line == 3, "{rule}: {errors:?}");
        assert!(errors[0].message.contains(message), "{rule}: {}", errors[0].message);
    }
    for (text, line, message) in [
        ("{}", 1, "missing field `rules`"),
        (r#"{"rules": []}"#, 1, "write what happens to a token that no rule matches"),
        ("[]", 1, "the file is one object with the members rules and otherwise"),
        (r#"{"rules": [], "otherwise": {}}"#, 1, "otherwise has no allow"),
        (r#"{"rules": [], "otherwise": {"allow": true, "user": 1}}"#, 1, "otherwise has the unknown member 'user'"),
        ("{\"rules\": [\n], \"otherwise\": {\"allow\": false}, \"rule\": 1}", 2, "unknown field `rule`"),
        ("", 1, "EOF"),
        (
            r#"{"rules": [{"allow": true, "allow": false}], "otherwise": {"allow": false}}"#,
            1,
            "contains a duplicate member",
        ),
    ] {
        let errors = ClaimRules::from_text(text).unwrap_err();
        assert!(errors[0].line == line && errors[0].message.contains(message), "{text}: {errors:?}");
    }
}

#[test]
fn all_errors_of_a_file_come_at_once() {
    let text = "{\"rules\": [\n{\"allow\": 1},\n{\"allow\": true},\n{}],\n\"otherwise\": {\"allow\": 2}}";
    let errors = ClaimRules::from_text(text).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [2, 4, 5], "{errors:?}");
}

// The second evaluator: no types of ours, every condition read from its JSON each time.

fn plain_equal(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other && !one.is_null(),
    }
}

fn plain_condition(condition: &Json, claims: &Json) -> bool {
    let object = condition.as_object().unwrap();
    if let Some(inner) = object.get("not") {
        return !plain_condition(inner, claims);
    }
    let words = |value: &Json| match value {
        Json::String(text) => text.split(' ').map(|word| json!(word)).collect(),
        Json::Array(list) => list.clone(),
        _ => Vec::new(),
    };
    if let Some(scope) = object.get("scope") {
        return words(&claims["scope"]).contains(scope) || words(&claims["scp"]).contains(scope);
    }
    if let Some(issuer) = object.get("issuer") {
        return claims["iss"].is_string() && claims["iss"] == *issuer;
    }
    let path = object["claim"].as_str().unwrap();
    let value = if path.starts_with('/') { claims.pointer(path) } else { claims.get(path) };
    let Some(value) = value.filter(|value| !value.is_null()) else { return false };
    let empty = Vec::new();
    let list = value.as_array().unwrap_or(&empty);
    object.iter().filter(|(name, _)| *name != "claim").all(|(name, wanted)| match &**name {
        "present" => true,
        "equals" => plain_equal(value, wanted),
        "one_of" => wanted.as_array().unwrap().iter().any(|one| plain_equal(value, one)),
        "holds" => list.iter().any(|element| plain_equal(element, wanted)),
        "holds_one_of" => {
            list.iter().any(|element| wanted.as_array().unwrap().iter().any(|one| plain_equal(element, one)))
        }
        "holds_all_of" => {
            wanted.as_array().unwrap().iter().all(|one| list.iter().any(|element| plain_equal(element, one)))
        }
        // The random patterns are a letter and a dot-star.
        "pattern" => {
            value.as_str().is_some_and(|text| text.starts_with(wanted.as_str().unwrap().trim_end_matches(".*")))
        }
        "min" => value.as_f64().is_some_and(|number| number >= wanted.as_f64().unwrap()),
        "max" => value.as_f64().is_some_and(|number| number <= wanted.as_f64().unwrap()),
        "min_length" => value.is_array() && list.len() as u64 >= wanted.as_u64().unwrap(),
        "max_length" => value.is_array() && list.len() as u64 <= wanted.as_u64().unwrap(),
        other => panic!("{other}"),
    })
}

fn plain_decision(rules: &Json, claims: &Json) -> Option<usize> {
    let rules = rules.as_array().unwrap();
    let matches = |rule: &Json| rule["conditions"].as_array().unwrap().iter().all(|one| plain_condition(one, claims));
    rules.iter().position(matches).filter(|index| rules[*index]["allow"] == json!(true))
}

/// A small generator, so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_of(&mut self, texts: &[&'static str]) -> &'static str {
        texts[usize::try_from(self.below(texts.len() as u64)).unwrap()]
    }

    fn scalar(&mut self) -> Json {
        match self.below(7) {
            0 => json!("a"),
            1 => json!("b"),
            2 => json!("ab"),
            3 => json!(1),
            4 => json!(2.5),
            5 => json!(1.0),
            _ => json!(self.below(2) == 0),
        }
    }

    fn value(&mut self, depth: u64) -> Json {
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0..=2 => self.scalar(),
            3 => Json::Null,
            4 | 5 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => json!({"a": self.value(depth - 1), "b": self.value(depth - 1)}),
        }
    }

    fn path(&mut self) -> &'static str {
        self.one_of(&["a", "b", "c", "/a/b", "/b/0", "/c/a"])
    }

    fn scalars(&mut self) -> Json {
        (0..=self.below(3)).map(|_| self.scalar()).collect()
    }

    fn condition(&mut self) -> Json {
        let path = self.path();
        match self.below(14) {
            0 => json!({"claim": path, "present": true}),
            1 => json!({"claim": path, "equals": self.scalar()}),
            2 => json!({"claim": path, "one_of": self.scalars()}),
            3 => json!({"claim": path, "holds": self.scalar()}),
            4 => json!({"claim": path, "holds_one_of": self.scalars()}),
            5 => json!({"claim": path, "holds_all_of": self.scalars()}),
            6 => json!({"claim": path, "pattern": self.one_of(&["a.*", "b.*", "ab.*"])}),
            7 => json!({"claim": path, "min": 1, "max": 2}),
            8 => json!({"claim": path, "min": 2}),
            9 => json!({"claim": path, "min_length": 1, "max_length": 2}),
            10 => json!({"scope": "a"}),
            11 => json!({"issuer": "a"}),
            _ => json!({"not": {"claim": path, "equals": self.scalar()}}),
        }
    }

    fn rules(&mut self) -> Json {
        let rule = |random: &mut Self| {
            let conditions: Vec<Json> = (0..random.below(3)).map(|_| random.condition()).collect();
            json!({"conditions": conditions, "allow": random.below(2) == 0})
        };
        (0..self.below(4)).map(|_| rule(self)).collect()
    }

    fn claims(&mut self) -> Json {
        let mut claims = serde_json::Map::new();
        for name in ["a", "b", "c", "scope", "scp"] {
            if self.below(3) != 0 {
                claims.insert(name.to_owned(), self.value(2));
            }
        }
        if self.below(3) != 0 {
            claims.insert("iss".to_owned(), json!(self.one_of(&["a", "b"])));
        }
        Json::Object(claims)
    }
}

/// `NATIVEJWT_RULE_CASES` sets the number of comparisons (`make verify-rules`), `SEED` another sequence of them.
#[test]
fn random_rules_decide_as_the_plain_evaluator_does() {
    let cases = std::env::var("NATIVEJWT_RULE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(20_000);
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(18);
    let mut random = Random(seed);
    let mut accepted = 0;
    for case in 0..cases {
        let (file, claims) = (random.rules(), random.claims());
        let decided = decide(&rules(&rule_file(file.clone(), false)), &claims);
        let expected = plain_decision(&file, &claims).map(|index| index + 1);
        accepted += usize::from(expected.is_some());
        assert_eq!(
            decided.ok().and_then(|granted| granted.rule),
            expected,
            "seed {seed}, case {case}: {file} for {claims}"
        );
    }
    assert!(accepted * 10 > cases, "{accepted} of {cases} were accepted");
}

#[test]
fn ten_thousand_rules_are_read_and_name_their_claims() {
    let rule =
        |number: usize| json!({"conditions": [{"claim": format!("c{number}"), "equals": number}], "allow": true});
    let text = rule_file((0..10_000).map(rule).collect(), false);
    let rules = rules(&text);
    assert!(rules.reads().contains("c9999") && !rules.reads().contains("c10000"));
    assert_eq!(decide(&rules, &json!({"c9999": 9999})).unwrap().rule, Some(10_000));
}

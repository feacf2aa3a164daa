// SPDX-License-Identifier: Apache-2.0
//! The authenticator with its cache: what is checked for a cached token, and when it is validated again.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::epoch::EpochNumber;
use crate::http::test_server::{BOUND, Server, response};
use crate::issuers::tests::{ALICE, Key, Setting, alice};
use crate::rejection::Reason;

mod metrics;
mod revocation;

/// An authenticator with one key in a file.
fn with_key_file(name: &str, key: &Key, more: &str) -> Setting {
    Setting::new(name, &[("key.json", &key.jwk(""))]).open(&format!("key-file=@/key.json\n{more}"))
}

/// The user, and whether the token was cached.
fn authenticate(authenticator: &Authenticator, token: &str, now: i64) -> Result<(String, bool), Reason> {
    authenticator.authenticate_with(format!("Bearer {token}").as_bytes(), UnixMillis(now), |verdict| {
        let user = verdict.map(|accepted| (accepted.identity.user.clone(), accepted.was_known));
        user.map_err(|reject| reject.code())
    })
}

fn is_cached(authenticator: &Authenticator, token: &str) -> bool {
    authenticate(authenticator, token, 0).unwrap().1
}

impl Authenticator {
    fn epoch(&self) -> Option<EpochNumber> {
        self.issuers.epoch().settled()
    }

    fn cached_tokens(&self) -> usize {
        self.cache.as_ref().unwrap().fill().0
    }
}

#[test]
fn a_cached_token_has_the_same_identity_and_place() {
    let key = Key::new(1);
    let setting = with_key_file("again", &key, "groups-field=groups");
    let header = format!("Bearer {}", key.token("", r#"{"sub":"alice","iss":"i","exp":9,"groups":["a","b"]}"#));
    let request = || {
        setting.authenticator().authenticate_with(header.as_bytes(), UnixMillis(0), |verdict| {
            let accepted = verdict.unwrap();
            (accepted.identity.clone(), accepted.place, accepted.was_known)
        })
    };
    let first = request();
    let second = request();
    assert_eq!((&first.0, first.1, first.2, second.2), (&second.0, second.1, false, true));
    assert!(first.1.is_some());
    // The cache has the token without the scheme.
    assert!(authenticate(setting.authenticator(), header.strip_prefix("Bearer ").unwrap(), 0).unwrap().1);
}

/// Both tokens have the same end, which is hashed.
#[test]
fn a_token_with_another_payload_and_the_signature_of_a_cached_one_is_rejected() {
    let key = Key::new(1);
    let setting = with_key_file("other-payload", &key, "");
    let token = key.token("", ALICE);
    assert_eq!(setting.authenticate(&token), alice());
    let (other, signature) = (key.token("", r#"{"sub":"admin"}"#), token.rsplit('.').next().unwrap());
    let forged = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    assert_eq!(forged.len(), token.len());
    assert_eq!(setting.authenticate(&forged), Err(Reason::SignatureMismatch));
    assert!(is_cached(setting.authenticator(), &token));
}

#[test]
fn the_times_of_a_cached_token_are_checked_at_each_request() {
    let key = Key::new(1);
    let setting = with_key_file("times", &key, "clock-skew=2s");
    let token = key.token("", r#"{"sub":"alice","exp":1000,"nbf":100}"#);
    let at = |now| authenticate(setting.authenticator(), &token, now);
    let accepted = |was_known| Ok(("alice".to_owned(), was_known));
    assert_eq!(at(500_000), accepted(false));
    assert_eq!((at(1_002_000), at(1_002_001)), (accepted(true), Err(Reason::TokenExpired)));
    assert_eq!((at(98_000), at(97_999)), (accepted(true), Err(Reason::TokenNotYetValid)));
    assert_eq!(at(500_000), accepted(true), "it stays cached");
}

/// With `max-token-lifetime` a token is not accepted before its `iat`. A cached one is not either, after the clock was set back.
#[test]
fn the_time_of_issue_of_a_cached_token_is_checked_at_each_request() {
    let key = Key::new(1);
    let setting = with_key_file("issued", &key, "clock-skew=2s\nmax-token-lifetime=1h");
    let token = key.token("", r#"{"sub":"alice","iat":100,"exp":1000}"#);
    let at = |now| authenticate(setting.authenticator(), &token, now);
    let accepted = |was_known| Ok(("alice".to_owned(), was_known));
    assert_eq!((at(500_000), at(98_000)), (accepted(false), accepted(true)));
    assert_eq!(at(97_999), Err(Reason::IssuedInTheFuture));
    assert_eq!(at(98_000), accepted(true), "it stays cached");
}

#[test]
fn an_explanation_names_the_step_that_failed() {
    let key = Key::new(1);
    let setting = with_key_file("explained", &key, "groups-field=groups");
    let failed = |token: &str| {
        let header = format!("Bearer {token}");
        let rejection = setting.authenticator().explain(header.as_bytes(), UnixMillis(0), |_| ()).unwrap_err();
        (rejection.step, rejection.reject.code())
    };
    let good = key.token("", ALICE);
    assert_eq!(failed(""), (StepName::BearerToken, Reason::NoBearerToken));
    assert_eq!(failed("a.b"), (StepName::Parts, Reason::MalformedToken));
    assert_eq!(failed(&format!("{good}=")), (StepName::Base64url, Reason::MalformedBase64));
    assert_eq!(failed(&Key::new(2).token("", ALICE)), (StepName::Signature, Reason::SignatureMismatch));
    assert_eq!(failed(&key.token("", "{}")), (StepName::Principal, Reason::MissingPrincipal));
    let token = key.token("", r#"{"sub":"alice","groups":7}"#);
    assert_eq!(failed(&token), (StepName::Groups, Reason::GroupsNotText));
}

#[test]
fn the_minimum_lifetime_of_a_cached_token_is_checked_at_each_request() {
    let key = Key::new(1);
    let more = "clock-skew=2s\npass-through.credential-name=token\npass-through.minimum-lifetime=10s";
    let setting = with_key_file("minimum", &key, more);
    let token = key.token("", r#"{"sub":"alice","exp":1000}"#);
    let at = |now| authenticate(setting.authenticator(), &token, now);
    assert_eq!((at(0), at(990_000)), (Ok(("alice".to_owned(), false)), Ok(("alice".to_owned(), true))));
    assert_eq!(at(990_001), Err(Reason::LifetimeTooShort));
}

#[test]
fn a_cache_of_size_0_caches_nothing() {
    let key = Key::new(1);
    let setting = with_key_file("none", &key, "token-cache.max-size=0B");
    let (authenticator, token) = (setting.authenticator(), key.token("", ALICE));
    assert_eq!(authenticator.cache_slots(), 0);
    assert!(!is_cached(authenticator, &token) && !is_cached(authenticator, &token));
    authenticator.forget_tokens();
}

#[test]
fn rejected_tokens_are_not_cached_and_an_explanation_never_uses_the_cache() {
    let (key, other) = (Key::new(1), Key::new(2));
    let setting = with_key_file("rejected", &key, "");
    let authenticator = setting.authenticator();
    for token in [other.token("", ALICE), key.token("", "{}"), key.token("", r#"{"sub":"alice","exp":-1}"#)] {
        assert!(setting.authenticate(&token).is_err());
    }
    assert_eq!(authenticator.cached_tokens(), 0);
    let header = format!("Bearer {}", key.token("", ALICE));
    let signatures = Cell::new(0);
    let explain = || {
        let count = |step: Step<'_>| signatures.set(signatures.get() + usize::from(matches!(step, Step::Signature)));
        authenticator.explain(header.as_bytes(), UnixMillis(0), count).unwrap();
    };
    explain();
    assert_eq!(authenticator.cached_tokens(), 0);
    assert!(authenticator.authenticate(header.as_bytes(), UnixMillis(0)).is_ok());
    explain();
    assert_eq!((signatures.get(), authenticator.cached_tokens()), (2, 1));
}

#[test]
fn tokens_can_be_forgotten_on_demand() {
    let key = Key::new(1);
    let setting = with_key_file("forget", &key, "");
    let (authenticator, token) = (setting.authenticator(), key.token("", ALICE));
    assert!(!is_cached(authenticator, &token) && is_cached(authenticator, &token));
    authenticator.forget_tokens();
    assert_eq!(authenticator.cached_tokens(), 0);
    assert!(!is_cached(authenticator, &token) && is_cached(authenticator, &token));
}

/// The key is replaced in each of the steps.
#[test]
fn a_token_whose_key_is_removed_while_it_is_validated_is_not_served_afterwards() {
    for (step, name) in ["key", "signature", "claims", "user"].into_iter().enumerate() {
        let (old, new) = (Key::new(1), Key::new(2));
        let setting = with_key_file(&format!("meanwhile-{name}"), &old, "");
        let token = old.token("", ALICE);
        let replace = |passed: Step<'_>| {
            let now = match passed {
                Step::Key(_) => 0,
                Step::Signature => 1,
                Step::Claims { .. } => 2,
                Step::User(_) => 3,
                _ => return,
            };
            if now == step {
                setting.write("key.json", &new.jwk(""));
                assert_eq!(setting.poll().len(), 1, "the new key is in use");
            }
        };
        let bearer_token = BearerToken { bytes: token.as_bytes(), start: 0 };
        let observer = Journal::new(replace);
        let verdict = setting
            .authenticator()
            .find_or_validate(bearer_token, UnixMillis(0), &observer, |verdict| verdict.map(|accepted| accepted.place));
        // The key was in use when it was loaded, so the token is accepted. It is not cached.
        assert_eq!(verdict.unwrap(), None, "{name}");
        assert_eq!(setting.authenticate(&token), Err(Reason::SignatureMismatch), "{name}");
        assert_eq!(setting.authenticate(&new.token("", ALICE)), alice());
    }
}

#[test]
fn a_change_of_rules_alone_ends_cached_verdicts() {
    let key = Key::new(1);
    let rules = |user: &str| format!(r#"{{"rules":[{{"pattern":"(.+)","user":"{user}"}}]}}"#);
    let setting = Setting::new("kept-rules", &[("key.json", &key.jwk("")), ("rules.json", &rules("a"))])
        .open("key-file=@/key.json\nuser-mapping.file=@/rules.json");
    let (authenticator, token) = (setting.authenticator(), key.token("", ALICE));
    let verdict = || authenticate(authenticator, &token, 0).unwrap();
    assert_eq!((verdict(), verdict()), (("a".to_owned(), false), ("a".to_owned(), true)));
    setting.write("rules.json", &rules("b"));
    setting.poll();
    assert_eq!((verdict(), verdict()), (("b".to_owned(), false), ("b".to_owned(), true)));
    // A poll that finds no change invalidates nothing.
    setting.poll();
    assert!(is_cached(authenticator, &token));
}

/// A rule file with these rules, which denies everything else.
fn rule_file(rules: &str) -> String {
    format!(r#"{{"rules":[{rules}],"otherwise":{{"allow":false}}}}"#)
}

/// An authenticator with these claim rules.
fn with_claim_rules(name: &str, key: &Key, rules: &str, more: &str) -> Setting {
    Setting::new(name, &[("key.json", &key.jwk("")), ("claims.json", &rule_file(rules))])
        .open(&format!("key-file=@/key.json\nclaim-rules.file=@/claims.json\n{more}"))
}

#[test]
fn changed_claim_rules_end_cached_verdicts_and_a_broken_change_keeps_the_old_ones() {
    let key = Key::new(1);
    let only = |user: &str| format!(r#"{{"conditions":[{{"claim":"sub","equals":"{user}"}}],"allow":true}}"#);
    let setting = with_claim_rules("claim-rules", &key, &only("alice"), "");
    let (authenticator, token) = (setting.authenticator(), key.token("", ALICE));
    let verdict = || authenticate(authenticator, &token, 0);
    assert_eq!((verdict(), verdict()), (Ok(("alice".to_owned(), false)), Ok(("alice".to_owned(), true))));
    setting.write("claims.json", &rule_file("{}"));
    setting.poll();
    assert_eq!(verdict(), Ok(("alice".to_owned(), true)), "the change is broken");
    setting.write("claims.json", &rule_file(&only("bob")));
    setting.poll();
    assert_eq!(verdict(), Err(Reason::NoRuleMatches));
    assert_eq!(authenticator.claim_rule_hits(), [0, 1], "a cached verdict is not counted, and new rules begin at 0");
}

#[test]
fn the_age_of_a_cached_token_is_checked_at_each_request() {
    let key = Key::new(1);
    let setting = with_claim_rules("claim-age", &key, r#"{"conditions":[{"max_age":"10s"}],"allow":true}"#, "");
    let token = key.token("", r#"{"sub":"alice","iat":100}"#);
    let verdict = |now| authenticate(setting.authenticator(), &token, now).map(|(_, was_known)| was_known);
    assert_eq!((verdict(100_000), verdict(110_000)), (Ok(false), Ok(true)));
    assert_eq!(verdict(110_001), Err(Reason::NoRuleMatches));
    assert_eq!(verdict(99_999), Err(Reason::NoRuleMatches));
}

#[test]
fn a_rule_sets_the_user_before_any_mapping_and_the_groups_before_the_groups_field() {
    let key = Key::new(1);
    let rule = r#"{"allow":true,"user":{"claim":"app","user":"svc-$1","pattern":"([a-z]+)"},"groups":["services"]}"#;
    let more = "user-mapping.pattern=(.*)[.]corp\ngroups-field=groups\nprincipal-field=email";
    let setting = with_claim_rules("claim-user", &key, rule, more);
    let token = key.token("", r#"{"app":"etl","groups":["staff"]}"#);
    let identity = setting.authenticator().authenticate_token(token.as_bytes(), UnixMillis(0)).unwrap();
    assert_eq!((&*identity.principal, &*identity.user), ("etl", "svc-etl"));
    assert_eq!(identity.groups, ["services"]);
    // With pass-through, the user of a rule has the limits of every other one.
    let setting = with_claim_rules("claim-hyphen", &key, rule, "pass-through.credential-name=token");
    assert_eq!(setting.authenticate(&key.token("", r#"{"app":"etl","exp":9}"#)), Err(Reason::UserWithHyphen));
}

#[test]
fn the_patterns_of_rules_and_mapping_share_the_steps_of_one_request() {
    let key = Key::new(1);
    // No match, after many steps.
    let costly = r#"{"conditions":[{"claim":"sub","pattern":"(?!svc-)(.*a){4}"}],"allow":true}"#;
    let payload = format!(r#"{{"sub":"{}!"}}"#, "a".repeat(40));
    let rules = |number: usize| [vec![costly; number], vec![r#"{"allow":true}"#]].concat().join(",");
    let verdict = |name: &str, number, mapping: &str| {
        with_claim_rules(name, &key, &rules(number), mapping).authenticate(&key.token("", &payload)).map(drop)
    };
    let mapping = "user-mapping.pattern=(?!svc-)(?:(?:.*a){4}|(.*))";
    assert_eq!(verdict("claim-steps-few", 1, ""), Ok(()));
    assert_eq!(verdict("claim-steps-many", 40, ""), Err(Reason::RuleLimit));
    let most = (1..40).rev().find(|number| verdict("claim-steps-most", *number, "").is_ok()).unwrap();
    assert_eq!(verdict("claim-steps-mapping", 0, mapping), Ok(()));
    assert_eq!(verdict("claim-steps-both", most, mapping), Err(Reason::MappingLimit));
}

#[test]
fn rules_that_set_groups_need_a_caller_that_takes_them() {
    let key = Key::new(1);
    let setting = with_claim_rules("claim-groups", &key, r#"{"allow":true,"groups":["a"]}"#, "");
    let text = setting.prefixed("key-file=@/key.json\nclaim-rules.file=@/claims.json");
    let properties = Properties::parse(&text, "").unwrap();
    let principal_only = HostProcess { without_identity: true, ..HostProcess::default() };
    let errors = Authenticator::open_with(&properties, &principal_only).err().unwrap().to_string();
    assert!(errors.contains("claim-rules.file sets groups, which requires Trino 480"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn a_fetch_that_removes_a_key_ends_its_tokens_and_a_fetch_without_changes_ends_none() {
    let (one, two) = (Key::new(1), Key::new(2));
    let both = format!(r#"{{"keys":[{},{}]}}"#, one.jwk(r#","kid":"one""#), two.jwk(r#","kid":"two""#));
    let second = format!(r#"{{"keys":[{}]}}"#, two.jwk(r#","kid":"two""#));
    let (is_removed, fetches) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let server = {
        let (is_removed, fetches) = (Arc::clone(&is_removed), Arc::clone(&fetches));
        Server::start(move |_, _| {
            fetches.fetch_add(1, Ordering::SeqCst);
            let document = if is_removed.load(Ordering::SeqCst) { &second } else { &both };
            response("200 OK", "Content-Type: application/json\r\n", document)
        })
    };
    let setting = Setting::new("fetched", &[])
        .open(&format!("key-file={}\njwks.refresh-interval=1s\njwks.unknown-kid-cooldown=1s", server.url()));
    let authenticator = setting.authenticator();
    authenticator.wait_until_fetched(BOUND).unwrap();
    let [of_one, of_two] =
        [(&one, "one"), (&two, "two")].map(|(key, id)| key.token(&format!(r#","kid":"{id}""#), ALICE));
    assert!(!is_cached(authenticator, &of_one) && !is_cached(authenticator, &of_two));

    let (epoch, seen) = (authenticator.epoch(), fetches.load(Ordering::SeqCst));
    until("two more fetches", || fetches.load(Ordering::SeqCst) >= seen + 2);
    assert_eq!(authenticator.epoch(), epoch);
    assert!(is_cached(authenticator, &of_one) && is_cached(authenticator, &of_two));

    is_removed.store(true, Ordering::SeqCst);
    until("the key is removed", || authenticate(authenticator, &of_one, 0).is_err());
    assert_eq!(authenticate(authenticator, &of_one, 0), Err(Reason::UnknownKeyId));
    assert_ne!(authenticator.epoch(), epoch);
    assert!(!is_cached(authenticator, &of_two), "it is verified once more");
    assert!(is_cached(authenticator, &of_two));
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    crate::http::test_server::until(what, &mut holds);
}

/// Keys are replaced while threads authenticate. A token is accepted only if its key was in use during the request.
#[test]
fn threads_get_no_verdict_of_a_key_that_was_replaced_before_the_request() {
    let keys = [Key::new(1), Key::new(2), Key::new(3)];
    let setting = with_key_file("threads", &keys[0], "");
    let tokens: Vec<_> = keys.iter().map(|key| key.token("", ALICE)).collect();
    let begun = AtomicUsize::new(0);
    let ended = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let number = round % keys.len();
                    let first = ended.load(Ordering::SeqCst);
                    let verdict = authenticate(setting.authenticator(), &tokens[number], 0);
                    if begun.load(Ordering::SeqCst) == first {
                        assert_eq!(verdict.is_ok(), first % keys.len() == number, "request {round}");
                    }
                    served.fetch_add(usize::from(verdict.is_ok_and(|(_, was_known)| was_known)), Ordering::SeqCst);
                }
            });
        }
        for change in 1..=100 {
            begun.store(change, Ordering::SeqCst);
            setting.write("key.json", &keys[change % keys.len()].jwk(""));
            assert_eq!(setting.poll().len(), 1);
            ended.store(change, Ordering::SeqCst);
            let before = served.load(Ordering::SeqCst);
            until("tokens are served", || served.load(Ordering::SeqCst) > before + 10);
        }
        over.store(true, Ordering::SeqCst);
    });
}

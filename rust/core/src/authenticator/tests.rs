//! Tokens that come again: what they are judged by, and when they are verified anew.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::epoch::EpochNumber;
use crate::http::test_server::{BOUND, Server, response};
use crate::issuers::tests::{ALICE, Key, Setting, alice};
use crate::rejection::Reason;

/// An authenticator with one key in a file.
fn with_key_file(name: &str, key: &Key, more: &str) -> Setting {
    Setting::new(name, &[("key.json", &key.jwk(""))]).open(&format!("key-file=@/key.json\n{more}"))
}

/// The user, and whether the cache knew the token.
fn login(authenticator: &Authenticator, token: &str, now: i64) -> Result<(String, bool), Reason> {
    authenticator.authenticate_with(format!("Bearer {token}").as_bytes(), UnixMillis(now), |verdict| {
        let user = verdict.map(|accepted| (accepted.identity.user.clone(), accepted.was_known));
        user.map_err(|reject| reject.code())
    })
}

fn known(authenticator: &Authenticator, token: &str) -> bool {
    login(authenticator, token, 0).unwrap().1
}

impl Authenticator {
    fn epoch(&self) -> Option<EpochNumber> {
        self.issuers.epoch().settled()
    }

    fn kept(&self) -> usize {
        self.cache.as_ref().unwrap().fill().0
    }
}

#[test]
fn a_token_that_comes_again_has_the_same_identity_and_place() {
    let key = Key::new(1);
    let setting = with_key_file("again", &key, "groups-field=groups");
    let header = format!("Bearer {}", key.token("", r#"{"sub":"alice","iss":"i","exp":9,"groups":["a","b"]}"#));
    let authenticate = || {
        setting.authenticator().authenticate_with(header.as_bytes(), UnixMillis(0), |verdict| {
            let accepted = verdict.unwrap();
            (accepted.identity.clone(), accepted.place, accepted.was_known)
        })
    };
    let (first, second) = (authenticate(), authenticate());
    assert_eq!((&first.0, first.1, first.2, second.2), (&second.0, second.1, false, true));
    assert!(first.1.is_some());
    // Another scheme in front of the same token is the same token.
    assert!(login(setting.authenticator(), header.strip_prefix("Bearer ").unwrap(), 0).unwrap().1);
}

/// The end, which is hashed, is the same.
#[test]
fn a_token_with_another_payload_before_the_signature_of_a_kept_one_is_refused() {
    let key = Key::new(1);
    let setting = with_key_file("other-payload", &key, "");
    let token = key.token("", ALICE);
    assert_eq!(setting.login(&token), alice());
    let (other, signature) = (key.token("", r#"{"sub":"admin"}"#), token.rsplit('.').next().unwrap());
    let forged = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    assert_eq!(forged.len(), token.len());
    assert_eq!(setting.login(&forged), Err(Reason::SignatureMismatch));
    assert!(known(setting.authenticator(), &token));
}

#[test]
fn the_times_of_a_kept_token_are_judged_at_each_login() {
    let key = Key::new(1);
    let setting = with_key_file("times", &key, "clock-skew=2s");
    let token = key.token("", r#"{"sub":"alice","exp":1000,"nbf":100}"#);
    let at = |now| login(setting.authenticator(), &token, now);
    let accepted = |was_known| Ok(("alice".to_owned(), was_known));
    assert_eq!(at(500_000), accepted(false));
    assert_eq!((at(1_002_000), at(1_002_001)), (accepted(true), Err(Reason::TokenExpired)));
    assert_eq!((at(98_000), at(97_999)), (accepted(true), Err(Reason::TokenNotYetValid)));
    assert_eq!(at(500_000), accepted(true), "it stays for a clock that is set right");
}

/// With a limit on its life a token is not accepted before its `iat`, also where a kept one meets a clock that was set back.
#[test]
fn the_time_of_issue_of_a_kept_token_is_judged_at_each_login() {
    let key = Key::new(1);
    let setting = with_key_file("issued", &key, "clock-skew=2s\nmax-token-lifetime=1h");
    let token = key.token("", r#"{"sub":"alice","iat":100,"exp":1000}"#);
    let at = |now| login(setting.authenticator(), &token, now);
    let accepted = |was_known| Ok(("alice".to_owned(), was_known));
    assert_eq!((at(500_000), at(98_000)), (accepted(false), accepted(true)));
    assert_eq!(at(97_999), Err(Reason::IssuedInTheFuture));
    assert_eq!(at(98_000), accepted(true), "it stays for a clock that is set right");
}

#[test]
fn an_explanation_names_the_step_that_failed() {
    let key = Key::new(1);
    let setting = with_key_file("explained", &key, "groups-field=groups");
    let refusal = |token: &str| {
        let header = format!("Bearer {token}");
        let refusal = setting.authenticator().explain(header.as_bytes(), UnixMillis(0), |_| ()).unwrap_err();
        (refusal.step, refusal.reject.code())
    };
    let good = key.token("", ALICE);
    assert_eq!(refusal(""), (StepName::BearerToken, Reason::NoBearerToken));
    assert_eq!(refusal("a.b"), (StepName::Parts, Reason::MalformedToken));
    assert_eq!(refusal(&format!("{good}=")), (StepName::Base64url, Reason::MalformedBase64));
    assert_eq!(refusal(&Key::new(2).token("", ALICE)), (StepName::Signature, Reason::SignatureMismatch));
    assert_eq!(refusal(&key.token("", "{}")), (StepName::Principal, Reason::MissingPrincipal));
    let token = key.token("", r#"{"sub":"alice","groups":7}"#);
    assert_eq!(refusal(&token), (StepName::Groups, Reason::GroupsNotText));
}

#[test]
fn the_minimum_lifetime_of_a_kept_token_is_judged_at_each_login() {
    let key = Key::new(1);
    let more = "clock-skew=2s\npass-through.credential-name=token\npass-through.minimum-lifetime=10s";
    let setting = with_key_file("minimum", &key, more);
    let token = key.token("", r#"{"sub":"alice","exp":1000}"#);
    let at = |now| login(setting.authenticator(), &token, now);
    assert_eq!((at(0), at(990_000)), (Ok(("alice".to_owned(), false)), Ok(("alice".to_owned(), true))));
    assert_eq!(at(990_001), Err(Reason::LifetimeTooShort));
}

#[test]
fn a_cache_of_no_size_keeps_nothing() {
    let key = Key::new(1);
    let setting = with_key_file("none", &key, "token-cache.max-size=0B");
    let (authenticator, token) = (setting.authenticator(), key.token("", ALICE));
    assert_eq!(authenticator.cache_slots(), 0);
    assert!(!known(authenticator, &token) && !known(authenticator, &token));
    authenticator.forget_tokens();
}

#[test]
fn refused_tokens_are_not_kept_and_an_explanation_never_uses_the_cache() {
    let (key, other) = (Key::new(1), Key::new(2));
    let setting = with_key_file("refused", &key, "");
    let authenticator = setting.authenticator();
    for token in [other.token("", ALICE), key.token("", "{}"), key.token("", r#"{"sub":"alice","exp":-1}"#)] {
        assert!(setting.login(&token).is_err());
    }
    assert_eq!(authenticator.kept(), 0);
    let header = format!("Bearer {}", key.token("", ALICE));
    let signatures = Cell::new(0);
    let explain = || {
        let count = |step: Step<'_>| signatures.set(signatures.get() + usize::from(matches!(step, Step::Signature)));
        authenticator.explain(header.as_bytes(), UnixMillis(0), count).unwrap();
    };
    explain();
    assert_eq!(authenticator.kept(), 0);
    assert!(authenticator.authenticate(header.as_bytes(), UnixMillis(0)).is_ok());
    explain();
    assert_eq!((signatures.get(), authenticator.kept()), (2, 1));
}

#[test]
fn tokens_can_be_forgotten_on_demand() {
    let key = Key::new(1);
    let setting = with_key_file("forget", &key, "");
    let (authenticator, token) = (setting.authenticator(), key.token("", ALICE));
    assert!(!known(authenticator, &token) && known(authenticator, &token));
    authenticator.forget_tokens();
    assert_eq!(authenticator.kept(), 0);
    assert!(!known(authenticator, &token) && known(authenticator, &token));
}

/// At each step of the judgement that a test can hook into.
#[test]
fn a_token_whose_key_goes_while_it_is_verified_is_not_served_afterwards() {
    for (step, name) in ["key", "signature", "claims", "user"].into_iter().enumerate() {
        let (old, new) = (Key::new(1), Key::new(2));
        let setting = with_key_file(&format!("meanwhile-{name}"), &old, "");
        let token = old.token("", ALICE);
        let exchange = |passed: Step<'_>| {
            let now = match passed {
                Step::Key(_) => 0,
                Step::Signature => 1,
                Step::Claims { .. } => 2,
                Step::User(_) => 3,
                _ => return,
            };
            if now == step {
                setting.write("key.json", &new.jwk(""));
                assert_eq!(setting.told().len(), 1, "the new key is in use");
            }
        };
        let verdict =
            setting.authenticator().judge_with(token.as_bytes(), UnixMillis(0), &Journal::new(exchange), |verdict| {
                verdict.map(|accepted| accepted.place)
            });
        // The key was right when it was asked; what follows is another matter.
        assert_eq!(verdict.unwrap(), None, "{name}");
        assert_eq!(setting.login(&token), Err(Reason::SignatureMismatch), "{name}");
        assert_eq!(setting.login(&new.token("", ALICE)), alice());
    }
}

#[test]
fn a_change_of_rules_alone_ends_kept_verdicts() {
    let key = Key::new(1);
    let rules = |user: &str| format!(r#"{{"rules":[{{"pattern":"(.+)","user":"{user}"}}]}}"#);
    let setting = Setting::new("kept-rules", &[("key.json", &key.jwk("")), ("rules.json", &rules("a"))])
        .open("key-file=@/key.json\nuser-mapping.file=@/rules.json");
    let (authenticator, token) = (setting.authenticator(), key.token("", ALICE));
    let at = || login(authenticator, &token, 0).unwrap();
    assert_eq!((at(), at()), (("a".to_owned(), false), ("a".to_owned(), true)));
    setting.write("rules.json", &rules("b"));
    setting.told();
    assert_eq!((at(), at()), (("b".to_owned(), false), ("b".to_owned(), true)));
    // A look that finds nothing new costs nothing.
    setting.told();
    assert!(known(authenticator, &token));
}

#[test]
fn a_key_that_a_fetch_removes_ends_its_tokens_and_a_fetch_without_news_ends_none() {
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
    assert!(!known(authenticator, &of_one) && !known(authenticator, &of_two));

    let (epoch, seen) = (authenticator.epoch(), fetches.load(Ordering::SeqCst));
    until("two more fetches", || fetches.load(Ordering::SeqCst) >= seen + 2);
    assert_eq!(authenticator.epoch(), epoch);
    assert!(known(authenticator, &of_one) && known(authenticator, &of_two));

    is_removed.store(true, Ordering::SeqCst);
    until("the key is gone", || login(authenticator, &of_one, 0).is_err());
    assert_eq!(login(authenticator, &of_one, 0), Err(Reason::UnknownKeyId));
    assert_ne!(authenticator.epoch(), epoch);
    assert!(!known(authenticator, &of_two), "it is verified once more");
    assert!(known(authenticator, &of_two));
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    crate::http::test_server::until(what, &mut holds);
}

/// Keys are exchanged while threads log in: who was accepted had a key that served at some moment of the login.
#[test]
fn threads_are_never_served_by_a_key_that_was_exchanged_before_they_came() {
    let keys = [Key::new(1), Key::new(2), Key::new(3)];
    let setting = with_key_file("threads", &keys[0], "");
    let tokens: Vec<_> = keys.iter().map(|key| key.token("", ALICE)).collect();
    let (begun, ended, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
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
                    let verdict = login(setting.authenticator(), &tokens[number], 0);
                    if begun.load(Ordering::SeqCst) == first {
                        assert_eq!(verdict.is_ok(), first % keys.len() == number, "login {round}");
                    }
                    served.fetch_add(usize::from(verdict.is_ok_and(|(_, was_known)| was_known)), Ordering::SeqCst);
                }
            });
        }
        for change in 1..=100 {
            begun.store(change, Ordering::SeqCst);
            setting.write("key.json", &keys[change % keys.len()].jwk(""));
            assert_eq!(setting.told().len(), 1);
            ended.store(change, Ordering::SeqCst);
            let known = served.load(Ordering::SeqCst);
            until("tokens are served", || served.load(Ordering::SeqCst) > known + 10);
        }
        over.store(true, Ordering::SeqCst);
    });
}

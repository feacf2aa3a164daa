// SPDX-License-Identifier: Apache-2.0
//! The revocation file: what it shuts out, when it counts, and what becomes of cached tokens.

use std::cell::RefCell;
use std::sync::Mutex;

use super::*;
use crate::events::Level;

/// An authenticator with one key and this revocation file.
fn with_revocations(name: &str, revocations: &str) -> Setting {
    let setting = Setting::new(name, &[("key.json", &Key::new(1).jwk("")), ("revoked", revocations)])
        .open("key-file=@/key.json\nrevocation-file=@/revoked");
    assert!(
        matches!(&setting.poll()[..], [(Level::Info, line)] if line.contains(" in force. Its SHA-256 begins with "))
    );
    setting
}

fn token(payload: &str) -> String {
    Key::new(1).token("", payload)
}

/// Counts the steps of the requests that observe it, and does something at one of them.
struct Script<'s> {
    steps: RefCell<Vec<StepName>>,
    at: Option<(StepName, &'s dyn Fn())>,
}

impl Observer for Script<'_> {
    fn begins(&self, step: StepName) {
        self.steps.borrow_mut().push(step);
        if let Some((at, act)) = self.at
            && at == step
        {
            act();
        }
    }

    fn passed(&self, _: Step<'_>) {}
}

/// The verdict, with whether the token was cached, and the steps of the request.
fn observed(
    setting: &Setting,
    token: &str,
    at: Option<(StepName, &dyn Fn())>,
) -> (Result<bool, Reason>, Vec<StepName>) {
    let script = Script { steps: RefCell::default(), at };
    let bearer = BearerToken { bytes: token.as_bytes(), start: 0 };
    let verdict = setting.authenticator().find_or_validate(bearer, UnixMillis(0), &script, |verdict| {
        verdict.map(|accepted| accepted.was_known).map_err(|rejection| rejection.code())
    });
    (verdict, script.steps.into_inner())
}

#[test]
fn a_token_is_revoked_before_its_scopes_are_checked_and_the_client_does_not_learn_why() {
    let key = Key::new(1);
    let setting = Setting::new(
        "revoked-step",
        &[("key.json", &key.jwk("")), ("revoked", "sub=alice until=1970-01-02T00:00:00Z")],
    )
    .open("key-file=@/key.json\nrevocation-file=@/revoked\nrequired-scopes=trino\nrequired-issuer=i");
    let explain = |payload: &str| {
        let header = format!("Bearer {}", token(payload));
        setting.authenticator().explain(header.as_bytes(), UnixMillis(0), |_| ()).unwrap_err()
    };
    let rejection = explain(r#"{"sub":"alice","iss":"i"}"#);
    assert_eq!((rejection.step, rejection.reject.code()), (StepName::Revocation, Reason::TokenRevoked));
    assert_eq!(rejection.reject.message(), "The token was revoked");
    assert_eq!(explain(r#"{"sub":"alice"}"#).step, StepName::Claims, "the issuer comes first");
    assert_eq!(explain(r#"{"sub":"bob","iss":"i"}"#).step, StepName::Required);
    let revoked = token(ALICE);
    let (line, entry) = setting.authenticator().revoked_by(revoked.as_bytes(), UnixMillis(0)).unwrap();
    assert_eq!((line, entry.to_string()), (1, "sub=alice until=1970-01-02T00:00:00Z".to_owned()));
    assert!(setting.authenticator().revoked_by(revoked.as_bytes(), UnixMillis(86_400_001)).is_none(), "it has ended");
}

/// One new entry ends no other cached verdict, and costs no signature verification.
#[test]
fn after_a_change_a_cached_token_is_looked_up_once_more_and_not_verified_again() {
    let setting = with_revocations("looked-up", "# nobody yet\n");
    let (alice, bob) = (token(ALICE), token(r#"{"sub":"bob"}"#));
    for token in [&alice, &bob] {
        let (verdict, steps) = observed(&setting, token, None);
        assert!(verdict == Ok(false) && steps.contains(&StepName::Signature) && steps.contains(&StepName::Revocation));
        assert_eq!(observed(&setting, token, None), (Ok(true), Vec::new()), "a hit looks nothing up");
    }
    setting.write("revoked", "sub=alice # left\n");
    let lines = setting.poll();
    let fingerprint = crate::revocation::RevocationList::fingerprint(b"sub=alice # left\n");
    let expected = [
        format!("In the revocation file '@/revoked', 1 entry is in force. Its SHA-256 begins with {fingerprint}"),
        "The revocation file '@/revoked' has changed and is in use".to_owned(),
    ];
    assert_eq!(lines, expected.map(|line| (Level::Info, line)));
    for _ in 0..2 {
        assert_eq!(observed(&setting, &alice, None), (Err(Reason::TokenRevoked), vec![StepName::Revocation]));
    }
    assert_eq!(observed(&setting, &bob, None), (Ok(true), vec![StepName::Revocation]));
    assert_eq!(observed(&setting, &bob, None), (Ok(true), Vec::new()));
    // The entry is taken back. The verdict was never forgotten.
    setting.write("revoked", "sub=carol\n");
    setting.poll();
    assert_eq!(observed(&setting, &alice, None), (Ok(true), vec![StepName::Revocation]));
}

#[test]
fn a_broken_change_keeps_the_previous_list_in_force() {
    let setting = with_revocations("broken", "sub=alice\n");
    let revoked = Err(Reason::TokenRevoked);
    assert_eq!(setting.authenticate(&token(ALICE)), revoked);
    setting.write("revoked", "sub=bob\nsub=carol untill=x\n");
    let [(Level::Error, line)] = &setting.poll()[..] else { panic!("one error") };
    let expected = "The revocation file '@/revoked' has changed but cannot be used, so its previous content stays in use: \
        @/revoked:2: has the unknown option 'untill'";
    assert!(line.starts_with(expected), "{line}");
    assert_eq!(setting.authenticate(&token(ALICE)), revoked);
    assert_eq!(setting.authenticate(&token(r#"{"sub":"bob"}"#)), Ok("bob".to_owned()), "nothing of it is in force");
    setting.remove("revoked");
    assert!(matches!(&setting.poll()[..], [(Level::Error, line)] if line.contains("cannot be read")));
    assert_eq!(setting.authenticate(&token(ALICE)), revoked);
    setting.write("revoked", "");
    let lines = setting.poll();
    assert!(lines[0].0 == Level::Warning && lines[0].1.contains("0 entries are in force"), "{lines:?}");
    assert_eq!(setting.authenticate(&token(ALICE)), alice());
}

#[test]
fn an_entry_ends_without_a_change_of_the_file() {
    let setting = with_revocations("ends", "sub=alice until=1970-01-01T00:00:10Z\n");
    let revoked = token(ALICE);
    let at = |now| authenticate(setting.authenticator(), &revoked, now);
    assert_eq!((at(0), at(10_000)), (Err(Reason::TokenRevoked), Err(Reason::TokenRevoked)));
    assert_eq!(at(10_001), Ok(("alice".to_owned(), false)));
    assert_eq!(at(10_001), Ok(("alice".to_owned(), true)));
}

/// The list changes between the steps of a request. Whatever the request answers, no later one is served the old verdict.
#[test]
fn no_cached_verdict_is_older_than_the_list_of_its_number() {
    for is_cached_before in [false, true] {
        for (number, step) in
            [StepName::Parts, StepName::Signature, StepName::Revocation, StepName::Principal].into_iter().enumerate()
        {
            let setting = with_revocations(&format!("meanwhile-{is_cached_before}-{number}"), "");
            let revoked = token(ALICE);
            if is_cached_before {
                assert_eq!(setting.authenticate(&revoked), alice());
                setting.write("revoked", "sub=bob");
                setting.poll();
            }
            let change = || {
                setting.write("revoked", "sub=alice");
                setting.poll();
            };
            let (verdict, steps) = observed(&setting, &revoked, Some((step, &change)));
            if steps.contains(&step) {
                let is_seen = !matches!(step, StepName::Principal);
                assert_eq!(verdict.is_err(), is_seen, "{step} {is_cached_before}");
                assert_eq!(setting.authenticate(&revoked), Err(Reason::TokenRevoked), "{step} {is_cached_before}");
            } else {
                assert!(is_cached_before && verdict == Ok(true), "{step}");
            }
        }
    }
}

/// The list changes after a cached token was looked up in it, and before the verdict gets its number.
#[test]
fn a_change_during_a_look_up_of_a_cached_token_is_not_missed() {
    let setting = with_revocations("late", "");
    let revoked = token(ALICE);
    assert_eq!(setting.authenticate(&revoked), alice());
    setting.write("revoked", "sub=bob");
    setting.poll();
    let authenticator = setting.authenticator();
    let hit =
        authenticator.cache.as_ref().unwrap().find(revoked.as_bytes(), authenticator.issuers.epoch(), UnixMillis(0));
    let change = |_: Step<'_>| {
        setting.write("revoked", "sub=alice");
        setting.poll();
    };
    let checked = authenticator.check_revocation_again(
        &hit.unwrap(),
        revoked.as_bytes(),
        UnixMillis(0).into(),
        &Journal::new(change),
    );
    assert_eq!(checked, Ok(()), "the list did not name it yet");
    assert_eq!(setting.authenticate(&revoked), Err(Reason::TokenRevoked));
}

/// Threads authenticate while users are revoked and let in again. Once a change is published, nobody is let in that it shuts
/// out, and the others stay cached.
#[test]
fn threads_get_no_verdict_that_was_revoked_before_the_request() {
    let setting = with_revocations("threads-revoked", "sub=user-0\n");
    let users = 4;
    let tokens: Vec<_> = (0..users).map(|user| token(&format!(r#"{{"sub":"user-{user}"}}"#))).collect();
    let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (over, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    // Only the main thread changes it, and the test needs no other lock.
    let verified = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let user = round % users;
                    let first = ended.load(Ordering::SeqCst);
                    let (verdict, steps) = observed(&setting, &tokens[user], None);
                    if begun.load(Ordering::SeqCst) == first {
                        assert_eq!(verdict.is_err(), first % users == user, "request {round}: {verdict:?}");
                    }
                    *verified.lock().unwrap() += usize::from(steps.contains(&StepName::Signature));
                    served.fetch_add(usize::from(verdict == Ok(true)), Ordering::SeqCst);
                }
            });
        }
        for change in 1..=100 {
            begun.store(change, Ordering::SeqCst);
            setting.write("revoked", &format!("sub=user-{}\n# {change}", change % users));
            assert_eq!(setting.poll().len(), 2);
            ended.store(change, Ordering::SeqCst);
            let before = served.load(Ordering::SeqCst);
            until("tokens are served", || served.load(Ordering::SeqCst) > before + 10);
        }
        over.store(true, Ordering::SeqCst);
    });
    // Each thread may verify a token before another one has cached it, and while a change is in progress nothing is cached.
    let verified = verified.into_inner().unwrap();
    assert!(verified < served.into_inner() / 2, "{verified} verifications");
}

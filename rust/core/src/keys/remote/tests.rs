// SPDX-License-Identifier: Apache-2.0
//! JWK Sets against real sockets: keys that rotate, expire and come back, and requests that wait.

#![expect(clippy::print_stdout, reason = "figures")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;
use std::time::Instant;

use super::*;
use crate::algorithm::Algorithm;
use crate::claims::Validity;
use crate::http::client::Roots;
use crate::http::test_server::*;
use crate::identity::Identity;
use crate::keys::remote::refresh::Refresher;
use crate::keys::remote::refresh::tests::*;
use crate::metrics::IssuerCounters;
use crate::token_cache::{Terms, TokenCache};

/// Fetches once, and then only for an unknown kid; the wait is longer than a test.
const ON_DEMAND: Timing = Timing { unknown_kid_wait: BOUND, ..ONCE };

fn settings(url: &str, timing: Timing) -> RemoteSettings {
    RemoteSettings { timing, ..RemoteSettings::new(Location::parse(url).unwrap()) }
}

/// A server whose answer depends on a phase that the test sets.
fn phased(replies: impl Fn(usize) -> Reply + Send + Sync + 'static) -> (Server, Arc<AtomicUsize>) {
    let phase = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let phase = Arc::clone(&phase);
        move |_, _| replies(phase.load(Ordering::SeqCst))
    });
    (server, phase)
}

#[test]
fn the_first_token_of_a_new_key_is_verified() {
    let (server, phase) = phased(|phase| if phase == 0 { good(&["a"]) } else { good(&["a", "b"]) });
    let fetched = FetchedSet::from(&server.url(), ON_DEMAND);
    fetched.key_set.wait_until_fetched(BOUND).unwrap();
    phase.store(1, Ordering::SeqCst);
    let begin = Instant::now();
    assert_eq!(fetched.try_key("b"), Ok(()));
    println!("the first token of a new key waited {:?}", begin.elapsed());
    assert!(begin.elapsed() < BOUND, "it was woken");
    assert_eq!(server.requests(), 2);
}

#[test]
fn an_operator_gets_a_fetch_without_a_cool_down() {
    let (server, phase) = phased(|phase| if phase == 0 { good(&["a"]) } else { good(&["a", "b"]) });
    let fetched = FetchedSet::from(&server.url(), ON_DEMAND);
    fetched.key_set.wait_until_fetched(BOUND).unwrap();
    phase.store(1, Ordering::SeqCst);
    for fetch in 2..4 {
        fetched.key_set.request_refresh();
        until("the fetch", || fetched.key_set.state().fetches() == fetch);
    }
    assert_eq!(server.requests(), 3);
    let mut keys = 0;
    fetched.key_set.for_each_key(&mut |_| keys += 1);
    assert_eq!(keys, 2, "the new key is in use, and no request has asked for it");
}

#[test]
fn a_request_that_joins_an_older_fetch_waits_for_the_next_one() {
    let (hold, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let server = Server::start({
        let (hold, asked) = (Arc::clone(&hold), Arc::clone(&asked));
        move |number, _| {
            asked.store(number + 1, Ordering::SeqCst);
            // The second answer is made before the key exists, and arrives after the request.
            until("it is released", || number != 1 || !hold.load(Ordering::SeqCst));
            if number < 2 { good(&["a"]) } else { good(&["a", "b"]) }
        }
    });
    let timing = Timing { refresh_interval: Duration::from_millis(50), ..ON_DEMAND };
    let fetched = FetchedSet::from(&server.url(), timing);
    until("the second fetch", || asked.load(Ordering::SeqCst) == 2);
    thread::scope(|scope| {
        let request = scope.spawn(|| fetched.try_key("b"));
        until("it waits", || fetched.key_set.waiters.in_use() == 1);
        hold.store(false, Ordering::SeqCst);
        assert_eq!(request.join().unwrap(), Ok(()));
    });
}

#[test]
fn unknown_kids_make_one_fetch_for_each_cool_down() {
    let server = Server::start(|_, _| good(&["a"]));
    let timing = Timing { unknown_kid_cooldown: Duration::from_secs(1), ..ON_DEMAND };
    let fetched = FetchedSet::from(&server.url(), timing);
    fetched.key_set.wait_until_fetched(BOUND).unwrap();
    let unnamed = ProtectedHeader::of(Algorithm::Es256, None);
    let rejection = fetched.key_set.verify_with(&unnamed, |_| Ok(())).unwrap_err();
    assert_eq!(rejection.code(), Reason::KeyIdRequired);
    let long = "k".repeat(MAX_KEY_ID_BYTES + 1);
    assert_eq!(fetched.try_key(&long), Err(Reason::UnknownKeyId));
    assert_eq!(server.requests(), 1, "neither of these requests a fetch");
    let begin = Instant::now();
    assert_eq!(fetched.try_key(&long[1..]), Err(Reason::UnknownKeyId));
    assert_eq!(server.requests(), 2);
    for number in 0..100 {
        assert_eq!(fetched.try_key(&format!("x{number}")), Err(Reason::UnknownKeyId));
    }
    if begin.elapsed() < Duration::from_millis(900) {
        assert_eq!(server.requests(), 2, "the cool-down");
    }
    until("the request within the cool-down is served", || server.requests() == 3);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    let rejection =
        fetched.key_set.verify_with(&ProtectedHeader::of(Algorithm::EdDsa, Some("x")), |_| Ok(())).unwrap_err();
    assert_eq!(rejection.message(), "Unknown signing key ID");
}

#[test]
fn requests_wait_no_longer_than_configured_and_few_at_a_time() {
    const WAIT: Duration = Duration::from_secs(2);
    let server = Server::start(|number, _| if number == 0 { good(&["a"]) } else { Reply::Silence });
    let fetched = FetchedSet::from(&server.url(), Timing { unknown_kid_wait: WAIT, ..ON_DEMAND });
    fetched.key_set.wait_until_fetched(BOUND).unwrap();
    let (most, begin) = (AtomicUsize::new(0), Instant::now());
    let waited: Vec<_> = thread::scope(|scope| {
        let requests: Vec<_> = (0..40)
            .map(|number| {
                let (fetched, most) = (&fetched, &most);
                scope.spawn(move || {
                    let begin = Instant::now();
                    assert_eq!(fetched.try_key(&format!("x{number}")), Err(Reason::UnknownKeyId));
                    most.fetch_max(fetched.key_set.waiters.in_use(), Ordering::SeqCst);
                    begin.elapsed()
                })
            })
            .collect();
        until("all permits are taken", || fetched.key_set.waiters.is_full());
        assert_eq!(fetched.try_key("a"), Ok(()), "known keys are not affected");
        requests.into_iter().map(|request| request.join().unwrap()).collect()
    });
    let long = waited.iter().filter(|waited| **waited >= WAIT).count();
    assert_eq!(long, 8, "{waited:?}");
    assert!(most.into_inner() <= 8);
    assert!(begin.elapsed() < BOUND);
    assert_eq!(fetched.key_set.waiters.in_use(), 0, "every permit was returned");
    let again = Instant::now();
    let missed: Vec<_> = (0..40).filter(|number| waited[*number] >= WAIT).collect();
    for number in missed {
        assert_eq!(fetched.try_key(&format!("x{number}")), Err(Reason::UnknownKeyId));
    }
    assert_eq!(server.requests(), 2);
    assert!(begin.elapsed() < Transport::DEFAULT.total_timeout, "too slow a machine for this test");
    assert!(again.elapsed() < WAIT, "they do not wait twice");
}

#[test]
fn a_slow_server_and_a_flood_do_not_block_requests_of_another_issuer() {
    let hold = Arc::new(AtomicBool::new(true));
    let slow = Server::start({
        let hold = Arc::clone(&hold);
        move |number, _| {
            until("it is released", || number != 1 || !hold.load(Ordering::SeqCst));
            good(&["a"])
        }
    });
    let (lively, phase) = phased(|phase| if phase == 0 { good(&["a"]) } else { good(&["a", "b"]) });
    let events = Arc::new(Events::default());
    let refresher = Refresher::start(&events, &Arc::default()).unwrap();
    let [flooded, other] = [&slow, &lively].map(|server| {
        let key_set = RemoteKeySet::open(settings(&server.url(), ON_DEMAND), &events);
        refresher.add(&key_set);
        key_set.wait_until_fetched(BOUND).unwrap();
        key_set
    });
    phase.store(1, Ordering::SeqCst);
    thread::scope(|scope| {
        for number in 0..8 {
            let flooded = &flooded;
            scope.spawn(move || {
                until("the fetch begins", || number == 0 || flooded.state().due().is_none());
                assert_eq!(try_key(flooded, &format!("x{number}")), Err(Reason::UnknownKeyId));
            });
        }
        until("all permits are taken", || flooded.waiters.is_full());
        assert_eq!(try_key(&other, "b"), Ok(()), "the first token of a new key of the other issuer");
        hold.store(false, Ordering::SeqCst);
    });
}

#[test]
fn without_keys_no_request_waits() {
    let server = Server::start(|_, _| Reply::Silence);
    let fetched = FetchedSet::from(&server.url(), ON_DEMAND);
    until("it is asked", || server.requests() == 1);
    let begin = Instant::now();
    assert_eq!(fetched.try_key("b"), Err(Reason::KeysUnavailable));
    assert!(begin.elapsed() < BOUND / 2);
}

/// Prints the cost of a flood; for meaningful figures, run `cargo test --release -- --ignored --nocapture a_flood`.
#[test]
fn a_flood_of_unknown_kids_makes_a_handful_of_requests() {
    let flood = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
    let server = Server::start(|_, _| good(&["a"]));
    let fetched = FetchedSet::from(&server.url(), Timing { unknown_kid_wait: Duration::from_secs(2), ..ONCE });
    fetched.key_set.wait_until_fetched(BOUND).unwrap();
    let kids: Vec<_> = (0..flood).map(|number| format!("{:x}", fetched.key_set.seed.hash_one(number))).collect();
    let begin = Instant::now();
    for key_id in &kids {
        assert_eq!(fetched.try_key(key_id), Err(Reason::UnknownKeyId));
    }
    let each = begin.elapsed() / flood;
    println!("{flood} unknown kids: {} requests, {each:?} for each kid", server.requests() - 1);
    let most = 2 + begin.elapsed().as_secs() / 30;
    assert!(server.requests() as u64 - 1 <= most, "{}", server.requests());
}

/// The processor time of a verification; other programs on the machine disturb it less than elapsed time.
fn cost_of(verifications: u32, verify: impl Fn()) -> Duration {
    let spent = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
    };
    let begin = spent();
    for _ in 0..verifications {
        verify();
    }
    (spent() - begin) / verifications
}

#[test]
#[ignore = "a measurement: cargo test --release -p nativejwt-core --lib -- --ignored --nocapture what_a_flood"]
fn what_a_flood_costs_a_known_user() {
    let server = Server::start(|_, _| good(&["a"]));
    let fetched = FetchedSet::from(&server.url(), Timing { unknown_kid_wait: Duration::from_secs(2), ..ONCE });
    fetched.key_set.wait_until_fetched(BOUND).unwrap();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let message = [0; 512];
    let (signature, public) = (pair.sign(&message), aws_lc_rs::signature::KeyPair::public_key(&pair));
    let key = aws_lc_rs::signature::ParsedPublicKey::new(&aws_lc_rs::signature::ED25519, public.as_ref()).unwrap();
    let header = ProtectedHeader::of(Algorithm::EdDsa, Some("a"));
    let key_set = &fetched.key_set;
    let verify = || {
        let verdict =
            key_set.verify_with(&header, |_| key.verify_sig(&message, signature.as_ref()).map_err(|_| unreachable!()));
        assert_eq!(verdict.map(|(verified, _)| verified), Ok(()));
    };
    let (flooding, over, flooded) = (AtomicBool::new(false), AtomicBool::new(false), AtomicU64::new(0));
    let (mut quiet, mut loud) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut key_id = String::new();
            while !over.load(Ordering::Relaxed) {
                if !flooding.load(Ordering::Relaxed) {
                    thread::yield_now();
                    continue;
                }
                let number = flooded.fetch_add(1, Ordering::Relaxed);
                key_id.clear();
                fmt::Write::write_fmt(&mut key_id, format_args!("{number:032x}")).unwrap();
                assert_eq!(try_key(key_set, &key_id), Err(Reason::UnknownKeyId));
            }
        });
        // In turns, so that other load on the machine affects both equally.
        for _ in 0..200 {
            for (flood, costs) in [(false, &mut quiet), (true, &mut loud)] {
                flooding.store(flood, Ordering::Relaxed);
                costs.push(cost_of(500, verify));
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    quiet.sort();
    loud.sort();
    let (quiet, loud) = (quiet[quiet.len() / 2], loud[loud.len() / 2]);
    let slower = (loud.as_secs_f64() / quiet.as_secs_f64() - 1.0) * 100.0;
    let (kids, requests) = (flooded.into_inner(), server.requests() - 1);
    println!(
        "{kids} unknown kids beside a known user: {requests} requests; a verification {quiet:?}, then {loud:?}: {slower:+.1} %"
    );
}

#[test]
fn keys_expire_at_their_time_and_come_back() {
    let (server, phase) = phased(|phase| if phase == 1 { response("500 No", "", "") } else { good(&["a"]) });
    let timing = Timing { max_stale: Duration::from_secs(2), ..QUICK };
    let mut fetched = FetchedSet::from(&server.url(), timing);
    until("the keys are there", || fetched.try_key("a") == Ok(()));
    phase.store(1, Ordering::SeqCst);
    until("failures", || fetched.count_logged(Level::Warning, "failed: the server answered with status 500") == 1);
    assert!(fetched.count_logged(Level::Warning, "stay in use until 20") == 1, "{:?}", fetched.logged());
    until("the keys end", || fetched.try_key("a") == Err(Reason::KeysUnavailable));
    assert!(fetched.reject().message().contains("because the issuer's server answers with an error"));
    let line =
        "no fetch has succeeded since then; the last one failed: the server answered with status 500. Tokens are";
    assert_eq!(fetched.count_logged(Level::Error, line), 1, "{:?}", fetched.logged());
    phase.store(2, Ordering::SeqCst);
    until("the keys come back", || fetched.try_key("a") == Ok(()));
    assert_eq!(fetched.count_logged(Level::Info, "works again"), 1);
    assert_eq!(fetched.count_logged(Level::Info, "Loaded 1 key"), 2, "{:?}", fetched.logged());
}

#[test]
fn a_removed_key_is_rejected_at_once_or_after_the_grace() {
    let (server, phase) = phased(|phase| if phase == 0 { good(&["a", "b"]) } else { good(&["b"]) });
    let grace = Duration::from_millis(500);
    let mut at_once = FetchedSet::from(&server.url(), QUICK);
    let mut graced = FetchedSet::from(&server.url(), Timing { removed_key_grace: grace, ..QUICK });
    until("both have the keys", || at_once.try_key("a").and(graced.try_key("a")) == Ok(()));
    phase.store(1, Ordering::SeqCst);
    let begin = Instant::now();
    until("it is logged", || at_once.count_logged(Level::Info, "removed 'a'; now 1 key: 'b' (Ed25519)") == 1);
    until("it stops", || at_once.try_key("a") == Err(Reason::UnknownKeyId));
    until("it is logged", || {
        graced.count_logged(
            Level::Info,
            "removed 'a'; now 1 key: 'b' (Ed25519); removed and replaced keys stay in use until 20",
        ) == 1
    });
    until("it stops", || graced.try_key("a") == Err(Reason::UnknownKeyId));
    assert!(begin.elapsed() >= grace);
    assert_eq!(graced.count_logged(Level::Info, "are no longer used: 'a' (Ed25519)"), 1, "{:?}", graced.logged());
    assert_eq!(graced.try_key("b"), Ok(()));
}

#[test]
fn a_removed_key_expires_with_its_grace_even_if_the_thread_hangs() {
    let (server, phase) = phased(|phase| if phase == 0 { good(&["a", "b", "c"]) } else { good(&["b", "c"]) });
    let timing = Timing { removed_key_grace: Duration::from_secs(1), ..QUICK };
    let mut fetched = FetchedSet::from(&server.url(), timing);
    until("the keys are there", || fetched.try_key("a") == Ok(()));
    // Accepted and cached before the key was removed, while its expiry was a day away.
    let (cache, token) = (TokenCache::new(TokenCache::MIN_BYTES), [b't'; 300]);
    let header = ProtectedHeader::of(Algorithm::EdDsa, Some("a"));
    let epoch = fetched.epoch.settled().unwrap();
    let ((), end) = fetched.key_set.verify_with(&header, |_| Ok(())).unwrap();
    let terms = Terms {
        epoch,
        revocation: crate::token_cache::tests::unchanged(),
        validity: Validity::between(i64::MIN, i64::MAX),
        keys_end: Some(end),
    };
    let mallory = Identity {
        principal: "mallory".to_owned(),
        user: "mallory".to_owned(),
        groups: Vec::new(),
        storage_role: None,
        issuer: None,
        key_id: None,
        algorithm: Algorithm::EdDsa,
        expires_at: None,
    };
    let entry = cache.entry(&token, terms, mallory, IssuerCounters::new("test"));
    assert!(cache.keep(&entry, &fetched.epoch, UnixMillis(0)).is_some());

    phase.store(1, Ordering::SeqCst);
    until("it is logged", || fetched.count_logged(Level::Info, "removed 'a'; now 2 keys") == 1);
    let _hung = fetched.hang();
    assert!(
        cache.find(&token, &fetched.epoch, UnixMillis(0)).is_none(),
        "it is verified again, and cached for a shorter time"
    );
    until("a new token is rejected", || fetched.try_key("a") == Err(Reason::UnknownKeyId));
    assert_eq!(fetched.try_key("b"), Ok(()), "the others stay");
    assert_eq!(
        fetched.count_logged(Level::Info, "are no longer used"),
        0,
        "the thread did not get to it: {:?}",
        fetched.logged()
    );
}

/// The requests that asked whether the document has changed.
fn conditional(server: &Server) -> usize {
    let requests = server.seen.requests.lock().unwrap();
    requests.iter().filter(|request| request.contains("\r\nif-none-match: W/\"1\"\r\n")).count()
}

#[test]
fn an_unchanged_document_is_a_successful_fetch() {
    let server = Server::start(|number, _| match number {
        0 => response("200 OK", "ETag: W/\"1\"\r\n", &document(&["a"])),
        _ => response("304 Not Modified", "", ""),
    });
    let timing = Timing { max_stale: Duration::from_secs(4), ..QUICK };
    let mut fetched = FetchedSet::from(&server.url(), timing);
    let begin = Instant::now();
    until("many refreshes, for longer than the keys would last", || {
        begin.elapsed() > Duration::from_secs(5) && server.requests() > 10
    });
    assert_eq!(fetched.try_key("a"), Ok(()));
    assert!(conditional(&server) >= server.requests() - 2);
    assert_eq!(fetched.logged().len(), 1, "loaded: {:?}", fetched.logged());
}

#[test]
fn status_304_is_accepted_only_if_it_was_asked_for() {
    let server = Server::start(|number, path| match (number, path) {
        (0, _) => redirect("/moved"),
        (1, _) => response("200 OK", "ETag: W/\"1\"\r\n", &document(&["a"])),
        // The configured address is not the one of the ETag.
        _ => response("304 Not Modified", "", ""),
    });
    let mut fetched = FetchedSet::from(&server.url(), QUICK);
    until("a failure", || fetched.count_logged(Level::Warning, "the server answered with status 304") == 1);
    assert_eq!(conditional(&server), 0);
    assert_eq!(fetched.try_key("a"), Ok(()));
}

#[test]
fn an_answer_says_when_to_fetch_again() {
    let server = Server::start(|_, _| response("200 OK", "Cache-Control: max-age=0\r\n", &document(&["a"])));
    let timing = Timing { shortest_refresh: Duration::from_millis(20), ..ONCE };
    let _fetched = FetchedSet::from(&server.url(), timing);
    until("refreshes long before the interval", || server.requests() > 3);
}

#[test]
fn keys_are_found_by_discovery_on_any_host() {
    let keys = Server::start(|_, path| if path == "/certs" { good(&["a"]) } else { response("404 No", "", "") });
    let keys_url = format!("http://{}/certs", keys.address);
    let issuer: Arc<OnceLock<String>> = Arc::default();
    let provider = Server::start({
        let issuer = Arc::clone(&issuer);
        move |number, path| match path {
            "/r/.well-known/openid-configuration" if number != 1 => {
                let issuer = issuer.get().unwrap();
                response("200 OK", "", &format!(r#"{{"issuer":"{issuer}","jwks_uri":"{keys_url}"}}"#))
            }
            _ => response("404 No", "", ""),
        }
    });
    issuer.set(format!("http://{}/r/", provider.address)).unwrap();
    let mut fetched = FetchedSet::from(&format!("oidc:{}", issuer.get().unwrap()), QUICK);
    until("the keys are there", || fetched.try_key("a") == Ok(()));
    let line = format!("Loaded 1 key: 'a' (Ed25519) from oidc:http://{}/r/", provider.address);
    assert_eq!(fetched.count_logged(Level::Info, &line), 1, "{:?}", fetched.logged());
    // The second discovery fails, and the third succeeds again.
    until("it goes on", || keys.requests() > 2);
    let line =
        format!("failed: the discovery document http://{}/r/.well-known/openid-configuration: ", provider.address);
    assert_eq!(fetched.count_logged(Level::Warning, &format!("{line}the server answered with status 404")), 1);
    assert_eq!(fetched.try_key("a"), Ok(()));

    let other = FetchedSet::from(&format!("oidc:http://{}/r", provider.address), ONCE);
    let failure = other.key_set.wait_until_fetched(BOUND).unwrap_err();
    assert!(failure.contains("they must be exactly equal"), "{failure}");
    assert!(other.reject().message().ends_with("the issuer's discovery document cannot be used"));
}

fn bearers(server: &Server) -> Vec<Option<String>> {
    let requests = server.seen.requests.lock().unwrap();
    let bearer = |request: &String| {
        let mut lines = request.lines().filter_map(|line| line.strip_prefix("authorization: "));
        let value = lines.next().map(str::to_owned);
        assert_eq!(lines.next(), None, "one header");
        value
    };
    requests.iter().map(bearer).collect()
}

#[test]
fn the_bearer_token_is_read_for_each_fetch_and_sent_to_the_configured_server_only() {
    let path = std::env::temp_dir().join(format!("nativejwt-remote-bearer-{}", std::process::id()));
    let with = |url: &str, timing| RemoteSettings { bearer_token_file: Some(path.clone()), ..settings(url, timing) };
    let server = Server::start(|_, _| good(&["a"]));
    let mut fetched = FetchedSet::open(with(&server.url().replace("http://", "http://user:pw@"), QUICK));
    until("the file is missing", || fetched.count_logged(Level::Warning, "cannot be read: No such file") == 1);
    assert_eq!(server.requests(), 0, "nothing is asked without the token");
    assert!(fetched.reject().message().ends_with("this coordinator has no valid bearer token for the issuer's server"));
    replace_file(&path, "first-s3cret\n");
    until("the keys are there", || fetched.try_key("a") == Ok(()));
    replace_file(&path, "second-s3cret\n");
    until("the new token", || bearers(&server).last() == Some(&Some("Bearer second-s3cret".to_owned())));
    assert_eq!(bearers(&server)[0].as_deref(), Some("Bearer first-s3cret"));

    // Discovery: the issuer's server gets it, the other one does not.
    let elsewhere = Server::start(|_, _| response("401 No", "", ""));
    let elsewhere_url = elsewhere.url();
    let issuer: Arc<OnceLock<String>> = Arc::default();
    let provider = Server::start({
        let issuer = Arc::clone(&issuer);
        move |_, _| {
            let issuer = issuer.get().unwrap();
            response("200 OK", "", &format!(r#"{{"issuer":"{issuer}","jwks_uri":"{elsewhere_url}"}}"#))
        }
    });
    issuer.set(format!("http://{}", provider.address)).unwrap();
    let mut discovered = FetchedSet::open(with(&format!("oidc:{}", issuer.get().unwrap()), ONCE));
    let failure = discovered.key_set.wait_until_fetched(BOUND).unwrap_err();
    assert!(failure.contains("status 401 (the bearer token is sent only to the configured server"), "{failure}");
    assert_eq!(bearers(&provider), [Some("Bearer second-s3cret".to_owned())]);
    assert_eq!(bearers(&elsewhere), [None]);
    for texts in [fetched.logged(), discovered.logged()] {
        assert!(!format!("{texts:?}").contains("s3cret"));
    }

    let plain = FetchedSet::open(with("http://192.0.2.1/jwks", ONCE));
    let failure = plain.key_set.wait_until_fetched(BOUND).unwrap_err();
    assert!(failure.ends_with("the bearer token is not sent without encryption; use https"), "{failure}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn an_unused_set_is_not_fetched_any_more_even_in_the_middle() {
    let silent = Server::start(|_, _| Reply::Silence);
    let lively = Server::start(|_, _| good(&["a"]));
    let events = Arc::new(Events::default());
    let refresher = Refresher::start(&events, &Arc::default()).unwrap();
    for server in [&silent, &lively] {
        let transport = Transport { total_timeout: 2 * BOUND, ..Transport::DEFAULT };
        let key_set = RemoteKeySet::open(RemoteSettings { transport, ..settings(&server.url(), QUICK) }, &events);
        refresher.add(&key_set);
        refresher.add(&key_set);
        until("it is asked", || server.requests() >= 1);
        drop(key_set);
        until("the connection is closed", || server.seen.open.load(Ordering::SeqCst) == 0);
    }
    assert_eq!(silent.requests(), 1, "once, though it was added twice");
    // A set that comes later is still fetched.
    let later = RemoteKeySet::open(settings(&lively.url(), QUICK), &events);
    refresher.add(&later);
    until("it has its keys", || try_key(&later, "a") == Ok(()));
}

#[test]
fn an_unknown_host_name_is_a_failed_fetch() {
    let fetched = FetchedSet::from("https://jwks.nativejwt.invalid/", ONCE);
    let failure = fetched.key_set.wait_until_fetched(BOUND).unwrap_err();
    // If the resolver does not answer, this takes longer.
    assert!(failure.contains("cannot connect: ") || failure.contains("in time"), "{failure}");
}

#[test]
fn an_expired_certificate_is_not_trusted() {
    let mut parameters = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let (certificate, config) = certificate_of(parameters);
    let server = Server::start_tls(config, |_, _| good(&["a"]));
    let transport = Transport { roots: Roots::Given(vec![certificate]), ..Transport::DEFAULT };
    let fetched = FetchedSet::over(&server.url().replace("http:", "https:"), ONCE, transport);
    let failure = fetched.key_set.wait_until_fetched(BOUND).unwrap_err();
    assert!(
        failure.contains("TLS failed: a certificate of the server expired at 2021-01-01T00:00:00.000Z"),
        "{failure}"
    );
    assert_eq!(server.requests(), 0);
}

/// A folder of its own for each test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("nativejwt-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("keys.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn cached(path: &Path, url: &str, timing: Timing) -> RemoteSettings {
    RemoteSettings { cache_file: Some(path.to_owned()), ..settings(url, timing) }
}

#[test]
fn a_restart_during_an_outage_uses_the_cache_file_until_its_keys_expire() {
    let folder = Folder::new("restart");
    let server = Server::start(|number, _| match number {
        0 => response("200 OK", "ETag: W/\"1\"\r\n", &document(&["a"])),
        1 => response("304 Not Modified", "", ""),
        _ => response("503 Later", "", ""),
    });
    let first = FetchedSet::open(cached(&folder.path(), &server.url(), ONCE));
    first.key_set.wait_until_fetched(BOUND).unwrap();
    until("the file is there", || folder.path().exists());
    drop(first);

    let written = std::fs::read_to_string(folder.path()).unwrap();
    let again = FetchedSet::open(cached(&folder.path(), &server.url(), ONCE));
    assert_eq!(again.try_key("a"), Ok(()), "before any fetch");
    until("it is fetched all the same", || server.requests() == 2);
    assert_eq!(conditional(&server), 1, "the ETag was kept");
    until("the file is written anew, since the age counts from there", || {
        std::fs::read_to_string(folder.path()).unwrap() != written
    });
    drop(again);

    let max_stale = Duration::from_secs(5);
    let mut third = FetchedSet::open(cached(&folder.path(), &server.url(), Timing { max_stale, ..QUICK }));
    assert_eq!(third.try_key("a"), Ok(()), "{:?}", third.logged());
    let line = format!(
        "Loaded 1 key: 'a' (Ed25519) from the cache file '{}', fetched from {} at 20",
        folder.path().display(),
        server.url()
    );
    assert_eq!(third.count_logged(Level::Info, &line), 1, "{:?}", third.logged());
    until("failures", || {
        third.count_logged(Level::Warning, "status 503. It will be retried; the keys fetched at 20") == 1
    });
    assert_eq!(third.key_set.wait_until_fetched(Duration::ZERO), Ok(()), "there are keys");
    until("the keys end", || third.try_key("a") == Err(Reason::KeysUnavailable));
    assert_eq!(third.count_logged(Level::Error, "have expired"), 1);
    drop(third);
    let mut late = FetchedSet::open(cached(&folder.path(), &server.url(), Timing { max_stale, ..ONCE }));
    assert_eq!(late.try_key("a"), Err(Reason::KeysUnavailable));
    assert_eq!(late.count_logged(Level::Warning, "which is too long ago"), 1, "{:?}", late.logged());
}

#[test]
fn the_age_of_cached_keys_counts_from_their_fetch() {
    let folder = Folder::new("age");
    let (hour, url) = (Duration::from_secs(3600), "https://idp.example/jwks");
    let location = Location::parse(url).unwrap();
    let fetched_at = UnixMillis(UnixMillis::now().0 - 3_600_000);
    let text = document(&["a"]).into();
    CacheFile::new(folder.path(), location.digest(), location.to_string())
        .write(&cache_file::Cached { document: text, validator: None, fetched_at })
        .unwrap();
    let events = Events::default();
    let timing = Timing { max_stale: 2 * hour, ..Timing::DEFAULT };
    let key_set = RemoteKeySet::open(cached(&folder.path(), url, timing), &events);
    let left = key_set.state().next_end().unwrap() - Moment::now();
    assert!(left <= hour && left > hour - 2 * BOUND, "{left:?}");
    let logged = events.pop().unwrap().text;
    let until = later_by(fetched_at, 2 * hour);
    assert!(
        logged.ends_with(&format!("at {fetched_at}; they stay in use until {until}, unless a fetch succeeds earlier")),
        "{logged}"
    );
}

#[test]
fn a_cache_file_of_another_source_or_with_unusable_keys_is_not_used() {
    let folder = Folder::new("foreign");
    let server = Server::start(|number, _| if number == 0 { good(&["a"]) } else { response("503 Later", "", "") });
    let first = FetchedSet::open(cached(&folder.path(), &server.url(), ONCE));
    first.key_set.wait_until_fetched(BOUND).unwrap();
    until("the file is there", || folder.path().exists());
    drop(first);
    let text = std::fs::read_to_string(folder.path()).unwrap();
    let with = |url: &str, text: String, why: &str| {
        std::fs::write(folder.path(), text).unwrap();
        let mut fetched = FetchedSet::open(cached(&folder.path(), url, ONCE));
        assert_eq!(fetched.try_key("a"), Err(Reason::KeysUnavailable));
        assert_eq!(fetched.count_logged(Level::Warning, why), 1, "{why}: {:?}", fetched.logged());
    };
    with(&format!("{}?other", server.url()), text.clone(), "its keys were fetched from another address");
    with(&format!("oidc:{}", server.url()), text.clone(), "its keys were fetched from another address");
    with(
        &server.url(),
        text.replace("OKP", "oct"),
        "its keys cannot be used: the only key of the JWK Set cannot be used",
    );
    with(&server.url(), text.replace(r#"{\"kid"#, r#"{\"d\":\"AA\",\"kid"#), "its keys cannot be used");
    with(&server.url(), text[..text.len() / 2].to_owned(), "it is not a JSON object");
}

#[test]
fn a_cache_file_that_cannot_be_written_is_logged_once() {
    let folder = Folder::new("unwritable");
    let path = folder.0.join("missing/keys.json");
    let (server, _) = phased(|_| good(&["a"]));
    let mut fetched = FetchedSet::open(cached(&path, &server.url(), QUICK));
    until("several refreshes", || server.requests() > 5);
    let line = "cannot be saved to the cache file";
    until("it is logged", || fetched.count_logged(Level::Warning, line) == 1);
    assert_eq!(fetched.try_key("a"), Ok(()));
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    until("it works again", || fetched.count_logged(Level::Info, "to the cache file") == 1);
    assert_eq!(fetched.count_logged(Level::Warning, line), 1, "{:?}", fetched.logged());
    assert!(path.exists());
}

#[test]
fn keys_expire_at_their_time_even_without_a_refresher() {
    let folder = Folder::new("end");
    let (hour, url) = (Duration::from_secs(3600), "https://idp.example/jwks");
    let location = Location::parse(url).unwrap();
    let fetched_at = UnixMillis(UnixMillis::now().0 - 3_600_000);
    CacheFile::new(folder.path(), location.digest(), location.to_string())
        .write(&cache_file::Cached { document: document(&["a"]).into(), validator: None, fetched_at })
        .unwrap();
    let timing = Timing { max_stale: hour + Duration::from_secs(3), ..Timing::DEFAULT };
    // No thread refreshes it, as if the thread had ended or hung.
    let key_set = RemoteKeySet::open(cached(&folder.path(), url, timing), &Events::default());
    assert_eq!(try_key(&key_set, "a"), Ok(()));
    until("they end", || try_key(&key_set, "a") == Err(Reason::KeysUnavailable));
}

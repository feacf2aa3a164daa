// SPDX-License-Identifier: Apache-2.0
//! JWK Sets against servers that are up, down, slow, wrong or hostile: with real sockets, and with time limits instead
//! of sleeps.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;

use super::*;
use crate::algorithm::Algorithm;
use crate::authenticator::Authenticator;
use crate::config::Properties;
use crate::events::Event;
use crate::http::client::{Roots, Transport};
use crate::http::get::Fetched;
use crate::http::test_server::*;
use crate::keys::remote::schedule::Timing;
use crate::rejection::{Reason, Rejection};
use crate::token::protected_header::ProtectedHeader;

mod transport;

/// A set that is fetched at short intervals, its events, and the thread that fetches.
pub(in crate::keys) struct FetchedSet {
    pub(in crate::keys) key_set: Arc<RemoteKeySet>,
    pub(in crate::keys) events: Arc<Events>,
    pub(in crate::keys) epoch: Arc<Epoch>,
    /// The thread stops when this is dropped.
    _refresher: Refresher,
    logged: Vec<Event>,
}

pub(in crate::keys) const QUICK: Timing = Timing {
    refresh_interval: Duration::from_millis(20),
    first_retry: Duration::from_millis(5),
    longest_retry_without_keys: Duration::from_millis(20),
    longest_retry_with_keys: Duration::from_millis(20),
    ..Timing::DEFAULT
};
/// For tests with a single fetch.
pub(in crate::keys) const ONCE: Timing = Timing {
    first_retry: Duration::from_secs(3600),
    longest_retry_without_keys: Duration::from_secs(3600),
    ..Timing::DEFAULT
};

impl FetchedSet {
    pub(in crate::keys) fn from(url: &str, timing: Timing) -> Self {
        Self::over(url, timing, Transport::DEFAULT)
    }

    pub(in crate::keys) fn over(url: &str, timing: Timing, transport: Transport) -> Self {
        Self::open(RemoteSettings { timing, transport, ..RemoteSettings::new(Location::parse(url).unwrap()) })
    }

    pub(in crate::keys) fn open(settings: RemoteSettings) -> Self {
        let events = Arc::new(Events::default());
        let key_set = RemoteKeySet::open(settings, &events);
        let epoch = Arc::default();
        let refresher = Refresher::start(&events, &epoch).unwrap();
        refresher.add(&key_set);
        // Logged for each set in these tests.
        let logged = std::iter::from_fn(|| events.pop()).filter(|event| !event.text.contains("without encryption"));
        let logged = logged.collect();
        Self { key_set, events, epoch, _refresher: refresher, logged }
    }

    /// Blocks the thread until the returned sender is dropped.
    pub(in crate::keys) fn hang(&self) -> mpsc::Sender<()> {
        let ((release, released), (hangs, hung)) = (mpsc::channel(), mpsc::channel());
        self._refresher.runtime.spawn(async move {
            hangs.send(()).unwrap();
            let _ = released.recv();
        });
        hung.recv().unwrap();
        release
    }

    pub(in crate::keys) fn try_key(&self, key_id: &str) -> Result<(), Reason> {
        try_key(&self.key_set, key_id)
    }

    pub(in crate::keys) fn reject(&self) -> Rejection {
        let header = ProtectedHeader::of(Algorithm::EdDsa, Some("a"));
        self.key_set.verify_with(&header, |_| Ok(())).unwrap_err()
    }

    pub(in crate::keys) fn logged(&mut self) -> &[Event] {
        self.logged.extend(std::iter::from_fn(|| self.events.pop()));
        &self.logged
    }

    pub(in crate::keys) fn count_logged(&mut self, level: Level, part: &str) -> usize {
        self.logged().iter().filter(|event| event.level == level && event.text.contains(part)).count()
    }
}

pub(in crate::keys) fn try_key(key_set: &RemoteKeySet, key_id: &str) -> Result<(), Reason> {
    let header = ProtectedHeader::of(Algorithm::EdDsa, Some(key_id));
    key_set.verify_with(&header, |_| Ok(())).map(drop).map_err(|reject| reject.code())
}

#[test]
fn a_key_set_is_fetched_and_logged() {
    let server = Server::start(|_, _| good(&["a", "b"]));
    let mut fetched = FetchedSet::from(&server.url(), Timing::DEFAULT);
    let begin = Instant::now();
    assert_eq!(fetched.key_set.wait_until_fetched(2 * BOUND), Ok(()));
    assert!(begin.elapsed() < BOUND, "the waiting thread is woken");
    assert_eq!(fetched.try_key("b"), Ok(()));
    assert_eq!(fetched.try_key("c"), Err(Reason::UnknownKeyId));
    let logged = fetched.logged().iter().map(|event| (event.level, event.text.as_str())).collect::<Vec<_>>();
    assert_eq!(logged, [(Level::Info, &*format!("Loaded 2 keys: 'a' (Ed25519), 'b' (Ed25519) from {}", server.url()))]);
    let request = server.seen.requests.lock().unwrap()[0].to_lowercase();
    assert!(request.contains(&format!("\r\nuser-agent: nativejwt/{}\r\n", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(request.contains("\r\naccept: application/jwk-set+json"), "{request}");
    assert!(request.contains("\r\naccept-encoding: identity\r\n"), "nothing is unpacked: {request}");
}

#[test]
fn each_failure_has_a_log_line_and_a_message_for_clients() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = |bytes: &'static str| move || Reply::Bytes(bytes.into());
    let slow = Duration::from_millis(20);
    type Answering = Box<dyn Fn() -> Reply + Send + Sync>;
    let cases: Vec<(Answering, &str, &str)> = vec![
        (Box::new(|| response("500 No", "", "")), "the server answered with status 500", "answers with an error"),
        (Box::new(|| response("201 Created", "", &document(&["a"]))), "status 201", "answers with an error"),
        (Box::new(|| response("304 Same", "", "")), "status 304", "answers with an error"),
        (Box::new(|| redirect("http://evil.example/jwks")), "another host, 'evil.example'", "not followed"),
        (Box::new(|| redirect("file:///etc/passwd")), "of type 'file'", "not followed"),
        (Box::new(|| redirect("/jwks")), "more than 3 redirects", "not followed"),
        (Box::new(|| response("204 No", "", "")), "status 204, which means that there is no document", "with an error"),
        (
            Box::new(|| response("404 No", "", r#"{"error":"Realm does not exist"}"#)),
            "status 404 and says 'Realm does not exist': there is nothing at this address",
            "answers with an error",
        ),
        (
            Box::new(|| response("403 No", "", "<html><title>Sign in</title>")),
            "status 403 and says 'Sign in': the server requires authentication",
            "answers with an error",
        ),
        (
            Box::new(|| Reply::Endless("HTTP/1.1 502 No\r\n\r\nno upstream\n".into(), b" ", Duration::from_millis(20))),
            "status 502 and says 'no upstream'",
            "answers with an error",
        ),
        (
            Box::new(|| response("200 OK", "", "<html><title>Sign in</title>")),
            "the document is an HTML page (its title is 'Sign in') instead of a JWK Set (RFC 7517): it may be a login or error page",
            "does not contain usable keys",
        ),
        (
            Box::new(|| response("200 OK", "Content-Encoding: br\r\n", "")),
            "the document is compressed (br) instead of a JWK Set (RFC 7517): only plain JSON is accepted",
            "does not contain usable keys",
        ),
        (
            Box::new(|| response("200 OK", "", "")),
            "the document is empty instead of a JWK Set",
            "does not contain usable keys",
        ),
        (Box::new(|| response("200 OK", "", r#"{"keys":[]}"#)), "the JWK Set is empty", "does not contain usable keys"),
        (
            Box::new(|| response("200 OK", "", r#"{"keys":[{}]}"#)),
            "the only key of the JWK Set cannot be used",
            "does not contain usable keys",
        ),
        (Box::new(bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\":[")), "broke off", "server broke off"),
        (
            Box::new(bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"key")),
            "broke off",
            "server broke off",
        ),
        (Box::new(bytes("")), "broke off: connection closed before message completed", "server broke off"),
        (Box::new(bytes("220 smtp.example\r\n")), "broke off", "server broke off"),
        (
            Box::new(|| Reply::Endless("HTTP/1.1 200 OK\r\n".into(), b"X-Endless: and so on\r\n", Duration::ZERO)),
            "broke off: message head is too large",
            "server broke off",
        ),
        (
            Box::new(|| Reply::Endless(CHUNKED.into(), b"10\r\n                \r\n", Duration::ZERO)),
            "larger than 1048576 bytes",
            "too large",
        ),
        (
            Box::new(|| Reply::Endless("HTTP/1.1 200 OK\r\n\r\n".into(), &[b' '; 4096], Duration::ZERO)),
            "larger than 1048576 bytes",
            "too large",
        ),
        (
            Box::new(move || Reply::Endless(CHUNKED.into(), b"1\r\n \r\n", slow)),
            "no complete answer within 0.3 s",
            "does not answer in time",
        ),
        (Box::new(|| Reply::Silence), "no complete answer within 0.3 s", "does not answer in time"),
    ];
    for (answer, reason, general) in cases {
        let server = Server::start(move |_, _| answer());
        let total_timeout = if reason.contains("0.3 s") { Duration::from_millis(300) } else { BOUND };
        let transport = Transport { total_timeout, ..Transport::DEFAULT };
        let mut fetched = FetchedSet::over(&server.url(), ONCE, transport);
        let failure = fetched.key_set.wait_until_fetched(BOUND).expect_err(reason);
        assert!(failure.contains(reason), "{reason}: {failure}");
        let reject = fetched.reject();
        assert_eq!(reject.code(), Reason::KeysUnavailable);
        let message = reject.message();
        assert!(
            message.starts_with("The signing keys could not be fetched since 20") && message.contains(general),
            "{message}"
        );
        assert!(!message.contains("127.0.0.1"), "{message}");
        let text = format!("The fetch of keys from {} failed: ", server.url());
        assert_eq!(fetched.count_logged(Level::Warning, &text), 1, "{:?}", fetched.logged);
        assert_eq!(fetched.count_logged(Level::Warning, "tokens are rejected until it succeeds"), 1);
        drop(fetched);
        until("the connection is closed", || server.seen.open.load(Ordering::SeqCst) == 0);
    }
}

#[test]
fn a_redirect_on_the_same_host_is_followed() {
    let server = Server::start(|_, path| match path {
        "/jwks" => redirect("/a"),
        "/a" => redirect("/b?c=d"),
        "/b?c=d" => redirect("e"),
        "/e" => good(&["a"]),
        _ => response("404 No", "", ""),
    });
    let fetched = FetchedSet::from(&server.url(), ONCE);
    assert_eq!(fetched.key_set.wait_until_fetched(BOUND), Ok(()));
    assert_eq!(fetched.try_key("a"), Ok(()));
    assert_eq!(server.requests(), 4);
}

#[test]
fn a_server_that_starts_later_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut fetched = FetchedSet::from(&format!("http://{address}/jwks"), QUICK);
    assert_eq!(fetched.reject().code(), Reason::KeysUnavailable, "before the first fetch, too");
    let failure = fetched.key_set.wait_until_fetched(BOUND).unwrap_err();
    assert!(failure.contains("cannot connect: Connection refused"), "{failure}");
    assert!(
        fetched.reject().message().ends_with("because the issuer's server cannot be reached"),
        "{}",
        fetched.reject()
    );
    until("several attempts", || fetched.key_set.state().fetches() > 5);
    assert_eq!(fetched.count_logged(Level::Warning, "failed"), 1, "not logged at each attempt: {:?}", fetched.logged);
    let _server = Server::listen(TcpListener::bind(address).unwrap(), None, |_, _| good(&["a"]));
    until("the keys are there", || fetched.try_key("a") == Ok(()));
    assert_eq!(fetched.key_set.wait_until_fetched(Duration::ZERO), Ok(()));
    until("it is logged", || fetched.count_logged(Level::Info, "Loaded 1 key: 'a' (Ed25519) from") == 1);
    assert_eq!(fetched.count_logged(Level::Info, "works again; it had failed"), 1);
}

#[test]
fn a_failed_refresh_keeps_the_keys_and_a_changed_set_replaces_them() {
    let phase = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let phase = Arc::clone(&phase);
        move |_, _| match phase.load(Ordering::SeqCst) {
            0 => good(&["a", "b"]),
            1 => response("503 Later", "", ""),
            2 => response("200 OK", "", r#"{"keys":[]}"#),
            _ => good(&["b", "c"]),
        }
    });
    let mut fetched = FetchedSet::from(&server.url(), QUICK);
    until("the first set", || fetched.try_key("a") == Ok(()));
    until("several refreshes", || server.requests() > 3);
    for failing in [1, 2] {
        phase.store(failing, Ordering::SeqCst);
        let requests = server.requests();
        until("several failures", || server.requests() > requests + 5);
        assert_eq!(fetched.try_key("a"), Ok(()));
    }
    assert_eq!(
        fetched.count_logged(Level::Warning, "status 503. It will be retried; the keys fetched at 20"),
        1,
        "{:?}",
        fetched.logged
    );
    assert_eq!(
        fetched.count_logged(Level::Warning, ""),
        1,
        "another reason a moment later waits its turn: {:?}",
        fetched.logged
    );
    phase.store(3, Ordering::SeqCst);
    until("the new set", || fetched.try_key("c") == Ok(()));
    assert_eq!(fetched.try_key("a"), Err(Reason::UnknownKeyId));
    assert_eq!(fetched.try_key("b"), Ok(()));
    let requests = server.requests();
    until("more refreshes", || server.requests() > requests + 3);
    assert_eq!(
        fetched.count_logged(Level::Info, "changed: added 'c'; removed 'a'; now 2 keys"),
        1,
        "{:?}",
        fetched.logged
    );
    assert_eq!(fetched.count_logged(Level::Info, "works again; it had failed"), 1);
    assert_eq!(fetched.logged().len(), 4, "loaded, failed, works again, changed: {:?}", fetched.logged);
}

/// The result of a fetch of these keys.
fn read(key_ids: &[&str]) -> Result<Answer<ReadDocument>, Failure> {
    let reading = JwkSet::read(document(key_ids).as_bytes(), Origin::Fetched).unwrap();
    let fetched = Fetched::Document(ReadDocument { reading: Box::new(reading), validator: None, text: None });
    Ok(Answer { fetched, max_age: None, server_time: None })
}

#[test]
fn failures_count_from_the_last_successful_fetch() {
    let events = Arc::new(Events::default());
    let key_set = RemoteKeySet::open(RemoteSettings::new(Location::parse("https://idp.example/").unwrap()), &events);
    let now = Moment::now();
    let mut refreshing = Refreshing::new(&key_set, &events, &Arc::default());
    let bad = || Err(Failure::new(FailureKind::Unreachable, "cannot connect"));
    for (fetched, wall_clock) in
        [(read(&["a"]), 1000), (bad(), 2000), (bad(), 3000), (read(&["a"]), 4000), (bad(), 5000)]
    {
        refreshing.take(&key_set, fetched, now, UnixMillis(wall_clock));
    }
    let logged: Vec<_> = std::iter::from_fn(|| events.pop()).map(|event| event.text).collect();
    assert_eq!(
        logged,
        [
            "Loaded 1 key: 'a' (Ed25519) from https://idp.example/",
            "The fetch of keys from https://idp.example/ failed: cannot connect. It will be retried; the keys fetched at 1970-01-01T00:00:01.000Z stay in use until 1970-01-02T00:00:01.000Z.",
            "The fetch of keys from https://idp.example/ works again; it had failed 2 times since 1970-01-01T00:00:01.000Z",
            "The fetch of keys from https://idp.example/ failed: cannot connect. It will be retried; the keys fetched at 1970-01-01T00:00:04.000Z stay in use until 1970-01-02T00:00:04.000Z.",
        ]
    );
}

#[test]
fn setting_the_clock_neither_expires_nor_prolongs_the_keys() {
    let events = Arc::new(Events::default());
    let key_set = RemoteKeySet::open(RemoteSettings::new(Location::parse("https://idp.example/").unwrap()), &events);
    let begin = Moment::now();
    let mut refreshing = Refreshing::new(&key_set, &events, &Arc::default());
    let bad = || Err(Failure::new(FailureKind::Unreachable, "cannot connect"));
    let max_stale = Timing::DEFAULT.max_stale;
    for year in [2026_i64, 1970, 2100] {
        let wall_clock = UnixMillis((year - 1970) * 31_556_952_000);
        refreshing.take(&key_set, read(&["a"]), begin, wall_clock);
        for other_clock in [i64::MIN, 0, i64::MAX] {
            let almost = begin + max_stale - Duration::from_nanos(1);
            refreshing.take(&key_set, bad(), almost, UnixMillis(other_clock));
            assert_eq!(try_key(&key_set, "a"), Ok(()), "{year}");
        }
        refreshing.end_keys(&key_set, begin + max_stale);
        assert_eq!(try_key(&key_set, "a"), Err(Reason::KeysUnavailable));
    }
    // A day of failures: some lines, and one that the keys have expired.
    while events.pop().is_some() {}
    refreshing.take(&key_set, read(&["a"]), begin, UnixMillis(0));
    let mut now = begin;
    while now < begin + max_stale + Duration::from_secs(3600) {
        let next = key_set.change(&Epoch::default(), |state| {
            let wake = state.due().unwrap().min(state.next_end().unwrap_or(state.due().unwrap()));
            (None, wake)
        });
        now = now.max(next);
        refreshing.end_keys(&key_set, now);
        if key_set.change(&Epoch::default(), |state| (None, state.next(now))) == FetchStep::Fetch {
            refreshing.take(&key_set, bad(), now, UnixMillis(0));
        }
    }
    let logged: Vec<_> = std::iter::from_fn(|| events.pop()).collect();
    assert_eq!(logged.iter().filter(|event| event.level == Level::Error).count(), 1);
    assert!((25..40).contains(&logged.len()), "{} lines in a day: {logged:?}", logged.len());
}

#[test]
fn a_panic_in_a_fetch_is_a_failed_fetch() {
    let transport = Transport { roots: Roots::Panic, ..Transport::DEFAULT };
    let mut fetched = FetchedSet::over("http://127.0.0.1:1/", QUICK, transport);
    until("it goes on", || fetched.key_set.state().fetches() > 3);
    assert!(fetched.reject().message().ends_with("because an internal error occurred"), "{}", fetched.reject());
    assert_eq!(fetched.count_logged(Level::Warning, "failed: an internal error stopped the fetch"), 1);
}

#[test]
fn an_unused_key_is_logged_once() {
    let server =
        Server::start(|_, _| response("200 OK", "", &document(&["a", "b"]).replace(r#""b","#, r#""b","use":"enc","#)));
    let mut fetched = FetchedSet::from(&server.url(), QUICK);
    until("several refreshes", || server.requests() > 3);
    let line = "the key 'b' is not used: its use is 'enc', not 'sig'";
    assert_eq!(fetched.count_logged(Level::Warning, line), 1, "{:?}", fetched.logged);
    assert_eq!(fetched.try_key("a"), Ok(()));
}

#[test]
fn a_silent_server_delays_neither_other_servers_nor_a_drop() {
    let silent = Server::start(|_, _| Reply::Silence);
    let lively = Server::start(|_, _| good(&["a"]));
    let events = Arc::new(Events::default());
    let key_sets = [&silent, &lively].map(|server| {
        let location = Location::parse(&server.url()).unwrap();
        RemoteKeySet::open(RemoteSettings { timing: QUICK, ..RemoteSettings::new(location) }, &events)
    });
    let begin = Instant::now();
    let refresher = Refresher::start(&events, &Arc::default()).unwrap();
    for key_set in &key_sets {
        refresher.add(key_set);
    }
    until("the silent server is asked", || silent.requests() == 1);
    until("the lively one is asked again and again", || lively.requests() > 5);
    assert!(key_sets[0].wait_until_fetched(Duration::ZERO).unwrap_err().contains("no answer from"));
    drop(refresher);
    assert!(begin.elapsed() < Transport::DEFAULT.total_timeout, "{:?}", begin.elapsed());
    until("both connections are closed", || {
        [&silent, &lively].iter().all(|server| server.seen.open.load(Ordering::SeqCst) == 0)
    });
    let requests = lively.requests();
    assert_eq!(Arc::strong_count(&key_sets[1]), 1, "nothing refreshes it any more");
    assert_eq!(lively.requests(), requests);
}

#[test]
fn secrets_in_the_url_are_never_shown() {
    for answer in [
        || response("500 No", "", "Cannot GET /jwks?token=s3cret of hunter2"),
        || response("404 No", "", r#"{"error":"/jwks?token=s3cret"}"#),
        || response("200 OK", "", "Cannot GET /jwks?token=s3cret of hunter2"),
        || response("200 OK", "", "<html><title>s3cret</title>"),
        || response("200 OK", "", r#"{"s3cret":{"hunter2":1}}"#),
        || response("200 OK", "Content-Encoding: gzip\r\n", "s3cret"),
        || redirect("/?s3cret"),
        || Reply::Bytes("".into()),
    ] {
        let server = Server::start(move |_, _| answer());
        let url = format!("http://user:hunter2@{}/jwks?token=s3cret", server.address);
        let mut fetched = FetchedSet::from(&url, ONCE);
        let failure = fetched.key_set.wait_until_fetched(BOUND).unwrap_err();
        let texts = format!("{failure} {} {:?}", fetched.reject(), fetched.logged());
        assert!(!texts.contains("hunter2") && !texts.contains("s3cret"), "{texts}");
        assert!(server.seen.requests.lock().unwrap()[0].starts_with("GET /jwks?token=s3cret "));
    }
}

#[test]
fn only_a_certificate_of_a_known_root_and_of_this_host_is_trusted() {
    let given = |certificate: CertificateDer<'static>| Transport {
        roots: Roots::Given(vec![certificate]),
        ..Transport::DEFAULT
    };
    let (of_this_host, config) = certificate("127.0.0.1");
    let server = Server::start_tls(config, |_, path| match path {
        "/jwks" => good(&["a"]),
        _ => redirect(&format!("http://127.0.0.1{path}")),
    });
    let url = server.url().replace("http:", "https:");
    let fetched = FetchedSet::over(&url, ONCE, given(of_this_host.clone()));
    assert_eq!(fetched.key_set.wait_until_fetched(BOUND), Ok(()));
    assert_eq!(fetched.try_key("a"), Ok(()));

    let (of_another_host, config) = certificate("other.example");
    let other = Server::start_tls(config, |_, _| good(&["a"]));
    let other_url = other.url().replace("http:", "https:");
    for (url, transport, reason) in [
        (&*url, Transport::DEFAULT, "UnknownIssuer"),
        (&url, given(of_another_host.clone()), "TLS failed: the issuer of the server's certificate is not in"),
        (&other_url, given(of_another_host), "is valid for 'other.example', not for '127.0.0.1'"),
        (&url.replace("/jwks", "/downgrade"), given(of_this_host), "from https to http"),
    ] {
        let mut fetched = FetchedSet::over(url, ONCE, transport);
        let failure = fetched.key_set.wait_until_fetched(BOUND).unwrap_err();
        assert!(failure.contains(reason), "{failure}");
        assert_eq!(fetched.reject().code(), Reason::KeysUnavailable);
        assert_eq!(fetched.count_logged(Level::Warning, reason), 1, "{:?}", fetched.logged);
    }
    assert_eq!(other.requests(), 0, "nothing is asked of a server that is not trusted");
}

#[test]
fn tls_to_a_server_without_tls_fails() {
    let server = Server::start(|_, _| Reply::Bytes("HTTP/1.1 400 No\r\n\r\n".into()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/jwks", listener.local_addr().unwrap());
    let answering = thread::spawn(move || listener.accept().unwrap().0.write_all(b"HTTP/1.1 400 No\r\n\r\n"));
    let fetched = FetchedSet::from(&url, ONCE);
    let failure = fetched.key_set.wait_until_fetched(BOUND).unwrap_err();
    assert!(failure.contains("TLS failed: the server, or a proxy in front of it, answers without TLS"), "{failure}");
    answering.join().unwrap().unwrap();
    drop(server);
}

/// An authenticator for the JWK Set at `url`, and a token for alice.
struct Pipeline {
    pair: Ed25519KeyPair,
}

impl Pipeline {
    fn new() -> Self {
        Self { pair: Ed25519KeyPair::generate().unwrap() }
    }

    fn document(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        format!(r#"{{"keys":[{{"kid":"a",{KEY}}},{{"kid":"a","kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#)
    }

    fn open(url: &str) -> Authenticator {
        let text = format!("http-server.authentication.jwt.key-file={url}\n");
        Authenticator::open(&Properties::parse(&text, "test").unwrap()).unwrap()
    }

    fn token(&self, header: &str) -> Vec<u8> {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(r#"{"sub":"alice"}"#));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(input.as_bytes()));
        format!("Bearer {input}.{signature}").into_bytes()
    }
}

/// The file of an issuer, which the test changes.
struct IssuerFile(PathBuf);

impl IssuerFile {
    fn write(&self, lines: &str) {
        let text: String = lines.lines().map(|line| format!("http-server.authentication.jwt.{line}\n")).collect();
        std::fs::write(&self.0, text).unwrap();
    }
}

impl Drop for IssuerFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_changed_file_of_an_issuer_keeps_its_keys_until_those_of_a_new_address_arrive() {
    let pipeline = Pipeline::new();
    let (document, held) = (pipeline.document(), Arc::new(AtomicBool::new(true)));
    let (first_document, second_document, hold) = (document.clone(), document, Arc::clone(&held));
    let first = Server::start(move |_, _| response("200 OK", "", &first_document));
    let second = Server::start(move |_, _| match hold.load(Ordering::SeqCst) {
        true => response("500 No", "", ""),
        false => response("200 OK", "", &second_document),
    });
    let path = std::env::temp_dir().join(format!("nativejwt-{}-issuer.properties", std::process::id()));
    let file = IssuerFile(path.clone());
    file.write(&format!("key-file={}", first.url()));
    let config = format!("http-server.authentication.jwt.config-files={}", path.display());
    let authenticator = Authenticator::open(&Properties::parse(&config, "test").unwrap()).unwrap();
    authenticator.wait_until_fetched(BOUND).unwrap();
    let token = pipeline.token(r#"{"alg":"EdDSA","kid":"a"}"#);
    let user = || {
        let verdict = authenticator.authenticate(&token, UnixMillis(0));
        verdict.map(|identity| identity.user).map_err(|reject| reject.code())
    };
    assert_eq!(user().as_deref(), Ok("alice"));

    file.write(&format!("key-file={}\nuser-mapping.pattern=(a).*", first.url()));
    until("the new mapping counts", || {
        authenticator.poll();
        user().as_deref() == Ok("a")
    });
    assert_eq!(first.requests(), 1, "the keys that are there were taken over");

    file.write(&format!("key-file={}\nuser-mapping.pattern=(al).*", second.url()));
    until("the new address is asked", || {
        authenticator.poll();
        assert_eq!(user().as_deref(), Ok("a"), "the old rules are used until there are keys");
        second.requests() > 1
    });
    held.store(false, Ordering::SeqCst);
    until("the new rules count", || {
        authenticator.poll();
        user().as_deref() == Ok("al")
    });
    let logged: Vec<_> = std::iter::from_fn(|| authenticator.events().pop()).map(|event| event.text).collect();
    let path = path.display();
    for line in [
        format!(
            "The per-issuer file '{path}' has changed; its previous content stays in use until its new keys are fetched"
        ),
        format!("The per-issuer file '{path}' has changed and is in use"),
    ] {
        assert!(logged.contains(&line), "{line}: {logged:#?}");
    }
}

#[test]
fn a_token_is_verified_with_the_keys_of_a_url() {
    let pipeline = Pipeline::new();
    let document = pipeline.document();
    let server = Server::start(move |_, _| response("200 OK", "", &document));
    let authenticator = Pipeline::open(&server.url());
    let warning = authenticator.events().pop().unwrap();
    assert_eq!(warning.level, Level::Warning);
    assert!(warning.text.contains("an attacker on the network path can substitute keys and authenticate as any user"));
    assert_eq!(authenticator.wait_until_fetched(BOUND), Ok(()));
    let authenticate = |header: &str| {
        let verdict = authenticator.authenticate(&pipeline.token(header), UnixMillis::now());
        verdict.map(|identity| identity.user).map_err(|reject| (reject.code(), reject.message().to_owned()))
    };
    assert_eq!(authenticate(r#"{"alg":"EdDSA","kid":"a"}"#), Ok("alice".to_owned()), "the second key of the name");
    assert_eq!(authenticate(r#"{"alg":"EdDSA"}"#), Err((Reason::KeyIdRequired, "Key ID is required".to_owned())));
    assert_eq!(
        authenticate(r#"{"alg":"EdDSA","kid":"b"}"#),
        Err((Reason::UnknownKeyId, "Unknown signing key ID".to_owned()))
    );
    assert_eq!(authenticate(r#"{"alg":"HS256","kid":"a"}"#).unwrap_err().0, Reason::NoHmacKey);
    assert_eq!(authenticate(r#"{"alg":"ES256","kid":"a"}"#).unwrap_err().0, Reason::KeyAlgorithmMismatch);
    let other = Pipeline::new().token(r#"{"alg":"EdDSA","kid":"a"}"#);
    assert_eq!(authenticator.authenticate(&other, UnixMillis::now()).unwrap_err().code(), Reason::SignatureMismatch);
}

/// Runs an ignored test of this file in a process with its own environment.
pub(in crate::keys) fn alone(module: &str, test: &str, environment: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("{}::{test}", module.split_once("::").unwrap().1)])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn the_proxies_of_the_environment_are_not_used() {
    let unreachable = "http://127.0.0.1:1";
    alone(
        module_path!(),
        "alone_fetch_by_http",
        &[
            ("http_proxy", unreachable),
            ("HTTP_PROXY", unreachable),
            ("all_proxy", unreachable),
            ("ALL_PROXY", unreachable),
        ],
    );
}

#[test]
#[ignore = "run by the_proxies_of_the_environment_are_not_used"]
fn alone_fetch_by_http() {
    let server = Server::start(|_, _| good(&["a"]));
    assert_eq!(FetchedSet::from(&server.url(), ONCE).key_set.wait_until_fetched(BOUND), Ok(()));
}

#[test]
fn the_systems_roots_are_those_of_ssl_cert_file_if_it_is_set() {
    let file = std::env::temp_dir().join(format!("nativejwt-roots-{}.pem", std::process::id()));
    alone(module_path!(), "alone_fetch_by_https", &[("SSL_CERT_FILE", file.to_str().unwrap()), ("SSL_CERT_DIR", "")]);
    std::fs::remove_file(file).unwrap();
}

#[test]
#[ignore = "run by the_systems_roots_are_those_of_ssl_cert_file_if_it_is_set"]
fn alone_fetch_by_https() {
    let (certificate, config) = certificate("127.0.0.1");
    let server = Server::start_tls(config, |_, _| good(&["a"]));
    let url = server.url().replace("http:", "https:");
    let file = std::env::var("SSL_CERT_FILE").unwrap();
    let fetched = FetchedSet::from(&url, QUICK);
    let failure = fetched.key_set.wait_until_fetched(BOUND).unwrap_err();
    assert!(failure.contains("this machine has no root certificates"), "{failure}");
    // The change takes effect without a restart.
    std::fs::write(file, ::pem::encode(&::pem::Pem::new("CERTIFICATE", &certificate[..]))).unwrap();
    until("the renewed bundle counts", || fetched.try_key("a") == Ok(()));
}

#[test]
fn no_thread_is_left_behind() {
    alone(module_path!(), "alone_open_and_drop", &[]);
}

#[test]
#[ignore = "run by no_thread_is_left_behind"]
fn alone_open_and_drop() {
    let threads = || {
        let names = std::fs::read_dir("/proc/self/task")
            .unwrap()
            .map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")));
        names.filter(|name| name.as_ref().is_ok_and(|name| name.trim() == THREAD_NAME)).count()
    };
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let server = Server::start(|number, _| if number % 2 == 0 { Reply::Silence } else { good(&["a"]) });
    let before = descriptors();
    for number in 0..20 {
        // By name, so that the helper threads of name resolution are seen as well.
        let authenticator = Pipeline::open(&server.url().replace("127.0.0.1", "localhost"));
        until("it is asked", || server.requests() == number + 1);
        assert!(threads() >= 1);
        let begin = Instant::now();
        drop(authenticator);
        assert!(begin.elapsed() < crate::stoppable_thread::LONGEST_STOP, "it was joined: {:?}", begin.elapsed());
    }
    until("every thread is gone", || threads() == 0);
    until("every descriptor is closed", || descriptors() <= before);
}

/// Parts of a turn that panic when they are next reached.
#[derive(Clone, Default)]
pub(super) struct Defects(Arc<Mutex<Vec<Part>>>);

impl Defects {
    fn add(&self, part: Part) {
        self.0.lock().unwrap().push(part);
    }

    fn have_struck(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

impl Refreshing {
    pub(super) fn reaches(&self, part: Part) {
        let mut defects = self.defects.0.lock().unwrap();
        let struck = defects.iter().position(|defect| *defect == part).map(|index| defects.swap_remove(index));
        drop(defects);
        assert!(struck.is_none(), "a test asked for this panic");
    }
}

const EVERY_PART: [Part; 8] =
    [Part::Begin, Part::EndKeys, Part::Fetch, Part::Wait, Part::Take, Part::Success, Part::Save, Part::Failure];

#[test]
fn a_panic_in_any_part_is_logged_wakes_requests_and_stops_neither_keys_nor_refreshing() {
    // In parallel, since each of them pauses after the panic.
    thread::scope(|scope| {
        for part in EVERY_PART {
            scope.spawn(move || survives(part));
        }
    });
}

fn survives(part: Part) {
    let server = Server::start(move |number, _| match number {
        0 => good(&["a"]),
        1 if part == Part::Failure => response("500 No", "", ""),
        _ => good(&["a", "b"]),
    });
    let events = Arc::new(Events::default());
    let timing = Timing {
        unknown_kid_wait: BOUND,
        unknown_kid_cooldown: Duration::ZERO,
        first_retry: Duration::from_millis(5),
        ..Timing::DEFAULT
    };
    let settings = RemoteSettings { timing, ..RemoteSettings::new(Location::parse(&server.url()).unwrap()) };
    let key_set = RemoteKeySet::open(settings, &events);
    let refresher = Refresher::start(&events, &Arc::default()).unwrap();
    let refreshing = Refreshing::new(&key_set, &events, &refresher.epoch);
    let defects = refreshing.defects.clone();
    refresher.run(&key_set, refreshing);
    until("the keys are there", || try_key(&key_set, "a") == Ok(()));
    defects.add(part);
    let begin = Instant::now();
    // The request is always woken. Whether it finds its key depends on the part.
    let verdict = try_key(&key_set, "b");
    assert!(begin.elapsed() < BOUND, "{part:?}: it waits for nothing");
    until("it has struck", || defects.have_struck());
    match part {
        Part::Begin | Part::Wait | Part::Success | Part::Save => assert_eq!(verdict, Ok(()), "{part:?}"),
        Part::Fetch | Part::Take | Part::Failure => assert_eq!(verdict, Err(Reason::UnknownKeyId), "{part:?}"),
        // Before or after the fetch.
        Part::EndKeys => {}
    }
    assert_eq!(try_key(&key_set, "a"), Ok(()), "{part:?}: its keys are as they were");
    until("the next fetch is good", || try_key(&key_set, "b") == Ok(()));
    let mut logged = Vec::new();
    until("it is logged", || {
        logged.extend(std::iter::from_fn(|| events.pop()).filter(|event| event.level == Level::Error));
        !logged.is_empty()
    });
    let line = format!(
        "Internal error while fetching keys from {}. Fetching restarts in 1 s. Please report this.",
        server.url()
    );
    assert_eq!(logged.iter().map(|event| &*event.text).collect::<Vec<_>>(), [line], "{part:?}");
}

#[test]
fn a_permanent_defect_is_retried_ever_more_rarely_and_the_keys_still_expire() {
    let server = Server::start(|_, _| good(&["a"]));
    let events = Arc::new(Events::default());
    let timing = Timing { max_stale: Duration::from_secs(3), ..QUICK };
    let settings = RemoteSettings { timing, ..RemoteSettings::new(Location::parse(&server.url()).unwrap()) };
    let key_set = RemoteKeySet::open(settings, &events);
    let refresher = Refresher::start(&events, &Arc::default()).unwrap();
    let refreshing = Refreshing::new(&key_set, &events, &refresher.epoch);
    let defects = refreshing.defects.clone();
    refresher.run(&key_set, refreshing);
    until("the keys are there", || try_key(&key_set, "a") == Ok(()));
    (0..1000).for_each(|_| defects.add(Part::EndKeys));
    until("the keys end all the same", || try_key(&key_set, "a") == Err(Reason::KeysUnavailable));
    let logged = std::iter::from_fn(|| events.pop()).filter(|event| event.level == Level::Error);
    let logged: Vec<_> = logged.map(|event| event.text).collect();
    assert!((2..10).contains(&logged.len()), "{logged:?}");
    for (text, pause) in logged.iter().zip(["in 1 s", "in 2 s", "in 4 s"]) {
        assert!(text.contains(pause), "{logged:?}");
    }
}

#[test]
fn removed_keys_expire_by_the_snapshot_and_their_cached_tokens_with_the_removal() {
    let (events, epoch) = (Arc::new(Events::default()), Arc::new(Epoch::default()));
    let grace = Duration::from_secs(5);
    let timing = Timing { removed_key_grace: grace, ..Timing::DEFAULT };
    let location = Location::parse("https://idp.example/").unwrap();
    let key_set = RemoteKeySet::open(RemoteSettings { timing, ..RemoteSettings::new(location) }, &events);
    let mut refreshing = Refreshing::new(&key_set, &events, &epoch);
    let now = Moment::now();
    let mut take = |key_ids: &[&str], at: Moment| {
        let before = epoch.settled();
        refreshing.take(&key_set, read(key_ids), at, UnixMillis(0));
        epoch.settled() != before
    };
    // Three keys, so that none of them is the only one for its algorithm before or after.
    assert!(take(&["a", "b", "c"], now), "the first keys");
    assert!(!take(&["a", "b", "c"], now), "a refresh that changes nothing costs no token");
    assert!(
        take(&["b", "c"], now),
        "the same keys are valid, and one of them expires earlier than the tokens cached with it"
    );
    assert!(!take(&["b", "c"], now), "nothing ends sooner now");
    assert_eq!(try_key(&key_set, "a"), Ok(()), "the grace");
    assert!(!take(&["a", "b", "c"], now), "the same keys, and none ends soon");
    // As if the removal were long ago and the thread had not removed the key.
    let long_ago = now - grace - Duration::from_secs(2);
    assert!(take(&["b", "c"], long_ago));
    assert_eq!(try_key(&key_set, "a"), Err(Reason::UnknownKeyId));
    assert_eq!(try_key(&key_set, "b"), Ok(()));
}

#[test]
fn a_store_on_a_stuck_disk_delays_no_other_issuer() {
    let pipe = std::env::temp_dir().join(format!("nativejwt-refresh-pipe-{}", std::process::id()));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let store = crate::http::stores::CertificateStore::new(&pipe, None);
    let roots = Roots::Store(Arc::new(store));
    let total_timeout = Duration::from_millis(50);
    let mut stuck =
        FetchedSet::over("https://127.0.0.1:1/", QUICK, Transport { roots, total_timeout, ..Transport::DEFAULT });
    let server = Server::start(|_, _| good(&["a"]));
    let location = Location::parse(&server.url()).unwrap();
    let other = RemoteKeySet::open(RemoteSettings { timing: QUICK, ..RemoteSettings::new(location) }, &stuck.events);
    stuck._refresher.add(&other);
    until("the other one has its keys", || try_key(&other, "a") == Ok(()));
    until("the stuck one fails", || stuck.count_logged(Level::Warning, "no complete answer within 0.05 s") == 1);
    std::fs::remove_file(pipe).unwrap();
}

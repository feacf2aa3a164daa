// SPDX-License-Identifier: Apache-2.0
//! Runs every case of `tests/cases` in shadow mode: the case says what Trino's built-in authenticator does, and each difference
//! must be explained by the row of DIFFERENCES.md that the case names, or by a property that is only ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::print_stdout, reason = "the counts are part of a test's output")]

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use nativejwt_core::{Authenticator, BuiltIn, Explanation, HostProcess, ShadowHeader, UnixMillis};
use test_support::case::{Case, Expected, SERVED, Stock, load_all, load_differences};
use test_support::serve::FileServer;
use test_support::token::Make;

const PREFIX: &str = "http-server.authentication.jwt.";

/// Properties that the built-in authenticator has as well.
const SHARED: [&str; 6] = [
    "key-file",
    "required-issuer",
    "required-audience",
    "principal-field",
    "user-mapping.pattern",
    "user-mapping.file",
];

/// The id of the row of DIFFERENCES.md with this text.
fn row_id(document: &str, line: &str) -> String {
    let row = document.lines().find(|row| row.contains(line)).unwrap_or_else(|| panic!("no row has '{line}'"));
    row.split('`').nth(1).unwrap().to_owned()
}

type Opened = Rc<Result<Authenticator, String>>;

/// The configuration of a case, with the addresses of its server.
fn served(case: &Case, server: &FileServer) -> Vec<(String, String)> {
    let url = |value: &str| value.strip_prefix(SERVED).map_or_else(|| value.to_owned(), |file| server.url(file));
    case.config.iter().map(|(name, value)| (name.clone(), url(value))).collect()
}

fn open(config: &[(String, String)]) -> Result<Authenticator, String> {
    let properties = test_support::properties(config.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let host = HostProcess { beside_built_in: true, ..HostProcess::default() };
    let authenticator = Authenticator::open_with(&properties, &host).map_err(|errors| errors.to_string())?;
    let _ = authenticator.wait_until_fetched(Duration::from_secs(20));
    Ok(authenticator)
}

fn is_shared(name: &str) -> bool {
    name.starts_with("http.") || SHARED.iter().any(|shared| name.strip_prefix(PREFIX) == Some(*shared))
}

/// The verdict of the built-in authenticator, with its message.
enum Stocks {
    Accepted { user: String, principal: String },
    Rejected(String),
    Failed { overflow: bool },
}

impl Stocks {
    fn built_in(&self) -> BuiltIn<'_> {
        match self {
            Self::Accepted { user, principal } => BuiltIn::Accepted { user, principal },
            Self::Rejected(message) => BuiltIn::Rejected { message },
            Self::Failed { overflow } => BuiltIn::Failed { overflow: *overflow },
        }
    }

    /// What the case says. `tests/differential` compares it with the built-in authenticator itself.
    fn of(case: &Case) -> Self {
        match (case.stock, &case.expected) {
            (Stock::Accept, Expected::Identity { user, principal, .. }) => {
                Self::Accepted { user: user.clone(), principal: principal.clone() }
            }
            (Stock::Accept, _) => {
                let principal = principal(&case.authorization);
                let user = match &case.expected {
                    Expected::Reject { code, .. } if code != "MAPPED_USER_UNUSABLE" => principal.clone(),
                    _ if case.name.contains("grows beyond") => "x".repeat(20_480),
                    _ => "?".to_owned(),
                };
                Self::Accepted { user, principal }
            }
            (Stock::Fail, _) => Self::Failed { overflow: case.difference.as_deref() == Some("stack-overflow") },
            _ => Self::Rejected(message(case)),
        }
    }

    /// What it does without the properties that only nativejwt has: of those cases, files say only that it does not start.
    fn without_our_properties(case: &Case, server: &FileServer) -> Option<Self> {
        let mut shared: Vec<_> = served(case, server).into_iter().filter(|(name, _)| is_shared(name)).collect();
        // It has no limit.
        shared.push((format!("{PREFIX}max-token-size"), "32kB".to_owned()));
        let verdict = open(&shared).ok()?.authenticate(&case.authorization, UnixMillis(case.now));
        Some(match verdict {
            Ok(identity) => Self::Accepted { user: identity.user, principal: identity.principal },
            Err(rejection) => Self::Rejected(rejection.message().to_owned()),
        })
    }
}

/// The principal of a token, with a question mark for half of a surrogate pair, as Java writes it in UTF-8.
fn principal(authorization: &[u8]) -> String {
    let payload = authorization.split(|byte| *byte == b'.').nth(1).unwrap_or_default();
    // Cases about principals have strict base64url.
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let value: serde_json::Value = serde_json::from_slice(&payload).unwrap_or_default();
    value["sub"].as_str().unwrap_or("?").to_owned()
}

/// How the built-in authenticator begins its message about a token that only nativejwt accepts.
fn message(case: &Case) -> String {
    match case.difference.as_deref() {
        Some("no-kid" | "thumbprints") => "Key ID is required".to_owned(),
        Some("ed25519-keys") => "Unknown signing key ID".to_owned(),
        Some("certificates") => "JWT is signed with RS256, but no public key is configured".to_owned(),
        Some("long-numbers") => "Unexpected content JWS.".to_owned(),
        Some("header-keys-not-parsed") => {
            let parameter = case.name.split(':').next().unwrap();
            format!("Invalid protected header: Invalid JWS header '{parameter}' value")
        }
        Some("lists-and-pointers") if case.name.starts_with("required-audience") => {
            "Invalid Audience: [b]. Allowed audiences: a, b".to_owned()
        }
        Some("lists-and-pointers") => "Invalid credentials".to_owned(),
        _ => String::new(),
    }
}

#[test]
fn every_case_that_differs_from_the_built_in_authenticator_is_explained_by_its_row() {
    let document = std::fs::read_to_string(test_support::tests_folder().join("../DIFFERENCES.md")).unwrap();
    let differences = load_differences();
    let server = FileServer::start();
    let mut authenticators: HashMap<Vec<(String, String)>, Opened> = HashMap::new();
    let mut problems = Vec::new();
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut refused, mut same) = (0, 0);
    for case in &load_all().unwrap() {
        let opened = authenticators.entry(case.config.clone()).or_insert_with(|| {
            let mut config = served(case, &server);
            config.push((format!("{PREFIX}shadow"), "true".to_owned()));
            Rc::new(open(&config))
        });
        let authenticator = match (opened.as_ref(), &case.expected) {
            (Ok(_), Expected::FailsToStart(_)) => {
                problems.push(format!("{}: it starts", case.name));
                continue;
            }
            (Err(_), Expected::FailsToStart(_)) => continue,
            (Err(errors), _) => {
                refused += 1;
                let is_needed = case.stock == Stock::RefuseToStart || case.difference.as_deref() == Some("own-keys");
                // It would take the JSON for a secret.
                let is_jwk = errors.contains("names a JWK or JWK Set in a file");
                if !(is_jwk || is_needed && errors.contains("shadow mode")) {
                    problems.push(format!("{}: {errors}", case.name));
                }
                continue;
            }
            (Ok(authenticator), _) => authenticator,
        };
        let has_own = case.config.iter().any(|(name, _)| !is_shared(name));
        let stocks = match case.stock {
            Stock::RefuseToStart if has_own => Stocks::without_our_properties(case, &server),
            Stock::RefuseToStart => None,
            _ => Some(Stocks::of(case)),
        };
        let Some(stocks) = stocks else {
            // The built-in authenticator says so itself.
            if !case.difference.as_deref().is_some_and(|slug| ["key-set-unavailable", "bad-key-in-set"].contains(&slug))
            {
                problems.push(format!("{}: {}: the built-in authenticator cannot read it", case.file, case.name));
            }
            continue;
        };
        let verdict = stocks.built_in();
        let header = ShadowHeader::Value(&case.authorization);
        let found = authenticator.judge_shadow(header, UnixMillis(case.now), &verdict, Duration::ZERO);
        let expected = case.difference.as_deref().map(|slug| row_id(&document, &differences[slug].line));
        let actual = found.as_ref().map(|found| found.disagreement.explanation);
        actual.iter().for_each(|explanation| *explained.entry(explanation.id()).or_default() += 1);
        match (expected.as_deref(), actual) {
            (None, None) => {}
            (Some("own-properties"), None) => same += 1,
            (Some("own-properties"), Some(Explanation::Configured)) => {}
            (Some(row), Some(explanation)) if explanation.id() == row => {}
            (expected, actual) => problems.push(format!(
                "{}: {}: the row {expected:?}, but {:?}: {:?} (stock {:?})",
                case.file,
                case.name,
                actual.map(Explanation::id),
                found.map(|found| found.text),
                case.stock
            )),
        }
    }
    for (row, count) in &explained {
        println!("{count:5} {row}");
    }
    println!("{refused:5} cases whose configuration the built-in authenticator cannot read");
    println!("{same:5} cases with properties that only nativejwt has, and the same verdict");
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

const NOW: i64 = 1_700_000_000_000;
const HOUR: Duration = Duration::from_secs(3600);

fn shadow_of(key: &str, more: &[(&str, &str)]) -> Authenticator {
    let key_file = test_support::sign::verifying_file(key);
    let mut config = vec![("key-file", key_file.to_str().unwrap()), ("shadow", "true")];
    config.extend(more);
    let config: Vec<_> =
        config.into_iter().map(|(name, value)| (format!("{PREFIX}{name}"), value.to_owned())).collect();
    open(&config).unwrap()
}

fn token(key: &str, alg: &str, header: &str, payload: &str) -> String {
    let header = format!("{{\"alg\":\"{alg}\"{header}}}");
    let make = Make {
        header: Some(header),
        payload: Some(payload.to_owned()),
        key: Some(key.to_owned()),
        alg: Some(alg.to_owned()),
        ..Make::default()
    };
    format!("Bearer {}", String::from_utf8(make.build()).unwrap())
}

fn hs256(payload: &str) -> String {
    token("hmac-64", "HS256", "", payload)
}

/// The id that explains the difference, if there is one.
fn judge(authenticator: &Authenticator, header: &str, built_in: &BuiltIn<'_>) -> Option<&'static str> {
    let header = ShadowHeader::Value(header.as_bytes());
    let found = authenticator.judge_shadow(header, UnixMillis(NOW), built_in, Duration::ZERO);
    found.map(|found| found.disagreement.explanation.id())
}

const ALICE: BuiltIn<'_> = BuiltIn::Accepted { user: "alice", principal: "alice" };

/// The verdicts here are invented: nativejwt has a defect, or the built-in authenticator. No row may hide it.
#[test]
fn a_reason_alone_explains_nothing() {
    let shadow = shadow_of("hmac-64", &[]);
    let rejected = |message: &'static str| BuiltIn::Rejected { message };
    let (good, late) = (hs256(r#"{"sub":"alice"}"#), hs256(r#"{"sub":"alice","exp":1700003600}"#));
    let forged = good.replace("HS256", "").replace(&good[good.len() - 6..], "AAAAAA");
    for (header, built_in, expected) in [
        (&good, ALICE, None),
        (&good, BuiltIn::Accepted { user: "bob", principal: "alice" }, Some("unexplained")),
        (&good, BuiltIn::Accepted { user: "alice", principal: "bob" }, Some("unexplained")),
        (&good, rejected("JWT expired 5 milliseconds ago"), Some("unexplained")),
        (&late, rejected("JWT expired 5 milliseconds ago"), Some("unexplained")),
        (&good, rejected("Key ID is required"), Some("unexplained")),
        (&good, rejected("Unknown signing key ID"), Some("unexplained")),
        (&good, rejected("Invalid protected header: Invalid JWS header 'jku' value"), Some("unexplained")),
        (&good, rejected("Invalid Audience: [a]. Allowed audiences: a, b"), Some("unexplained")),
        (&good, rejected("Invalid credentials"), Some("unexplained")),
        (&good, rejected("No user mapping patterns match the principal"), Some("unexplained")),
        (&good, rejected("Unexpected content JWS."), Some("unexplained")),
        (&good, rejected("anything"), Some("unexplained")),
        (&good, BuiltIn::Failed { overflow: false }, Some("unexplained")),
        (&good, BuiltIn::Failed { overflow: true }, Some("unexplained")),
        (&forged, ALICE, Some("unexplained")),
        (&forged, rejected("JWT signature does not match"), None),
        (&forged, BuiltIn::Failed { overflow: false }, Some("401-not-500")),
        (&"Basic YWxpY2U6".to_owned(), ALICE, Some("unexplained")),
        (&"Bearer a.b.c.d.e".to_owned(), BuiltIn::Failed { overflow: false }, Some("401-headers-jwe")),
        (&hs256(r#"{"sub":"alice","exp":1600000000}"#), ALICE, Some("unexplained")),
        (&hs256(r#"{"sub":"alice","nbf":1800000000}"#), ALICE, Some("unexplained")),
        (&hs256(r#"{"sub":"alice","nbf":1800000000.5}"#), ALICE, Some("unexplained")),
        (&hs256(r#"{"sub":"alice","sub":"bob"}"#), ALICE, Some("unexplained")),
        (&hs256(r#"{"sub":5}"#), ALICE, Some("unexplained")),
        (&hs256(r#"{"sub":"alice","iss":5}"#), ALICE, Some("unexplained")),
        (&hs256("[]"), ALICE, Some("unexplained")),
        (&hs256(r#"{"sub":" alice"}"#), ALICE, Some("unexplained")),
        (
            &hs256(r#"{"sub":" alice"}"#),
            BuiltIn::Accepted { user: "alice", principal: " alice" },
            Some("principal-text"),
        ),
        (&format!("{}=", &good), ALICE, Some("base64-strict")),
        (&token("hmac-64", "HS256", r#","crit":["exp"]"#, r#"{"sub":"alice"}"#), ALICE, Some("unexplained")),
        (&token("hmac-64", "HS256", r#","crit":"\u001c""#, r#"{"sub":"alice"}"#), ALICE, Some("crit-b64")),
        (&token("hmac-64", "HS256", r#","crit":[]"#, r#"{"sub":"alice"}"#), ALICE, Some("crit-b64")),
        (&token("rsa-2048", "RS256", "", r#"{"sub":"alice"}"#), ALICE, Some("unexplained")),
    ] {
        assert_eq!(judge(&shadow, header, &built_in), expected, "{header} {built_in:?}");
    }
    let several = shadow.judge_shadow(ShadowHeader::Several, UnixMillis(NOW), &ALICE, Duration::ZERO).unwrap();
    assert_eq!(several.disagreement.explanation, Explanation::Unexplained);
    let several = shadow.judge_shadow(
        ShadowHeader::Several,
        UnixMillis(NOW),
        &BuiltIn::Failed { overflow: false },
        Duration::ZERO,
    );
    assert_eq!(several.unwrap().disagreement.explanation.id(), "401-headers-jwe");
}

#[test]
fn two_clocks_that_differ_by_less_than_a_second_are_no_defect() {
    let shadow = shadow_of("hmac-64", &[]);
    let expired = BuiltIn::Rejected { message: "JWT expired 5 milliseconds ago" };
    let early = BuiltIn::Rejected { message: "JWT early by 5 milliseconds" };
    for (claim, seconds, built_in, expected) in [
        ("exp", "1699999999.5", ALICE, Some("boundary")),
        ("exp", "1699999998.5", ALICE, Some("unexplained")),
        ("exp", "1700000000.5", expired, Some("boundary")),
        ("exp", "1700000001.5", expired, Some("unexplained")),
        ("nbf", "1700000001", ALICE, Some("boundary")),
        ("nbf", "1700000003", ALICE, Some("unexplained")),
        ("nbf", "1700000000", early, Some("boundary")),
        ("nbf", "1699999998", early, Some("unexplained")),
        ("exp", "1700000000", early, Some("unexplained")),
    ] {
        let header = hs256(&format!(r#"{{"sub":"alice","{claim}":{seconds}}}"#));
        assert_eq!(judge(&shadow, &header, &built_in), expected, "{claim} {seconds}");
    }
    // The other verdict may have come this much later.
    let header = hs256(r#"{"sub":"alice","exp":1700000003}"#);
    let header = ShadowHeader::Value(header.as_bytes());
    let found = shadow.judge_shadow(header, UnixMillis(NOW), &expired, Duration::from_secs(3)).unwrap();
    assert_eq!(found.disagreement.explanation, Explanation::Boundary);
    let lenient = shadow_of("hmac-64", &[("clock-skew", "30s")]);
    let by_skew = hs256(r#"{"sub":"alice","exp":1699999980}"#);
    assert_eq!(judge(&lenient, &by_skew, &expired), Some("configured"));
    assert_eq!(judge(&lenient, &hs256(r#"{"sub":"alice","exp":1800000000}"#), &expired), Some("unexplained"));
}

#[test]
fn the_report_and_the_metrics_have_every_difference() {
    let shadow = shadow_of("hmac-64", &[("required-scopes", "trino")]);
    let good = hs256(r#"{"sub":"alice","scope":"trino"}"#);
    for _ in 0..3 {
        judge(&shadow, &good, &ALICE);
    }
    judge(&shadow, &hs256(r#"{"sub":"alice"}"#), &ALICE);
    let secret = "s3cret-user";
    let other = BuiltIn::Accepted { user: secret, principal: secret };
    let header = ShadowHeader::Value(good.as_bytes());
    let difference = shadow.judge_shadow(header, UnixMillis(NOW), &other, HOUR).unwrap();
    let text = &difference.text;
    assert!(text.starts_with("the users differ [algorithm=\"HS256\" trace=") && !text.contains(secret), "{text}");
    assert_eq!(difference.disagreement.to_string(), "built-in accepted, native-jwt accepted");
    judge(&shadow, &good, &BuiltIn::Unknown);
    let failed = shadow.count_failed_shadow(&ALICE).unwrap();
    assert!(failed.is_unexplained() && failed.text.contains("internal error"), "{}", failed.text);
    shadow.count_skipped_shadow(7);
    let report = shadow.shadow_report().unwrap();
    assert_eq!((report.requests, report.compared, report.skipped), (7, 6, 7));
    assert_eq!((report.differing(), report.unexplained()), (3, 2));
    assert!(report.built_in_seconds >= 3600.0 && report.native_seconds > 0.0, "{report:?}");
    let metrics = shadow.metrics().to_text();
    for line in [
        "nativejwt_shadow_requests_total\t\t7",
        "nativejwt_shadow_unexplained_total\t\t2",
        "nativejwt_shadow_skipped_total\t\t7",
        "{builtin=\"accepted\",native=\"MISSING_SCOPE\",row=\"configured\"}\t1",
        "{builtin=\"accepted\",native=\"INTERNAL_ERROR\",row=\"unexplained\"}\t1",
        "{builtin=\"accepted\",native=\"accepted\",row=\"unexplained\"}\t1",
        "name=Shadow\tDifference_accepted_MISSING_SCOPE_configured\t",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    assert!(!format!("{report}{metrics}").contains(secret));
    let off = test_support::with_key_file(&test_support::sign::verifying_file("hmac-64"));
    assert!(off.shadow_report().is_none() && !off.metrics().to_text().contains("shadow"));
    assert!(off.judge_shadow(header, UnixMillis(NOW), &other, HOUR).is_none());
}

#[test]
fn a_change_of_the_key_file_explains_a_difference_only_if_it_is_in_use() {
    let folder = test_support::TemporaryFolder::new();
    let file = folder.path().join("key");
    let key = |name: &str| std::fs::read(test_support::sign::verifying_file(name)).unwrap();
    std::fs::write(&file, key("ec-p256")).unwrap();
    let config = [("key-file", file.to_str().unwrap()), ("shadow", "true")];
    let shadow = open(&config.map(|(name, value)| (format!("{PREFIX}{name}"), value.to_owned()))).unwrap();
    let other = token("ec-p384", "ES384", "", r#"{"sub":"alice"}"#);
    assert_eq!(judge(&shadow, &other, &ALICE), Some("unexplained"));
    std::fs::write(&file, "garbage").unwrap();
    assert_eq!(shadow.reload(), (0, 1));
    assert_eq!(judge(&shadow, &other, &ALICE), Some("unexplained"), "both have the previous key");
    std::fs::write(&file, key("ec-p384")).unwrap();
    assert_eq!(shadow.reload(), (1, 0));
    assert_eq!(judge(&shadow, &token("ec-p256", "ES256", "", r#"{"sub":"alice"}"#), &ALICE), Some("file-reload"));
    let never = token("ec-p521", "ES512", "", r#"{"sub":"alice"}"#);
    assert_eq!(judge(&shadow, &never, &ALICE), Some("unexplained"), "the key of the start does not verify it either");
}

#[test]
fn a_change_of_the_mapping_explains_only_what_the_mapping_of_the_start_did() {
    let folder = test_support::TemporaryFolder::new();
    let file = folder.path().join("users.json");
    let rules = |user: &str| format!(r#"{{"rules":[{{"pattern":"alice","user":"{user}"}}]}}"#);
    std::fs::write(&file, rules("alice")).unwrap();
    let key = test_support::sign::verifying_file("ec-p256");
    let config =
        [("key-file", key.to_str().unwrap()), ("user-mapping.file", file.to_str().unwrap()), ("shadow", "true")];
    let shadow = open(&config.map(|(name, value)| (format!("{PREFIX}{name}"), value.to_owned()))).unwrap();
    let of = |subject: &str| token("ec-p256", "ES256", "", &format!(r#"{{"sub":"{subject}"}}"#));
    assert_eq!(judge(&shadow, &of("alice"), &ALICE), None);
    std::fs::write(&file, rules("changed")).unwrap();
    assert_eq!(shadow.reload(), (1, 0));
    assert_eq!(judge(&shadow, &of("alice"), &ALICE), Some("file-reload"));
    let mallory = BuiltIn::Accepted { user: "mallory", principal: "alice" };
    assert_eq!(judge(&shadow, &of("alice"), &mallory), Some("unexplained"), "no mapping made this user");
    let bob = BuiltIn::Accepted { user: "bob", principal: "bob" };
    assert_eq!(judge(&shadow, &of("bob"), &bob), Some("unexplained"), "both mappings reject bob");
}

/// A JWK Set that a test changes, and its server.
struct Published {
    folder: test_support::TemporaryFolder,
    server: FileServer,
}

impl Published {
    fn new(key_ids: &[&str]) -> Self {
        let published = Self { folder: test_support::TemporaryFolder::new(), server: FileServer::start() };
        published.replace(key_ids);
        published
    }

    /// All of them are one key, under these names.
    fn replace(&self, key_ids: &[&str]) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, document(key_ids)).unwrap();
        std::fs::rename(&next, self.folder.path().join("jwks.json")).unwrap();
    }

    fn shadow(&self) -> Authenticator {
        let file = self.folder.path().join("jwks.json");
        let config = [
            ("key-file", self.server.url(file.to_str().unwrap())),
            ("shadow", "true".to_owned()),
            ("jwks.refresh-interval", "1h".to_owned()),
            ("jwks.unknown-kid-cooldown", "1s".to_owned()),
            ("jwks.unknown-kid-wait", "10s".to_owned()),
        ];
        open(&config.map(|(name, value)| (format!("{PREFIX}{name}"), value))).unwrap()
    }
}

/// A document with one key of `tests/cases/jwks/set.json` under these names.
fn document(key_ids: &[&str]) -> String {
    let set = std::fs::read(test_support::tests_folder().join("cases/jwks/set.json")).unwrap();
    let set: serde_json::Value = serde_json::from_slice(&set).unwrap();
    let key = set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == "p256").unwrap();
    let named = |key_id: &&str| {
        let mut key = key.clone();
        key["kid"] = (*key_id).into();
        key
    };
    serde_json::json!({"keys": key_ids.iter().map(named).collect::<Vec<_>>()}).to_string()
}

fn es256(key_id: &str) -> String {
    token("ec-p256", "ES256", &format!(r#","kid":"{key_id}""#), r#"{"sub":"alice"}"#)
}

const UNKNOWN: BuiltIn<'_> = BuiltIn::Rejected { message: "Unknown signing key ID" };

#[test]
fn a_rotation_explains_a_difference_only_for_the_keys_that_changed() {
    let published = Published::new(&["old", "same"]);
    let shadow = published.shadow();
    assert_eq!(judge(&shadow, &es256("old"), &ALICE), None);
    published.replace(&["new", "same"]);
    // nativejwt fetches the set for the new key; the built-in authenticator waits.
    assert_eq!(judge(&shadow, &es256("new"), &UNKNOWN), Some("keys-newer"));
    assert_eq!(judge(&shadow, &es256("old"), &ALICE), Some("keys-removed"));
    // These have not changed, so the built-in authenticator must know as much of them.
    assert_eq!(judge(&shadow, &es256("same"), &UNKNOWN), Some("unexplained"));
    assert_eq!(judge(&shadow, &es256("nobody"), &ALICE), Some("unexplained"));
}

#[test]
fn a_removal_that_the_built_in_authenticator_saw_first_is_checked_with_the_server() {
    let published = Published::new(&["one", "two"]);
    let shadow = published.shadow();
    published.replace(&["two"]);
    assert_eq!(judge(&shadow, &es256("one"), &UNKNOWN), Some("keys-removed"));
    assert_eq!(judge(&shadow, &es256("one"), &UNKNOWN), None, "nativejwt has seen it as well");
    let shadow = published.shadow();
    assert_eq!(judge(&shadow, &es256("two"), &UNKNOWN), Some("unexplained"), "it is still there");
}

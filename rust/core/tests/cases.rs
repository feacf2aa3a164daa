// SPDX-License-Identifier: Apache-2.0
//! Runs every case of `tests/cases/*.toml` with the core. It also checks the files themselves: names are unique, sources
//! exist, every reason has a case, and every difference from Trino is listed and has a case.
//!
//! `NATIVEJWT_CASE=TEXT` runs only the cases whose file or name contains the text.
//!
//! With `NATIVEJWT_EXPORT_CASES=FILE` it writes the cases with their signed tokens, one JSON object a line, for programs that
//! neither read TOML nor sign: JNI, and Trino's own class.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(clippy::print_stdout, reason = "the counts are part of a test's output")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use nativejwt_core::{Authenticator, Reason, UnixMillis};
use test_support::case::{Case, Direction, Expected, SERVED, Stock, load_all, load_differences};
use test_support::serve::FileServer;

/// Reasons that no case can reach, and why.
const WITHOUT_CASE: &[(Reason, &str)] = &[
    (Reason::SeveralAuthorizationHeaders, "a case has one header; the tests of the Java side cover several"),
    (Reason::ReservedCredential, "a case has one header; the tests of the Java side cover the others"),
    (Reason::StorageDenied, "a case has no security token service; the tests of rust/storage have one"),
    (Reason::StorageUnavailable, "a case has no security token service; the tests of rust/storage have one"),
    (Reason::InternalError, "only a defect causes it; the tests of the boundary provoke a panic"),
];

/// Messages that no case can reach: they need a while, or the session's user, whom the Java side knows.
const WITHOUT_MESSAGE: &[&str] = &[
    "The signing keys have not been fetched yet; try again shortly",
    "The signing keys have expired and could not be refreshed; try again shortly",
    "The session's user contains a hyphen, which is not allowed while tokens are passed through (it could be confused with another user)",
];

#[test]
fn every_case_gives_its_verdict() {
    let mut cases = load_all().unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
    if let Ok(text) = std::env::var("NATIVEJWT_CASE") {
        cases.retain(|case| case.name.contains(&text) || case.file.contains(&text));
        assert!(!cases.is_empty(), "no case's file or name contains '{text}'");
    }
    if let Ok(path) = std::env::var("NATIVEJWT_EXPORT_CASES") {
        let lines: String = cases.iter().map(|case| exported(case) + "\n").collect();
        std::fs::write(path, lines).unwrap();
    }
    let server = FileServer::start();
    let mut authenticators = HashMap::new();
    let mut failures = Vec::new();
    let mut seen = BTreeSet::new();
    let mut per_file: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        *per_file.entry(&case.file).or_default() += 1;
        if let Err(failure) = run(case, &mut authenticators, &server, &mut seen) {
            failures.push(format!("{}: {}\n    {failure}", case.file, case.name));
        }
    }
    for (file, count) in &per_file {
        println!("{count:5} {file}");
    }
    println!("{:5} cases, {} failed", cases.len(), failures.len());
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    if std::env::var_os("NATIVEJWT_CASE").is_none() {
        let reasons = Reason::ALL.iter().filter(|reason| !WITHOUT_CASE.iter().any(|(without, _)| without == *reason));
        let messages = reasons.flat_map(|reason| reason.sees().iter().map(move |message| (*reason, *message)));
        let expected: BTreeSet<_> = messages.filter(|(_, message)| !WITHOUT_MESSAGE.contains(message)).collect();
        let missing: Vec<_> = expected.difference(&seen).collect();
        assert!(missing.is_empty(), "docs/reasons.md has messages that no case shows: {missing:#?}");
    }
}

type Opened = Rc<Result<Authenticator, String>>;

fn run(
    case: &Case,
    authenticators: &mut HashMap<Vec<(String, String)>, Opened>,
    server: &FileServer,
    seen: &mut BTreeSet<(Reason, &'static str)>,
) -> Result<(), String> {
    let opened = authenticators.entry(case.config.clone()).or_insert_with(|| {
        let config: Vec<_> = case
            .config
            .iter()
            .map(|(name, value)| {
                (name, value.strip_prefix(SERVED).map_or_else(|| value.clone(), |file| server.url(file)))
            })
            .collect();
        let properties = test_support::properties(config.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let opened = Authenticator::open(&properties).map_err(|errors| errors.to_string());
        if let Ok(authenticator) = &opened {
            // Some cases expect that there are no keys.
            let _ = authenticator.wait_until_fetched(Duration::from_secs(20));
        }
        Rc::new(opened)
    });
    let verdict = match (opened.as_ref(), &case.expected) {
        (Err(errors), Expected::FailsToStart(texts)) => {
            return match texts.iter().find(|text| !errors.contains(text.as_str())) {
                None => Ok(()),
                Some(text) => Err(format!("the errors should contain '{text}', but are: {errors}")),
            };
        }
        (Ok(_), Expected::FailsToStart(_)) => return Err("it starts".to_owned()),
        (Err(errors), _) => return Err(format!("it fails to start: {errors}")),
        (Ok(authenticator), _) => {
            let authenticate = || authenticator.authenticate(&case.authorization, UnixMillis(case.now));
            let verdict = authenticate();
            // The second verdict about an accepted token comes from the cache.
            if authenticate() != verdict {
                return Err("the second verdict about the token differs".to_owned());
            }
            verdict
        }
    };
    if let Err(reject) = &verdict {
        test_support::harmless(reject.message(), &case.authorization)?;
        seen.extend(reject.code().fitting(reject.message()).map(|message| (reject.code(), message)));
    }
    match (&case.expected, verdict) {
        (Expected::Identity { user, principal, groups }, Ok(identity)) => {
            if (&identity.user, &identity.principal) != (user, principal) {
                Err(format!("user {:?} of principal {:?}", identity.user, identity.principal))
            } else if groups.as_ref().is_some_and(|groups| *groups != identity.groups) {
                Err(format!("groups {:?}", identity.groups))
            } else {
                Ok(())
            }
        }
        (Expected::Reject { code, message }, Err(reject)) => {
            if reject.code().name() != code {
                Err(format!("{} ({}), not {code}", reject.code(), reject.message()))
            } else if reject.code().fitting(reject.message()).next().is_none() {
                Err(format!("docs/reasons.md does not have the message of {code}: {}", reject.message()))
            } else if let Some(message) = message
                && message != reject.message()
            {
                Err(format!("says    {}\n    not     {message}", reject.message()))
            } else {
                Ok(())
            }
        }
        (Expected::Identity { .. }, Err(reject)) => Err(format!("rejected: {} ({})", reject.code(), reject.message())),
        (_, Ok(identity)) => Err(format!("ACCEPTED as {:?}", identity.user)),
        (Expected::FailsToStart(_), Err(_)) => unreachable!("handled above"),
    }
}

#[test]
fn names_are_unique() {
    let cases = load_all().unwrap();
    let mut seen = HashMap::new();
    let twice: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            seen.insert(&case.name, &case.file).map(|file| format!("{} ({file}, {})", case.name, case.file))
        })
        .collect();
    assert!(twice.is_empty(), "names of two cases: {twice:?}");
}

/// The beginnings of the parts of a `source` that name something public.
const PUBLIC_SOURCES: [&str; 10] =
    ["RFC ", "CVE-", "GHSA-", "GitHub ", "Wycheproof ", "Trino ", "jjwt ", "airlift ", "JDK ", "OpenSSH "];

/// Checks one part of a `source`. It must name something public, or a file of this repository and, after a colon, a text in
/// that file.
fn source_problem(part: &str) -> Option<String> {
    let is_public = |start: &&str| part.strip_prefix(*start).is_some_and(|rest| !rest.trim().is_empty());
    if PUBLIC_SOURCES.iter().any(is_public) {
        return None;
    }
    let (file, text) = part.split_once(": ").unwrap_or((part, ""));
    match std::fs::read_to_string(test_support::tests_folder().join("..").join(file)) {
        Ok(content) if content.contains(text) => None,
        Ok(_) => Some(format!("'{file}' does not contain '{text}'")),
        Err(error) => Some(format!("'{file}' is neither a public source nor a file of this repository ({error})")),
    }
}

#[test]
fn every_source_can_be_looked_up() {
    let problems: BTreeSet<String> = load_all()
        .unwrap()
        .iter()
        .flat_map(|case| case.source.split("; ").map(move |part| (case, part)))
        .filter_map(|(case, part)| Some(format!("{}: {}: {}", case.file, case.name, source_problem(part)?)))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
    for (part, is_right) in
        [("RFC 7519, section 4", true), ("RFC ", false), ("notes.md", false), ("docs/keys.md: no such text", false)]
    {
        assert_eq!(source_problem(part).is_none(), is_right, "{part}");
    }
}

#[test]
fn every_reason_has_a_case() {
    let reached: BTreeSet<String> = load_all()
        .unwrap()
        .into_iter()
        .filter_map(|case| match case.expected {
            Expected::Reject { code, .. } => Some(code),
            _ => None,
        })
        .collect();
    let mut problems = Vec::new();
    for code in Reason::ALL {
        match (reached.contains(code.name()), WITHOUT_CASE.iter().find(|(without, _)| without == code)) {
            (false, None) => problems.push(format!("{code} has no case")),
            (true, Some((_, reason))) => problems.push(format!("{code} has a case, although: {reason}")),
            _ => {}
        }
    }
    for name in &reached {
        if !Reason::ALL.iter().any(|code| code.name() == name) {
            problems.push(format!("{name} is not a reason"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_difference_from_trino_is_listed_and_has_a_case() {
    let differences = load_differences();
    let document = std::fs::read_to_string(test_support::tests_folder().join("../DIFFERENCES.md"))
        .expect("DIFFERENCES.md is there");
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for case in load_all().unwrap() {
        let direction = match (&case.expected, case.stock) {
            (Expected::Identity { .. }, Stock::Accept)
            | (Expected::Reject { .. }, Stock::Reject)
            | (Expected::FailsToStart(_), Stock::RefuseToStart) => None,
            (Expected::Identity { .. }, _) => Some(Direction::AcceptsMore),
            (_, Stock::Accept) => Some(Direction::RefusesMore),
            _ => Some(Direction::RefusesOtherwise),
        };
        let listed = case.difference.as_ref().map(|slug| (slug, differences.get(slug)));
        match (direction, listed) {
            (None, None) => {}
            (Some(direction), Some((slug, Some(difference))))
                if difference.direction == direction || direction == Direction::RefusesOtherwise =>
            {
                used.insert(slug.clone());
            }
            (None, Some((slug, _))) => problems.push(format!("{}: names {slug}, but does not differ", case.name)),
            (Some(direction), None) => problems.push(format!("{}: {direction:?}, but names no difference", case.name)),
            (Some(_), Some((slug, None))) => {
                problems.push(format!("{}: {slug} is not in differences.toml", case.name));
            }
            (Some(direction), Some((slug, Some(_)))) => {
                problems.push(format!("{}: {direction:?}, but {slug} has another direction", case.name));
            }
        }
        if case.message_is_stocks && direction.is_some() {
            problems.push(format!("{}: the message cannot be Trino's", case.name));
        }
    }
    for (slug, difference) in &differences {
        if !used.contains(slug) {
            problems.push(format!("{slug} has no case"));
        }
        if !document.contains(&difference.line) {
            problems.push(format!("{slug}: DIFFERENCES.md does not contain '{}'", difference.line));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// One line of the export, with the complete Authorization value in ISO-8859-1.
fn exported(case: &Case) -> String {
    let config: serde_json::Map<_, _> =
        case.config.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let authorization: String = case.authorization.iter().map(|byte| char::from(*byte)).collect();
    let mut line = serde_json::json!({
        "name": case.name,
        "config": config,
        "authorization": authorization,
        "now": case.now,
        "stock": match case.stock {
            Stock::Accept => "accept",
            Stock::Reject => "reject",
            Stock::Fail => "fail",
            Stock::RefuseToStart => "refuse-to-start",
        },
        "difference": case.difference,
        "message_is_stocks": case.message_is_stocks,
    });
    match &case.expected {
        Expected::Identity { user, principal, .. } => {
            line["user"] = user.as_str().into();
            line["principal"] = principal.as_str().into();
        }
        Expected::Reject { code, message } => {
            line["reject"] = code.as_str().into();
            line["message"] = message.as_deref().into();
        }
        Expected::FailsToStart(texts) => line["refused_at_start"] = texts.clone().into(),
    }
    line.to_string()
}

// SPDX-License-Identifier: Apache-2.0
//! Compares the case files of `tests/cases` in the core, behind JNI and in Trino.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread;
use std::time::Duration;

use nativejwt_core::Authenticator;

use crate::differences::{self, Direction};
use crate::engines::{core_verdict, open_core};
use crate::oracle::{Oracle, Request, Verdict};
use crate::reasons;
use crate::report::{Found, Report};
use crate::shadow;
use crate::tokens::same;
use test_support::case::{Case, Expected, SERVED, Stock, load_all};
use test_support::serve::FileServer;

struct Opened {
    name: String,
    core: Result<Authenticator, String>,
    /// `None` for a configuration that shadow mode rejects.
    shadow: Option<Authenticator>,
    stock: Result<(), String>,
    jni: Result<(), String>,
}

/// Runs all cases. The report has each failure with the name of its case.
pub fn run(oracle: &mut Oracle, report: &mut Report) {
    let cases = load_all().unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
    let listed = differences::listed();
    let server = FileServer::start();
    let mut opened = HashMap::new();
    let mut used = BTreeSet::new();
    for case in &cases {
        let count = opened.len();
        let engines = opened
            .entry(case.config.clone())
            .or_insert_with(|| open(oracle, &server, &format!("configuration {count}"), &case.config));
        match check(oracle, engines, case, &listed) {
            Ok(None) => report.count(Found::Equal),
            Ok(Some(slug)) => {
                used.insert(slug.clone());
                report.count(Found::Listed(slug));
            }
            Err(problem) => report.count(Found::Unlisted(format!("{}: {}: {problem}", case.file, case.name))),
        }
    }
    for slug in differences::with_cases().keys().filter(|slug| !used.contains(*slug)) {
        report.count(Found::Unlisted(format!("no case shows the difference {slug}")));
    }
    for (slug, line) in differences::lines() {
        if !differences::document().contains(&line) {
            report.count(Found::Unlisted(format!("DIFFERENCES.md does not hold the line of {slug}: {line}")));
        }
    }
    for slug in differences::known().filter(|slug| !listed.contains_key(*slug)) {
        report.count(Found::Unlisted(format!("{slug} has a predicate and no line")));
    }
}

fn open(oracle: &mut Oracle, server: &FileServer, name: &str, config: &[(String, String)]) -> Opened {
    let url = |value: &String| value.strip_prefix(SERVED).map_or_else(|| value.clone(), |file| server.url(file));
    let config: Vec<_> = config.iter().map(|(key, value)| (key.clone(), url(value))).collect();
    let mut answer = oracle.ask(Request::open(name, &config)).expect("a result comes in time");
    let (stock, jni) = (answer.opened(), answer.opened());
    Opened { name: name.to_owned(), core: open_core(&config), shadow: shadow::open(&config), stock, jni }
}

/// The slug of the difference that the case shows, if any.
///
/// # Errors
/// What is wrong with the case.
fn check(
    oracle: &mut Oracle,
    engines: &Opened,
    case: &Case,
    listed: &BTreeMap<String, Direction>,
) -> Result<Option<String>, String> {
    if engines.core.is_ok() != engines.jni.is_ok() {
        return Err(format!("the core {:?}, JNI {:?}", engines.core.as_ref().err(), engines.jni));
    }
    let core = engines.core.as_ref().map(|core| core_verdict(core, &case.authorization, case.now)).ok();
    let ask = |oracle: &mut Oracle| {
        let mut answer = oracle.ask(Request::authenticate(&engines.name, case.now, &case.authorization))?;
        Some((answer.verdict(), answer.verdict()))
    };
    let (mut stock, mut jni) = ask(oracle).ok_or("stock does not come to an end")?;
    // Behind JNI, the first fetch of a JWK Set takes a moment.
    for _ in 0..200 {
        if !is_waiting(&jni) || core.as_ref().is_some_and(is_waiting) {
            break;
        }
        thread::sleep(Duration::from_millis(50));
        (stock, jni) = ask(oracle).ok_or("stock does not come to an end")?;
    }
    match (&core, &jni) {
        (None, Verdict::Missing) => {}
        (Some(core), jni) if same(core, jni) => {}
        (core, jni) => return Err(format!("the core {core:?}, JNI {jni:?}")),
    }
    expected(case, core.as_ref())?;
    let actual = match (&engines.stock, &stock) {
        (Err(_), _) => Stock::RefuseToStart,
        (Ok(()), Verdict::Accept { .. }) => Stock::Accept,
        (Ok(()), Verdict::Reject { .. }) => Stock::Reject,
        (Ok(()), Verdict::Fail(_)) => Stock::Fail,
        (Ok(()), other) => return Err(format!("stock: {other:?}")),
    };
    if let (Some(shadow), Ok(())) = (&engines.shadow, &engines.stock) {
        shadow::check(shadow, &case.authorization, case.now, &stock, case.difference.as_deref())?;
    }
    if actual != case.stock {
        return Err(format!("stock: {actual:?}, not {:?}: {stock:?} {:?}", case.stock, engines.stock));
    }
    if let (Some(core @ Verdict::Accept { .. }), Verdict::Accept { .. }) = (&core, &stock)
        && *core != stock
    {
        return Err(format!("stock makes {stock:?} of it, ours {core:?}"));
    }
    if let (true, Some(Verdict::Reject { message, .. }), Verdict::Reject { message: stocks, .. }) =
        (case.message_is_stocks, &core, &stock)
        && message != stocks
    {
        return Err(format!("stock says {stocks:?}, ours {message:?}"));
    }
    if let (Some(Verdict::Reject { code, message }), Verdict::Reject { message: stocks, .. }) = (&core, &stock)
        && message != stocks
        && !case.message_is_stocks
        && case.difference.is_none()
    {
        other_words(code, message, stocks)?;
    }
    let direction = match (&core, actual) {
        (Some(Verdict::Accept { .. }), Stock::Accept)
        | (Some(Verdict::Reject { .. }), Stock::Reject)
        | (None, Stock::RefuseToStart) => None,
        (Some(Verdict::Accept { .. }), _) => Some(Direction::AcceptsMore),
        (_, Stock::Accept) => Some(Direction::RefusesMore),
        _ => Some(Direction::RefusesOtherwise),
    };
    match (direction, &case.difference) {
        (None, None) => Ok(None),
        (None, Some(slug)) => Err(format!("no difference, though it names {slug}")),
        (Some(direction), None) => Err(format!("{direction:?}, and names no difference")),
        (Some(direction), Some(slug)) => match listed.get(slug) {
            // A row about accepted tokens also covers tokens that are rejected earlier or later because of the difference.
            Some(listed) if *listed == direction || direction == Direction::RefusesOtherwise => Ok(Some(slug.clone())),
            listed => Err(format!("{direction:?}, but {slug} is listed as {listed:?}")),
        },
    }
}

/// Both reject with different messages: DIFFERENCES.md must have a row for it.
fn other_words(code: &str, message: &str, stocks: &str) -> Result<(), String> {
    let line = match reasons::from_sentence(stocks) {
        Some(reason) if !reason.codes.contains(&code) => {
            reasons::line_for_other_words(code).or(Some("a token with several faults"))
        }
        Some(reason) if reason.same_sentence && reasons::is_escaped(stocks, message) => {
            Some("text of a claim in a message")
        }
        Some(reason) if reason.same_sentence && message.contains("1970") || message.contains("at 1969") => {
            Some("a time beyond the year 9999, or one before 1970 with a fraction")
        }
        Some(reason) if reason.same_sentence => None,
        _ => reasons::line_for_other_words(code),
    };
    match line {
        Some(line) if differences::document().contains(line) => Ok(()),
        _ => Err(format!("{code}: other words than stock's, and no line says so: ours {message:?}, stock {stocks:?}")),
    }
}

fn is_waiting(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Reject { code, .. } if code == "KEYS_UNAVAILABLE")
}

/// Whether the core's verdict is that of the case.
fn expected(case: &Case, core: Option<&Verdict>) -> Result<(), String> {
    let utf16 = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    let good = match (&case.expected, core) {
        (Expected::Identity { user, principal, .. }, Some(verdict)) => {
            *verdict == Verdict::Accept { user: utf16(user), principal: utf16(principal) }
        }
        (Expected::Reject { code, message }, Some(Verdict::Reject { code: actual, message: said })) => {
            code == actual && message.as_ref().is_none_or(|message| message == said)
        }
        (Expected::FailsToStart(_), None) => true,
        _ => false,
    };
    if good { Ok(()) } else { Err(format!("expected {:?}, ours {core:?}", case.expected)) }
}

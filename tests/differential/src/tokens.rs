// SPDX-License-Identifier: Apache-2.0
//! Compares generated tokens in the core, behind JNI and in Trino.

use std::collections::HashMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nativejwt_core::Authenticator;

use crate::differences::{self, Facts};
use crate::engines::{core_verdict, open_core};
use crate::generate;
use crate::oracle::{Oracle, Request, Verdict};
use crate::random::Random;
use crate::reasons;
use crate::report::{Found, Report};
use crate::setups::Setup;
use crate::shadow;
use crate::token::Token;
use test_support::serve::FileServer;

const BATCH: u64 = 500;

/// `{"alg":"HS256","kid":"k"}`, `{}` and a signature.
const PROBE: &[u8] = b"Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.e30.AAAA";

struct Opened {
    setup: Setup,
    core: Authenticator,
    shadow: Authenticator,
}

struct Case {
    opened: usize,
    now: i64,
    token: Token,
    authorization: Vec<u8>,
}

/// Compares this number of tokens.
pub fn run(oracle: &mut Oracle, seed: u64, cases: u64, report: &mut Report) {
    let server = FileServer::start();
    let setups = Setup::all(&mut Random::new(seed), &server);
    let opened: Vec<Opened> = setups.into_iter().map(|setup| open(oracle, setup)).collect();
    let mut number = 0;
    while number < cases {
        let batch: Vec<Case> = (number..cases.min(number + BATCH)).map(|number| make(seed, number, &opened)).collect();
        number += batch.len() as u64;
        for case in &batch {
            oracle.send(Request::authenticate(&opened[case.opened].setup.name, case.now, &case.authorization));
        }
        oracle.flush();
        let ours: Vec<Verdict> = batch.iter().map(|case| ours(case, &opened)).collect();
        let answers: Vec<(Verdict, Verdict)> = batch
            .iter()
            .map(|_| {
                let mut answer = oracle.receive().expect("a verdict comes in time");
                (answer.verdict(), answer.verdict())
            })
            .collect();
        for ((case, core), (stock, jni)) in batch.into_iter().zip(ours).zip(answers) {
            let found = compare(&opened[case.opened].setup, &case.authorization, case.now, &core, &jni, &stock);
            let found = explained(&opened[case.opened], &case, &stock, found);
            if let Found::Unlisted(what) = &found
                && report.wants_failures()
            {
                let small = shrink(oracle, &opened, &case, what);
                report.failure(what, &as_case(&small, &opened[small.opened].setup, oracle, &opened));
            }
            report.count(found);
        }
    }
}

/// A listed difference must be explained in shadow mode as well. A token may show several; any of their rows will do.
fn explained(opened: &Opened, case: &Case, stock: &Verdict, found: Found) -> Found {
    match shadow::check(&opened.shadow, &case.authorization, case.now, stock, None) {
        Err(why) if !matches!(found, Found::Unlisted(_)) => Found::Unlisted(why),
        _ => found,
    }
}

fn open(oracle: &mut Oracle, setup: Setup) -> Opened {
    let properties = setup.properties();
    let mut answer = oracle.ask(Request::open(&setup.name, &properties)).expect("it opens");
    let (stock, jni) = (answer.opened(), answer.opened());
    let core = open_core(&properties);
    match (core, stock, jni) {
        (Ok(core), Ok(()), Ok(())) => {
            // Behind JNI, the first fetch of a JWK Set takes a moment.
            while let Some(mut answer) = oracle.ask(Request::authenticate(&setup.name, 0, PROBE)) {
                let _ = answer.verdict();
                match answer.verdict() {
                    Verdict::Reject { code, .. } if code == "KEYS_UNAVAILABLE" => {
                        thread::sleep(Duration::from_millis(20));
                    }
                    _ => break,
                }
            }
            let shadow = shadow::open(&properties).expect("shadow mode takes what Trino takes");
            Opened { setup, core, shadow }
        }
        (core, stock, jni) => panic!("{setup:?}: core {:?}, stock {stock:?}, JNI {jni:?}", core.err()),
    }
}

fn make(seed: u64, number: u64, opened: &[Opened]) -> Case {
    let mut random = Random::of_case(seed, number);
    let index = random.below(opened.len());
    let now = 1_700_000_000_000 + random.below(100_000_000_000) as i64;
    let token = generate::token(&mut random, &opened[index].setup, now);
    let authorization = token.build().authorization;
    Case { opened: index, now, token, authorization }
}

fn ours(case: &Case, opened: &[Opened]) -> Verdict {
    core_verdict(&opened[case.opened].core, &case.authorization, case.now)
}

fn ask(oracle: &mut Oracle, case: &Case, opened: &[Opened]) -> (Verdict, Verdict) {
    let name = &opened[case.opened].setup.name;
    let mut answer = oracle.ask(Request::authenticate(name, case.now, &case.authorization)).expect("it answers");
    (answer.verdict(), answer.verdict())
}

/// True for the same verdict of the core and behind JNI. Only the message with the current time may differ.
#[must_use]
pub fn same(core: &Verdict, jni: &Verdict) -> bool {
    match (core, jni) {
        (Verdict::Reject { code, .. }, Verdict::Reject { code: other, .. }) if code == "KEYS_UNAVAILABLE" => {
            code == other
        }
        _ => core == jni,
    }
}

/// Compares the verdicts.
#[must_use]
pub fn compare(setup: &Setup, authorization: &[u8], now: i64, core: &Verdict, jni: &Verdict, stock: &Verdict) -> Found {
    if !same(core, jni) {
        return Found::Unlisted("JNI answers otherwise than the core".to_owned());
    }
    let facts = || Facts::from_authorization(authorization, setup.field, now, setup.key_set);
    match (core, stock) {
        (Verdict::Accept { .. }, Verdict::Accept { .. }) if core == stock => Found::Equal,
        (Verdict::Accept { .. }, Verdict::Accept { .. }) => Found::Unlisted("another user".to_owned()),
        (Verdict::Accept { .. }, Verdict::Reject { message, .. } | Verdict::Fail(message)) => {
            match differences::accepted_here(&facts(), message) {
                Some(slug) => Found::Listed(slug.to_owned()),
                None => Found::Unlisted(format!("ACCEPTED HERE, stock: {}", beginning(message))),
            }
        }
        (Verdict::Reject { code, .. }, Verdict::Accept { .. }) => match differences::rejected_here(&facts(), code) {
            Some(slug) => Found::Listed(slug.to_owned()),
            None => Found::Unlisted(format!("rejected here as {code}, accepted by stock")),
        },
        (Verdict::Reject { code, message }, Verdict::Reject { message: stock_message, .. }) => {
            compare_reasons(facts, code, message, stock_message)
        }
        (Verdict::Reject { .. }, Verdict::Fail(_)) => Found::Listed("never-500".to_owned()),
        _ => Found::Unlisted(format!("{core:?} and {stock:?}")),
    }
}

/// The reasons that nativejwt finds in form and header, before it selects a key.
const FORM: &[&str] = &["ENCRYPTED_TOKEN", "DUPLICATE_MEMBER", "NESTED_TOKEN", "MALFORMED_HEADER", "COMPRESSED_TOKEN"];

/// What Trino may find earlier in such a token: faults of form, header, key or signature, but not of claims.
const FORM_OR_LATER: &[&str] = &[
    "Compact JWT strings",
    "Malformed protected header JSON",
    "Invalid protected header",
    "JWT signature does not match",
    "Unable to verify",
    "Decompression failed",
    "The parsed JWT indicates",
    "Unknown signing key ID",
    "Key ID is required",
    "JWT is signed with",
    "Invalid Base64Url",
    "Protected Header",
    "The JWS header references",
    "Unsecured JWSs",
];

/// Reasons that Trino finds earlier or later than nativejwt, in the same header.
const HEADER: &[&str] = &[
    "CRITICAL_HEADER",
    "MISSING_ALGORITHM",
    "UNSECURED_TOKEN",
    "UNSUPPORTED_ALGORITHM",
    "MISSING_SIGNATURE",
    "UNENCODED_PAYLOAD",
];

/// What Trino finds in such a header, or in the form of the token.
const FORM_OR_HEADER: &[&str] = &[
    "Compact JWT strings",
    "Malformed protected header JSON",
    "Invalid protected header",
    "Invalid Base64Url payload",
];

/// Both reject. Checks that the reasons are the same, and the messages if ours is Trino's.
fn compare_reasons(facts: impl Fn() -> Facts, code: &str, message: &str, stock_message: &str) -> Found {
    let Some(reason) = reasons::from_sentence(stock_message) else { return Found::Equal };
    if reason.codes.contains(&code) {
        if !reason.same_sentence || message == stock_message {
            return Found::Equal;
        }
        if reasons::is_escaped(stock_message, message) {
            return Found::Listed("escaped-claim-text".to_owned());
        }
        // Both wait for nbf, nativejwt until the next whole second.
        if code == "TOKEN_NOT_YET_VALID" && facts().has_fraction_of_nbf() {
            return Found::Listed("nbf-fraction".to_owned());
        }
        // nativejwt writes a time as a number if its year has more than four digits.
        if message.contains(" ms since 1970-01-01T00:00:00Z") || facts().has_early_fraction() {
            return Found::Listed("far-dates".to_owned());
        }
        return Found::Unlisted(format!("other words for {code}"));
    }
    let facts = facts();
    // nativejwt checks the whole header before it selects a key. Trino does a part of that later.
    let stock_says = |sentences: &[&str]| sentences.iter().any(|begins| stock_message.starts_with(begins));
    if FORM.contains(&code) && stock_says(FORM_OR_LATER) || HEADER.contains(&code) && stock_says(FORM_OR_HEADER) {
        return Found::Listed("first-reason".to_owned());
    }
    let no_key = matches!(code, "UNKNOWN_KEY_ID" | "UNUSABLE_KEY_FILE");
    if no_key && stock_says(&["JWT signature does not match", "Unable to verify"]) && facts.names_a_useless_key() {
        return Found::Listed("useless-key-in-set".to_owned());
    }
    // If one of the two continues, the other has stopped earlier for a listed reason.
    match differences::rejected_later(&facts, code, stock_message) {
        Some(slug) => Found::Listed(slug.to_owned()),
        None => Found::Unlisted(format!("rejected here as {code}, stock: {}", beginning(stock_message))),
    }
}

fn beginning(message: &str) -> String {
    message.chars().take(60).collect()
}

fn shrink(oracle: &mut Oracle, opened: &[Opened], case: &Case, what: &str) -> Case {
    let mut attempts = 0;
    let token = case.token.clone().shrink(|token| {
        attempts += 1;
        let smaller = with_token(case, token.clone());
        let (stock, jni) = ask(oracle, &smaller, opened);
        let core = ours(&smaller, opened);
        attempts < 400
            && compare(&opened[case.opened].setup, &smaller.authorization, case.now, &core, &jni, &stock)
                == Found::Unlisted(what.to_owned())
    });
    with_token(case, token)
}

fn with_token(case: &Case, token: Token) -> Case {
    let authorization = token.build().authorization;
    Case { opened: case.opened, now: case.now, token, authorization }
}

/// The failure as a case for `tests/cases`.
fn as_case(case: &Case, setup: &Setup, oracle: &mut Oracle, opened: &[Opened]) -> String {
    let (stock, jni) = ask(oracle, case, opened);
    let core = ours(case, opened);
    let config: HashMap<&str, String> =
        setup.short_properties.iter().map(|(name, value)| (*name, value.clone())).collect();
    let mut config: Vec<String> = config
        .into_iter()
        .map(|(key, value)| {
            let name = Path::new(&value).file_name().map(|name| format!("keys/{}", name.to_string_lossy()));
            let value = match name {
                Some(name) if key == "key-file" && value.starts_with("http") => name.replace("keys/", "served:jwks/"),
                Some(name) if key == "key-file" => name,
                _ => value,
            };
            format!("{key} = {}", crate::shrink::toml_text(&value))
        })
        .collect();
    config.sort();
    let stock_word = match &stock {
        Verdict::Accept { .. } => "accept",
        Verdict::Fail(_) => "fail",
        _ => "reject",
    };
    let expected = match &stock {
        Verdict::Accept { user, principal } => format!(
            "user = {}\nprincipal = {}\n",
            crate::shrink::toml_text(&String::from_utf16_lossy(user)),
            crate::shrink::toml_text(&String::from_utf16_lossy(principal))
        ),
        Verdict::Reject { message, .. } | Verdict::Fail(message) => {
            format!("reject = \"\" # stock: {}\n", message.escape_default())
        }
        other => format!("# stock: {other:?}\n"),
    };
    format!(
        "# core: {core:?}\n# JNI: {}\n[[case]]\nname = \"\"\nconfig = {{ {} }}\nnow = {}\n{}{expected}stock = \"{stock_word}\"\n",
        if jni == core { "the same".to_owned() } else { format!("{jni:?}") },
        config.join(", "),
        case.now,
        case.token.case_lines(),
    )
}

// SPDX-License-Identifier: Apache-2.0
//! Patterns and templates that are rejected: each construct with its position, and whether Java accepts it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking, and prints what it compared"
)]

mod jdk;

use java_regex::{Pattern, PatternErrorKind, Replacement};
use jdk::Oracle;

/// Pattern, position, a part of the construct's name.
const REJECTED_BY_JAVA: &[(&str, usize, &str)] = &[
    ("*a", 0, "dangling \"*\""),
    ("a|+", 2, "dangling \"+\""),
    ("a**", 2, "dangling \"*\""),
    ("a{2}*", 4, "dangling \"*\""),
    ("a*?+", 3, "dangling \"+\""),
    ("(?i)*", 4, "dangling \"*\""),
    ("a{,3}", 1, "malformed count"),
    ("a{}", 1, "malformed count"),
    ("a{ 2}", 1, "malformed count"),
    ("ab{2", 2, "malformed count"),
    ("a{x}", 1, "malformed count"),
    ("a{3,2}", 1, "minimum above its maximum"),
    ("a{2147483648}", 1, "above 2147483647"),
    ("x(a", 1, "unclosed group"),
    ("x(?:a", 1, "unclosed group"),
    ("a)", 1, "unmatched \")\""),
    ("a[b", 1, "unclosed class"),
    ("a[]", 1, "unclosed class"),
    ("a[^]", 1, "unclosed class"),
    ("[z-a]", 1, "end is before its start"),
    ("[xa-\\d]", 2, "ends in a class"),
    ("ab\\y", 2, "unknown escape \"\\y\""),
    ("a\\E", 1, "unknown escape \"\\E\""),
    ("a\\", 1, "trailing backslash"),
    ("[a\\1]", 2, "\"\\1\" inside a class"),
    ("[\\b]", 1, "\"\\b\" inside a class"),
    ("[\\A]", 1, "\"\\A\" inside a class"),
    ("[\\R]", 1, "\"\\R\" inside a class"),
    ("[\\X]", 1, "\"\\X\" inside a class"),
    ("a\\p{lower}", 1, "unknown property \"lower\""),
    ("\\p{Foo}", 0, "unknown property \"Foo\""),
    ("\\p{IsFoo}", 0, "unknown property \"IsFoo\""),
    ("\\p{InFoo}", 0, "unknown property \"InFoo\""),
    ("\\p{sc=Foo}", 0, "unknown property \"sc=Foo\""),
    ("\\p{L", 0, "unclosed property"),
    ("\\08", 0, "octal"),
    ("\\x4g", 0, "\\x escape"),
    ("\\x{110000}", 0, "\\x{…}"),
    ("\\u004", 0, "\\u escape"),
    ("a\\c", 1, "\\c without"),
    ("\\k<n>", 0, "unknown group \"n\""),
    ("\\k<n>(?<n>a)", 0, "unknown group \"n\""),
    ("\\kn", 0, "without a group name"),
    ("(?<n>a)(?<n>b)", 10, "second group named \"n\""),
    ("(?<1n>a)", 0, "malformed group name"),
    ("(?<n_>a)", 0, "malformed group name"),
    ("(?<>a)", 0, "malformed group name"),
    ("(?P<n>a)", 2, "(?P"),
    ("(?'n'a)", 2, "(?'"),
    ("a(?#c)", 3, "(?#"),
    ("(?|a)", 2, "(?|"),
    ("(?(1)a)", 2, "(?("),
    ("(?R)", 2, "(?R"),
    ("(?1)", 2, "(?1"),
    ("(?&n)", 2, "(?&"),
    ("(?i-s-m)a", 5, "(?-"),
    ("x(?<=(a|b)*)c", 1, "look-behind without an obvious"),
    ("x(?<=(a|b){1,2})c", 1, "look-behind without an obvious"),
    ("(a)(?<=\\1)b", 3, "look-behind without an obvious"),
];

/// Pattern, position, a part of the construct's name.
const REJECTED_ON_PURPOSE: &[(&str, usize, &str)] = &[
    ("a(?c)", 3, "canonical equivalence"),
    ("(?ic:a)", 3, "canonical equivalence"),
    ("a\\N{LATIN SMALL LETTER A}", 1, "named character"),
    ("[\\N{LATIN SMALL LETTER A}]", 1, "named character"),
    ("a\\b{g}", 1, "\\b{g}"),
    ("é\\X", 1, "\\X"),
    ("[a&&&&b]", 2, "\"&&\" before"),
    ("[a&&&b]", 2, "\"&&\" before"),
    ("[a&&]", 2, "\"&&\" before"),
    ("(?x)a{2 }", 7, "white space"),
    ("(?x)( ?:a)", 5, "white space"),
    ("(?x)(? :a)", 6, "white space"),
    ("(?x)(?i )a", 7, "white space"),
    ("(?x)\\p {L}", 6, "white space"),
    ("(?x)\\x 41", 6, "white space"),
    ("(?x)\\x{4 1}", 8, "white space"),
    ("(?x)\\u 0041", 6, "white space"),
    ("(?x)\\0 1", 6, "white space"),
    ("(?x)\\c a", 6, "white space"),
    ("(?x)(?< n>a)", 7, "white space"),
    ("(?x)(?<n>a)\\k <n>", 13, "white space"),
    ("(?x)(a)\\1 1", 9, "white space"),
    ("(?x)[a & & b]", 8, "white space"),
    ("(?<\\Qn\\E>a)", 5, "quotation inside a token"),
    ("b(?<=a*)c", 1, "look-behind without a maximum length"),
    ("b(?<!a{2,})c", 1, "look-behind without a maximum length"),
    ("b(?<!(?:abc)*)c", 1, "look-behind without a maximum length"),
    ("(?=a{1001})b", 4, "count above 1000"),
    ("(?<=a{0,2000000000})b", 5, "count above 1000"),
];

/// Templates for `(a)(?<n>b)` with a position and a part of the construct's name.
const TEMPLATES: &[(&str, usize, &str)] = &[
    ("x\\", 1, "trailing \"\\\""),
    ("x$", 1, "trailing \"$\""),
    ("$x", 0, "\"$x\""),
    ("$-", 0, "\"$-\""),
    ("a$3", 1, "unknown group 3"),
    ("$9", 0, "unknown group 9"),
    ("${m}", 0, "unknown group \"m\""),
    ("${", 0, "malformed group name"),
    ("${n", 0, "malformed group name"),
    ("${}", 0, "malformed group name"),
    ("${1}", 0, "malformed group name"),
    ("${n x}", 0, "malformed group name"),
];

fn rejected(cases: &[(&str, usize, &str)], kind: PatternErrorKind) {
    for (pattern, position, construct) in cases {
        let error = Pattern::new(pattern).expect_err(pattern);
        assert_eq!(error.kind(), kind, "{pattern}: {error}");
        assert_eq!(error.position(), *position, "{pattern}: {error}");
        assert!(error.to_string().contains(construct), "{pattern}: {error}");
        assert!(error.construct().len() < error.to_string().len());
    }
}

#[test]
fn patterns_that_java_rejects_are_rejected_with_their_position() {
    rejected(REJECTED_BY_JAVA, PatternErrorKind::RejectedByJava);
}

#[test]
fn patterns_that_are_rejected_on_purpose_have_their_position() {
    rejected(REJECTED_ON_PURPOSE, PatternErrorKind::Unsupported);
}

#[test]
fn java_agrees_which_constructs_are_patterns() {
    let Some(mut oracle) = Oracle::start() else { return };
    let ask = |(pattern, ..): &(&str, usize, &str)| format!("R\t{}\tx", jdk::escape(pattern));
    let requests: Vec<String> = REJECTED_BY_JAVA.iter().map(ask).collect();
    for (request, answer) in requests.iter().zip(oracle.ask(&requests)) {
        assert_eq!(answer, "rejected", "{request}");
    }
    let requests: Vec<String> = REJECTED_ON_PURPOSE.iter().map(ask).collect();
    for (request, answer) in requests.iter().zip(oracle.ask(&requests)) {
        assert!(answer.starts_with("ok "), "{request}: {answer}");
    }
}

#[test]
fn templates_that_java_fails_on_are_rejected_with_their_position() {
    let pattern = Pattern::new("(a)(?<n>b)").unwrap();
    for (template, position, construct) in TEMPLATES {
        let error = Replacement::new(&pattern, template).expect_err(template);
        assert_eq!(error.position(), *position, "{template}: {error}");
        assert!(error.to_string().contains(construct), "{template}: {error}");
    }
    let Some(mut oracle) = Oracle::start() else { return };
    for (template, ..) in TEMPLATES {
        let answer = oracle.ask(&[format!("R\t(a)(?<n>b)\t{}\tab", jdk::escape(template))]);
        assert!(answer[0].ends_with("\terror"), "{template}: {answer:?}");
    }
}

#[test]
fn large_patterns_are_rejected() {
    let long = "a".repeat(8 * 1024);
    assert!(Pattern::new(&long).unwrap().matches(&long).unwrap());
    let error = Pattern::new(&(long + "a")).unwrap_err();
    assert_eq!((error.kind(), error.position()), (PatternErrorKind::Unsupported, 0));
}

#[test]
fn deep_nesting_is_rejected() {
    for (open, close) in [("(", ")"), ("(?:", ")"), ("(?=", ")"), ("(?>", ")"), ("[a", "]"), ("(a|", ")*")] {
        let nested = |depth: usize| open.repeat(depth) + "b" + &close.repeat(depth);
        Pattern::new(&nested(200)).unwrap_or_else(|error| panic!("{open}: {error}"));
        let error = Pattern::new(&nested(201)).expect_err(open);
        assert_eq!(error.kind(), PatternErrorKind::Unsupported);
        assert_eq!(error.position(), 200 * open.len(), "{open}");
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Runs the committed cases, which have the results of JDK 25, on both engines. If a JDK is found, its results are checked
//! again. `JAVA_REGEX_UPDATE=1` writes them.

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

use java_regex::{Engine, Pattern, PatternErrorKind, Replacement, to_lower_case, to_upper_case};
use jdk::Oracle;
use std::fs;
use std::path::{Path, PathBuf};

const FILES: [&str; 2] = ["regex.txt", "case.txt"];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

/// Requests with their results.
fn cases(name: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(file(name)).expect("the case file is there");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    lines.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

#[test]
fn committed_cases_are_what_the_jdk_answers() {
    let Some(mut oracle) = Oracle::start() else { return };
    for name in FILES {
        let requests: Vec<String> = cases(name).into_iter().map(|(request, _)| request).collect();
        let answers = oracle.ask(&requests);
        if std::env::var_os("JAVA_REGEX_UPDATE").is_some() {
            let text = fs::read_to_string(file(name)).expect("the case file is there");
            let mut answers = answers.iter();
            let mut is_answer = false;
            let mut fresh = String::new();
            for line in text.lines() {
                if line.is_empty() || line.starts_with('#') {
                    fresh.push_str(line);
                } else {
                    fresh.push_str(if is_answer { answers.next().expect("an answer for each request") } else { line });
                    is_answer = !is_answer;
                }
                fresh.push('\n');
            }
            fs::write(file(name), fresh).expect("the case file can be written");
        }
        for ((request, answer), fresh) in cases(name).iter().zip(&answers) {
            assert_eq!(answer, fresh, "{request}");
        }
        println!("{name}: {} cases as the JDK answers them", answers.len());
    }
}

#[test]
fn case_change_answers_as_jdk_25() {
    for (request, answer) in cases("case.txt") {
        let (direction, text) = request.split_once('\t').expect("two fields");
        let text = jdk::unescape(text).expect("whole characters");
        let ours = if direction == "L" { to_lower_case(&text) } else { to_upper_case(&text) };
        assert_eq!(jdk::escape(&ours), answer, "{request}");
    }
}

#[test]
fn both_engines_answer_the_cases_as_jdk_25() {
    let mut compared = 0;
    let mut on_purpose = Vec::new();
    for (request, answer) in cases("regex.txt") {
        let request: Vec<&str> = request.split('\t').collect();
        let answer: Vec<&str> = answer.split('\t').collect();
        let pattern = jdk::unescape(request[1]).expect("whole characters");
        let compiled = match Pattern::new(&pattern) {
            Ok(compiled) => compiled,
            Err(error) => {
                match error.kind() {
                    PatternErrorKind::Unsupported => on_purpose.push(pattern),
                    _ => assert_eq!(answer[0], "rejected", "{pattern:?}: {error}"),
                }
                continue;
            }
        };
        assert_eq!(answer[0], format!("ok {}", compiled.group_count()), "{pattern:?}");
        let backtracking = Pattern::new(&pattern).expect("it compiled before").backtracking_only();
        assert_eq!(backtracking.engine(), Engine::Backtracking);
        let template = jdk::unescape(request[2]).expect("whole characters");
        for (input, java) in request[3..].iter().zip(answer[1..].chunks(3)) {
            let input = jdk::unescape(input).expect("whole characters");
            for engine in [&compiled, &backtracking] {
                let context = format!("{pattern:?} on {input:?}, {:?}", engine.engine());
                assert_eq!(engine.matches(&input), Ok(java[0] != "false"), "{context}");
                let spans = engine.match_spans(&input).expect("within the step limit");
                assert_eq!(spans.map_or("false".to_owned(), |spans| jdk::spans(&spans)), java[0], "{context}");
                let finds = engine.find_spans(&input).expect("within the step limit");
                let finds: Vec<String> = finds.iter().map(|find| jdk::spans(find)).collect();
                assert_eq!(finds.join(";"), java[1], "{context}");
                match Replacement::new(engine, &template) {
                    Ok(replacement) => match (engine.replace_all(&input, &replacement), jdk::unescape(java[2])) {
                        (Ok(replaced), Some(java)) => assert_eq!(replaced, java, "{context}"),
                        (replaced, java) => assert!(replaced.is_err() && java.is_none(), "{context}"),
                    },
                    Err(_) => assert!(java[2] == "error" || java[1].is_empty(), "{context}: {template}"),
                }
                compared += 1;
            }
        }
    }
    println!("{compared} inputs compared; rejected on purpose: {on_purpose:?}");
    assert!(compared > 500);
}

// SPDX-License-Identifier: Apache-2.0
//! Compares the results of a live JDK and both engines for random patterns and inputs.
//!
//! `JAVA_REGEX_CASES` sets the number of comparisons, `JAVA_REGEX_SEED` the seed.

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
mod random;

use java_regex::{Engine, MatchError, Pattern, PatternErrorKind, Replacement, to_lower_case, to_upper_case};
use jdk::Oracle;
use random::{Profile, Random};

const DEFAULT_CASES: u64 = 20_000;
const BATCH: usize = 200;
const INPUTS: usize = 6;

#[derive(Default)]
struct Count {
    compared: u64,
    equal: u64,
    linear: u64,
    patterns: u64,
    both_reject: u64,
    on_purpose: u64,
    java_limit: u64,
    our_limit: u64,
    split_pair: u64,
    differences: Vec<String>,
}

impl Count {
    fn compare(&mut self, what: &str, pattern: &str, input: &str, ours: &str, java: &str) {
        self.compared += 1;
        if ours == java {
            self.equal += 1;
        } else {
            self.differences.push(format!("{what}: {pattern:?} on {input:?}: ours {ours:?}, Java {java:?}"));
        }
    }
}

/// The default seed. Cases are the same in every run, so that a failure is caused by a change.
const SEED: u64 = 20_261_122;

fn environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A JVM and a generator, whose seed is printed.
fn start(what: &str, cases: u64) -> Option<(Oracle, Random)> {
    let seed = environment("JAVA_REGEX_SEED").unwrap_or(SEED);
    println!("{what}: JAVA_REGEX_SEED={seed} JAVA_REGEX_CASES={cases}");
    Some((Oracle::start()?, Random::new(seed)))
}

fn run(profile: Profile, cases: u64, oracle: &mut Oracle, random: &mut Random) -> Count {
    let mut count = Count::default();
    while count.compared + count.both_reject + count.on_purpose < cases {
        let batch: Vec<(String, String, Vec<String>)> = (0..BATCH)
            .map(|_| {
                let pattern = random.pattern(profile);
                let template = random.template();
                let inputs = (0..INPUTS).map(|_| random.input(profile)).collect();
                (pattern, template, inputs)
            })
            .collect();
        let requests: Vec<String> = batch
            .iter()
            .map(|(pattern, template, inputs)| {
                let inputs: Vec<String> = inputs.iter().map(|input| jdk::escape(input)).collect();
                format!("R\t{}\t{}\t{}", jdk::escape(pattern), jdk::escape(template), inputs.join("\t"))
            })
            .collect();
        for ((pattern, template, inputs), answer) in batch.iter().zip(oracle.ask(&requests)) {
            check(&mut count, pattern, template, inputs, &answer);
        }
    }
    count
}

fn check(count: &mut Count, pattern: &str, template: &str, inputs: &[String], answer: &str) {
    count.patterns += 1;
    let fields: Vec<&str> = answer.split('\t').collect();
    let compiled = match (Pattern::new(pattern), fields[0]) {
        (Err(error), "rejected") => {
            // A pattern that is rejected on purpose may also be one that Java rejects.
            let _ = error.kind();
            count.both_reject += 1;
            return;
        }
        (Err(error), _) if error.kind() == PatternErrorKind::Unsupported => {
            count.on_purpose += 1;
            return;
        }
        (Err(error), _) => {
            count.compare("pattern", pattern, "", &error.to_string(), fields[0]);
            return;
        }
        (Ok(_), "rejected") => {
            count.compare("pattern", pattern, "", "accepted", "rejected");
            return;
        }
        (Ok(compiled), _) => compiled,
    };
    count.compare("groups", pattern, "", &format!("ok {}", compiled.group_count()), fields[0]);
    let replacement = Replacement::new(&compiled, template);
    let backtracking = Pattern::new(pattern).expect("it compiled before").backtracking_only();
    for (input, java) in inputs.iter().zip(fields[1..].chunks(3)) {
        let mut engines = vec![("backtracker", &backtracking)];
        if compiled.engine() == Engine::Linear {
            engines.push(("linear", &compiled));
            count.linear += 1;
        }
        for (engine, compiled) in engines {
            let verdict = compiled.matches(input).map(|verdict| verdict.to_string());
            let java_verdict = if java[0] == "false" { "false" } else { "true" };
            answered(count, engine, "matches", pattern, input, verdict, java[0], java_verdict);
            if engine == "backtracker" {
                let all = compiled.match_spans(input);
                let all = all.map(|all| all.map_or("false".to_owned(), |all| jdk::spans(&all)));
                answered(count, engine, "groups of the match", pattern, input, all, java[0], java[0]);
            }
            let finds = compiled.find_spans(input);
            let finds = finds.map(|finds| finds.iter().map(|find| jdk::spans(find)).collect::<Vec<_>>().join(";"));
            answered(count, engine, "finds", pattern, input, finds, java[1], java[1]);
            match &replacement {
                Ok(replacement) => {
                    let replaced = compiled.replace_all(input, replacement);
                    if replaced == Err(MatchError::UnpairedSurrogate) {
                        count.split_pair += 1;
                        let split = jdk::unescape(java[2]).map_or("split", |_| "whole");
                        count.compare("surrogates", pattern, input, "split", split);
                        continue;
                    }
                    let replaced = replaced.map(|replaced| jdk::escape(&replaced));
                    answered(count, engine, "replaced", pattern, input, replaced, java[2], java[2]);
                }
                // Java fails when it uses the template, that is if there is a match.
                Err(_) if java[1].is_empty() => {}
                Err(_) if java[2] == "limit" => count.java_limit += 1,
                Err(_) => count.compare("template", pattern, template, "error", java[2]),
            }
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one line of a report")]
fn answered(
    count: &mut Count,
    engine: &str,
    what: &str,
    pattern: &str,
    input: &str,
    ours: Result<String, MatchError>,
    raw: &str,
    java: &str,
) {
    match ours {
        Err(MatchError::StepLimit) if raw == "limit" => count.java_limit += 1,
        Err(_) => {
            count.our_limit += 1;
            if count.our_limit <= 5 {
                println!("  step limit: {engine}, {what}: {pattern:?} on {input:?}");
            }
        }
        Ok(_) if raw == "limit" => count.java_limit += 1,
        Ok(ours) => count.compare(&format!("{engine}, {what}"), pattern, input, &ours, java),
    }
}

fn differential(profile: Profile) {
    let cases = environment("JAVA_REGEX_CASES").unwrap_or(DEFAULT_CASES);
    let Some((mut oracle, mut random)) = start(&format!("{profile:?}"), cases) else { return };
    let count = run(profile, cases, &mut oracle, &mut random);
    println!(
        "{profile:?}: {} patterns, {} comparisons, {} equal, {} differ; {} inputs also on the linear engine; patterns \
         rejected by both {}, on purpose {}; no result within bounds: Java {}, ours {}; results that split a pair {}",
        count.patterns,
        count.compared,
        count.equal,
        count.differences.len(),
        count.linear,
        count.both_reject,
        count.on_purpose,
        count.java_limit,
        count.our_limit,
        count.split_pair,
    );
    for difference in count.differences.iter().take(25) {
        println!("  {difference}");
    }
    assert!(count.differences.is_empty(), "{} differences, the first above", count.differences.len());
}

/// Compares both case conversions of many texts.
fn case_changes(oracle: &mut Oracle, texts: &[String]) {
    let mut differences = Vec::new();
    for batch in texts.chunks(500) {
        let requests: Vec<String> = batch
            .iter()
            .flat_map(|text| [format!("L\t{}", jdk::escape(text)), format!("U\t{}", jdk::escape(text))])
            .collect();
        for (text, java) in batch.iter().zip(oracle.ask(&requests).chunks(2)) {
            let ours = [jdk::escape(&to_lower_case(text)), jdk::escape(&to_upper_case(text))];
            if ours != java {
                differences.push(format!("{text:?}: ours {ours:?}, Java {java:?}"));
            }
        }
    }
    println!("case changes: {} texts both ways, {} differ", texts.len(), differences.len());
    for difference in differences.iter().take(25) {
        println!("  {difference}");
    }
    assert!(differences.is_empty(), "{} differences, the first above", differences.len());
}

#[test]
fn case_changes_of_every_character_answer_as_java_does() {
    let Some(mut oracle) = Oracle::start() else { return };
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    let texts: Vec<String> = all.chunks(40).map(|chunk| chunk.iter().flat_map(|&c| [c, ' ']).collect()).collect();
    case_changes(&mut oracle, &texts);
}

#[test]
fn case_changes_with_sigma_answer_as_java_does() {
    let cases = environment("JAVA_REGEX_CASES").unwrap_or(DEFAULT_CASES);
    let Some((mut oracle, mut random)) = start("Case", cases) else { return };
    let texts: Vec<String> = (0..cases).map(|_| random.sigma_text()).collect();
    case_changes(&mut oracle, &texts);
}

#[test]
fn mappings_as_operators_write_them_answer_as_java_does() {
    differential(Profile::Mapping);
}

#[test]
fn ordinary_patterns_answer_as_java_does() {
    differential(Profile::Ordinary);
}

#[test]
fn adversarial_patterns_answer_as_java_does() {
    differential(Profile::Adversarial);
}

#[test]
fn loops_in_loops_answer_as_java_does() {
    differential(Profile::Loops);
}

#[test]
fn classes_answer_as_java_does() {
    differential(Profile::Classes);
}

#[test]
fn arbitrary_text_is_accepted_or_rejected_as_in_java() {
    differential(Profile::Syntax);
}

// SPDX-License-Identifier: Apache-2.0
//! `make differential`: compares nativejwt with Trino's classes on the case files, random tokens and random mapping rules.
//! See `tests/differential/README.md`.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a test harness: it prints its results")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use differential::mapping::{self, Kind};
use differential::oracle::Oracle;
use differential::patterns::Style;
use differential::report::Report;
use differential::{case_files, differences, tokens};

/// Tokens of a full run; there are ten times as many mappings.
const TOKENS: u64 = 100_000;

/// The kinds of mappings, each with its number in tenths of the number of tokens.
const MAPPINGS: &[(&str, Kind, u64)] = &[
    ("mapping: usual patterns", Kind::Pattern(Style::Usual), 40),
    ("mapping: any pattern", Kind::Pattern(Style::Any), 34),
    ("mapping: usual rule and template", Kind::Rule(Style::Usual), 10),
    ("mapping: any rule and template", Kind::Rule(Style::Any), 10),
    ("mapping: rule files", Kind::File, 8),
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn main() -> ExitCode {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = number("SEED").unwrap_or(clock);
    let cases = number("CASES").unwrap_or(TOKENS);
    println!("SEED={seed} CASES={cases}");
    let started = Instant::now();
    let mut oracle = Oracle::start();
    let mut reports = Vec::new();
    let mut part = |title: &str, engines: &'static str, run: &mut dyn FnMut(&mut Report)| {
        let mut report = Report::new(title, engines);
        run(&mut report);
        print!("{}", report.text());
        reports.push(report);
    };

    part("case files", "core, JNI against stock", &mut |report| case_files::run(&mut oracle, report));
    part("random tokens", "core, JNI against stock", &mut |report| tokens::run(&mut oracle, seed, cases, report));
    let folder = std::env::temp_dir().join(format!("nativejwt-differential-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written to");
    for (title, kind, tenths) in MAPPINGS {
        let comparisons = cases * tenths / 10;
        part(title, "core against stock", &mut |report| {
            mapping::run(&mut oracle, *kind, seed, comparisons, &folder, report);
        });
    }
    let _ = std::fs::remove_dir_all(&folder);

    let failures: Vec<&String> = reports.iter().flat_map(Report::failures).collect();
    if !failures.is_empty() {
        let path = Path::new("build/differential").join(format!("found-{seed}.toml"));
        let text = failures.iter().map(|failure| failure.as_str()).collect::<Vec<_>>().join("\n");
        match std::fs::write(&path, format!("# SEED={seed} CASES={cases}\n\n{text}")) {
            Ok(()) => println!("\nreduced and written as cases to {}:\n", path.display()),
            Err(error) => println!("\n{}: {error}\n", path.display()),
        }
        println!("{text}");
    }
    let slugs: BTreeSet<&str> = reports.iter().flat_map(Report::slugs).collect();
    let mappings = reports.iter().skip(2).map(Report::cases).sum::<u64>();
    let compared = reports.iter().map(Report::cases).sum::<u64>();
    println!(
        "{compared} comparisons, {mappings} of them mappings; {} listed differences were found; {} s",
        slugs.len(),
        started.elapsed().as_secs()
    );
    let listed = differences::slugs();
    let unknown: Vec<&&str> = slugs.iter().filter(|slug| !listed.contains(**slug)).collect();
    assert!(unknown.is_empty(), "found, but not listed: {unknown:?}");
    let failed: u64 = reports.iter().map(Report::failed).sum();
    let passed: u64 = reports.iter().map(Report::passed_tests).sum();
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

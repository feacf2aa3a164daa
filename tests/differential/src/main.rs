//! `make differential`: see `tests/differential/README.md`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it finds")]

use std::time::{SystemTime, UNIX_EPOCH};

use differential::oracle::Oracle;
use differential::report::Report;
use differential::tokens;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn main() {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = number("SEED").unwrap_or(clock);
    let cases = number("CASES").unwrap_or(100_000);
    println!("SEED={seed} CASES={cases}");
    let mut oracle = Oracle::start();
    let mut report = Report::new("case files", "core, JNI");
    differential::case_files::run(&mut oracle, &mut report);
    print!("{}", report.text());
    let mut report = Report::new("tokens", "core, JNI");
    tokens::run(&mut oracle, seed, cases, &mut report);
    print!("{}", report.text());
    let folder = std::env::temp_dir().join(format!("differential-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    use differential::mapping::Kind; use differential::patterns::Style;
    for (title, kind, share) in [("patterns, usual", Kind::Pattern(Style::Usual), 4), ("patterns, any", Kind::Pattern(Style::Any), 4), ("rules usual", Kind::Rule(Style::Usual), 1), ("rules any", Kind::Rule(Style::Any), 1), ("rule files", Kind::File, 1)] {
        let mut report = Report::new(title, "core");
        differential::mapping::run(&mut oracle, kind, seed, cases * share, &folder, &mut report);
        print!("{}", report.text());
        for f in report.failures() { println!("{f}"); }
    }
    for f in report.failures() { println!("{f}"); }
}

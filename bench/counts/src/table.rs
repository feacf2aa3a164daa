// SPDX-License-Identifier: Apache-2.0
//! The committed table, and the comparison of a run with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::callgrind::Count;

/// A case fails if it costs more than this share above the table. If it costs less by more than this, a note says so.
const TOLERANCE: f64 = 0.03;
/// The tolerance if another compiler built the code: then only large changes fail.
const TOLERANCE_OF_ANOTHER_COMPILER: f64 = 0.25;

/// The cost of one case.
pub(crate) struct Row {
    name: String,
    count: Count,
}

impl Row {
    /// `line` is `TIMES NAME`, as the run under callgrind prints it.
    pub(crate) fn from_line(line: &str, count: Count) -> Self {
        let (times, name) = line.split_once(' ').expect("TIMES NAME");
        let times: u64 = times.parse().expect("a number");
        let count = Count { instructions: count.instructions / times, allocations: count.allocations / times };
        Self { name: name.to_owned(), count }
    }
}

/// All cases, and the compiler that built the code.
pub(crate) struct Table {
    compiler: String,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn for_this_compiler(rows: Vec<Row>) -> Self {
        let output = Command::new("rustc").arg("--version").output().expect("rustc runs");
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Self { compiler: format!("{version}, {}", std::env::consts::ARCH), rows }
    }

    fn parse(text: &str) -> Self {
        let compiler = text.lines().find_map(|line| line.strip_prefix("Compiler: ")).unwrap_or_default().to_owned();
        let number = |cell: &str| cell.trim().replace(' ', "").parse::<u64>().ok();
        let row = |line: &str| {
            let mut cells = line.strip_prefix('|')?.split('|');
            let name = cells.next()?;
            let instructions = cells.next()?;
            let allocations = cells.next()?;
            let count = Count { instructions: number(instructions)?, allocations: number(allocations)? };
            Some(Row { name: name.trim().to_owned(), count })
        };
        Self { compiler, rows: text.lines().filter_map(row).collect() }
    }

    fn markdown(&self) -> String {
        let mut text = format!(
            "# Instruction counts of the core\n\n\
            Instructions of the core and its Rust libraries, and calls of the allocator, for one verdict, counted by callgrind.\n\
            AWS-LC and the C library are left out: they select their code by the processor. `make test` fails if a case costs\n\
            over 3 % more. `NATIVEJWT_UPDATE=1 bench/counts/run` writes this file.\n\n\
            Compiler: {}\n\n\
            | case | instructions | allocations |\n| --- | ---: | ---: |\n",
            self.compiler
        );
        for row in &self.rows {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                row.name,
                spaced(row.count.instructions),
                spaced(row.count.allocations)
            );
        }
        text
    }
}

/// The digits in groups of three.
fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let mut groups: Vec<&str> = if head.is_empty() { Vec::new() } else { vec![head] };
    groups.extend((0..tail.len()).step_by(3).map(|at| &tail[at..at + 3]));
    groups.join(" ")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("COUNTS.md")
}

/// Prints the differences between a run and the committed table, and `N passed, M failed` at the end. Returns true if nothing
/// failed.
pub(crate) fn compare(counted: &Table) -> bool {
    if std::env::var_os("NATIVEJWT_UPDATE").is_some() {
        std::fs::write(path(), counted.markdown()).expect("the table can be written");
    }
    let committed = Table::parse(&std::fs::read_to_string(path()).unwrap_or_default());
    let is_same_compiler = committed.compiler == counted.compiler;
    let tolerance = if is_same_compiler { TOLERANCE } else { TOLERANCE_OF_ANOTHER_COMPILER };
    if !is_same_compiler {
        println!(
            "Note: the table was made with {}, this run with {}: cases that cost up to {} % more pass",
            committed.compiler,
            counted.compiler,
            tolerance * 100.0
        );
    }
    let mut missing: BTreeMap<&str, Count> = committed.rows.iter().map(|row| (&*row.name, row.count)).collect();
    let mut failed = 0;
    let mut better = 0;
    for Row { name, count } in &counted.rows {
        let Some(before) = missing.remove(&**name) else {
            println!("FAILED: {name} is not in the table");
            failed += 1;
            continue;
        };
        let changes = [
            ("instructions", change(before.instructions, count.instructions)),
            ("allocations", change(before.allocations, count.allocations)),
        ];
        let worst = changes.iter().map(|(_, change)| *change).fold(f64::MIN, f64::max);
        let best = changes.iter().map(|(_, change)| *change).fold(f64::MAX, f64::min);
        if worst > tolerance {
            failed += 1;
        } else if best < -TOLERANCE {
            better += 1;
        } else {
            continue;
        }
        println!(
            "{} {name}: instructions {} -> {} ({:+.1} %), allocations {} -> {}",
            if worst > tolerance { "FAILED: worse" } else { "better" },
            spaced(before.instructions),
            spaced(count.instructions),
            change(before.instructions, count.instructions) * 100.0,
            before.allocations,
            count.allocations
        );
    }
    for name in missing.keys() {
        println!("FAILED: {name} is in the table, but no case any more");
        failed += 1;
    }
    if better > 0 {
        println!(
            "Note: {better} cases cost more than 3 % less than the table says. Update the table, so that a later loss is noticed: \
            NATIVEJWT_UPDATE=1 bench/counts/run"
        );
    }
    if failed > 0 {
        println!("If the change is intended: NATIVEJWT_UPDATE=1 bench/counts/run updates the table");
    }
    println!("{} passed, {failed} failed", counted.rows.len().saturating_sub(failed));
    failed == 0
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn change(before: u64, after: u64) -> f64 {
    if before == after { 0.0 } else { after as f64 / before as f64 - 1.0 }
}

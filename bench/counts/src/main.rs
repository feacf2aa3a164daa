//! Holds the instructions that the core spends on each case against the committed table, `COUNTS.md`. Unlike times they
//! are the same in every run, so that 3 % more is a finding. `NATIVEJWT_UPDATE=1` writes the table anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test program: what is wrong with it ends the run, and it prints what it finds"
)]

mod callgrind;
mod cases;
mod table;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use table::{Row, Table};

/// The argument by which this program knows that it runs under callgrind.
const UNDER_CALLGRIND: &str = "--under-callgrind";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [UNDER_CALLGRIND, folder] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        run_cases(Path::new(folder));
        return ExitCode::SUCCESS;
    }
    let folder = std::env::temp_dir().join(format!("nativejwt-counts-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let counted = callgrind::run(UNDER_CALLGRIND, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    let (printed, counts) = counted.unwrap_or_else(|error| panic!("{error}"));
    let rows = printed.lines().zip(counts).map(|(line, count)| Row::of(line, count)).collect();
    if table::compare(&Table::of_this_compiler(rows)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints `TIMES NAME` of each case and runs it in the function that callgrind counts.
fn run_cases(folder: &Path) {
    cases::each(folder, |mut case| {
        println!("{} {}", case.times, case.name);
        // What happens once only, such as a key that is parsed for its algorithm, is no cost of a login.
        (case.work)();
        (case.work)();
        start_of_count();
        under_count(&mut case.work);
    });
}

/// The name is what callgrind looks for.
#[inline(never)]
fn start_of_count() {
    black_box(());
}

/// Likewise.
#[inline(never)]
fn under_count(work: &mut dyn FnMut()) {
    work();
    // Not the last thing: a call at the end would become a jump, and the function would seem to go on.
    black_box(&work);
}

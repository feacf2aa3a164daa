// SPDX-License-Identifier: Apache-2.0
//! Counts the instructions of the core for each case, and compares them with the committed table, `COUNTS.md`. Unlike
//! times, they are the same in every run, so that a change of 3 % is significant. `NATIVEJWT_UPDATE=1` writes the table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test program: errors end the run, and it prints its results"
)]

mod callgrind;
mod cases;
mod table;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use table::{Row, Table};

/// The argument with which this program is started under callgrind.
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
    let rows = printed.lines().zip(counts).map(|(line, count)| Row::from_line(line, count)).collect();
    if table::compare(&Table::for_this_compiler(rows)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints `TIMES NAME` of each case and runs it in the function that callgrind counts.
fn run_cases(folder: &Path) {
    cases::each(folder, |mut case| {
        println!("{} {}", case.times, case.name);
        // Work that is done only once, such as preparing a key for an algorithm, is not part of the cost.
        (case.work)();
        (case.work)();
        start_of_count();
        under_count(&mut case.work);
    });
}

/// Callgrind finds this function by its name.
#[inline(never)]
fn start_of_count() {
    black_box(());
}

/// Callgrind finds this function by its name.
#[inline(never)]
fn under_count(work: &mut dyn FnMut()) {
    work();
    // A call at the end of the function would become a jump, and callgrind would not see the function end.
    black_box(&work);
}

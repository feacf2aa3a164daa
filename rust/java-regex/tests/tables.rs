// SPDX-License-Identifier: Apache-2.0
//! Checks that the committed tables are those of the JDK.

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

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn tables_are_fresh() {
    let Some(java) = jdk::java() else {
        eprintln!("skipped: no JDK 25 or later in JAVA_HOME or /usr/lib/jvm");
        return;
    };
    let run = Command::new(java).arg(jdk::source("GenerateTables.java")).output().expect("java runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let generated = String::from_utf8(run.stdout).expect("the generator writes ASCII");
    let head = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tables.rs");
    let committed = fs::read_to_string(committed).expect("the tables are there");
    if head(&generated) != head(&committed) {
        eprintln!("skipped: the JDK that was found is another one: {}", head(&generated));
        return;
    }
    let line = generated.lines().zip(committed.lines()).position(|(generated, committed)| generated != committed);
    assert!(generated == committed, "src/tables.rs differs from line {:?} on", line.map(|line| line + 1));
}

// SPDX-License-Identifier: Apache-2.0
//! `cargo test`, with this program between cargo and what it starts.
//!
//! Cargo sets up each test program's environment and folder, and this program runs it: as cargo's `runner` for test programs,
//! and as its `rustdoc` for doc tests. Stable Rust writes JSON only with `RUSTC_BOOTSTRAP`, which is set for them alone: set
//! for the compiler too, it would make cargo build everything anew.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::libtest::Run;
use crate::report::Report;

/// Set for what cargo starts: the folder of the records.
pub(crate) const FOLDER: &str = "NATIVEJWT_TEST_RECORDS";

/// Records end in the program's name and how it ended.
const ENDED: &str = "ended: ";
const JSON: [&str; 2] = ["-Zunstable-options", "--format=json"];

/// Runs `cargo test ARGUMENT…` and counts.
pub(crate) fn test(arguments: &[OsString]) -> Report {
    // Records of an earlier run must not count.
    let folder = PathBuf::from("build/reports/rust");
    let _ = fs::remove_dir_all(&folder);
    let mut report = Report::default();
    let ready = fs::create_dir_all(&folder)
        .and_then(|()| Ok((folder.canonicalize()?, std::env::current_exe()?)))
        .and_then(|(folder, this)| {
            let mut runner = OsString::from("target.'cfg(all())'.runner=['");
            runner.push(&this);
            runner.push("']");
            Command::new("cargo")
                .arg("test")
                .arg("--config")
                .arg(runner)
                .args(arguments)
                .env("RUSTDOC", this)
                .env(FOLDER, &folder)
                .status()
        });
    let ending = match ready {
        Ok(status) => ending(status),
        Err(error) => Err(format!("did not start: {error}")),
    };
    let mut records: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    records.sort();
    for record in records {
        match fs::read_to_string(&record) {
            Ok(text) => report.add(read(&text)),
            Err(error) => report.fail(record.display().to_string(), error.to_string()),
        }
    }
    report.close("cargo test", ending);
    report
}

/// Counts a record.
fn read(text: &str) -> Report {
    let mut run = Run::default();
    let mut ended = None;
    for line in text.lines() {
        match line.strip_prefix(ENDED) {
            Some(end) => ended = Some(end),
            None => {
                run.line(line);
            }
        }
    }
    let (program, how) = ended.unwrap_or("a test program\twas ended from outside").split_once('\t').unwrap_or_default();
    run.end(program, if how.is_empty() { Ok(()) } else { Err(how.to_owned()) })
}

/// Runs a test program, or rustdoc, and records what its tests say. The rest of its output is handed on.
pub(crate) fn run_and_record(folder: &Path, arguments: &[OsString]) -> ExitCode {
    match recorded(folder, arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{arguments:?}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn recorded(folder: &Path, arguments: &[OsString]) -> std::io::Result<ExitCode> {
    let is_doc_test = arguments.iter().any(|argument| argument == "--test");
    let (mut command, name) = match arguments {
        [program, rest @ ..] if Path::new(program).is_absolute() => {
            let mut command = Command::new(program);
            command.args(rest).args(JSON);
            (command, name_of(Path::new(program)))
        }
        _ => {
            let mut command = Command::new("rustdoc");
            // Rustdoc would run each doc test by cargo's runner, which is this program.
            let runner = arguments.iter().position(|argument| argument == "--test-runtool").unwrap_or(arguments.len());
            let (before, rest) = arguments.split_at(runner);
            command.args(before).args(rest.iter().skip(2));
            if is_doc_test {
                command.args(JSON.map(|argument| format!("--test-args={argument}")));
            }
            (command, "doc tests".to_owned())
        }
    };
    command.env("RUSTC_BOOTSTRAP", "1").env_remove(FOLDER).stdout(Stdio::piped());
    let path = folder.join(format!("{}-{}.jsonl", name.replace(' ', "-"), std::process::id()));
    let mut record = fs::File::create(path)?;
    let mut child = command.spawn()?;
    let mut run = Run::default();
    let mut out = std::io::stdout().lock();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line)? > 0 {
            // Output without a newline may stand before an event.
            let text = String::from_utf8_lossy(&line);
            let event = text.find("{ \"type\": ").map_or("", |start| text.get(start..).unwrap_or_default());
            if run.line(event.trim_end()) {
                record.write_all(event.as_bytes())?;
            } else {
                out.write_all(&line)?;
            }
            line.clear();
        }
    }
    let status = child.wait()?;
    let how = ending(status);
    writeln!(record, "{ENDED}{name}\t{}", how.clone().err().unwrap_or_default())?;
    let report = run.end(&name, how.clone());
    writeln!(out, "{name}: {} passed, {} failed", report.passed, report.failed())?;
    // As libtest ends: cargo takes other codes for a crash.
    Ok(if report.failed() == 0 && how.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(101) })
}

/// `cases` for `target/debug/deps/cases-0123456789abcdef`.
fn name_of(program: &Path) -> String {
    let name = program.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    name.rsplit_once('-').map_or_else(|| name.to_string(), |(name, _)| name.to_owned())
}

fn ending(status: ExitStatus) -> Result<(), String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(format!("ended with exit code {code}")),
        (None, signal) => Err(format!("ended by signal {}", signal.unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_an_end_is_a_failure() {
        let started = "{ \"type\": \"suite\", \"event\": \"started\", \"test_count\": 1 }\n";
        let ok = "{ \"type\": \"test\", \"name\": \"a\", \"event\": \"ok\" }\n";
        let ended = "{ \"type\": \"suite\", \"event\": \"ok\" }\n";
        assert_eq!(read(&format!("{started}{ok}{ended}ended: cases\t\n")).text(), "1 passed, 0 failed\n");
        for text in [format!("{started}{ok}{ended}"), format!("{started}{ok}"), String::new()] {
            assert!(read(&text).failed() > 0, "{text}");
        }
    }

    #[test]
    fn a_programs_name_is_without_its_hash() {
        assert_eq!(name_of(Path::new("/x/target/debug/deps/nativejwt_core-01ab")), "nativejwt_core");
    }
}

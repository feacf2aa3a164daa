// SPDX-License-Identifier: Apache-2.0
//! The JSON that a Rust test program writes with `--format json`, one event a line.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::report::Report;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Event {
    Suite {
        event: String,
    },
    Test {
        event: String,
        name: String,
        /// What the test printed.
        #[serde(default)]
        stdout: String,
        /// Why it failed, where it printed nothing: it took too long, or should have panicked.
        message: Option<String>,
    },
    /// Benchmarks, and what later versions add.
    #[serde(other)]
    Other,
}

/// Follows one test program from its first event to its end.
#[derive(Default)]
pub(crate) struct Run {
    report: Report,
    running: BTreeSet<String>,
    is_started: bool,
    is_ended: bool,
}

impl Run {
    /// True for an event; anything else is a test's own output.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        let Ok(event) = serde_json::from_str(line) else { return false };
        match event {
            // Rustdoc runs the doc tests of a crate in several suites.
            Event::Suite { event } if event == "started" => (self.is_started, self.is_ended) = (true, false),
            Event::Suite { .. } => self.is_ended = true,
            Event::Test { event, name, stdout, message } => match event.as_str() {
                "started" => {
                    self.running.insert(name);
                }
                "ok" => {
                    self.running.remove(&name);
                    self.report.passed += 1;
                }
                "ignored" => {
                    self.running.remove(&name);
                }
                "timeout" => {}
                // "failed", and what is not known.
                _ => {
                    self.running.remove(&name);
                    let said = [message.unwrap_or_default(), stdout].join("\n");
                    self.report.fail(name, said);
                }
            },
            Event::Other => {}
        }
        true
    }

    /// The program ended. One that ended in the middle took tests with it: those that were running are named.
    pub(crate) fn end(mut self, program: &str, ending: Result<(), String>) -> Report {
        if self.is_started && !self.is_ended {
            let how = ending.clone().err().unwrap_or_else(|| "ended".to_owned());
            let running: Vec<_> = self.running.into_iter().collect();
            let during = if running.is_empty() { "no test ran".to_owned() } else { running.join(", ") };
            self.report.fail(format!("{how} before the tests were through, during: {during}"), "");
        } else if let Err(how) = ending
            && self.report.failed() == 0
        {
            self.report.fail(how, "");
        }
        self.report.of(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTED: &str = r#"{ "type": "suite", "event": "started", "test_count": 2 }"#;
    const OK: &str = r#"{ "type": "suite", "event": "ok", "passed": 1, "failed": 0, "ignored": 0, "exec_time": 0.1 }"#;

    fn run(lines: &[&str], ending: Result<(), String>) -> String {
        let mut run = Run::default();
        for line in lines {
            run.line(line);
        }
        run.end("cases", ending).text()
    }

    #[test]
    fn tests_are_counted_and_ignored_ones_are_not() {
        let text = run(
            &[
                STARTED,
                r#"{ "type": "test", "event": "started", "name": "a" }"#,
                r#"{ "type": "test", "name": "a", "event": "ok" }"#,
                r#"{ "type": "test", "event": "started", "name": "b" }"#,
                r#"{ "type": "test", "name": "b", "event": "ignored", "message": "a measurement" }"#,
                OK,
            ],
            Ok(()),
        );
        assert_eq!(text, "1 passed, 0 failed\n");
    }

    #[test]
    fn a_failed_test_is_named_with_what_it_printed() {
        let text = run(
            &[
                STARTED,
                r#"{ "type": "test", "event": "started", "name": "a" }"#,
                r#"{ "type": "test", "name": "a", "event": "failed", "stdout": "panicked at x.rs:1\nno" }"#,
                r#"{ "type": "suite", "event": "failed", "passed": 0, "failed": 1 }"#,
            ],
            Err("ended with exit code 101".to_owned()),
        );
        assert_eq!(text, "FAILED: cases: a\n    panicked at x.rs:1\n    no\n0 passed, 1 failed\n");
    }

    #[test]
    fn a_program_that_dies_in_the_middle_fails_and_names_what_ran() {
        let lines = [
            STARTED,
            r#"{ "type": "test", "event": "started", "name": "a" }"#,
            r#"{ "type": "test", "name": "a", "event": "ok" }"#,
            r#"{ "type": "test", "event": "started", "name": "b" }"#,
        ];
        let died = run(&lines, Err("ended by signal 6".to_owned()));
        assert_eq!(
            died,
            "FAILED: cases: ended by signal 6 before the tests were through, during: b\n1 passed, 1 failed\n"
        );
        // A test that calls exit(0).
        let left = run(&lines, Ok(()));
        assert!(left.ends_with("1 passed, 1 failed\n"), "{left}");
    }

    #[test]
    fn a_program_that_ends_badly_after_its_tests_fails() {
        assert_eq!(
            run(&[STARTED, OK], Err("ended by signal 11".to_owned())),
            "FAILED: cases: ended by signal 11\n0 passed, 1 failed\n"
        );
    }

    #[test]
    fn what_tests_print_is_no_event() {
        let mut run = Run::default();
        for line in ["", "3 cases", "{\"sub\": \"alice\"}", "7", "\"ok\""] {
            assert!(!run.line(line), "{line}");
        }
        assert!(run.line(STARTED));
    }
}

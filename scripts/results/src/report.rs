// SPDX-License-Identifier: Apache-2.0
//! What a suite came to.

use std::fmt::Write;

/// More of what a failed test said is in its suite's log.
const LINES_SHOWN: usize = 8;
const CHARACTERS_SHOWN: usize = 300;

/// How many tests passed, and what failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) passed: u64,
    failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq)]
struct Failure {
    name: String,
    said: String,
}

impl Report {
    pub(crate) fn fail(&mut self, name: impl Into<String>, said: impl Into<String>) {
        self.failures.push(Failure { name: name.into(), said: said.into() });
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
    }

    /// Says whose tests these were.
    pub(crate) fn of(mut self, program: &str) -> Self {
        for failure in &mut self.failures {
            failure.name = format!("{program}: {}", failure.name);
        }
        self
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failures.len() as u64
    }

    /// A program that ends badly has failed, though each of its tests may have passed; so has a suite without a test.
    pub(crate) fn close(&mut self, what: &str, ending: Result<(), String>) {
        match ending {
            Err(how) if self.failures.is_empty() => self.fail(format!("{what} {how}"), ""),
            _ if self.passed == 0 && self.failures.is_empty() => self.fail(format!("{what}: no test ran"), ""),
            _ => {}
        }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.failures.is_empty() && self.passed > 0
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for Failure { name, said } in &self.failures {
            let _ = writeln!(text, "FAILED: {name}");
            for line in said.lines().filter(|line| !line.trim().is_empty()).take(LINES_SHOWN) {
                let _ = writeln!(text, "    {}", line.chars().take(CHARACTERS_SHOWN).collect::<String>());
            }
        }
        let _ = writeln!(text, "{} passed, {} failed", self.passed, self.failed());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_named_with_the_first_lines_of_what_it_said() {
        let mut report = Report { passed: 3, ..Report::default() };
        report.fail("core::tests::one", "left: 1\n\nright: 2\n");
        assert_eq!(report.text(), "FAILED: core::tests::one\n    left: 1\n    right: 2\n3 passed, 1 failed\n");
        assert!(!report.is_good());
    }

    #[test]
    fn a_run_without_a_test_is_a_failure() {
        let mut report = Report::default();
        assert!(!report.is_good());
        report.close("cargo", Ok(()));
        assert_eq!(report.text(), "FAILED: cargo: no test ran\n0 passed, 1 failed\n");
    }

    #[test]
    fn a_bad_ending_counts_once() {
        let bad = || Err("ended with exit code 3".to_owned());
        let mut silent = Report { passed: 3, ..Report::default() };
        silent.close("cargo", bad());
        assert_eq!(silent.text(), "FAILED: cargo ended with exit code 3\n3 passed, 1 failed\n");
        let mut told = Report { passed: 3, ..Report::default() };
        told.fail("one", "");
        told.close("cargo", bad());
        assert_eq!(told.failed(), 1);
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The results of a run: counts for each part, and failures as cases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

/// The outcome of one comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The same verdict.
    Equal,
    /// A different verdict, as in the row of this slug.
    Listed(String),
    /// A different verdict without a row.
    Unlisted(String),
}

/// The maximum number of failures of one part that are reduced and written.
const MAX_FAILURES: usize = 20;

/// One part of a run.
pub struct Report {
    title: String,
    engines: &'static str,
    started: Instant,
    equal: u64,
    listed: BTreeMap<String, u64>,
    unlisted: BTreeMap<String, u64>,
    failures: Vec<String>,
    remarks: Vec<String>,
}

impl Report {
    /// Starts a part. `engines` names the engines that are compared with Trino's.
    #[must_use]
    pub fn new(title: &str, engines: &'static str) -> Self {
        Self {
            title: title.to_owned(),
            engines,
            started: Instant::now(),
            equal: 0,
            listed: BTreeMap::new(),
            unlisted: BTreeMap::new(),
            failures: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Counts a comparison.
    pub fn count(&mut self, found: Found) {
        match found {
            Found::Equal => self.equal += 1,
            Found::Listed(slug) => *self.listed.entry(slug).or_default() += 1,
            Found::Unlisted(what) => *self.unlisted.entry(what).or_default() += 1,
        }
    }

    /// False once enough failures are written down.
    #[must_use]
    pub fn wants_failures(&self) -> bool {
        self.failures.len() < MAX_FAILURES
    }

    /// Records a failure, only the first of its kind.
    pub fn failure(&mut self, what: &str, case: &str) {
        if !self.unlisted.contains_key(what) {
            self.failures.push(format!("# {what}\n{case}"));
        }
    }

    /// Adds a remark about something that is not a failure.
    pub fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    /// The number of comparisons.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.equal + self.listed.values().sum::<u64>() + self.unlisted.values().sum::<u64>()
    }

    /// The number of kinds of unlisted differences. Each counts as one failed test.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.unlisted.len() as u64
    }

    /// The number of passed tests: each case of the case files is one, and each generator is one.
    #[must_use]
    pub fn passed_tests(&self) -> u64 {
        match self.title.as_str() {
            "case files" => self.equal + self.listed.values().sum::<u64>(),
            _ => u64::from(self.unlisted.is_empty()),
        }
    }

    /// The slugs of the listed differences that were found.
    pub fn slugs(&self) -> impl Iterator<Item = &str> {
        self.listed.keys().map(String::as_str)
    }

    /// The failures, as cases.
    #[must_use]
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The line of the table, and its details.
    #[must_use]
    pub fn text(&self) -> String {
        let listed: u64 = self.listed.values().sum();
        let unlisted: u64 = self.unlisted.values().sum();
        let cases = self.cases();
        let mut text = format!(
            "{:33} {:24} {cases:8} cases {:8} equal {listed:7} listed {unlisted:5} unlisted {:4} s\n",
            self.title,
            self.engines,
            self.equal,
            self.started.elapsed().as_secs()
        );
        for (slug, count) in &self.listed {
            let _ = writeln!(text, "    {count:9}  {slug}");
        }
        for remark in &self.remarks {
            let _ = writeln!(text, "    {remark}");
        }
        for (what, count) in &self.unlisted {
            let _ = writeln!(text, "FAILED: {}, {count} times, in no list: {what}", self.title);
        }
        text
    }
}

//! What a run found: numbers for each engine, and failures as cases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

/// The outcome of one comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The same verdict.
    Equal,
    /// Another verdict, as the line of this slug says.
    Listed(String),
    /// Another verdict, and no line says so.
    Unlisted(String),
}

/// How many failures of one part are made small and written down.
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
    /// Starts a part; `engines` says who is held against stock.
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

    /// Writes a failure down; the first of its kind only.
    pub fn failure(&mut self, what: &str, case: &str) {
        if !self.unlisted.contains_key(what) {
            self.failures.push(format!("# {what}\n{case}"));
        }
    }

    /// Something worth knowing that is no failure.
    pub fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    /// How many comparisons were made.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.equal + self.listed.values().sum::<u64>() + self.unlisted.values().sum::<u64>()
    }

    /// Kinds of unlisted differences: each counts as one failed test.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.unlisted.len() as u64
    }

    /// What counts as passed tests: every case of the case files, and a whole generator for one.
    #[must_use]
    pub fn passed_tests(&self) -> u64 {
        match self.title.as_str() {
            "case files" => self.equal + self.listed.values().sum::<u64>(),
            _ => u64::from(self.unlisted.is_empty()),
        }
    }

    /// The slugs that were met.
    pub fn slugs(&self) -> impl Iterator<Item = &str> {
        self.listed.keys().map(String::as_str)
    }

    /// Failures, each a case.
    #[must_use]
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The line of the table, and what is behind it.
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

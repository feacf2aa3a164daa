// SPDX-License-Identifier: Apache-2.0
//! Finds a JDK, and runs all requests of the tests in one process of it.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// The `java` of the lowest JDK from 25 on, in JAVA_HOME or /usr/lib/jvm.
pub(crate) fn java() -> Option<PathBuf> {
    let homes = std::env::var_os("JAVA_HOME").map(PathBuf::from).into_iter();
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten().map(|entry| entry.path());
    let versions = homes.chain(installed).filter_map(|home| Some((version(&home)?, home.join("bin/java"))));
    versions.filter(|(version, java)| *version >= 25 && java.is_file()).min().map(|(_, java)| java)
}

fn version(home: &Path) -> Option<u32> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let line = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=\""))?;
    line.split(['.', '"', '-', '+']).next()?.parse().ok()
}

/// A source file of this crate's tests.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name)
}

/// A running Oracle.java.
pub(crate) struct Oracle {
    child: Child,
    input: Option<std::process::ChildStdin>,
    answers: Receiver<String>,
}

impl Oracle {
    /// Starts it. Without a JDK, prints the reason and returns `None`.
    pub(crate) fn start() -> Option<Self> {
        let Some(java) = java() else {
            eprintln!("skipped: no JDK 25 or later in JAVA_HOME or /usr/lib/jvm");
            return None;
        };
        let mut child = Command::new(java)
            .args(["-Xss64m", "-XX:+UseSerialGC"])
            .arg(source("Oracle.java"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("java starts");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (sender, answers) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        let input = child.stdin.take();
        Some(Self { child, input, answers })
    }

    /// Sends requests, and returns the results in order.
    pub(crate) fn ask(&mut self, requests: &[String]) -> Vec<String> {
        let input = self.input.as_mut().expect("stdin is piped");
        let mut text = requests.join("\n");
        text.push('\n');
        input.write_all(text.as_bytes()).expect("the oracle reads");
        input.flush().expect("the oracle reads");
        requests.iter().map(|_| self.answers.recv().expect("the oracle answers")).collect()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Text as the oracle writes it: hexadecimal between backticks, except for printable ASCII.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' if c != '`' => escaped.push(c),
            _ => write!(escaped, "`{:x}`", u32::from(c)).expect("writing to a String works"),
        }
    }
    escaped
}

/// The reverse. `None` for a lone surrogate.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut plain = String::new();
    for (i, part) in text.split('`').enumerate() {
        if i % 2 == 0 {
            plain.push_str(part);
        } else {
            plain.push(char::from_u32(u32::from_str_radix(part, 16).ok()?)?);
        }
    }
    Some(plain)
}

/// Spans as the oracle writes them.
pub(crate) fn spans(spans: &[Option<(usize, usize)>]) -> String {
    let one = |span: &Option<(usize, usize)>| span.map_or("-1,-1".to_owned(), |(start, end)| format!("{start},{end}"));
    spans.iter().map(one).collect::<Vec<_>>().join(" ")
}

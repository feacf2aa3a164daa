// SPDX-License-Identifier: Apache-2.0
//! The XML that JUnit's console launcher writes into its `--reports-dir`.

use std::fs;
use std::path::Path;

use roxmltree::{Document, Node};

use crate::report::Report;

/// Counts the reports in a folder, of a run that ended with an exit code.
pub(crate) fn read(folder: &Path, code: &str, jvm_log: Option<&Path>) -> Report {
    let mut report = Report::default();
    let mut files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    files.sort();
    for file in files {
        let read = fs::read_to_string(&file).map_err(|error| error.to_string()).and_then(|text| count(&text));
        match read {
            Ok(counted) => report.add(counted),
            Err(problem) => report.fail(file.display().to_string(), problem),
        }
    }
    if let Some(log) = jvm_log {
        match fs::read_to_string(log) {
            Ok(text) => warnings(&text, &mut report),
            Err(error) => report.fail(log.display().to_string(), error.to_string()),
        }
    }
    let ending = if code == "0" { Ok(()) } else { Err(format!("ended with exit code {code}")) };
    report.close("JUnit", ending);
    report
}

/// Counts one report. A test that was skipped, or gave up on an assumption, proves nothing and counts as a failure.
fn count(text: &str) -> Result<Report, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    for test in document.descendants().filter(|node| node.has_tag_name("testcase")) {
        let name = [test.attribute("classname"), test.attribute("name")].map(Option::unwrap_or_default).join(".");
        let problem = test
            .children()
            .find(|child| ["failure", "error", "skipped"].into_iter().any(|tag| child.has_tag_name(tag)));
        match problem {
            None => report.passed += 1,
            Some(problem) if problem.has_tag_name("skipped") => {
                report.fail(format!("{name} was skipped"), said(problem))
            }
            Some(problem) => report.fail(name, said(problem)),
        }
    }
    Ok(report)
}

/// The message, and the trace that follows from there.
fn said(problem: Node<'_, '_>) -> String {
    match (problem.text().map(str::trim), problem.attribute("message")) {
        (Some(text), _) if !text.is_empty() => text.to_owned(),
        (_, message) => message.unwrap_or_default().to_owned(),
    }
}

/// What -Xcheck:jni finds is a failure though no assertion saw it.
fn warnings(text: &str, report: &mut Report) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(start) =
            ["WARNING in native method", "FATAL ERROR in native method"].into_iter().find_map(|words| line.find(words))
        else {
            continue;
        };
        let mut stack = String::new();
        while let Some(at) = lines.next_if(|line| line.trim_start().starts_with("at ")) {
            stack.push_str(at);
            stack.push('\n');
        }
        report.fail(line.get(start..).unwrap_or_default(), stack);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="JUnit Jupiter" tests="4" skipped="1" failures="1" errors="1">
        <testcase name="good()" classname="a.B"><system-out><![CDATA[x]]></system-out></testcase>
        <testcase name="bad()" classname="a.B"><failure message="no" type="E"><![CDATA[E: no
            at a.B.bad(B.java:1)]]></failure></testcase>
        <testcase name="broken()" classname="a.B"><error message="&lt;gone&gt;" type="E"></error></testcase>
        <testcase name="left()" classname="a.B"><skipped><![CDATA[not here]]></skipped></testcase>
        </testsuite>"#;

    #[test]
    fn failures_errors_and_skipped_tests_are_named() {
        assert_eq!(
            count(REPORT).map(|report| report.text()).as_deref(),
            Ok(concat!(
                "FAILED: a.B.bad()\n    E: no\n                at a.B.bad(B.java:1)\n",
                "FAILED: a.B.broken()\n    <gone>\n",
                "FAILED: a.B.left() was skipped\n    not here\n1 passed, 3 failed\n"
            ))
        );
    }

    #[test]
    fn a_report_that_was_cut_off_is_a_failure() {
        assert!(count("<testsuite><testcase name='a'").is_err());
    }

    #[test]
    fn a_folder_without_reports_is_a_failure() {
        let text = read(Path::new("/nonexistent"), "134", None).text();
        assert_eq!(text, "FAILED: JUnit ended with exit code 134\n0 passed, 1 failed\n");
    }

    #[test]
    fn what_the_jvm_warns_of_is_a_failure_with_its_place() {
        let mut report = Report::default();
        report.passed = 1;
        warnings(
            "WARNING in native method: JNI call made without checking exceptions\n\tat a.B.c(Native Method)\nother\n",
            &mut report,
        );
        assert_eq!(
            report.text(),
            "FAILED: WARNING in native method: JNI call made without checking exceptions\n    \tat a.B.c(Native Method)\n\
            1 passed, 1 failed\n"
        );
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Compares every property name and every character with case with a live JDK.
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

use java_regex::Pattern;
use jdk::Oracle;
use std::fs;
use std::path::Path;

/// The names in one of the generated tables.
fn names(table: &str) -> Vec<String> {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tables.rs");
    let text = fs::read_to_string(tables).expect("the tables are there");
    let start = text.find(&format!("static {table}:")).expect("the table is there");
    let rows = text[start..].split("\n];").next().expect("the table has an end");
    rows.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Characters from all ranges, including their ends.
fn sample() -> String {
    let dense = ('\0'..'\u{250}').chain('\u{370}'..'\u{400}').chain('\u{2000}'..'\u{2100}');
    let sparse = ('\u{250}'..=char::MAX).step_by(709);
    dense.chain(sparse).flat_map(|c| [c, '\u{3}']).collect()
}

fn finds(pattern: &Pattern, input: &str) -> String {
    let finds = pattern.find_spans(input).expect("within the step limit");
    finds.iter().map(|find| jdk::spans(find)).collect::<Vec<_>>().join(";")
}

fn compare(oracle: &mut Oracle, what: &str, patterns: &[String], input: &str) {
    let mut rejected = 0;
    for batch in patterns.chunks(50) {
        let request = |pattern: &String| format!("R\t{}\tx\t{}", jdk::escape(pattern), jdk::escape(input));
        let requests: Vec<String> = batch.iter().map(request).collect();
        for (pattern, answer) in batch.iter().zip(oracle.ask(&requests)) {
            let Ok(compiled) = Pattern::new(pattern) else {
                assert_eq!(answer, "rejected", "{pattern}");
                rejected += 1;
                continue;
            };
            let java: Vec<&str> = answer.split('\t').collect();
            assert_eq!(java[0], "ok 0", "{pattern}");
            assert_eq!(finds(&compiled, input), java[2], "{pattern}");
        }
    }
    println!(
        "{what}: {} patterns on {} characters equal, {rejected} of them rejected",
        patterns.len(),
        input.chars().count()
    );
}

#[test]
fn property_names_hold_the_same_characters() {
    let Some(mut oracle) = Oracle::start() else { return };
    let mut patterns = Vec::new();
    for mode in ["", "(?i)", "(?U)", "(?iU)"] {
        for name in names("NAMES") {
            for form in ["", "Is", "gc=", "general_category="] {
                patterns.push(format!("{mode}\\p{{{form}{name}}}"));
            }
            patterns.push(format!("{mode}\\P{{{}}}", name.to_lowercase()));
            patterns.push(format!("{mode}\\p{{Is{}}}", name.to_lowercase()));
        }
        patterns.extend(
            ["\\w", "\\d", "\\s", "\\h", "\\v", ".", "\\W", "[\\d]", "[^\\s]"].map(|class| format!("{mode}{class}")),
        );
    }
    for name in names("SCRIPT_NAMES") {
        patterns.extend(["\\p{Is", "\\p{sc=", "\\P{script=", "(?iU)\\p{Is"].map(|open| format!("{open}{name}}}")));
        patterns.push(format!("\\p{{Is{}}}", name.to_lowercase()));
    }
    for name in names("BLOCK_NAMES") {
        patterns.extend(["\\p{In", "\\P{blk=", "\\p{block="].map(|open| format!("{open}{name}}}")));
        patterns.push(format!("(?iU)\\p{{In{}}}", name.to_lowercase()));
    }
    patterns.sort_unstable();
    patterns.dedup();
    compare(&mut oracle, "properties", &patterns, &sample());
}

#[test]
fn characters_with_case_are_equal_to_the_same_characters() {
    let Some(mut oracle) = Oracle::start() else { return };
    let has_case = |c: &char| {
        let text = c.to_string();
        java_regex::to_upper_case(&text) != text || java_regex::to_lower_case(&text) != text
    };
    let cased: Vec<char> = ('\0'..=char::MAX).filter(has_case).collect();
    let input: String = cased.iter().flat_map(|&c| ['z', c]).collect();
    // Each form gets a part of the characters. All forms get Greek, Latin and single ranges.
    let forms = ["(?iu)", "(?iu)z", "(?iu)[", "(?iu)[^", "(?i)[", "(?i)"];
    let special = |c: char| matches!(u32::from(c), 0x41..=0x7A | 0xB5 | 0xDF..=0x131 | 0x17F | 0x1C4..=0x1F3 | 0x345 | 0x390..=0x3F5 | 0x1C80..=0x1E9E | 0x1FBE | 0x2126..=0x212B);
    let mut patterns = Vec::new();
    for (i, &c) in cased.iter().enumerate() {
        for (j, form) in forms.iter().enumerate() {
            if (i + j) % forms.len() == 0 || special(c) {
                let close = if form.ends_with('[') || form.ends_with('^') { "]" } else { "" };
                patterns.push(format!("{form}{c}{close}"));
            }
        }
        if i % 7 == 0 {
            let last = cased[(i + 5).min(cased.len() - 1)];
            patterns.push(format!("(?iu)[{c}-{last}]"));
        }
    }
    compare(&mut oracle, "case", &patterns, &input);
}

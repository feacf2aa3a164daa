// SPDX-License-Identifier: Apache-2.0
//! Compares generated mapping rules in the core and in Trino.

use std::path::{Path, PathBuf};

use java_regex::{Pattern as JavaPattern, PatternErrorKind};
use nativejwt_core::{MappedUser, Rejection, UserMapping};

use crate::oracle::{Oracle, Request, Verdict};
use crate::patterns::{Pattern, Style, likely_principal, principal, rule_file};
use crate::random::Random;
use crate::report::{Found, Report};
use crate::shrink::{shrink_list, shrink_text, toml_text};

const BATCH: u64 = 250;
const PRINCIPALS: usize = 8;

/// The rules of one case.
#[derive(Clone, Debug)]
pub enum Rules {
    /// `user-mapping.pattern`.
    Pattern(String),
    /// `user-mapping.file`, and its content.
    File(PathBuf, Vec<u8>),
}

/// The kind of mappings in a part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Patterns by themselves.
    Pattern(Style),
    /// One rule with a template and a case change.
    Rule(Style),
    /// Whole rule files.
    File,
}

struct Case {
    rules: Rules,
    principals: Vec<String>,
}

/// The mapping of the core, or why it cannot be opened.
type Ours = Result<UserMapping, String>;

/// The core's result for each principal; `None` if the rules are invalid.
type Mapped = Vec<Option<Result<MappedUser, Rejection>>>;

/// Makes at least this many comparisons.
pub fn run(oracle: &mut Oracle, kind: Kind, seed: u64, comparisons: u64, folder: &Path, report: &mut Report) {
    let mut number = 0;
    let mut done = 0;
    let mut lost = 0;
    while done < comparisons {
        let batch: Vec<Case> = (0..BATCH).map(|index| make(kind, seed, number + index, folder)).collect();
        number += BATCH;
        for case in &batch {
            oracle.send(request(case));
        }
        oracle.flush();
        let ours: Vec<(Ours, Mapped)> = batch.iter().map(ours).collect();
        // All responses are read before anything is reduced, which sends further requests.
        let answers: Vec<_> = batch.iter().map(|_| oracle.receive()).collect();
        for ((case, (ours, mapped)), answer) in batch.iter().zip(ours).zip(answers) {
            let Some(mut answer) = answer else {
                lost += case.principals.len();
                continue;
            };
            let started = answer.opened();
            let stock: Vec<Verdict> =
                if started.is_ok() { case.principals.iter().map(|_| answer.mapped()).collect() } else { Vec::new() };
            for found in compare(case, &ours, &mapped, &started, &stock) {
                match found {
                    Some(found) => {
                        done += 1;
                        if let Found::Unlisted(what) = &found
                            && report.wants_failures()
                        {
                            let small = shrink(oracle, case, what, folder);
                            report.failure(what, &small);
                        }
                        report.count(found);
                    }
                    None => lost += 1,
                }
            }
        }
    }
    if lost > 0 {
        report.remark(format!("{lost:9}  without a result of Trino in time, not counted"));
    }
}

fn make(kind: Kind, seed: u64, number: u64, folder: &Path) -> Case {
    let mut random = Random::of_case(seed ^ 0x4d41_5050, number);
    let (rules, hint) = match kind {
        Kind::Pattern(style) => {
            let pattern = Pattern::new(&mut random, style).text;
            (Rules::Pattern(pattern.clone()), pattern)
        }
        Kind::Rule(style) => {
            let pattern = Pattern::new(&mut random, style);
            let template = pattern.template(&mut random);
            let case = random.pick(&["keep", "lower", "upper", "lower"]);
            let text = format!(
                "{{\"rules\":[{{\"pattern\":{},\"user\":{},\"case\":\"{case}\"}}]}}",
                json(&pattern.text),
                json(&template)
            );
            (file(folder, number, text.into_bytes()), pattern.text)
        }
        Kind::File => {
            let text = rule_file(&mut random);
            let hint = String::from_utf8_lossy(&text).split('"').nth(5).unwrap_or_default().to_owned();
            (file(folder, number, text), hint)
        }
    };
    let principals = (0..PRINCIPALS)
        .map(|_| if random.one_in(2) { likely_principal(&mut random, &hint) } else { principal(&mut random) })
        .collect();
    Case { rules, principals }
}

fn file(folder: &Path, number: u64, text: Vec<u8>) -> Rules {
    // Batches do not overlap: the responses to one are read before the next is generated.
    let path = folder.join(format!("rules-{}.json", number % BATCH));
    std::fs::write(&path, &text).expect("the folder can be written to");
    Rules::File(path, text)
}

fn json(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\u{0}'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => json.push(c),
        }
    }
    json.push('"');
    json
}

fn request(case: &Case) -> Request {
    match &case.rules {
        Rules::Pattern(pattern) => Request::map_by_pattern(pattern, &case.principals),
        Rules::File(path, _) => Request::map_by_file(path, &case.principals),
    }
}

fn ours(case: &Case) -> (Ours, Mapped) {
    let mapping = match &case.rules {
        Rules::Pattern(pattern) => UserMapping::from_pattern(pattern),
        Rules::File(path, _) => UserMapping::from_file(path)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    };
    let mapped =
        case.principals.iter().map(|principal| mapping.as_ref().ok().map(|mapping| mapping.explain(principal)));
    let mapped = mapped.collect();
    (mapping, mapped)
}

/// One result for each principal; `None` if Trino returned no result in time.
fn compare(
    case: &Case,
    ours: &Ours,
    mapped: &[Option<Result<MappedUser, Rejection>>],
    started: &Result<(), String>,
    stock: &[Verdict],
) -> Vec<Option<Found>> {
    match (ours, started) {
        // Neither opens the rules: this is one comparison, however many principals there are.
        (Err(_), Err(_)) => vec![Some(Found::Equal)],
        (Err(message), Ok(())) => vec![Some(match rejected_at_start(case, message, stock) {
            Some(slug) => Found::Listed(slug.to_owned()),
            None => Found::Unlisted(format!("does not start here: {}", kind_of(message))),
        })],
        (Ok(_), Err(message)) => vec![Some(Found::Unlisted(format!("STARTS HERE, stock: {}", kind_of(message))))],
        (Ok(_), Ok(())) => mapped
            .iter()
            .zip(stock)
            .map(|(ours, stock)| match (ours, stock) {
                (_, Verdict::Lost) | (None, _) => None,
                (Some(ours), stock) => Some(compare_one(ours, stock)),
            })
            .collect(),
    }
}

fn compare_one(ours: &Result<MappedUser, Rejection>, stock: &Verdict) -> Found {
    match (ours, stock) {
        (Ok(mapped), Verdict::Accept { user, .. }) => {
            if mapped.user.encode_utf16().eq(user.iter().copied()) {
                Found::Equal
            } else {
                Found::Unlisted("another user".to_owned())
            }
        }
        (Err(reject), Verdict::Reject { message, .. }) if reject.message() == message => Found::Equal,
        (Err(reject), Verdict::Accept { user, .. }) => match reject.code().name() {
            "MAPPING_LIMIT" => Found::Listed("mapping-steps".to_owned()),
            "MAPPED_USER_UNUSABLE" if String::from_utf16(user).is_err() => {
                Found::Listed("mapping-half-pair".to_owned())
            }
            code => Found::Unlisted(format!("rejected here as {code}, accepted by stock")),
        },
        (Err(reject), Verdict::Reject { .. }) if reject.code().name() == "MAPPING_LIMIT" => {
            Found::Listed("mapping-steps".to_owned())
        }
        (Err(_), Verdict::Fail(_)) => Found::Listed("never-500".to_owned()),
        (Ok(_), Verdict::Fail(what)) => Found::Unlisted(format!("ACCEPTED HERE, stock: {}", kind_of(what))),
        (ours, stock) => Found::Unlisted(format!("ours {ours:?}, stock {stock:?}")),
    }
}

/// A message without its details.
fn kind_of(message: &str) -> String {
    message.split(['\'', '"', '\n']).next().unwrap_or_default().chars().take(90).collect()
}

/// The slug for rules that nativejwt does not load, although Trino starts with them.
fn rejected_at_start(case: &Case, message: &str, stock: &[Verdict]) -> Option<&'static str> {
    let patterns: Vec<String> = match &case.rules {
        Rules::Pattern(pattern) => vec![pattern.clone()],
        Rules::File(_, text) => texts_of(text, "pattern"),
    };
    for pattern in &patterns {
        let rejected = JavaPattern::new(pattern).err().filter(|error| error.kind() == PatternErrorKind::Unsupported);
        if rejected.is_some_and(|error| message.contains(error.construct()) && holds(pattern, error.construct())) {
            return Some("mapping-constructs");
        }
    }
    if ["Java fails on it at every match", "has no capturing group"].iter().any(|sentence| message.contains(sentence)) {
        // With one rule, the proof is that Trino accepts no principal. With several, the template must be able to fail.
        let one_rule = patterns.len() == 1;
        let none_accepted = stock.iter().all(|verdict| !verdict.accepts());
        let templates = match &case.rules {
            Rules::Pattern(_) => vec!["$1".to_owned()],
            Rules::File(_, text) => texts_of(text, "user").into_iter().chain(["$1".to_owned()]).collect(),
        };
        let fails = || templates.iter().any(|template| patterns.iter().any(|pattern| can_fail(template, pattern)));
        if none_accepted && one_rule || !one_rule && fails() {
            return Some("mapping-refused-at-start");
        }
    }
    // Only if the error is not about the pattern, which other checks cover.
    match &case.rules {
        Rules::File(_, text) if !message.contains("is not valid in java.util.regex") => {
            crate::rule_file_oddities::slug(text)
        }
        _ => None,
    }
}

/// Whether Java may fail on a template with this pattern's groups, by a simple check of both.
fn can_fail(template: &str, pattern: &str) -> bool {
    let groups = groups_of(pattern);
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        let following = chars.peek().copied();
        match (c, following) {
            ('\\' | '$', None) => return true,
            ('\\', Some(_)) => drop(chars.next()),
            ('$', Some(first)) => match first.to_digit(10) {
                Some(digit) if (digit as usize) <= groups => {}
                _ => return true,
            },
            _ => {}
        }
    }
    false
}

/// The values of a member in a rule file, as far as they can be found without our parsers.
fn texts_of(text: &[u8], name: &str) -> Vec<String> {
    crate::lenient_json::texts_of(text, name)
}

/// The number of groups of a pattern, by its parentheses.
fn groups_of(pattern: &str) -> usize {
    let mut groups = 0;
    let mut class = 0_u32;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' if after.starts_with('Q') => after.split_once("\\E").map_or("", |(_, after)| after),
            '\\' => after.chars().next().map_or("", |escaped| &after[escaped.len_utf8()..]),
            _ => after,
        };
        match c {
            '[' => class += 1,
            ']' => class = class.saturating_sub(1),
            '(' if class == 0 => {
                let named =
                    after.strip_prefix("?<").is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
                groups += usize::from(named || !after.starts_with('?'));
            }
            _ => {}
        }
    }
    groups
}

/// Whether a pattern contains the construct that the error names. The constructs are those that java-regex rejects on
/// purpose although Java accepts them; DIFFERENCES.md lists them.
fn holds(pattern: &str, construct: &str) -> bool {
    let flags = |flag: char| {
        pattern.match_indices("(?").any(|(at, _)| {
            pattern[at + 2..].chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').any(|c| c == flag)
        })
    };
    match construct {
        "the flag (?c), canonical equivalence" => flags('c'),
        "the boundary \\b{g}" => pattern.contains("\\b{g}"),
        "the grapheme cluster \\X" => pattern.contains("\\X"),
        "the named character \\N{…}" => pattern.contains("\\N"),
        "\"&&\" before \"&\" or \"]\"" => pattern.contains("&&"),
        "white space or a comment inside a token under (?x)" => flags('x'),
        "a \\Q…\\E quotation inside a token" => pattern.contains("\\Q"),
        "a look-behind without a maximum length" => has_unbounded_look_behind(pattern),
        _ if construct.starts_with("a count above") => has_large_count(pattern),
        _ if construct.starts_with("a pattern of more than") => pattern.len() > 8192,
        _ if construct.starts_with("nesting of more than") => pattern.matches(['(', '[']).count() > 200,
        _ => false,
    }
}

/// A look-behind, and after it a repeat without a maximum.
fn has_unbounded_look_behind(pattern: &str) -> bool {
    ["(?<=", "(?<!"]
        .iter()
        .any(|open| pattern.split_once(open).is_some_and(|(_, rest)| rest.contains(['*', '+']) || rest.contains(",}")))
}

fn has_large_count(pattern: &str) -> bool {
    pattern.split('{').skip(1).any(|rest| {
        rest.split(['}', ',']).take(2).any(|count| count.trim().parse::<u64>().is_ok_and(|count| count > 1000))
    })
}

fn shrink(oracle: &mut Oracle, case: &Case, what: &str, folder: &Path) -> String {
    let mut attempts = 0;
    let mut fails = |case: &Case| {
        attempts += 1;
        if attempts > 300 {
            return false;
        }
        let (ours, mapped) = ours(case);
        let Some(mut answer) = oracle.ask(request(case)) else { return false };
        let started = answer.opened();
        let stock: Vec<Verdict> =
            if started.is_ok() { case.principals.iter().map(|_| answer.mapped()).collect() } else { Vec::new() };
        compare(case, &ours, &mapped, &started, &stock).contains(&Some(Found::Unlisted(what.to_owned())))
    };
    let principals = shrink_list(case.principals.clone(), |principals| {
        fails(&Case { rules: case.rules.clone(), principals: principals.to_vec() })
    });
    let with = |rules: &Rules| Case { rules: rules.clone(), principals: principals.clone() };
    let rules = match &case.rules {
        Rules::Pattern(pattern) => {
            Rules::Pattern(shrink_text(pattern, |pattern| fails(&with(&Rules::Pattern(pattern.to_owned())))))
        }
        Rules::File(_, text) => {
            let path = folder.join("shrinking.json");
            let smaller = shrink_list(text.clone(), |text| {
                std::fs::write(&path, text).expect("the folder can be written to");
                fails(&with(&Rules::File(path.clone(), text.to_vec())))
            });
            Rules::File(path, smaller)
        }
    };
    if let Rules::File(path, text) = &rules {
        std::fs::write(path, text).expect("the folder can be written to");
    }
    let small = with(&rules);
    let (ours, mapped) = ours(&small);
    let stock = oracle.ask(request(&small)).map(|mut answer| {
        let started = answer.opened();
        let verdicts: Vec<Verdict> =
            if started.is_ok() { principals.iter().map(|_| answer.mapped()).collect() } else { Vec::new() };
        (started, verdicts)
    });
    let rules = match &rules {
        Rules::Pattern(pattern) => format!("pattern = {}", toml_text(pattern)),
        Rules::File(_, text) => format!("file = {}", toml_text(&String::from_utf8_lossy(text))),
    };
    let principals: Vec<String> = principals.iter().map(|principal| toml_text(principal)).collect();
    format!(
        "{rules}\nprincipals = [{}]\n# ours: {:?} {:?}\n# stock: {stock:?}\n",
        principals.join(", "),
        ours.err(),
        mapped.into_iter().flatten().map(|mapped| mapped.map(|mapped| mapped.user)).collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_and_templates_that_fail_are_seen() {
        for (pattern, groups) in [
            (r"(a)(?:b)(?<n>c)(?<=d)(?<!e)(?=f)", 2),
            (r"\Q(\E(\()", 1),
            (r"[(](a)", 1),
            (r"\w(?)\Q(", 0),
            ("(]())", 2),
        ] {
            assert_eq!(groups_of(pattern), groups, "{pattern}");
        }
        assert!(can_fail("$1", r"\Qa(") && can_fail("x$", "(a)") && can_fail("\\", "a") && can_fail("${n}", "a"));
        assert!(!can_fail("$1\\$$0", "(a)") && !can_fail("x", "a"));
    }
}

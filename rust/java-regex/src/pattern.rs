// SPDX-License-Identifier: Apache-2.0
//! The public pattern type, and the choice between the two engines.

use crate::ast::{Assertion, Node};
use crate::backtrack::{Budget, Matcher, Program, Spans};
use crate::error::{MatchError, PatternError, ReplacementError};
use crate::linear::{self, Inputs, Needs};
use crate::parse::{self, Parsed};
use crate::replacement::{Part, Replacement};
use memchr::memmem;
use regex::Regex;
use std::fmt;
use std::sync::OnceLock;

/// The maximum count in a `{…}` if only the backtracker can run the pattern.
const MAX_COUNT: u32 = 1_000;
/// With a count above this, the linear program is compiled at once, because it may be too large.
const LARGE_COUNT: u32 = 50;

/// The engine that runs a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The `regex` crate: time linear in the input.
    ///
    /// The backtracker still handles inputs with characters beyond the BMP, inputs with line ends if the pattern has `$`,
    /// `\Z` or `(?m)` anchors, inputs beyond ASCII if it has `\b`, replacements with a group that is in a repeat, and
    /// patterns whose program in the `regex` crate would be too large.
    Linear,
    /// The backtracker, bounded by [`STEP_LIMIT`](crate::STEP_LIMIT).
    Backtracking,
}

/// A pattern of `java.util.regex`, compiled without flags.
///
/// It can be shared by any number of threads.
pub struct Pattern {
    source: String,
    parsed: Parsed,
    /// The texts with which every matching input starts and ends, and a text that it contains besides.
    prefix: String,
    suffix: String,
    inside: String,
    linear: Option<Linear>,
    program: OnceLock<Program>,
}

struct Linear {
    needs: Needs,
    // Programs are compiled when the first input needs them. They are `None` if they would be too large: then the
    // backtracker is used.
    whole_ascii: OnceLock<Option<Regex>>,
    whole: OnceLock<Option<Regex>>,
    find: OnceLock<Option<Regex>>,
    repeated_groups: Vec<bool>,
}

impl Pattern {
    /// Compiles a pattern, as `Pattern.compile(pattern)` does.
    ///
    /// # Errors
    /// Java rejects the pattern, or the pattern has a construct that this crate rejects on purpose. [`PatternError::kind`]
    /// says which.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let parsed = parse::parse(pattern)?;
        let mut prefix = String::new();
        let mut suffix = String::new();
        required_edge(&parsed.root, false, &mut prefix);
        required_edge(&parsed.root, true, &mut suffix);
        let suffix: String = suffix.chars().rev().collect();
        let inside = required_text(&parsed.root);
        let is_at_an_edge = prefix.contains(&inside) || suffix.contains(&inside);
        let inside = if is_at_an_edge { String::new() } else { inside };
        let linear = linear::needs(&parsed.root).and_then(|needs| {
            let whole_ascii = OnceLock::new();
            // With a literal text, nearly every input is excluded without a program. Without one, or if counts could make
            // it too large, the program is compiled now.
            let large = parsed.largest_count.is_some_and(|(count, _)| count > LARGE_COUNT);
            if large || prefix.is_empty() && suffix.is_empty() && inside.is_empty() {
                whole_ascii.get_or_init(|| linear::whole_program(&parsed.root, Inputs::Ascii)).as_ref()?;
            }
            let repeated_groups = linear::repeated_groups(&parsed.root, parsed.groups);
            Some(Linear { needs, whole_ascii, whole: OnceLock::new(), find: OnceLock::new(), repeated_groups })
        });
        let too_large = parsed.largest_count.filter(|&(count, _)| count > MAX_COUNT && linear.is_none());
        if let Some((_, position)) = too_large {
            let construct = format!("a count above {MAX_COUNT} in a pattern that needs backtracking");
            return Err(PatternError::unsupported(construct, position));
        }
        Ok(Self { source: pattern.to_owned(), parsed, prefix, suffix, inside, linear, program: OnceLock::new() })
    }

    /// The source of the pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The number of capturing groups, without the whole match: `Matcher.groupCount()`.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.parsed.groups as usize
    }

    /// The number of a named group.
    #[must_use]
    pub fn group_number(&self, name: &str) -> Option<usize> {
        self.parsed.names.iter().find(|(other, _)| other == name).map(|&(_, number)| number as usize)
    }

    /// The engine for ordinary inputs.
    #[must_use]
    pub fn engine(&self) -> Engine {
        if self.linear.is_some() { Engine::Linear } else { Engine::Backtracking }
    }

    /// The same pattern, run by the backtracker only. Tests compare the engines with it.
    #[must_use]
    pub fn backtracking_only(mut self) -> Self {
        self.linear = None;
        self
    }

    /// Whether the whole input matches: `Matcher.matches()`.
    ///
    /// # Errors
    /// [`MatchError::StepLimit`] if the backtracker takes too long.
    pub fn matches(&self, input: &str) -> Result<bool, MatchError> {
        self.matches_within(input, &mut Budget::default())
    }

    /// Like [`Pattern::matches`], with a budget that other calls share.
    ///
    /// # Errors
    /// [`MatchError::StepLimit`] if the budget is exhausted.
    pub fn matches_within(&self, input: &str, budget: &mut Budget) -> Result<bool, MatchError> {
        if !has_edge(input, &self.suffix, <[u8]>::ends_with) || !has_edge(input, &self.prefix, <[u8]>::starts_with) {
            return Ok(false);
        }
        self.matches_between_the_edges(input, budget)
    }

    /// A separate function, so that the check of the edges stays short: most rules of a large file end there.
    #[inline(never)]
    fn matches_between_the_edges(&self, input: &str, budget: &mut Budget) -> Result<bool, MatchError> {
        if !self.inside.is_empty() && memmem::find(input.as_bytes(), self.inside.as_bytes()).is_none() {
            return Ok(false);
        }
        if let Some(linear) = self.linear.as_ref().filter(|linear| linear.needs.met_by(input)) {
            let (cell, inputs) =
                if input.is_ascii() { (&linear.whole_ascii, Inputs::Ascii) } else { (&linear.whole, Inputs::Bmp) };
            if let Some(whole) = cell.get_or_init(|| linear::whole_program(&self.parsed.root, inputs)) {
                return Ok(whole.is_match(input));
            }
        }
        self.match_spans_within(input, budget).map(|spans| spans.is_some())
    }

    /// Replaces every match: `Matcher.replaceAll()`.
    ///
    /// As in Java, the empty match right after another match counts: `(.*)` with `$1@corp` turns `alice` into
    /// `alice@corp@corp`.
    ///
    /// # Errors
    /// [`MatchError::StepLimit`] if the backtracker takes too long over all matches together,
    /// [`MatchError::UnpairedSurrogate`] if the result would contain half of a surrogate pair.
    pub fn replace_all(&self, input: &str, replacement: &Replacement) -> Result<String, MatchError> {
        self.replace_all_within(input, replacement, &mut Budget::default())
    }

    /// Like [`Pattern::replace_all`], with a budget that other calls share.
    ///
    /// # Errors
    /// Those of [`Pattern::replace_all`], and [`MatchError::StepLimit`] if the budget is exhausted.
    pub fn replace_all_within(
        &self,
        input: &str,
        replacement: &Replacement,
        budget: &mut Budget,
    ) -> Result<String, MatchError> {
        if let Some(regex) = self.find_program(input, || replacement.groups()) {
            return Ok(replace_linear(regex, input, replacement));
        }
        let units: Vec<u16> = input.encode_utf16().collect();
        let mut result: Vec<u16> = Vec::with_capacity(units.len());
        let mut copied = 0;
        self.each_find(&units, budget, |spans| {
            if let Some(Some((start, end))) = spans.first() {
                result.extend(units.get(copied..*start).unwrap_or_default());
                copied = *end;
            }
            for part in &replacement.parts {
                match part {
                    Part::Text(text) => result.extend(text.encode_utf16()),
                    Part::Group(group) => {
                        if let Some(Some((start, end))) = spans.get(*group) {
                            result.extend(units.get(*start..*end).unwrap_or_default());
                        }
                    }
                }
            }
        })?;
        result.extend(units.get(copied..).unwrap_or_default());
        String::from_utf16(&result).map_err(|_| MatchError::UnpairedSurrogate)
    }

    /// The spans of all groups if the whole input matches, the whole match first: `Matcher.start(n)` and
    /// `Matcher.end(n)` after `matches()`, in UTF-16 units.
    ///
    /// # Errors
    /// [`MatchError::StepLimit`] if the backtracker takes too long.
    pub fn match_spans(&self, input: &str) -> Result<Option<Spans>, MatchError> {
        self.match_spans_within(input, &mut Budget::default())
    }

    fn match_spans_within(&self, input: &str, budget: &mut Budget) -> Result<Option<Spans>, MatchError> {
        let units: Vec<u16> = input.encode_utf16().collect();
        let mut matcher = Matcher::new(self.program(), &units, budget.taken);
        let matches = matcher.matches();
        budget.taken = matcher.steps();
        Ok(matches?.then(|| matcher.spans()))
    }

    /// The spans of all groups for each match, like a loop over `Matcher.find()`, in UTF-16 units.
    ///
    /// # Errors
    /// [`MatchError::StepLimit`] if the backtracker takes too long over all matches together.
    pub fn find_spans(&self, input: &str) -> Result<Vec<Spans>, MatchError> {
        let mut all = Vec::new();
        if let Some(regex) = self.find_program(input, || 0..=self.group_count()) {
            let utf16 = |bytes: usize| input.get(..bytes).map_or(0, |before| before.encode_utf16().count());
            each_linear(regex, input, |captures| {
                let spans = captures.iter().map(|group| group.map(|group| (utf16(group.start()), utf16(group.end()))));
                all.push(spans.collect());
            });
            return Ok(all);
        }
        let units: Vec<u16> = input.encode_utf16().collect();
        self.each_find(&units, &mut Budget::default(), |spans| all.push(spans))?;
        Ok(all)
    }

    pub(crate) fn root(&self) -> &Node {
        &self.parsed.root
    }

    fn program(&self) -> &Program {
        self.program.get_or_init(|| Program::new(&self.parsed.root, self.parsed.groups, self.parsed.supplementary))
    }

    /// The linear engine's program for searches, if that engine handles this input and these groups.
    fn find_program<I: IntoIterator<Item = usize>>(&self, input: &str, groups: impl Fn() -> I) -> Option<&Regex> {
        let linear = self.linear.as_ref().filter(|linear| linear.needs.met_by(input))?;
        if groups().into_iter().any(|group| linear.repeated_groups.get(group).copied().unwrap_or(false)) {
            return None;
        }
        linear.find.get_or_init(|| linear::find_program(&self.parsed.root)).as_ref()
    }

    /// Calls `found` for each match, like a loop over `Matcher.find()`.
    fn each_find(&self, units: &[u16], budget: &mut Budget, mut found: impl FnMut(Spans)) -> Result<(), MatchError> {
        let mut matcher = Matcher::new(self.program(), units, budget.taken);
        let mut from = 0;
        let mut last_end = 0;
        while from <= units.len() {
            let finds = matcher.find(from, last_end);
            budget.taken = matcher.steps();
            if !finds? {
                break;
            }
            let spans = matcher.spans();
            let Some(&Some((start, end))) = spans.first() else { break };
            found(spans);
            last_end = end;
            from = if end == start { end + 1 } else { end };
        }
        Ok(())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("source", &self.source).field("engine", &self.engine()).finish_non_exhaustive()
    }
}

fn each_linear<'i>(regex: &Regex, input: &'i str, mut found: impl FnMut(regex::Captures<'i>)) {
    let mut from = 0;
    while let Some(captures) = input.get(from..).and_then(|_| regex.captures_at(input, from)) {
        let Some((start, end)) = captures.get(0).map(|whole| (whole.start(), whole.end())) else { break };
        found(captures);
        from = after(input, start, end);
    }
}

/// Where the search continues after a match: after an empty match, Java moves on by one character.
fn after(input: &str, start: usize, end: usize) -> usize {
    if end > start {
        return end;
    }
    end + input.get(end..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

fn replace_linear(regex: &Regex, input: &str, replacement: &Replacement) -> String {
    let mut result = String::with_capacity(input.len());
    let mut copied = 0;
    each_linear(regex, input, |captures| {
        if let Some(whole) = captures.get(0) {
            result.push_str(input.get(copied..whole.start()).unwrap_or_default());
            copied = whole.end();
        }
        for part in &replacement.parts {
            match part {
                Part::Text(text) => result.push_str(text),
                Part::Group(group) => result.push_str(captures.get(*group).map_or("", |group| group.as_str())),
            }
        }
    });
    result.push_str(input.get(copied..).unwrap_or_default());
    result
}

/// Whether the input has a literal edge. An empty edge is handled first: its dangling pointer is on an unmapped page, and a
/// vector load from there takes 200 ns on some processors, instead of 5 ns.
fn has_edge(input: &str, edge: &str, compare: fn(&[u8], &[u8]) -> bool) -> bool {
    edge.is_empty() || compare(input.as_bytes(), edge.as_bytes())
}

/// Collects the literal characters at one edge of every match; false if something else follows. The back edge is collected
/// in reverse order.
fn required_edge(node: &Node, back: bool, edge: &mut String) -> bool {
    match node {
        Node::Empty => true,
        Node::Assert(Assertion::Start) if !back => true,
        Node::Assert(Assertion::End | Assertion::EndOrLastLineEnd { .. }) if back => true,
        Node::Char(c) => char::from_u32(*c).inspect(|c| edge.push(*c)).is_some(),
        Node::Group(_, body) => required_edge(body, back, edge),
        Node::Concat(nodes) if back => nodes.iter().rev().all(|node| required_edge(node, back, edge)),
        Node::Concat(nodes) => nodes.iter().all(|node| required_edge(node, back, edge)),
        _ => false,
    }
}

/// The longest literal text that every match contains.
fn required_text(root: &Node) -> String {
    let (mut run, mut longest) = (String::new(), String::new());
    collect_runs(root, &mut run, &mut longest);
    end_run(&mut run, &mut longest);
    longest
}

/// Collects the runs of literal characters in every match of the node.
fn collect_runs(node: &Node, run: &mut String, longest: &mut String) {
    match node {
        // They do not consume input.
        Node::Empty | Node::Assert(_) | Node::Look(_) => {}
        Node::Char(c) if char::from_u32(*c).is_some() => run.extend(char::from_u32(*c)),
        Node::Group(_, body) | Node::Atomic(body) => collect_runs(body, run, longest),
        Node::Concat(nodes) => nodes.iter().for_each(|node| collect_runs(node, run, longest)),
        _ => end_run(run, longest),
    }
}

fn end_run(run: &mut String, longest: &mut String) {
    if run.len() > longest.len() {
        std::mem::swap(run, longest);
    }
    run.clear();
}

impl Replacement {
    /// Parses a template.
    ///
    /// As in Java, the longest number that is an existing group counts: with one group, `$10` is group 1 and a `0`.
    ///
    /// # Errors
    /// A template with which Java fails at the first match: with a trailing `\` or `$`, a `$` before anything but a digit or a
    /// brace, a malformed or unknown name, or a group number that does not exist.
    pub fn new(pattern: &Pattern, template: &str) -> Result<Self, ReplacementError> {
        Self::parse(template, pattern.group_count(), |name| pattern.group_number(name))
    }
}

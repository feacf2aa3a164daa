// SPDX-License-Identifier: Apache-2.0
//! The linear engine: translates the AST into a pattern of the `regex` crate if both are proved to return the same results.
//!
//! Conditions on the pattern: no look-around, back-reference, atomic or possessive part, no `\G`; no body of a repeat can
//! be empty. Conditions on the input: no character beyond the BMP, and what the anchors of the pattern need. Groups in a
//! repeat do not change the verdict, but only the backtracker finds their spans.

use crate::ast::{Assertion, Greed, Node, Repeat, UNBOUNDED};
use crate::code_set::CodeSet;
use regex::{Regex, RegexBuilder};
use std::fmt::Write;

/// The maximum size of a compiled program in bytes. For larger ones, the backtracker is used.
const SIZE_LIMIT: usize = 1 << 20;

/// The conditions on an input under which the linear engine returns Java's results.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// The input does not end with a line end, so that `$` and `\Z` match at the end only.
    no_last_line_end: bool,
    /// The input is one line that is not empty, so that `(?m)` anchors match at the start and the end only.
    one_line: bool,
    /// The input is ASCII, because `\b` is the same in both only there.
    ascii: bool,
}

impl Needs {
    /// Whether the input meets the conditions.
    pub(crate) fn met_by(self, input: &str) -> bool {
        if input.is_ascii() {
            let last = input.as_bytes().last();
            return !(self.no_last_line_end && matches!(last, Some(b'\n' | b'\r')))
                && !(self.one_line && (last.is_none() || input.bytes().any(|b| matches!(b, b'\n' | b'\r'))));
        }
        let is_line_end = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        // Characters beyond the BMP have four bytes in UTF-8.
        let unmet = self.ascii
            || input.bytes().any(|b| b >= 0xF0)
            || self.no_last_line_end && input.ends_with(is_line_end)
            || self.one_line && input.contains(is_line_end);
        !unmet
    }
}

/// The conditions on inputs, or `None` if the pattern is not for this engine.
pub(crate) fn needs(root: &Node) -> Option<Needs> {
    let mut needs = Needs::default();
    eligible(root, false, &mut needs).then_some(needs)
}

fn eligible(node: &Node, repeated: bool, needs: &mut Needs) -> bool {
    match node {
        Node::Look(_) | Node::Atomic(_) | Node::BackReference(..) => return false,
        Node::Assert(Assertion::LastMatchEnd) => return false,
        // A round of a loop over `\R` is atomic.
        Node::LineBreak if repeated => return false,
        Node::Char(c) if char::from_u32(*c).is_none() => return false,
        Node::Assert(Assertion::EndOrLastLineEnd { .. }) => needs.no_last_line_end = true,
        Node::Assert(Assertion::LineStart { .. } | Assertion::LineEnd { .. }) => needs.one_line = true,
        Node::Assert(Assertion::WordBoundary { .. }) => needs.ascii = true,
        Node::Repeat(repeat) if repeat.greed == Greed::Possessive || repeat.body.nullable() => return false,
        _ => {}
    }
    let repeated = repeated || matches!(node, Node::Repeat(_));
    node.children().iter().all(|child| eligible(child, repeated, needs))
}

/// For each group by number, whether it is in a repeat; 0 is the whole match.
pub(crate) fn repeated_groups(root: &Node, groups: u32) -> Vec<bool> {
    let mut repeated = vec![false; groups as usize + 1];
    mark_repeated(root, false, &mut repeated);
    repeated
}

fn mark_repeated(node: &Node, inside: bool, repeated: &mut [bool]) {
    if let Node::Group(Some(number), _) = node {
        repeated.iter_mut().skip(*number as usize).take(1).for_each(|flag| *flag = inside);
    }
    let inside = inside || matches!(node, Node::Repeat(_));
    node.children().iter().for_each(|child| mark_repeated(child, inside, repeated));
}

/// A program that tests only whether the whole input matches.
pub(crate) fn whole_program(root: &Node, inputs: Inputs) -> Option<Regex> {
    let mut writer = Writer { text: String::from("^(?:"), captures: false, last: inputs.last() };
    writer.node(root);
    writer.text.push_str(")$");
    build(&writer.text)
}

/// A program that finds matches with their groups.
pub(crate) fn find_program(root: &Node) -> Option<Regex> {
    let mut writer = Writer { text: String::new(), captures: true, last: Inputs::Bmp.last() };
    writer.node(root);
    build(&writer.text)
}

/// The inputs of a program. A program for ASCII has a fraction of the size, and is faster.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inputs {
    Ascii,
    Bmp,
}

impl Inputs {
    fn last(self) -> u32 {
        match self {
            Self::Ascii => 0x7F,
            Self::Bmp => 0xFFFF,
        }
    }
}

fn build(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).size_limit(SIZE_LIMIT).build().ok()
}

/// Writes nodes in the syntax of `regex`, with constructs that have the same meaning there only.
struct Writer {
    text: String,
    captures: bool,
    /// The largest code point in an input.
    last: u32,
}

impl Writer {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Char(c) => self.char(*c),
            Node::Set(set) => self.set(set),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Alternate(nodes) => {
                self.text.push_str("(?:");
                for (i, node) in nodes.iter().enumerate() {
                    if i > 0 {
                        self.text.push('|');
                    }
                    self.node(node);
                }
                self.text.push(')');
            }
            Node::Group(number, body) => {
                self.text.push_str(if self.captures && number.is_some() { "(" } else { "(?:" });
                self.node(body);
                self.text.push(')');
            }
            Node::Repeat(repeat) => self.repeat(repeat),
            Node::Assert(assertion) => self.text.push_str(match assertion {
                Assertion::Start | Assertion::LineStart { .. } => "^",
                Assertion::End | Assertion::EndOrLastLineEnd { .. } | Assertion::LineEnd { .. } => "$",
                Assertion::WordBoundary { negative: false, .. } => r"(?-u:\b)",
                Assertion::WordBoundary { negative: true, .. } => r"(?-u:\B)",
                Assertion::LastMatchEnd => "",
            }),
            Node::LineBreak => self.text.push_str(r"(?:\r\n|[\n-\r\x{85}\x{2028}\x{2029}])"),
            // The others are empty, or `needs` has excluded them.
            Node::Empty | Node::Look(_) | Node::Atomic(_) | Node::BackReference(..) => {}
        }
    }

    fn char(&mut self, c: u32) {
        match u8::try_from(c) {
            Ok(ascii) if ascii.is_ascii_alphanumeric() => self.text.push(char::from(ascii)),
            // Writing to a String cannot fail.
            _ => drop(write!(self.text, r"\x{{{c:x}}}")),
        }
    }

    fn set(&mut self, set: &CodeSet) {
        self.text.push('[');
        let start = self.text.len();
        for &(first, last) in set.ranges() {
            // Inputs for this engine have no surrogates.
            for (first, last) in [(first, last.min(0xD7FF)), (first.max(0xE000), last)] {
                let last = last.min(self.last);
                if first <= last {
                    self.char(first);
                    self.text.push('-');
                    self.char(last);
                }
            }
        }
        if self.text.len() == start {
            self.text.push_str("a&&b");
        }
        self.text.push(']');
    }

    fn repeat(&mut self, repeat: &Repeat) {
        let Repeat { body, min, max, greed, .. } = repeat;
        self.text.push_str("(?:");
        self.node(body);
        self.text.push(')');
        match (*min, *max) {
            (0, UNBOUNDED) => self.text.push('*'),
            (1, UNBOUNDED) => self.text.push('+'),
            (0, 1) => self.text.push('?'),
            (min, UNBOUNDED) => drop(write!(self.text, "{{{min},}}")),
            (min, max) => drop(write!(self.text, "{{{min},{max}}}")),
        }
        if *greed == Greed::Lazy {
            self.text.push('?');
        }
    }
}

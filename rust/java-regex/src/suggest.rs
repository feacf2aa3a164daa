// SPDX-License-Identifier: Apache-2.0
//! Example texts that a pattern may match.

use crate::ast::{Node, UNBOUNDED};
use crate::code_set::CodeSet;
use crate::pattern::Pattern;

/// A repeat of single characters with at least this many possible lengths is filled with a word.
const FREE_LENGTHS: u32 = 4;
/// The maximum length of an example in bytes, because nested counts multiply.
const MAX_BYTES: usize = 1_000;

impl Pattern {
    /// A text that the pattern may match, and the number of its free parts.
    ///
    /// A free part is a repeat of single characters that can have many lengths, such as `.*` or `[a-z]{2,20}`. `fill` returns
    /// the word for a free part by its number, from 0. Characters that do not match there are replaced. `variant` selects
    /// alternatives, and whether optional parts are present. Assertions are ignored, so the caller must check that the text
    /// matches.
    #[must_use]
    pub fn suggest<'w>(&self, variant: usize, fill: impl Fn(usize) -> &'w str) -> (String, usize) {
        let mut maker = Maker { fill: &fill, variant, text: String::new(), free_parts: 0, groups: Vec::new() };
        maker.add(self.root());
        (maker.text, maker.free_parts)
    }
}

struct Maker<'f, 'w> {
    fill: &'f dyn Fn(usize) -> &'w str,
    variant: usize,
    text: String,
    free_parts: usize,
    /// Numbers and texts of the groups so far.
    groups: Vec<(u32, String)>,
}

impl Maker<'_, '_> {
    fn add(&mut self, node: &Node) {
        if self.text.len() > MAX_BYTES {
            return;
        }
        match node {
            Node::Empty | Node::Assert(_) | Node::Look(_) => {}
            Node::Char(_) | Node::Set(_) => self.text.extend(character(node, 'a')),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.add(node)),
            Node::Alternate(nodes) => {
                if let Some(node) = nodes.get(self.variant % nodes.len().max(1)) {
                    self.add(node);
                }
            }
            Node::Group(number, body) => {
                let start = self.text.len();
                self.add(body);
                if let (Some(number), Some(text)) = (number, self.text.get(start..)) {
                    self.groups.push((*number, text.to_owned()));
                }
            }
            Node::Atomic(body) => self.add(body),
            Node::Repeat(repeat) => {
                let (least, most) = (repeat.min, repeat.max);
                let is_free = most == UNBOUNDED || most - least.min(most) >= FREE_LENGTHS;
                match single(&repeat.body).filter(|_| is_free) {
                    Some(body) => self.add_word(body, least, most),
                    None => {
                        let is_left_out = least == 0 && (most == 0 || self.variant % 2 == 1);
                        let rounds = if is_left_out { 0 } else { least.max(1) };
                        for _ in 0..rounds {
                            self.add(&repeat.body);
                        }
                    }
                }
            }
            Node::BackReference(number, _) => {
                let text = self.groups.iter().rev().find(|(group, _)| group == number).map(|(_, text)| text.clone());
                self.text.push_str(&text.unwrap_or_default());
            }
            Node::LineBreak => self.text.push('\n'),
        }
    }

    fn add_word(&mut self, body: &Node, least: u32, most: u32) {
        let word = (self.fill)(self.free_parts);
        self.free_parts += 1;
        let length = word.chars().count().clamp(least as usize, most as usize).min(MAX_BYTES);
        let word: Vec<char> = word.chars().cycle().take(length).filter_map(|c| character(body, c)).collect();
        self.text.extend(word);
    }
}

/// The node without the groups around it, if it matches one character.
fn single(node: &Node) -> Option<&Node> {
    match node {
        Node::Group(_, body) | Node::Atomic(body) => single(body),
        node => node.is_single().then_some(node),
    }
}

/// The wanted character if the node matches it, else a similar one, else any that it matches.
fn character(node: &Node, wanted: char) -> Option<char> {
    match node {
        Node::Char(c) => char::from_u32(*c),
        Node::Set(set) => {
            let digit = char::from_digit(u32::from(wanted) % 10, 10);
            let preferred = [Some(wanted), Some(wanted.to_ascii_uppercase()), digit, Some('a'), Some('A'), Some('-')];
            let fitting = preferred.into_iter().flatten().find(|&c| set.contains(c.into()));
            fitting.or_else(|| first(set))
        }
        _ => None,
    }
}

/// The first visible ASCII character of a set, or else its first character.
fn first(set: &CodeSet) -> Option<char> {
    let visible = ('!'..='~').find(|&c| set.contains(c.into()));
    visible.or_else(|| set.ranges().iter().find_map(|&(first, _)| char::from_u32(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_match_and_have_the_number_of_free_parts() {
        for (pattern, variant, expected, free_parts) in [
            ("(.*)@corp\\.example", 0, "w0@corp.example", 1),
            ("(?i)([a-z]+)\\\\([A-Z]{2,20})", 0, "wa\\wa", 2),
            ("(?<user>[^@]+)(@.*)?", 0, "w0@w1", 2),
            ("(?<user>[^@]+)(@.*)?", 1, "w0", 1),
            ("(.)*", 0, "w0", 1),
            ("(alice|bob)@x", 0, "alice@x", 0),
            ("(alice|bob)@x", 1, "bob@x", 0),
            ("[0-9]{4}-\\d+", 0, "7777-90", 1),
            ("(a+)-\\1", 0, "aa-aa", 1),
            ("CN=([^,]*),.*", 0, "CN=w0,w1", 2),
            ("(?:x[ab]){3}", 0, "xaxaxa", 0),
        ] {
            let words = ["w0", "w1", "w2"];
            let compiled = Pattern::new(pattern).unwrap();
            let (text, free) = compiled.suggest(variant, |part| words[part]);
            assert_eq!((text.as_str(), free), (expected, free_parts), "{pattern}");
            assert_eq!(compiled.matches(&text), Ok(true), "{pattern}: {text}");
        }
    }

    #[test]
    fn nested_counts_do_not_multiply_the_length() {
        let pattern = Pattern::new("((((a{100}){100}){100}){100})").unwrap();
        assert!(pattern.suggest(0, |_| "w").0.len() < 2 * MAX_BYTES);
    }
}

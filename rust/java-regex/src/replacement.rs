// SPDX-License-Identifier: Apache-2.0
//! Replacement templates, as `Matcher.replaceAll` reads them.

use crate::error::ReplacementError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// A group by number, 0 for the whole match. A group without a span is empty.
    Group(usize),
}

/// A replacement template, parsed for one pattern: text, `$n`, `${name}`, and `\` before a literal character.
///
/// It refers to the groups of the pattern for which it was parsed. With another pattern, groups that do not exist there are
/// empty.
#[derive(Clone, Debug)]
pub struct Replacement {
    pub(crate) parts: Vec<Part>,
}

impl Replacement {
    /// Parses a template for a pattern with `group_count` groups. `group_number` returns the number of a named group. See
    /// [`Replacement::new`].
    pub(crate) fn parse(
        template: &str,
        group_count: usize,
        group_number: impl Fn(&str) -> Option<usize>,
    ) -> Result<Self, ReplacementError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut chars = template.chars().enumerate().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, literal)) => text.push(literal),
                    None => return Err(ReplacementError::new("a trailing \"\\\"", at)),
                },
                '$' => {
                    let group = match chars.next() {
                        None => return Err(ReplacementError::new("a trailing \"$\"", at)),
                        Some((_, '{')) => {
                            let mut name = String::new();
                            let mut closed = false;
                            for (_, c) in chars.by_ref() {
                                closed = c == '}';
                                if !c.is_ascii_alphanumeric() {
                                    break;
                                }
                                name.push(c);
                            }
                            if !closed || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                                return Err(ReplacementError::new("a malformed group name", at));
                            }
                            let unknown = || ReplacementError::new(format!("the unknown group \"{name}\""), at);
                            group_number(&name).ok_or_else(unknown)?
                        }
                        Some((_, c)) => {
                            let Some(mut group) = c.to_digit(10).map(|digit| digit as usize) else {
                                return Err(ReplacementError::new(format!("\"${c}\""), at));
                            };
                            if group > group_count {
                                return Err(ReplacementError::new(format!("the unknown group {group}"), at));
                            }
                            while let Some(digit) = chars.peek().and_then(|(_, c)| c.to_digit(10)) {
                                let longer = group * 10 + digit as usize;
                                if longer > group_count {
                                    break;
                                }
                                group = longer;
                                chars.next();
                            }
                            group
                        }
                    };
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Group(group));
                }
                c => text.push(c),
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self { parts })
    }

    /// Whether the template has literal text.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Text(_)))
    }

    /// The groups the template uses, the whole match included.
    pub(crate) fn groups(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Group(group) => Some(*group),
            Part::Text(_) => None,
        })
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Reads JSON leniently, to find the oddities of a mutated token. It shares no code with the core, so that a mistake there
//! is found here.

/// The oddities of a JSON text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Oddities {
    /// There is text other than white space after the value.
    pub text_after: bool,
    /// The bytes are not UTF-8.
    pub not_utf8: bool,
    /// A string has an escape for half of a surrogate pair.
    pub lone_surrogate: bool,
    /// The number of nested levels of arrays and objects.
    pub depth: usize,
    /// A number is beyond the range of a double.
    pub number_beyond_double: bool,
    /// A name at the top level is empty, or begins or ends with white space or a control character.
    pub name_with_outer_space: bool,
    /// A name at the top level has white space that jjwt recognizes and others do not, or vice versa.
    pub names: Vec<String>,
    /// The members at the top level, with decoded names, and values as they are written.
    pub members: Vec<(String, String)>,
}

impl Oddities {
    /// Reads a text.
    #[must_use]
    pub fn from_json(bytes: &[u8]) -> Self {
        let mut oddities = Self { not_utf8: std::str::from_utf8(bytes).is_err(), ..Self::default() };
        let text: Vec<char> = String::from_utf8_lossy(bytes).chars().collect();
        let mut scanner = Scanner { text: &text, at: 0, oddities: &mut oddities };
        if scanner.value(0).is_some() {
            scanner.space();
            let rest = scanner.at < text.len();
            oddities.text_after = rest;
        }
        oddities.names = oddities.members.iter().map(|(name, _)| name.clone()).collect();
        oddities
    }

    /// The last value with a name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.members.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Deeper than any of the compared parsers accepts.
const MAX_DEPTH: usize = 1500;

struct Scanner<'t> {
    text: &'t [char],
    at: usize,
    oddities: &'t mut Oddities,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        self.space();
        match self.peek()? {
            '{' | '[' => {
                self.oddities.depth = self.oddities.depth.max(depth + 1);
                if depth >= MAX_DEPTH { None } else { self.nested(depth) }
            }
            '"' => self.string().map(drop),
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
                    self.at += 1;
                }
                let word: String = self.text[start..self.at].iter().collect();
                if word.parse::<f64>().is_ok_and(|number| number.is_infinite())
                    && word.contains(|c: char| c.is_ascii_digit())
                {
                    self.oddities.number_beyond_double = true;
                }
                (start < self.at).then_some(())
            }
        }
    }

    fn nested(&mut self, depth: usize) -> Option<()> {
        let object = self.peek()? == '{';
        self.at += 1;
        self.space();
        if matches!(self.peek()?, '}' | ']') {
            self.at += 1;
            return Some(());
        }
        loop {
            self.space();
            if object {
                let name = self.string()?;
                self.space();
                if self.peek()? != ':' {
                    return None;
                }
                self.at += 1;
                self.space();
                let start = self.at;
                let read = self.value(depth + 1);
                if depth == 0 {
                    let outer = |c: char| c.is_whitespace() || c.is_control();
                    let ends = [name.chars().next(), name.chars().next_back()];
                    self.oddities.name_with_outer_space |= ends.iter().any(|end| end.is_none_or(outer));
                    let value = self.text[start..self.at].iter().collect();
                    self.oddities.members.push((name, value));
                }
                read?;
            } else {
                self.value(depth + 1)?;
            }
            self.space();
            match self.peek()? {
                ',' => self.at += 1,
                '}' | ']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        if self.peek()? != '"' {
            return None;
        }
        self.at += 1;
        let mut units: Vec<u16> = Vec::new();
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                '"' => break,
                '\\' => {
                    let escaped = self.peek()?;
                    self.at += 1;
                    let unit = match escaped {
                        'u' => {
                            let digits: String = self.text.get(self.at..self.at + 4)?.iter().collect();
                            self.at += 4;
                            u16::from_str_radix(&digits, 16).ok()?
                        }
                        'n' => 10,
                        'r' => 13,
                        't' => 9,
                        'b' => 8,
                        'f' => 12,
                        other => u16::try_from(u32::from(other)).ok()?,
                    };
                    units.push(unit);
                }
                c => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
            }
        }
        match String::from_utf16(&units) {
            Ok(text) => Some(text),
            Err(_) => {
                self.oddities.lone_surrogate = true;
                Some(String::from_utf16_lossy(&units))
            }
        }
    }
}

/// The strings after a member name anywhere in a document, unescaped.
#[must_use]
pub fn texts_of(bytes: &[u8], name: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let quoted = format!("\"{name}\"");
    text.match_indices(&quoted)
        .filter_map(|(at, _)| {
            let rest: Vec<char> =
                text[at + quoted.len()..].trim_start().strip_prefix(':')?.trim_start().chars().collect();
            let mut oddities = Oddities::default();
            Scanner { text: &rest, at: 0, oddities: &mut oddities }.string()
        })
        .collect()
}

/// The unescaped string, if the value is one.
#[must_use]
pub fn text_of(value: &str) -> Option<String> {
    let value: Vec<char> = value.chars().collect();
    let mut oddities = Oddities::default();
    Scanner { text: &value, at: 0, oddities: &mut oddities }.string()
}

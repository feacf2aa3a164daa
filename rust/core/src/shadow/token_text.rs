// SPDX-License-Identifier: Apache-2.0
//! A token as a lenient reader sees it, to tell why two authenticators differ about it. No verdict depends on this module, and
//! it shares no code with the readers that verdicts depend on.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Decodes with or without padding, and drops stray bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The oddities of a token. Nothing of it is verified.
#[derive(Debug, Default)]
pub(crate) struct TokenText {
    pub(super) bytes: usize,
    /// A part is not the strict encoding of any bytes.
    pub(super) has_loose_base64: bool,
    pub(super) header: LooseJson,
    pub(super) payload: LooseJson,
}

/// The oddities of a JSON object, and its members.
#[derive(Debug, Default)]
pub(crate) struct LooseJson {
    pub(super) has_text_after: bool,
    /// Not UTF-8, or half of a surrogate pair.
    pub(super) has_invalid_text: bool,
    pub(super) depth: usize,
    /// Beyond the range of a double.
    pub(super) has_huge_number: bool,
    /// A name at the top level is empty, or begins or ends with white space or a control character.
    pub(super) has_padded_name: bool,
    /// The members at the top level: decoded name, and value as it is written.
    members: Vec<(String, String)>,
}

impl TokenText {
    pub(crate) fn read(token: &[u8]) -> Self {
        let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
        let json =
            |index: usize| parts.get(index).map_or_else(LooseJson::default, |part| LooseJson::read(&decode(part)));
        let has_loose_base64 = parts.iter().any(|part| is_loose(part));
        Self { bytes: token.len(), has_loose_base64, header: json(0), payload: json(1) }
    }

    /// True if one of header and payload is so.
    pub(super) fn any(&self, is_so: impl Fn(&LooseJson) -> bool) -> bool {
        is_so(&self.header) || is_so(&self.payload)
    }
}

/// Decodes as much as possible, without characters that are not in the alphabet.
fn decode(part: &[u8]) -> Vec<u8> {
    let mut letters: Vec<u8> = part
        .iter()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            byte => *byte,
        })
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .collect();
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    LENIENT.decode(letters).unwrap_or_default()
}

fn is_loose(part: &[u8]) -> bool {
    let is_foreign = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_');
    part.iter().any(is_foreign)
        || base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(decode(part)).as_bytes() != part
}

impl LooseJson {
    fn read(bytes: &[u8]) -> Self {
        let mut json = Self { has_invalid_text: std::str::from_utf8(bytes).is_err(), ..Self::default() };
        let text: Vec<char> = String::from_utf8_lossy(bytes).chars().collect();
        let mut scanner = Scanner { text: &text, at: 0, json: &mut json };
        if scanner.object().is_some() {
            scanner.skip_space();
            json.has_text_after = scanner.at < text.len();
        }
        json
    }

    /// The last value of this name, as it is written.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.members.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value as a text, if it is one.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value: Vec<char> = self.value(name)?.chars().collect();
        Scanner { text: &value, at: 0, json: &mut Self::default() }.string()
    }

    /// The value as a number, if it is one.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.value(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Values of members that satisfy a condition.
    pub(super) fn any_member(&self, is_so: impl Fn(&str, &str) -> bool) -> bool {
        self.members.iter().any(|(name, value)| is_so(name, value))
    }

    /// True if one of these members is an empty object or list.
    pub(super) fn has_empty(&self, names: &[&str]) -> bool {
        self.any_member(|name, value| {
            let is_empty = |value: &str| {
                let mut dense = value.chars().filter(|c| !c.is_whitespace());
                matches!(
                    (dense.next(), dense.next(), dense.next()),
                    (Some('{'), Some('}'), None) | (Some('['), Some(']'), None)
                )
            };
            names.contains(&name) && is_empty(value)
        })
    }
}

/// Reads without recursion: a token may be nested as deep as it is long.
struct Scanner<'t, 'j> {
    text: &'t [char],
    at: usize,
    json: &'j mut LooseJson,
}

impl Scanner<'_, '_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn skip(&mut self, expected: char) -> Option<()> {
        self.skip_space();
        (self.peek()? == expected).then(|| self.at += 1)
    }

    /// The object at the top level. `None` if it is damaged; what was read until then is kept.
    fn object(&mut self) -> Option<()> {
        self.skip('{')?;
        self.json.depth = 1;
        if self.skip('}').is_some() {
            return Some(());
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip(':')?;
            self.skip_space();
            let start = self.at;
            let read = self.value();
            let is_outer = |c: char| c.is_whitespace() || c.is_control();
            let ends = [name.chars().next(), name.chars().next_back()];
            self.json.has_padded_name |= ends.iter().any(|end| end.is_none_or(is_outer));
            let value = self.text.get(start..self.at).unwrap_or_default().iter().collect();
            self.json.members.push((name, value));
            read?;
            if self.skip(',').is_none() {
                return self.skip('}');
            }
        }
    }

    /// One value, whatever it contains.
    fn value(&mut self) -> Option<()> {
        let mut open = 0;
        loop {
            self.skip_space();
            match self.peek()? {
                '{' | '[' => {
                    open += 1;
                    self.json.depth = self.json.depth.max(open + 1);
                    self.at += 1;
                }
                '}' | ']' => {
                    open = usize::checked_sub(open, 1)?;
                    self.at += 1;
                }
                '"' => drop(self.string()?),
                ',' | ':' if open > 0 => self.at += 1,
                _ => self.word()?,
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    /// A number or a literal.
    fn word(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
            self.at += 1;
        }
        let word: String = self.text.get(start..self.at)?.iter().collect();
        let is_number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        self.json.has_huge_number |= is_number && word.parse::<f64>().is_ok_and(f64::is_infinite);
        (start < self.at).then_some(())
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
                    units.push(match escaped {
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
                    });
                }
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
        self.json.has_invalid_text |= String::from_utf16(&units).is_err();
        Some(String::from_utf16_lossy(&units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> LooseJson {
        LooseJson::read(text.as_bytes())
    }

    #[test]
    fn members_are_read_whatever_surrounds_them() {
        let read = json(r#" {"a" : [1,{"b":"}"}] , "\u0061b":"x\"y","n":-1.5e1, "t" : true } "#);
        assert_eq!(read.value("a"), Some(r#"[1,{"b":"}"}]"#));
        assert_eq!((read.text("ab").as_deref(), read.text("a")), (Some("x\"y"), None));
        assert_eq!((read.number("n"), read.number("t"), read.depth), (Some(-15.0), None, 3));
        assert!(!read.has_text_after && !read.has_invalid_text && !read.has_padded_name && !read.has_huge_number);
        assert_eq!(json(r#"{"a":1,"b":"#).value("a"), Some("1"), "a damaged text keeps what comes before");
        assert_eq!(json("{\"a\":1,\"a\":2}").value("a"), Some("2"));
        assert_eq!(json("[]").value("a"), None);
    }

    #[test]
    fn oddities_are_found() {
        assert!(json("{} x").has_text_after && json("{\"a\":1}{}").has_text_after);
        assert!(json(r#"{"a":"\ud800"}"#).has_invalid_text && LooseJson::read(b"{\"a\":\"\xff\"}").has_invalid_text);
        assert!(json(r#"{" exp":1}"#).has_padded_name && json(r#"{"":1}"#).has_padded_name);
        assert!(json(r#"{"a":[1e999]}"#).has_huge_number && !json(r#"{"a":infinity}"#).has_huge_number);
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(json(&deep).depth, 100_001);
        assert!(json(r#"{"a":[ ],"b":{"c":1}}"#).has_empty(&["a"]) && !json(r#"{"b":{"c":1}}"#).has_empty(&["b"]));
    }

    #[test]
    fn loose_base64_is_found_in_each_part() {
        for (token, is_loose) in [
            ("YWI.YWI.YWI", false),
            ("YWI=.YWI.YWI", true),
            ("YWI.YW I.YWI", true),
            ("YWI.YWI.YWJ", true),
            ("Y+I.YWI.YWI", true),
            ("YWI.YWI.Y", true),
            ("YWI.YWI.", false),
        ] {
            assert_eq!(TokenText::read(token.as_bytes()).has_loose_base64, is_loose, "{token}");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The fast path for JSON of typical issuers: texts without escapes, short integers, few levels of nesting.
//!
//! It takes about half of `serde_json`'s time. For every other text, valid or not, it returns `None`.

use std::borrow::Cow;

use super::member_names::MemberNames;
use super::{Member, Value, has_outer_white_space};

/// The maximum level of a container below the outer object; at this level it must be empty. Claims have two or three
/// levels.
const MAX_DEPTH: u32 = 16;

/// The number of digits that always fit into an `i64`.
const MAX_DIGITS: usize = 18;

/// As [`super::read_object`]. `None` leaves the text to the full reader, which calls `wanted` again.
pub(super) fn read_object<'j>(text: &'j [u8], wanted: impl Fn(&str) -> bool) -> Option<Vec<Member<'j>>> {
    let mut reader = Reader { text: str::from_utf8(text).ok()?, at: 0, names: MemberNames::default() };
    if reader.token()? != b'{' {
        return None;
    }
    let members = reader.object(0, |name| (!has_outer_white_space(name)).then(|| wanted(name)))?;
    reader.skip_white_space();
    (reader.at == text.len()).then_some(members)
}

struct Reader<'j> {
    text: &'j str,
    /// The offset of the next byte.
    at: usize,
    names: MemberNames<'j>,
}

impl<'j> Reader<'j> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Consumes the next byte that is not white space.
    fn token(&mut self) -> Option<u8> {
        self.skip_white_space();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Reads the members after `{`. `keep` returns for each name whether its value is kept, or `None` to leave the text to
    /// the full reader.
    fn object(&mut self, level: u32, keep: impl Fn(&str) -> Option<bool>) -> Option<Vec<Member<'j>>> {
        let mut members = Vec::new();
        let mut open = self.names.begin();
        let mut byte = self.token()?;
        if byte != b'}' {
            loop {
                if byte != b'"' {
                    return None;
                }
                let name = self.string()?;
                let keep = keep(name)?;
                if self.token()? != b':' {
                    return None;
                }
                if keep {
                    if level == 0 && members.is_empty() {
                        // Claims and headers rarely keep more.
                        members.reserve(8);
                    }
                    let value = self.value(level)?;
                    members.push((Cow::Borrowed(name), value));
                } else {
                    self.skip_value(level)?;
                }
                if !self.names.insert(&mut open, Cow::Borrowed(name)) {
                    return None;
                }
                match self.token()? {
                    b',' => byte = self.token()?,
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        self.names.end(open);
        Some(members)
    }

    /// Reads the elements after `[`.
    fn array(&mut self, level: u32, keep: bool) -> Option<Vec<Value<'j>>> {
        let mut values = Vec::new();
        self.skip_white_space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(values);
        }
        loop {
            if keep {
                values.push(self.value(level)?);
            } else {
                self.skip_value(level)?;
            }
            match self.token()? {
                b',' => {}
                b']' => return Some(values),
                _ => return None,
            }
        }
    }

    fn value(&mut self, level: u32) -> Option<Value<'j>> {
        match self.token_of_value(level)? {
            b'"' => Some(Value::String(Cow::Borrowed(self.string()?))),
            b'{' => Some(Value::Object(self.object(level + 1, |_| Some(true))?)),
            b'[' => Some(Value::Array(self.array(level + 1, true)?)),
            first => self.scalar(first),
        }
    }

    /// Checks a value without keeping it.
    fn skip_value(&mut self, level: u32) -> Option<()> {
        match self.token_of_value(level)? {
            b'"' => self.string().map(drop),
            b'{' => self.object(level + 1, |_| Some(false)).map(drop),
            b'[' => self.array(level + 1, false).map(drop),
            first => self.scalar(first).map(drop),
        }
    }

    fn token_of_value(&mut self, level: u32) -> Option<u8> {
        if level == MAX_DEPTH { None } else { self.token() }
    }

    /// Reads a number or a word that begins with this byte.
    fn scalar(&mut self, first: u8) -> Option<Value<'j>> {
        match first {
            b'0' => Some(Value::Integer(0)),
            b'1'..=b'9' => self.integer(first).map(Value::Integer),
            b'-' => match self.peek()? {
                digit @ b'1'..=b'9' => {
                    self.at += 1;
                    self.integer(digit).map(|integer| Value::Integer(-integer))
                }
                _ => None,
            },
            b't' => self.word("rue", Value::Boolean(true)),
            b'f' => self.word("alse", Value::Boolean(false)),
            b'n' => self.word("ull", Value::Null),
            _ => None,
        }
    }

    /// Reads the rest of a word.
    fn word(&mut self, rest: &str, value: Value<'j>) -> Option<Value<'j>> {
        let end = self.at + rest.len();
        if self.text.as_bytes().get(self.at..end)? != rest.as_bytes() {
            return None;
        }
        self.at = end;
        Some(value)
    }

    /// Reads an integer that begins with this digit. It stops at `.` and `e`. The caller then finds neither a comma nor a
    /// closing bracket, and returns `None`; so it does for a digit after `0`.
    fn integer(&mut self, first: u8) -> Option<i64> {
        let mut integer = i64::from(first - b'0');
        let limit = self.at + MAX_DIGITS;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            if self.at == limit {
                return None;
            }
            integer = integer * 10 + i64::from(digit - b'0');
        }
        Some(integer)
    }

    /// Reads the text after `"`. Both of its ends are next to an ASCII byte, so they are character boundaries.
    fn string(&mut self) -> Option<&'j str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start;
        while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let special = special_bytes(u64::from_le_bytes(*eight));
            if special != 0 {
                at += special.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        loop {
            match *bytes.get(at)? {
                b'"' => {
                    self.at = at + 1;
                    return self.text.get(start..at);
                }
                b'\\' | 0..=0x1f => return None,
                _ => at += 1,
            }
        }
    }
}

/// Sets the highest bit of each byte that ends the text or leaves it to the full reader: `"`, `\`, a control character. The
/// lowest of these bits is exact, because no byte before the first special one borrows. Those above it may be wrong.
fn special_bytes(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // A byte below the limit borrows from its highest bit. A byte in which this bit was set before is not below it.
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
    let quote = below(eight ^ (ONES * u64::from(b'"')), 1);
    let backslash = below(eight ^ (ONES * u64::from(b'\\')), 1);
    (quote | backslash | below(eight, b' ')) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::super::full;
    use super::*;

    /// True if the fast reader accepts the text. Both readers must then return the same.
    fn agree(text: &[u8]) -> bool {
        for keep in [true, false] {
            let wanted = |name: &str| keep || name.len() == 3;
            if let Some(members) = read_object(text, wanted) {
                assert_eq!(Ok(members), full::read_object(text, wanted), "{}", text.escape_ascii());
            }
        }
        read_object(text, |_| true).is_some()
    }

    #[test]
    fn typical_json_is_accepted_and_nothing_else() {
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        let deepest = deep(MAX_DEPTH as usize);
        for text in [
            "{}",
            " {\t}\r\n",
            r#"{"a":"", "bc" : "x" ,"d":[ ],"e":[1 , "2",{"f":null}],"g":{}}"#,
            r#"{"a":0,"b":-1,"c":123456789012345678,"d":-123456789012345678,"e":true,"f":false}"#,
            "{\"\u{e9}\":\"\u{1f600} and so on\"}",
            &deepest,
        ] {
            assert!(agree(text.as_bytes()), "{text}");
        }
        let too_deep = deep(MAX_DEPTH as usize + 1);
        for text in [
            "",
            "[]",
            "{",
            "{}}",
            "{},",
            r#"{"a":"\n"}"#,
            r#"{"a\u0062":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{" a":1}"#,
            r#"{"":1}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[,1]}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a" 1}"#,
            r#"{"a":}"#,
            r#"{"a":-}"#,
            r#"{"a":-0}"#,
            r#"{"a":- 1}"#,
            r#"{"a":+1}"#,
            r#"{"a":00}"#,
            r#"{"a":01}"#,
            r#"{"a":1.5}"#,
            r#"{"a":1e5}"#,
            r#"{"a":1234567890123456789}"#,
            r#"{"a":tru}"#,
            r#"{"a":truer}"#,
            r#"{"a":nul"#,
            r#"{"a":TRUE}"#,
            "{\"a\":\"\t\"}",
            "{\"a\":\"long enough, then a line feed\n\"}",
            "{\"a\":1}\0",
            "\u{feff}{}",
            &too_deep,
        ] {
            assert!(!agree(text.as_bytes()), "{text}");
        }
        assert!(!agree(b"{\"a\":\"\xff\"}") && !agree(b"{\"a\":\"\xed\xa0\x80\"}"));
    }

    #[test]
    fn a_text_ends_at_its_first_special_byte() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=255 {
                    let mut text = vec![b'x'; length];
                    text[place] = byte;
                    let text = [b"{\"abc\":\"", &text[..], b"\"}"].concat();
                    assert_eq!(agree(&text), matches!(byte, b' '..=0x7f) && !matches!(byte, b'"' | b'\\'), "{byte}");
                }
            }
        }
    }

    /// Claims and headers with random changes, which are the same in each run.
    #[test]
    fn serde_json_accepts_the_same_with_the_same_result() {
        const PARTS: &[&str] = &[
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            " ",
            "\n",
            "0",
            "1",
            "-",
            ".",
            "e5",
            "true",
            "null",
            "\"a\":",
            "\"abc\":1,",
            "\"iss\":",
            "[1,2]",
            "{\"a\":{}}",
            "\\u0061",
            "\u{e9}",
            "\0",
            "123456789012345678",
            "\"\"",
        ];
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut below = |limit: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % limit as u64).unwrap()
        };
        let texts = [
            include_str!("../../../../bench/claims/0.5k.json").trim_end(),
            include_str!("../../../../bench/claims/1.5k.json").trim_end(),
            r#"{"alg":"RS256","typ" : "JWT","kid":"FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"}"#,
            r#"{"a":[{"iss":1,"b":[[],{}]},-7,null],"abc":{"abc":true,"d":""},"exp":1795325760}"#,
            "{}",
        ];
        let mut accepted = 0;
        let mut left = 0;
        for round in 0..200_000 {
            let mut text = texts[round % texts.len()].as_bytes().to_vec();
            for _ in 0..=below(3) {
                let at = below(text.len() + 1);
                let part = PARTS[below(PARTS.len())].bytes();
                let until = (at + below(3)).min(text.len());
                drop(text.splice(at..until, part));
            }
            *if agree(&text) { &mut accepted } else { &mut left } += 1;
        }
        assert!(accepted > 10_000 && left > 100_000, "{accepted} {left}");
    }
}

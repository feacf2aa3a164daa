//! JSON as issuers usually write it: texts without escapes, numbers that are short integers, few levels of nesting.
//!
//! A text of that form has one meaning, and this reader finds it in about half of `serde_json`'s time. Of any other text,
//! also of a wrong one, it says only that it does not know it.

use std::borrow::Cow;

use super::member_names::MemberNames;
use super::{Member, Value, has_outer_white_space};

/// So deep below the outer object may a container stand, and then it must be empty; claims have two or three levels.
const DEEPEST: u32 = 16;

/// So many digits fit into an `i64`.
const MOST_DIGITS: usize = 18;

/// As [`super::read_object`]; `None` if the text is not of the usual form. `wanted` is asked again then, by the other reader.
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
    /// The place of the next byte to be looked at.
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

    /// The next byte that is not white space.
    fn token(&mut self) -> Option<u8> {
        self.skip_white_space();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// The members after `{`. `keep` says of each name whether its value is kept, or `None` if the name is none of the usual
    /// form.
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
                        // Of claims and of a header, hardly ever more are kept.
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

    /// The elements after `[`.
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

    /// A value that nobody keeps, looked at as closely.
    fn skip_value(&mut self, level: u32) -> Option<()> {
        match self.token_of_value(level)? {
            b'"' => self.string().map(drop),
            b'{' => self.object(level + 1, |_| Some(false)).map(drop),
            b'[' => self.array(level + 1, false).map(drop),
            first => self.scalar(first).map(drop),
        }
    }

    fn token_of_value(&mut self, level: u32) -> Option<u8> {
        if level == DEEPEST { None } else { self.token() }
    }

    /// A number or a word that begins with this byte.
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

    /// The rest of a word.
    fn word(&mut self, rest: &str, value: Value<'j>) -> Option<Value<'j>> {
        let end = self.at + rest.len();
        if self.text.as_bytes().get(self.at..end)? != rest.as_bytes() {
            return None;
        }
        self.at = end;
        Some(value)
    }

    /// The integer that begins with this digit. It stops at `.` and `e`, where the caller finds neither a comma nor a closing
    /// bracket and gives up; the same becomes of a digit after `0`.
    fn integer(&mut self, first: u8) -> Option<i64> {
        let mut integer = i64::from(first - b'0');
        let most = self.at + MOST_DIGITS;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            if self.at == most {
                return None;
            }
            integer = integer * 10 + i64::from(digit - b'0');
        }
        Some(integer)
    }

    /// The text after `"`. Both of its ends are beside an ASCII byte, so that it is made of whole characters.
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

/// The highest bit of each byte that ends a text or needs more thought: `"`, `\`, a control character. The lowest of these bits
/// is exact, since no byte before the first special one borrows; those above it may be wrong.
fn special_bytes(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // A byte less than the limit borrows from its highest bit; one that had that bit before was not less.
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
    let quote = below(eight ^ (ONES * u64::from(b'"')), 1);
    let backslash = below(eight ^ (ONES * u64::from(b'\\')), 1);
    (quote | backslash | below(eight, b' ')) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::super::full;
    use super::*;

    /// True if the text is of the usual form. Then both readers must read the same.
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
    fn the_usual_form_is_known_and_nothing_else() {
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        let deepest = deep(DEEPEST as usize);
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
        let too_deep = deep(DEEPEST as usize + 1);
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

    /// Claims and headers, changed at random; the same ones in each run.
    #[test]
    fn what_it_takes_serde_json_takes_as_the_same() {
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
        let (mut usual, mut other) = (0, 0);
        for round in 0..200_000 {
            let mut text = texts[round % texts.len()].as_bytes().to_vec();
            for _ in 0..=below(3) {
                let at = below(text.len() + 1);
                let part = PARTS[below(PARTS.len())].bytes();
                let until = (at + below(3)).min(text.len());
                drop(text.splice(at..until, part));
            }
            *if agree(&text) { &mut usual } else { &mut other } += 1;
        }
        assert!(usual > 10_000 && other > 100_000, "{usual} {other}");
    }
}

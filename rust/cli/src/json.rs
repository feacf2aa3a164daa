// SPDX-License-Identifier: Apache-2.0
//! JSON as the command writes it: members in a fixed order, numbers as they are, control characters escaped.

use std::fmt::Write as _;

use nativejwt_core::is_unprintable;
use serde::de::IgnoredAny;

/// One object, written member by member on one line.
pub(crate) struct JsonObject(String);

impl JsonObject {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &json_string(value))
    }

    /// A text or null.
    pub(crate) fn maybe_text(self, name: &str, value: Option<&str>) -> Self {
        self.raw(name, &value.map_or_else(|| "null".to_owned(), json_string))
    }

    pub(crate) fn boolean(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    pub(crate) fn number(self, name: &str, value: impl Into<i64>) -> Self {
        self.raw(name, &value.into().to_string())
    }

    /// A number or null.
    pub(crate) fn maybe_number(self, name: &str, value: Option<impl ToString>) -> Self {
        self.raw(name, &value.map_or_else(|| "null".to_owned(), |value| value.to_string()))
    }

    pub(crate) fn texts<T: AsRef<str>>(self, name: &str, values: &[T]) -> Self {
        let values: Vec<String> = values.iter().map(|value| json_string(value.as_ref())).collect();
        self.raw(name, &format!("[{}]", values.join(",")))
    }

    /// A value that is JSON already.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&json_string(name));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// The text as a JSON string in which every unprintable character is escaped.
pub(crate) fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\t' => json.push_str("\\t"),
            other => push_safe(&mut json, other),
        }
    }
    json.push('"');
    json
}

/// A character of a JSON string, as `\u` escapes if it is unprintable.
fn push_safe(json: &mut String, character: char) {
    if is_unprintable(character) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(json, "\\u{unit:04x}");
        }
    } else {
        json.push(character);
    }
}

/// The text of a JSON value on one line: without white space outside of strings, and with unprintable characters in
/// strings escaped. Order, repeated members and digits of numbers stay as they were written.
pub(crate) fn compact(json: &[u8]) -> Result<String, String> {
    layout(json, None)
}

/// Like [`compact`], but with one member per line. Each level is indented by two columns, and all lines by `margin`.
pub(crate) fn pretty(json: &[u8], margin: usize) -> Result<String, String> {
    layout(json, Some(margin))
}

fn layout(json: &[u8], margin: Option<usize>) -> Result<String, String> {
    /// The deepest indentation. Without it, output could grow with the square of the input's length.
    const MAX_INDENTED: usize = 40;
    serde_json::from_slice::<IgnoredAny>(json).map_err(|error| error.to_string())?;
    let text = str::from_utf8(json).map_err(|error| error.to_string())?;
    let mut laid_out = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    let mut depth = 0_usize;
    let break_line = |laid_out: &mut String, depth: usize| {
        if let Some(margin) = margin {
            laid_out.push('\n');
            laid_out.extend(std::iter::repeat_n(' ', margin + 2 * depth.min(MAX_INDENTED)));
        }
    };
    let mut characters = text.chars().filter(|c| !c.is_ascii_whitespace() || *c == ' ').peekable();
    while let Some(character) = characters.next() {
        if in_string {
            push_safe(&mut laid_out, character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            ' ' => {}
            '"' => {
                in_string = true;
                laid_out.push('"');
            }
            '{' | '[' => {
                laid_out.push(character);
                while characters.next_if_eq(&' ').is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    laid_out.push(end);
                } else {
                    depth += 1;
                    break_line(&mut laid_out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut laid_out, depth);
                laid_out.push(character);
            }
            ',' => {
                laid_out.push(',');
                break_line(&mut laid_out, depth);
            }
            ':' => laid_out.push_str(if margin.is_some() { ": " } else { ":" }),
            other => laid_out.push(other),
        }
    }
    Ok(laid_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_changes_white_space_and_unprintable_characters_only() {
        let json = "{\"b\" : [1.0, 1e3,{ },[ ]],\r\n\t\"a\":\"x \\\" \u{202e}\u{9b} y\", \"b\":-0}".as_bytes();
        assert_eq!(compact(json).unwrap(), r#"{"b":[1.0,1e3,{},[]],"a":"x \" \u202e\u009b y","b":-0}"#);
        let expected = "{\n    \"b\": [\n      1.0,\n      1e3,\n      {},\n      []\n    ],\n    \"a\": \"x \\\" \\u202e\\u009b y\",\n    \"b\": -0\n  }";
        assert_eq!(pretty(json, 2).unwrap(), expected);
        assert!(compact(b"{\"a\":1}x").is_err());
        assert!(compact(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn deep_nesting_does_not_multiply_the_length() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        assert!(pretty(deep.as_bytes(), 0).unwrap().len() < 100 * deep.len());
    }

    #[test]
    fn members_are_written_in_order_and_escaped() {
        let object = JsonObject::new()
            .text("z", "a\u{1b}[31m\u{10ffff}\"\\\n")
            .maybe_text("y", None)
            .maybe_number("x", Some(7))
            .boolean("w", true)
            .texts("v", &["p", "q"])
            .finish();
        assert_eq!(
            object,
            "{\"z\":\"a\\u001b[31m\u{10ffff}\\\"\\\\\\n\",\"y\":null,\"x\":7,\"w\":true,\"v\":[\"p\",\"q\"]}"
        );
    }
}

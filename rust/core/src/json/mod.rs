// SPDX-License-Identifier: Apache-2.0
//! Strict JSON, for tokens and JWK Sets.
//!
//! `serde_json` rejects what RFC 8259 forbids: text after the value, a BOM, raw control characters, invalid UTF-8 and lone
//! surrogates. It also rejects more than 127 levels of nesting. Of two equal members it keeps the last; here they are an
//! error at every depth, whether the member is used or not (RFC 7519, section 4).
//!
//! [`fast`] reads typical JSON of issuers in half the time. It accepts a subset of what `serde_json` accepts, with the same
//! result. Everything else, including every error, is left to [`full`].

mod fast;
mod full;
mod member_names;

use std::borrow::Cow;
use std::fmt;

pub(crate) use full::split_array;

use crate::java_text::is_white_space;

/// A member's name and value.
pub(crate) type Member<'j> = (Cow<'j, str>, Value<'j>);

/// A JSON value. Texts without escapes are borrowed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'j> {
    Null,
    Boolean(bool),
    /// A number that is written as an integer and fits into an `i64`.
    Integer(i64),
    /// Every other number.
    Float(f64),
    String(Cow<'j, str>),
    Array(Vec<Value<'j>>),
    Object(Vec<Member<'j>>),
}

impl Value<'_> {
    /// The type, with an article, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}

/// Writes the value as JSON, for messages.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            |f: &mut fmt::Formatter<'_>, text: &str| f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?);
        let comma = |index: usize| if index == 0 { "" } else { ", " };
        match self {
            Value::Null => f.write_str("null"),
            Value::Boolean(truth) => write!(f, "{truth}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Float(number) => write!(f, "{number:?}"),
            Value::String(string) => text(f, string),
            Value::Array(elements) => {
                f.write_str("[")?;
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", comma(index))?;
                }
                f.write_str("]")
            }
            Value::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(comma(index))?;
                    text(f, name)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Why a text is not one strict JSON object.
#[derive(Debug, PartialEq)]
pub(crate) enum JsonError {
    /// Not JSON, or not an object. The text says where, and contains nothing of the input.
    Malformed(String),
    /// An object has two members of the same name.
    DuplicateMember,
}

/// Reads one object and returns the members that `wanted` selects. The others are checked as strictly, and dropped.
pub(crate) fn read_object(text: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Member<'_>>, JsonError> {
    match fast::read_object(text, &wanted) {
        Some(members) => Ok(members),
        None => full::read_object(text, wanted),
    }
}

/// True for names that are rejected at the top level. jjwt trims them, so it would read `" exp"` as `exp`.
fn has_outer_white_space(name: &str) -> bool {
    // A fast check, which suffices for nearly every name.
    if let [b'!'..=b'~', .., b'!'..=b'~'] = name.as_bytes() {
        return false;
    }
    name.chars().next().is_none_or(is_white_space) || name.chars().next_back().is_some_and(is_white_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Member<'_>>, JsonError> {
        read_object(text.as_bytes(), |name| name == "a")
    }

    #[test]
    fn wanted_members_are_kept_and_the_others_dropped() {
        let members = read(r#" {"b":[1,{"c":"x"}],"a":["\u0041",1,-1.5,true,null,{"k":1}]} "#).unwrap();
        let expected = Value::Array(vec![
            Value::String("A".into()),
            Value::Integer(1),
            Value::Float(-1.5),
            Value::Boolean(true),
            Value::Null,
            Value::Object(vec![("k".into(), Value::Integer(1))]),
        ]);
        assert_eq!(members, vec![(Cow::Borrowed("a"), expected)]);
    }

    #[test]
    fn duplicate_members_are_rejected_at_every_depth_selected_or_not_and_with_escapes() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":1,"b":2}"#,
            r#"{"b":{"c":1,"c":2}}"#,
            r#"{"b":[{"c":1,"d":2,"c":2}]}"#,
            r#"{"a":{"c":1,"c":2}}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(read(text).unwrap_err(), JsonError::DuplicateMember, "{text}");
        }
        let many: Vec<_> = (0..1000).map(|n| format!("\"m{n}\":1")).collect();
        assert!(read(&format!("{{{}}}", many.join(","))).is_ok());
        assert_eq!(read(&format!("{{{},\"m999\":1}}", many.join(","))).unwrap_err(), JsonError::DuplicateMember);
    }

    #[test]
    fn every_text_but_one_json_object_is_rejected() {
        let deep = format!("{{\"b\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        for text in [
            "",
            "[]",
            "1",
            "null",
            "\"a\"",
            "{",
            "{}x",
            "{} {}",
            "{}\0",
            "\u{feff}{}",
            "{\"a\":\"\n\"}",
            "{'a':1}",
            "{a:1}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":NaN}",
            "{\"a\":1e400}",
            "{\"b\":\"\\ud800\"}",
            "{\"b\":\"\\udc00\\ud800\"}",
            "{\" a\":1}",
            "{\"a \":1}",
            "{\"\":1}",
            "{\"\\u001f\":1}",
            "// c\n{}",
            &deep,
        ] {
            assert!(matches!(read(text), Err(JsonError::Malformed(_))), "{text:.40}");
        }
        for bytes in [&b"{\"b\":\"\xff\"}"[..], b"{\"b\":\"\xed\xa0\x80\"}", b"{\"\xc0\xaf\":1}"] {
            assert!(matches!(read_object(bytes, |_| false), Err(JsonError::Malformed(_))), "{bytes:?}");
        }
    }

    #[test]
    fn an_array_is_split_even_if_an_element_is_invalid() {
        let split = |text: &'static str| split_array(text.as_bytes(), "a", 2);
        assert_eq!(
            split(r#"{"b":[{"c":1,"c":1}],"a":[ {"x":1,"x":2} ,"y"]}"#),
            Ok(Some(vec![r#"{"x":1,"x":2}"#, r#""y""#]))
        );
        assert_eq!(split(r#"{"b":1}"#), Ok(None));
        assert_eq!(split(r#"{"a":[],"\u0061":[]}"#), Err(JsonError::DuplicateMember));
        for (text, why) in [
            (r#"{"a":{}}"#, "'a' is not an array"),
            (r#"{"a":[1,2,3]}"#, "'a' has more than 2 elements"),
            (r#"{"a":[1,]}"#, "not valid JSON at line 1 column 9"),
            (r#"{"a":[1]} x"#, "not valid JSON at line 1 column 11"),
            ("[]", "not a JSON object at line 1 column 0"),
        ] {
            assert_eq!(split(text), Err(JsonError::Malformed(why.to_owned())), "{text}");
        }
    }

    #[test]
    fn errors_do_not_quote_the_text() {
        let Err(JsonError::Malformed(message)) = read(r#"{"a":"secret""#) else { panic!("accepted") };
        assert!(!message.contains("secret"), "{message}");
    }
}

//! JSON as tokens and key sets hold it, read strictly.
//!
//! `serde_json` refuses what RFC 8259 refuses: text after the value, a BOM, raw control characters, invalid UTF-8, lone
//! surrogates, and more than 128 levels of nesting. It keeps the last of two equal members; here they are refused, at
//! every depth and whether or not anybody reads the member (RFC 7519, section 4).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::java_text::is_white_space;

/// A member's name and value.
pub(crate) type Member<'j> = (Cow<'j, str>, Value<'j>);

/// A JSON value; texts without escapes are borrowed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'j> {
    Null,
    Boolean(bool),
    /// A number written as an integer that fits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    String(Cow<'j, str>),
    Array(Vec<Value<'j>>),
    Object(Vec<Member<'j>>),
}

impl Value<'_> {
    /// What the value is called in a message.
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

/// Why a text is not one strict JSON object.
#[derive(Debug, PartialEq)]
pub(crate) enum JsonError {
    /// Not JSON, or not an object. The text says where, and holds nothing of the input.
    Malformed(String),
    /// An object names a member twice.
    DuplicateMember,
}

/// Reads one object and keeps the members that `wanted` names; the others are checked just as strictly, and dropped.
pub(crate) fn read_object(text: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Member<'_>>, JsonError> {
    // Looked through once as a whole, valid UTF-8 is not looked at again at each text in it. Invalid one is left to the
    // reader of bytes, which says where it is.
    match str::from_utf8(text) {
        Ok(text) => read_object_by(serde_json::Deserializer::from_str(text), wanted),
        Err(_) => read_object_by(serde_json::Deserializer::from_slice(text), wanted),
    }
}

fn read_object_by<'j>(
    mut deserializer: serde_json::Deserializer<impl serde_json::de::Read<'j>>,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Member<'j>>, JsonError> {
    let mut reading = Reading::default();
    let members = deserializer
        .deserialize_map(ObjectVisitor { wanted, reading: &mut reading })
        .and_then(|members| deserializer.end().map(|()| members));
    match (members, reading.problem) {
        (Ok(members), _) => Ok(members),
        (Err(_), Some(problem)) => Err(problem),
        (Err(error), None) => Err(JsonError::Malformed(describe(&error))),
    }
}

/// Splits the array that is the member `name` of an object into the texts of its elements, at most `most` of them; `None`
/// if there is no such member. What an element holds is left to the reader of elements, so that a bad one costs only
/// itself.
pub(crate) fn split_array<'j>(text: &'j [u8], name: &str, most: usize) -> Result<Option<Vec<&'j str>>, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let mut reading = Reading::default();
    let array = deserializer
        .deserialize_map(RawMemberVisitor { wanted: name, reading: &mut reading })
        .and_then(|array| deserializer.end().map(|()| array));
    let array = match (array, reading.problem) {
        (Ok(Some(array)), _) => array,
        (Ok(None), _) => return Ok(None),
        (Err(_), Some(problem)) => return Err(problem),
        (Err(error), None) => return Err(JsonError::Malformed(describe(&error))),
    };
    if !array.get().starts_with('[') {
        return Err(JsonError::Malformed(format!("'{name}' is not an array")));
    }
    let mut too_many = false;
    match serde_json::Deserializer::from_str(array.get()).deserialize_seq(RawElements { most, too_many: &mut too_many })
    {
        Ok(elements) => Ok(Some(elements)),
        Err(_) if too_many => Err(JsonError::Malformed(format!("'{name}' has more than {most} elements"))),
        Err(error) => Err(JsonError::Malformed(describe(&error))),
    }
}

/// `serde_json`'s message may quote the input (`invalid type: string "…"`); the category and the place do not.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "JSON ends too early",
        serde_json::error::Category::Syntax => "not valid JSON",
        serde_json::error::Category::Data => "not a JSON object",
        serde_json::error::Category::Io => "cannot be read",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// What the visitors of one document share.
#[derive(Default)]
struct Reading<'j> {
    /// A problem of our own, since serde's errors are only text.
    problem: Option<JsonError>,
    names: MemberNames<'j>,
}

impl<'j> Reading<'j> {
    fn fail<E: de::Error>(&mut self, problem: JsonError) -> E {
        self.problem = Some(problem);
        E::custom("see the problem")
    }
}

/// The members of one object.
struct ObjectVisitor<'r, 'j, W> {
    wanted: W,
    reading: &'r mut Reading<'j>,
}

impl<'j, W: Fn(&str) -> bool> Visitor<'j> for ObjectVisitor<'_, 'j, W> {
    type Value = Vec<Member<'j>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = self.reading.names.begin();
        // Of the claims and of a header, hardly ever more are kept.
        let mut members = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(Text)? {
            if has_outer_white_space(&name) {
                let why = "a member's name is empty or begins or ends with white space";
                return Err(self.reading.fail(JsonError::Malformed(why.to_owned())));
            }
            let keep = (self.wanted)(&name);
            let value = map.next_value_seed(ValueSeed { keep, reading: self.reading })?;
            if keep {
                members.push((name.clone(), value));
            }
            if !self.reading.names.insert(&mut object, name) {
                return Err(self.reading.fail(JsonError::DuplicateMember));
            }
        }
        self.reading.names.end(object);
        Ok(members)
    }
}

/// jjwt trims the names of top-level members, so `" exp"` counts as `exp` there: such names are not left to chance.
fn has_outer_white_space(name: &str) -> bool {
    // Nearly every name; the rest is for the others.
    if let [b'!'..=b'~', .., b'!'..=b'~'] = name.as_bytes() {
        return false;
    }
    name.chars().next().is_none_or(is_white_space) || name.chars().next_back().is_some_and(is_white_space)
}

/// A value: kept as a [`Value`], or only checked, which leaves [`Value::Null`] behind.
struct ValueSeed<'r, 'j> {
    keep: bool,
    reading: &'r mut Reading<'j>,
}

impl<'j> DeserializeSeed<'j> for ValueSeed<'_, 'j> {
    type Value = Value<'j>;

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'j> Visitor<'j> for ValueSeed<'_, 'j> {
    type Value = Value<'j>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Value::Integer(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond i64 only the magnitude matters")]
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'j str) -> Result<Self::Value, E> {
        Ok(Value::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(if self.keep { Value::String(Cow::Owned(value.to_owned())) } else { Value::Null })
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(ValueSeed { keep: self.keep, reading: self.reading })? {
            if self.keep {
                values.push(value);
            }
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = self.reading.names.begin();
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(Text)? {
            let value = map.next_value_seed(ValueSeed { keep: self.keep, reading: self.reading })?;
            if self.keep {
                members.push((name.clone(), value));
            }
            if !self.reading.names.insert(&mut object, name) {
                return Err(self.reading.fail(JsonError::DuplicateMember));
            }
        }
        self.reading.names.end(object);
        Ok(Value::Object(members))
    }
}

/// One member of an object, unread.
struct RawMemberVisitor<'r, 'j, 'n> {
    wanted: &'n str,
    reading: &'r mut Reading<'j>,
}

impl<'j> Visitor<'j> for RawMemberVisitor<'_, 'j, '_> {
    type Value = Option<&'j RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = self.reading.names.begin();
        let mut member = None;
        while let Some(name) = map.next_key_seed(Text)? {
            if name == self.wanted {
                member = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if !self.reading.names.insert(&mut object, name) {
                return Err(self.reading.fail(JsonError::DuplicateMember));
            }
        }
        self.reading.names.end(object);
        Ok(member)
    }
}

/// The elements of an array, unread.
struct RawElements<'p> {
    most: usize,
    too_many: &'p mut bool,
}

impl<'j> Visitor<'j> for RawElements<'_> {
    type Value = Vec<&'j str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element::<&'j RawValue>()? {
            if elements.len() == self.most {
                *self.too_many = true;
                return Err(de::Error::custom("too many"));
            }
            elements.push(element.get());
        }
        Ok(elements)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Text;

impl<'j> DeserializeSeed<'j> for Text {
    type Value = Cow<'j, str>;

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'j> Visitor<'j> for Text {
    type Value = Cow<'j, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, value: &'j str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

/// The names seen in the objects that are open, the innermost one's last: one list for a whole document.
#[derive(Default)]
struct MemberNames<'j> {
    few: Vec<Cow<'j, str>>,
}

/// An object whose members are being read. Few names are compared one by one; many go into a set, so that 100 000 members
/// cost no more than linear time.
struct OpenObject<'j> {
    /// Where its names begin in the list.
    start: usize,
    /// The [`mark`]s of its names: a name whose mark is not there is new, and is compared with none.
    marks: u64,
    /// The names beyond the few.
    many: Option<HashSet<Cow<'j, str>>>,
}

impl<'j> MemberNames<'j> {
    const FEW: usize = 32;

    fn begin(&mut self) -> OpenObject<'j> {
        if self.few.is_empty() {
            self.few.reserve(Self::FEW);
        }
        OpenObject { start: self.few.len(), marks: 0, many: None }
    }

    /// False if the object has the name already.
    fn insert(&mut self, object: &mut OpenObject<'j>, name: Cow<'j, str>) -> bool {
        let few = self.few.get(object.start..).unwrap_or_default();
        let mark = mark(&name);
        if object.marks & mark != 0 {
            let is_among_many = || object.many.as_ref().is_some_and(|many| many.contains(&name));
            if few.contains(&name) || is_among_many() {
                return false;
            }
        }
        object.marks |= mark;
        if few.len() < Self::FEW {
            self.few.push(name);
        } else {
            object.many.get_or_insert_default().insert(name);
        }
        true
    }

    fn end(&mut self, object: OpenObject<'j>) {
        self.few.truncate(object.start);
    }
}

/// One bit of 64, by the name's length and ends; the same for equal names, and seldom for others.
fn mark(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
    1 << ((bytes.len() + 3 * end(bytes.first()) + 7 * end(bytes.last())) % 64)
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
    fn duplicates_are_refused_at_every_depth_read_or_not_and_however_spelt() {
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
    fn what_is_not_one_json_object_is_refused() {
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
    fn an_array_is_split_whatever_its_elements_hold() {
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
    fn errors_show_nothing_of_the_text() {
        let Err(JsonError::Malformed(message)) = read(r#"{"a":"secret""#) else { panic!("accepted") };
        assert!(!message.contains("secret"), "{message}");
    }
}

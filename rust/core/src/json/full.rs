// SPDX-License-Identifier: Apache-2.0
//! The full reader, on `serde_json`: it reads every text that RFC 8259 allows, and explains why it rejects others.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::member_names::MemberNames;
use super::{JsonError, Member, Value, has_outer_white_space};

pub(super) fn read_object(text: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Member<'_>>, JsonError> {
    // After one check of the whole input, `from_str` need not check each text again for UTF-8. For invalid UTF-8,
    // `from_slice` reports the place.
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

/// Splits the array in the member `name` of an object into the texts of its elements, at most `max` of them. `None` if
/// there is no such member. The caller reads each element by itself, so an invalid one does not affect the others.
pub(crate) fn split_array<'j>(text: &'j [u8], name: &str, max: usize) -> Result<Option<Vec<&'j str>>, JsonError> {
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
    match serde_json::Deserializer::from_str(array.get()).deserialize_seq(RawElements { max, too_many: &mut too_many })
    {
        Ok(elements) => Ok(Some(elements)),
        Err(_) if too_many => Err(JsonError::Malformed(format!("'{name}' has more than {max} elements"))),
        Err(error) => Err(JsonError::Malformed(describe(&error))),
    }
}

/// Category and place. The message of `serde_json` may quote the input (`invalid type: string "…"`).
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "JSON ends too early",
        serde_json::error::Category::Syntax => "not valid JSON",
        serde_json::error::Category::Data => "not a JSON object",
        serde_json::error::Category::Io => "cannot be read",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// State that the visitors of one document share.
#[derive(Default)]
struct Reading<'j> {
    /// Our own error, because serde's errors are only text.
    problem: Option<JsonError>,
    names: MemberNames<'j>,
}

impl<'j> Reading<'j> {
    fn fail<E: de::Error>(&mut self, problem: JsonError) -> E {
        self.problem = Some(problem);
        E::custom("see the problem")
    }
}

/// Reads the members of one object.
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
        // Claims and headers rarely keep more.
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

/// Reads a value, or only checks it and returns [`Value::Null`].
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

/// Returns one member of an object as text.
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

/// Returns the elements of an array as texts.
struct RawElements<'p> {
    max: usize,
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
            if elements.len() == self.max {
                *self.too_many = true;
                return Err(de::Error::custom("too many"));
            }
            elements.push(element.get());
        }
        Ok(elements)
    }
}

/// Reads a member's name, which is borrowed if it has no escapes.
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

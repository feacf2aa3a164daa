// SPDX-License-Identifier: Apache-2.0
//! The claim that a property names: a name at the top level, a path into nested objects, or a JSON Pointer.

use crate::json::{Member, Value};

/// A claim, as `principal-field` and `groups-field` name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath {
    /// The text of the configuration, for messages.
    text: String,
    /// The name at the top level.
    top: String,
    /// The names below it, from the top down.
    below: Vec<String>,
    /// True for a JSON Pointer, which can also select elements of arrays.
    is_pointer: bool,
}

impl ClaimPath {
    /// Parses a text that begins with `/` as a JSON Pointer (RFC 6901). Otherwise splits it at `delimiter`; without one,
    /// the text is one literal name.
    ///
    /// # Errors
    /// What is wrong with the text, as the rest of a sentence that begins with the name of the property.
    pub fn parse(text: &str, delimiter: Option<&str>) -> Result<Self, String> {
        let is_pointer = text.starts_with('/');
        let names: Vec<String> = match (text.strip_prefix('/'), delimiter) {
            (Some(pointer), _) => pointer.split('/').map(unescape).collect::<Result<_, _>>()?,
            (None, Some(delimiter)) => text.split(delimiter).map(str::to_owned).collect(),
            (None, None) => vec![text.to_owned()],
        };
        if names.iter().any(String::is_empty) {
            let way_out = match delimiter {
                // Names of claims are often URLs.
                Some(delimiter) if !is_pointer && text.contains("://") => format!(
                    ": the claim's name contains nested-claim-delimiter, '{delimiter}'; write it as a JSON Pointer, /{}",
                    text.replace('~', "~0").replace('/', "~1")
                ),
                _ => String::new(),
            };
            return Err(format!("has '{text}', in which a name is empty{way_out}"));
        }
        let mut names = names.into_iter();
        let top = names.next().unwrap_or_default();
        Ok(Self { text: text.to_owned(), top, below: names.collect(), is_pointer })
    }

    /// The name at the top level of the claims.
    pub(crate) fn top(&self) -> &str {
        &self.top
    }

    /// True for a claim at the top level.
    pub(crate) fn is_top(&self) -> bool {
        self.below.is_empty()
    }

    /// The names from the top level down, or the steps of a JSON Pointer.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.top].into_iter().chain(&self.below).map(String::as_str)
    }

    /// True for a JSON Pointer (RFC 6901), which can also select elements of arrays.
    #[must_use]
    pub fn is_pointer(&self) -> bool {
        self.is_pointer
    }

    /// The text of the configuration.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The claim's value; `null` counts as absent.
    pub(crate) fn find<'c, 't>(&self, claims: &'c [Member<'t>]) -> Option<&'c Value<'t>> {
        let mut value = member(claims, &self.top)?;
        for name in &self.below {
            value = match value {
                Value::Object(members) => member(members, name)?,
                Value::Array(elements) if self.is_pointer => elements.get(index(name)?)?,
                _ => return None,
            };
        }
        (*value != Value::Null).then_some(value)
    }
}

fn member<'c, 't>(members: &'c [Member<'t>], name: &str) -> Option<&'c Value<'t>> {
    members.iter().find(|(other, _)| other == name).map(|(_, value)| value)
}

/// Parses `0`, or digits without a leading zero (RFC 6901, section 4).
fn index(token: &str) -> Option<usize> {
    let is_index = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    is_index.then(|| token.parse().ok()).flatten()
}

/// Replaces `~1` by a slash and `~0` by a tilde (RFC 6901, section 3).
fn unescape(token: &str) -> Result<String, String> {
    let mut rest = token;
    let mut name = String::with_capacity(token.len());
    while let Some((before, escape)) = rest.split_once('~') {
        name.push_str(before);
        let (escaped, after) = match (escape.strip_prefix('0'), escape.strip_prefix('1')) {
            (Some(after), _) => ('~', after),
            (_, Some(after)) => ('/', after),
            (None, None) => {
                return Err("is not a valid JSON Pointer: a ~ must be followed by 0 or 1 (RFC 6901)".to_owned());
            }
        };
        name.push(escaped);
        rest = after;
    }
    name.push_str(rest);
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::read_object;

    fn find(path: &str, delimiter: Option<&str>, json: &str) -> Option<String> {
        let claims = read_object(json.as_bytes(), |_| true).unwrap();
        match ClaimPath::parse(path, delimiter).unwrap().find(&claims) {
            Some(Value::String(text)) => Some(text.to_string()),
            Some(other) => Some(other.type_name().to_owned()),
            None => None,
        }
    }

    #[test]
    fn a_name_is_literal_unless_a_delimiter_is_set() {
        let json = r#"{"a.b":"flat","a":{"b":"nested","c":null,"d":{"e":"deep"}},"n":null}"#;
        assert_eq!(find("a.b", None, json).unwrap(), "flat");
        assert_eq!(find("a.b", Some("."), json).unwrap(), "nested");
        assert_eq!(find("a::d::e", Some("::"), json).unwrap(), "deep");
        assert_eq!(find("a", Some("."), json).unwrap(), "an object");
        for (absent, delimiter) in
            [("x", None), ("n", None), ("a.c", Some(".")), ("a.b.c", Some(".")), ("x.y", Some("."))]
        {
            assert_eq!(find(absent, delimiter, json), None, "{absent}");
        }
    }

    #[test]
    fn a_json_pointer_can_name_every_claim() {
        let json = r#"{"https://corp/groups":["x","y"],"a~b":{"":"empty","c":"c"},"l":[{"n":"first"}]}"#;
        assert_eq!(find("/https:~1~1corp~1groups", Some("."), json).unwrap(), "an array");
        assert_eq!(find("/https:~1~1corp~1groups/1", None, json).unwrap(), "y");
        assert_eq!(find("/a~0b/c", None, json).unwrap(), "c");
        assert_eq!(find("/l/0/n", None, json).unwrap(), "first");
        for absent in ["/l/1", "/l/00", "/l/-", "/l/+0", "/l/x", "/a~0b/c/d"] {
            assert_eq!(find(absent, None, json), None, "{absent}");
        }
    }

    #[test]
    fn a_path_with_an_empty_name_is_an_error() {
        for (path, delimiter) in [("/", None), ("/a//b", None), ("a..b", Some(".")), (".a", Some("."))] {
            assert!(ClaimPath::parse(path, delimiter).unwrap_err().contains("a name is empty"), "{path}");
        }
        let address = ClaimPath::parse("https://corp.example/user", Some("/")).unwrap_err();
        assert!(address.contains("a name is empty") && address.ends_with("/https:~1~1corp.example~1user"), "{address}");
        assert!(ClaimPath::parse("/a~2", None).unwrap_err().contains("RFC 6901"));
        assert!(ClaimPath::parse("/a~", None).is_err());
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Verified claims → groups.

use std::collections::HashSet;

use crate::claims::VerifiedClaims;
use crate::claims::path::ClaimPath;
use crate::json::Value;
use crate::rejection::{Reason, Rejection};

/// A token with more groups is rejected. They cross to Java, and access control compares each of them.
pub(crate) const MAX_GROUPS: usize = 1000;

/// The claim with the groups, and how a string is split.
#[derive(Clone, Debug)]
pub(crate) struct GroupsField {
    /// The claim.
    pub(crate) path: ClaimPath,
    /// The delimiter between the groups if the claim is a string. Without it the string is one group.
    pub(crate) delimiter: Option<char>,
}

impl GroupsField {
    /// Reads the groups. An array contains one group in each of its strings. A string is one group, or is split at the
    /// delimiter. Nothing is trimmed, and empty strings are dropped. An absent claim gives no groups. Each group is
    /// returned once, in the order of the token.
    ///
    /// # Errors
    /// The claim has another type, or more than [`MAX_GROUPS`] groups.
    pub(crate) fn groups(&self, claims: &VerifiedClaims<'_>) -> Result<Vec<String>, Rejection> {
        let mut groups = Groups::default();
        match self.path.find(&claims.selected) {
            None => {}
            Some(Value::String(text)) => match self.delimiter {
                Some(delimiter) => text.split(delimiter).try_for_each(|group| groups.add(group, self))?,
                None => groups.add(text, self)?,
            },
            Some(Value::Array(elements)) => {
                for element in elements {
                    match element {
                        Value::String(group) => groups.add(group, self)?,
                        other => return Err(self.rejection(&format!("contains {}", other.type_name()))),
                    }
                }
            }
            Some(other) => {
                return Err(self.rejection(&format!("must be a string or an array, but is {}", other.type_name())));
            }
        }
        Ok(groups.in_order)
    }

    /// An invalid claim does not count as "no groups", because access control may allow more to a user without groups.
    fn rejection(&self, why: &str) -> Rejection {
        Rejection::new(Reason::GroupsNotText, format!("Invalid claims: '{}' {why}", self.path.text()))
    }
}

/// The groups so far. With the set each look-up takes the same time, however many groups a token contains.
#[derive(Default)]
struct Groups<'c> {
    in_order: Vec<String>,
    seen: HashSet<&'c str>,
}

impl<'c> Groups<'c> {
    fn add(&mut self, group: &'c str, field: &GroupsField) -> Result<(), Rejection> {
        if group.is_empty() || !self.seen.insert(group) {
            return Ok(());
        }
        if self.in_order.len() == MAX_GROUPS {
            return Err(field.rejection(&format!("contains more than {MAX_GROUPS} groups")));
        }
        self.in_order.push(group.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::tests::verified;

    fn groups(delimiter: Option<char>, claim: &str) -> Result<Vec<String>, String> {
        let path = ClaimPath::parse("groups", None).unwrap();
        let field = GroupsField { path, delimiter };
        let payload = format!(r#"{{"groups":{claim}}}"#);
        field.groups(&verified(&payload, &field)).map_err(|reject| reject.message().to_owned())
    }

    #[test]
    fn a_string_is_one_group_unless_a_delimiter_splits_it() {
        for (delimiter, claim, expected) in [
            (None, r#""Domain Admins""#, &["Domain Admins"][..]),
            (None, r#""a, b""#, &["a, b"]),
            (None, r#""""#, &[]),
            (None, r#"" ""#, &[" "]),
            (Some(','), r#""a, b,,a,""#, &["a", " b"]),
            (Some(','), r#""Domain Admins""#, &["Domain Admins"]),
            (Some(' '), r#"" a  b\tc a ""#, &["a", "b\tc"]),
            (Some(';'), r#""a;b c;""#, &["a", "b c"]),
            // The delimiter does not split elements of an array.
            (Some(','), r#"["a,b","","a,b","c"]"#, &["a,b", "c"]),
            (Some(' '), r#"["Domain Admins"]"#, &["Domain Admins"]),
            (None, r#"[" a ","a"]"#, &[" a ", "a"]),
            (None, "[]", &[]),
            (None, "null", &[]),
        ] {
            assert_eq!(groups(delimiter, claim).unwrap(), expected, "{claim}");
        }
    }

    #[test]
    fn the_first_group_beyond_the_limit_ends_the_reading() {
        let array = |groups: &[String]| serde_json::to_string(groups).unwrap();
        let many: Vec<String> = (0..1000).map(|number| format!("g{number}")).collect();
        let twice: Vec<String> = many.iter().chain(&many).cloned().collect();
        assert_eq!(groups(None, &array(&twice)).unwrap(), many);
        assert_eq!(groups(Some(','), &format!("\"{}\"", twice.join(","))).unwrap(), many);
        let too_many = Err("Invalid claims: 'groups' contains more than 1000 groups".to_owned());
        let more: Vec<String> = twice.iter().cloned().chain(["one".to_owned()]).collect();
        assert_eq!(groups(None, &array(&more)), too_many);
        assert_eq!(groups(Some(','), &format!("\"{}\"", more.join(","))), too_many);
        // The elements after it are not read.
        let broken = array(&more).replace("\"one\"", "\"one\",7");
        assert_eq!(groups(None, &broken), too_many);
    }
}

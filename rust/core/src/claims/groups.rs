//! Verified claims → groups.

use std::collections::HashSet;

use crate::claims::VerifiedClaims;
use crate::claims::path::ClaimPath;
use crate::json::Value;
use crate::rejection::{Reason, Rejection};

/// A token with more groups is refused: they cross to Java, and access control compares each of them.
const MAX_GROUPS: usize = 1000;

/// Where the groups are, and how a string is split.
#[derive(Clone, Debug)]
pub(crate) struct GroupsField {
    /// The claim.
    pub(crate) path: ClaimPath,
    /// What stands between the groups of a claim that is one string; none where such a string is one group.
    pub(crate) delimiter: Option<char>,
}

impl GroupsField {
    /// Takes the groups out of the claims: the strings of an array, each one group; or one string, which is one group unless
    /// a delimiter splits it. An empty string is no group, in an array and between delimiters alike, and nothing is trimmed.
    /// An absent claim gives none. Each group comes once, in the order of the token.
    ///
    /// # Errors
    /// The claim is something else, or holds more than [`MAX_GROUPS`] groups.
    pub(crate) fn groups(&self, claims: &VerifiedClaims<'_>) -> Result<Vec<String>, Rejection> {
        let mut groups = Groups::default();
        match self.path.find(&claims.read) {
            None => {}
            Some(Value::String(text)) => match self.delimiter {
                Some(delimiter) => text.split(delimiter).try_for_each(|group| groups.add(group, self))?,
                None => groups.add(text, self)?,
            },
            Some(Value::Array(elements)) => {
                for element in elements {
                    match element {
                        Value::String(group) => groups.add(group, self)?,
                        other => return Err(self.refused(&format!("holds {}", other.type_name()))),
                    }
                }
            }
            Some(other) => {
                return Err(self.refused(&format!("must be a string or an array, but is {}", other.type_name())));
            }
        }
        Ok(groups.in_order)
    }

    /// A user without groups may be allowed more than one with them, so that what cannot be read is not "none".
    fn refused(&self, why: &str) -> Rejection {
        Rejection::new(Reason::GroupsNotText, format!("Invalid claims: '{}' {why}", self.path.text()))
    }
}

/// The groups so far. The set makes each look as dear as the first; the bearer of a token chooses how many there are.
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
            return Err(field.refused(&format!("holds more than {MAX_GROUPS} groups")));
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
            // Elements are whole, whatever the delimiter.
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
    fn the_first_group_that_is_too_many_ends_the_look() {
        let array = |groups: &[String]| serde_json::to_string(groups).unwrap();
        let many: Vec<String> = (0..1000).map(|number| format!("g{number}")).collect();
        let twice: Vec<String> = many.iter().chain(&many).cloned().collect();
        assert_eq!(groups(None, &array(&twice)).unwrap(), many);
        assert_eq!(groups(Some(','), &format!("\"{}\"", twice.join(","))).unwrap(), many);
        let too_many = Err("Invalid claims: 'groups' holds more than 1000 groups".to_owned());
        let more: Vec<String> = twice.iter().cloned().chain(["one".to_owned()]).collect();
        assert_eq!(groups(None, &array(&more)), too_many);
        assert_eq!(groups(Some(','), &format!("\"{}\"", more.join(","))), too_many);
        // What stands behind it is not looked at any more.
        let broken = array(&more).replace("\"one\"", "\"one\",7");
        assert_eq!(groups(None, &broken), too_many);
    }
}

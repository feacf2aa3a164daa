// SPDX-License-Identifier: Apache-2.0
//! Reads the JSON of a rule file. What is not understood is an error with line, rule and member; nothing is ignored.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use java_regex::Pattern;
use serde_json::value::RawValue;

use crate::claim_rules::condition::{Condition, Scalar, Subject, Test};
use crate::claim_rules::outcome::{Groups, Outcome, Template};
use crate::claim_rules::{ClaimRules, Rule};
use crate::claims::ClaimNames;
use crate::claims::groups::MAX_GROUPS;
use crate::claims::path::ClaimPath;
use crate::claims::required::{FIRST_INEXACT, SCOPE_CLAIMS};
use crate::config::units::duration;
use crate::epoch::Epoch;
use crate::events::Events;
use crate::json::{JsonError, Member, Value, read_object};
use crate::json_file::{LineCounter, RuleFileError, read_file, text_of_file};
use crate::metrics::FileKind;
use crate::quoted::quoted;
use crate::user_mapping::UserMapping;
use crate::watched_file::{Reloadable, WatchedFile};

/// The largest rule file, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// The most conditions of one rule.
const MAX_CONDITIONS: usize = 100;
/// The longest message for the client, in characters.
const MAX_MESSAGE: usize = 100;

/// The outer object. Rules stay text, so that each is read, and each error reported, by itself.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile<'t> {
    #[serde(borrow)]
    rules: Vec<&'t RawValue>,
    #[serde(borrow)]
    otherwise: &'t RawValue,
}

impl ClaimRules {
    /// Reads a rule file.
    ///
    /// # Errors
    /// All that is wrong with the file, at once.
    pub fn from_file(path: &Path) -> Result<Self, Vec<RuleFileError>> {
        Self::open(path).map(|(_, rules)| rules)
    }

    /// As [`ClaimRules::from_file`], for a file that is polled for changes.
    pub(crate) fn from_watched_file(path: &Path) -> Result<Reloadable<Self>, Vec<RuleFileError>> {
        Self::open(path).map(|(file, rules)| Reloadable::of_file(file, rules))
    }

    fn open(path: &Path) -> Result<(WatchedFile, Self), Vec<RuleFileError>> {
        let (file, bytes) = WatchedFile::open(path, MAX_FILE_BYTES)
            .map_err(|error| vec![RuleFileError { line: 0, message: format!("cannot be read: {error}") }])?;
        Ok((file, Self::from_bytes(&bytes)?))
    }

    /// Applies a change of the file. `check` finds what this coordinator cannot use.
    pub(crate) fn poll(
        rules: &Reloadable<Self>,
        events: &Events,
        epoch: &Epoch,
        check: impl Fn(&Self) -> Result<(), String>,
    ) {
        rules.poll(FileKind::ClaimRules, events, epoch, |_, bytes| {
            let rules = Self::from_bytes(bytes)
                .map_err(|errors| errors.iter().map(RuleFileError::to_string).collect::<Vec<_>>())?;
            check(&rules).map_err(|why| vec![why])?;
            Ok(rules)
        });
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Vec<RuleFileError>> {
        Self::from_text(text_of_file(bytes).map_err(|error| vec![error])?)
    }

    /// Reads the text of a rule file.
    ///
    /// # Errors
    /// As [`ClaimRules::from_file`].
    pub fn from_text(text: &str) -> Result<Self, Vec<RuleFileError>> {
        let file: RuleFile<'_> = read_file(text).map_err(|error| vec![misunderstood(error)])?;
        let mut lines = LineCounter::new(text);
        let mut errors = Vec::new();
        let mut reader = Reader::default();
        let mut rules = Vec::with_capacity(file.rules.len());
        // The default may be written before the rules, and lines are counted forward only.
        let otherwise_line = LineCounter::new(text).line_of(file.otherwise.get());
        for (index, raw) in file.rules.iter().enumerate() {
            let line = lines.line_of(raw.get());
            match reader.rule(raw.get()) {
                Ok(rule) => rules.push(rule),
                Err(what) => errors.push(RuleFileError { line, message: format!("rule {} {what}", index + 1) }),
            }
        }
        let otherwise = reader.otherwise(file.otherwise.get()).map_err(|what| {
            errors.push(RuleFileError { line: otherwise_line, message: format!("otherwise {what}") });
        });
        match otherwise {
            Ok(otherwise) if errors.is_empty() => {
                // One more for the tokens that no rule matches.
                let hits = (0..=rules.len()).map(|_| AtomicU64::new(0)).collect();
                Ok(Self { rules, otherwise, reads: reader.reads, hits })
            }
            _ => Err(errors),
        }
    }
}

/// What serde says, and what to write if it is about the outer object.
fn misunderstood(error: RuleFileError) -> RuleFileError {
    let RuleFileError { line, message } = error;
    let advice = match &*message {
        what if what.starts_with("missing field `otherwise`") => {
            ": write what happens to a token that no rule matches, such as \"otherwise\": {\"allow\": false}"
        }
        what if ["missing field", "unknown field", "invalid type"].iter().any(|start| what.starts_with(start)) => {
            ": the file is one object with the members rules and otherwise"
        }
        _ => "",
    };
    RuleFileError { line, message: format!("is not a file of claim rules: {message}{advice}") }
}

/// Reads rules, and collects which claims they read.
#[derive(Default)]
struct Reader {
    reads: ClaimNames,
}

impl Reader {
    fn rule(&mut self, json: &str) -> Result<Rule, String> {
        let (mut description, mut conditions, mut allow) = (None, Vec::new(), None);
        let (mut message, mut user, mut groups) = (None, None, None);
        for (name, value) in object(json.as_bytes(), "a rule")? {
            match &*name {
                "description" => description = Some(text_of(&name, value)?),
                "conditions" => conditions = self.conditions(value)?,
                "allow" => allow = Some(boolean(&name, value)?),
                "message" => message = Some(message_for_client(value)?),
                "user" => user = Some(self.template("user", value)?),
                "groups" => groups = Some(self.groups(value)?),
                _ => return Err(unknown(&name, &["description", "conditions", "allow", "message", "user", "groups"])),
            }
        }
        let outcome = outcome(allow, message, user, groups)?;
        Ok(Rule { description, conditions, outcome })
    }

    fn otherwise(&mut self, json: &str) -> Result<Outcome, String> {
        let (mut allow, mut message) = (None, None);
        for (name, value) in object(json.as_bytes(), "an object with allow")? {
            match &*name {
                "allow" => allow = Some(boolean(&name, value)?),
                "message" => message = Some(message_for_client(value)?),
                _ => return Err(unknown(&name, &["allow", "message"])),
            }
        }
        outcome(allow, message, None, None)
    }

    fn conditions(&mut self, value: Value<'_>) -> Result<Vec<Condition>, String> {
        let Value::Array(elements) = value else {
            return Err(format!("has {} as conditions, which must be a list", value.type_name()));
        };
        if elements.len() > MAX_CONDITIONS {
            return Err(format!("has {} conditions; at most {MAX_CONDITIONS} are supported", elements.len()));
        }
        let read = |(index, element)| {
            self.condition(element)
                .map_err(|what: String| format!("has a wrong condition: condition {} {what}", index + 1))
        };
        elements.into_iter().enumerate().map(read).collect()
    }

    fn condition(&mut self, value: Value<'_>) -> Result<Condition, String> {
        let text = value.to_string();
        let Value::Object(mut members) = value else { return Err(format!("is {}, not an object", value.type_name())) };
        if let [(name, _)] = &*members
            && name == "not"
        {
            let (_, inner) = members.swap_remove(0);
            let inner = self.condition(inner).map_err(|what| format!("under not {what}"))?;
            if inner.is_negated {
                return Err("has not within not: write the condition without both".to_owned());
            }
            return Ok(Condition { is_negated: true, text, ..inner });
        }
        let subject = self.subject(members)?;
        Ok(Condition { subject, is_negated: false, text })
    }

    fn subject(&mut self, members: Vec<Member<'_>>) -> Result<Subject, String> {
        const SUBJECTS: [&str; 6] = ["claim", "scope", "issuer", "max_age", "max_lifetime", "not"];
        let mut subjects: Vec<&str> =
            members.iter().map(|(name, _)| &**name).filter(|name| SUBJECTS.contains(name)).collect();
        subjects.sort_unstable();
        match *subjects {
            ["claim"] => self.claim(members),
            [_] if members.len() == 1 => {
                let mut members = members;
                let (name, value) = members.swap_remove(0);
                match &*name {
                    "scope" => {
                        self.reads.extend(SCOPE_CLAIMS.map(Box::from));
                        let scope = text_of(&name, value)?;
                        match scope.is_empty() || scope.contains(' ') {
                            true => Err("has a scope that is empty or holds a blank, which no token has".to_owned()),
                            false => Ok(Subject::Scope(scope)),
                        }
                    }
                    "issuer" => texts(&name, value).map(Subject::Issuer),
                    "max_age" => time(&name, value).map(Subject::MaxAge),
                    _ => time(&name, value).map(Subject::MaxLifetime),
                }
            }
            [] => {
                let names = members.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ");
                Err(format!("has none of {} (it has: {names})", SUBJECTS.join(", ")))
            }
            [one] => {
                let other = members.iter().map(|(name, _)| &**name).find(|name| *name != one).unwrap_or_default();
                Err(format!("has '{}' beside {one}, which stands alone", quoted(other)))
            }
            _ => Err(format!("has {} together: write a condition for each", subjects.join(" and "))),
        }
    }

    /// `claim` and its test.
    fn claim(&mut self, members: Vec<Member<'_>>) -> Result<Subject, String> {
        const TESTS: [&str; 11] = [
            "present",
            "equals",
            "one_of",
            "holds",
            "holds_one_of",
            "holds_all_of",
            "pattern",
            "holds_pattern",
            "min",
            "max",
            "min_length",
        ];
        let mut path = None;
        let mut tests: Vec<(&'static str, Test)> = Vec::new();
        let (mut least, mut greatest) = (None, None);
        let (mut shortest, mut longest) = (None, None);
        for (name, value) in members {
            match &*name {
                "claim" => path = Some(self.path(&name, value)?),
                "present" => match boolean(&name, value)? {
                    true => tests.push(("present", Test::Present)),
                    false => {
                        return Err("has present: false; write {\"not\": {\"claim\": …, \"present\": true}}".to_owned());
                    }
                },
                "equals" => tests.push(("equals", Test::OneOf(vec![scalar(&name, value)?]))),
                "one_of" => tests.push(("one_of", Test::OneOf(scalars(&name, value)?))),
                "holds" => tests.push(("holds", Test::HoldsOneOf(vec![scalar(&name, value)?]))),
                "holds_one_of" => tests.push(("holds_one_of", Test::HoldsOneOf(scalars(&name, value)?))),
                "holds_all_of" => tests.push(("holds_all_of", Test::HoldsAllOf(scalars(&name, value)?))),
                "pattern" => tests.push(("pattern", Test::Matches(pattern(&name, value)?))),
                "holds_pattern" => tests.push(("holds_pattern", Test::HoldsMatch(pattern(&name, value)?))),
                "min" => least = Some(number(&name, &value)?),
                "max" => greatest = Some(number(&name, &value)?),
                "min_length" => shortest = Some(length(&name, &value)?),
                "max_length" => longest = Some(length(&name, &value)?),
                _ => return Err(unknown(&name, &[&["claim"], &TESTS[..], &["max_length"]].concat())),
            }
        }
        if least.is_some() || greatest.is_some() {
            if let (Some(least), Some(greatest)) = (least, greatest)
                && least > greatest
            {
                return Err(format!("has a min of {least} above its max of {greatest}"));
            }
            tests.push(("min and max", Test::Range(least, greatest)));
        }
        if shortest.is_some() || longest.is_some() {
            let (shortest, longest) = (shortest.unwrap_or(0), longest.unwrap_or(usize::MAX));
            if shortest > longest {
                return Err(format!("has a min_length of {shortest} above its max_length of {longest}"));
            }
            tests.push(("min_length and max_length", Test::Length(shortest, longest)));
        }
        let path = path.ok_or("has no claim")?;
        match (tests.pop(), tests.pop()) {
            (Some((name, test)), None) => {
                check_type(&path, name, &test)?;
                Ok(Subject::Claim(path, test))
            }
            (Some((one, _)), Some((other, _))) => {
                Err(format!("has {other} and {one} together: write a condition for each"))
            }
            (None, _) => Err(format!(
                "says nothing of the claim '{}': add one of {} or max_length",
                quoted(path.text()),
                TESTS.join(", ")
            )),
        }
    }

    fn path(&mut self, name: &str, value: Value<'_>) -> Result<ClaimPath, String> {
        let path = ClaimPath::parse(&text_of(name, value)?, None).map_err(|why| format!("has a claim that {why}"))?;
        self.reads.insert(path.top().into());
        Ok(path)
    }

    /// `user` or `groups`: the claim, and how the text is made of it.
    fn template(&mut self, member: &str, value: Value<'_>) -> Result<Template, String> {
        let Value::Object(members) = value else {
            return Err(format!("has {} as {member}, which must be an object with claim", value.type_name()));
        };
        let replacement_name = if member == "user" { "user" } else { "group" };
        let (mut claim, mut pattern, mut replacement, mut case) = (None, None, None, None);
        for (name, value) in members {
            match &*name {
                "claim" => claim = Some(self.path(&name, value)?),
                "pattern" => pattern = Some(text_of(&name, value)?),
                "case" => case = Some(text_of(&name, value)?),
                other if other == replacement_name => replacement = Some(text_of(&name, value)?),
                _ => {
                    return Err(format!(
                        "under {member} {}",
                        unknown(&name, &["claim", "pattern", replacement_name, "case"])
                    ));
                }
            }
        }
        let claim = claim.ok_or_else(|| format!("has a {member} without claim"))?;
        let mapping = UserMapping::from_claim_rule(pattern.as_deref(), replacement.as_deref(), case.as_deref())
            .map_err(|what| format!("under {member} {what}"))?;
        Ok(Template { claim, mapping })
    }

    fn groups(&mut self, value: Value<'_>) -> Result<Groups, String> {
        match value {
            Value::Array(_) => {
                let mut groups = texts("groups", value)?;
                let mut seen = HashSet::new();
                groups.retain(|group| seen.insert(group.clone()));
                match groups.iter().any(String::is_empty) {
                    true => Err("has an empty group".to_owned()),
                    false if groups.len() > MAX_GROUPS => Err(format!("has more than {MAX_GROUPS} groups")),
                    false => Ok(Groups::Listed(groups)),
                }
            }
            other => self.template("groups", other).map(Groups::Made),
        }
    }
}

/// Reports a test that no registered claim (RFC 7519, section 4.1) can pass, because the claim always has another type.
fn check_type(path: &ClaimPath, name: &str, test: &Test) -> Result<(), String> {
    let (claim_type, fits) = match path.top() {
        _ if !path.is_top() => return Ok(()),
        "iss" | "sub" | "jti" => ("a string", test.fits_text()),
        "exp" | "nbf" | "iat" => ("a number", test.fits_number()),
        // One audience is a list, too.
        "aud" => ("a list", test.fits_list()),
        _ => return Ok(()),
    };
    if fits {
        return Ok(());
    }
    Err(format!("tests the claim '{}', which is always {claim_type}, with {name}, which then never holds", path.text()))
}

fn outcome(
    allow: Option<bool>,
    message: Option<String>,
    user: Option<Template>,
    groups: Option<Groups>,
) -> Result<Outcome, String> {
    match allow {
        Some(true) if message.is_some() => {
            Err("has a message and \"allow\": true: a message is for who is rejected".to_owned())
        }
        Some(true) => Ok(Outcome::Allow { user, groups }),
        Some(false) if user.is_some() || groups.is_some() => {
            Err("has \"allow\": false and sets a user or groups: remove them".to_owned())
        }
        Some(false) => Ok(Outcome::Deny { message }),
        None => Err("has no allow: write \"allow\": true or \"allow\": false".to_owned()),
    }
}

fn object<'j>(json: &'j [u8], what: &str) -> Result<Vec<Member<'j>>, String> {
    read_object(json, |_| true).map_err(|error| match error {
        JsonError::DuplicateMember => "contains a duplicate member".to_owned(),
        JsonError::Malformed(_) => format!("is not an object; {what} is one"),
    })
}

fn unknown(name: &str, known: &[&str]) -> String {
    format!("has the unknown member '{}'; known are {}", quoted(name), known.join(", "))
}

fn text_of(name: &str, value: Value<'_>) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.into_owned()),
        other => Err(format!("has {} as {name}, which must be a string", other.type_name())),
    }
}

fn message_for_client(value: Value<'_>) -> Result<String, String> {
    let message = text_of("message", value)?;
    match message.chars().count() {
        0 => Err("has an empty message: remove it, or write one".to_owned()),
        length if length > MAX_MESSAGE => {
            Err(format!("has a message of {length} characters; the limit is {MAX_MESSAGE}"))
        }
        _ => Ok(message),
    }
}

fn boolean(name: &str, value: Value<'_>) -> Result<bool, String> {
    match value {
        Value::Boolean(truth) => Ok(truth),
        other => Err(format!("has {} as {name}, which must be true or false", other.type_name())),
    }
}

fn texts(name: &str, value: Value<'_>) -> Result<Vec<String>, String> {
    match value {
        Value::String(text) => Ok(vec![text.into_owned()]),
        Value::Array(elements) if elements.is_empty() => Err(format!("has an empty list as {name}")),
        Value::Array(elements) => elements.into_iter().map(|element| text_of(name, element)).collect(),
        other => Err(format!("has {} as {name}, which must be a string or a list of strings", other.type_name())),
    }
}

fn scalar(name: &str, value: Value<'_>) -> Result<Scalar, String> {
    match value {
        Value::String(text) => Ok(Scalar::Text(text.into_owned())),
        Value::Boolean(truth) => Ok(Scalar::Boolean(truth)),
        Value::Integer(number) => Ok(Scalar::Integer(number)),
        Value::Float(number) if number.abs() < FIRST_INEXACT => Ok(Scalar::Float(number)),
        Value::Float(_) => Err(format!("has a number in {name} that is too large to be compared exactly")),
        other => Err(format!("has {} in {name}, which takes strings, numbers, true and false", other.type_name())),
    }
}

fn scalars(name: &str, value: Value<'_>) -> Result<Vec<Scalar>, String> {
    match value {
        Value::Array(elements) if elements.is_empty() => Err(format!("has an empty list as {name}")),
        Value::Array(elements) => elements.into_iter().map(|element| scalar(name, element)).collect(),
        other => Err(format!("has {} as {name}, which must be a list", other.type_name())),
    }
}

fn pattern(name: &str, value: Value<'_>) -> Result<Box<Pattern>, String> {
    let pattern = Pattern::new(&text_of(name, value)?).map_err(|error| format!("has an invalid {name}: {error}"))?;
    Ok(Box::new(pattern))
}

#[expect(clippy::cast_precision_loss, reason = "larger integers are an error")]
fn number(name: &str, value: &Value<'_>) -> Result<f64, String> {
    let number = match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        other => return Err(format!("has {} as {name}, which must be a number", other.type_name())),
    };
    match number.abs() < FIRST_INEXACT {
        true => Ok(number),
        false => Err(format!("has a {name} that is too large to be compared exactly")),
    }
}

fn length(name: &str, value: &Value<'_>) -> Result<usize, String> {
    match value {
        Value::Integer(number) => usize::try_from(*number).map_err(|_| format!("has a {name} below 0")),
        other => Err(format!("has {} as {name}, which must be a whole number", other.type_name())),
    }
}

fn time(name: &str, value: Value<'_>) -> Result<Duration, String> {
    let text = text_of(name, value)?;
    match duration(&text) {
        Ok(time) if time.is_zero() => Err(format!("has a {name} of 0s, which no token fulfils")),
        Ok(time) => Ok(time),
        Err(why) => Err(format!("has a {name} that {why}")),
    }
}

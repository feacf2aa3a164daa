// SPDX-License-Identifier: Apache-2.0
//! The text of a revocation file, one entry a line:
//! `sub=alice issuer=https://idp.example issued-before=2026-11-28T12:00:00Z until=2026-12-01T00:00:00Z # left the company`.
//!
//! A line has one kind with its value, then options, then a comment, each of which may be absent after the kind. A value
//! with a blank or another special character is a JSON string. What is not understood is an error: an entry that was
//! skipped would let somebody in.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::token_digest;
use crate::claims::Claims;
use crate::clock::UnixMillis;
use crate::config::{ConfigurationErrors, MAX_CLOCK_SKEW, Problem};
use crate::java_text::is_blank;
use crate::json_file::text_of_file;
use crate::quoted::{is_unprintable, quoted};
use crate::rejection::Rejection;
use crate::token::CompactJws;

/// The blanks between words.
const BLANKS: [char; 2] = [' ', '\t'];
/// A file with more errors is not read to its end.
const MAX_ERRORS: usize = 20;
/// The maximum length of a word that an error shows. The header of a token, pasted by mistake, is longer.
const MAX_SHOWN: usize = 20;

/// What an entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationKind {
    /// `jti`: one token.
    TokenId,
    /// `sub`: all tokens of a subject.
    Subject,
    /// `sid`: all tokens of a session at the issuer.
    Session,
    /// `kid`: all tokens whose protected header names this key.
    KeyId,
    /// `iss`: all tokens of an issuer.
    Issuer,
    /// The SHA-256 of one token's JWS Signing Input, in base64url. An ECDSA signature has a twin that verifies as well, so
    /// the signature does not count.
    Token,
}

impl RevocationKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::TokenId, Self::Subject, Self::Session, Self::KeyId, Self::Issuer, Self::Token];

    /// The name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenId => "jti",
            Self::Subject => "sub",
            Self::Session => "sid",
            Self::KeyId => "kid",
            Self::Issuer => "iss",
            Self::Token => "token",
        }
    }
}

/// One entry of a revocation file. `Display` writes it as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationEntry<'t> {
    /// What it names.
    pub kind: RevocationKind,
    /// The name.
    pub value: Cow<'t, str>,
    /// Only tokens with this `iss`.
    pub issuer: Option<Cow<'t, str>>,
    /// Only tokens whose `iat` is before this time, and those without `iat`.
    pub issued_before: Option<UnixMillis>,
    /// The last millisecond in which the entry is in force.
    pub until: Option<UnixMillis>,
}

impl<'t> RevocationEntry<'t> {
    /// An entry without options.
    #[must_use]
    pub fn new(kind: RevocationKind, value: impl Into<Cow<'t, str>>) -> Self {
        Self { kind, value: value.into(), issuer: None, issued_before: None, until: None }
    }

    /// An entry for one token, which need not be valid. It ends when no coordinator accepts the token any more: after `exp`
    /// and the longest `clock-skew`.
    ///
    /// # Errors
    /// The token has no claims.
    pub fn of_token(token: &[u8]) -> Result<Self, Rejection> {
        let header = CompactJws::parse(token, usize::MAX)?.decode_header()?;
        let token = header.decode_rest()?;
        let expires_at = Claims::read_unverified(token.unverified_payload())?.expires_at();
        let skew = i64::try_from(MAX_CLOCK_SKEW.as_millis()).unwrap_or(i64::MAX);
        let until = expires_at.map(|at| UnixMillis(at.0.saturating_add(skew)));
        // The file cannot name a time after the year 9999.
        let until = until.filter(|until| Timestamp::from_millisecond(until.0).is_ok());
        let digest = URL_SAFE_NO_PAD.encode(token_digest(token.signing_input()));
        Ok(Self { until, ..Self::new(RevocationKind::Token, digest) })
    }

    /// Reads a line without its end; `None` if it has no entry.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn read(line: &'t str) -> Result<Option<Self>, String> {
        // Other programs end a line here, so that an entry could seem to be part of a comment.
        if line.contains('\r') {
            return Err("has a carriage return within it: end each line with a line feed".to_owned());
        }
        let mut rest = line.trim_matches(BLANKS);
        let Some((name, value)) = word(&mut rest)? else { return Ok(None) };
        let Some(kind) = RevocationKind::ALL.into_iter().find(|kind| kind.name() == name) else {
            return Err(format!(
                "begins with {}: begin it with jti=, sub=, sid=, kid=, iss= or token=, or with # for a comment",
                shown(name)
            ));
        };
        let value = match kind {
            RevocationKind::Token => Cow::Owned(digest(&value)?),
            _ => value,
        };
        let mut entry = Self::new(kind, value);
        while let Some((name, value)) = word(&mut rest)? {
            let is_set = match name {
                "issuer" if kind == RevocationKind::Issuer => {
                    return Err("has an issuer behind iss, which names the issuer already: remove it".to_owned());
                }
                "issuer" => entry.issuer.replace(value).is_some(),
                "issued-before" => entry.issued_before.replace(time(name, &value)?).is_some(),
                "until" => entry.until.replace(time(name, &value)?).is_some(),
                _ => {
                    return Err(format!(
                        "has the unknown option {}: an entry may have issuer, issued-before and until; write another entry on a line of its own, and # before a comment",
                        shown(name)
                    ));
                }
            };
            if is_set {
                return Err(format!("has {name} twice: remove one"));
            }
        }
        Ok(Some(entry))
    }

    /// True after its end.
    #[must_use]
    pub fn has_ended(&self, now: UnixMillis) -> bool {
        self.until.is_some_and(|until| until < now)
    }
}

/// Takes the next `name=value` from the text; `None` at its end or at a comment.
fn word<'t>(text: &mut &'t str) -> Result<Option<(&'t str, Cow<'t, str>)>, String> {
    let rest = text.trim_start_matches(BLANKS);
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(None);
    }
    let word_end = rest.find(BLANKS).unwrap_or(rest.len());
    let Some((name, value)) = rest.split_once('=').filter(|(name, _)| name.len() < word_end) else {
        let word = rest.get(..word_end).unwrap_or_default();
        return Err(format!("has {}, which is not name=value: write # before a comment", shown(word)));
    };
    let (value, rest) = if value.starts_with('"') {
        json_string(name, value)?
    } else {
        let (value, rest) = value.split_at(value.find(BLANKS).unwrap_or(value.len()));
        (bare(name, value)?.into(), rest)
    };
    if is_blank(&value) {
        return Err(format!("has no value behind {}=: no token has a blank one", shown(name)));
    }
    *text = rest;
    Ok(Some((name, value)))
}

/// A value without quotes.
fn bare<'t>(name: &str, value: &'t str) -> Result<&'t str, String> {
    // Such an entry would be about nobody.
    if value.starts_with('\'') || value.ends_with([',', ';']) {
        return Err(format!(
            "has the value {} of {}, as in another file format: separate options with blanks, or write the value as a JSON string, in quotes, if it is meant",
            shown(value),
            shown(name)
        ));
    }
    match value.chars().find(|&character| !is_plain(character)) {
        None => Ok(value),
        Some(character) => Err(format!(
            "has the character {} in the value of {}: write the value as a JSON string, in quotes",
            quoted(&character.to_string()),
            shown(name)
        )),
    }
}

/// True for a character that a value without quotes may contain.
fn is_plain(character: char) -> bool {
    !(character.is_whitespace() || is_unprintable(character) || matches!(character, '"' | '#' | '\\'))
}

/// A value in quotes, and the text after it.
fn json_string<'t>(name: &str, text: &'t str) -> Result<(Cow<'t, str>, &'t str), String> {
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = strings.next().and_then(Result::ok);
    let rest = text.get(strings.byte_offset()..).unwrap_or_default();
    match value {
        Some(value) if rest.is_empty() || rest.starts_with(BLANKS) => Ok((value.into(), rest)),
        Some(_) => Err(format!("has text directly behind the value of {}: write a blank between them", shown(name))),
        None => Err(format!(
            "has a value of {} that is not a JSON string: end it with a quote, and write \\\" and \\\\ within it",
            shown(name)
        )),
    }
}

/// A SHA-256 in base64url, or in hexadecimal digits, which become base64url.
fn digest(text: &str) -> Result<String, String> {
    let mut digest = [0; 32];
    if URL_SAFE_NO_PAD.decode_slice(text, &mut digest) == Ok(digest.len()) {
        return Ok(text.to_owned());
    }
    let hexadecimal = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    if text.len() == 2 * digest.len() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        for (at, byte) in digest.iter_mut().enumerate() {
            *byte = hexadecimal(at).unwrap_or_default();
        }
        return Ok(URL_SAFE_NO_PAD.encode(digest));
    }
    // The value may be a token, which must not be shown.
    Err(format!(
        "has a value of token with {} characters, which is not a SHA-256 (43 characters of base64url, or 64 hexadecimal digits): 'nativejwt revoke' makes the entry of a token",
        text.chars().count()
    ))
}

/// A time of RFC 3339. A fraction of a millisecond makes it later, so that an entry revokes no less than it says.
fn time(name: &str, text: &str) -> Result<UnixMillis, String> {
    const NANOS: i128 = 1_000_000;
    let time = text.parse::<Timestamp>().map_err(|_| {
        format!(
            "has the time '{}' as {name}: write it in the form of RFC 3339, such as 2026-11-28T12:00:00Z",
            quoted(text)
        )
    })?;
    let later = -(-time.as_nanosecond()).div_euclid(NANOS);
    Ok(UnixMillis(i64::try_from(later).unwrap_or(i64::MAX)))
}

/// A word of the file, for an error.
fn shown(word: &str) -> String {
    let cut = if word.chars().nth(MAX_SHOWN).is_some() { "…" } else { "" };
    let word: String = word.chars().take(MAX_SHOWN).collect();
    format!("'{}{cut}'", quoted(&word))
}

impl fmt::Display for RevocationEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, self.kind.name(), &self.value)?;
        if let Some(issuer) = &self.issuer {
            f.write_char(' ')?;
            write_value(f, "issuer", issuer)?;
        }
        for (name, time) in [("issued-before", self.issued_before), ("until", self.until)] {
            if let Some(time) = time {
                match Timestamp::from_millisecond(time.0) {
                    Ok(time) => write!(f, " {name}={time}")?,
                    // A file has no such time.
                    Err(_) => write!(f, " {name}={time}")?,
                }
            }
        }
        Ok(())
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    write!(f, "{name}=")?;
    if !value.is_empty() && value.chars().all(is_plain) && bare(name, value).is_ok() {
        return f.write_str(value);
    }
    f.write_char('"')?;
    for character in value.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            character if is_unprintable(character) => {
                let mut units = [0; 2];
                character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))?;
            }
            character => f.write_char(character)?,
        }
    }
    f.write_char('"')
}

/// A line of a revocation file.
#[derive(Clone, Debug)]
pub struct RevocationLine<'t> {
    /// Its number, from 1.
    pub number: usize,
    /// Its text, with its end.
    pub text: &'t str,
    /// Its entry, if it has one.
    pub entry: Option<RevocationEntry<'t>>,
}

/// Calls `each` for every line of a file. `source` names the file in errors.
///
/// # Errors
/// The lines that are wrong, the first twenty of them.
pub fn revocation_lines<'t>(
    bytes: &'t [u8],
    source: &str,
    mut each: impl FnMut(RevocationLine<'t>),
) -> Result<(), ConfigurationErrors> {
    let text = text_of_file(bytes).map_err(|error| Problem::for_line(source, error.line, error.message))?;
    let mut errors = ConfigurationErrors::default();
    for (index, text) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        match RevocationEntry::read(line) {
            Ok(entry) => each(RevocationLine { number, text, entry }),
            Err(what) => errors.push(Problem::for_line(source, number, what)),
        }
        if errors.problems().len() == MAX_ERRORS {
            errors.push(Problem::for_file(source, "has more lines, which were not read after these errors"));
            break;
        }
    }
    errors.or(())
}

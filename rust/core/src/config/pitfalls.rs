// SPDX-License-Identifier: Apache-2.0
//! Finds values that Java reads differently than their author expects. A coordinator starts with most of them, and then
//! rejects or accepts tokens by a different value than the operator sees.

use std::fs;
use std::path::Path;

use crate::config::finding::Finding;
use crate::config::java_properties::{LogicalLine, check_encoding, latin1, logical_lines, split_raw, unescape};
use crate::config::known::{CLIENT_PREFIX, PREFIX, STORAGE_ROLE};
use crate::config::names::advice_for_unknown_property;
use crate::config::problem::{ConfigurationErrors, Problem, on_one_line};
use crate::config::properties::Properties;
use crate::quoted::is_unprintable;

/// The longest excerpt of a file in a message, in characters.
const SHOWN_CHARACTERS: usize = 300;

impl Properties {
    /// Values that Java reads differently than they look: one warning for each, with its line. Only properties for
    /// which `is_ours` is true are checked. The result is empty if the file cannot be read.
    #[must_use]
    pub fn pitfalls(path: &Path, is_ours: impl Fn(&str) -> bool) -> ConfigurationErrors {
        let source = path.display().to_string();
        let mut found = ConfigurationErrors::default();
        let Ok(bytes) = fs::read(path) else { return found };
        if check_encoding(&bytes, &source).is_err() {
            return found;
        }
        let text = latin1(&bytes);
        for line in logical_lines(&text) {
            let (raw_name, raw_value) = split_raw(&line.text);
            let Ok(name) = unescape(raw_name) else { continue };
            let mut warn = |finding: Finding, message: String, fix: Option<String>| {
                let problem = Problem::for_property(&name, &source, line.line, message);
                found.push(match fix {
                    Some(fix) => problem.with_fix(finding, fix),
                    None => problem.named(finding),
                });
            };
            if let Some(hidden) = property_name(raw_value) {
                warn(
                    Finding::PropertyInValue,
                    format!("is read as the name of a property, and {hidden} as its value"),
                    Some(format!("Begin the line with {hidden}")),
                );
            } else if is_ours(&name) {
                Value { name: &name, raw: raw_value }.check(&line, &mut warn);
            } else if is_meant_for_us(&name) {
                let message = format!("is not a known property{}", advice_for_unknown_property(&name));
                warn(Finding::UnknownProperty, message, None);
            }
        }
        found
    }
}

/// The name of one of our properties, if the text begins with one, as after `export` in `export NAME=VALUE`.
fn property_name(text: &str) -> Option<&str> {
    let starts = [PREFIX, CLIENT_PREFIX].iter().any(|prefix| text.starts_with(prefix));
    starts.then(|| split_raw(text).0)
}

/// True for a name in config.properties that contains JWT or JWKS and is not a property of Trino.
fn is_meant_for_us(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "jwt" | "jwks"))
}

/// A value as it is written in the file.
struct Value<'l> {
    name: &'l str,
    raw: &'l str,
}

impl Value<'_> {
    fn check(&self, line: &LogicalLine, warn: &mut impl FnMut(Finding, String, Option<String>)) {
        self.check_backslashes(warn);
        self.check_joints(line, warn);
        self.check_surroundings(warn);
        self.check_encoding(warn);
    }

    fn is_pattern(&self) -> bool {
        self.name.ends_with("user-mapping.pattern")
    }

    /// The text, if a message may show it: passwords and keys are never shown.
    fn shown(&self, text: &str) -> Option<String> {
        let is_secret = self.name.ends_with("password")
            || self.name.ends_with("user")
            || text.starts_with("inline:")
            || (text.contains("://") && text.contains('@'));
        (!is_secret).then(|| cut(text))
    }

    fn check_backslashes(&self, warn: &mut impl FnMut(Finding, String, Option<String>)) {
        let (mut changed, mut written): (Vec<String>, String) = (Vec::new(), String::new());
        let mut characters = self.raw.chars().peekable();
        while let Some(c) = characters.next() {
            written.push(c);
            let Some(escaped) = characters.next_if(|_| c == '\\') else { continue };
            if self.changes_meaning(escaped) {
                written.push('\\');
                let escape = format!("\\{escaped}");
                if !changed.contains(&escape) {
                    changed.push(escape);
                }
            }
            written.push(escaped);
        }
        if changed.is_empty() {
            return;
        }
        let read = unescape(self.raw).unwrap_or_default();
        let becomes_control = changed.iter().any(|escape| matches!(&**escape, "\\t" | "\\n" | "\\r" | "\\f"));
        let what = if becomes_control {
            "drops a single backslash or turns it into a tab or a line end"
        } else {
            "drops a single backslash"
        };
        let changed = changed.join(", ");
        let (message, fix) = match (self.shown(read.trim()), self.shown(written.trim_end())) {
            (Some(read), Some(written)) => {
                let or_slashes = if is_windows_path(&written) {
                    format!(", or {}", written.replace("\\\\", "/"))
                } else {
                    String::new()
                };
                let message = format!("contains {changed}: Java's property format {what} and reads '{read}'");
                (message, Some(format!("Write {written}{or_slashes}")))
            }
            _ => (format!("contains {changed}: Java's property format {what}"), None),
        };
        warn(Finding::BackslashDropped, message, fix);
    }

    /// Whether the value means something else without the backslash before this character. In a pattern, most
    /// punctuation marks mean themselves either way, and a tab matches as `\t` does.
    fn changes_meaning(&self, escaped: char) -> bool {
        match escaped {
            // Escapes of the format, which tools write: \\ \: \= \# \! and \ before a space. \u is checked by the
            // reader.
            '\\' | ':' | '=' | '#' | '!' | ' ' | 'u' | '"' | '\'' | '/' => false,
            't' | 'n' | 'r' | 'f' => !self.is_pattern() || self.raw.contains(":\\"),
            '-' if self.is_pattern() => self.raw.contains('['),
            mark if self.is_pattern() => mark.is_alphanumeric() || ".[]{}()*+?^$|&".contains(mark),
            _ => true,
        }
    }

    /// Lines that a backslash joins by mistake.
    fn check_joints(&self, line: &LogicalLine, warn: &mut impl FnMut(Finding, String, Option<String>)) {
        for (index, &joint) in line.joints.iter().enumerate() {
            let ends = line.line + index;
            let next = ends + 1;
            let joined = line.text.get(joint..).unwrap_or_default();
            if let Some(name) = property_name(joined) {
                let message = format!(
                    "includes line {next} in its value, because line {ends} ends in a backslash, so {name} is not set"
                );
                warn(Finding::LinesJoined, message, Some("Remove the backslash or write two".to_owned()));
            } else if joined.starts_with(['#', '!']) {
                let message = format!(
                    "includes the comment of line {next} in its value, because line {ends} ends in a backslash"
                );
                let fix = "Move the comment above the first of these lines";
                warn(Finding::LinesJoined, message, Some(fix.to_owned()));
            }
        }
        let bare = self.raw.trim_end_matches([' ', '\t', '\x0c']);
        let backslashes = bare.len() - bare.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            let message = "ends in a backslash with spaces after it, so it is not joined with the next line";
            warn(Finding::LinesJoined, message.to_owned(), Some("Remove the spaces".to_owned()));
        }
    }

    fn check_surroundings(&self, warn: &mut impl FnMut(Finding, String, Option<String>)) {
        let value = self.raw.trim();
        if let Some(separator) = value.chars().next().filter(|c| matches!(c, '=' | ':' | '>')) {
            warn(Finding::SeparatorInValue, format!("has a value that begins with '{separator}'"), None);
        }
        let is_quoted = |quote: char| value.strip_prefix(quote).is_some_and(|rest| rest.contains(quote));
        if ['"', '\'', '`'].into_iter().any(is_quoted) {
            let message = "has quotes around its value, which become part of the value";
            warn(Finding::QuotesInValue, message.to_owned(), None);
        }
        if !self.is_pattern() && value.starts_with('[') && value.ends_with(']') {
            let message = "has brackets around its value, which become part of the value";
            warn(Finding::BracketsInValue, message.to_owned(), None);
        }
        if let Some(name) = self.variable(value).filter(|_| !self.is_pattern()) {
            warn(
                Finding::VariableNotReplaced,
                format!("contains ${{{name}}}, which is not replaced"),
                Some(format!("Write an environment variable as ${{ENV:{name}}}")),
            );
        }
        if let Some(comment) = comment(value) {
            let shown = self.shown(comment).map_or_else(String::new, |comment| format!(", '{comment}'"));
            let message = format!("includes in its value what looks like a comment{shown}");
            warn(Finding::CommentInValue, message, None);
        }
    }

    /// The name in the first `${NAME}` without a provider, which is not replaced. `${KID}` belongs to `key-file`, and `${USER}`
    /// to `storage.role`.
    fn variable<'v>(&self, value: &'v str) -> Option<&'v str> {
        let names = value.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        let is_name =
            |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_replaced = |name: &str| name == "KID" || name == "USER" && self.name.ends_with(STORAGE_ROLE);
        names.filter(is_name).find(|name| !is_replaced(name))
    }

    fn check_encoding(&self, warn: &mut impl FnMut(Finding, String, Option<String>)) {
        let text = format!("{} {}", self.name, self.raw);
        let beyond_ascii: String = text.chars().filter(|c| !c.is_ascii()).collect();
        if beyond_ascii.is_empty() {
            return;
        }
        let bytes: Vec<u8> = text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let Ok(utf8) = String::from_utf8(bytes) else {
            // The file is in ISO-8859-1, unless it is in a related encoding, which has letters or quotes where
            // ISO-8859-1 has control characters.
            if beyond_ascii.chars().any(|c| c < '\u{a0}') {
                let bytes = hexadecimal(&beyond_ascii);
                let message = format!(
                    "contains the bytes {bytes}: Java reads the file as ISO-8859-1, where these are control characters"
                );
                warn(Finding::NotAscii, message, None);
            }
            return;
        };
        let mut characters: Vec<char> = utf8.chars().filter(|c| !c.is_ascii()).collect();
        characters.dedup();
        let named: Vec<String> = characters.iter().map(|&c| name_of(c)).collect();
        let escapes: Vec<String> = characters.iter().map(|&c| escape_of(c)).collect();
        let read = unescape(self.raw).ok().and_then(|read| self.shown(read.trim()));
        let message = format!(
            "contains {} in UTF-8 (the bytes {}), but Java reads property files as ISO-8859-1{}",
            named.join(", "),
            hexadecimal(&beyond_ascii),
            read.map_or_else(String::new, |read| format!(" and gets '{read}'")),
        );
        let fix = format!("Write {}, or remove it if it is there by mistake", escapes.join(", "));
        warn(Finding::NotAscii, message, Some(fix));
    }
}

/// Text after a value that looks like a comment.
fn comment(value: &str) -> Option<&str> {
    let starts = value.char_indices().skip(1).filter(|&(at, _)| {
        value.get(..at).is_some_and(|before| before.ends_with([' ', '\t']))
            && value.get(at..).is_some_and(|rest| ["#", "//", ";"].iter().any(|mark| rest.starts_with(mark)))
    });
    starts.map(|(at, _)| at).next().and_then(|at| value.get(at..))
}

fn is_windows_path(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|drive| drive.is_ascii_alphabetic()) && characters.as_str().starts_with(":\\")
}

fn hexadecimal(latin1: &str) -> String {
    let bytes: Vec<String> = latin1.chars().take(16).map(|c| format!("{:02X}", u32::from(c))).collect();
    bytes.join(" ") + if latin1.chars().count() > 16 { " …" } else { "" }
}

fn name_of(c: char) -> String {
    let code = u32::from(c);
    match c {
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        '\u{feff}' => "a byte order mark (U+FEFF)".to_owned(),
        c if c.is_whitespace() => format!("a space (U+{code:04X})"),
        c if is_unprintable(c) => format!("an invisible character (U+{code:04X})"),
        c => format!("'{c}'"),
    }
}

fn escape_of(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// As [`on_one_line`], truncated.
fn cut(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    on_one_line(&shown) + if shown.len() < text.len() { "…" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pitfalls(bytes: &[u8]) -> Vec<String> {
        let file = std::env::temp_dir().join(format!(
            "nativejwt-{}-{:?}-pitfalls",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::write(&file, bytes).unwrap();
        let found = Properties::pitfalls(&file, |name| name.starts_with(PREFIX));
        fs::remove_file(&file).unwrap();
        let prefix = format!("{}:", file.display());
        found.problems().iter().map(|problem| problem.to_string().replace(&prefix, "").replace(PREFIX, "")).collect()
    }

    fn one(line: &str) -> String {
        let found = pitfalls(format!("{PREFIX}{line}\n").as_bytes());
        assert!(found.len() <= 1, "{line}: {found:#?}");
        found.concat()
    }

    #[test]
    fn a_dropped_backslash_is_reported_with_the_value_read_and_the_right_text() {
        assert_eq!(
            one(r"user-mapping.pattern=(\w+)@corp\.example"),
            r"1: user-mapping.pattern contains \w, \.: Java's property format drops a single backslash and reads '(w+)@corp.example'. Write (\\w+)@corp\\.example"
        );
        assert_eq!(
            one(r"key-file=C:\keys\trino\new.pem"),
            r"1: key-file contains \k, \t, \n: Java's property format drops a single backslash or turns it into a tab or a line end and reads 'C:keys<tab>rino<line end>ew.pem'. Write C:\\keys\\trino\\new.pem, or C:/keys/trino/new.pem"
        );
        assert!(one(r"user-mapping.pattern=([a\-z]+)").contains(r"Write ([a\\-z]+)"));
        assert!(one(r"user-mapping.pattern=(\\w+)\.x").contains(r"Write (\\w+)\\.x"));
        // Not shown, since it contains a password.
        assert!(!one(r"key-file=https://me:h\unter2@idp.example/\keys").contains("unter"));
        for good in [
            r"user-mapping.pattern=(\\w+)@corp\\.example",
            r"user-mapping.pattern=(.*)\t\-\@.*",
            r"key-file=https\://idp.example/a\=b",
            r"key-file=C\:\\keys\\new.pem",
            r"required-issuer=https://m\u00fcnchen.example",
        ] {
            assert_eq!(one(good), "", "{good}");
        }
    }

    #[test]
    fn lines_joined_by_mistake_are_reported() {
        let text = format!(
            "{PREFIX}key-file=C:\\\\keys\\\n{PREFIX}required-audience=x\n{PREFIX}clock-skew=1\\\n  # why\n  s\n"
        );
        let found = pitfalls(text.as_bytes());
        assert!(found[0].starts_with("1: key-file includes line 2 in its value, because line 1 ends in a backslash, so required-audience is not set"), "{found:#?}");
        assert!(found[1].starts_with("3: clock-skew includes the comment of line 4 in its value"), "{found:#?}");
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(one("required-audience=\\ \n  trino").contains("a backslash with spaces after it"));
        assert_eq!(one("required-audience=\\\n    trino"), "");
    }

    #[test]
    fn text_around_a_value_that_becomes_part_of_it_is_reported() {
        for (line, expected) in [
            (
                "required-audience=trino   # the client",
                "includes in its value what looks like a comment, '# the client'. Move",
            ),
            ("clock-skew=30s // half a minute", "'// half a minute'"),
            ("key-file=\"k.pem\"", "has quotes around its value"),
            ("key-file='k.pem' ", "has quotes around its value"),
            ("key-file := k.pem", "begins with '='"),
            ("key-file => k.pem", "begins with '>'"),
            ("required-audience=[\"a\", \"b\"]", "has brackets around its value"),
            ("required-issuer=${ISSUER}", "Write an environment variable as ${ENV:ISSUER}"),
        ] {
            assert!(one(line).contains(expected), "{line}: {}", one(line));
        }
        for good in [
            "key-file: k.pem",
            "key-file k.pem",
            "key-file = k.pem \t",
            "key-file=https://idp.example/#a",
            "principal-field=a'b",
        ] {
            assert_eq!(one(good), "", "{good}");
        }
        for line in ["export NAME=a", "- NAME: a", "set NAME=a"] {
            let line = line.replace("NAME", &format!("{PREFIX}key-file"));
            let found = pitfalls(line.as_bytes()).concat();
            assert!(found.ends_with("Begin the line with key-file"), "{found}");
        }
        assert!(
            pitfalls(b"jwt.issuer=x\nnode.id=x\nhttp-server.authentication.oauth2.issuer=y")
                .concat()
                .starts_with("1: jwt.issuer is not a known property; did you mean required-issuer?")
        );
    }

    #[test]
    fn bytes_outside_ascii_are_read_as_java_reads_them_or_reported() {
        assert_eq!(
            one("required-issuer=https://m\u{fc}nchen.example"),
            "1: required-issuer contains 'ü' in UTF-8 (the bytes C3 BC), but Java reads property files as ISO-8859-1 and gets 'https://mÃ¼nchen.example'. Write \\u00fc, or remove it if it is there by mistake"
        );
        assert!(
            one("required-audience=trino\u{a0}")
                .contains("contains a no-break space (U+00A0) in UTF-8 (the bytes C2 A0)")
        );
        assert!(one("required-audience=\u{201c}trino\u{201d}").contains("Write \\u201c, \\u201d"));
        let latin1 = [PREFIX.as_bytes(), b"required-issuer=https://m\xfcnchen.example"].concat();
        assert_eq!(pitfalls(&latin1), Vec::<String>::new());
        let windows = [PREFIX.as_bytes(), b"required-audience=\x93trino\x94"].concat();
        assert!(pitfalls(&windows).concat().contains("contains the bytes 93 94"));
        for (bytes, expected) in [
            (&b"\xef\xbb\xbfa=b"[..], "t:1: begins with a byte order mark (EF BB BF)"),
            (b"\xff\xfea\0=\0", "t:1: is in UTF-16"),
            (b"a\0=\0", "t:1: is in UTF-16"),
        ] {
            assert!(check_encoding(bytes, "t").unwrap_err().to_string().contains(expected));
        }
        assert!(check_encoding(b"a=b", "t").is_ok());
    }
}

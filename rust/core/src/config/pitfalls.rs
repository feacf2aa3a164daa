//! What Java reads in a property file otherwise than people who write one expect. A coordinator starts with most of it, and refuses
//! logins, or grants them, by another text than its operator sees.

use std::fs;
use std::path::Path;

use crate::config::http_client;
use crate::config::known::PREFIX;
use crate::config::names::advice_for_unknown_property;
use crate::config::problem::{ConfigurationErrors, Problem, on_one_line};
use crate::config::properties::{LogicalLine, Properties, latin1, logical_lines, split_raw, unescape};
use crate::quoted::is_unprintable;

/// The UTF-8 of U+FEFF, as Java reads it.
pub(super) const BYTE_ORDER_MARK: &str = "\u{ef}\u{bb}\u{bf}";

/// The longest text of a file that a message shows, in characters.
const SHOWN_CHARACTERS: usize = 300;

/// Refuses bytes that are no property file to Java, whatever the lines say.
///
/// # Errors
/// The file begins with a byte order mark, or is in UTF-16.
pub(super) fn refuse_foreign_encoding(bytes: &[u8], source: &str) -> Result<(), ConfigurationErrors> {
    let message = if bytes.starts_with(b"\xef\xbb\xbf") {
        "begins with a byte order mark (EF BB BF), which Java takes for part of the first line, so that its name is another one. \
         Save the file without it (\"UTF-8 without BOM\")"
    } else if bytes.starts_with(b"\xff\xfe")
        || bytes.starts_with(b"\xfe\xff")
        || bytes.iter().take(64).any(|&byte| byte == 0)
    {
        "is in UTF-16 or no text: Java reads property files as ISO-8859-1. Save the file as ASCII, with \\u00fc for a character such as ü"
    } else {
        return Ok(());
    };
    Err(Problem::for_line(source, 1, message).into())
}

impl Properties {
    /// What Java reads otherwise in a file than its text looks, one problem for each with its line. Only the keys that are `ours` are
    /// looked at. Nothing where the file cannot be read at all.
    #[must_use]
    pub fn pitfalls(path: &Path, ours: impl Fn(&str) -> bool) -> ConfigurationErrors {
        let source = path.display().to_string();
        let mut found = ConfigurationErrors::default();
        let Ok(bytes) = fs::read(path) else { return found };
        if refuse_foreign_encoding(&bytes, &source).is_err() {
            return found;
        }
        let text = latin1(&bytes);
        for line in logical_lines(&text) {
            let (raw_key, raw_value) = split_raw(&line.text);
            let Ok(key) = unescape(raw_key) else { continue };
            let mut warn = |message: String| found.push(Problem::for_property(&key, &source, line.line, message));
            if let Some(name) = property_name(raw_value) {
                warn(format!(
                    "is read as the name of a property, and {name} as its value: let the line begin with {name}"
                ));
            } else if ours(&key) {
                Value { key: &key, raw: raw_value }.check(&line, &mut warn);
            } else if is_meant_for_us(&key) {
                warn(format!("is not a known key{}", advice_for_unknown_property(&key)));
            }
        }
        found
    }
}

/// The name of one of our properties, where the text begins with a whole one: `export NAME=VALUE`, `- NAME: VALUE`.
fn property_name(text: &str) -> Option<&str> {
    let starts = [PREFIX, http_client::PREFIX].iter().any(|prefix| text.starts_with(prefix));
    starts.then(|| split_raw(text).0)
}

/// True for a key of a config.properties that names JWT and is no key of Trino's.
fn is_meant_for_us(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "jwt" | "jwks"))
}

/// A value as it is written.
struct Value<'l> {
    key: &'l str,
    raw: &'l str,
}

impl Value<'_> {
    fn check(&self, line: &LogicalLine, warn: &mut impl FnMut(String)) {
        self.look_at_backslashes(warn);
        self.look_at_joints(line, warn);
        self.look_at_what_stands_around(warn);
        self.look_at_encoding(warn);
    }

    fn is_pattern(&self) -> bool {
        self.key.ends_with("user-mapping.pattern")
    }

    /// The text as a message may show it: no password, no key.
    fn shown(&self, text: &str) -> Option<String> {
        let is_secret = self.key.ends_with("password")
            || self.key.ends_with("user")
            || text.starts_with("inline:")
            || (text.contains("://") && text.contains('@'));
        (!is_secret).then(|| cut(text))
    }

    fn look_at_backslashes(&self, warn: &mut impl FnMut(String)) {
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
            "drops a single backslash, or makes a tab or a line end of it"
        } else {
            "drops a single backslash"
        };
        let changed = changed.join(", ");
        warn(match (self.shown(read.trim()), self.shown(written.trim_end())) {
            (Some(read), Some(written)) => {
                let or_slashes = if is_windows_path(&written) {
                    format!(", or {}", written.replace("\\\\", "/"))
                } else {
                    String::new()
                };
                format!(
                    "holds {changed}: Java's property format {what}, so that '{read}' is read. Write {written}{or_slashes}"
                )
            }
            _ => format!("holds {changed}: Java's property format {what}. Write each backslash twice"),
        });
    }

    /// Whether the value means something else without the backslash before this character. In a pattern, most marks stand for
    /// themselves either way, and a tab matches as `\t` does.
    fn changes_meaning(&self, escaped: char) -> bool {
        match escaped {
            // The format's own, which tools write: \\ \: \= \# \! and \ before a blank; and \u, which is read or refused.
            '\\' | ':' | '=' | '#' | '!' | ' ' | 'u' | '"' | '\'' | '/' => false,
            't' | 'n' | 'r' | 'f' => !self.is_pattern() || self.raw.contains(":\\"),
            '-' if self.is_pattern() => self.raw.contains('['),
            mark if self.is_pattern() => mark.is_alphanumeric() || ".[]{}()*+?^$|&".contains(mark),
            _ => true,
        }
    }

    /// A line that ends in a backslash goes on in the next one, whatever that is.
    fn look_at_joints(&self, line: &LogicalLine, warn: &mut impl FnMut(String)) {
        for (index, &joint) in line.joints.iter().enumerate() {
            let (ends, next) = (line.line + index, line.line + index + 1);
            let joined = line.text.get(joint..).unwrap_or_default();
            if let Some(name) = property_name(joined) {
                warn(format!(
                    "takes line {next} for part of its value, since line {ends} ends in a backslash: {name} is not set. Take the \
                     backslash away, or write two"
                ));
            } else if joined.starts_with(['#', '!']) {
                warn(format!(
                    "takes line {next} for part of its value, since line {ends} ends in a backslash: a comment can not stand between \
                     joined lines"
                ));
            }
        }
        let bare = self.raw.trim_end_matches([' ', '\t', '\x0c']);
        let backslashes = bare.len() - bare.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            warn("ends in a backslash with blanks after it, which joins no lines: take the blanks away".to_owned());
        }
    }

    fn look_at_what_stands_around(&self, warn: &mut impl FnMut(String)) {
        let value = self.raw.trim();
        if let Some(separator) = value.chars().next().filter(|c| matches!(c, '=' | ':' | '>')) {
            warn(format!(
                "has a value that begins with '{separator}': one = or : between name and value is enough, and what follows it counts"
            ));
        }
        let is_quoted = |quote: char| value.strip_prefix(quote).is_some_and(|rest| rest.contains(quote));
        if ['"', '\'', '`'].into_iter().any(is_quoted) {
            warn("has quotes around its value, which count as part of it: write it without them".to_owned());
        }
        if !self.is_pattern() && value.starts_with('[') && value.ends_with(']') {
            warn("has brackets around its value, which count as part of it: write several values with commas between them".to_owned());
        }
        if let Some(name) = variable(value).filter(|_| !self.is_pattern()) {
            warn(format!(
                "holds ${{{name}}}, which stays as it is: an environment variable is written ${{ENV:{name}}}"
            ));
        }
        if let Some(comment) = comment(value) {
            let shown = self.shown(comment).map_or_else(String::new, |comment| format!(", '{comment}'"));
            warn(format!(
                "takes what looks like a comment behind it{shown}, for part of its value: give the comment a line of its own"
            ));
        }
    }

    fn look_at_encoding(&self, warn: &mut impl FnMut(String)) {
        let text = format!("{} {}", self.key, self.raw);
        let beyond_ascii: String = text.chars().filter(|c| !c.is_ascii()).collect();
        if beyond_ascii.is_empty() {
            return;
        }
        let bytes: Vec<u8> = text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let Ok(utf8) = String::from_utf8(bytes) else {
            // ISO-8859-1 it is, unless it is a neighbour of it that has letters or quotes where that has control characters.
            if beyond_ascii.chars().any(|c| c < '\u{a0}') {
                warn(format!(
                    "holds the bytes {}: Java reads the file as ISO-8859-1, which has control characters there. Write characters outside \
                     ASCII as \\u and four hexadecimal digits",
                    hexadecimal(&beyond_ascii)
                ));
            }
            return;
        };
        let mut characters: Vec<char> = utf8.chars().filter(|c| !c.is_ascii()).collect();
        characters.dedup();
        let named: Vec<String> = characters.iter().map(|&c| name_of(c)).collect();
        let escapes: Vec<String> = characters.iter().map(|&c| escape_of(c)).collect();
        let read = unescape(self.raw).ok().and_then(|read| self.shown(read.trim()));
        warn(format!(
            "holds {} in UTF-8 (the bytes {}), but Java reads property files as ISO-8859-1{}. Write {}, or take it out if it is not meant",
            named.join(", "),
            hexadecimal(&beyond_ascii),
            read.map_or_else(String::new, |read| format!(", so that '{read}' is read")),
            escapes.join(", "),
        ));
    }
}

/// What looks like a comment behind a value.
fn comment(value: &str) -> Option<&str> {
    let starts = value.char_indices().skip(1).filter(|&(at, _)| {
        value.get(..at).is_some_and(|before| before.ends_with([' ', '\t']))
            && value.get(at..).is_some_and(|rest| ["#", "//", ";"].iter().any(|mark| rest.starts_with(mark)))
    });
    starts.map(|(at, _)| at).next().and_then(|at| value.get(at..))
}

/// The name in the first `${NAME}` without a provider, which nothing resolves; `${KID}` is for `key-file`.
fn variable(value: &str) -> Option<&str> {
    let names = value.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let is_name =
        |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    names.filter(is_name).find(|name| *name != "KID")
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
        c if c.is_whitespace() => format!("a blank (U+{code:04X})"),
        c if is_unprintable(c) => format!("an invisible character (U+{code:04X})"),
        c => format!("'{c}'"),
    }
}

fn escape_of(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// As [`on_one_line`], cut.
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
        let found = Properties::pitfalls(&file, |key| key.starts_with(PREFIX));
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
    fn a_backslash_that_the_format_drops_is_shown_with_what_is_read_and_what_to_write() {
        assert_eq!(
            one(r"user-mapping.pattern=(\w+)@corp\.example"),
            r"1: user-mapping.pattern holds \w, \.: Java's property format drops a single backslash, so that '(w+)@corp.example' is read. Write (\\w+)@corp\\.example"
        );
        assert_eq!(
            one(r"key-file=C:\keys\trino\new.pem"),
            r"1: key-file holds \k, \t, \n: Java's property format drops a single backslash, or makes a tab or a line end of it, so that 'C:keys<tab>rino<line end>ew.pem' is read. Write C:\\keys\\trino\\new.pem, or C:/keys/trino/new.pem"
        );
        assert!(one(r"user-mapping.pattern=([a\-z]+)").contains(r"Write ([a\\-z]+)"));
        assert!(one(r"user-mapping.pattern=(\\w+)\.x").contains(r"Write (\\w+)\\.x"));
        // What a message may not show.
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
    fn lines_that_are_joined_by_mistake_are_named() {
        let text = format!(
            "{PREFIX}key-file=C:\\\\keys\\\n{PREFIX}required-audience=x\n{PREFIX}clock-skew=1\\\n  # why\n  s\n"
        );
        let found = pitfalls(text.as_bytes());
        assert!(found[0].starts_with("1: key-file takes line 2 for part of its value, since line 1 ends in a backslash: required-audience is not set"), "{found:#?}");
        assert!(found[1].starts_with("3: clock-skew takes line 4 for part of its value"), "{found:#?}");
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(one("required-audience=\\ \n  trino").contains("a backslash with blanks after it"));
        assert_eq!(one("required-audience=\\\n    trino"), "");
    }

    #[test]
    fn what_stands_around_a_value_and_counts_is_named() {
        for (line, expected) in [
            (
                "required-audience=trino   # the client",
                "takes what looks like a comment behind it, '# the client', for part",
            ),
            ("clock-skew=30s // half a minute", "'// half a minute'"),
            ("key-file=\"k.pem\"", "has quotes around its value"),
            ("key-file='k.pem' ", "has quotes around its value"),
            ("key-file := k.pem", "begins with '='"),
            ("key-file => k.pem", "begins with '>'"),
            ("required-audience=[\"a\", \"b\"]", "has brackets around its value"),
            ("required-issuer=${ISSUER}", "an environment variable is written ${ENV:ISSUER}"),
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
            assert!(found.ends_with("let the line begin with key-file"), "{found}");
        }
        assert!(
            pitfalls(b"jwt.issuer=x\nnode.id=x\nhttp-server.authentication.oauth2.issuer=y")
                .concat()
                .starts_with("1: jwt.issuer is not a known key; did you mean required-issuer?")
        );
    }

    #[test]
    fn bytes_outside_ascii_are_read_as_java_reads_them_or_named() {
        assert_eq!(
            one("required-issuer=https://m\u{fc}nchen.example"),
            "1: required-issuer holds 'ü' in UTF-8 (the bytes C3 BC), but Java reads property files as ISO-8859-1, so that 'https://mÃ¼nchen.example' is read. Write \\u00fc, or take it out if it is not meant"
        );
        assert!(
            one("required-audience=trino\u{a0}").contains("holds a no-break space (U+00A0) in UTF-8 (the bytes C2 A0)")
        );
        assert!(one("required-audience=\u{201c}trino\u{201d}").contains("Write \\u201c, \\u201d"));
        let latin1 = [PREFIX.as_bytes(), b"required-issuer=https://m\xfcnchen.example"].concat();
        assert_eq!(pitfalls(&latin1), Vec::<String>::new());
        let windows = [PREFIX.as_bytes(), b"required-audience=\x93trino\x94"].concat();
        assert!(pitfalls(&windows).concat().contains("holds the bytes 93 94"));
        for (bytes, expected) in [
            (&b"\xef\xbb\xbfa=b"[..], "t:1: begins with a byte order mark (EF BB BF)"),
            (b"\xff\xfea\0=\0", "t:1: is in UTF-16"),
            (b"a\0=\0", "t:1: is in UTF-16"),
        ] {
            assert!(refuse_foreign_encoding(bytes, "t").unwrap_err().to_string().contains(expected));
        }
        assert!(refuse_foreign_encoding(b"a=b", "t").is_ok());
    }
}

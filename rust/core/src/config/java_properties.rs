// SPDX-License-Identifier: Apache-2.0
//! The format of `java.util.Properties`: encoding, logical lines and escapes.

use crate::config::problem::{ConfigurationErrors, Problem};

/// The UTF-8 of U+FEFF, as Java reads it.
pub(super) const BYTE_ORDER_MARK: &str = "\u{ef}\u{bb}\u{bf}";

/// Checks that Java can read the bytes as a property file.
///
/// # Errors
/// The file begins with a byte order mark, or is in UTF-16.
pub(super) fn check_encoding(bytes: &[u8], source: &str) -> Result<(), ConfigurationErrors> {
    let message = if bytes.starts_with(b"\xef\xbb\xbf") {
        "begins with a byte order mark (EF BB BF), which Java reads as part of the first name. Save the file without it (\"UTF-8 without BOM\")"
    } else if bytes.starts_with(b"\xff\xfe")
        || bytes.starts_with(b"\xfe\xff")
        || bytes.iter().take(64).any(|&byte| byte == 0)
    {
        "is in UTF-16 or is not text: Java reads property files as ISO-8859-1. Save the file as ASCII, with \\u00fc for a character such as ü"
    } else {
        return Ok(());
    };
    Err(Problem::for_line(source, 1, message).into())
}

pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// One logical line.
pub(super) struct LogicalLine {
    /// The number of its first line, from 1.
    pub(super) line: usize,
    pub(super) text: String,
    /// Where each joined line begins in `text`, in bytes.
    pub(super) joints: Vec<usize>,
}

/// Joins lines that end in an odd number of backslashes with the next one, and drops comments and blank lines.
pub(super) fn logical_lines(text: &str) -> Vec<LogicalLine> {
    let mut lines: Vec<LogicalLine> = Vec::new();
    let mut unfinished: Option<LogicalLine> = None;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (index, natural) in text.split('\n').enumerate() {
        let natural = natural.trim_start_matches([' ', '\t', '\x0c']);
        let mut logical = match unfinished.take() {
            Some(mut begun) => {
                begun.joints.push(begun.text.len());
                begun
            }
            None if natural.is_empty() || natural.starts_with(['#', '!']) => continue,
            None => LogicalLine { line: index + 1, text: String::new(), joints: Vec::new() },
        };
        let backslashes = natural.len() - natural.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            logical.text.push_str(natural.strip_suffix('\\').unwrap_or(natural));
            unfinished = Some(logical);
        } else {
            logical.text.push_str(natural);
            lines.push(logical);
        }
    }
    lines.extend(unfinished);
    lines
}

/// Splits a logical line at the first unescaped `=`, `:` or white space. The parts stay escaped.
pub(super) fn split_raw(line: &str) -> (&str, &str) {
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\x0c');
    let mut escaped = false;
    let name_end = line
        .char_indices()
        .find(|&(_, c)| {
            let ends = !escaped && (matches!(c, '=' | ':') || is_space(c));
            escaped = c == '\\' && !escaped;
            ends
        })
        .map_or(line.len(), |(index, _)| index);
    let (name, rest) = line.split_at(name_end);
    let rest = rest.trim_start_matches(is_space);
    (name, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(is_space))
}

/// The name and the value of a logical line. The error contains the name, if it is readable.
pub(super) fn split(line: &str) -> Result<(String, String), (Option<String>, String)> {
    let (name, value) = split_raw(line);
    let name = unescape(name).map_err(|why| (None, why))?;
    match unescape(value) {
        Ok(value) => Ok((name, value.trim_matches(|c| c <= ' ').to_owned())),
        Err(why) => Err((Some(name), why)),
    }
}

/// Resolves escapes. `\u` gives UTF-16 code units, so two of them can form one character.
pub(super) fn unescape(text: &str) -> Result<String, String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let plain = match c {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\x0c',
                Some('u') => {
                    let digits: String = characters.by_ref().take(4).collect();
                    let all_hex = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                    match u16::from_str_radix(&digits, 16) {
                        Ok(unit) if all_hex => units.push(unit),
                        _ => return Err("has a \\u that is not followed by four hexadecimal digits: for a backslash and a u, write \\\\u".to_owned()),
                    }
                    continue;
                }
                Some(other) => other,
                None => continue,
            },
            other => other,
        };
        units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).map_err(|_| "has a \\u escape that is half a surrogate pair".to_owned())
}

//! `String.trim` and the case change of `String` in `Locale.ENGLISH`.

use crate::{properties, tables};

/// `String.trim()`: without the characters up to U+0020 at both ends.
#[must_use]
pub fn trim(s: &str) -> &str {
    s.trim_matches(|c| c <= ' ')
}

/// `String.toUpperCase(Locale.ENGLISH)`, with the tables of JDK 25.
#[must_use]
pub fn to_upper_case(s: &str) -> String {
    if s.is_ascii() {
        return s.to_ascii_uppercase();
    }
    let mut upper = String::with_capacity(s.len());
    for c in s.chars() {
        push(c, &tables::UPPER_SPECIAL, properties::to_upper, &mut upper);
    }
    upper
}

/// `String.toLowerCase(Locale.ENGLISH)`, with the tables of JDK 25 and its rule for a final sigma.
#[must_use]
pub fn to_lower_case(s: &str) -> String {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    let mut lower = String::with_capacity(s.len());
    for c in s.chars() {
        push(c, &tables::LOWER_SPECIAL, properties::to_lower, &mut lower);
    }
    lower
}

fn push(c: char, special: &[(u32, &str)], simple: fn(u32) -> u32, result: &mut String) {
    let code = u32::from(c);
    match special.binary_search_by_key(&code, |&(code, _)| code).ok().and_then(|row| special.get(row)) {
        Some((_, text)) => result.push_str(text),
        None => result.push(char::from_u32(simple(code)).unwrap_or(c)),
    }
}

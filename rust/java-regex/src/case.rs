// SPDX-License-Identifier: Apache-2.0
//! `String.trim`, and the case conversion of `String` in `Locale.ENGLISH`.

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
///
/// A capital sigma becomes a final one if a cased character is before it and none is after it in the same word. The JDK's
/// `BreakIterator` determines where words end: `A1Σ` becomes `a1ς`.
#[must_use]
pub fn to_lower_case(s: &str) -> String {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    let chars: Vec<char> = if s.contains(CAPITAL_SIGMA) { s.chars().collect() } else { Vec::new() };
    let boundaries = word_boundaries(&chars);
    let mut lower = String::with_capacity(s.len());
    for (i, c) in s.chars().enumerate() {
        if c == CAPITAL_SIGMA && is_final(&chars, &boundaries, i) {
            lower.push('\u{3C2}');
        } else {
            push(c, &tables::LOWER_SPECIAL, properties::to_lower, &mut lower);
        }
    }
    lower
}

const CAPITAL_SIGMA: char = '\u{3A3}';

/// Whether the capital sigma at an index ends its word.
fn is_final(chars: &[char], boundaries: &[bool], sigma: usize) -> bool {
    let ends = |i: usize| boundaries.get(i).copied().unwrap_or(true);
    let cased = |i: usize| chars.get(i).is_some_and(|&c| properties::is_cased(u32::from(c)));
    let cased_before = (0..sigma).rev().take_while(|&i| !ends(i + 1)).any(cased);
    let mut after = (sigma + 1..chars.len()).take_while(|&i| !ends(i));
    cased_before && !after.any(cased)
}

/// For each index, whether `BreakIterator.isBoundary` says that a word ends before it.
fn word_boundaries(chars: &[char]) -> Vec<bool> {
    let mut boundaries = vec![false; chars.len() + 1];
    let mut start = 0;
    while start < chars.len() {
        // A word is the longest text that the automaton accepts, or one character.
        let mut end = start + 1;
        let mut state = 0;
        for (i, c) in chars.iter().enumerate().skip(start) {
            state = properties::next_word_state(state, u32::from(*c));
            match properties::is_word_state(state) {
                Some(true) => end = i + 1,
                Some(false) => {}
                None => break,
            }
        }
        if let Some(boundary) = boundaries.get_mut(start) {
            *boundary = true;
        }
        start = end;
    }
    for (i, pair) in chars.windows(2).enumerate() {
        // The JDK reports a boundary after each surrogate pair, except at the start of the text. A U+FFFF before the pair
        // counts as the start.
        let after_pair = matches!(pair, [before, c] if *before != '\u{FFFF}' && c.len_utf16() == 2);
        boundaries.iter_mut().skip(i + 2).take(1).for_each(|boundary| *boundary |= after_pair);
    }
    if let Some(last) = boundaries.last_mut() {
        *last = true;
    }
    boundaries
}

fn push(c: char, special: &[(u32, &str)], simple: fn(u32) -> u32, result: &mut String) {
    let code = u32::from(c);
    match special.binary_search_by_key(&code, |&(code, _)| code).ok().and_then(|row| special.get(row)) {
        Some((_, text)) => result.push_str(text),
        None => result.push(char::from_u32(simple(code)).unwrap_or(c)),
    }
}

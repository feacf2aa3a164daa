// SPDX-License-Identifier: Apache-2.0
//! Escapes text from tokens for messages.

/// The maximum length of a quoted text, in characters.
const MAX_CHARACTERS: usize = 100;

/// Makes text from a token safe for a message: one line, control and bidirectional characters escaped, cut to 100
/// characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MAX_CHARACTERS + 3));
    for (index, character) in text.chars().enumerate() {
        if index == MAX_CHARACTERS {
            shown.push('…');
            break;
        }
        if character == '\\' || is_unprintable(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// As [`quoted`], also without quotation marks, so that the text can stand between two of them.
#[must_use]
pub(crate) fn quoted_value(text: &str) -> String {
    quoted(text).replace('"', "\\u{22}")
}

/// True for control characters, for invisible ones, and for those that change the direction of the text after them.
#[must_use]
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_stays_on_one_line_and_is_cut() {
        assert_eq!(quoted("a\r\nb\u{1b}[31m\u{202e}"), "a\\u{d}\\u{a}b\\u{1b}[31m\\u{202e}");
        assert_eq!(quoted(&"x".repeat(100_000)).chars().count(), 101);
    }
}

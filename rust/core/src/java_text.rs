// SPDX-License-Identifier: Apache-2.0
//! Java's view of text, where Trino's verdict depends on it.

/// `java.lang.Character.isWhitespace`. Unlike Rust's, it excludes the no-break spaces and U+0085, and includes U+001C to
/// U+001F.
pub(crate) fn is_white_space(character: char) -> bool {
    match character {
        '\u{1c}'..='\u{1f}' => true,
        '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}' => false,
        other => other.is_whitespace(),
    }
}

/// True for a text of white space only, which jjwt treats as empty (`io.jsonwebtoken.lang.Strings.hasText`).
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_white_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_javas() {
        // The result of JDK 25 for every character.
        let java: Vec<u32> =
            [0x09..=0x0d, 0x1c..=0x20, 0x1680..=0x1680, 0x2000..=0x2006, 0x2008..=0x200a, 0x2028..=0x2029]
                .into_iter()
                .flatten()
                .chain([0x205f, 0x3000])
                .collect();
        let ours: Vec<u32> = ('\0'..=char::MAX).filter(|c| is_white_space(*c)).map(u32::from).collect();
        assert_eq!(ours, java);
    }
}

// SPDX-License-Identifier: Apache-2.0
//! Reduces a failing input: removes parts as long as it still fails (delta debugging).

/// Removes ranges of `items` as long as `fails` is true for the rest.
pub fn shrink_list<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut items = items;
    let mut size = items.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        while start < items.len() {
            let end = (start + size).min(items.len());
            let shorter: Vec<T> = [&items[..start], &items[end..]].concat();
            if fails(&shorter) {
                items = shorter;
            } else {
                start += size;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    items
}

/// Removes characters of a text as long as `fails` is true for the rest.
pub fn shrink_text(text: &str, mut fails: impl FnMut(&str) -> bool) -> String {
    let kept = shrink_list(text.chars().collect(), |characters| fails(&characters.iter().collect::<String>()));
    kept.into_iter().collect()
}

/// A text as a TOML literal in printable ASCII.
#[must_use]
pub fn toml_text(text: &str) -> String {
    let plain = text.chars().all(|c| matches!(c, ' '..='~') && c != '\'');
    if plain {
        return format!("'{text}'");
    }
    let mut literal = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            ' '..='~' => literal.push(c),
            _ => literal.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_left() {
        assert_eq!(shrink_text("xxaxxxbxx", |text| text.contains('a') && text.contains('b')), "ab");
        assert_eq!(shrink_list(vec![1, 2, 3, 4], |items| items.contains(&3)), [3]);
    }
}

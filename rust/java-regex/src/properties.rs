// SPDX-License-Identifier: Apache-2.0
//! The character data of JDK 25: `\p{…}` names, categories, and Java's simple case mapping.

use crate::code_set::CodeSet;
use crate::property_set::{Form, Set};
use crate::tables;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The number of the category Mn in Java.
const NON_SPACING_MARK: u8 = 6;
/// The categories of `Character.isLetterOrDigit`: L and Nd.
const LETTER_OR_DIGIT: u32 = 0b10_0011_1110;

/// The value for a code point in a table of runs.
fn run_value(table: &[(u32, u8)], c: u32) -> u8 {
    let after = table.partition_point(|&(first, _)| first <= c);
    after.checked_sub(1).and_then(|row| table.get(row)).map_or(0, |&(_, value)| value)
}

/// The general category of a code point, by the number of `Character.getType`.
fn category(c: u32) -> u8 {
    run_value(&tables::CATEGORIES, c)
}

/// Whether a character next to a sigma counts as cased.
pub(crate) fn is_cased(c: u32) -> bool {
    run_value(&tables::CASED, c) == 1
}

/// The state of the word automaton after one more character.
pub(crate) fn next_word_state(state: u8, c: u32) -> u8 {
    let class = run_value(&tables::WORD_CLASSES, c);
    let row = tables::WORD_STATES.get(usize::from(state));
    row.and_then(|(_, next)| next.get(usize::from(class))).copied().unwrap_or(0)
}

/// Whether a word can end in a state of the word automaton; `None` if no word can follow from it.
pub(crate) fn is_word_state(state: u8) -> Option<bool> {
    let &(word, next) = tables::WORD_STATES.get(usize::from(state))?;
    let dead = !word && next.iter().all(|&next| next == state);
    (!dead).then_some(word)
}

pub(crate) fn is_non_spacing_mark(c: u32) -> bool {
    c >= 0x300 && category(c) == NON_SPACING_MARK
}

pub(crate) fn is_letter_or_digit(c: u32) -> bool {
    LETTER_OR_DIGIT >> category(c) & 1 == 1
}

/// The set with the given number in the tables.
pub(crate) fn numbered_set(id: u8) -> CodeSet {
    match tables::SETS.get(usize::from(id)) {
        Some(Set::Categories(mask)) => runs(&tables::CATEGORIES, |category| mask >> category & 1 == 1),
        Some(Set::Ranges(ranges)) => CodeSet::new(ranges.to_vec()),
        None => CodeSet::default(),
    }
}

/// The ranges of a table of runs with the wanted values.
fn runs(table: &[(u32, u8)], wanted: impl Fn(u8) -> bool) -> CodeSet {
    let ends = table.iter().skip(1).map(|&(first, _)| first - 1).chain([crate::code_set::MAX]);
    let ranges =
        table.iter().zip(ends).filter(|((_, value), _)| wanted(*value)).map(|(&(first, _), last)| (first, last));
    CodeSet::new(ranges.collect())
}

/// The set of `\p{name}`; `None` if Java does not have this property.
pub(crate) fn property(name: &str, case_insensitive: bool, unicode_classes: bool) -> Option<CodeSet> {
    let mode = usize::from(case_insensitive) + 2 * usize::from(unicode_classes);
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value),
            "blk" | "block" => block(value),
            "gc" | "general_category" => named(Form::Category, value, mode),
            _ => None,
        };
    }
    if let Some(block_name) = name.strip_prefix("In") {
        return block(block_name);
    }
    if let Some(rest) = name.strip_prefix("Is") {
        return named(Form::Is, rest, mode).or_else(|| script(rest));
    }
    named(Form::Bare, name, mode)
}

/// Whether Java evaluates a property with its ASCII (or Latin-1) table, instead of by code point.
pub(crate) fn is_ascii_name(name: &str, set: &CodeSet) -> bool {
    const POSIX: [&str; 12] =
        ["Lower", "Upper", "Alpha", "Digit", "Alnum", "Punct", "Graph", "Print", "Blank", "Cntrl", "XDigit", "Space"];
    let bare = name.split_once('=').map_or(name, |(_, value)| value);
    matches!(bare.strip_prefix("Is").unwrap_or(bare), "ASCII" | "L1")
        || POSIX.contains(&bare) && set.ranges().iter().all(|&(_, last)| last < 128)
}

fn named(form: Form, name: &str, mode: usize) -> Option<CodeSet> {
    let id = |exact: bool| {
        let same = |row: &str, any_case: bool| {
            any_case != exact && if exact { row == name } else { row.eq_ignore_ascii_case(name) }
        };
        let mut rows =
            tables::NAMES.iter().filter(|(row_form, row, any_case, _)| *row_form == form && same(row, *any_case));
        rows.find_map(|(_, _, _, ids)| ids.get(mode).copied().filter(|&id| id != u8::MAX))
    };
    id(true).or_else(|| id(false)).map(numbered_set)
}

fn script(name: &str) -> Option<CodeSet> {
    let name = name.to_ascii_uppercase();
    let row = tables::SCRIPT_NAMES.binary_search_by(|(row, _)| (*row).cmp(&name)).ok()?;
    let &(_, script) = tables::SCRIPT_NAMES.get(row)?;
    Some(runs(&tables::SCRIPTS, |value| value == script))
}

fn block(name: &str) -> Option<CodeSet> {
    let name = name.to_ascii_uppercase();
    let row = tables::BLOCK_NAMES.binary_search_by(|(row, _)| (*row).cmp(&name)).ok()?;
    let &(_, block) = tables::BLOCK_NAMES.get(row)?;
    let &range = tables::BLOCKS.get(usize::from(block))?;
    Some(CodeSet::new(vec![range]))
}

fn mapped(table: &[(u32, u32, u8, i32)], c: u32) -> u32 {
    let after = table.partition_point(|&(first, ..)| first <= c);
    match after.checked_sub(1).and_then(|row| table.get(row)) {
        Some(&(first, last, step, delta)) if c <= last && (c - first).is_multiple_of(u32::from(step)) => {
            c.wrapping_add_signed(delta)
        }
        _ => c,
    }
}

/// `Character.toUpperCase`.
pub(crate) fn to_upper(c: u32) -> u32 {
    if c < 128 {
        return if (0x61..=0x7A).contains(&c) { c - 32 } else { c };
    }
    mapped(&tables::TO_UPPER, c)
}

/// `Character.toLowerCase`.
pub(crate) fn to_lower(c: u32) -> u32 {
    if c < 128 {
        return if (0x41..=0x5A).contains(&c) { c + 32 } else { c };
    }
    mapped(&tables::TO_LOWER, c)
}

/// The value that characters which are equal under `(?iu)` share.
pub(crate) fn fold(c: u32) -> u32 {
    to_lower(to_upper(c))
}

/// All code points that differ from their fold or share one with another, and the members of each fold.
struct Folds {
    cased: Vec<u32>,
    members: HashMap<u32, Vec<u32>>,
}

fn folds() -> &'static Folds {
    static FOLDS: OnceLock<Folds> = OnceLock::new();
    FOLDS.get_or_init(|| {
        let mut cased = Vec::new();
        for &(first, last, step, delta) in tables::TO_UPPER.iter().chain(&tables::TO_LOWER) {
            for c in (first..=last).step_by(usize::from(step)) {
                cased.extend([c, c.wrapping_add_signed(delta)]);
            }
        }
        cased.sort_unstable();
        cased.dedup();
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        for &c in &cased {
            members.entry(fold(c)).or_default().push(c);
        }
        Folds { cased, members }
    })
}

/// The characters equal to `c` under `(?iu)`, `c` included.
pub(crate) fn folded_equals(c: u32) -> CodeSet {
    let equals = folds().members.get(&fold(c)).map_or(&[][..], Vec::as_slice);
    CodeSet::new(equals.iter().chain([&c]).map(|&c| (c, c)).collect())
}

/// The range as it matches under `(?iu)`: its characters, and those whose upper case, or the lower case of that, is in it.
pub(crate) fn folded_range(first: u32, last: u32) -> CodeSet {
    let inside = |c: u32| first <= c && c <= last;
    let more = folds().cased.iter().filter(|&&c| inside(to_upper(c)) || inside(fold(c))).map(|&c| (c, c));
    CodeSet::new(more.chain([(first, last)]).collect())
}

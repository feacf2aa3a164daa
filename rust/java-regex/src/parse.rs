// SPDX-License-Identifier: Apache-2.0
//! Parses Java's pattern syntax into the AST. A rejected pattern has a position.

use crate::ast::{Assertion, Fold, Greed, Look, Node, Repeat, UNBOUNDED};
use crate::code_set::{CodeSet, MAX};
use crate::error::PatternError;
use crate::{properties, tables};
use std::sync::{Arc, LazyLock};

/// The maximum length of a pattern, in bytes of UTF-8.
const MAX_BYTES: usize = 8 * 1024;
/// The maximum nesting of groups and classes.
const MAX_DEPTH: usize = 200;

/// A parsed pattern, and facts about the whole of it.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Node,
    /// The number of capturing groups, without the whole match.
    pub(crate) groups: u32,
    /// Named groups.
    pub(crate) names: Vec<(String, u32)>,
    /// The pattern has a literal beyond the BMP, so Java's searches step over whole surrogate pairs.
    pub(crate) supplementary: bool,
    /// The largest count in a `{…}`, with its position.
    pub(crate) largest_count: Option<(u32, usize)>,
}

/// Parses a pattern.
pub(crate) fn parse(pattern: &str) -> Result<Parsed, PatternError> {
    if pattern.len() > MAX_BYTES {
        return Err(PatternError::unsupported(format!("a pattern of more than {MAX_BYTES} bytes"), 0));
    }
    let units = unquote(pattern);
    let end = pattern.chars().count();
    let mut parser = Parser {
        units,
        next: 0,
        end,
        flags: Flags::default(),
        groups: 0,
        names: Vec::new(),
        depth: 0,
        supplementary: false,
        largest_count: None,
    };
    let root = parser.alternation()?;
    if let Some(unit) = parser.peek() {
        return Err(PatternError::rejected("an unmatched \")\"", unit.at));
    }
    Ok(Parsed {
        root,
        groups: parser.groups,
        names: parser.names,
        supplementary: parser.supplementary,
        largest_count: parser.largest_count,
    })
}

/// A character of the pattern, after `\Q` and `\E` were removed.
#[derive(Clone, Copy, Debug)]
struct Unit {
    c: char,
    /// Its position in the pattern as written.
    at: usize,
    /// It was between `\Q` and `\E`, so it is a literal.
    quoted: bool,
}

fn unquote(pattern: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars().enumerate().peekable();
    let mut quoted = false;
    while let Some((at, c)) = chars.next() {
        let following = chars.peek().map(|&(_, c)| c);
        match (c, following) {
            ('\\', Some('E')) if quoted => {
                quoted = false;
                chars.next();
            }
            ('\\', Some('Q')) if !quoted => {
                quoted = true;
                chars.next();
            }
            // An escaped backslash does not start a quotation.
            ('\\', Some(escaped)) if !quoted => {
                units.push(Unit { c, at, quoted });
                units.push(Unit { c: escaped, at: at + 1, quoted });
                chars.next();
            }
            _ => units.push(Unit { c, at, quoted }),
        }
    }
    units
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    case_insensitive: bool,
    unix_lines: bool,
    multiline: bool,
    dot_all: bool,
    unicode_case: bool,
    comments: bool,
    unicode_classes: bool,
}

struct Parser {
    units: Vec<Unit>,
    next: usize,
    /// Position after the last character.
    end: usize,
    flags: Flags,
    groups: u32,
    names: Vec<(String, u32)>,
    depth: usize,
    supplementary: bool,
    largest_count: Option<(u32, usize)>,
}

/// A class item: one character, which may start a range, or a set.
enum Item {
    Char(u32),
    Set(CodeSet),
}

/// A run of literal characters, to which more may be added.
#[derive(Default)]
struct Literals {
    chars: Vec<u32>,
}

fn is_pattern_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

impl Parser {
    fn peek(&self) -> Option<Unit> {
        self.units.get(self.next).copied()
    }

    fn at(&self, ahead: usize) -> Option<Unit> {
        self.units.get(self.next + ahead).copied()
    }

    /// Whether the next character is `c`, unquoted.
    fn sees(&self, c: char) -> bool {
        self.peek().is_some_and(|unit| unit.c == c && !unit.quoted)
    }

    fn sees_at(&self, ahead: usize, c: char) -> bool {
        self.at(ahead).is_some_and(|unit| unit.c == c && !unit.quoted)
    }

    fn eat(&mut self, c: char) -> bool {
        let sees = self.sees(c);
        self.next += usize::from(sees);
        sees
    }

    /// Position of the next character in the pattern.
    fn position(&self) -> usize {
        self.peek().map_or(self.end, |unit| unit.at)
    }

    fn rejected<T>(&self, construct: impl Into<String>, position: usize) -> Result<T, PatternError> {
        Err(PatternError::rejected(construct, position))
    }

    /// Skips white space and comments under `(?x)`.
    fn skip_comments(&mut self) {
        if !self.flags.comments {
            return;
        }
        while let Some(unit) = self.peek().filter(|unit| !unit.quoted) {
            if is_pattern_space(unit.c) {
                self.next += 1;
            } else if unit.c == '#' {
                while self.peek().is_some_and(|unit| !self.is_line_end(unit.c)) {
                    self.next += 1;
                }
                // A line end beyond ASCII ends the comment, and is also a literal. A quoted one in ASCII is not: the
                // backslash that Java inserts before it belongs to the comment.
                if self.peek().is_some_and(|unit| unit.quoted && unit.c.is_ascii()) {
                    self.next += 1;
                }
            } else {
                return;
            }
        }
    }

    fn is_line_end(&self, c: char) -> bool {
        c == '\n' || !self.flags.unix_lines && matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
    }

    /// Rejects white space inside a token under `(?x)`, because Java's result differs between tokens.
    fn token_goes_on(&self) -> Result<(), PatternError> {
        match self.peek() {
            Some(unit) if self.flags.comments && !unit.quoted && (is_pattern_space(unit.c) || unit.c == '#') => {
                Err(PatternError::unsupported("white space or a comment inside a token under (?x)", unit.at))
            }
            Some(unit) if unit.quoted => Err(PatternError::unsupported("a \\Q…\\E quotation inside a token", unit.at)),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, position: usize) -> Result<(), PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PatternError::unsupported(format!("nesting of more than {MAX_DEPTH} levels"), position));
        }
        Ok(())
    }

    fn alternation(&mut self) -> Result<Node, PatternError> {
        let mut branches = vec![self.concatenation()?];
        while self.eat('|') {
            branches.push(self.concatenation()?);
        }
        if branches.len() > 1 {
            return Ok(Node::Alternate(branches));
        }
        Ok(branches.pop().unwrap_or(Node::Empty))
    }

    fn concatenation(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        let mut literals = Literals::default();
        loop {
            self.skip_comments();
            let Some(unit) = self.peek() else { break };
            if !unit.quoted && matches!(unit.c, '|' | ')') {
                break;
            }
            if let Some(c) = self.literal()? {
                // A quantifier applies to the last character of a run only, so the run ends before that character.
                self.skip_comments();
                if self.sees_quantifier() {
                    self.flush(&mut literals, &mut nodes);
                    let single = self.single(c);
                    nodes.push(self.quantified(single, false)?);
                } else {
                    literals.chars.push(c);
                }
                continue;
            }
            self.flush(&mut literals, &mut nodes);
            if let Some(node) = self.atom(unit)? {
                nodes.push(node);
            }
        }
        self.flush(&mut literals, &mut nodes);
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.pop().unwrap_or(Node::Empty),
            _ => Node::Concat(nodes),
        })
    }

    fn sees_quantifier(&self) -> bool {
        self.peek().is_some_and(|unit| !unit.quoted && matches!(unit.c, '*' | '+' | '?' | '{'))
    }

    fn flush(&mut self, literals: &mut Literals, nodes: &mut Vec<Node>) {
        let run = literals.chars.len() > 1;
        for c in literals.chars.drain(..) {
            let node = if run { self.in_run(c) } else { self.single(c) };
            nodes.push(node);
        }
    }

    /// A single character, with the current case rules.
    fn single(&mut self, c: u32) -> Node {
        // In a run, Java ignores an escaped one.
        self.note_supplementary(c);
        if self.unicode_case_of(c) == Some(false) {
            return Node::Char(c);
        }
        self.supplementary |= self.unicode_case_of(c) == Some(true);
        self.in_run(c)
    }

    /// Under `(?iu)`, whether a character has case. For Java it has none if its upper case is its own fold, as for U+00DF.
    fn unicode_case_of(&self, c: u32) -> Option<bool> {
        let unicode = self.flags.case_insensitive && self.flags.unicode_case;
        unicode.then(|| properties::to_upper(c) != properties::fold(c))
    }

    /// A character of a literal run, with the current case rules.
    fn in_run(&self, c: u32) -> Node {
        if !self.flags.case_insensitive {
            return Node::Char(c);
        }
        let equals = self.case_equals(c);
        match equals.ranges() {
            [(first, last)] if first == last => Node::Char(c),
            _ => Node::Set(Arc::new(equals)),
        }
    }

    fn case_equals(&self, c: u32) -> CodeSet {
        if self.flags.unicode_case {
            properties::folded_equals(c)
        } else if c < 128 {
            let (upper, lower) = (properties::to_upper(c), properties::to_lower(c));
            CodeSet::new(vec![(upper, upper), (lower, lower)])
        } else {
            CodeSet::new(vec![(c, c)])
        }
    }

    /// A literal character, escaped or not; `None` if something else begins.
    fn literal(&mut self) -> Result<Option<u32>, PatternError> {
        let Some(unit) = self.peek() else { return Ok(None) };
        let c = if unit.quoted || !matches!(unit.c, '\\' | '[' | '(' | '^' | '$' | '.' | '*' | '+' | '?' | '{') {
            self.next += 1;
            self.note_supplementary(u32::from(unit.c));
            u32::from(unit.c)
        } else if unit.c == '\\' {
            let start = self.next;
            self.next += 1;
            match self.escaped_char(unit.at)? {
                Some(c) => c,
                None => {
                    self.next = start;
                    return Ok(None);
                }
            }
        } else {
            return Ok(None);
        };
        Ok(Some(c))
    }

    /// Notes a character beyond the BMP, with which Java's searches step over whole surrogate pairs.
    fn note_supplementary(&mut self, c: u32) {
        self.supplementary |= c > 0xFFFF || (0xD800..0xE000).contains(&c);
    }

    /// Parses what begins at `unit` and is not a literal, with its quantifiers; `None` for inline flags.
    fn atom(&mut self, unit: Unit) -> Result<Option<Node>, PatternError> {
        let mut group = false;
        let node = match unit.c {
            '(' => {
                self.next += 1;
                let Some(node) = self.group(unit.at)? else { return Ok(None) };
                group = matches!(node, Node::Group(..));
                node
            }
            '[' => {
                self.next += 1;
                Node::Set(Arc::new(self.class(unit.at)?))
            }
            '^' => {
                self.next += 1;
                let unix = self.flags.unix_lines;
                Node::Assert(if self.flags.multiline { Assertion::LineStart { unix } } else { Assertion::Start })
            }
            '$' => {
                self.next += 1;
                Node::Assert(self.end_assertion())
            }
            '.' => {
                self.next += 1;
                Node::Set(self.dot())
            }
            // In Java, a count at the start repeats the empty string.
            '{' => Node::Empty,
            '\\' => {
                self.next += 1;
                self.escape(unit.at)?
            }
            _ => return self.rejected(format!("a dangling \"{}\"", unit.c), unit.at),
        };
        self.skip_comments();
        self.quantified(node, group).map(Some)
    }

    fn end_assertion(&self) -> Assertion {
        let unix = self.flags.unix_lines;
        if self.flags.multiline { Assertion::LineEnd { unix } } else { Assertion::EndOrLastLineEnd { unix } }
    }

    fn dot(&self) -> Arc<CodeSet> {
        static ALL: LazyLock<Arc<CodeSet>> = LazyLock::new(|| Arc::new(CodeSet::all()));
        static UNIX: LazyLock<Arc<CodeSet>> = LazyLock::new(|| Arc::new(CodeSet::new(vec![(10, 10)]).complement()));
        static ORDINARY: LazyLock<Arc<CodeSet>> = LazyLock::new(|| {
            let line_ends = vec![(10, 10), (13, 13), (0x85, 0x85), (0x2028, 0x2029)];
            Arc::new(CodeSet::new(line_ends).complement())
        });
        Arc::clone(if self.flags.dot_all {
            &ALL
        } else if self.flags.unix_lines {
            &UNIX
        } else {
            &ORDINARY
        })
    }

    /// Applies the next quantifier, if there is one. Java allows one: a second is dangling, or repeats the empty string.
    fn quantified(&mut self, body: Node, group: bool) -> Result<Node, PatternError> {
        let Some(unit) = self.peek().filter(|_| self.sees_quantifier()) else { return Ok(body) };
        self.next += 1;
        let (min, max) = match unit.c {
            '*' => (0, UNBOUNDED),
            '+' => (1, UNBOUNDED),
            '?' => (0, 1),
            _ => self.count(unit.at)?,
        };
        self.skip_comments();
        let greed = if self.eat('?') {
            Greed::Lazy
        } else if self.eat('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let optional = (min, max) == (0, 1);
        if !group && min == 1 && max == 1 && body.is_single() {
            return Ok(body);
        }
        Ok(Node::Repeat(Box::new(Repeat { body, min, max, greed, optional })))
    }

    /// The rest of a `{n}`, `{n,}` or `{n,m}` after its brace.
    fn count(&mut self, brace: usize) -> Result<(u32, u32), PatternError> {
        self.token_goes_on()?;
        let min = self.number(brace)?;
        self.token_goes_on()?;
        let max = if self.eat(',') {
            self.token_goes_on()?;
            if self.sees('}') { UNBOUNDED } else { self.number(brace)? }
        } else {
            min
        };
        self.token_goes_on()?;
        if !self.eat('}') {
            return self.rejected("an unclosed or malformed count", brace);
        }
        if min > max {
            return self.rejected("a count with a minimum above its maximum", brace);
        }
        let largest = if max == UNBOUNDED { min } else { max };
        if self.largest_count.is_none_or(|(before, _)| before < largest) {
            self.largest_count = Some((largest, brace));
        }
        Ok((min, max))
    }

    fn number(&mut self, brace: usize) -> Result<u32, PatternError> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().filter(|unit| !unit.quoted).and_then(|unit| unit.c.to_digit(10)) {
            let longer = number.unwrap_or(0).checked_mul(10).and_then(|number| number.checked_add(digit));
            match longer {
                Some(longer) if longer <= i32::MAX.unsigned_abs() => number = Some(longer),
                _ => return self.rejected("a count above 2147483647", brace),
            }
            self.next += 1;
            if self.peek().is_some_and(|unit| unit.quoted || self.flags.comments) {
                self.token_goes_on()?;
            }
        }
        number.map_or_else(|| self.rejected("an unclosed or malformed count", brace), Ok)
    }

    /// The rest of a group after its parenthesis; `None` for inline flags.
    fn group(&mut self, open: usize) -> Result<Option<Node>, PatternError> {
        self.enter(open)?;
        let outer = self.flags;
        if self.flags.comments && self.peek().is_some_and(|unit| !unit.quoted) {
            let before = self.next;
            self.skip_comments();
            if self.next > before && self.sees('?') {
                self.next = before;
                self.token_goes_on()?;
            }
        }
        let node = if self.eat('?') {
            self.token_goes_on()?;
            let Some(unit) = self.peek() else { return self.rejected("an unclosed group", open) };
            match unit.c {
                ':' | '=' | '!' | '>' => {
                    self.next += 1;
                    let body = self.alternation()?;
                    match unit.c {
                        ':' => Node::Group(None, Box::new(body)),
                        '>' => Node::Atomic(Box::new(body)),
                        sign => Node::Look(Box::new(Look { body, negative: sign == '!', behind: None })),
                    }
                }
                '<' => {
                    self.next += 1;
                    self.token_goes_on()?;
                    match self.peek().map(|unit| unit.c) {
                        Some('=' | '!') => {
                            let negative = self.sees('!');
                            self.next += 1;
                            self.look_behind(open, negative)?
                        }
                        _ => self.named_group(open)?,
                    }
                }
                _ => match self.flag_group(open)? {
                    Some(node) => node,
                    None => {
                        self.depth -= 1;
                        return Ok(None);
                    }
                },
            }
        } else {
            self.capture(None)?
        };
        if !self.eat(')') {
            return self.rejected("an unclosed group", open);
        }
        self.flags = outer;
        self.depth -= 1;
        Ok(Some(node))
    }

    fn capture(&mut self, name: Option<String>) -> Result<Node, PatternError> {
        self.groups += 1;
        let number = self.groups;
        if let Some(name) = name {
            self.names.push((name, number));
        }
        Ok(Node::Group(Some(number), Box::new(self.alternation()?)))
    }

    fn named_group(&mut self, open: usize) -> Result<Node, PatternError> {
        let position = self.position();
        let name = self.group_name(open)?;
        if self.names.iter().any(|(other, _)| *other == name) {
            return self.rejected(format!("a second group named \"{name}\""), position);
        }
        self.capture(Some(name))
    }

    /// The name of a group and the `>` after it.
    fn group_name(&mut self, construct: usize) -> Result<String, PatternError> {
        let mut name = String::new();
        loop {
            self.token_goes_on()?;
            match self.peek() {
                Some(unit) if unit.c.is_ascii_alphabetic() || unit.c.is_ascii_digit() && !name.is_empty() => {
                    name.push(unit.c);
                    self.next += 1;
                }
                Some(unit) if unit.c == '>' && !name.is_empty() => {
                    self.next += 1;
                    return Ok(name);
                }
                _ => return self.rejected("a malformed group name", construct),
            }
        }
    }

    fn look_behind(&mut self, open: usize, negative: bool) -> Result<Node, PatternError> {
        // Java searches for a raw character beyond the BMP from here to the end of the whole pattern.
        let code_points = self.units.iter().skip(self.next).any(|unit| u32::from(unit.c) > 0xFFFF);
        let body = self.alternation()?;
        let lengths = Lengths::of(&body);
        if !lengths.obvious {
            return self.rejected("a look-behind without an obvious maximum length", open);
        }
        if lengths.unbounded {
            return Err(PatternError::unsupported("a look-behind without a maximum length", open));
        }
        let behind = Some((lengths.min, lengths.max, code_points));
        Ok(Node::Look(Box::new(Look { body, negative, behind })))
    }

    /// Inline flags, `None`, or a group with flags of its own.
    fn flag_group(&mut self, open: usize) -> Result<Option<Node>, PatternError> {
        let mut on = true;
        loop {
            self.token_goes_on()?;
            let Some(unit) = self.peek() else { return self.rejected("an unclosed group", open) };
            self.next += 1;
            match unit.c {
                '-' if on => on = false,
                'i' => self.flags.case_insensitive = on,
                'm' => self.flags.multiline = on,
                's' => self.flags.dot_all = on,
                'd' => self.flags.unix_lines = on,
                'u' => self.flags.unicode_case = on,
                'x' => self.flags.comments = on,
                'U' => {
                    self.flags.unicode_classes = on;
                    self.flags.unicode_case = on;
                }
                'c' => return Err(PatternError::unsupported("the flag (?c), canonical equivalence", unit.at)),
                ')' => return Ok(None),
                ':' => return Ok(Some(Node::Group(None, Box::new(self.alternation()?)))),
                c => return self.rejected(format!("the unknown group or flag \"(?{c}\""), unit.at),
            }
        }
    }

    /// An escape that is not a literal character, after its backslash.
    fn escape(&mut self, backslash: usize) -> Result<Node, PatternError> {
        let Some(unit) = self.peek() else { return self.rejected("a trailing backslash", backslash) };
        if let Some(set) = self.class_escape()? {
            return Ok(Node::Set(Arc::new(set)));
        }
        self.next += 1;
        let unicode = self.flags.unicode_classes;
        Ok(match unit.c {
            'A' => Node::Assert(Assertion::Start),
            'z' => Node::Assert(Assertion::End),
            'Z' => Node::Assert(Assertion::EndOrLastLineEnd { unix: self.flags.unix_lines }),
            'G' => Node::Assert(Assertion::LastMatchEnd),
            'B' => Node::Assert(Assertion::WordBoundary { negative: true, unicode }),
            'b' => {
                if self.sees('{') && self.sees_at(1, 'g') {
                    return Err(PatternError::unsupported("the boundary \\b{g}", backslash));
                }
                Node::Assert(Assertion::WordBoundary { negative: false, unicode })
            }
            'R' => Node::LineBreak,
            'X' => return Err(PatternError::unsupported("the grapheme cluster \\X", backslash)),
            'N' => return Err(PatternError::unsupported("the named character \\N{…}", backslash)),
            'k' => {
                self.token_goes_on()?;
                if !self.eat('<') {
                    return self.rejected("\\k without a group name", backslash);
                }
                let name = self.group_name(backslash)?;
                match self.names.iter().find(|(other, _)| *other == name) {
                    Some(&(_, number)) => Node::BackReference(number, self.fold()),
                    None => return self.rejected(format!("a reference to the unknown group \"{name}\""), backslash),
                }
            }
            '1'..='9' => self.numbered_reference(unit.c)?,
            c => return self.rejected(format!("the unknown escape \"\\{c}\""), backslash),
        })
    }

    fn fold(&self) -> Fold {
        match (self.flags.case_insensitive, self.flags.unicode_case) {
            (false, _) => Fold::Exact,
            (true, false) => Fold::Ascii,
            (true, true) => Fold::Unicode,
        }
    }

    /// `\1` and higher: the longest number of a group that has begun.
    fn numbered_reference(&mut self, first: char) -> Result<Node, PatternError> {
        let mut number = first.to_digit(10).unwrap_or(0);
        loop {
            if self.flags.comments && self.peek().is_some_and(|unit| !unit.quoted && is_pattern_space(unit.c)) {
                let mut ahead = 0;
                while self.at(ahead).is_some_and(|unit| is_pattern_space(unit.c)) {
                    ahead += 1;
                }
                if self.at(ahead).is_some_and(|unit| unit.c.is_ascii_digit()) {
                    self.token_goes_on()?;
                }
            }
            let digit = self.peek().filter(|unit| !unit.quoted).and_then(|unit| unit.c.to_digit(10));
            let Some(longer) = digit.and_then(|digit| number.checked_mul(10)?.checked_add(digit)) else { break };
            if longer > self.groups {
                break;
            }
            number = longer;
            self.next += 1;
        }
        Ok(Node::BackReference(number, self.fold()))
    }

    /// `\d` and similar classes, after the backslash; `None`, with nothing consumed, for another escape.
    fn class_escape(&mut self) -> Result<Option<CodeSet>, PatternError> {
        let Some(unit) = self.peek() else { return Ok(None) };
        let set = match unit.c.to_ascii_lowercase() {
            'd' if self.flags.unicode_classes => self.unicode_set(tables::UNICODE_DIGIT),
            'w' if self.flags.unicode_classes => self.unicode_set(tables::UNICODE_WORD),
            's' if self.flags.unicode_classes => self.unicode_set(tables::UNICODE_SPACE),
            'd' => CodeSet::new(vec![(0x30, 0x39)]),
            'w' => CodeSet::new(vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]),
            's' => CodeSet::new(vec![(9, 13), (32, 32)]),
            'h' => CodeSet::new(vec![
                (9, 9),
                (32, 32),
                (0xA0, 0xA0),
                (0x1680, 0x1680),
                (0x180E, 0x180E),
                (0x2000, 0x200A),
                (0x202F, 0x202F),
                (0x205F, 0x205F),
                (0x3000, 0x3000),
            ]),
            'v' => CodeSet::new(vec![(10, 13), (0x85, 0x85), (0x2028, 0x2029)]),
            'p' => {
                self.next += 1;
                self.property(unit.at.saturating_sub(1))?
            }
            _ => return Ok(None),
        };
        if !matches!(unit.c, 'p' | 'P') {
            self.next += 1;
        }
        if unit.c.is_ascii_uppercase() {
            self.supplementary = true;
            return Ok(Some(set.complement()));
        }
        Ok(Some(set))
    }

    fn unicode_set(&mut self, id: u8) -> CodeSet {
        self.supplementary = true;
        properties::numbered_set(id)
    }

    /// The rest of a `\p`: a letter, or a name in braces.
    fn property(&mut self, backslash: usize) -> Result<CodeSet, PatternError> {
        self.token_goes_on()?;
        let mut name = String::new();
        if self.eat('{') {
            while let Some(unit) = self.peek().filter(|unit| unit.c != '}' || unit.quoted) {
                if unit.quoted {
                    self.token_goes_on()?;
                }
                name.push(unit.c);
                self.next += 1;
            }
            if !self.eat('}') {
                return self.rejected("an unclosed property name", backslash);
            }
        } else if let Some(unit) = self.peek() {
            name.push(unit.c);
            self.next += 1;
        }
        if self.flags.comments && name.contains(|c: char| is_pattern_space(c) || c == '#') {
            return Err(PatternError::unsupported("white space or a comment inside a token under (?x)", backslash));
        }
        let set = properties::property(&name, self.flags.case_insensitive, self.flags.unicode_classes)
            .map_or_else(|| self.rejected(format!("the unknown property \"{name}\""), backslash), Ok)?;
        self.supplementary |= !properties::is_ascii_name(&name, &set);
        Ok(set)
    }

    /// An escape for one character, after its backslash; `None` for another escape.
    fn escaped_char(&mut self, backslash: usize) -> Result<Option<u32>, PatternError> {
        let Some(unit) = self.peek() else { return self.rejected("a trailing backslash", backslash) };
        let c = match unit.c {
            '0' | 'x' | 'u' | 'c' => {
                self.next += 1;
                return self.coded_char(unit.c, backslash).map(Some);
            }
            'a' => 7,
            'e' => 27,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            c if c.is_ascii_alphanumeric() => return Ok(None),
            c => u32::from(c),
        };
        self.next += 1;
        Ok(Some(c))
    }

    /// The rest of `\0…`, `\x…`, `\u…` and `\c…`.
    fn coded_char(&mut self, kind: char, backslash: usize) -> Result<u32, PatternError> {
        self.token_goes_on()?;
        match kind {
            '0' => {
                let Some(first) = self.digit(8) else { return self.rejected("a malformed octal escape", backslash) };
                let mut c = first;
                for _ in 0..if first <= 3 { 2 } else { 1 } {
                    let spaced = self.flags.comments && self.peek().is_some_and(|unit| is_pattern_space(unit.c));
                    if spaced {
                        self.token_goes_on()?;
                    }
                    let Some(digit) = self.digit(8) else { break };
                    c = c * 8 + digit;
                }
                Ok(c)
            }
            'x' if self.eat('{') => {
                let mut c: Option<u32> = None;
                loop {
                    self.token_goes_on()?;
                    if c.is_some() && self.eat('}') {
                        break;
                    }
                    let longer = self.digit(16).map(|digit| c.unwrap_or(0) * 16 + digit).filter(|&c| c <= MAX);
                    if longer.is_none() {
                        return self.rejected("a malformed \\x{…}", backslash);
                    }
                    c = longer;
                }
                Ok(c.unwrap_or(0))
            }
            'x' => self.hex(2).map_or_else(|| self.rejected("a malformed \\x escape", backslash), Ok),
            'u' => {
                let Some(unit) = self.hex(4) else { return self.rejected("a malformed \\u escape", backslash) };
                if (0xD800..0xDC00).contains(&unit) && self.sees('\\') && self.sees_at(1, 'u') {
                    let before = self.next;
                    self.next += 2;
                    match self.hex(4) {
                        Some(low) if (0xDC00..0xE000).contains(&low) => {
                            return Ok(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
                        }
                        _ => self.next = before,
                    }
                }
                Ok(unit)
            }
            _ => {
                let Some(unit) = self.peek() else { return self.rejected("\\c without a character", backslash) };
                self.next += 1;
                Ok(u32::from(unit.c) ^ 64)
            }
        }
    }

    fn digit(&mut self, radix: u32) -> Option<u32> {
        let digit = self.peek().filter(|unit| !unit.quoted)?.c.to_digit(radix)?;
        self.next += 1;
        Some(digit)
    }

    fn hex(&mut self, digits: u32) -> Option<u32> {
        (0..digits).try_fold(0, |c, _| Some(c * 16 + self.digit(16)?))
    }

    /// The rest of a class after its bracket, its negation and intersections applied.
    fn class(&mut self, open: usize) -> Result<CodeSet, PatternError> {
        self.enter(open)?;
        let negated = self.eat('^');
        let mut intersection: Option<CodeSet> = None;
        let mut union = CodeSet::default();
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut empty = true;
        loop {
            self.skip_comments();
            let Some(unit) = self.peek() else { return self.rejected("an unclosed class", open) };
            if !unit.quoted && unit.c == ']' && !empty {
                self.next += 1;
                break;
            }
            if !unit.quoted && unit.c == '[' {
                self.next += 1;
                union = union.union(&self.class(unit.at)?);
                empty = false;
                continue;
            }
            if !unit.quoted && unit.c == '&' && self.sees_at(1, '&') {
                self.next += 2;
                self.skip_comments();
                if self.sees('&') || self.sees(']') {
                    return Err(PatternError::unsupported("\"&&\" before \"&\" or \"]\"", unit.at));
                }
                if !empty {
                    union = union.union(&CodeSet::new(std::mem::take(&mut ranges)));
                    let left = std::mem::take(&mut union);
                    intersection = Some(intersection.map_or(left.clone(), |before| before.intersection(&left)));
                }
                empty = true;
                // A closing bracket right after "&&" was rejected above.
                continue;
            }
            if self.flags.comments && !unit.quoted && unit.c == '&' {
                let mut ahead = 1;
                while self.at(ahead).is_some_and(|unit| !unit.quoted && is_pattern_space(unit.c)) {
                    ahead += 1;
                }
                if ahead > 1 && self.sees_at(ahead, '&') {
                    self.next += 1;
                    self.token_goes_on()?;
                }
            }
            self.class_item(&mut ranges, &mut union)?;
            empty = false;
        }
        self.depth -= 1;
        let right = union.union(&CodeSet::new(ranges));
        let set = intersection.map_or(right.clone(), |left| left.intersection(&right));
        self.supplementary |= negated;
        Ok(if negated { set.complement() } else { set })
    }

    /// One character, range or predefined class inside a class.
    fn class_item(&mut self, ranges: &mut Vec<(u32, u32)>, union: &mut CodeSet) -> Result<(), PatternError> {
        let start = self.position();
        let first = match self.class_atom(false)? {
            Item::Char(c) => c,
            Item::Set(set) => {
                *union = union.union(&set);
                return Ok(());
            }
        };
        self.skip_comments();
        if self.sees('-') {
            let dash = self.next;
            self.next += 1;
            self.skip_comments();
            match self.peek() {
                Some(unit) if !unit.quoted && matches!(unit.c, ']' | '[') => self.next = dash,
                None => self.next = dash,
                Some(_) => {
                    let Item::Char(last) = self.class_atom(true)? else {
                        return self.rejected("a range that ends in a class", start);
                    };
                    if last < first {
                        return self.rejected("a range whose end is before its start", start);
                    }
                    self.add_range(first, last, ranges, union);
                    return Ok(());
                }
            }
        }
        ranges.push((first, first));
        if self.flags.case_insensitive && self.unicode_case_of(first) != Some(false) {
            let equals = self.case_equals(first);
            let latin = first < 256 && equals.ranges().iter().all(|&(_, last)| last < 256);
            self.supplementary |= self.flags.unicode_case && !latin;
            ranges.extend(equals.ranges());
        }
        Ok(())
    }

    fn add_range(&mut self, first: u32, last: u32, ranges: &mut Vec<(u32, u32)>, union: &mut CodeSet) {
        ranges.push((first, last));
        self.supplementary |= self.flags.case_insensitive || last >= 0xD800 && first < 0xE000 || last > 0xFFFF;
        if !self.flags.case_insensitive {
            return;
        }
        if self.flags.unicode_case {
            *union = union.union(&properties::folded_range(first, last));
            return;
        }
        let inside = |c: u32| first <= c && c <= last;
        for c in 0..128 {
            if inside(properties::to_upper(c)) || inside(properties::to_lower(c)) {
                ranges.push((c, c));
            }
        }
    }

    /// A character or predefined class; `ends_range`: after a `-`.
    fn class_atom(&mut self, ends_range: bool) -> Result<Item, PatternError> {
        let Some(unit) = self.peek() else { return self.rejected("an unclosed class", self.end) };
        if unit.quoted || unit.c != '\\' {
            self.next += 1;
            self.note_supplementary(u32::from(unit.c));
            return Ok(Item::Char(u32::from(unit.c)));
        }
        self.next += 1;
        // At either end of a range, and before any "-", `\v` in Java is the vertical tab only.
        if self.sees('v') && (ends_range || self.sees_at(1, '-')) {
            self.next += 1;
            return Ok(Item::Char(0x0B));
        }
        if let Some(c) = self.escaped_char(unit.at)? {
            self.note_supplementary(c);
            return Ok(Item::Char(c));
        }
        if let Some(set) = self.class_escape()? {
            return Ok(Item::Set(set));
        }
        match self.peek().map(|unit| unit.c) {
            Some('N') => Err(PatternError::unsupported("the named character \\N{…}", unit.at)),
            Some(c) => self.rejected(format!("the escape \"\\{c}\" inside a class"), unit.at),
            None => self.rejected("a trailing backslash", unit.at),
        }
    }
}

/// The maximum length of the text of a look-behind.
struct Lengths {
    min: u32,
    max: u32,
    /// Java finds a maximum, or may find one: because of overflow, it can find one for an unbounded length.
    obvious: bool,
    /// There is no maximum.
    unbounded: bool,
}

impl Lengths {
    /// Like Java: one for each character, and unknown for loops over groups with more than one shape.
    fn of(node: &Node) -> Self {
        let mut lengths = Self { min: 0, max: 0, obvious: true, unbounded: false };
        match node {
            Node::Empty | Node::Assert(_) | Node::Look(_) => {}
            Node::Char(_) | Node::Set(_) => (lengths.min, lengths.max) = (1, 1),
            Node::LineBreak => (lengths.min, lengths.max) = (1, 2),
            Node::BackReference(..) => lengths.obvious = false,
            Node::Concat(nodes) => {
                for part in nodes.iter().map(Self::of) {
                    lengths.min = lengths.min.saturating_add(part.min);
                    lengths.max = lengths.max.saturating_add(part.max);
                    lengths.note(&part);
                }
            }
            Node::Alternate(nodes) => {
                lengths.min = u32::MAX;
                for branch in nodes.iter().map(Self::of) {
                    lengths.min = lengths.min.min(branch.min);
                    lengths.max = lengths.max.max(branch.max);
                    lengths.note(&branch);
                }
            }
            Node::Group(_, body) | Node::Atomic(body) => return Self::of(body),
            Node::Repeat(repeat) => {
                let group = matches!(repeat.body, Node::Group(..)) && repeat.greed != Greed::Possessive;
                let body = Self::of(&repeat.body);
                lengths.note(&body);
                lengths.obvious &= !group || repeat.optional || repeat.body.fixed_shape();
                lengths.unbounded |= repeat.max == UNBOUNDED;
                lengths.min = body.min.saturating_mul(repeat.min);
                lengths.max = body.max.saturating_mul(repeat.max);
            }
        }
        lengths
    }

    fn note(&mut self, part: &Self) {
        self.obvious &= part.obvious;
        self.unbounded |= part.unbounded;
    }
}

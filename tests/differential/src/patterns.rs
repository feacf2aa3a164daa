// SPDX-License-Identifier: Apache-2.0
//! Generates mapping rules: patterns from a grammar, templates, principals, rule files.

use crate::random::Random;

/// The style of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Patterns like those of operators.
    Usual,
    /// Patterns with the whole syntax.
    Any,
}

/// A pattern and the names of its groups.
pub struct Pattern {
    /// Its text.
    pub text: String,
    groups: usize,
    names: usize,
}

const USUAL: &[&str] = &[
    "(.*)",
    "(.+)",
    "(.*?)",
    "([^@]+)",
    "([^@]*)",
    "([a-z]+)",
    "([a-z0-9._-]+)",
    "([a-zA-Z0-9._-]+)",
    "(\\w+)",
    "([^/]+)",
    "(.{1,8})",
    "@",
    "@",
    "/",
    "@corp\\.com",
    "@.*",
    "@(corp|example)\\.(com|org)",
    ".*",
    "\\.",
    "svc-(\\d+)",
    "CN=([^,]+),.*",
    "CORP\\\\(.*)",
    "(?:corp\\\\)?",
    "(a|b|alice)",
    "(?<user>[^@]+)",
    "-",
    "(.)",
    "(\\p{L}+)",
    "[A-Z]?",
    "(\\S+)",
    "alice",
    "(?i:CORP)",
    "(\\d{1,3})",
    "service-account-(.*)",
    "(.*)@(.*)",
    "\\s*",
    "(?:[^@]+@)?",
];

const STARTS: &[&str] = &[
    "^", "(?i)", "(?s)", "(?i)^", "\\A", "(?!svc)", "(?=.*@)", "(?u)", "(?iu)", "(?U)", "(?x) ", "(?d)", "(?m)^",
    "(?is)",
];

const ATOMS: &[&str] = &[
    "a",
    "b",
    "c",
    "A",
    "1",
    "_",
    "-",
    " ",
    "@",
    ".",
    ".",
    "\\d",
    "\\w",
    "\\s",
    "\\D",
    "\\W",
    "\\S",
    "\\h",
    "\\v",
    "\\H",
    "\\V",
    "\\R",
    "\\b",
    "\\B",
    "^",
    "$",
    "\\A",
    "\\z",
    "\\Z",
    "\\G",
    "\\n",
    "\\r",
    "\\t",
    "\\x61",
    "\\x{1F600}",
    "\\u00e9",
    "\\0141",
    "\\cA",
    "\\e",
    "\\\\",
    "\\.",
    "\\@",
    "\u{e9}",
    "\u{c9}",
    "\u{df}",
    "\u{1e9e}",
    "\u{17f}",
    "\u{3c3}",
    "\u{3c2}",
    "\u{1F600}",
    "\u{10400}",
    "\u{301}",
    "\u{130}",
    "\\Q.*\\E",
    "\\Qa",
    "\\E",
    "[abc]",
    "[^a]",
    "[a-z]",
    "[a-z&&[^b]]",
    "[a-c[x-z]]",
    "[^a-c&&[b-d]]",
    "[\\w&&\\D]",
    "[-a]",
    "[a\\-c]",
    "[.@]",
    "[\u{e0}-\u{ff}]",
    "[^\\n]",
    "[\\p{L}&&[^a]]",
    "[\\s\\S]",
    "\\p{L}",
    "\\p{Lu}",
    "\\P{L}",
    "\\p{IsAlphabetic}",
    "\\p{Alpha}",
    "\\p{Punct}",
    "\\p{javaLowerCase}",
    "\\p{InGreek}",
    "\\p{IsGreek}",
    "\\p{sc=Cyrl}",
    "\\p{IsEmoji}",
    "\\p{ASCII}",
    "\\pN",
    "\\N{DIGIT ONE}",
    "\\X",
    "\\b{g}",
    "\\1",
    "\\2",
    "\\k<n1>",
    "\\11",
    "\\8",
    "(?i)",
    "(?-i)",
    "(?s)",
    "(?m)",
    "(?u)",
    "(?x)",
    "(?U)",
    "(?c)",
    "#c\n",
    "{",
    "}",
    "]",
    "&&",
    "a{2}",
    "x*",
    "\\y",
    "\\_",
    "(?#c)",
    "[[:alpha:]]",
    "[]a]",
    "[]",
    "[^]",
    "[a",
    "(?P<n>a)",
    "(?<n>",
    "(?'n'a)",
    "\\g1",
];

const QUANTIFIERS: &[&str] = &[
    "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{0,3}?", "{2,}", "{1,3}+", "{0}", "{,2}",
    "{2,1}", "{1001}", "{ 1}", "{2}{3}",
];

impl Pattern {
    /// A random pattern.
    #[must_use]
    pub fn new(random: &mut Random, style: Style) -> Self {
        let mut pattern = Self { text: String::new(), groups: 0, names: 0 };
        match style {
            Style::Usual => {
                if random.one_in(6) {
                    pattern.text.push_str(random.pick(STARTS));
                }
                for _ in 0..1 + random.below(4) {
                    let piece = random.pick(USUAL);
                    pattern.text.push_str(piece);
                    pattern.groups += piece.matches('(').count() - piece.matches("(?").count();
                }
                if random.one_in(8) {
                    pattern.text.push_str(random.pick(&["$", "\\z", "\\Z", "|(.*)", "|x"]));
                }
                pattern.names = usize::from(pattern.text.contains("?<user>"));
            }
            Style::Any => {
                if random.one_in(5) {
                    pattern.text.push_str(random.pick(STARTS));
                }
                pattern.alternatives(random, 3);
            }
        }
        pattern
    }

    fn alternatives(&mut self, random: &mut Random, depth: usize) {
        for index in 0..1 + usize::from(random.one_in(4)) + usize::from(random.one_in(9)) {
            if index > 0 {
                self.text.push('|');
            }
            for _ in 0..random.below(4) + usize::from(depth == 3) {
                self.element(random, depth);
            }
        }
    }

    fn element(&mut self, random: &mut Random, depth: usize) {
        match random.below(if depth > 0 { 12 } else { 7 }) {
            0..=3 => self.text.push_str(random.pick(&["a", "b", "c", "@", "A", "1", "\\w", ".", "[a-c]", "[^@]"])),
            4..=6 => self.text.push_str(random.pick(ATOMS)),
            7..=9 => {
                self.groups += 1;
                if random.one_in(4) {
                    self.names += 1;
                    self.text.push_str(&format!("(?<n{}>", self.names));
                } else {
                    self.text.push('(');
                }
                self.alternatives(random, depth - 1);
                self.text.push(')');
            }
            _ => {
                self.text.push_str(random.pick(&[
                    "(?:", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?s-i:", "(?x: ", "(?m:", "(?iu:",
                ]));
                self.alternatives(random, depth - 1);
                self.text.push(')');
            }
        }
        if random.one_in(4) {
            self.text.push_str(random.pick(QUANTIFIERS));
        }
    }

    /// A template for the pattern.
    #[must_use]
    pub fn template(&self, random: &mut Random) -> String {
        const PIECES: &[&str] = &[
            "$1",
            "$1",
            "$1",
            "$2",
            "$0",
            "$3",
            "$10",
            "$11",
            "x",
            "-",
            "@corp",
            "\\$",
            "\\\\",
            "\\x",
            "${user}",
            "${n1}",
            "${n2}",
            "${n1",
            "${1n}",
            "$",
            "\\",
            "$x",
            " ",
            "\t",
            "\u{1F600}",
            "\u{e9}",
            "${}",
            "$\u{661}",
            "\\\u{1F600}",
            "",
            "SVC_",
            "\u{130}",
            "\u{3a3}",
            "\u{df}",
        ];
        (0..1 + random.below(3))
            .map(|_| {
                let piece = random.pick(PIECES);
                // Mostly groups that exist.
                match piece.strip_prefix('$').and_then(|group| group.parse::<usize>().ok()) {
                    Some(group) if group > self.groups && !random.one_in(8) => "$0".to_owned(),
                    _ if piece.starts_with("${n") && self.names == 0 && !random.one_in(8) => "$0".to_owned(),
                    _ => piece.to_owned(),
                }
            })
            .collect()
    }
}

const PRINCIPAL_PIECES: &[&str] = &[
    "alice",
    "bob",
    "@",
    "@",
    "@corp.com",
    "@example.org",
    "/",
    "a",
    "b",
    "c",
    "ab",
    "x",
    "svc-",
    "CN=",
    ",",
    "OU=IT",
    ".",
    "-",
    "1",
    "42",
    "_",
    "A",
    "B",
    "CORP\\",
    "corp\\",
    "Alice",
    "service-account-",
    "BOB.SMITH",
];

const STRANGE_PIECES: &[&str] = &[
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{b}",
    "\u{a0}",
    "\u{2003}",
    "\0",
    "\u{1f}",
    "\u{e9}",
    "\u{c9}",
    "e\u{301}",
    "\u{df}",
    "\u{1e9e}",
    "\u{17f}",
    "s",
    "S",
    "\u{212a}",
    "k",
    "\u{130}",
    "\u{131}",
    "i",
    "I",
    "\u{3a3}",
    "\u{3c3}",
    "\u{3c2}",
    "\u{39f}\u{3a3}",
    "\u{1F600}",
    "\u{10400}",
    "\u{10428}",
    "\u{200d}",
    "\u{1c5}",
    "\u{149}",
    "\u{feff}",
    "$1",
    "\\",
    "\u{fb01}",
    "\u{345}",
    "\u{10ffff}",
    "\u{1f1e9}\u{1f1ea}",
    "\u{2160}",
];

/// A random principal, short enough for exponential patterns.
#[must_use]
pub fn principal(random: &mut Random) -> String {
    let mut principal = String::new();
    for _ in 0..random.below(6) {
        let pieces = if random.one_in(4) { STRANGE_PIECES } else { PRINCIPAL_PIECES };
        principal.push_str(random.pick(pieces));
    }
    principal.chars().take(24).collect()
}

/// A principal that a pattern probably matches: made of its letters, and of characters for its classes.
#[must_use]
pub fn likely_principal(random: &mut Random, pattern: &str) -> String {
    let mut principal = String::new();
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = characters.next() {
        match c {
            '[' => in_class = true,
            ']' => {
                in_class = false;
                principal.push_str(random.pick(&["a", "b", "alice", "1"]));
            }
            _ if in_class => {}
            '\\' => match characters.next() {
                Some('w' | 'S' | 'p' | 'P' | 'D') => principal.push_str(random.pick(&["a", "bob"])),
                Some('d') => principal.push('1'),
                Some('s') => principal.push(' '),
                Some(c) if !c.is_ascii_alphanumeric() => principal.push(c),
                _ => {}
            },
            '.' => principal.push_str(random.pick(&["alice", "b", "a.b", ""])),
            '(' | ')' | '*' | '+' | '?' | '|' | '^' | '$' | '{' | '}' | '<' | '>' | ':' | '=' | '!' | '#' => {}
            c => principal.push(c),
        }
    }
    if random.one_in(4) {
        principal.push_str(random.pick(STRANGE_PIECES));
    }
    principal.chars().take(24).collect()
}

fn json_text(random: &mut Random, text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\n' => json.push_str("\\n"),
            '\u{0}'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ if random.one_in(40) => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|u| json.push_str(&format!("\\u{u:04X}")))
            }
            _ => json.push(c),
        }
    }
    json.push('"');
    json
}

/// The text of a rule file.
#[must_use]
pub fn rule_file(random: &mut Random) -> Vec<u8> {
    let mut rules = Vec::new();
    for _ in 0..usize::from(!random.one_in(40)) + random.below(4) {
        let style = if random.one_in(12) { Style::Any } else { Style::Usual };
        let pattern = Pattern::new(random, style);
        let mut members = vec![("pattern".to_owned(), json_text(random, &pattern.text))];
        if random.one_in(2) {
            let template = pattern.template(random);
            members.push(("user".to_owned(), json_text(random, &template)));
        }
        if random.one_in(5) {
            members.push(("allow".to_owned(), random.pick(&["true", "false", "false", "null"]).to_owned()));
        }
        if random.one_in(3) {
            let case = random.pick(&["\"keep\"", "\"lower\"", "\"upper\"", "\"UPPER\"", "\"Lower\"", "null"]);
            members.push(("case".to_owned(), case.to_owned()));
        }
        if random.one_in(12) {
            oddity(random, &mut members);
        }
        let swapped = random.below(members.len());
        members.swap(0, swapped);
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        rules.push(format!("{{{}}}", members.join(", ")));
    }
    let rules = rules.join(random.pick(&[",", ", ", ",\n  "]));
    let mut text = format!("{{\"rules\": [{rules}]}}");
    if random.one_in(12) {
        text = match random.below(16) {
            0 => format!("{text} x"),
            1 => format!("{text}{{}}"),
            2 => format!("\u{feff}{text}"),
            3 => format!("[{rules}]"),
            4 => text.replacen("rules", "Rules", 1),
            5 => text.replacen("]}", ",]}", 1),
            6 => text.replacen("]}", "], \"rules\": []}", 1),
            7 => text.replacen("]}", "], \"comment\": 1}", 1),
            8 => format!("// rules\n{text}"),
            9 => text.replacen("[{", "[null, {", 1),
            10 => "{\"rules\": null}".to_owned(),
            11 => "{}".to_owned(),
            12 => String::new(),
            13 => "null".to_owned(),
            14 => text.replace('"', "'"),
            _ => format!("\n\n{text}\n\n"),
        };
    }
    let mut bytes = text.into_bytes();
    if random.one_in(60) {
        let at = random.below(bytes.len() + 1);
        bytes.insert(at, if random.one_in(2) { 0xff } else { 0 });
    }
    if random.one_in(100) {
        bytes = String::from_utf8_lossy(&bytes).encode_utf16().flat_map(u16::to_be_bytes).collect();
    }
    bytes
}

fn oddity(random: &mut Random, members: &mut Vec<(String, String)>) {
    const VALUES: &[&str] = &[
        "null",
        "1",
        "true",
        "\"\"",
        "\"true\"",
        "\"x\"",
        "[]",
        "{}",
        "0",
        "\"false\"",
        "1.5",
        "\" lower\"",
        "2",
        "\"TRUE\"",
        "[\"a\"]",
    ];
    let name = random.pick(&["pattern", "user", "allow", "case", "Pattern", "comment", " user", ""]);
    let value = random.pick(VALUES).to_owned();
    match members.iter_mut().find(|(other, _)| other == name) {
        Some(member) if !random.one_in(4) => member.1 = value,
        _ => members.push((name.to_owned(), value)),
    }
}

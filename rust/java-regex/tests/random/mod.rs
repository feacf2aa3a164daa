// SPDX-License-Identifier: Apache-2.0
//! Generates patterns, templates and inputs from a grammar.

#![allow(dead_code, reason = "each test file uses a part of this")]

/// The kinds of patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// User mappings: e-mail addresses, Kerberos principals, distinguished names.
    Mapping,
    /// Characters, classes, groups, alternatives, quantifiers, anchors.
    Ordinary,
    /// Everything, with line ends, marks and characters beyond the BMP.
    Adversarial,
    /// Loops in loops with groups in them, on few characters.
    Loops,
    /// Character classes, properties and case.
    Classes,
    /// Pieces of syntax in any order.
    Syntax,
}

/// A small generator with a printed seed (splitmix64).
pub(crate) struct Random {
    state: u64,
    groups: u32,
    names: u32,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, groups: 0, names: 0 }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    pub(crate) fn pattern(&mut self, profile: Profile) -> String {
        self.groups = 0;
        self.names = 0;
        match profile {
            Profile::Mapping => self.mapping(),
            Profile::Ordinary => self.alternatives(3, false),
            Profile::Adversarial => {
                let flags = if self.one_in(3) { self.flags() } else { String::new() };
                if self.one_in(6) {
                    return flags + &self.loops();
                }
                flags + &self.alternatives(3, true)
            }
            Profile::Loops => {
                let loops = self.loops();
                if self.one_in(3) {
                    format!("{loops}{}|.*", self.pick(&["a", "c", "d", "\\2", "(?=b)"]))
                } else {
                    loops
                }
            }
            Profile::Classes => {
                let flags = if self.one_in(2) { self.flags() } else { String::new() };
                let mut pattern = flags;
                for _ in 0..1 + self.below(2) {
                    pattern.push_str(&self.class(2));
                    pattern.push_str(self.pick(&["", "", "", "*", "+", "?"]));
                }
                pattern
            }
            Profile::Syntax => self.syntax(),
        }
    }

    fn flags(&mut self) -> String {
        let on: String =
            (0..1 + self.below(2)).map(|_| self.pick(&["i", "u", "m", "s", "d", "U", "i", "iu"])).collect();
        format!("(?{on})")
    }

    fn mapping(&mut self) -> String {
        let mut pattern = String::new();
        if self.one_in(6) {
            pattern.push_str(self.pick(&[
                "^",
                "(?i)",
                "(?s)",
                "(?i)^",
                "\\A",
                "(?!svc)",
                "(?:CORP\\\\)?",
                "(corp\\\\)?",
                "(?=.*@)",
            ]));
        }
        for _ in 0..1 + self.below(4) {
            let piece = self.pick(&[
                "(.*)",
                "(.+)",
                "(.*?)",
                "([^@]+)",
                "([^@]*)",
                "([a-z]+)",
                "([a-zA-Z0-9._-]+)",
                "(\\w+)",
                "([^/]+)",
                "(.{1,8})",
                "@",
                "@",
                "/",
                "@corp\\.com",
                "@.*",
                ".*",
                "\\.",
                "CN=",
                "(?:[^,]+)",
                ",.*",
                "(?<user>[^@/]+)",
                "[A-Z]+",
                "\\d+",
                "(\\d{2,4})",
                "svc-",
                "-",
                "(alice|bob)",
                "(?:@corp\\.com|@example\\.org)",
                "(@.*)?",
                "(a|b|ab)",
                "\\s*",
                "(\\S+)",
                "[a-z]*",
                "_",
                "alice",
                "bob",
                "(?:x|y)?",
                "([a-z]+\\.)*",
                "(?:([a-z])[^@]*)",
                "\\b",
                "é",
                "([a-z]+)(\\d*)",
                "a*+",
            ]);
            if piece.starts_with("(?<user>") {
                if self.names > 0 {
                    continue;
                }
                self.names = 1;
            }
            pattern.push_str(piece);
        }
        if self.one_in(5) {
            pattern.push_str(self.pick(&["$", "\\z", "\\Z", "$"]));
        }
        pattern
    }

    /// Nested loops, whose captures show how Java matches.
    fn loops(&mut self) -> String {
        const ENOUGH: &[&str] = &["*", "+", "{1,3}", "{2}", "*?", "{0,2}", "+", "*", "*+", "?"];
        self.groups = 2;
        let mut inner = String::new();
        for _ in 0..1 + self.below(2) {
            inner.push_str(&self.atom(1, true));
            inner.push_str(self.pick(&["", "", "", "{2}", "?", "*"]));
        }
        let (many, between, more) = (self.pick(ENOUGH), self.pick(&["", "b", "c", "[bc]", "\\2"]), self.pick(ENOUGH));
        let (open, close) = *[("(", ")"), ("(?:", ")"), ("(?>(", "))"), ("(?=(", ")).*"), ("(?!(", ")c).*")]
            .get(self.below(9) as usize)
            .unwrap_or(&("(", ")"));
        format!("{open}({inner}){many}{between}{close}{more}")
    }

    fn alternatives(&mut self, depth: u32, all: bool) -> String {
        let mut text = self.sequence(depth, all);
        while self.one_in(4) {
            text.push('|');
            if !self.one_in(5) {
                text.push_str(&self.sequence(depth, all));
            }
        }
        text
    }

    fn sequence(&mut self, depth: u32, all: bool) -> String {
        let mut text = String::new();
        for _ in 0..1 + self.below(3) {
            text.push_str(&self.atom(depth, all));
            text.push_str(self.quantifier(all));
        }
        text
    }

    fn quantifier(&mut self, all: bool) -> &'static str {
        if !self.one_in(3) {
            return "";
        }
        if all && self.one_in(4) {
            return self.pick(&["*+", "++", "?+", "{2}+", "{1,2}+", "{0}", "{0,2}?", "{1}", "{2}?", "{2}{3}", "{0,1}"]);
        }
        self.pick(&["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}", "{2,}", "{1,3}?", "*", "+", "?"])
    }

    fn atom(&mut self, depth: u32, all: bool) -> String {
        let kinds = if all { 15 } else { 9 };
        match self.below(kinds) {
            0..=2 => self.pick(&["a", "b", "c", "ab", "a", "b"]).to_owned(),
            3 => self.pick(&[".", "[ab]", "[^a]", "\\w", "\\d", "[a-c]", "[^b@]", "\\W", "."]).to_owned(),
            4 => self.pick(&["@", "\\.", "1", "@", "-"]).to_owned(),
            5 => self.pick(&["^", "$", "\\b", "\\z", "\\A", "\\Z", "\\B"]).to_owned(),
            6..=8 if depth > 0 => {
                let kind = self.below(3);
                if kind > 0 {
                    self.groups += 1;
                    format!("({})", self.alternatives(depth - 1, all))
                } else {
                    format!("(?:{})", self.alternatives(depth - 1, all))
                }
            }
            9 if depth > 0 => {
                let open =
                    self.pick(&["(?=", "(?!", "(?<=", "(?<!", "(?>", "(?=", "(?>", "(?i:", "(?s:", "(?m:", "(?iu:"]);
                format!("{open}{})", self.alternatives(depth - 1, all))
            }
            10 => {
                let top = u64::from(self.groups.max(1)) + u64::from(self.one_in(5));
                let group = 1 + self.below(top.min(9));
                format!("\\{group}")
            }
            11 => self
                .pick(&[
                    "\\R", "\\n", "\\r", "\\h", "\\v", "\\s", "\\S", "\\D", "\\V", "\\H", "\\x0a", "\\p{L}", "\\p{Mn}",
                    "\\P{Lu}",
                ])
                .to_owned(),
            12 => self
                .pick(&[
                    "é",
                    "É",
                    "ß",
                    "\u{1F600}",
                    "\u{10400}",
                    "\\x{1F600}",
                    "\u{301}",
                    "\\x{d83d}",
                    "\\x{de00}",
                    "[\u{1F600}b]",
                    "\u{10428}",
                    "ſ",
                    "\\ud83d\\ude00",
                ])
                .to_owned(),
            13 => self.pick(&["(?i)", "(?m)", "(?s)", "(?u)", "(?d)", "(?-i)", "\\G", "(?U)", "(?-m)"]).to_owned(),
            14 if depth > 0 && self.names < 3 => {
                self.names += 1;
                self.groups += 1;
                let name = self.names;
                format!("(?<n{name}>{})", self.alternatives(depth - 1, all))
            }
            _ => self.pick(&["a", "b", "c", "A", "_"]).to_owned(),
        }
    }

    fn class(&mut self, depth: u32) -> String {
        if self.one_in(4) {
            return self.property();
        }
        let mut text = String::from(if self.one_in(3) { "[^" } else { "[" });
        for _ in 0..1 + self.below(4) {
            let item = match self.below(8) {
                0 if depth > 0 => self.class(depth - 1),
                1 => "&&".to_owned(),
                2 | 3 => self
                    .pick(&[
                        "a-c",
                        "B-D",
                        "Z-a",
                        "0-5",
                        "à-ÿ",
                        "Α-ω",
                        "\u{10400}-\u{10430}",
                        "a-",
                        "\\x41-\\x44",
                        "k-s",
                        "ſ-ƀ",
                        "!-/",
                    ])
                    .to_owned(),
                4 => self.property(),
                _ => self
                    .pick(&[
                        "a",
                        "b",
                        "A",
                        "é",
                        "É",
                        "ß",
                        "ẞ",
                        "k",
                        "\u{212A}",
                        "s",
                        "ſ",
                        "-",
                        "^",
                        "&",
                        "\\n",
                        "\\\\",
                        "\\Qb-d\\E",
                        "ǅ",
                        "1",
                        "_",
                        " ",
                        "\u{1F600}",
                        "ı",
                        "İ",
                        "]",
                    ])
                    .to_owned(),
            };
            text.push_str(&item);
        }
        text.push(']');
        text
    }

    fn property(&mut self) -> String {
        const NAMES: &[&str] = &[
            "L",
            "Lu",
            "Ll",
            "Lt",
            "Nd",
            "P",
            "Sc",
            "Cn",
            "Cc",
            "LC",
            "LD",
            "L1",
            "all",
            "ASCII",
            "Alpha",
            "Lower",
            "Upper",
            "Digit",
            "Alnum",
            "Punct",
            "Graph",
            "Print",
            "Blank",
            "Cntrl",
            "XDigit",
            "Space",
            "IsAlphabetic",
            "IsLatin",
            "IsGreek",
            "Islatn",
            "IsLowercase",
            "IsUppercase",
            "IsTitlecase",
            "IsPunctuation",
            "IsWhite_Space",
            "IsHex_Digit",
            "IsEmoji",
            "IsWord",
            "IsLu",
            "javaLowerCase",
            "javaUpperCase",
            "javaTitleCase",
            "javaWhitespace",
            "javaLetterOrDigit",
            "javaMirrored",
            "javaJavaIdentifierStart",
            "InGreek",
            "InBasicLatin",
            "InLatin-1 Supplement",
            "InLATIN_EXTENDED_A",
            "sc=Cyrillic",
            "blk=Arrows",
            "gc=Lu",
            "gc=Nd",
            "script=Grek",
            "block=CJK Unified Ideographs",
            "general_category=So",
            "lower",
            "IsUPPER",
            "Islower",
            "alpha",
            "Foo",
            "IsFoo",
            "InFoo",
            "javaFoo",
            "gc=Foo",
            "x=L",
            "",
            "IsAssigned",
            "IsControl",
            "IsLetter",
            "IsDigit",
            "IsIdeographic",
            "IsNoncharacter_Code_Point",
        ];
        match self.below(3) {
            0 => self.pick(&["\\d", "\\w", "\\s", "\\h", "\\v", "\\D", "\\W", "\\S", "\\H", "\\V"]).to_owned(),
            1 => format!("\\p{{{}}}", self.pick(NAMES)),
            _ => format!("\\P{{{}}}", self.pick(NAMES)),
        }
    }

    fn syntax(&mut self) -> String {
        const PIECES: &[&str] = &[
            "a",
            "b",
            "1",
            " ",
            "(",
            ")",
            "(",
            ")",
            "[",
            "]",
            "[",
            "]",
            "{",
            "}",
            "{2}",
            "{1,2}",
            "{,2}",
            "{2,",
            "*",
            "+",
            "?",
            "|",
            "^",
            "$",
            ".",
            "\\",
            "\\Q",
            "\\E",
            "\\d",
            "\\p",
            "{L}",
            "\\p{L}",
            "\\pL",
            "\\x",
            "41",
            "\\x41",
            "\\x{41}",
            "\\u0061",
            "\\0",
            "\\07",
            "\\cA",
            "\\1",
            "\\2",
            "\\k",
            "<n>",
            "\\k<n>",
            "(?<n>",
            "(?<m>",
            "(?:",
            "(?=",
            "(?!",
            "(?<=",
            "(?<!",
            "(?>",
            "(?i)",
            "(?i:",
            "(?-i)",
            "(?x)",
            "(?",
            "#",
            "\n",
            "-",
            "&&",
            "&",
            ",",
            "[^",
            "a-c",
            "\\b",
            "\\R",
            "\\G",
            "\\A",
            "é",
            "\\é",
            "\\_",
            "\\y",
            "\u{1F600}",
            "(?x: ",
            "#c\n",
            "\\ ",
            "\\h",
            "(?#",
            "\\z",
            "\\Z",
        ];
        (0..1 + self.below(7)).map(|_| self.pick(PIECES)).collect()
    }

    pub(crate) fn template(&mut self) -> String {
        const PIECES: &[&str] = &[
            "$1",
            "$0",
            "$2",
            "x",
            "-",
            "$1",
            "\\$",
            "${n1}",
            "${user}",
            "$10",
            "\\\\",
            "$",
            "\\",
            "${",
            "\u{1F600}",
            "@corp",
        ];
        if self.one_in(3) {
            return "<$0>".to_owned();
        }
        (0..self.below(4)).map(|_| self.pick(PIECES)).collect()
    }

    /// Text with capital sigmas, among characters that may or may not belong to a word.
    pub(crate) fn sigma_text(&mut self) -> String {
        const PIECES: &[&str] = &[
            "Σ",
            "Σ",
            "Σ",
            "A",
            "Ά",
            "a",
            "1",
            "٣",
            ".",
            "-",
            "'",
            ",",
            "_",
            "@",
            "/",
            " ",
            "\n",
            "\r",
            "\t",
            "\u{301}",
            "\u{345}",
            "\u{ad}",
            "\u{200d}",
            "あ",
            "ア",
            "漢",
            "ー",
            "ß",
            "ª",
            "א",
            "ก",
            "가",
            "$",
            "%",
            "#",
            "\u{10400}",
            "\u{1F600}",
            "\u{1D400}",
            "\u{20000}",
            "\u{E0001}",
            "\u{964}",
            "\u{3099}",
            "ʰ",
            "ς",
            "\"",
            "&",
            "\\",
            "\0",
            "\u{FFFF}",
            "\u{FFFF}",
        ];
        (0..1 + self.below(8))
            .map(|_| {
                if !self.one_in(8) {
                    return self.pick(PIECES).to_owned();
                }
                let end = if self.one_in(3) { 0x11_0000 } else { 0x3100 };
                char::from_u32(self.below(end) as u32).unwrap_or('A').to_string()
            })
            .collect()
    }

    pub(crate) fn input(&mut self, profile: Profile) -> String {
        const MAPPING: &[&str] = &[
            "alice",
            "bob",
            "@",
            "@",
            "@corp.com",
            "@example.org",
            "/",
            "a",
            "b",
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
            "CORP\\",
            "corp\\",
            " ",
            "é",
            "\n",
            "@corp.com\n",
            "\u{1F600}",
        ];
        const ORDINARY: &[&str] = &["a", "b", "c", "a", "b", "ab", "@", ".", "1", "-", "A", "_"];
        const ADVERSARIAL: &[&str] = &[
            "a",
            "b",
            "c",
            "a",
            "b",
            "A",
            "B",
            "\n",
            "\r",
            "\r\n",
            "\u{85}",
            "\u{2028}",
            "é",
            "É",
            "\u{1F600}",
            "\u{1F601}",
            "\u{10400}",
            "\u{10428}",
            "\u{301}",
            "1",
            "_",
            " ",
            "@",
            "ß",
            "ẞ",
            "ſ",
            "s",
            "\t",
        ];
        const CLASSES: &[&str] = &[
            "a",
            "b",
            "d",
            "A",
            "B",
            "Z",
            "[",
            "]",
            "^",
            "-",
            "&",
            "\\",
            "_",
            "1",
            "9",
            " ",
            "\n",
            "\t",
            "\u{b}",
            "\u{7f}",
            "\u{85}",
            "\u{a0}",
            "é",
            "É",
            "ß",
            "ẞ",
            "ÿ",
            "Ÿ",
            "k",
            "K",
            "\u{212A}",
            "s",
            "S",
            "ſ",
            "i",
            "I",
            "ı",
            "İ",
            "ǅ",
            "ǆ",
            "Ǆ",
            "α",
            "Ω",
            "Ω",
            "я",
            "٣",
            "€",
            "→",
            "一",
            "\u{301}",
            "\u{200d}",
            "\u{10400}",
            "\u{10428}",
            "\u{1F600}",
            "\u{378}",
            "\u{FFFE}",
            "\u{E000}",
            "\u{10FFFF}",
            "²",
            "½",
            "Ⅷ",
            "\u{2028}",
            "\u{3000}",
            "ª",
            "z",
            "c",
            "5",
            "/",
            "!",
        ];
        const LOOPS: &[&str] = &["a", "a", "b", "b", "c", "ab", "\n", "\u{1F600}"];
        let (pieces, most) = match profile {
            Profile::Mapping => (MAPPING, 6),
            Profile::Ordinary => (ORDINARY, 7),
            Profile::Adversarial => (ADVERSARIAL, 6),
            Profile::Loops => (LOOPS, 9),
            Profile::Classes => (CLASSES, 3),
            Profile::Syntax => (ORDINARY, 4),
        };
        // Sometimes a long one, which shows the cost of nested loops.
        let most = if self.one_in(30) { most * 8 } else { most };
        (0..self.below(most)).map(|_| self.pick(pieces)).collect()
    }
}

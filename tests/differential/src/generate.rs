// SPDX-License-Identifier: Apache-2.0
//! Generates tokens that would be accepted, and their mutations.

use crate::random::Random;
use crate::setups::Setup;
use crate::token::{Document, Edit, SignatureEdit, Token};

/// JSON texts of every type, and some texts that are not JSON.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "-1.5",
    "1e3",
    "1E400",
    "-1e400",
    "1e-400",
    "0.0",
    "1.0",
    "12345678901234567890",
    "-12345678901234567890",
    "9223372036854775807",
    "9223372036854775808",
    "9223372036854775",
    "9223372036854776",
    "-9223372036854775",
    "-9223372036854776",
    "1e18",
    "1e15",
    "253402300800",
    "1700000000000",
    "\"\"",
    "\" \"",
    "\"\\t\"",
    "\"\\u00a0\"",
    "\"\\u2003\"",
    "\"\\u001c\"",
    "\"x\"",
    "\"alice\"",
    "\" alice \"",
    "\"alice@corp.com\"",
    "\"\\u0061lice\"",
    "\"ALICE\"",
    "\"bob\"",
    "\"a\\nb\"",
    "\"alice\\n\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{1F600}\"",
    "\"\\ud800\"",
    "\"\\ude00\\ud83d\"",
    "\"\u{e9}\"",
    "\"\\u00e9\"",
    "\"\\/\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"a\nb\"",
    "\"a\tb\"",
    "\"\u{7f}\"",
    "\"\u{2028}\"",
    "\"\u{feff}\"",
    "[]",
    "[1]",
    "[null]",
    "[\"\"]",
    "[\" \"]",
    "[\"alice\"]",
    "[\"trino\"]",
    "[\"other\",\"trino\"]",
    "[\"trino\",\"trino\"]",
    "[\"trino\",1]",
    "[\"trino\",null]",
    "[\"trino\",[]]",
    "[[\"trino\"]]",
    "[true]",
    "[\"Trino Cluster\",\"a, b\"]",
    "[\"a\",\"b\"]",
    "[{}]",
    "[1,]",
    "[,]",
    "{}",
    "{\"a\":1}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":{\"b\":1,\"b\":1}}",
    "[{\"a\":1,\"a\":2}]",
    "{\"\":1}",
    "{\" a\":1}",
    "{a:1}",
    "\"trino\"",
    "\"other\"",
    "\" trino\"",
    "\"TRINO\"",
    "\"Trino Cluster\"",
    "\"a, b\"",
    "\"https://issuer.example/\"",
    "\"https://issuer.example\"",
    "\" spaced\"",
    "\"spaced\"",
    "'x'",
    "01",
    ".5",
    "1.",
    "+1",
    "0x10",
    "NaN",
    "-NaN",
    "Infinity",
    "-Infinity",
    "True",
    "nul",
    "",
    "\"open",
    "1 2",
    "/**/1",
    "1//",
    "#1",
    "\"1700000000\"",
    "\"1700000000.5\"",
    "\"2026-11-22T00:00:00Z\"",
    "\"2999-01-01T00:00:00Z\"",
    "\"2999-01-01T00:00:00.123456Z\"",
    "\"2999-01-01\"",
    "\"1999-01-01T00:00:00+02:00\"",
    "\"99999999999\"",
    "\" 99999999999\"",
    "\"9999999999999999999\"",
    "99999999999999999999999999999999",
    "0.1e1",
    "1.7e9",
    "17e8",
    "9.9e9",
    "99999999999.999",
    "1e-5",
    "123456789.123456789",
];

/// Names of claims and header parameters, and near misses.
const NAMES: &[&str] = &[
    "exp",
    "nbf",
    "iat",
    "iss",
    "aud",
    "sub",
    "jti",
    "alg",
    "kid",
    "typ",
    "cty",
    "crit",
    "b64",
    "zip",
    "jku",
    "jwk",
    "x5u",
    "x5c",
    "x5t",
    "x5t#S256",
    "preferred_username",
    "email",
    "a.b",
    "a",
    "enc",
    "epk",
    "apu",
    "apv",
    "iv",
    "tag",
    "p2s",
    "p2c",
    " exp",
    "exp ",
    "Exp",
    "EXP",
    "\\u0065xp",
    "exp\\u0000",
    "\\u0000exp",
    "\\texp",
    "\\u00a0exp",
    "",
    " ",
    "\\u2003sub",
    " alg",
    "s\\u0075b",
    "su\u{308}b",
    "\u{feff}exp",
    "\\ud800",
    "nonce",
    "scope",
    "realm_access",
    "sub\\u001f",
];

/// Header parameters with values that have a meaning for jjwt.
const HEADER_PARAMETERS: &[(&str, &[&str])] = &[
    (
        "alg",
        &[
            "\"none\"",
            "\"None\"",
            "\" none \"",
            "\"HS256\"",
            "\"HS384\"",
            "\"HS512\"",
            "\"RS256\"",
            "\"RS512\"",
            "\"PS256\"",
            "\"ES256\"",
            "\"ES384\"",
            "\"ES512\"",
            "\"EdDSA\"",
            "\"hs256\"",
            "\"HS256 \"",
            "\" HS256\"",
            "\"HS\\u0032\\u0035\\u0036\"",
            "\"HS1\"",
            "\"RSA-OAEP\"",
            "\"dir\"",
            "\"A128KW\"",
            "\"Ed25519\"",
            "\"ES256K\"",
            "\"HS256\\u0000\"",
            "[\"HS256\"]",
            "\"\\u00a0HS256\"",
            "\"\\u001fHS256\"",
            "\"\u{ff28}S256\"",
        ],
    ),
    (
        "kid",
        &[
            "\"k\"",
            "\"hmac-64\"",
            "\"hmac-32\"",
            "\"ec-p256\"",
            "\"rsa-2048\"",
            "\"rsa-other\"",
            "\"hmac-16\"",
            "\"../hmac-64\"",
            "\"hmac 64\"",
            "\"hmac_64\"",
            "\"HMAC-64\"",
            "\"hmac-64 \"",
            "\" \"",
            "\"\"",
            "\"hmac-\\u00364\"",
            "\"default-key\"",
            "\"nobody\"",
            "\"\\u0000\"",
            "\"ed25519\"",
            "\"secp256k1\"",
            "\"rsa-1024\"",
            "\"rsa-e1\"",
            "\"k1\"",
            "\"any\"",
            "\"p256\"",
            "\"rs512\"",
            "\"ops\"",
            "\"es521\"",
            "\"padded\"",
            "\"zeros\"",
            "\"enc\"",
            "\"use-enc\"",
            "\"oaep\"",
            "\"encrypt\"",
            "\"es256-label\"",
            "\"private\"",
            "\"weak\"",
            "\"e1\"",
            "\"even-e\"",
            "\"ed\"",
            "\"off-curve\"",
            "\"oct\"",
        ],
    ),
    ("typ", &["\"JWT\"", "\"jwt\"", "\"at+jwt\"", "\"JOSE\"", "\"application/jwt\"", "\"\"", "1", "null"]),
    ("cty", &["\"JWT\"", "\"json\"", "\"\"", "\" \"", "null", "1"]),
    (
        "crit",
        &[
            "[]",
            "null",
            "\"\"",
            "\"exp\"",
            "[\"exp\"]",
            "[\"b64\"]",
            "[\"kid\"]",
            "[\"alg\"]",
            "[\"\"]",
            "[null]",
            "[1]",
            "{}",
            "[\"exp\",\"exp\"]",
            "[\" \"]",
        ],
    ),
    ("b64", &["true", "false", "null", "\"true\"", "\"false\"", "0", "\"\""]),
    ("zip", &["\"DEF\"", "\"GZIP\"", "\"def\"", "null", "\"\"", "\" \"", "1", "\"XX\""]),
    ("jku", &["\"https://evil.example/\"", "\"\"", "\"not a uri\"", "\":\"", "1", "null", "\"file:///etc/passwd\""]),
    ("x5u", &["\"https://evil.example/\"", "\"http://[\"", "[]", "null"]),
    (
        "jwk",
        &[
            "{}",
            "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
            "{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}",
            "null",
            "\"x\"",
            "{\"kty\":1}",
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        ],
    ),
    ("x5c", &["[]", "[\"AAAA\"]", "[\"not base64!\"]", "\"AAAA\"", "null", "[1]"]),
    ("x5t", &["\"AAAA\"", "\"?\"", "1", "null", "\"\""]),
    ("x5t#S256", &["\"AAAA\"", "\"?\"", "[]", "null"]),
    ("iv", &["\"AAAA\"", "1", "\"?\"", "null"]),
    ("epk", &["{}", "null", "1"]),
    ("p2c", &["1", "\"x\"", "1000", "null"]),
    ("enc", &["\"A128GCM\"", "null", "1"]),
];

/// Values of `aud` at the limits of equality.
const AUTHORIZATIONS: &[&str] = &[
    "bearer {token}",
    "BEARER {token}",
    "Bearer  {token}",
    "Bearer {token} ",
    "Bearer {token}\t",
    "Bearer \t{token}",
    "Bearer\t{token}",
    "Bearer{token}",
    " Bearer {token}",
    "Bearer",
    "Bearer ",
    "Basic {token}",
    "{token}",
    "Bearer {token}, x",
    "Bearer {token} x",
    "Bearer \u{a0}{token}",
    "Bearer {token}\u{a0}",
    "Bearer \u{0}{token}",
    "Bearer {token}\u{0}",
    "Bearer \"{token}\"",
    "Bearer {header}.{payload}",
    "Bearer {header}.{payload}.",
    "Bearer .{payload}.{signature}",
    "Bearer {header}..{signature}",
    "Bearer {token}.",
    "Bearer .{token}",
    "Bearer {token}.a",
    "Bearer {token}.a.b",
    "Bearer {header}.{payload}.{signature}.{signature}.{signature}",
    "Bearer {header}.\n{payload}.{signature}",
    "Bearer {header} .{payload}.{signature}",
    "Bearer {header}. {payload}.{signature}",
    "Bearer {header}.{payload}.{signature}\n",
    "Bearer {header}.{payload}. {signature}",
    "Bearer {header}.{payload}.=",
    "Bearer \r\n{token}",
    "Bearer {header}.{payload}.{signature}=",
    "Bearer {header}.{payload}.{signature}==",
    "Bearer {payload}.{header}.{signature}",
    "Bearer {header}.{payload}.{signature}{signature}",
    "Bearer {header}.{header}.{signature}",
    "B\u{0}earer {token}",
    "b\u{e9}arer {token}",
    "Bearer {token}{token}",
    "Bearer {header}.{payload}.\u{a0}",
    "Bearer {header}.{payload}. ",
    "Bearer \u{1f}.{payload}.{signature}",
];

/// Texts that are inserted into encoded parts.
const INSERTIONS: &[&str] =
    &["=", "==", " ", "\n", "\r\n", "\t", "+", "/", "-", "_", "A", "AA", ".", "\u{0}", "%", "\u{e9}", "?", "*", "===="];

/// A token and the configuration with which it is authenticated.
#[must_use]
pub fn token(random: &mut Random, setup: &Setup, now: i64) -> Token {
    let mut token = good(random, setup, now);
    let mutations = match random.below(8) {
        0 => 0,
        1..=4 => 1,
        5 | 6 => 2,
        _ => 3,
    };
    for _ in 0..mutations {
        mutate(random, setup, now, &mut token);
    }
    token
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A token that is usually accepted.
fn good(random: &mut Random, setup: &Setup, now: i64) -> Token {
    let (algorithm, key, key_id) = setup.signers[random.below(setup.signers.len())];
    let mut header = Document::new(&[("alg", quoted(algorithm))]);
    if setup.by_key_id || random.one_in(3) {
        header.set("kid", &quoted(key_id));
    }
    if random.one_in(3) {
        header.set("typ", "\"JWT\"");
    }
    let seconds = now.div_euclid(1000);
    let principal = random.pick(&[
        "alice",
        "bob",
        "alice@corp.com",
        "Bob.Smith@corp.com",
        "service-account-etl",
        "\u{e9}l\u{e8}ve",
    ]);
    let mut payload = Document::new(&[("sub", quoted(principal))]);
    if random.one_in(2) {
        payload.set("exp", &(seconds + 1 + random.below(600) as i64).to_string());
    }
    if random.one_in(4) {
        payload.set("nbf", &(seconds - random.below(600) as i64).to_string());
    }
    if random.one_in(4) {
        payload.set("iat", &(seconds - random.below(600) as i64).to_string());
    }
    if let Some(issuer) = setup.issuer.or(if random.one_in(3) { Some("https://issuer.example/") } else { None }) {
        payload.set("iss", &quoted(issuer));
    }
    if let Some(audience) = setup.audience.or(if random.one_in(3) { Some("trino") } else { None }) {
        let value = match random.below(3) {
            0 => format!("[\"{audience}\"]"),
            1 => format!("[\"other\",\"{audience}\"]"),
            _ => quoted(audience),
        };
        payload.set("aud", &value);
    }
    if setup.field != "sub" && !payload.members.iter().any(|(name, _)| *name == quoted(setup.field)) {
        payload.set(setup.field, &quoted(principal));
    }
    if random.one_in(4) {
        payload.set("realm_access", "{\"roles\":[\"a\",\"b\"]}");
    }
    Token {
        header,
        payload,
        algorithm: algorithm.to_owned(),
        key: key.to_owned(),
        header_edits: Vec::new(),
        payload_edits: Vec::new(),
        signature_edits: Vec::new(),
        signature_part_edits: Vec::new(),
        payload_after: None,
        authorization: "Bearer {token}".to_owned(),
    }
}

fn mutate(random: &mut Random, setup: &Setup, now: i64, token: &mut Token) {
    match random.below(30) {
        0..=6 => {
            let name = match random.below(4) {
                0 => setup.field,
                _ => random.pick(&["exp", "nbf", "iat", "iss", "aud", "sub", "jti"]),
            };
            let value = value(random, name, now);
            token.payload.set(name, &value);
        }
        7..=9 => {
            let (name, values) = HEADER_PARAMETERS[random.below(HEADER_PARAMETERS.len())];
            let value = random.pick(values);
            token.header.set(name, value);
        }
        10 => {
            let name = random.pick(&["alg", "kid", "typ", "cty"]);
            token.header.set(name, random.pick(VALUES));
        }
        11 => {
            let document = if random.one_in(3) { &mut token.header } else { &mut token.payload };
            if !document.members.is_empty() {
                document.members.remove(random.below(document.members.len()));
            }
        }
        12 => {
            // Repeats a member, perhaps with another spelling of its name, and perhaps with another value.
            let document = if random.one_in(3) { &mut token.header } else { &mut token.payload };
            if !document.members.is_empty() {
                let (mut name, mut value) = document.members[random.below(document.members.len())].clone();
                if random.one_in(3) {
                    name = name.replacen('a', "\\u0061", 1).replacen('s', "\\u0073", 1);
                }
                if random.one_in(2) {
                    value = random.pick(VALUES).to_owned();
                }
                document.members.insert(random.below(document.members.len() + 1), (name, value));
            }
        }
        13 | 14 => {
            let name = quoted(random.pick(NAMES));
            let value = random.pick(VALUES).to_owned();
            let document = if random.one_in(3) { &mut token.header } else { &mut token.payload };
            document.members.insert(random.below(document.members.len() + 1), (name, value));
        }
        15 => {
            let document = if random.one_in(2) { &mut token.header } else { &mut token.payload };
            let count = document.members.len();
            if count > 1 {
                let (one, other) = (random.below(count), random.below(count));
                document.members.swap(one, other);
            }
        }
        16 => {
            let space = random.pick(&[
                " ", "\n", "\r\n", "\t", " \t ", "\u{a0}", "\u{c}", "/**/", "//\n", "\u{feff}", "\u{2028}", "\u{0}",
            ]);
            let document = if random.one_in(2) { &mut token.header } else { &mut token.payload };
            document.space = space.to_owned();
        }
        17 => {
            let text = random
                .pick(&[" ", "\n", "x", "{}", ",", "]", "}", "null", "\u{0}", "\u{feff}", "//", "\"", "\t", "\u{a0}"]);
            let document = if random.one_in(2) { &mut token.header } else { &mut token.payload };
            if random.one_in(2) { document.after = text.to_owned() } else { document.before = text.to_owned() }
        }
        18 => {
            let bytes = bytes_instead(random);
            let document = if random.one_in(2) { &mut token.header } else { &mut token.payload };
            document.instead = Some(bytes);
        }
        19 => {
            // Bytes that are not UTF-8, or another encoding, inside of the document.
            let document = if random.one_in(3) { &mut token.header } else { &mut token.payload };
            let mut bytes = document.bytes();
            let at = random.below(bytes.len() + 1);
            let bad: &[&[u8]] = &[
                &[0xff],
                &[0xc3],
                &[0xc0, 0xaf],
                &[0xed, 0xa0, 0x80],
                &[0xf5, 0x80, 0x80, 0x80],
                &[0xe9],
                &[0],
                &[0x80],
            ];
            let bad = bad[random.below(bad.len())];
            // Inside a string it has the greatest effect.
            let at = (at..bytes.len()).find(|at| bytes[*at].is_ascii_alphanumeric()).unwrap_or(at);
            bytes.splice(at..at, bad.iter().copied());
            document.instead = Some(bytes);
        }
        20 | 21 => {
            let edit = edit(random);
            if random.one_in(2) { token.header_edits.push(edit) } else { token.payload_edits.push(edit) }
        }
        22 => {
            let edit = edit(random);
            token.signature_part_edits.push(edit);
        }
        23 | 24 => {
            let edit = match random.below(5) {
                0 => SignatureEdit::Cut(1 + random.below(3)),
                1 => SignatureEdit::Add(random.one_in(2)),
                2 => SignatureEdit::Swap,
                3 => SignatureEdit::Fill(if random.one_in(2) { 0 } else { 0xff }),
                _ => SignatureEdit::Flip(random.below(1 << 12)),
            };
            token.signature_edits.push(edit);
        }
        25 => {
            let mut after = token.payload.clone();
            after.set("sub", "\"mallory\"");
            token.payload_after = Some(after);
        }
        26 | 27 => token.authorization = random.pick(AUTHORIZATIONS).to_owned(),
        28 => {
            let (algorithm, key) = random.pick(&[
                &("HS256", "hmac-other"),
                &("HS256", "hmac-32"),
                &("HS256", "bytes-of:rsa-2048.public.pem"),
                &("HS256", "bytes-of:ec-p256.public.pem"),
                &("ES256", "ec-other"),
                &("ES384", "ec-p384"),
                &("ES256", "ec-p256"),
                &("EdDSA", "ed25519"),
                &("RS256", "rsa-2048"),
                &("RS256", "rsa-other"),
                &("HS512", "hmac-64"),
                &("none", "hmac-64"),
            ]);
            token.algorithm = (*algorithm).to_owned();
            token.key = (*key).to_owned();
            if random.one_in(2) {
                token.header.set("alg", &quoted(algorithm));
            }
        }
        _ => {
            let long = match random.below(6) {
                0 => quoted(&"a".repeat(4090 + random.below(12))),
                1 => quoted(&"x".repeat(16_000 + random.below(500))),
                2 => nested(100 + random.below(40)),
                3 => nested(490 + random.below(20)),
                4 => format!("1{}", "0".repeat(300 + random.below(20))),
                _ => format!("1.{}", "1".repeat(random.below(1200))),
            };
            let name = random.pick(&["sub", "x", "exp", "aud", "kid"]);
            let document = if random.one_in(4) { &mut token.header } else { &mut token.payload };
            document.set(name, &long);
        }
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// A value for a claim: one near a limit of its meaning, or any value.
fn value(random: &mut Random, name: &str, now: i64) -> String {
    if matches!(name, "exp" | "nbf" | "iat") && !random.one_in(3) {
        let seconds = now.div_euclid(1000);
        let near = seconds + [-600, -2, -1, 0, 1, 2, 600][random.below(7)];
        return match random.below(8) {
            0 => format!("{near}.{}", random.pick(&["0", "5", "001", "999", "9999999"])),
            1 => format!("\"{near}\""),
            2 => format!("{near}e0"),
            3 => format!("{}e-3", near * 1000 + random.below(1000) as i64),
            _ => near.to_string(),
        };
    }
    random.pick(VALUES).to_owned()
}

fn bytes_instead(random: &mut Random) -> Vec<u8> {
    let texts: &[&[u8]] = &[
        b"",
        b" ",
        b"null",
        b"[]",
        b"1",
        b"\"x\"",
        b"{",
        b"}",
        b"{}",
        b"{}{}",
        b"{\"alg\":\"HS256\"",
        b"\xff\xfe{\0}\0",
        b"\0\0\0{",
        b"\xef\xbb\xbf{}",
        b"hello",
        b"\x78\x9c\xab\x06\0",
        b"{\"alg\"}",
        b"{,}",
        b"{\"sub\":\"alice\",}",
        b"\0",
    ];
    if random.one_in(4) {
        return (0..random.below(40)).map(|_| random.bits() as u8).collect();
    }
    texts[random.below(texts.len())].to_vec()
}

fn edit(random: &mut Random) -> Edit {
    match random.below(5) {
        0 => Edit::LastBits(1 + random.below(15) as u8),
        1 => Edit::OtherAlphabet,
        2 => Edit::Remove(random.below(60), 1 + random.below(2)),
        _ => {
            let at = if random.one_in(2) { 10_000 } else { random.below(60) };
            Edit::Insert(at, random.pick(INSERTIONS).to_owned())
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//! The rows of DIFFERENCES.md, each with its slug and a predicate that recognizes it in an input.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::lenient_json::{Oddities, text_of};
use test_support::case::load_differences;
use test_support::tests_folder;

pub(crate) use test_support::case::Direction;

/// Differences in messages or in the first reason, instead of the verdict, so that the verdict of a case cannot show them.
/// Each has text of its row in DIFFERENCES.md.
const SAYINGS: &[(&str, &str)] = &[
    ("escaped-claim-text", "text of a claim in a message"),
    ("far-dates", "a time beyond the year 9999, or one before 1970 with a fraction"),
    ("useless-key-in-set", "a key in a set that cannot match any signature"),
    ("never-500", "anything else that the built-in authenticator answers with 500"),
    ("first-reason", "a token with several faults"),
];

/// DIFFERENCES.md.
#[must_use]
pub fn document() -> String {
    std::fs::read_to_string(tests_folder().join("../DIFFERENCES.md")).expect("DIFFERENCES.md can be read")
}

/// The slugs that cases show, with their direction.
#[must_use]
pub(crate) fn with_cases() -> BTreeMap<String, Direction> {
    load_differences().into_iter().map(|(slug, difference)| (slug, difference.direction)).collect()
}

/// All slugs with their direction.
#[must_use]
pub(crate) fn listed() -> BTreeMap<String, Direction> {
    let sayings = SAYINGS.iter().map(|(slug, _)| ((*slug).to_owned(), Direction::RefusesOtherwise));
    with_cases().into_iter().chain(sayings).collect()
}

/// All slugs.
#[must_use]
pub fn slugs() -> BTreeSet<String> {
    listed().into_keys().collect()
}

/// All slugs, each with text of its row in DIFFERENCES.md.
#[must_use]
pub fn lines() -> BTreeMap<String, String> {
    let sayings = SAYINGS.iter().map(|(slug, line)| ((*slug).to_owned(), (*line).to_owned()));
    load_differences().into_iter().map(|(slug, difference)| (slug, difference.line)).chain(sayings).collect()
}

/// Facts about a token, found without our parsers.
#[derive(Debug, Default)]
pub struct Facts {
    token_bytes: usize,
    sloppy_base64: bool,
    header: Oddities,
    payload: Oddities,
    principal_field: String,
    /// Milliseconds since 1970.
    now: i64,
    key_set: bool,
}

/// Decodes what Trino decodes: base64url with padding and stray bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Facts {
    /// Analyzes an Authorization value. `key_set`: the key ID names a key of `jwks/set.json` instead of a file.
    #[must_use]
    pub fn from_authorization(authorization: &[u8], principal_field: &str, now: i64, key_set: bool) -> Self {
        let space = authorization.iter().position(|byte| *byte == b' ').map_or(authorization.len(), |at| at + 1);
        let token = authorization[space..].trim_ascii();
        let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
        let json =
            |index: usize| parts.get(index).map_or_else(Oddities::default, |part| Oddities::from_json(&decode(part)));
        Self {
            token_bytes: token.len(),
            sloppy_base64: parts.iter().any(|part| is_sloppy(part)),
            header: json(0),
            payload: json(1),
            principal_field: principal_field.to_owned(),
            now,
            key_set,
        }
    }

    fn json(&self, odd: impl Fn(&Oddities) -> bool) -> bool {
        odd(&self.header) || odd(&self.payload)
    }

    fn claim(&self, name: &str) -> Option<&str> {
        self.payload.value(name)
    }

    /// True if `exp` is before 1970 and has a fraction: nativejwt rounds down, Trino towards 1970.
    #[must_use]
    pub fn has_early_fraction(&self) -> bool {
        self.claim("exp").and_then(|exp| exp.parse::<f64>().ok()).is_some_and(|exp| exp < 0.0 && exp.fract() != 0.0)
    }

    /// True if the key ID names a key that Trino loads although it cannot verify anything: off its curve, on a curve without
    /// an algorithm, or too short.
    #[must_use]
    pub fn names_a_useless_key(&self) -> bool {
        self.names(if self.key_set { &["off-curve", "weak"] } else { &["secp256k1"] })
    }

    /// True if the key ID is exactly one of these.
    fn names(&self, key_ids: &[&str]) -> bool {
        self.header.value("kid").is_some_and(|kid| key_ids.contains(&kid.trim_matches('"')))
    }

    /// True if the key ID is one of these and names a key of the set.
    fn names_in_set(&self, key_ids: &[&str]) -> bool {
        self.key_set && self.names(key_ids)
    }

    /// True if `nbf` has a fraction.
    #[must_use]
    pub fn has_fraction_of_nbf(&self) -> bool {
        self.claim("nbf").and_then(|nbf| nbf.parse::<f64>().ok()).is_some_and(|nbf| nbf.fract() != 0.0)
    }

    /// True if `nbf` has a fraction and is within the current second: Trino drops the fraction, nativejwt rounds up.
    fn begins_in_this_second(&self) -> bool {
        let nbf = self.claim("nbf").and_then(|nbf| nbf.parse::<f64>().ok());
        nbf.is_some_and(|nbf| {
            let now = self.now as f64 / 1000.0;
            nbf.fract() != 0.0 && nbf.trunc() <= now && now < nbf.ceil()
        })
    }

    /// True for members that Trino or nativejwt reads.
    fn is_read(&self, name: &str) -> bool {
        ["exp", "nbf", "iat", "iss", "aud", "sub", "jti", self.principal_field.as_str()].contains(&name)
    }

    fn dates(&self) -> impl Iterator<Item = &str> {
        ["exp", "nbf", "iat"].into_iter().filter_map(|name| self.claim(name))
    }
}

/// Decodes as much as possible, without characters that are not in the alphabet.
fn decode(part: &[u8]) -> Vec<u8> {
    let letters: Vec<u8> = part
        .iter()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            byte => *byte,
        })
        .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .collect();
    let whole = if letters.len() % 4 == 1 { &letters[..letters.len() - 1] } else { &letters[..] };
    LENIENT.decode(whole).unwrap_or_default()
}

/// True for a text that is not the strict encoding of any bytes.
fn is_sloppy(part: &[u8]) -> bool {
    let foreign = part.iter().any(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_'));
    foreign
        || part.len() % 4 == 1
        || base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(decode(part)).as_bytes() != part
}

/// A difference that a generated token may show.
struct Known {
    slug: &'static str,
    /// The reasons that it explains.
    codes: &'static [&'static str],
    holds: fn(&Facts) -> bool,
}

const JSON: &[&str] = &["MALFORMED_HEADER", "MALFORMED_CLAIMS"];

/// Keys of `tests/cases/jwks/set.json` that are not for signatures, or whose `alg` does not fit their type.
const NOT_TO_VERIFY: &[&str] = &["enc", "use-enc", "oaep", "encrypt", "es256-label", "private"];

/// Keys of the set that are for one algorithm only.
const FOR_ONE_ALGORITHM: &[(&str, &str)] = &[("k1", "RS256"), ("rs512", "RS512"), ("p256", "ES256")];

/// Header parameters that jjwt reads as a string or list, so that an empty value of another type is "absent".
const HEADER_TEXTS: &[&str] =
    &["alg", "kid", "typ", "cty", "crit", "zip", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64"];

/// Rejected by nativejwt, accepted by Trino.
const REJECTED_HERE: &[Known] = &[
    Known { slug: "sloppy-base64", codes: &["MALFORMED_BASE64"], holds: |facts| facts.sloppy_base64 },
    Known { slug: "text-after-json", codes: JSON, holds: |facts| facts.json(|json| json.text_after) },
    Known { slug: "invalid-text", codes: JSON, holds: |facts| facts.json(|json| json.not_utf8 || json.lone_surrogate) },
    Known { slug: "names-with-white-space", codes: JSON, holds: |facts| facts.json(|json| json.name_with_outer_space) },
    Known {
        slug: "deep-or-huge-json",
        codes: JSON,
        holds: |facts| facts.json(|json| json.depth > 127 || json.number_beyond_double),
    },
    Known {
        slug: "jwk-use",
        codes: &["UNKNOWN_KEY_ID", "KEY_ALGORITHM_MISMATCH"],
        holds: |facts| facts.names_in_set(NOT_TO_VERIFY),
    },
    Known {
        slug: "jwk-use",
        codes: &["KEY_ALGORITHM_MISMATCH"],
        holds: |facts| {
            let other = |(key_id, label): &(&str, &str)| {
                facts.names_in_set(&[key_id])
                    && facts.header.value("alg").and_then(text_of).is_some_and(|alg| alg != *label)
            };
            FOR_ONE_ALGORITHM.iter().any(other)
        },
    },
    Known { slug: "rsa-numbers", codes: &["UNKNOWN_KEY_ID"], holds: |facts| facts.names_in_set(&["e1", "even-e"]) },
    Known { slug: "zip", codes: &["COMPRESSED_TOKEN"], holds: |facts| facts.header.value("zip").is_some() },
    Known {
        slug: "crit-empty",
        codes: &["CRITICAL_HEADER"],
        holds: |facts| facts.header.value("crit").is_some_and(says_nothing),
    },
    Known { slug: "b64", codes: &["UNENCODED_PAYLOAD"], holds: |facts| facts.header.value("b64").is_some() },
    Known {
        slug: "dates-that-are-no-numbers",
        codes: &["INVALID_CLAIM"],
        holds: |facts| facts.dates().any(|date| date.parse::<f64>().is_err()),
    },
    Known {
        slug: "dates-beyond-any-time",
        codes: &["INVALID_CLAIM"],
        holds: |facts| facts.dates().any(|date| date.parse::<f64>().is_ok_and(|date| date.abs() > LAST_SECOND)),
    },
    Known {
        slug: "claims-of-wrong-type",
        codes: &["INVALID_CLAIM", "MALFORMED_HEADER"],
        holds: |facts| {
            let empty = |json: &Oddities, names: &[&str]| {
                json.members.iter().any(|(name, value)| {
                    names.contains(&name.as_str()) && matches!(squeezed(value).as_str(), "{}" | "[]")
                })
            };
            empty(&facts.header, HEADER_TEXTS)
                || empty(&facts.payload, &["sub", "iss", "jti", "exp", "nbf", "iat"])
                || facts.claim("aud").is_some_and(|aud| squeezed(aud) == "{}")
        },
    },
    Known {
        slug: "aud-with-null",
        codes: &["INVALID_CLAIM"],
        holds: |facts| {
            facts.claim("aud").is_some_and(|aud| aud.starts_with('[') && without_texts(aud).contains("null"))
        },
    },
    Known { slug: "nbf-fraction", codes: &["TOKEN_NOT_YET_VALID"], holds: Facts::begins_in_this_second },
    Known { slug: "token-length", codes: &["TOKEN_TOO_LARGE"], holds: |facts| facts.token_bytes > 16 * 1024 },
    Known {
        slug: "principal-text",
        codes: &["PRINCIPAL_UNUSABLE"],
        holds: |facts| {
            let is_control = |c: char| c <= '\u{1f}' || c == '\u{7f}';
            facts.claim(&facts.principal_field).and_then(text_of).is_some_and(|principal| {
                principal.contains(is_control) || principal.starts_with(' ') || principal.ends_with(' ')
            })
        },
    },
    Known {
        slug: "principal-length",
        codes: &["PRINCIPAL_TOO_LONG"],
        holds: |facts| {
            facts.claim(&facts.principal_field).and_then(text_of).is_some_and(|principal| principal.len() > 4096)
        },
    },
];

/// A rejection by Trino that nativejwt accepts.
struct Accepted {
    slug: &'static str,
    stock_says: &'static str,
    /// The predicate. It also gets the rest of Trino's message.
    holds: fn(&Facts, &str) -> bool,
}

/// Accepted by nativejwt, rejected by Trino.
const ACCEPTED_HERE: &[Accepted] = &[
    Accepted {
        slug: "header-keys-not-parsed",
        stock_says: "Invalid protected header: Invalid JWS header '",
        // The message names the parameter.
        holds: |facts, rest| {
            ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"]
                .iter()
                .any(|name| facts.header.value(name).is_some() && rest.split('\'').next() == Some(*name))
        },
    },
    Accepted {
        slug: "lists-and-pointers",
        stock_says: "Invalid Audience: [",
        // For Trino, the whole text is one audience. The token has one of the elements.
        holds: |_, rest| {
            let (found, allowed) = rest.split_once("]. Allowed audiences: ").unwrap_or_default();
            let elements: Vec<&str> = allowed.split(',').map(str::trim).collect();
            elements.len() > 1 && found.split(", ").any(|audience| elements.contains(&audience))
        },
    },
    Accepted {
        slug: "no-kid",
        stock_says: "Key ID is required",
        // The algorithms that fit exactly one key of the set.
        holds: |facts, _| {
            let algorithm = facts.header.value("alg").and_then(text_of);
            facts.key_set && algorithm.is_some_and(|alg| matches!(alg.as_str(), "ES256" | "ES384"))
        },
    },
    Accepted {
        slug: "ed25519-keys",
        stock_says: "Unknown signing key ID",
        holds: |facts, _| facts.names_in_set(&["ed"]),
    },
    Accepted {
        slug: "ed25519-keys",
        stock_says: "Unable to decode PEM signing key id",
        holds: |facts, _| !facts.key_set && facts.names(&["ed25519"]),
    },
    Accepted {
        slug: "long-numbers",
        stock_says: "Unexpected content JWS.",
        holds: |facts, _| {
            facts.payload.members.iter().any(|(name, value)| !facts.is_read(name) && has_long_number(value))
        },
    },
    Accepted {
        slug: "long-numbers",
        stock_says: "Malformed protected header JSON",
        holds: |facts, _| {
            let read = |name: &str| HEADER_TEXTS.contains(&name);
            facts.header.members.iter().any(|(name, value)| !read(name) && has_long_number(value))
        },
    },
];

/// A run of at least a thousand characters of numbers.
fn has_long_number(value: &str) -> bool {
    value.split(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).any(|run| run.len() >= 1000)
}

/// True for an empty, blank or null value, also in a list, as jjwt sees it.
fn says_nothing(value: &str) -> bool {
    let blank = |text: String| text.chars().all(|c| c.is_whitespace() || c.is_control());
    text_of(value).is_some_and(blank) || squeezed(value).replace("null", "").chars().all(|c| "[]{}\",".contains(c))
}

/// About the last second whose milliseconds fit into 64 bits.
const LAST_SECOND: f64 = (i64::MAX / 1000 - 2) as f64;

/// A value without its strings.
fn without_texts(value: &str) -> String {
    value.replace("\\\"", "").split('"').step_by(2).collect()
}

fn squeezed(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The slug that explains why nativejwt rejects with `code` what Trino accepts, or rejects for another reason.
#[must_use]
pub fn rejected_here(facts: &Facts, code: &str) -> Option<&'static str> {
    REJECTED_HERE.iter().find(|known| known.codes.contains(&code) && (known.holds)(facts)).map(|known| known.slug)
}

/// The slug that explains why nativejwt accepts, or rejects later for another reason, what Trino rejects with this message.
#[must_use]
pub fn accepted_here(facts: &Facts, stock_sentence: &str) -> Option<&'static str> {
    let explains = |known: &&Accepted| {
        stock_sentence.strip_prefix(known.stock_says).is_some_and(|rest| (known.holds)(facts, rest))
    };
    ACCEPTED_HERE.iter().find(explains).map(|known| known.slug)
}

/// The slug that explains why nativejwt rejects with `code` later than Trino, which rejects with this message before.
#[must_use]
pub fn rejected_later(facts: &Facts, code: &str, stock_sentence: &str) -> Option<&'static str> {
    let long_number = || facts.json(|json| json.members.iter().any(|(_, value)| has_long_number(value)));
    let not_read = ["Unexpected content JWS.", "Malformed protected header JSON"];
    if not_read.iter().any(|begins| stock_sentence.starts_with(begins)) && long_number() {
        return Some("long-numbers");
    }
    rejected_here(facts, code).or_else(|| accepted_here(facts, stock_sentence))
}

/// All slugs with a predicate.
pub fn known() -> impl Iterator<Item = &'static str> {
    let accepted = ACCEPTED_HERE.iter().map(|known| known.slug);
    REJECTED_HERE.iter().map(|known| known.slug).chain(accepted)
}

//! The lines of DIFFERENCES.md, each with its slug, and for each a predicate that recognises it in an input.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::lenient_json::{Oddities, text_of};
use crate::support::case::load_differences;
use crate::support::tests_folder;

pub(crate) use crate::support::case::Direction;

/// Differences in what is said or in what is said first, not in the verdict: no case can show them by its verdict. Each
/// with text of its line in DIFFERENCES.md.
const SAYINGS: &[(&str, &str)] = &[
    ("escaped-claim-text", "text of a claim in a message"),
    ("far-dates", "a time beyond the year 9999, or one before 1970 with a fraction"),
    ("useless-key-in-set", "a key of a set that no signature can fit"),
    ("never-500", "anything else on which stock answers 500"),
    ("first-reason", "a token with several faults"),
];

/// DIFFERENCES.md.
#[must_use]
pub fn document() -> String {
    std::fs::read_to_string(tests_folder().join("../DIFFERENCES.md")).expect("DIFFERENCES.md is there")
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

/// All slugs, each with text of its line in DIFFERENCES.md.
#[must_use]
pub fn lines() -> BTreeMap<String, String> {
    let sayings = SAYINGS.iter().map(|(slug, line)| ((*slug).to_owned(), (*line).to_owned()));
    load_differences().into_iter().map(|(slug, difference)| (slug, difference.line)).chain(sayings).collect()
}

/// What is known of a token without any of our parsers.
#[derive(Debug, Default)]
pub struct Facts {
    token_bytes: usize,
    sloppy_base64: bool,
    header: Oddities,
    payload: Oddities,
    principal_field: String,
}

/// Reads what stock reads: base64url with padding and stray bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Facts {
    /// Looks at the value of an Authorization header.
    #[must_use]
    pub fn of(authorization: &[u8], principal_field: &str) -> Self {
        let space = authorization.iter().position(|byte| *byte == b' ').map_or(authorization.len(), |at| at + 1);
        let token = authorization[space..].trim_ascii();
        let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
        let json = |index: usize| parts.get(index).map_or_else(Oddities::default, |part| Oddities::of(&decode(part)));
        Self {
            token_bytes: token.len(),
            sloppy_base64: parts.iter().any(|part| is_sloppy(part)),
            header: json(0),
            payload: json(1),
            principal_field: principal_field.to_owned(),
        }
    }

    fn json(&self, odd: impl Fn(&Oddities) -> bool) -> bool {
        odd(&self.header) || odd(&self.payload)
    }

    fn claim(&self, name: &str) -> Option<&str> {
        self.payload.value(name)
    }

    /// True if `exp` lies before 1970 and has a fraction: ours drops it downwards, stock towards 1970.
    #[must_use]
    pub fn has_early_fraction(&self) -> bool {
        self.claim("exp").and_then(|exp| exp.parse::<f64>().ok()).is_some_and(|exp| exp < 0.0 && exp.fract() != 0.0)
    }

    /// True if the key ID names a key that stock holds though nothing can be verified with it.
    #[must_use]
    pub fn names_a_useless_key(&self) -> bool {
        self.header.value("kid").is_some_and(|kid| matches!(kid, "\"off-curve\"" | "\"weak\""))
    }

    fn dates(&self) -> impl Iterator<Item = &str> {
        ["exp", "nbf", "iat"].into_iter().filter_map(|name| self.claim(name))
    }
}

/// Decodes as far as it goes, foreign characters left out.
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

/// Not the one strict encoding of some bytes.
fn is_sloppy(part: &[u8]) -> bool {
    let foreign = part.iter().any(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_'));
    foreign
        || part.len() % 4 == 1
        || base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(decode(part)).as_bytes() != part
}

/// A difference that a generated token may show.
struct Known {
    slug: &'static str,
    /// Our codes that it explains; none for what ours accepts.
    codes: &'static [&'static str],
    holds: fn(&Facts) -> bool,
}

const JSON: &[&str] = &["MALFORMED_HEADER", "MALFORMED_CLAIMS"];

/// Keys of `tests/cases/jwks/set.json` that say what they are for: not for this, or only for one algorithm.
const NOT_TO_VERIFY: &[&str] =
    &["enc", "use-enc", "oaep", "encrypt", "es256-label", "private", "rs512", "es521", "p256", "k1"];

/// Refused here, accepted by stock.
const REFUSED_HERE: &[Known] = &[
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
        holds: |facts| facts.header.value("kid").is_some_and(|kid| NOT_TO_VERIFY.contains(&kid.trim_matches('"'))),
    },
    Known {
        slug: "rsa-numbers",
        codes: &["UNKNOWN_KEY_ID"],
        holds: |facts| facts.header.value("kid").is_some_and(|kid| matches!(kid, "\"e1\"" | "\"even-e\"")),
    },
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
            facts.json(|json| json.members.iter().any(|(_, value)| matches!(squeezed(value).as_str(), "{}" | "[]")))
        },
    },
    Known {
        slug: "aud-with-null",
        codes: &["INVALID_CLAIM"],
        holds: |facts| facts.claim("aud").is_some_and(|aud| aud.starts_with('[') && aud.contains("null")),
    },
    Known {
        slug: "nbf-fraction",
        codes: &["TOKEN_NOT_YET_VALID"],
        holds: |facts| facts.claim("nbf").and_then(|nbf| nbf.parse::<f64>().ok()).is_some_and(|nbf| nbf.fract() != 0.0),
    },
    Known { slug: "token-length", codes: &["TOKEN_TOO_LARGE"], holds: |facts| facts.token_bytes > 16 * 1024 },
    Known {
        slug: "principal-length",
        codes: &["PRINCIPAL_TOO_LONG"],
        holds: |facts| facts.claim(&facts.principal_field).is_some_and(|principal| principal.len() > 4096),
    },
];

/// A refusal of stock's that ours does not share.
struct Accepted {
    slug: &'static str,
    stock_says: &'static str,
    holds: fn(&Facts) -> bool,
}

/// Accepted here, refused by stock.
const ACCEPTED_HERE: &[Accepted] = &[
    Accepted {
        slug: "header-keys-not-parsed",
        stock_says: "Invalid protected header: Invalid JWS header '",
        holds: |facts| {
            ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"].iter().any(|name| facts.header.value(name).is_some())
        },
    },
    Accepted {
        slug: "ed25519-keys",
        stock_says: "Unknown signing key ID",
        holds: |facts| facts.header.value("kid") == Some("\"ed\""),
    },
    Accepted {
        slug: "ed25519-keys",
        stock_says: "Unable to decode PEM signing key id",
        holds: |facts| facts.header.value("kid").is_some_and(|kid| kid.contains("ed25519")),
    },
    Accepted {
        slug: "long-numbers",
        stock_says: "Unexpected content JWS.",
        holds: |facts| facts.payload.members.iter().any(|(_, value)| has_long_number(value)),
    },
    Accepted {
        slug: "long-numbers",
        stock_says: "Malformed protected header JSON",
        holds: |facts| facts.header.members.iter().any(|(_, value)| has_long_number(value)),
    },
];

/// A run of more than a thousand digits, or nearly so with the signs that a number may hold.
fn has_long_number(value: &str) -> bool {
    value.split(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).any(|run| run.len() >= 1000)
}

/// Empty, blank or null, alone or in a list, as far as jjwt can tell.
fn says_nothing(value: &str) -> bool {
    let blank = |text: String| text.chars().all(|c| c.is_whitespace() || c.is_control());
    text_of(value).is_some_and(blank) || squeezed(value).replace("null", "").chars().all(|c| "[]{}\",".contains(c))
}

/// The last second whose milliseconds fit into 64 bits, or nearly.
const LAST_SECOND: f64 = (i64::MAX / 1000 - 2) as f64;

fn squeezed(value: &str) -> String {
    value.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The slug that explains why ours refuses with `code` what stock accepts, or refuses for another reason.
#[must_use]
pub fn refused_here(facts: &Facts, code: &str) -> Option<&'static str> {
    REFUSED_HERE.iter().find(|known| known.codes.contains(&code) && (known.holds)(facts)).map(|known| known.slug)
}

/// The slug that explains why ours accepts, or refuses later for another reason, what stock refuses with this sentence.
#[must_use]
pub fn accepted_here(facts: &Facts, stock_sentence: &str) -> Option<&'static str> {
    let explains = |known: &&Accepted| stock_sentence.starts_with(known.stock_says) && (known.holds)(facts);
    ACCEPTED_HERE.iter().find(explains).map(|known| known.slug)
}

/// All slugs that a predicate knows.
pub fn known() -> impl Iterator<Item = &'static str> {
    let accepted = ACCEPTED_HERE.iter().map(|known| known.slug);
    REFUSED_HERE.iter().map(|known| known.slug).chain(accepted)
}

// SPDX-License-Identifier: Apache-2.0
//! The messages of Trino's rejections, and our reasons with the same meaning.

/// A message of Trino.
pub struct Reason {
    /// The beginning of the message.
    begins: &'static str,
    /// The reasons with the same meaning.
    pub codes: &'static [&'static str],
    /// True if our message is identical.
    pub same_sentence: bool,
}

const REASONS: &[Reason] = &[
    reason("Unauthorized", &["NO_BEARER_TOKEN"], true),
    reason("Invalid compact JWT string: Compact JWSs must contain", &["MALFORMED_TOKEN"], true),
    reason("JWS header does not contain a required 'alg'", &["MISSING_ALGORITHM"], false),
    reason("Unsecured JWSs", &["UNSECURED_TOKEN"], false),
    reason("The JWS header references signature algorithm", &["MISSING_SIGNATURE"], true),
    reason("Protected Header crit", &["CRITICAL_HEADER"], false),
    reason("Protected Header 'crit'", &["CRITICAL_HEADER"], false),
    reason("Compact JWT strings may not contain whitespace", &["MALFORMED_BASE64", "MALFORMED_TOKEN"], false),
    reason("Compact JWT strings MUST always have", &["MALFORMED_HEADER"], false),
    reason("Compact JWE strings", &["ENCRYPTED_TOKEN"], false),
    reason("JWE header does not", &["ENCRYPTED_TOKEN"], false),
    reason("Invalid Base64Url", &["MALFORMED_BASE64"], false),
    reason("Unsupported JWS header 'zip'", &["COMPRESSED_TOKEN"], false),
    reason("Decompression failed", &["COMPRESSED_TOKEN"], false),
    reason("Unable to verify", &["SIGNATURE_MISMATCH"], false),
    reason(
        "The parsed JWT indicates it was signed",
        &["KEY_ALGORITHM_MISMATCH", "NO_HMAC_KEY", "UNUSABLE_KEY_FILE", "UNKNOWN_KEY_ID"],
        false,
    ),
    reason("Cannot convert existing claim", &["PRINCIPAL_NOT_A_STRING"], false),
    reason("Unsupported signature algorithm", &["UNSUPPORTED_ALGORITHM"], false),
    reason("Invalid protected header", &["MALFORMED_HEADER"], false),
    reason("Unknown signing key ID", &["UNKNOWN_KEY_ID"], true),
    reason("Key ID is required", &["KEY_ID_REQUIRED"], true),
    reason("Unable to decode", &["UNUSABLE_KEY_FILE"], false),
    reason("JWT signature does not match", &["SIGNATURE_MISMATCH"], true),
    reason("JWT expired", &["TOKEN_EXPIRED"], true),
    reason("JWT early by", &["TOKEN_NOT_YET_VALID"], true),
    reason("Expected iss claim", &["WRONG_ISSUER"], true),
    reason("Missing 'iss' claim", &["MISSING_ISSUER"], true),
    reason("Invalid Audience", &["WRONG_AUDIENCE"], true),
    reason("Expected aud claim", &["MISSING_AUDIENCE"], true),
    reason("Invalid credentials", &["MISSING_PRINCIPAL"], true),
    reason("No user mapping patterns match", &["NO_MAPPING_MATCHES"], true),
    reason("Principal is not allowed", &["PRINCIPAL_NOT_ALLOWED"], true),
    reason("Principal matched, but mapped user is empty", &["MAPPED_USER_EMPTY"], true),
    reason("Unexpected content JWS", &["MALFORMED_CLAIMS", "NESTED_TOKEN", "DUPLICATE_MEMBER"], false),
    reason("Invalid claims", &["INVALID_CLAIM", "MALFORMED_CLAIMS"], false),
    reason("Expected value for claim", &["PRINCIPAL_NOT_A_STRING"], false),
    reason("Malformed protected header JSON", &["MALFORMED_HEADER", "DUPLICATE_MEMBER"], false),
    reason("Unable to read protected header", &["MALFORMED_HEADER", "DUPLICATE_MEMBER"], false),
];

const fn reason(begins: &'static str, codes: &'static [&'static str], same_sentence: bool) -> Reason {
    Reason { begins, codes, same_sentence }
}

/// Reasons whose message is not Trino's, each with text of its row in DIFFERENCES.md.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("UNSECURED_TOKEN", "alg none, unknown `crit`"),
    ("CRITICAL_HEADER", "alg none, unknown `crit`"),
    ("MALFORMED_BASE64", "invalid base64url"),
    ("UNSUPPORTED_ALGORITHM", "unknown `alg`"),
    ("MALFORMED_CLAIMS", "a payload that is not a JSON object"),
    ("DUPLICATE_MEMBER", "a duplicate member"),
    ("MALFORMED_HEADER", "a header that is not a JSON object"),
    ("MISSING_ALGORITHM", "no `alg`"),
    ("COMPRESSED_TOKEN", "`zip`, `cty`, a JWE"),
    ("NESTED_TOKEN", "`zip`, `cty`, a JWE"),
    ("ENCRYPTED_TOKEN", "`zip`, `cty`, a JWE"),
    ("SIGNATURE_MISMATCH", "a signature of a wrong length"),
    ("UNUSABLE_KEY_FILE", "a key in a set that cannot match any signature"),
    ("UNKNOWN_KEY_ID", "a key in a set that cannot match any signature"),
    ("NO_HMAC_KEY", "key and `alg` do not fit"),
    ("NO_PUBLIC_KEY", "key and `alg` do not fit"),
    ("KEY_ALGORITHM_MISMATCH", "key and `alg` do not fit"),
    ("INVALID_CLAIM", "wrong types of claims"),
    ("PRINCIPAL_NOT_A_STRING", "wrong types of claims"),
];

/// Text of the row in DIFFERENCES.md about a reason whose message is not Trino's.
#[must_use]
pub fn line_for_other_words(code: &str) -> Option<&'static str> {
    OTHER_WORDS.iter().find(|(other, _)| *other == code).map(|(_, line)| *line)
}

/// The entry for a message of Trino; `None` if several reasons share it.
#[must_use]
pub fn from_sentence(sentence: &str) -> Option<&'static Reason> {
    if let Some(rest) = sentence.strip_prefix("JWT is signed with ") {
        return match rest {
            _ if rest.ends_with("but no HMAC key is configured") => Some(&NO_HMAC_KEY),
            _ => Some(&NO_PUBLIC_KEY),
        };
    }
    REASONS.iter().find(|reason| sentence.starts_with(reason.begins))
}

static NO_HMAC_KEY: Reason = reason("", &["NO_HMAC_KEY"], true);
static NO_PUBLIC_KEY: Reason = reason("", &["NO_PUBLIC_KEY"], true);

/// True if `ours` is Trino's message, with text of the token escaped and cut to fit one short line.
#[must_use]
pub fn is_escaped(stock: &str, ours: &str) -> bool {
    let escaped: String = stock
        .chars()
        .map(|c| match c {
            '\\' => c.escape_unicode().to_string(),
            ' '..='~' => c.to_string(),
            _ if ours.contains(c) => c.to_string(),
            _ => c.escape_unicode().to_string(),
        })
        .collect();
    if escaped == ours {
        return true;
    }
    // A cut text ends with an ellipsis.
    ours.split_once('…').is_some_and(|(before, after)| {
        let rest = escaped.strip_prefix(before);
        rest.is_some_and(|rest| rest.len() > after.len() && rest.ends_with(after.trim_start_matches(']')))
    })
}

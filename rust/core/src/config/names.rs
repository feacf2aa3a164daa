// SPDX-License-Identifier: Apache-2.0
//! Suggests the property that an operator meant by an unknown name.

use std::collections::BTreeSet;

use crate::config::java_properties::BYTE_ORDER_MARK;
use crate::config::known::{
    CLIENT_PREFIX, CLIENT_PROPERTIES, CLIENT_PROPERTIES_WITHOUT_EFFECT, PREFIX, REQUIRED_CLAIMS, is_known,
    known_properties, own_names,
};
use crate::config::problem::{ConfigurationErrors, Problem};
use crate::config::properties::Properties;

/// Longer names get no suggestion: they are not typing errors, and comparing them takes long.
const LONGEST_NAME: usize = 200;

/// Prefixes that other products and guides use, longest first. Every `_` is a `-` when they are compared.
const KNOWN_PREFIXES: [&str; 22] = [
    "http-server.authentication.oauth2.",
    "http-server.authentication.header.",
    "http-server.authentication.jwt.",
    "http-server.authentication.oidc.",
    "http-server.authentication.",
    "http.authentication.jwt.",
    "header-authenticator.jwt.",
    "http-server.auth.jwt.",
    "http.authentication.",
    "header-authenticator.",
    "jwt-authenticator.",
    "http-server.jwt.",
    "authentication.",
    "native-jwt.",
    "http-server.",
    "oauth2-jwk.http-client.",
    "jwk.http-client.",
    "oauth2.",
    "trino.",
    "auth.",
    "oidc.",
    "jwt.",
];

/// Beginnings of the coordinator's own properties, which belong in its config.properties.
const COORDINATOR_PREFIXES: [&str; 12] = [
    "coordinator",
    "node.",
    "node-scheduler.",
    "discovery.",
    "http-server.authentication.type",
    "http-server.http",
    "http-server.process-forwarded",
    "header-authenticator.",
    "internal-communication.",
    "web-ui.",
    "query.",
    "catalog.",
];

/// Well-known wrong names, in lower case with hyphens between the words; the right name, without our prefix; and how to
/// write the value.
const WELL_KNOWN: &[(&[&str], &str, &str)] = &[
    (
        &[
            "jwks",
            "jwks-url",
            "jwks-uri",
            "jwks-endpoint",
            "jwks-location",
            "jwks-address",
            "jwk-url",
            "jwk-uri",
            "jwk-set-url",
            "jwk-set-uri",
            "jwks-set-url",
            "jwks-set-uri",
            "key-url",
            "key-uri",
            "keys-url",
            "keys-uri",
            "keyset-url",
            "key-set-url",
            "certs-url",
            "certs-uri",
            "public-key-url",
            "public-key-uri",
            "public-keys-url",
        ],
        "key-file",
        "it takes the URL, such as https://idp.example/jwks",
    ),
    (
        &[
            "discovery",
            "discovery-url",
            "discovery-uri",
            "oidc-discovery",
            "oidc-discovery-url",
            "openid-configuration",
            "openid-configuration-url",
            "openid-configuration-uri",
            "well-known",
            "well-known-url",
            "metadata-url",
            "metadata-uri",
            "server-metadata-url",
            "oidc-url",
            "oidc-issuer",
        ],
        "key-file",
        "it takes oidc: and the issuer, such as oidc:https://idp.example",
    ),
    (
        &[
            "jwks-file",
            "jwks-path",
            "jwk-file",
            "jwk-set-file",
            "keyfile",
            "key",
            "key-path",
            "key-location",
            "pem",
            "pem-file",
            "public-key",
            "public-key-file",
            "public-key-path",
            "public-key-location",
            "verification-key",
            "verification-key-file",
            "signing-key",
            "signing-key-file",
            "certificate",
            "certificate-file",
            "cert-file",
        ],
        "key-file",
        "it takes the path of the file",
    ),
    (
        &[
            "secret",
            "secret-file",
            "secret-key",
            "shared-secret",
            "hmac-secret",
            "hmac-key",
            "signing-secret",
            "jwt-secret",
        ],
        "key-file",
        "it takes the path of a file that contains the base64 of the secret",
    ),
    (
        &[
            "issuer",
            "iss",
            "issuer-url",
            "issuer-uri",
            "token-issuer",
            "expected-issuer",
            "valid-issuer",
            "allowed-issuer",
            "trusted-issuer",
            "accepted-issuer",
        ],
        "required-issuer",
        "its value is exactly the iss of the tokens",
    ),
    (
        &["issuers", "allowed-issuers", "trusted-issuers", "valid-issuers", "required-issuers", "accepted-issuers"],
        "required-issuer",
        "it takes one issuer; for several issuers, list a file for each in config-files",
    ),
    (
        &[
            "audience",
            "audiences",
            "aud",
            "expected-audience",
            "expected-audiences",
            "allowed-audience",
            "allowed-audiences",
            "valid-audience",
            "valid-audiences",
            "accepted-audience",
            "accepted-audiences",
            "additional-audiences",
            "required-audiences",
            "client-id",
        ],
        "required-audience",
        "its value is the aud of the tokens; of several values, separated by commas, one must match",
    ),
    (
        &[
            "principal",
            "principal-claim",
            "principal-claim-name",
            "principal-attribute",
            "principal-key",
            "user-claim",
            "user-name-claim",
            "username-claim",
            "username-field",
            "username-attribute",
            "user-field",
            "user-attribute",
            "user-id-claim",
            "subject",
            "subject-claim",
            "subject-field",
            "sub-claim",
            "name-claim",
            "identity-claim",
        ],
        "principal-field",
        "its value is the name of the claim",
    ),
    (
        &["user-mapping", "mapping", "principal-mapping"],
        "user-mapping.pattern",
        "for a file of rules, use user-mapping.file",
    ),
    (
        &[
            "groups",
            "groups-claim",
            "groups-claim-name",
            "group-claim",
            "group-field",
            "roles",
            "roles-claim",
            "role-claim",
            "roles-field",
            "groups-attribute",
        ],
        "groups-field",
        "its value is the name of the claim",
    ),
    (
        &[
            "alg",
            "algs",
            "algorithm",
            "algorithms",
            "signing-algorithm",
            "signing-algorithms",
            "signature-algorithm",
            "signature-algorithms",
            "jws-algorithm",
            "jws-algorithms",
            "supported-algorithms",
            "accepted-algorithms",
        ],
        "allowed-algorithms",
        "its value is a list such as RS256,ES256",
    ),
    (
        &[
            "leeway",
            "skew",
            "max-clock-skew",
            "allowed-clock-skew",
            "clock-skew-seconds",
            "clock-skew-in-seconds",
            "clock-skew-ms",
            "clock-tolerance",
            "clock-leeway",
            "max-skew",
        ],
        "clock-skew",
        "its value is a duration such as 30s",
    ),
    (
        &["max-token-age", "max-age", "token-max-age", "max-lifetime", "token-lifetime", "maximum-token-lifetime"],
        "max-token-lifetime",
        "its value is a duration such as 1h",
    ),
    (
        &["typ", "token-type", "expected-type", "expected-token-type"],
        "required-token-type",
        "its value is the typ of the token's header",
    ),
    (
        &[
            "jwks-refresh",
            "jwks-refresh-rate",
            "jwks-refresh-period",
            "jwks-cache-ttl",
            "jwks-cache-duration",
            "jwks-ttl",
        ],
        "jwks.refresh-interval",
        "its value is a duration such as 15m",
    ),
    (
        &[
            "trust-store",
            "trust-store-file",
            "truststore",
            "truststore-path",
            "truststore-file",
            "truststore-location",
            "ssl-trust-store-path",
            "ssl-truststore-path",
            "ca-file",
            "ca-cert",
            "ca-cert-file",
            "ca-certificate",
            "ca-certificates",
            "jwks-ca-file",
            "jwks-trust-store-path",
        ],
        "jwk.http-client.trust-store-path",
        "",
    ),
];

/// Well-known names that match no property, and why.
const WITHOUT_PROPERTY: &[(&[&str], &str)] = &[
    (
        &[
            "client-secret",
            "auth-url",
            "token-url",
            "access-token-url",
            "authorization-url",
            "redirect-uri",
            "callback-url",
        ],
        "it is not needed, because tokens are only verified, never requested: remove it",
    ),
    (
        &["cookie-name", "cookie", "header-name", "header", "token-header", "http-header"],
        "the token is always taken from the Authorization header: remove it",
    ),
    (&["enabled", "enable"], "http-server.authentication.type enables the authenticator: remove it"),
];

/// An error for each unknown property.
pub(super) fn report_unknown_properties(properties: &Properties, errors: &mut ConfigurationErrors) {
    for entry in properties.entries.iter().filter(|entry| !is_known(&entry.name)) {
        let message = format!("is not a known property{}", advice_for_unknown_property(&entry.name));
        errors.push(Problem::for_property(&entry.name, &properties.source, entry.line, message));
    }
}

/// A hint for an unknown name, to follow "is not a known property".
#[must_use]
pub fn advice_for_unknown_property(asked: &str) -> String {
    if let Some(rest) = asked.strip_prefix(BYTE_ORDER_MARK).or_else(|| asked.strip_prefix('\u{feff}')) {
        return format!(
            ": the file begins with a byte order mark (EF BB BF), which Java reads as part of the first name{}. Save the file without it (\"UTF-8 without BOM\")",
            if rest.starts_with(PREFIX) { format!(", {rest}") } else { String::new() }
        );
    }
    if asked.len() > LONGEST_NAME {
        return String::new();
    }
    let bare = asked.trim_matches(|c: char| matches!(c, '"' | '\'' | '`') || c.is_whitespace() || !c.is_ascii());
    if bare.len() < asked.len() && is_known(bare) {
        return format!("; write {bare}, without the characters around it");
    }
    if let Some(path) = misspelt_required_claim(bare) {
        return format!("; did you mean {PREFIX}{REQUIRED_CLAIMS}{path}?");
    }
    let (head, tail) = split_prefix(bare);
    let words = words(&tail);
    let name = words.join("-");
    if let Some((_, why)) = WITHOUT_PROPERTY.iter().find(|(names, _)| names.contains(&&*name)) {
        return format!("; {why}");
    }
    let well_known = || WELL_KNOWN.iter().find(|(names, ..)| names.contains(&&*name));
    let meant = with_these_words(&words, &head)
        .map(|known| (known, ""))
        .or_else(|| well_known().map(|(_, right, how)| (full_name(right), *how)))
        .or_else(|| ending(&bare.to_ascii_lowercase()).map(|known| (known, "")));
    if meant.is_none()
        && let Some(start) = COORDINATOR_PREFIXES.iter().find(|start| asked.starts_with(**start))
        && !asked.starts_with(PREFIX)
    {
        let of_them = if start.ends_with('.') { format!(" ({start}…)") } else { String::new() };
        return format!("; it is a property of the coordinator{of_them}: move it to config.properties");
    }
    let meant = meant
        .or_else(|| nearest(&name, &head).map(|known| (known, "")))
        .or_else(|| misspelt_well_known(&name))
        .or_else(|| with_more_words(&words, &head).map(|known| (known, "")))
        .or_else(|| as_a_whole(bare).map(|known| (known, "")));
    match meant {
        Some((known, "")) => format!("; did you mean {known}?"),
        Some((known, how)) => format!("; did you mean {known}? ({how})"),
        None => "; docs/configuration.md lists all properties".to_owned(),
    }
}

/// The path in a name that means `required-claims.<path>`, such as `required-claim.tenant`. Without this, the nearest known
/// name would be offered, and that is another property.
fn misspelt_required_claim(name: &str) -> Option<&str> {
    let (family, path) = name.strip_prefix(PREFIX).unwrap_or(name).split_once('.')?;
    let family: String = family.chars().filter(|c| c.is_ascii_alphabetic()).collect();
    let is_meant = ["requiredclaim", "requiredclaims", "requireclaim", "requireclaims", "claims"];
    (is_meant.contains(&&*family.to_ascii_lowercase()) && !path.is_empty()).then_some(path)
}

/// The names that may be suggested, each with its words. Properties without effect are suggested only to operators who
/// wrote their prefix.
fn candidates(head: &str) -> Vec<(String, Vec<String>)> {
    let of_the_client = head.contains("http-client.");
    let client = CLIENT_PROPERTIES.iter().chain(CLIENT_PROPERTIES_WITHOUT_EFFECT.iter().filter(|_| of_the_client));
    let client = client.map(|name| (format!("{}{name}", CLIENT_PREFIX), words(name)));
    let own = own_names().map(|name| (format!("{PREFIX}{name}"), words(name)));
    if of_the_client { client.collect() } else { own.chain(client).collect() }
}

fn full_name(name: &str) -> String {
    if name.starts_with(CLIENT_PREFIX) { name.to_owned() } else { format!("{PREFIX}{name}") }
}

/// The prefix and the rest of the name.
fn split_prefix(asked: &str) -> (String, String) {
    let mut tail = asked.to_owned();
    let mut head = String::new();
    loop {
        let lower = tail.to_ascii_lowercase().replace('_', "-");
        let Some(found) = KNOWN_PREFIXES.iter().filter(|head| lower.starts_with(**head)).max_by_key(|head| head.len())
        else {
            break;
        };
        head.push_str(found);
        tail = tail.split_off(found.len());
    }
    (head, tail)
}

/// The words of a name; `requiredIssuer`, `required_issuer` and `Required-Issuer` have the same ones.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        let is_separator = !c.is_ascii_alphanumeric();
        if is_separator || (c.is_ascii_uppercase() && after_lower) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !is_separator) {
            word.push(c.to_ascii_lowercase());
        }
        after_lower = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The element of an iterator that has exactly one.
fn only<T>(mut elements: impl Iterator<Item = T>) -> Option<T> {
    let first = elements.next()?;
    elements.next().is_none().then_some(first)
}

/// The name with exactly these words, in this order or, if there is none, in any order.
fn with_these_words(asked: &[String], head: &str) -> Option<String> {
    let all = candidates(head);
    let set: BTreeSet<&String> = asked.iter().collect();
    let in_order = only(all.iter().filter(|(_, words)| words == asked));
    let found = in_order.or_else(|| only(all.iter().filter(|(_, words)| words.iter().collect::<BTreeSet<_>>() == set)));
    found.map(|(known, _)| known.clone())
}

/// The known name that ends a longer name with a wrong prefix.
fn ending(asked: &str) -> Option<String> {
    let ends = |tail: &str| asked.strip_suffix(tail).is_some_and(|rest| rest.ends_with('.'));
    own_names().filter(|name| ends(name)).max_by_key(|name| name.len()).map(full_name)
}

/// How many typing errors a name of this length may have.
fn max_typos(name: &str) -> usize {
    match name.len() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// The one name with the fewest typing errors, if it is the only one.
fn nearest(name: &str, head: &str) -> Option<String> {
    let measured = candidates(head).into_iter().map(|(known, words)| (distance(name, &words.join("-")), known));
    let near: Vec<_> = measured.filter(|(distance, _)| *distance <= max_typos(name)).collect();
    let least = near.iter().map(|(distance, _)| *distance).min()?;
    only(near.into_iter().filter(|(distance, _)| *distance == least)).map(|(_, known)| known)
}

fn misspelt_well_known(name: &str) -> Option<(String, &'static str)> {
    let is_near = |names: &[&str]| names.iter().any(|wrong| distance(name, wrong) <= max_typos(wrong).min(1));
    only(WELL_KNOWN.iter().filter(|(names, ..)| is_near(names))).map(|(_, right, how)| (full_name(right), *how))
}

/// The one name that contains all these words; or the one whose words are all among these, where the others are filler
/// words.
fn with_more_words(asked: &[String], head: &str) -> Option<String> {
    const FILLER_WORDS: [&str; 9] = ["name", "path", "value", "list", "url", "uri", "in", "seconds", "ms"];
    // A short word may occur in a single name by chance.
    if asked.iter().map(String::len).sum::<usize>() < 6 {
        return None;
    }
    let all = candidates(head);
    let has_all = |words: &[String]| asked.iter().all(|word| words.contains(word));
    let is_within = |words: &[String]| {
        words.iter().all(|word| asked.contains(word))
            && asked.iter().all(|word| words.contains(word) || FILLER_WORDS.contains(&&**word))
    };
    let found = only(all.iter().filter(|(_, words)| has_all(words)))
        .or_else(|| only(all.iter().filter(|(_, words)| is_within(words))));
    found.map(|(known, _)| known.clone())
}

/// The known name that differs by typing errors in the prefix and in the name.
fn as_a_whole(asked: &str) -> Option<String> {
    const MAX_TYPOS: usize = 3;
    if asked.starts_with(PREFIX) || asked.starts_with(CLIENT_PREFIX) {
        return None;
    }
    let measured =
        known_properties().map(|known| (distance(asked, &known), known)).filter(|(distance, _)| *distance <= MAX_TYPOS);
    measured.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The suggested name without our prefix, or "" if there is none.
    fn meant(asked: &str) -> String {
        let advice = advice_for_unknown_property(asked);
        let Some((_, offered)) = advice.split_once("; did you mean ") else { return String::new() };
        let (name, _) = offered.split_once('?').unwrap();
        name.strip_prefix(PREFIX).unwrap_or(name).to_owned()
    }

    #[test]
    fn names_of_published_guides_lead_to_the_right_property() {
        for (asked, expected) in [
            ("jwt.issuer", "required-issuer"),
            ("jwt.jwks-url", "key-file"),
            ("jwt.audience", "required-audience"),
            ("http-server.authentication.jwt.audience", "required-audience"),
            ("http-server.authentication.jwt.jwks-uri", "key-file"),
            ("http-server.authentication.jwt.jwks-url", "key-file"),
            ("http-server.authentication.jwt.jwk-set-uri", "key-file"),
            ("http-server.authentication.jwt.public-key-file", "key-file"),
            ("http-server.authentication.jwt.secret", "key-file"),
            ("http-server.authentication.jwt.oidc-discovery-url", "key-file"),
            ("http-server.authentication.jwt.principal-claim", "principal-field"),
            ("http-server.authentication.jwt.username_claim", "principal-field"),
            ("http-server.authentication.jwt.user-mapping", "user-mapping.pattern"),
            ("http-server.authentication.jwt.user-mapping-pattern", "user-mapping.pattern"),
            ("http-server.authentication.jwt.groups-claim", "groups-field"),
            ("http-server.authentication.jwt.algorithms", "allowed-algorithms"),
            ("http-server.authentication.oauth2.issuer", "required-issuer"),
            ("http-server.authentication.oauth2.jwks-url", "key-file"),
            ("http-server.authentication.oauth2.max-clock-skew", "clock-skew"),
            ("http-server.authentication.oauth2.principal-field", "principal-field"),
            ("http-server.authentication.header.user-mapping.pattern", "user-mapping.pattern"),
            ("oauth2-jwk.http-client.trust-store-path", "jwk.http-client.trust-store-path"),
        ] {
            assert_eq!(meant(asked), expected, "{asked}: {}", advice_for_unknown_property(asked));
        }
        let advice = advice_for_unknown_property("jwt.jwks-url");
        assert_eq!(
            advice,
            "; did you mean http-server.authentication.jwt.key-file? (it takes the URL, such as https://idp.example/jwks)"
        );
    }

    #[test]
    fn other_spellings_wrong_prefixes_and_typing_errors_are_found() {
        for (asked, expected) in [
            ("http-server.authentication.jwt.requierd-issuer", "required-issuer"),
            ("http-server.authentication.jwt.principal-feild", "principal-field"),
            ("http-server.authentication.jwt.key-fil", "key-file"),
            ("http-server.authentication.jwt.clock-skw", "clock-skew"),
            ("http-server.authentication.jwt.requiredIssuer", "required-issuer"),
            ("http-server.authentication.jwt.required_audience", "required-audience"),
            ("http-server.authentication.JWT.Key-File", "key-file"),
            ("http-server.authentication.jwt.jwks-refresh-interval", "jwks.refresh-interval"),
            ("http-server.authentication.jwt.refresh-interval", "jwks.refresh-interval"),
            ("http-server.authentication.jwt.token-max-size", "max-token-size"),
            ("http-server.authentication.jwt.trust-store-path", "jwk.http-client.trust-store-path"),
            ("http-server.authentication.jwt.jwks-ulr", "key-file"),
            ("http-server.authentication.jwt.pattern", "user-mapping.pattern"),
            ("http-server.authentication.jwt.key-file-path", "key-file"),
            ("http-server.authentiction.jwt.key-file", "key-file"),
            ("htp-server.authentication.jwt.key-fil", "key-file"),
            ("key-file", "key-file"),
            ("jwk.http-client.truststore-path", "jwk.http-client.trust-store-path"),
            ("jwk.http-client.conect-timeout", "jwk.http-client.connect-timeout"),
            ("jwk.http-client.max-thread", "jwk.http-client.max-threads"),
        ] {
            assert_eq!(meant(asked), expected, "{asked}: {}", advice_for_unknown_property(asked));
        }
    }

    #[test]
    fn a_misspelt_required_claim_keeps_its_path() {
        for (name, path) in [
            ("http-server.authentication.jwt.required-claim.tenant", "tenant"),
            ("http-server.authentication.jwt.required_claims.realm_access.roles", "realm_access.roles"),
            ("http-server.authentication.jwt.requiredClaims.https://a/b", "https://a/b"),
            ("required-claims./a/0", "/a/0"),
        ] {
            let advice = advice_for_unknown_property(name);
            assert_eq!(advice, format!("; did you mean http-server.authentication.jwt.required-claims.{path}?"));
        }
    }

    /// A wrong suggestion costs the operator more time than none.
    #[test]
    fn a_name_that_resembles_no_property_gets_no_suggestion() {
        for asked in [
            "http-server.authentication.jwt.file",
            "http-server.authentication.jwt.password",
            "http-server.authentication.jwt.timeout",
            "http-server.authentication.jwt.key-id",
            "http-server.authentication.jwt.key-file-password",
            "http-server.authentication.jwt.groups-filter",
            "http-server.authentication.jwt.x",
            "coordinatr",
            "",
        ] {
            assert_eq!(meant(asked), "", "{asked}: {}", advice_for_unknown_property(asked));
            assert!(advice_for_unknown_property(asked).contains("docs/configuration.md"), "{asked}");
        }
        assert_eq!(meant("http-server.authentication.jwt.max-token-age"), "max-token-lifetime");
        for (asked, expected) in [
            ("coordinator", "a property of the coordinator: move it to config.properties"),
            ("http-server.authentication.type", "a property of the coordinator: move it to config.properties"),
            ("web-ui.user", "a property of the coordinator (web-ui.…): move it to config.properties"),
            ("http-server.authentication.oauth2.client-secret", "verified, never requested: remove it"),
            ("\u{ef}\u{bb}\u{bf}http-server.authentication.jwt.key-file", "begins with a byte order mark (EF BB BF)"),
            ("\u{ef}\u{bb}\u{bf}#", "begins with a byte order mark (EF BB BF)"),
            ("\"http-server.authentication.jwt.key-file\"", "without the characters around it"),
        ] {
            let advice = advice_for_unknown_property(asked);
            assert!(meant(asked).is_empty() && advice.contains(expected), "{asked}: {advice}");
        }
        assert_eq!(advice_for_unknown_property(&"x".repeat(4 << 20)), "");
    }

    #[test]
    fn every_suggested_name_exists() {
        for (names, right, _) in WELL_KNOWN {
            assert!(is_known(&full_name(right)), "{right}");
            for name in *names {
                assert!(!own_names().any(|own| own == *name), "{name} is a property");
                assert_eq!(words(name).join("-"), *name);
            }
        }
    }
}
